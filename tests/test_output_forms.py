"""Output forms: the texts that mathematics gives, proofs that reject, conditions that matter, witnesses."""

from functools import cache
from itertools import pairwise, permutations

import mpmath as mp
import pytest
import sympy as sp
from flint import arb, ctx
from mpmath import mpf

from symact.activations import Activation, G, Parameter, Z
from symact.catalogue import catalogue
from symact.derivatives import Derivative, differentiate
from symact.functions import plain
from symact.output_forms import NoOutputForm, OutputForm, recover_output_form
from symact.output_forms.balls import Place, same
from symact.output_forms.eliminations import D, candidates
from symact.output_forms.proofs import Ground, _one_root, agrees, proven, reduces_to_zero
from symact.parsing import parse
from symact.pieces import Piece
from symact.pipeline import with_profile
from symact.writing import text

CATALOGUE = list(catalogue())

TABLE = {
    "sigmoid": "g*(1 - g)",
    "tanh": "1 - g**2",
    "scaled_tanh": "b*(a - g**2/a)",
    "softsign": "(1 - Abs(g))**2",
    "sqnl": "sqrt(1 - Abs(g))",
    "isru": "(-alpha*g**2 + 1)**(3/2)",
    "arctan": "cos(g)**2",
    "arcsinh": "1/cosh(g)",
    "cloglog": "-(1 - g)*log(1 - g)",
    "logsigmoid": "-expm1(g)",
    "logit": "2*cosh(g) + 2",
    "hardsigmoid": "Piecewise((1/6, (g > 0) & (g < 1)), (0, True))",
    "relu": "Piecewise((1, g > 0), (0, True))",
    "relu6": "Piecewise((1, (g > 0) & (g < 6)), (0, True))",
    "hardtanh": "Piecewise((1, (g > min_val) & (g < max_val)), (0, True))",
    "leaky_relu": "Piecewise((1, g > 0), (negative_slope, True))",
    "prelu": "Piecewise((1, g > 0), (weight, True))",
    "threshold": "Piecewise((1, g > threshold), (0, True))",
    "thresholded_relu": "Piecewise((1, g > alpha), (0, True))",
    "softshrink": "Piecewise((0, Eq(g, 0)), (1, True))",
    "hardshrink": "Piecewise((0, Eq(g, 0)), (1, True))",
    "squared_relu": "2*sqrt(g)",
    "sparse_plus": "Piecewise((1, g > 1), (sqrt(g), True))",
    "elu": "Piecewise((1, g > 0), (alpha + g, True))",
    "celu": "Piecewise((1, g > 0), (1 + g/alpha, True))",
    "pelu": "Piecewise((a/b, g > 0), ((a + g)/b, True))",
    "isrlu": "Piecewise((1, g > 0), ((-alpha*g**2 + 1)**(3/2), True))",
    "soft_exponential": "Piecewise((exp(alpha*g), alpha <= 0), (alpha*(-alpha + g) + 1, True))",
    "symlog": "exp(-Abs(g))",
    "symexp": "Abs(g) + 1",
    "softplus": "-expm1(-beta*g)",
    "softplus_inverse": "1 + exp(-g)",
    "sqrt_softplus": "-expm1(-g**2)/(2*g)",
    "squareplus": "g**2/(b/4 + g**2)",
    "exponential": "g",
    "logarithm": "exp(-g)",
    "square_root": "1/(2*g)",
    "reciprocal": "-g**2",
    "linear": "slope",
    "step": "0",
    "sign": "0",
}
"""By hand: invert g = f(z), put it into f'."""

CONDITIONS = {
    "leaky_relu": "negative_slope > 0",
    "prelu": "weight > 0",
    "elu": "alpha > 0",
    "threshold": "value <= threshold",
    "thresholded_relu": "alpha >= 0",
    "star_relu": "Ne(s, 0)",
}
"""Where g tells the pieces apart; for all others of the table that is everywhere."""

NOT_ELEMENTARY = ("erf", "normal_cdf", "log_normal_cdf", "tanhshrink", "snake")
"""Injective, and no witness."""

