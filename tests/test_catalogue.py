"""The catalogue: contract, kinks, ranges and textbook, each against high-precision numbers."""

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import mpmath as mp
import pytest
import sympy as sp
from textbook import TEXTBOOK, Row

import symact
from symact import catalogue as package
from symact.activations import Activation, Kink, Z, samples
from symact.errors import InvalidActivation, UnknownName

NAMES = list(package.activations())
RANGED = [name for name, activation in package.activations().items() if activation.range is not None]

# The contract's table: parameters in order, with defaults.
WITHOUT_PARAMETERS = (
    "sigmoid tanh relu relu6 hardsigmoid hardswish selu logsigmoid softsign tanhshrink gelu gelu_tanh "
    "quick_gelu silu mish lisht logcosh sparse_plus sparse_sigmoid squared_relu arctan arcsinh erf "
    "normal_cdf gaussian exponential logarithm square_root absolute square reciprocal logit "
    "softplus_inverse step sign d_silu log_normal_cdf"
)
CONTRACT: dict[str, dict[str, str]] = {
    **{name: {} for name in WITHOUT_PARAMETERS.split()},
    "leaky_relu": {"negative_slope": "1/100"},
    "prelu": {"weight": "1/4"},
    "hardtanh": {"min_val": "-1", "max_val": "1"},
    "elu": {"alpha": "1"},
    "celu": {"alpha": "1"},
    "softplus": {"beta": "1"},
    "softshrink": {"lambd": "1/2"},
    "hardshrink": {"lambd": "1/2"},
    "threshold": {"threshold": "0", "value": "0"},
    "thresholded_relu": {"alpha": "1"},
    "swish_beta": {"beta": "1"},
    "squareplus": {"b": "4"},
    "star_relu": {"s": "8944/10000", "b": "-4472/10000"},
    "isru": {"alpha": "1"},
    "isrlu": {"alpha": "1"},
    "scaled_tanh": {"a": "17159/10000", "b": "2/3"},
    "sine": {"omega": "30"},
    "snake": {"alpha": "1"},
    "linear": {"slope": "1", "intercept": "0"},
    "e_swish": {"beta": "11/8"},
    "pelu": {"a": "1", "b": "1"},
    "soft_exponential": {"alpha": "0"},
}

# Reverse mode of PyTorch 2.15 on the CPU, at the defaults.
CONVENTIONS = {
    "relu": {0: "0"},
    "relu6": {0: "0", 6: "0"},
    "leaky_relu": {0: "0.01"},
    "prelu": {0: "0.25"},
    "selu": {0: "1.7580993408473766"},
    "hardtanh": {-1: "0", 1: "0"},
    "hardsigmoid": {-3: "0", 3: "0"},
    "hardswish": {-3: "0", 3: "1"},
    "hardshrink": {-0.5: "0", 0.5: "0"},
    "softshrink": {-0.5: "0", 0.5: "0"},
    "threshold": {0: "0"},
    "absolute": {0: "0"},
}

GRID = [sp.Rational(i, 7) for i in range(-44, 45)] + [sp.Integer(i) for i in range(-6, 7)]


Setting = Mapping[sp.Symbol, sp.Expr]


@cache
def compiled(
    expression: sp.Expr, setting: tuple[tuple[sp.Symbol, sp.Expr], ...]
) -> Callable[[mp.mpf], mp.mpf]:
    return sp.lambdify(Z, expression.subs(dict(setting)), "mpmath")


def number(expression: sp.Expr, point: sp.Expr, setting: Setting) -> mp.mpf:
    """Return an expression's value at an exact point, in mpmath's working precision."""
    return mp.mpf(compiled(expression, tuple(setting.items()))(mp.mpf(int(point.p)) / int(point.q)))


def one_sided(activation: Activation, setting: Setting, point: sp.Expr, side: int) -> tuple[mp.mpf, mp.mpf]:
    """Return the one-sided limits of f and f' by extrapolation from four points: exact on cubics."""
    step = sp.Rational(side, 10**8)
    f = [number(activation.expression, point + k * step, setting) for k in range(1, 5)]
    limit = 4 * f[0] - 6 * f[1] + 4 * f[2] - f[3]
    return limit, (-26 * f[0] + 57 * f[1] - 42 * f[2] + 11 * f[3]) / (6 * side) * 10**8


def slope(activation: Activation, setting: Setting, point: sp.Expr, side: int) -> mp.mpf:
    return one_sided(activation, setting, point, side)[1]


def jumps(activation: Activation, setting: Setting, point: sp.Expr) -> bool:
    """Return whether f or f' jumps at a point."""
    sides = [one_sided(activation, setting, point, side) for side in (-1, 1)]
    return any(abs(a - b) > mp.mpf("1e-5") * (1 + abs(a) + abs(b)) for a, b in zip(*sides, strict=True))


