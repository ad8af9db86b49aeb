"""Every step of a derivation, verified again: by SymPy's zero test, else in balls; and how steps read."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy as sp
from flint import arb, ctx
from fuzzing import GaveUp, at_most

from symact import pipeline
from symact.activations import Activation, G, Z, samples
from symact.catalogue import catalogue
from symact.derivations import Step
from symact.derivatives import Derivative, differentiate
from symact.errors import SymactError
from symact.functions import plain
from symact.output_forms import OutputForm, recover_output_form
from symact.output_forms.balls import PRECISION, Function, ball, same, tight
from symact.parsing import parse
from symact.writing import text

pytestmark = pytest.mark.thorough

NAMES = sorted(catalogue())
SEED, COUNT = 20240611, 300
WITH_FORM, SECONDS = 3, 10
"""One random formula of so many is followed to its output form, for so many seconds."""

MAX_OPERATIONS = 25
"""SymPy's own zero test is asked about nothing larger: it has no bound on its time."""

POINTS = tuple(map(Fraction, ("-31/9", "-13/8", "-4/11", "2/13", "5/9", "17/7", "41/9")))
TRIVIAL = ("sum rule",)


def done(expression: sp.Expr) -> sp.Expr:
    """Return an expression with its markers done by SymPy, which shares no rule with us."""
    markers = {d: sp.diff(d.expr, *d.variables) for d in expression.atoms(sp.Derivative)}
    return expression.xreplace(markers).rewrite(sp.Piecewise)


def fault(step: Step, settings: Sequence[Mapping[sp.Symbol, sp.Expr]], form: sp.Expr | None) -> str | None:
    """Return where a step is not an equality; ``form`` is f(z), to be put in for g."""
    before, after = (plain(done(side)) for side in (step.before, step.after))
    if form is not None:
        before, after = before.subs(G, form), after.subs(G, form)
    difference = before - after
    if difference == 0:
        return None
    small = not difference.has(sp.Piecewise) and sp.count_ops(difference) < MAX_OPERATIONS
    if small and sp.simplify(difference) == 0:
        return None
    seen, ctx.prec = 0, PRECISION
    for setting in settings:
        one, other = Function(before, setting), Function(after, setting)
        for point in POINTS:
            at = ball(point)
            a, b = one(at), other(at)
            if not (tight(a) and tight(b)):
                a, b = (number(side, form, setting, point) for side in (step.before, step.after))
            if tight(a) and tight(b):
                seen += 1
                if not same(a, b):
                    return f"{step.rule}: {text(step.before)} is not {text(step.after)} at z = {point}"
    return None if seen >= 3 else f"{step.rule}: seen at {seen} points only"


def number(side: sp.Expr, form: sp.Expr | None, setting: Mapping[sp.Symbol, sp.Expr], point: Fraction) -> arb:
    """Return a side at a point by SymPy's numbers: where a condition is on what balls do not decide."""
    z = sp.Rational(point.numerator, point.denominator)
    side = plain(done(side)).subs(setting)
    if form is not None:
        side = side.subs(G, sp.N(form.rewrite(sp.Piecewise).subs(setting).subs(Z, z), 60))
    value = sp.N(side.subs(Z, z), 50)
    return arb(str(value)) if value.is_Float or value.is_Rational else arb.nan()


def faults(activation: Activation, steps: Sequence[Step], condition: sp.Basic = sp.true) -> Iterator[str]:
    """Yield what is wrong: an unequal step, an empty one, a part that is not there, a broken chain.

    The output form needs to hold under its condition.
    """
    everywhere = [*samples(activation)[:2], activation.defaults]
    there = [setting for setting in everywhere if condition.subs(setting) == sp.true]
    for a, b in pairwise(steps):
        if b.before not in (a.after, sp.Derivative(a.after, Z)):
            yield f"{b.rule}: does not go on"
    for step in steps:
        if step.before == step.after:
            yield f"{step.rule}: nothing happens"
        if step.part is not None and not step.before.has(step.part):
            yield f"{step.rule}: {text(step.part)} is not in {text(step.before)}"
        of_output = step.after.has(G)
        form = activation.expression if of_output else None
        if (found := fault(step, there if of_output else everywhere, form)) is not None:
            yield found


def formulas() -> list[str]:
    """Return random formulas in z, always the same."""
    rng = random.Random(SEED)

    def grow(depth: int) -> str:
        if depth == 0 or rng.random() < 0.12:
            return rng.choice(["z", "z", "z", "2*z", "z/3", "z+1", "-z", "1"])
        kind = rng.random()
        if kind < 0.45:
            function = rng.choice(
                [
                    "exp",
                    "tanh",
                    "atan",
                    "sin",
                    "cos",
                    "sinh",
                    "cosh",
                    "asinh",
                    "erf",
                    "sigmoid",
                    "relu",
                    "abs",
                ]
            )
            return f"{function}({grow(depth - 1)})"
        if kind < 0.55:
            return rng.choice(
                ["log(1+({0})^2)", "sqrt(2+({0})^2)", "({0})^2", "({0})^3", "1/(1+({0})^2)"]
            ).format(grow(depth - 1))
        sign = rng.choice(["+", "-", "*", "*"])
        return f"({grow(depth - 1)}){sign}({grow(depth - 1)})"

    found: dict[str, None] = {}
    while len(found) < COUNT:
        formula = grow(rng.choice([1, 2, 2, 3]))
        if "z" in formula:
            found[formula] = None
    return list(found)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_of_the_catalogue(name: str) -> None:
    derived = pipeline.derive(name)
    condition = getattr(derived.output_form, "condition", sp.true)
    assert list(faults(derived.activation, derived.steps, condition)) == []
    assert derived.steps[-1].after in (
        derived.simplified,
        getattr(derived.output_form, "expression", None),
    )