STRANGERS = {
    "exp(-exp(-z))": "-g*log(g)",
    "z^-3": "-3*Abs(g)**(4/3)",
    "1/(1+exp(-3*z))^2": "6*g*(1 - sqrt(g))",
    "z/(1+abs(z)^3)^(1/3)": "(-g**2*Abs(g) + 1)**(4/3)",
    "atan(sinh(z))": "cos(g)",
    "asin(tanh(z))": "cos(g)",
    "2*atan(tanh(z/2))": "cos(g)",
    "log(z+sqrt(z^2+1))": "1/cosh(g)",
    "sin(atan(z))": "(1 - g**2)**(3/2)",
    "tan(tanh(z))": "(g**2 + 1)*(1 - atan(g)**2)",
    "(1+exp(-z))^(-nu)": "g*nu*(1 - g**(1/nu))",
    "1/(1+exp(-beta*(z-mu)))": "beta*g*(1 - g)",
    "exp(exp(exp(z)))": "g*log(g)*log(log(g))",
    "tanh(exp(z))": "(1 - g**2)*atanh(g)",
    "z^3": "3*Abs(g)**(2/3)",
    "z*abs(z)": "2*sqrt(Abs(g))",
    "exp(z)-exp(-z)": "sqrt(g**2 + 4)",
    "2^z": "g*log(2)",
    "tanh(z+1)": "1 - g**2",
    "where(z>0, tanh(z), z/(1-z))": "Piecewise((1 - g**2, g > 0), ((g + 1)**2, True))",
    "1-exp(-(z/lambda_)^k)": "k*(-log(1 - g))**(1 - 1/k)*(1 - g)/lambda_",
    "z/(1+abs(z)^p)^(1/p)": "(1 - Abs(g)**p)**(1 + 1/p)",
    "z^3/(1+z^2)^(3/2)": "3*(1 - Abs(g)**(2/3))**(3/2)*Abs(g)**(2/3)",
    "tan(atan(z)/2)": "(1 - g**2)**2/(2*g**2 + 2)",
    "tan(atan(z)/3)": "(g**2 + 1)*cos(3*atan(g))**2/3",
    "sinh(atan(z))": "sqrt(g**2 + 1)*cos(asinh(g))**2",
    "z^p": "g**(1 - 1/p)*p",
    "log(1+(z/a)^k)": "-k*expm1(-g)/(a*expm1(g)**(1/k))",
    "exp(a*z)*exp(b*z)": "g*(a + b)",
    "(1+exp(-a*z))^(-alpha)": "a*alpha*g*(1 - g**(1/alpha))",
    "log(1+exp(beta*z))/beta": "-expm1(-beta*g)",
    "a*exp(-b*exp(-c*z))": "c*g*log(a/g)",
    "y*asinh(z)": "y/cosh(g/y)",
    "min(max(z,-1),1)^3": "Piecewise((3*Abs(g)**(2/3), (g > -1) & (g < 1)), (0, True))",
    "(1+exp(-a*z))^(-1/9)": "a*g*(1 - g**9)/9",
    "(1+exp(-z))^(-1/12)": "g*(1 - g**12)/12",
    "sign(z)*log(1+a*abs(z))/a": "exp(-a*Abs(g))",
    "sign(z)*abs(z)^p": "p*Abs(g)**(1 - 1/p)",
    "sign(z)*abs(z)^(1/p)": "Abs(g)**(1 - p)/p",
    "sign(z)*(1-exp(-abs(z)^p))": "p*(-log(1 - Abs(g)))**(1 - 1/p)*(1 - Abs(g))",
    "z*abs(z)^p": "(p + 1)*Abs(g)**(p/(p + 1))",
    "abs(z)^p*z/(1+abs(z)^(p+1))": "((1 - Abs(g))/Abs(g))**(1/(p + 1))*(p + 1)*(1 - Abs(g))*Abs(g)",
    "z^2*sign(z)*abs(z)^p": "(p + 2)*Abs(g)**((p + 1)/(p + 2))",
    "(1+z)^p*(2+2*z)-1/(1+z)^(p+1)": "sqrt(g**2 + 8)*(p + 1)/(g/4 + sqrt(g**2 + 8)/4)**(1/(p + 1))",
    "z^p/sqrt(1+z^(2*p))": "g*p*(sqrt(1 - g**2)/g)**(1/p)*(1 - g**2)",
    "log(z)/sqrt(1+log(z)^2)": "(1 - g**2)**(3/2)*exp(-g/sqrt(1 - g**2))",
    "a*z^3+b": "3*Abs(a)**(1/3)*Abs(b - g)**(2/3)*sign(a)",
}
"""Formulas that are in no catalogue."""

SIGMOIDS = (
    "1/(1+exp(-z))",
    "exp(z)/(exp(z)+1)",
    "(1+tanh(z/2))/2",
    "exp(z/2)/(exp(z/2)+exp(-z/2))",
    "1 - 1/(1+exp(z))",
)

