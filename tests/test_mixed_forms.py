"""Mixed forms: what mathematicians write, an oracle that shares no code, faults that are refused."""

from functools import cache
from itertools import pairwise, permutations
from random import Random

import mpmath as mp
import pytest
import sympy as sp

from symact.activations import Activation, G, Z
from symact.catalogue import catalogue
from symact.derivatives import Derivative, differentiate
from symact.functions import plain
from symact.mixed_forms import MixedForm, recover_mixed_form
from symact.mixed_forms.orders import written
from symact.mixed_forms.recovery import _Search
from symact.mixed_forms.reductions import Reduction, levels
from symact.mixed_forms.values import values
from symact.output_forms import NoOutputForm, recover_output_form
from symact.output_forms.proofs import Ground, proven
from symact.parsing import parse
from symact.pieces import Piece, split
from symact.writing import text

SIGMOID = "1/(1 + exp(-z))"

TABLE: dict[str, tuple[str, dict[str, str]]] = {
    "silu": ("s + g*(1 - s)", {"s": SIGMOID}),
    "swish_beta": ("s + beta*g*(1 - s)", {"s": "1/(1 + exp(-beta*z))"}),
    "quick_gelu": ("s + 851*g*(1 - s)/500", {"s": "1/(1 + exp(-851*z/500))"}),
    "e_swish": ("g + s*(beta - g)", {"s": SIGMOID}),
    "d_silu": ("s + g*(1 - 2*s)", {"s": SIGMOID}),
    "elish": ("Piecewise((s + g*(1 - s), s > 1/2), (s + g*(2 - s), True))", {"s": SIGMOID}),
    "gelu": (
        "p + sqrt(2)*z*exp(-z**2/2)/(2*sqrt(pi))",
        {"p": "erf(sqrt(2)*z/2)/2 + 1/2", "z": "z"},
    ),
    "gelu_tanh": (
        "s + sqrt(2)*g*(1 - s)*(200000 + 26829*z**2)/(100000*sqrt(pi))",
        {"s": "tanh(sqrt(2)*(8943*z**3/200000 + z)/sqrt(pi))/2 + 1/2", "z": "z"},
    ),
    "log_normal_cdf": ("sqrt(2)*exp(-g - z**2/2)/(2*sqrt(pi))", {"z": "z"}),
    "mish": ("t + (z - t*g)/(1 + exp(-z))", {"t": "tanh(log(exp(z) + 1))", "z": "z"}),
    "lisht": ("z + t*(1 - g)", {"t": "tanh(z)", "z": "z"}),
    "tanhexp": ("t + (z - t*g)*exp(z)", {"t": "tanh(exp(z))", "z": "z"}),
    "smish": (
        "t + (z - t*g)*exp(-z)/((1 + exp(-z))*(2 + exp(-z)))",
        {"t": "tanh(log(1 + 1/(1 + exp(-z))))", "z": "z"},
    ),
    "logish": (
        "l + z*exp(-z)/((1 + exp(-z))*(2 + exp(-z)))",
        {"l": "log(1 + 1/(1 + exp(-z)))", "z": "z"},
    ),
    "tanhshrink": ("(z - g)**2", {"z": "z"}),
    "gaussian": ("-2*z*g", {"z": "z"}),
}
"""By hand: product rule, then what the forward pass has put in."""

NOTHING_GAINED = (*("erf", "normal_cdf", "hardswish", "logcosh", "sine", "snake", "absolute", "square"),)
"""Refused, and f' in z is the cheapest: 2*z, or tanh(z), or cos(z), whose sign g does not tell."""

INJECTIVE = ("erf", "normal_cdf", "log_normal_cdf", "tanhshrink", "snake")

