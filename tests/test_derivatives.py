"""differentiate against SymPy's own diff, the textbook and thirty digits; kinks; the rules, one by one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import mpmath as mp
import pytest
import sympy as sp
from textbook import TEXTBOOK, Row

from symact import derivatives
from symact.activations import Activation, G, Kink, Parameter, Z, samples
from symact.catalogue import catalogue
from symact.derivatives import ELEMENTARY, Derivative, U, differentiate
from symact.errors import InvalidActivation, NotSupported
from symact.functions import plain
from symact.output_forms import NoOutputForm, OutputForm, recover_output_form
from symact.rules import RULES, Rule, X, rewrite
from symact.simplification import neat
from symact.writing import latex, text

NAMES = sorted(catalogue())
TINY = sp.Float("1e-25")
POINTS = tuple(map(sp.Rational, ("-37/9", "-13/8", "-4/11", "2/13", "5/9", "17/7", "41/9")))
"""No kink of the catalogue at its samples lies on one of these."""


def settings(activation: Activation) -> Iterator[Mapping[sp.Symbol, sp.Expr]]:
    """Yield generic parameters, and the defaults."""
    yield from samples(activation)[:2]
    if activation.parameters:
        yield activation.defaults


def inside(activation: Activation, setting: Mapping[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    """Return the points that lie inside the domain, and not where f is defined by its own convention."""
    domain = activation.domain.subs(setting)
    unit = [point / 10 + sp.Rational(1, 2) for point in POINTS]
    chosen = POINTS if domain.contains(sp.Integer(2)) == sp.true else unit
    ends = {kink.at.subs(setting) for kink in activation.kinks}
    return [p for p in chosen if domain.contains(p) == sp.true and p not in ends]


def value(expression: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr], point: sp.Expr) -> sp.Expr:
    """Return an expression at a point, to thirty digits; markers are done by SymPy."""
    markers = {d: sp.diff(d.expr, *d.variables) for d in expression.atoms(sp.Derivative)}
    return sp.N(expression.xreplace(markers).subs(setting).subs(Z, point), 30)


def differ(a: sp.Expr, b: sp.Expr, activation: Activation) -> list[str]:
    """Return where two expressions differ by more than rounding."""
    return [
        f"{activation.name} at z = {point}, {dict(setting)}: {x} != {y}"
        for setting in settings(activation)
        for point in inside(activation, setting)
        if not abs((x := value(a, setting, point)) - (y := value(b, setting, point))) <= TINY * max(1, abs(x))
    ]


def step_faults(found: Derivative) -> list[str]:
    """Return what is wrong with a derivation: an unequal step, an empty one, a broken chain."""
    steps, activation = found.derivation.steps, found.activation
    faults = [f"{s.rule}: nothing happens" for s in steps if s.before == s.after]
    faults += [
        f"{b.rule}: does not go on"
        for a, b in pairwise(steps)
        if b.before not in (a.after, sp.Derivative(a.after, found.wrt))  # the next order begins
    ]
    if steps and (steps[-1].after != found.simplified or not steps[0].before.has(sp.Derivative)):
        faults.append("the ends")
    return faults + [
        f"{s.rule}: {fault}" for s in steps for fault in differ(s.before, s.after, activation)[:1]
    ]


def is_zero(expression: sp.Expr) -> bool:
    return (
        neat(expression) == 0 or sp.simplify(expression) == 0 or sp.simplify(expression.rewrite(sp.exp)) == 0
    )


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_sympy_piece_by_piece(name: str) -> None:
    """Proven, not sampled: the difference reduces to 0."""
    activation = catalogue()[name]
    for case, slopes in zip(derivatives.split(activation), differentiate(activation).cases, strict=True):
        for piece, slope in zip(case.pieces, slopes.pieces, strict=True):
            assert (slope.lower, slope.upper) == (piece.lower, piece.upper)
            assert is_zero(slope.expression - sp.diff(piece.expression, Z)), text(slope.expression)


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_sympy_on_the_whole(name: str) -> None:
    """SymPy differentiates the definition itself, its Abs and Max included: our pieces are not asked."""
    activation = catalogue()[name]
    whole = activation.expression.rewrite(sp.Piecewise)
    found = differentiate(activation)
    for expression in (found.expression, found.simplified):
        assert differ(expression, sp.diff(whole, Z), activation) == []


@pytest.mark.parametrize("row", TEXTBOOK, ids=lambda row: row.name)
def test_agrees_with_the_textbook(row: Row) -> None:
    activation = catalogue()[row.name]
    found = differentiate(activation).simplified
    assert differ(found, row.derivative, activation) == []
    for kink in activation.kinks:
        for setting in settings(activation):
            at = kink.at.subs(setting)
            assert abs(value(found, setting, at) - value(row.derivative, setting, at)) <= TINY


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_an_equality(name: str) -> None:
    assert step_faults(differentiate(catalogue()[name])) == []


@pytest.mark.parametrize("name", NAMES)
def test_conventions_at_kinks(name: str) -> None:
    activation = catalogue()[name]
    found = differentiate(activation)
    assert {k.at for k in found.kinks} == {k.at for k in activation.kinks}
    for kink in activation.kinks:
        for setting in settings(activation):
            got = value(found.simplified, setting, kink.at.subs(setting))
            if len({k.at.subs(setting) for k in activation.kinks}) == len(activation.kinks):
                assert abs(got - sp.N(kink.convention.subs(setting), 30)) <= TINY


@pytest.mark.parametrize("name", [n for n in NAMES if catalogue()[n].parameters])
def test_by_parameters(name: str) -> None:
    activation = catalogue()[name]
    for parameter in activation.parameters:
        found = differentiate(activation, wrt=parameter.symbol)
        assert found.wrt == parameter.symbol
        for setting in samples(activation)[:2]:
            for point in inside(activation, setting):
                moved = activation.expression.rewrite(sp.Piecewise)
                want = sp.N(sp.diff(moved, parameter.symbol).subs(setting).subs(Z, point), 30)
                assert abs(value(found.simplified, setting, point) - want) <= TINY * max(1, abs(want))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "gelu", "softplus", "elu", "softsign", "sqnl", "logit"])
def test_higher_orders(name: str) -> None:
    activation = catalogue()[name]
    for order in (2, 3):
        found = differentiate(activation, order=order)
        want = sp.diff(activation.expression.rewrite(sp.Piecewise), Z, order)
        assert differ(found.simplified, want, activation) == []
        assert step_faults(found) == []


# --- what must print exactly --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "simplified"),
    [
        ("sigmoid", "exp(-z)/(1 + exp(-z))**2"),
        ("tanh", "1 - tanh(z)**2"),
        ("relu", "Piecewise((1, z > 0), (0, True))"),
        ("softsign", "Piecewise((1/(z + 1)**2, z > 0), (1/(1 - z)**2, True))"),
        ("softplus", "1/(1 + exp(-beta*z))"),
        ("isru", "1/(alpha*z**2 + 1)**(3/2)"),
        ("absolute", "Piecewise((1, z > 0), (0, Eq(z, 0)), (-1, True))"),
        ("softshrink", "Piecewise((1, z > lambd), (0, z >= -lambd), (1, True))"),
        ("logcosh", "tanh(z)"),
        ("snake", "sin(2*alpha*z) + 1"),
    ],
)
def test_simplified(name: str, simplified: str) -> None:
    assert text(differentiate(catalogue()[name]).simplified) == simplified


def test_a_derivation_reads_as_a_teacher_writes_it() -> None:
    steps = differentiate(catalogue()["sigmoid"]).derivation.steps
    assert [(step.rule, step.note) for step in steps] == [
        ("chain rule", "u = 1 + exp(-z)"),
        ("chain rule", "u = -z"),
    ]
    assert text(steps[0].after) == "-Derivative(1 + exp(-z), z)/(1 + exp(-z))**2"


# --- guards, seen to fail -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "wrong", "name"),
    [
        (sp.tanh, 1 + sp.tanh(U) ** 2, "tanh"),
        (sp.exp, -sp.exp(U), "sigmoid"),
        (sp.erf, sp.exp(-(U**2)) / sp.sqrt(sp.pi), "gelu"),
    ],
)
def test_a_wrong_row_is_found(
    function: type, wrong: sp.Expr, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ELEMENTARY, function, wrong)
    activation = catalogue()[name]
    found = differentiate(activation)
    assert step_faults(found)
    assert differ(found.simplified, sp.diff(activation.expression, Z), activation)


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quotient rule that forgets to divide."""

    def wrong(expression: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, str] | None:
        found = derivatives._quotient(expression, x)
        return None if found is None else (found[0] * (1 + sp.exp(-x)), "")

    rules = tuple(replace(r, apply=wrong) if r.name == "quotient rule" else r for r in derivatives.RULES)
    activation = catalogue()["silu"]
    derive = derivatives.derive
    monkeypatch.setattr(derivatives, "derive", lambda expression, x: derive(expression, x, rules))
    assert any(fault.startswith("quotient rule") for fault in step_faults(differentiate(activation)))