ARCTANGENTS = (
    *("atan(z)", "asin(z/sqrt(1+z^2))", "2*atan(z/(1+sqrt(1+z^2)))", "2*atan((sqrt(1+z^2)-1)/z)"),
    *("pi/2-acos(z/sqrt(1+z^2))", "acos(-z/sqrt(1+z^2))-pi/2"),
)
GUDERMANNIANS = (
    *("2*atan(tanh(z/2))", "atan(sinh(z))", "2*atan(exp(z))-pi/2", "asin(tanh(z))", "pi/2-acos(tanh(z))"),
    "2*asin(exp(z/2)/sqrt(2*cosh(z)))-pi/2",
)
AREAS = (
    *("asinh(z)", "log(z+sqrt(z^2+1))", "-log(sqrt(z^2+1)-z)", "atanh(z/sqrt(1+z^2))"),
    *("sign(z)*log(abs(z)+sqrt(z^2+1))", "sign(z)*acosh(sqrt(1+z^2))"),
)
ROOTS = (
    *("z/sqrt(1+z^2)", "sin(atan(z))", "tanh(asinh(z))", "z*(1+z^2)^(-1/2)", "sign(z)*sqrt(1-1/(1+z^2))"),
    "sign(z)*sqrt(z^2/(1+z^2))",
)

SPELLINGS = {
    "g*(1 - g)": (*SIGMOIDS, "exp(-log(1+exp(-z)))", "1/2 + sinh(z)/(2*(1+cosh(z)))"),
    "1 - g**2": (
        "(exp(z)-exp(-z))/(exp(z)+exp(-z))",
        "1-2/(1+exp(2*z))",
        "2*sigmoid(2*z)-1",
        "sinh(z)/cosh(z)",
    ),
    "-expm1(-g)": ("log1p(exp(z))", "z+log(1+exp(-z))", "max(z,0)+log(1+exp(-abs(z)))", "-log(sigmoid(-z))"),
    "-expm1(g)": ("log(sigmoid(z))", "z-log(1+exp(z))", "min(z,0)-log1p(exp(-abs(z)))"),
    "Piecewise((1, g > 0), (g + 1, True))": (
        *("where(z>0,z,expm1(z))", "max(z,0)+min(0,exp(z)-1)", "max(z,0)+exp(min(z,0))-1"),
    ),
    "(1 - Abs(g))**2": ("z/(1+abs(z))", "where(z>0,z/(1+z),z/(1-z))", "sign(z)*(1-1/(1+abs(z)))"),
    "g**2/(g**2 + 1)": ("(z+sqrt(z^2+4))/2", "2/(sqrt(z^2+4)-z)", "exp(asinh(z/2))"),
    "2*g**2/(g**2 + 1)": ("z+sqrt(z^2+1)", "exp(asinh(z))", "1/(sqrt(z^2+1)-z)"),
    "cos(g)**2": ARCTANGENTS,
    "cos(g)": GUDERMANNIANS,
    "1/cosh(g)": AREAS,
    "(1 - g**2)**(3/2)": ROOTS,
    "2*cosh(g) + 2": ("log(z/(1-z))", "log(z)-log(1-z)", "2*atanh(2*z-1)"),
    "-g*log(g)": ("exp(-exp(-z))", "1/exp(exp(-z))", "exp(-1/exp(z))", "exp(-exp(-z/2)^2)"),
    "-(1 - g)*log(1 - g)": ("1-exp(-exp(z))", "-expm1(-exp(z))", "1-1/exp(exp(z))"),
    "1/(3*g**2)": (
        *("z^(1/3)", "sign(z)*abs(z)^(1/3)", "where(z>0, z^(1/3), -(-z)^(1/3))", "exp(log(z)/3)"),
    ),
    "3*Abs(g)**(2/3)": ("z^3", "sign(z)*abs(z)^3", "z*abs(z)^2", "z*z*z"),
    "2*cosh(acosh(27*g**2/2 + 1)/3) - 1": ("z+z^3", "z*(1+z^2)", "z^3*(1+z^(-2))"),
    "tanh(g/2)": (
        *("acosh(1+exp(z))", "log(1+exp(z)+sqrt((1+exp(z))^2-1))", "2*asinh(exp(z/2)/sqrt(2))"),
        *("log(1+exp(z)+sqrt(exp(2*z)+2*exp(z)))", "2*acosh(sqrt(1+exp(z)/2))"),
    ),
    "2*sqrt((1 - Abs(g))**3)*sqrt(Abs(g))": (
        *("sign(z)*z^2/(1+z^2)", "z*abs(z)/(1+z^2)", "where(z>0, z^2/(1+z^2), -z^2/(1+z^2))"),
        "sign(z)*(1-1/(1+z^2))",
    ),
    "3*sqrt(g**2 + g + 1)/(-2*g + 4*sqrt(g**2 + g + 1) - 1)": (
        *("(sqrt(z^2+1)-1)/2+z", "z+sqrt(z^2/4+1/4)-1/2", "(2*z+sqrt(z^2+1)-1)/2"),
    ),
    "6*g*(1 - sqrt(g))": ("1/(1+exp(-3*z))^2", "sigmoid(3*z)^2", "exp(-2*log(1+exp(-3*z)))"),
    "b*(a - g**2/a)": ("a*tanh(b*z)", "a*(1-exp(-2*b*z))/(1+exp(-2*b*z))", "a-2*a/(1+exp(2*b*z))"),
}
"""Several ways to type one function."""