STRANGERS: dict[str, tuple[str, dict[str, str]]] = {
    "z*exp(z)/(exp(z)+1)": TABLE["silu"],
    "z*(1+tanh(z/2))/2": TABLE["silu"],
    "z*(1 - 1/(1+exp(z)))": TABLE["silu"],
    "1/(1+z^2)": ("-2*z*g**2", {"z": "z"}),
    "sqrt(1+z^2)": ("z/g", {"z": "z"}),
    "exp(-a*z^2)": ("-2*a*z*g", {"z": "z"}),
    "exp(z^2)*erfc(z)": ("2*z*g - 2/sqrt(pi)", {"z": "z"}),
    "z+exp(z)": ("1 + g - z", {"z": "z"}),
    "z*tanh(s*z)": ("t + s*(z - t*g)", {"t": "tanh(s*z)", "z": "z"}),
    "z/(1+exp(-s*z))": ("s_1 + s*g*(1 - s_1)", {"s_1": "1/(1 + exp(-s*z))"}),
}
"""Formulas that are in no catalogue; names of values give way to parameters."""

EVEN = (
    "exp(-a*z^2)",
    "a*exp(-b*z^2)+c",
    "1/(1+a^2*z^2)",
    "log(cosh(b*z))",
    "z*tanh(b*z)",
    "abs(z)^3",
    "cos(a*z)",
)
"""Each has f(-z) = f(z), for all parameters."""


@cache
def found(name: str) -> tuple[Derivative, MixedForm | None]:
    derivative = differentiate(catalogue()[name])
    refused = isinstance(recover_output_form(derivative), NoOutputForm)
    return derivative, recover_mixed_form(derivative) if refused else None


def shown(form: MixedForm | None) -> tuple[str, dict[str, str]] | None:
    if form is None:
        return None
    return written(form.expression), {s.name: text(value) for s, value in form.residuals.items()}


def settings_of(activation: Activation) -> list[dict[sp.Symbol, sp.Expr]]:
    """Return the defaults and other settings in the parameters' domains, 0 among them."""
    symbols = [p.symbol for p in activation.parameters]
    demand = sp.And(*(p.domain for p in activation.parameters))
    tries = permutations(
        (sp.Rational(5, 8), sp.Rational(-13, 8), sp.S.Zero, sp.Rational(17, 8)), len(symbols)
    )
    chosen = [dict(activation.defaults), *(dict(zip(symbols, t, strict=True)) for t in tries)]
    return [setting for setting in chosen if demand.subs(setting) == sp.true][:6]


def mismatch(activation: Activation, form: MixedForm, setting: dict[sp.Symbol, sp.Expr]) -> object:
    """Return a point where the form is not f'(z), by mpmath's difference quotients at 50 digits."""
    random = Random(20240611)
    with mp.workdps(50):
        f = sp.lambdify(Z, plain(activation.expression.subs(setting)), "mpmath")
        symbols = [G, *form.residuals]
        h = sp.lambdify(symbols, plain(form.expression.subs(setting)), "mpmath")
        kept = [sp.lambdify(Z, plain(sp.sympify(e).subs(setting)), "mpmath") for e in form.residuals.values()]
        for _ in range(25):
            z = mp.mpf(random.randint(-6000, 6000)) / 997
            want, got = mp.diff(f, z), h(f(z), *(value(z) for value in kept))
            if abs(got - want) > mp.mpf(10) ** -18 * max(1, abs(want)):
                return z, got, want
        at_zero = h(f(mp.mpf(0)), *(value(mp.mpf(0)) for value in kept))
        return None if mp.isfinite(at_zero) else (0, at_zero)


@pytest.mark.parametrize("name", list(catalogue()))
def test_mixed_form_is_what_a_mathematician_writes(name: str) -> None:
    derivative, form = found(name)
    assert shown(form) == TABLE.get(name)
    if form is None:
        return
    assert "leaves 0" in form.proof
    assert "512 balls" in form.proof
    for setting in settings_of(derivative.activation):
        assert mismatch(derivative.activation, form, setting) is None, setting


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_refusal_has_a_witness_or_is_a_fact(name: str) -> None:
    form = recover_output_form(differentiate(catalogue()[name]))
    assert isinstance(form, NoOutputForm) == (name in TABLE or name in NOTHING_GAINED)
    if isinstance(form, NoOutputForm):
        assert (form.witness is None) == (name in INJECTIVE)
        assert form.reason == "not injective" or "f is injective: f' >= 0" in form.reason