def test_an_undeclared_kink_stops() -> None:
    bent = Activation("bent", sp.Max(2 * Z, 3 * Z - 1))
    with pytest.raises(InvalidActivation, match=r"bent: a kink at z = 1, f' is 2 .* 3 .* Kink\(at=1"):
        differentiate(bent)
    found = differentiate(replace(bent, kinks=(Kink(sp.Integer(1), sp.Rational(5, 2)),)))
    assert found.simplified.subs(Z, 1) == sp.Rational(5, 2)


def test_an_undeclared_jump_stops() -> None:
    stairs = Activation("stairs", sp.Piecewise((1, Z > 0), (0, True)))
    with pytest.raises(InvalidActivation, match="stairs: a kink at z = 0"):
        differentiate(stairs)


@pytest.mark.parametrize("at", [sp.Integer(1), sp.Rational(1, 10**9)])
def test_a_declared_kink_that_is_none_stops(at: sp.Expr) -> None:
    relu = catalogue()["relu"]
    with pytest.raises(InvalidActivation, match=f"relu: a kink is declared at z = {at}"):
        differentiate(replace(relu, kinks=(*relu.kinks, Kink(at, sp.Integer(0)))))
    with pytest.raises(InvalidActivation, match="declared at z = 0"):
        differentiate(Activation("smooth", sp.Piecewise((Z, Z > 0), (sp.sinh(Z), True)), kinks=relu.kinks))