ORDERS = {
    ("sigmoid", 2): "g*(1 - g)*(1 - 2*g)",
    ("tanh", 2): "-2*g*(1 - g**2)",
    ("softsign", 2): "-2*(1 - Abs(g))**3*sign(g)",
    ("exponential", 5): "g",
}

POINTS = tuple(mpf(k) / 7 + mpf("0.01") for k in range(-26, 27, 4))


@cache
def derived(name: str) -> tuple[Derivative, OutputForm | NoOutputForm]:
    derivative = differentiate(catalogue()[name])
    return derivative, recover_output_form(derivative)


def form_of(formula: str) -> OutputForm | NoOutputForm:
    return recover_output_form(differentiate(parse(formula)))


def function(expression: sp.Expr, symbol: sp.Symbol) -> object:
    """Return an expression as mpmath's own function: none of symact's arithmetic."""
    return sp.lambdify(symbol, plain(expression), "mpmath")


def mismatch(activation: Activation, form: sp.Expr, setting: dict[sp.Symbol, sp.Expr]) -> object:
    """Return a point at which form(f(z)) is not f'(z), by mpmath at 50 digits; None where there is none."""
    kinks = [mp.mpf(sp.N(kink.at.subs(setting), 50)) for kink in activation.kinks]
    with mp.workdps(50):
        f = function(activation.expression.subs(setting), Z)
        h = function(form.subs(setting), G)
        domain = activation.domain.subs(setting)
        for z in POINTS:
            inside = domain.contains(sp.Float(str(z), 30)) == sp.true
            if not inside or any(abs(z - kink) < 0.005 for kink in kinks):
                continue
            want, got = mp.diff(f, z), h(f(z))
            if abs(got - want) > mpf(10) ** -18 * max(1, abs(want)):
                return z, got, want
    return None


def settings_of(activation: Activation, condition: sp.Basic) -> list[dict[sp.Symbol, sp.Expr]]:
    """Return the defaults and other settings where the condition holds."""
    symbols = [p.symbol for p in activation.parameters]
    demand = sp.And(condition, *(p.domain for p in activation.parameters))
    values = sp.Rational(5, 8), sp.Rational(-13, 8), sp.Rational(17, 8)
    pairs = permutations(values, 2)
    tries = [dict(activation.defaults), *(dict(zip(symbols, pair, strict=False)) for pair in pairs)]
    return [setting for setting in tries if demand.subs(setting) == sp.true]


@pytest.mark.parametrize("name", TABLE)
def test_form_is_what_a_mathematician_writes(name: str) -> None:
    _, form = derived(name)
    assert isinstance(form, OutputForm), form
    assert text(form.expression) == TABLE[name]
    assert text(form.condition) == CONDITIONS.get(name, "True")
    assert form.residuals == {}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_activation_has_a_form_that_holds_or_a_reason(name: str) -> None:
    derivative, form = derived(name)
    activation = derivative.activation
    if isinstance(form, NoOutputForm):
        assert form.reason
        assert (form.witness is None) == (name in NOT_ELEMENTARY)
        return
    assert form.proof
    assert form.expression.free_symbols <= {G, *activation.defaults}
    settings = settings_of(activation, form.condition)
    assert settings, "the form holds at no setting, not even the defaults"
    for setting in settings:
        assert mismatch(activation, form.expression, setting) is None, setting


