"""Properties against what is known, and against numbers; limits and signs against tables."""

from itertools import pairwise

import pytest
import sympy as sp

from symact.activations import Activation, Parameter, Z
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.growth import X, growth
from symact.limits import equal, limit, one_sided, sign_settings
from symact.pieces import split
from symact.properties import Properties, properties
from symact.signs import sign_of

NAMES = sorted(catalogue())
GRID = tuple(sp.Rational(k, 7) + sp.Rational((-1) ** k, 1000) for k in range(-60, 61, 3))
SLACK = sp.Float("1e-20")
SYMPY_IS_WRONG = {("d_silu", "f(oo)"): sp.S.One}
"""SymPy 1.14 says 0."""
A, B = sp.Symbol("a", real=True), sp.Symbol("b", real=True)


@pytest.fixture(scope="module")
def found() -> dict[str, Properties]:
    return {name: properties(differentiate(activation)) for name, activation in catalogue().items()}


def values(activation: Activation, expression: sp.Expr) -> list[sp.Expr]:
    """Return an expression's values on the grid, at the default parameters, left to right."""
    domain = activation.domain.subs(activation.defaults)
    points = [
        z
        for z in (*GRID, sp.Rational(-1, 100), *(abs(z) / 10 for z in GRID[::4]))
        if domain.contains(z) == sp.true
    ]
    filled = expression.subs(activation.defaults)
    return [sp.N(filled.subs(Z, z), 30) for z in sorted(points)]


@pytest.mark.parametrize("name", NAMES)
def test_against_numbers(name: str, found: dict[str, Properties]) -> None:
    """Nothing that is claimed is contradicted by a value of f or f'."""
    activation, claims = catalogue()[name], found[name]
    defaults = activation.defaults
    f = values(activation, activation.expression)
    slopes = values(activation, differentiate(activation).simplified)
    rises = [b - a for a, b in pairwise(f)]
    if claims.monotonic == "increasing":
        assert min(rises) >= -SLACK
    elif claims.monotonic == "decreasing":
        assert max(rises) <= SLACK
    elif claims.monotonic == "non-monotonic":
        assert min(rises) < 0 < max(rises)
    else:
        assert name == "reciprocal", "not decided"
    for z in GRID[::5]:
        pair = [sp.N(activation.expression.subs(defaults).subs(Z, x), 30) for x in (z, -z)]
        assert claims.odd is not True or abs(sum(pair)) <= SLACK
        assert claims.even is not True or abs(pair[0] - pair[1]) <= SLACK
    if claims.lipschitz is not None:
        bound = sp.N(claims.lipschitz.subs(defaults), 30)
        assert max(map(abs, slopes)) <= bound + SLACK
        assert bound == sp.oo or max(map(abs, slopes)) >= bound * sp.Rational(9, 10)
    if claims.range is not None:
        ends = claims.range.subs(defaults)
        assert all(value - ends.inf >= -SLACK and value - ends.sup <= SLACK for value in f)