@pytest.mark.parametrize(
    ("expression", "left", "right", "convention"),
    [
        (sp.Max(Z, 0), 0, 1, 0),
        (sp.Abs(Z), -1, 1, 0),
        (sp.Max(2 * Z, 3 * Z), 2, 3, 2),
        (sp.Min(Z, 5 * Z), 5, 1, 5),
        (sp.sqrt(sp.Abs(Z)), -sp.oo, sp.oo, 0),
    ],
)
def test_a_formula_gets_the_default_convention(
    expression: sp.Expr, left: sp.Expr, right: sp.Expr, convention: sp.Expr
) -> None:
    """0 where it is a subgradient, else the left derivative."""
    (kink,) = differentiate(Activation(None, expression)).kinks
    assert (kink.left, kink.right, kink.convention) == (left, right, convention)


def test_a_formula_takes_the_convention_that_is_asked_for() -> None:
    half = sp.Rational(1, 2)
    found = differentiate(Activation(None, sp.Max(Z, 0), kinks=(Kink(sp.Integer(0), half),)))
    assert found.simplified.subs(Z, 0) == half


def test_requests_that_make_no_sense() -> None:
    relu = catalogue()["relu"]
    with pytest.raises(InvalidActivation, match="no symbol y; differentiate by one of z"):
        differentiate(relu, wrt=sp.Symbol("y", real=True))
    with pytest.raises(InvalidActivation, match="order 0"):
        differentiate(relu, order=0)
    with pytest.raises(NotSupported, match="no rule for the derivative of gamma"):
        differentiate(Activation(None, sp.gamma(Z)))


# --- the tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ELEMENTARY, ids=lambda f: f.__name__)
def test_elementary_rows(function: type) -> None:
    point = sp.Rational(3, 7) if function is not sp.acosh else sp.Rational(10, 7)
    difference = ELEMENTARY[function] - sp.diff(function(U), U)
    assert abs(sp.N(difference.subs(U, point), 30)) <= TINY


APPLIED = {
    "sum rule": sp.exp(Z) + sp.sin(Z),
    "quotient rule": sp.exp(Z) / (1 + Z**2),
    "product rule": Z * sp.tanh(Z) * sp.cos(Z),
    "power rule": Z**5,
    "exponential rule": sp.Integer(3) ** (2 * Z),
    "chain rule": sp.sqrt(1 + sp.exp(Z)),
    "logarithmic differentiation": (1 + Z**2) ** sp.sin(Z),
    "derivative of {function}": sp.atan(Z),
}


@pytest.mark.parametrize("name", dict.fromkeys(rule.name for rule in derivatives.RULES))
def test_every_rule_is_applied_and_right(name: str) -> None:
    found = derivatives.derive(APPLIED[name], Z)
    want = name.format(function=APPLIED[name].func.__name__)
    assert want in [step.rule for step in found.steps]
    assert is_zero(found.result - sp.diff(APPLIED[name], Z))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: text(rule.before))