@pytest.mark.parametrize(
    "profile",
    ["declared", "mean", *(pytest.param(side, marks=pytest.mark.thorough) for side in ("left", "right"))],
)
@pytest.mark.parametrize("name", [n for n in CATALOGUE if catalogue()[n].kinks])
def test_form_follows_the_convention_at_kinks(name: str, profile: str) -> None:
    derivative = differentiate(with_profile(catalogue()[name], profile))
    form = recover_output_form(derivative)
    if isinstance(form, NoOutputForm):
        return
    defaults = derivative.activation.defaults
    for kink in derivative.kinks:
        at = kink.at.subs(defaults)
        value = derivative.activation.expression.subs(defaults).subs(Z, at)
        got = form.expression.subs(defaults).subs(G, value)
        assert sp.simplify(got - kink.convention.subs(defaults)) == 0


@pytest.mark.parametrize("name", [n for n in CATALOGUE if n not in TABLE])
def test_witness_witnesses(name: str) -> None:
    derivative, form = derived(name)
    if isinstance(form, OutputForm) or form.witness is None:
        return
    defaults = derivative.activation.defaults
    with mp.workdps(50):
        first, second = (mp.mpf(sp.N(z.subs(defaults), 50)) for z in form.witness[:2])
        f = function(derivative.activation.expression.subs(defaults), Z)
        assert abs(f(first) - f(second)) < mpf(10) ** -17
        kinks = [sp.N(kink.at.subs(defaults), 50) for kink in derivative.kinks]
        assert all(abs(z - mp.mpf(at)) > 0.01 for z in (first, second) for at in kinks)
        assert abs(mp.diff(f, first) - mp.diff(f, second)) > 0.001