def settings(activation: Activation) -> list[Setting]:
    return [dict(activation.defaults), dict(samples(activation)[0])]


def inside(activation: Activation, setting: Setting) -> list[sp.Expr]:
    """Return the grid's points in the interior of the domain."""
    domain = activation.domain.subs(setting).interior
    return [point for point in GRID if domain.contains(point) == sp.true]


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    with mp.workdps(60):
        yield


def test_there_are_enough() -> None:
    assert len(NAMES) >= 66
    assert list(symact.catalogue()) == NAMES


@pytest.mark.parametrize("name", CONTRACT)
def test_contract(name: str) -> None:
    activation = package.activations()[name]
    given = {parameter.name: parameter.default for parameter in activation.parameters}
    assert list(given.items()) == [(key, sp.Rational(value)) for key, value in CONTRACT[name].items()]


@pytest.mark.parametrize("name", NAMES)
def test_record(name: str) -> None:
    activation = package.activations()[name]
    assert activation.name == name
    assert re.fullmatch("[a-z][a-z0-9_]*", name)
    assert not keyword.iskeyword(name)
    assert activation.display_name
    assert activation.family
    assert activation.source is not None
    assert activation.source.author and activation.source.title and activation.source.reference
    assert not activation.expression.atoms(sp.Float)
    symbols = {parameter.symbol for parameter in activation.parameters}
    assert activation.expression.free_symbols == {Z} | symbols
    for parameter in activation.parameters:
        assert parameter.meaning
        assert not keyword.iskeyword(parameter.name)
        assert parameter.domain.subs(activation.defaults) == sp.true
    for declared in (activation.domain, activation.range or sp.S.Reals):
        assert declared.free_symbols <= symbols


@pytest.mark.parametrize("name", NAMES)
def test_kinks_are_where_the_slope_jumps(name: str) -> None:
    activation = package.activations()[name]
    setting = settings(activation)[1] if activation.parameters else {}
    at = {kink.at.subs(setting) for kink in activation.kinks}
    for point in {*inside(activation, setting), *at}:
        assert jumps(activation, setting, point) == (point in at), f"{name} at {point}, {setting}"


@pytest.mark.parametrize("name", NAMES)
def test_conventions_lie_between_the_slopes_or_are_pytorchs(name: str) -> None:
    activation = package.activations()[name]
    setting = activation.defaults
    given = {float(k.at.subs(setting)): k.convention.subs(setting) for k in activation.kinks}
    if name in CONVENTIONS:
        expected = {float(at): float(value) for at, value in CONVENTIONS[name].items()}
        assert {at: float(value) for at, value in given.items()} == pytest.approx(expected, rel=1e-15)
        return
    for kink in activation.kinks:
        at, value = kink.at.subs(setting), number(kink.convention, sp.S(0), setting)
        left, right = (slope(activation, setting, at, side) for side in (-1, 1))
        jump_of_f = max(abs(left), abs(right)) > 10**6
        assert jump_of_f or min(left, right) - 1e-12 <= value <= max(left, right) + 1e-12


@pytest.mark.parametrize("name", RANGED)
def test_range_holds_the_values(name: str) -> None:
    activation = package.activations()[name]
    for setting in settings(activation):
        values = activation.range.subs(setting)
        for point in inside(activation, setting):
            with mp.workdps(250):  # 1 - exp(-exp(6)) is 1 in 170 digits
                value = number(activation.expression, point, setting)
                exact = sp.Integer(int(value)) if mp.isint(value) else sp.Float(value, 250)
            assert values.contains(exact) == sp.true, f"z = {point}, g = {mp.nstr(value, 9)}"


@pytest.mark.parametrize("name", RANGED)
def test_range_is_not_wider_than_the_values(name: str) -> None:
    activation, setting = package.activations()[name], package.activations()[name].defaults
    declared, domain = activation.range.subs(setting), activation.domain.subs(setting)
    ends = [end for end in (declared.inf, declared.sup) if end.is_finite]
    points = [sp.Rational(i, 100) for i in range(-400, 401)] if ends else []
    points += [sp.Integer(sign * 10**4) for sign in (-1, 1)] if ends and domain == sp.S.Reals else []
    values = [number(activation.expression, p, setting) for p in points if domain.contains(p) == sp.true]
    for end in ends:
        close = min(abs(value - number(end, sp.S(0), {})) for value in values)
        assert close < 2e-3, f"{name}: no value near {end}"