def test_rewrite_rows(rule: Rule) -> None:
    for point in POINTS:
        if rule.domain.subs(X, point) == sp.true:
            assert abs(sp.N((rule.before - rule.after).subs(X, point), 30)) <= TINY
    inside_more = 3 * Z * rule.before.xreplace({X: 2 * Z})
    assert is_zero(rewrite(sp.expand(inside_more)) - inside_more)


# --- writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_text_reads_back(name: str) -> None:
    activation = catalogue()[name]
    found = differentiate(activation)
    names = {s.name: s for s in (Z, *(p.symbol for p in activation.parameters))}
    for expression in (activation.expression, found.expression, found.simplified):
        back = sp.sympify(text(expression), locals=names)
        assert back == expression or differ(back, expression, activation) == []


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        (sp.Lt(sp.Symbol("lambd", real=True), Z), "z > lambd"),
        (sp.Lt(sp.Symbol("lambd", real=True), -Z), "z < -lambd"),
        (sp.Max(Z, 0, sp.Symbol("a", real=True)), "Max(0, a, z)"),
        ((1 + Z) ** -2, "1/(z + 1)**2"),
        (sp.Symbol("g", real=True) * (1 - sp.Symbol("g", real=True)), "g*(1 - g)"),
    ],
)
def test_text(expression: sp.Basic, written: str) -> None:
    assert text(expression) == written


def test_text_refuses_floats() -> None:
    with pytest.raises(TypeError, match="float"):
        text(sp.Float("0.1") * Z)


def test_latex() -> None:
    assert latex(sp.Derivative(sp.tanh(Z), Z)) == (
        r"\frac{\mathrm{d}}{\mathrm{d} z}\left(\tanh{\left(z \right)}\right)"
    )