@pytest.mark.parametrize("name", NAMES)
def test_limits_against_sympy(name: str, found: dict[str, Properties]) -> None:
    """At the defaults SymPy's own limit says the same."""
    activation = catalogue()[name]
    derivative = differentiate(activation)
    defaults = activation.defaults
    for function, cases in (("f", split(activation)), ("f'", derivative.cases)):
        case = next(c for c in cases if c.condition.subs(defaults) == sp.true)
        for piece, end in ((case.pieces[0], -sp.oo), (case.pieces[-1], sp.oo)):
            key = f"{function}({end})"
            if end not in (piece.lower, piece.upper) or key not in found[name].limits:
                continue
            got = found[name].limits[key].subs(defaults)
            want = SYMPY_IS_WRONG.get((name, key)) or sp.limit(piece.expression.subs(defaults), Z, end)
            assert got == want or (got is sp.nan and want.has(sp.AccumBounds)) or sp.simplify(got - want) == 0


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (
            "sigmoid",
            {"range": "Interval.open(0, 1)", "monotonic": "increasing", "odd": False, "lipschitz": "1/4"},
        ),
        ("tanh", {"range": "Interval.open(-1, 1)", "odd": True, "even": False, "lipschitz": "1"}),
        (
            "relu",
            {"range": "Interval(0, oo)", "monotonic": "increasing", "lipschitz": "1", "certificate": "signs"},
        ),
        ("gelu", {"monotonic": "non-monotonic", "certificate": "balls of both signs", "odd": False}),
        ("logcosh", {"even": True, "odd": False, "lipschitz": "1"}),
        ("softshrink", {"odd": True, "monotonic_for": "all parameters"}),
        ("elu", {"monotonic_for": "alpha = 1", "lipschitz": "Max(1, Abs(alpha))"}),
        ("squareplus", {"monotonic": "increasing", "monotonic_for": "b = 4"}),
        ("reciprocal", {"monotonic": None, "lipschitz": None, "odd": True}),
        ("step", {"lipschitz": "oo", "subdifferentials": []}),
        ("absolute", {"subdifferentials": [{"at": "0", "interval": "Interval(-1, 1)"}]}),
    ],
)
def test_known(name: str, known: dict[str, object], found: dict[str, Properties]) -> None:
    got = found[name].to_json()
    assert {key: got[key] for key in known} == known


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("silu", {"f(-oo)": "0", "f(oo)": "oo", "f'(-oo)": "0", "f'(oo)": "1"}),
        ("logit", {"f(0+)": "-oo", "f(1-)": "oo", "f'(0+)": "oo", "f'(1-)": "oo"}),
        ("sine", {"f(-oo)": None, "f(oo)": None, "f'(-oo)": None, "f'(oo)": None}),
        ("gaussian", {"f(-oo)": "0", "f(oo)": "0", "f'(-oo)": "0", "f'(oo)": "0"}),
    ],
)
def test_limits(name: str, limits: dict[str, str | None], found: dict[str, Properties]) -> None:
    assert found[name].to_json()["limits"] == limits


@pytest.mark.parametrize("expression", [sp.atanh(Z), sp.tan(Z), 1 / Z, sp.asin(Z), sp.sqrt(1 - Z**2)])
def test_nothing_is_claimed_across_a_pole(expression: sp.Expr) -> None:
    """f' of atanh is positive where f is real, and the sign of 1/(1 - z**2) is not asked beyond."""
    got = properties(differentiate(Activation(None, expression)))
    assert got.monotonic in (None, "non-monotonic") and got.lipschitz is None and got.range is None


def test_a_range_is_found_where_none_is_declared() -> None:
    formula = Activation(None, 2 + sp.tanh(Z))
    assert properties(differentiate(formula)).range == sp.Interval.open(1, 3)


@pytest.mark.parametrize(
    ("expression", "at_plus", "at_minus"),
    [
        (Z * sp.exp(-sp.exp(-Z)), sp.oo, 0),
        (sp.exp(Z) * sp.erfc(Z), 0, 0),
        (sp.log(1 + sp.exp(Z)) / Z, 1, 0),
        (1 - sp.tanh(Z) ** 2, 0, 0),
        ((1 - sp.tanh(Z)) * sp.exp(2 * Z), 2, 0),
        (Z**2 / (1 + Z**2), 1, 1),
        (sp.atan(Z) * 2 / sp.pi, 1, -1),
        (sp.exp(Z) / sp.cosh(Z), 2, 0),
        (sp.sin(Z), sp.nan, sp.nan),
        (sp.sqrt(1 + Z**2) + Z, sp.oo, 0),
        (sp.asinh(Z) / Z, 0, 0),
        ((Z * (1 - 1 / (1 + sp.exp(-Z))) + 1) / (1 + sp.exp(-Z)), 1, 0),  # SymPy says 0 and 0
    ],
)
def test_limit(expression: sp.Expr, at_plus: sp.Expr, at_minus: sp.Expr) -> None:
    assert (limit(expression, sp.oo), limit(expression, -sp.oo)) == (at_plus, at_minus)