@pytest.mark.parametrize("chunk", range(10))
def test_every_step_of_random_formulas(chunk: int) -> None:
    bad = []
    for i, formula in enumerate(formulas()[chunk::10]):
        try:
            activation = parse(formula)
            found = differentiate(activation)
        except SymactError:
            continue  # refused, with a reason
        steps, condition = found.derivation.steps, sp.true
        if i % WITH_FORM == 0 and (form := output_form(found)) is not None:
            steps, condition = steps + form.derivation.steps, form.condition
        bad += [f"{formula}: {one}" for one in faults(activation, steps, condition)]
    assert bad == []


def output_form(found: Derivative) -> OutputForm | None:
    """Return the output form, if it is found soon."""
    try:
        with at_most(SECONDS):
            form = recover_output_form(found)
    except GaveUp:
        return None
    return form if isinstance(form, OutputForm) else None


@pytest.mark.parametrize("name", NAMES)
def test_steps_read_well(name: str) -> None:
    """No step of reordering, no trivial one; the chain rule names u, quotient and product their parts."""
    for step in differentiate(catalogue()[name]).derivation.steps:
        assert step.rule not in TRIVIAL or len(step.after.atoms(sp.Derivative)) > 1
        assert step.rule != "constant factor rule"
        if step.rule == "chain rule":
            assert "u = " in step.note
        if step.rule in ("product rule", "quotient rule"):
            assert "u = " in step.note and "v = " in step.note
        if step.rule == "simplification" and not step.before.has(sp.Piecewise):
            assert sp.count_ops(step.after) <= sp.count_ops(step.before)
        if step.rule == "identity":
            assert "=" in step.note


READS = {
    "sigmoid": [("chain rule", "u = 1 + exp(-z)"), ("chain rule", "u = -z")],
    "gelu": [("product rule", "u = z, v = erf(sqrt(2)*z/2) + 1"), ("chain rule", "u = sqrt(2)*z/2")],
    "softplus": [
        ("chain rule", "u = exp(beta*z) + 1"),
        ("chain rule", "u = beta*z"),
        ("simplification", "numerator and denominator divided by exp(beta*z)"),
    ],
    "logcosh": [
        ("chain rule", "u = cosh(z)"),
        ("derivative of cosh", ""),
        ("identity", "sinh(x)/cosh(x) = tanh(x)"),
    ],
    "relu": [("piecewise definition", "each piece on its own; by convention 0 at z = 0")],
    "elu": [
        ("piecewise definition", "each piece on its own"),
        ("derivative of exp", "by convention alpha at z = 0"),
    ],
    "isru": [
        ("quotient rule", "u = z, v = sqrt(alpha*z**2 + 1)"),
        ("chain rule", "u = alpha*z**2 + 1"),
        ("power rule", ""),
        ("simplification", "over one denominator"),
    ],
}
"""As a teacher would write it on a board."""


@pytest.mark.parametrize("name", READS)
def test_a_derivation_reads_as_on_a_board(name: str) -> None:
    steps = differentiate(catalogue()[name]).derivation.steps
    assert [(step.rule, step.note) for step in steps] == READS[name]


def test_the_subexpression_is_what_the_rule_acts_on() -> None:
    steps = differentiate(catalogue()["sigmoid"]).derivation.steps
    assert [text(step.subexpression) for step in steps] == [
        "Derivative(1/(1 + exp(-z)), z)",
        "Derivative(1 + exp(-z), z)",
    ]


# --- planted faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "silu", "elu", "softsign", "gelu"])
def test_a_planted_wrong_step_is_found(name: str) -> None:
    activation = catalogue()[name]
    steps = list(differentiate(activation).derivation.steps)
    assert list(faults(activation, steps)) == []
    for i, step in enumerate(steps):
        wrong = replace(step, after=step.after * (1 + sp.Rational(1, 10**6)))
        assert list(faults(activation, [*steps[:i], wrong, *steps[i + 1 :]]))


def test_a_step_that_does_nothing_is_found() -> None:
    activation = catalogue()["tanh"]
    (step,) = differentiate(activation).derivation.steps
    idle = Step("reordering", step.after, step.after)
    assert "reordering: nothing happens" in list(faults(activation, [step, idle]))


def test_a_part_that_is_elsewhere_is_found() -> None:
    activation = catalogue()["tanh"]
    (step,) = differentiate(activation).derivation.steps
    assert list(faults(activation, [replace(step, part=sp.exp(Z))]))


def test_a_wrong_output_form_step_is_found() -> None:
    activation = catalogue()["tanh"]
    wrong = Step("elimination", 1 - sp.tanh(Z) ** 2, 1 - G**3)
    assert list(faults(activation, [wrong]))