def test_the_same_text_whatever_the_hash_seed() -> None:
    program = (
        "from symact.catalogue import catalogue\n"
        "from symact.derivatives import differentiate\n"
        "from symact.writing import latex, text\n"
        "for a in catalogue().values():\n"
        "    d = differentiate(a)\n"
        "    for s in d.derivation.steps:\n"
        "        print(s.rule, text(s.before), text(s.after), latex(s.after), s.note)\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(runs) == 1


def test_a_parameter_may_move_a_kink() -> None:
    """f_p + f_z a'(p) is one number along the break z = a(p); f_z is the subgradient, and so f_p is known."""
    found = differentiate(catalogue()["softshrink"], wrt=sp.Symbol("lambd", real=True))
    assert text(found.simplified) == "Piecewise((-1, z > lambd), (0, z >= -lambd), (1, True))"
    assert [(k.left, k.right, k.convention) for k in found.kinks] == [(1, 0, 0), (0, -1, 0)]
    for name, side in (
        ("min_val", "Piecewise((0, z > min_val), (1, True))"),
        ("max_val", "Piecewise((1, z >= max_val), (0, True))"),
    ):
        found = differentiate(catalogue()["hardtanh"], wrt=sp.Symbol(name, real=True))
        assert text(found.simplified) == side


def test_where_f_jumps_the_side_that_has_the_point_decides() -> None:
    found = differentiate(catalogue()["threshold"], wrt=sp.Symbol("value", real=True))
    assert text(found.simplified) == "Piecewise((0, z > threshold), (1, True))"


def test_cases_by_parameter() -> None:
    alpha = sp.Symbol("alpha", real=True)
    f = sp.Piecewise((Z, sp.Eq(alpha, 0)), (sp.sinh(alpha * Z) / alpha, True))
    found = differentiate(Activation("bowed", f, (Parameter("alpha", sp.Integer(0)),)))
    assert text(found.simplified) == "Piecewise((1, Eq(alpha, 0)), (cosh(alpha*z), True))"
    assert step_faults(found) == []


# --- forms in g, of higher order and by parameters, against fifty digits ------------------------------

FORMS = {
    ("sigmoid", "z", 2): "g*(1 - g)*(1 - 2*g)",
    ("sigmoid", "z", 3): "g*(1 - g)*(6*g**2 - 6*g + 1)",
    ("tanh", "z", 2): "-2*g*(1 - g**2)",
    ("tanh", "z", 3): "-2*(1 - g**2)*(1 - 3*g**2)",
    ("softplus", "z", 3): "beta**2*(1 - 2*exp(-beta*g))*exp(-beta*g)*expm1(-beta*g)",
    ("arcsinh", "z", 4): "3*(5 - 2*cosh(g)**2)*sinh(g)/cosh(g)**7",
    ("softplus_inverse", "z", 2): "-(1 + exp(-g))*exp(-g)",
    ("elu", "z", 2): "Piecewise((0, g >= 0), (alpha + g, True))",
    ("sine", "z", 2): "-g*omega**2",
    ("softplus", "beta", 1): "(-g - log(expm1(beta*g))*expm1(-beta*g)/beta)/beta",
    ("elu", "alpha", 1): "Piecewise((0, g > 0), (g/alpha, True))",
    ("prelu", "weight", 1): "Piecewise((0, g > 0), (g/weight, True))",
    ("e_swish", "beta", 1): "g/beta",
    ("isru", "alpha", 1): "-g**3/2",
    ("hardtanh", "min_val", 1): "Piecewise((0, g > min_val), (1, True))",
    ("hardtanh", "max_val", 1): "Piecewise((1, g >= max_val), (0, True))",
    ("softshrink", "lambd", 1): "Piecewise((-1, g > 0), (0, Eq(g, 0)), (1, True))",
}


def of(name: str, by: str, order: int) -> tuple[Activation, Derivative, OutputForm | NoOutputForm]:
    activation = catalogue()[name]
    found = differentiate(activation, sp.Symbol(by, real=True), order)
    return activation, found, recover_output_form(found)


def off(
    activation: Activation,
    by: str,
    order: int,
    found: sp.Expr,
    form: sp.Expr | None,
    where: sp.Basic = sp.true,
) -> list[str]:
    """Return where a derivative, or its form, differs from mpmath's difference quotients of f itself."""
    p, faults = sp.Symbol(by, real=True), []
    for setting in settings(activation):
        f = sp.lambdify(
            (Z, p) if p != Z else (Z,),
            activation.expression.subs({s: v for s, v in setting.items() if s != p}),
            "mpmath",
        )
        for point in inside(activation, setting)[:4]:
            with mp.workdps(50 + 8 * order):
                z = mp.mpf(point.p) / point.q
                if p == Z:
                    want = mp.diff(f, z, order)
                else:
                    value_of_p = setting[p]
                    with mp.workdps(150):  # a step so small that a bend in p does not show
                        at = mp.mpf(value_of_p.p) / value_of_p.q
                        want = mp.diff(lambda v, z=z, f=f: f(z, v), at, order, h=mp.mpf(10) ** -30)
                got = [value(found, setting, point)]
                if form is not None and where.subs(setting) == sp.true:
                    g = sp.N(activation.expression.rewrite(sp.Piecewise).subs(setting).subs(Z, point), 60)
                    got.append(sp.N(plain(form).subs(setting).subs(G, g), 30))
                if any(abs(mp.mpf(one) - want) > mp.mpf(10) ** -18 * max(1, abs(want)) for one in got):
                    faults.append(f"{activation.name} at z = {point}, {dict(setting)}: {got} for {want}")
    return faults


@pytest.mark.parametrize(("name", "by", "order"), FORMS)
def test_form_of_order_and_by_parameter(name: str, by: str, order: int) -> None:
    _, _, form = of(name, by, order)
    assert isinstance(form, OutputForm)
    assert text(form.expression) == FORMS[name, by, order]


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "elu", "silu", "gelu", "arctan", "isru"])
def test_orders_up_to_ten(name: str) -> None:
    for order in (2, 4, 10):
        activation, found, form = of(name, "z", order)
        expression, where = getattr(form, "expression", None), getattr(form, "condition", sp.true)
        assert off(activation, "z", order, found.simplified, expression, where) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_order_six(name: str) -> None:
    activation = catalogue()[name]
    found = differentiate(activation, order=6)
    assert off(activation, "z", 6, found.simplified, None) == []
    assert len(text(found.simplified)) < 6000


@pytest.mark.parametrize(
    ("name", "parameter"), [(n, p.name) for n in NAMES for p in catalogue()[n].parameters]
)
def test_forms_by_every_parameter(name: str, parameter: str) -> None:
    activation, found, form = of(name, parameter, 1)
    expression, where = getattr(form, "expression", None), getattr(form, "condition", sp.true)
    assert off(activation, parameter, 1, found.simplified, expression, where) == []


def test_a_planted_wrong_form_of_order_two_is_found() -> None:
    activation, found, _ = of("sigmoid", "z", 2)
    assert off(activation, "z", 2, found.simplified, G * (1 - G) * (1 - 3 * G))
    assert off(activation, "z", 2, 2 * found.simplified, None)