@pytest.mark.parametrize("formula", EVEN)
def test_even_functions_have_a_witness(formula: str) -> None:
    form = recover_output_form(differentiate(parse(formula)))
    assert isinstance(form, NoOutputForm)
    assert form.witness is not None
    first, second, _ = form.witness
    assert first == -second


@pytest.mark.parametrize("formula", STRANGERS)
def test_a_stranger_goes_the_same_road(formula: str) -> None:
    activation = parse(formula)
    form = recover_mixed_form(differentiate(activation))
    assert shown(form) == STRANGERS[formula]
    assert form is not None
    for setting in settings_of(activation):
        assert mismatch(activation, form, setting) is None, setting


def test_steps_lead_from_the_derivative_to_the_form() -> None:
    for name in ("silu", "mish", "gaussian", "elish"):
        derivative, form = found(name)
        assert form is not None
        steps = form.derivation.steps
        assert steps[0].before == derivative.simplified
        assert steps[-1].after == form.derivation.result == form.expression
        assert all(a.after == b.before for a, b in pairwise(steps))
        assert steps[0].note.startswith(text(next(iter(form.residuals)))) or Z in form.residuals


def test_derivatives_of_higher_order_and_by_parameters() -> None:
    beta = sp.Symbol("beta", real=True)
    by_beta = recover_mixed_form(differentiate(catalogue()["swish_beta"], beta))
    assert shown(by_beta) == ("g*(z - g)", {"z": "z"})  # z**2 s (1 - s), and g = z s
    second = recover_mixed_form(differentiate(catalogue()["gaussian"], order=3))
    assert second is not None
    assert set(second.residuals) == {Z}


# --- guards: each seen failing ---------------------------------------------------------------------------

S = sp.Symbol("s", real=True)
WRONG = (S + G * (1 - S) + sp.Rational(1, 10**12), (S + G * (1 - S)) * (1 + S / 10**9), G + S * (1 + G), S)


def search(name: str) -> _Search:
    derivative = differentiate(catalogue()[name])
    return _Search(derivative, split(derivative.activation)[0], derivative.cases[0])


@pytest.mark.parametrize("wrong", WRONG)
def test_a_planted_wrong_form_is_refused(wrong: sp.Expr) -> None:
    looking = search("silu")
    (piece,), (slope,) = looking.pieces, looking.slopes.pieces
    (value,) = [v for v in values([piece.expression], ()) if v.symbol == S]
    for form, accepted in ((wrong, False), (S + G * (1 - S), True)):
        shape = Reduction(form, form, None)
        assert (looking._first_proven(piece, slope.expression, [shape], value) is not None) == accepted


def test_a_planted_wrong_value_is_refused() -> None:
    """s of 1.000001 z is no residual with which the form holds."""
    f = Z / (1 + sp.exp(-Z))
    ground = Ground(Piece(-sp.oo, sp.oo, f), (), ({},))
    for rate, accepted in ((sp.Integer(1), True), (1 + sp.Rational(1, 10**6), False)):
        form = (S + G * (1 - S)).subs(S, 1 / (1 + sp.exp(-rate * Z)))
        assert (proven(form, f, sp.diff(f, Z), ground) is not None) == accepted


def test_a_form_that_is_0_by_0_somewhere_is_refused() -> None:
    """silu' = g (1 + z - g)/z holds everywhere but at 0, and is cheaper than what is given."""
    looking = search("silu")
    assert not looking._regular(G * (1 + Z - G) / Z, looking.pieces[0], None)
    assert not looking._regular(G**2 * (1 + Z - G) ** 2 / Z**2, looking.pieces[0], None)
    assert looking._regular((1 + Z - G) / (1 + sp.exp(-Z)), looking.pieces[0], None)


def test_a_form_for_some_parameters_only_is_refused() -> None:
    """sqrt(a**2) = a where a > 0 only: f' = a*z/g has no such form for both signs."""
    form = recover_mixed_form(differentiate(parse("sqrt(1 + a^2*z^2)")))
    assert shown(form) == ("a**2*z/g", {"z": "z"})


def test_levels_are_what_is_known_in_g() -> None:
    assert list(levels(sp.exp(-(Z**2)) + 1, [Z])) == [(sp.exp(-(Z**2)) + 1, G), (-(Z**2), sp.log(G - 1))]