def nearest(activation: Activation, end: mp.mpf) -> mp.mpf:
    """Return how near f comes to a number within 4 of 0 and at kinks, the best of many points made better."""
    setting = activation.defaults
    domain = activation.domain.subs(setting)
    points = [sp.Rational(i, 100) for i in range(-400, 401)] + [k.at.subs(setting) for k in activation.kinks]

    def distance(z: mp.mpf) -> mp.mpf:
        return abs(mp.mpf(compiled(activation.expression, tuple(setting.items()))(z)) - end)

    inside = [mp.mpf(int(p.p)) / int(p.q) for p in points if domain.contains(p) == sp.true]
    best = min(inside, key=distance)
    low, high = best - mp.mpf(1) / 200, best + mp.mpf(1) / 200
    if not all(domain.contains(sp.Float(str(z), 30)) == sp.true for z in (low, high)):
        return distance(best)
    for _ in range(200):
        a, b = (2 * low + high) / 3, (low + 2 * high) / 3
        low, high = (low, b) if distance(a) < distance(b) else (a, high)
    return min(distance(best), distance(low))


@pytest.mark.parametrize("name", RANGED)
def test_an_end_belongs_to_the_range_where_it_is_taken(name: str) -> None:
    activation = package.activations()[name]
    for part in sp.Union(activation.range.subs(activation.defaults), evaluate=False).args:
        for end in {part.inf, part.sup} - {sp.oo, -sp.oo}:
            taken = nearest(activation, number(end, sp.S(0), {})) < mp.mpf(10) ** -25
            assert (part.contains(end) == sp.true) == taken, f"{name}: {end}"


VALUES = (0, 1, -1, sp.Rational(1, 2), -2)
"""What a parameter is tried with, one at a time: where its domain lets it in, there is an f."""


@pytest.mark.parametrize("name", [n for n in NAMES if package.activations()[n].parameters])
def test_for_what_its_domain_lets_in_there_is_an_f(name: str) -> None:
    activation = package.activations()[name]
    for parameter in activation.parameters:
        for value in VALUES:
            setting = {**activation.defaults, parameter.symbol: sp.sympify(value)}
            if not all(p.domain.subs(setting) == sp.true for p in activation.parameters):
                continue
            f = sp.lambdify([Z, *setting], activation.expression, "mpmath")  # SymPy says 0*exp(1/0) = 0
            for point in inside(activation, setting)[::9]:
                try:
                    found = f(*(mp.mpf(int(v.p)) / int(v.q) for v in (point, *setting.values())))
                except ZeroDivisionError:
                    found = mp.nan
                assert mp.isfinite(found), f"{name}: {parameter.name} = {value}, z = {point}"


@pytest.mark.parametrize("row", TEXTBOOK, ids=[row.name for row in TEXTBOOK])
def test_textbook_is_the_slope(row: Row) -> None:
    activation = package.activations()[row.name]
    assert row.source
    for setting in [*settings(activation), *(dict(s) for s in samples(activation)[1:])]:
        kinks = {kink.at.subs(setting) for kink in activation.kinks}
        for point in inside(activation, setting)[::4]:
            if point in kinks:
                continue
            want = (slope(activation, setting, point, 1) + slope(activation, setting, point, -1)) / 2
            got = number(row.derivative, point, setting)
            assert abs(got - want) <= mp.mpf("1e-15") * (1 + abs(want)), f"z = {point}, {setting}"
        for kink in activation.kinks:
            at = kink.at.subs(setting)
            assert sp.simplify(row.derivative.subs(setting).subs(Z, at) - kink.convention.subs(setting)) == 0


def test_textbook_is_long_enough() -> None:
    assert len({row.name for row in TEXTBOOK}) == len(TEXTBOOK) >= 40


def test_names_are_one_namespace() -> None:
    claimed = [name for a in package.activations().values() for name in (a.name, *a.aliases)]
    assert len(claimed) == len(set(claimed))
    for name in claimed:
        assert re.fullmatch("[a-z][a-z0-9_]*", name)
    assert package.resolve("swish").name == "silu"
    assert package.resolve("logistic").name == "sigmoid"
    assert package.resolve("hard_silu").name == "hardswish"
    assert package.resolve("soft_relu").name == "softplus"


def test_is_read_only() -> None:
    with pytest.raises(TypeError):
        package.activations()["relu"] = package.activations()["tanh"]  # type: ignore[index]


@pytest.mark.parametrize(
    "second",
    [
        Activation("relu", Z),
        Activation("other", Z, aliases=("relu",)),
        Activation("other", Z, aliases=("other",)),
        Activation(None, Z),
    ],
)
def test_a_name_claimed_twice_stops(second: Activation) -> None:
    with pytest.raises(InvalidActivation):
        package.index_names([Activation("relu", sp.Max(Z, 0)), second])


def test_unknown_names_get_near_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean 'sigmoid'"):
        package.resolve("sigmiod")
    with pytest.raises(UnknownName, match="symact list"):
        package.resolve("qqqqqq")


def test_a_forgotten_kink_is_seen() -> None:
    relu = replace(package.activations()["relu"], kinks=(Kink(sp.S(1), sp.S(0)),))
    assert jumps(relu, {}, sp.S(0))
    assert not jumps(relu, {}, sp.S(1))