def test_limits_by_the_sign_of_a_parameter() -> None:
    f = A * sp.exp(B * Z)
    free = Activation(None, f, (Parameter("a", sp.Integer(1)), Parameter("b", sp.Integer(1))))
    got = limit(f, sp.oo, free)
    for a, b, want in ((2, 1, sp.oo), (-2, 1, -sp.oo), (2, -1, 0), (3, 0, 3), (0, 1, 0)):
        assert got.subs({A: a, B: b}) == want
    tied = Activation(None, f, (Parameter("a", sp.Integer(1), A > 0), Parameter("b", sp.Integer(-1), B < 0)))
    assert limit(f, sp.oo, tied) == 0


@pytest.mark.parametrize(
    ("expression", "order"),
    [
        (X**3 * sp.exp(-X), -1),
        (sp.exp(X) / X**9, 1),
        (sp.log(X) / X, -1),
        (1 + 1 / X, 0),
        (sp.exp(sp.log(X)), 1),
    ],
)
def test_growth(expression: sp.Expr, order: int) -> None:
    assert growth(expression).order == order


@pytest.mark.parametrize(
    ("expression", "at", "direction", "want"),
    [
        (1 / sp.sqrt(Z), 0, "+", sp.oo),
        (sp.exp(Z), 0, "-", 1),
        (sp.exp(-1 / Z), 0, "+", 0),
        (sp.sin(Z) / Z, 0, "+", 1),
    ],
)
def test_one_sided(expression: sp.Expr, at: int, direction: str, want: sp.Expr) -> None:
    assert one_sided(expression, sp.Integer(at), direction) == want


def test_equal_proves() -> None:
    settings = [{A: sp.Rational(3, 4)}, {A: sp.Rational(-2, 3)}]
    assert equal((A + 1) ** 2, A**2 + 2 * A + 1, settings)
    assert not equal(A, sp.Abs(A), settings)


T = sp.Symbol("t", positive=True)


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (sp.exp(T) - 1, 1),
        (sp.exp(-T) - 1, -1),
        (1 - sp.tanh(T) ** 2, 1),
        (1 - sp.erf(T), 1),
        (1 + sp.sin(5 * T), 1),
        (sp.exp(-2 * T) - sp.exp(-T), -1),
        (T - T, 0),
        (T - 1, None),
        (sp.exp(T) - 2, None),
        (sp.sin(T), None),
        (sp.exp(T) - 1 - T, None),
    ],
)
def test_sign_of(expression: sp.Expr, sign: int | None) -> None:
    """None where it is not decided, though the last one is positive."""
    assert sign_of(expression) == sign


def test_a_wrong_range_of_a_function_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With tanh said to exceed 1, tanh itself is no longer certainly increasing."""
    from symact import signs

    monkeypatch.setitem(signs.RANGES, sp.tanh, lambda sign, p: sign * (1 + p))
    assert sign_of(1 - sp.tanh(T) ** 2) != 1


@pytest.mark.parametrize("count", [4, 8])
def test_many_parameters_have_a_setting_for_all_signs(count: int) -> None:
    """Beyond three of one sign there were not enough values: all positive was never looked at."""
    symbols = [sp.Symbol(f"a{k}", real=True) for k in range(count)]
    activation = Activation(None, Z, tuple(Parameter(s.name, sp.Integer(1)) for s in symbols))
    (signs, setting), *_ = sign_settings(symbols[:4], activation).items()
    assert signs == (1, 1, 1, 1)
    assert len({setting[symbol] for symbol in symbols[:4]}) == 4
    assert all(setting[symbol] > 0 for symbol in symbols[:4])


def test_a_constant_beside_a_limit_costs_no_signs() -> None:
    a, b, c = (sp.Symbol(name, real=True) for name in "abc")
    assert limit(sp.tanh(a * Z) + b * c, sp.oo).subs({a: -2}) == b * c - 1