@pytest.mark.parametrize(
    ("want", "formula"),
    [
        pytest.param(want, formula, marks=[pytest.mark.thorough] if i > 1 else [])
        for want, formulas in SPELLINGS.items()
        for i, formula in enumerate(formulas)
    ],
)
def test_one_function_has_one_form(want: str, formula: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert text(form.expression) == want


def test_asymptotes_that_are_one_are_excluded() -> None:
    form = form_of("a+(b-a)/(1+exp(-c*z))")
    assert isinstance(form, OutputForm)
    assert text(form.expression) == "c*(a - g)*(b - g)/(a - b)"
    assert text(form.condition) == "Ne(a, b)"


@pytest.mark.parametrize("name", ["a", "b", "d", "v", "t", "y", "k0", "u_1", "beta"])
def test_a_parameter_may_be_called_what_the_engine_calls_its_symbols(name: str) -> None:
    form = form_of(f"exp({name}*z)/(1 + exp({name}*z))")
    assert isinstance(form, OutputForm), form
    assert form.expression == sp.Symbol(name, real=True) * G * (1 - G)


MANY = {
    "a*tanh(b*z+c)+d": ("b*(a - d + g)*(a + d - g)/a", "Ne(a, 0)"),
    "a*tanh(b*z+c)+d+e1*e2": ("b*(a - d - e1*e2 + g)*(a + d + e1*e2 - g)/a", "Ne(a, 0)"),
    "a+(b-a)/(c+q*exp(-bb*z))^(1/nu)": (
        *("bb*(-a + g)*(-c*((a - g)/(a - b))**nu + 1)/nu", "(Ne(a, b)) & (Ne(nu, 0))"),
    ),
    "a1*a2*a3*a4*a5*a6*a7*z": ("a1*a2*a3*a4*a5*a6*a7", "True"),
}


@pytest.mark.parametrize("formula", MANY)
def test_any_number_of_parameters(formula: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert (text(form.expression), text(form.condition)) == MANY[formula]


@pytest.mark.parametrize(
    "formula", ["where(z < 0, z, where(z > 0, 2*z, 3))", "where(z < 0, exp(z), where(z > 0, 1+2*z, 3))"]
)
def test_a_point_inside_a_piece_s_range_may_have_another_slope(formula: str) -> None:
    """What f is at its break alone, it is elsewhere too, with another derivative."""
    assert isinstance(form_of(formula), NoOutputForm)


@pytest.mark.parametrize("formula", ["where(z < 1, max(3,z)*z, z)", "where(z < 1, min(z,2)*2, acosh(z))"])
def test_pieces_that_are_no_neighbours_may_overlap(formula: str) -> None:
    form = form_of(formula)
    assert isinstance(form, NoOutputForm)
    assert form.witness is not None


@pytest.mark.parametrize(
    ("formula", "want"),
    [("atan(-a/z)", "sin(g)**2/a"), ("squareplus(tan(z))", "(g**4 - g**2 + 1)/(g**2 + 1)")],
)
def test_a_jump_over_an_output_is_no_witness(formula: str, want: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert text(form.expression) == want


@pytest.mark.parametrize(
    ("formula", "condition"),
    [
        ("where(z <= a, z, 0.7)", "a <= 7/10"),
        ("log(b)/z", "Ne(log(b), 0)"),
        ("where(z < a, z, where(z < a+1, b, 2))", "(a <= 2) & (a <= b)"),
    ],
)
def test_pieces_stay_apart_for_all_that_the_condition_admits(formula: str, condition: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert text(form.condition) == condition


@pytest.mark.parametrize(
    "formula",
    [
        "max(0,z)^k",
        "max(0,1-z)^k",
        "z*abs(z)^p",
        "sign(z)*abs(z)^p",
        "a*z^5+b",
        "abs(z)^p*z/(1+abs(z)^(p+1))",
    ],
)
def test_a_form_holds_in_each_of_its_cases(formula: str) -> None:
    activation = parse(formula)
    form = recover_output_form(differentiate(activation))
    assert isinstance(form, OutputForm), form
    seen = 0
    for condition, expression in form.cases:
        for setting in settings_of(activation, condition):
            assert mismatch(activation, expression, setting) is None, (setting, text(condition))
            seen += 1
    assert seen > 1


def test_a_witness_of_one_case_names_the_setting() -> None:
    """z**2 - a, not 0, at z = 2 for a = 1: for a > 4 both f' there are 0."""
    form = form_of("max(0,z^2-a)")
    assert isinstance(form, NoOutputForm)
    assert form.witness == (-2, 2, "g(z1) = g(z2), f'(z1) != f'(z2) at a = 1")


def test_a_power_beside_its_own_base_is_not_called_impossible() -> None:
    form = form_of("z/(1+z^p)")
    assert isinstance(form, NoOutputForm)
    assert not form.decided or form.witness is not None


ORDERED = {
    "max(z, a*z)": {"a >= 1": "Piecewise((a, g > 0), (1, True))", "(a > 0) & (a < 1)": None},
    "min(max(z, lo), hi)": {
        "hi <= lo": "0",
        "hi > lo": "Piecewise((1, (g > lo) & (g < hi)), (0, True))",
    },
    "max(z,a)+max(z,b)": {
        "a <= b": "Piecewise((2, g > 2*b), (1, g > a + b), (0, True))",
        "a > b": "Piecewise((2, g > 2*a), (1, g > a + b), (0, True))",
    },
    "abs(z-a)-abs(z-b)": {"a <= b": None, "a > b": None},
    "where(z>a, z-a, where(z<b, z-b, 0))": {"a <= b": "1", "a > b": None},
    "where(a > b, max(z,a), max(z,b))": {"a > b": None, "a <= b": None},
}
"""Formulas whose pieces change their order with the parameters: conditions, and forms where short."""


@pytest.mark.parametrize("formula", ORDERED)
def test_pieces_that_change_their_order_are_cases(formula: str) -> None:
    activation = parse(formula)
    form = recover_output_form(differentiate(activation))
    assert isinstance(form, OutputForm), form
    cases = {text(condition): expression for condition, expression in form.cases}
    assert cases.keys() == ORDERED[formula].keys()
    for condition, want in ORDERED[formula].items():
        assert want is None or text(cases[condition]) == want
    for condition, expression in form.cases:
        settings = settings_of(activation, condition)
        assert settings
        for setting in settings:
            assert gap(activation, expression, setting) is None, (setting, text(condition))


def gap(activation: Activation, form: sp.Expr, setting: dict[sp.Symbol, sp.Expr]) -> object:
    """Return a point, exact, at which form(f(z)) is not the slope of a formula with straight pieces."""
    f, h = activation.expression.subs(setting), form.subs(setting)
    step = sp.Rational(1, 10**6)
    for k in range(-40, 41):
        z = sp.Rational(k, 9) + sp.Rational(1, 1009)
        slope = (f.subs(Z, z + step) - f.subs(Z, z)) / step
        if sp.simplify(slope - h.subs(G, f.subs(Z, z))) != 0:
            return z
    return None


@pytest.mark.parametrize("formula", STRANGERS)
def test_a_stranger_goes_the_same_road(formula: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert text(form.expression) == STRANGERS[formula]


@pytest.mark.parametrize(("name", "order"), ORDERS)
def test_higher_orders(name: str, order: int) -> None:
    form = recover_output_form(differentiate(catalogue()[name], order=order))
    assert isinstance(form, OutputForm)
    assert text(form.expression) == ORDERS[name, order]


def test_even_function_with_even_derivative_has_a_form() -> None:
    """(e^(-z^2))'' = (4 z^2 - 2) e^(-z^2), and z^2 = -log(g): not injective, yet g tells."""
    form = recover_output_form(differentiate(catalogue()["gaussian"], order=2))
    assert isinstance(form, OutputForm)
    assert sp.expand(form.expression - (-4 * sp.log(G) - 2) * G) == 0


def test_derivative_by_a_parameter() -> None:
    slope = sp.Symbol("negative_slope", real=True)
    form = recover_output_form(differentiate(catalogue()["leaky_relu"], slope))
    assert isinstance(form, OutputForm)
    assert text(form.expression) == "Piecewise((0, g > 0), (g/negative_slope, True))"


# --- guards: each seen failing ---------------------------------------------------------------------------

LINE = Piece(-sp.oo, sp.oo, sp.tanh(Z))
GROUND = Ground(LINE, (), ({},))
TRUE_D = 1 - sp.tanh(Z) ** 2
WRONG = (1 - G**2 + sp.Rational(1, 10**12), (1 - G**2) * (1 + G**2 / 10**9), G * (1 - G), 1 - sp.Abs(G))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_planted_wrong_form_is_rejected(wrong: sp.Expr) -> None:
    assert agrees(wrong, sp.tanh(Z), TRUE_D, GROUND) is None
    assert not reduces_to_zero(wrong, sp.tanh(Z), TRUE_D, GROUND)
    assert proven(wrong, sp.tanh(Z), TRUE_D, GROUND) is None


def test_what_balls_cannot_tell_is_not_proven() -> None:
    close = 1 - G**2 + sp.Rational(1, 2**90)
    assert agrees(close, sp.tanh(Z), TRUE_D, GROUND) == 20
    assert proven(close, sp.tanh(Z), TRUE_D, GROUND) is None


@pytest.mark.parametrize(("other", "alike"), [(2, True), (1 + sp.Rational(1, 2**900), False)])
def test_roots_that_no_ball_tells_apart_are_not_one(other: sp.Expr, alike: bool) -> None:
    """(d - 1)(d - other) has two roots; what is computed as 1 is the first only where they are apart."""
    polynomial = (D - 1) * (D - other)
    assert _one_root((sp.Integer(1), sp.Integer(1)), sp.diff(polynomial, D), LINE, {}) is alike


@pytest.mark.parametrize("size", [0, 2**-40, 1, 2**40])
def test_the_digits_that_count(size: float) -> None:
    """Two numbers are one within 2**-80 of their size, or of 1."""
    step = arb(max(size, 1)) * arb(2) ** -80
    old, ctx.prec = ctx.prec, 300
    try:
        for factor in (-2, -0.5, 0, 0.5, 2):
            assert same(arb(size), arb(size) + step * factor) == (abs(factor) < 1)
    finally:
        ctx.prec = old


def test_the_true_form_is_proven() -> None:
    assert proven(1 - G**2, sp.tanh(Z), TRUE_D, GROUND) == 20


def test_the_wrong_branch_of_a_root_is_rejected() -> None:
    f = Z / sp.sqrt(1 + Z**2)
    ground = Ground(Piece(-sp.oo, sp.oo, f), (), ({},))
    right = (1 - G**2) ** sp.Rational(3, 2)
    d = (1 + Z**2) ** sp.Rational(-3, 2)
    assert proven(right, f, d, ground) == 20
    assert proven(-right, f, d, ground) is None


def test_nested_roots_are_proven_by_their_norm() -> None:
    """sqrt(5 z^2 + 4 + 4 z sqrt(z^2 + 1)) = z + 2 sqrt(z^2 + 1): no rule takes that root apart."""
    s = sp.sqrt(Z**2 + 1)
    f = sp.sqrt(5 * Z**2 + 4 + 4 * Z * s)
    ground = Ground(Piece(-sp.oo, sp.oo, f), (), ({},))
    assert reduces_to_zero(G, f, Z + 2 * s, ground)
    assert not reduces_to_zero(G, f, Z + 3 * s, ground)
    assert not reduces_to_zero(G, f, -Z - 2 * s, ground)


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("leaky_relu", {"negative_slope": sp.Rational(-1, 10)}),
        ("elu", {"alpha": sp.Integer(-1)}),
        ("threshold", {"threshold": sp.Integer(-1), "value": sp.Integer(2)}),
        ("thresholded_relu", {"alpha": sp.Integer(-1)}),
    ],
)
def test_outside_its_condition_a_form_is_wrong(name: str, outside: dict[str, sp.Expr]) -> None:
    derivative, form = derived(name)
    assert isinstance(form, OutputForm)
    setting = {p.symbol: outside[p.name] for p in derivative.activation.parameters}
    assert form.condition.subs(setting) == sp.false
    f, d = derivative.activation.expression.subs(setting), derivative.simplified.subs(setting)
    values = [sp.Rational(k, 16) + sp.Rational(1, 100) for k in range(-48, 49)]
    gaps = [form.expression.subs(setting).subs(G, f.subs(Z, z)) - d.subs(Z, z) for z in values]
    assert any(abs(sp.N(gap)) > 0.01 for gap in gaps)


def test_a_refusal_needs_no_parameters_sign() -> None:
    """A negative slope alone is refused: no region is left."""
    slope = sp.Symbol("slope", real=True)
    negative = Parameter("slope", sp.Integer(-1), slope < 0)
    folded = Activation(None, sp.Piecewise((Z, Z > 0), (slope * Z, True)), (negative,))
    form = recover_output_form(differentiate(folded))
    assert isinstance(form, NoOutputForm)
    assert form.reason == "not injective"
    assert form.witness is not None


def test_pieces_that_overlap_have_a_witness() -> None:
    form = form_of("where(z>1, z^2, 2*z)")
    assert isinstance(form, NoOutputForm)
    assert form.witness is not None
    first, second, _ = form.witness
    assert abs(sp.N(2 * first - second**2, 40)) < sp.Float("1e-20")


def test_what_is_not_solved_is_not_called_impossible() -> None:
    form = form_of("z+z^5")
    assert isinstance(form, NoOutputForm)
    assert "degree 5" in form.reason
    assert form.witness is None
    assert not form.decided


@pytest.mark.parametrize(
    ("formula", "want"),
    [
        ("z+z^3", "2*cosh(acosh(27*g**2/2 + 1)/3) - 1"),
        ("exp(3*z)+exp(z)", "3*g - 4*sqrt(3)*sinh(asinh(3*sqrt(3)*g/2)/3)/3"),
        ("sqrt(z)", "1/(2*g)"),
        ("acosh(z)", "1/sinh(g)"),
        ("log(log(z))", "exp(-g)*exp(-exp(g))"),
    ],
)
def test_cubics_and_natural_domains(formula: str, want: str) -> None:
    form = form_of(formula)
    assert isinstance(form, OutputForm), form
    assert text(form.expression) == want


def test_steps_lead_from_the_derivative_to_the_form() -> None:
    for name in ("sigmoid", "softplus", "elu", "soft_exponential"):
        derivative, form = derived(name)
        assert isinstance(form, OutputForm)
        steps = form.derivation.steps
        assert steps[0].before == derivative.simplified
        assert steps[-1].after == form.derivation.result == form.expression
        assert all(a.after == b.before for a, b in pairwise(steps))


def test_relation_is_shown_in_the_proof() -> None:
    _, form = derived("tanh")
    assert isinstance(form, OutputForm)
    assert form.proof == (
        "d + g**2 - 1 = 0; substituting g = f(z) leaves 0; "
        "agrees with f' in ball arithmetic on 512 balls over [-20, 20]"
    )


def test_both_roads_agree() -> None:
    """Elimination for d, and inversion: two candidates for one algebraic function, one value."""
    f = (Z + sp.sqrt(Z**2 + 4)) / 2
    place = Place(Piece(-sp.oo, sp.oo, f), ({},))
    found = list(candidates(f, sp.diff(f, Z), place))
    assert {c.road for c in found} == {"elimination", "inversion"}
    values = {sp.nsimplify(c.rational.subs(c.meanings).subs(G, 3)) for c in found}
    assert values == {sp.Rational(9, 10)}


@pytest.mark.parametrize("name", ["smish", "gelu_tanh"])
def test_a_high_order_is_what_numbers_say_and_has_a_witness(name: str) -> None:
    """Past the first orders, polynomials over the kernels are differentiated."""
    activation = catalogue()[name]
    derivative = differentiate(activation, order=7)
    f, d = function(activation.expression, Z), function(derivative.simplified, Z)
    with mp.workdps(80):
        for z in POINTS[::3]:
            assert abs(mp.diff(f, z, 7) - d(z)) < mpf(10) ** -12 * max(1, abs(d(z)))
    form = recover_output_form(derivative)
    assert isinstance(form, NoOutputForm)
    assert form.witness is not None
