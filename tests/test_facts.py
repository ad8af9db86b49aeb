"""Facts of the whole catalogue against mpmath, textbook values, and planted faults that must be seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from flint import arb

from symact.activations import Activation, Parameter, Z
from symact.arithmetics import constant
from symact.asymptotics import expanded
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.enclosures.tails import Tails
from symact.growth import X
from symact.pieces import Piece
from symact.properties import Enclosure, Fact, properties
from symact.properties.charts import Chart, Uncharted, chart
from symact.properties.facts import written
from symact.properties.monotonicity import Interval
from symact.properties.periods import Periodic
from symact.properties.symmetry import Symmetry

QUICK = {
    *("relu", "leaky_relu", "elu", "hardswish", "hardshrink", "step", "softsign", "isrlu", "absolute"),
    *("sigmoid", "silu", "gaussian", "snake", "reciprocal", "logit", "square_root", "logarithm"),
}
"""What every run looks at: each kind of domain, kink, end and period. Others are thorough."""
DIGITS = 50
"""Of the oracle: 1 + erf(z) loses 44 at z = -14."""
STEP = mp.mpf(1) / 25
"""Between points of a dense sample."""
SLACK = mp.mpf("1e-18")
"""Beside the enclosures' 20 digits: the oracle's own error."""


def rows(table: Iterable[Any]) -> list[Any]:
    """Return the rows of a table, those of activations that are not quick marked as thorough."""
    return [
        pytest.param(*row, marks=() if row[0] in QUICK else pytest.mark.thorough)
        for row in ((one,) if isinstance(one, str) else one for one in table)
    ]


NAMES = rows(sorted(catalogue()))


@pytest.fixture(autouse=True)
def oracle_precision() -> Iterator[None]:
    with mp.workdps(40):
        yield


@pytest.fixture(scope="module")
def facts() -> Callable[[str], Mapping[str, Fact]]:
    kept: dict[str, Mapping[str, Fact]] = {}

    def of(name: str) -> Mapping[str, Fact]:
        if name not in kept:
            kept[name] = properties(differentiate(catalogue()[name])).facts
        return kept[name]

    return of


# --- the oracle: mpmath on the definition, no code of ours -------------------------------------------


class Oracle:
    """f at the default parameters, by mpmath."""

    def __init__(self, activation: Activation) -> None:
        self.expression = activation.expression.subs(activation.defaults)
        self.f = sp.lambdify(Z, self.expression, "mpmath")
        domain = activation.domain.subs(activation.defaults)
        self.breaks = sorted(number(at) for at in switches(self.expression) | set(domain.boundary))
        parts = domain.args if isinstance(domain, sp.Union) else (domain,)
        self.parts = [(number(part.inf), number(part.sup)) for part in parts]
        points = [mp.mpf(k) / 7 + mp.mpf((-1) ** k) / 1000 for k in range(-60, 61, 4)]
        points += [mp.mpf(k) / 100 + mp.mpf(1) / 3000 for k in range(-98, 100, 9)]
        self.points = sorted(z for z in points if domain.contains(sp.Float(z)) == sp.true)

    def derivative(self, z: Any, order: int = 1) -> Any:
        with mp.workdps(80):
            return mp.diff(self.f, z, order, h=mp.mpf("1e-25"))

    @cached_property
    def runs(self) -> list[list[tuple[Any, Any]]]:
        """Return (z, f(z)) at points `STEP` apart, a list for each part of the domain."""
        with mp.workdps(DIGITS):
            grid = [-12 + k * STEP + mp.mpf(1) / 3000 for k in range(int(24 / STEP))]
            return [[(z, self.f(z)) for z in grid if low < z < high] for low, high in self.parts]

    def moment(self, order: int, power: int) -> Any:
        ends = sorted({-14, -9, -4, -2, 0, 2, 4, 9, 14, *self.breaks})
        slope = sp.diff(self.expression, Z).replace(sp.DiracDelta, lambda *_: sp.S.Zero)
        slope = sp.lambdify(Z, slope, "mpmath") if order else self.f
        with mp.workdps(DIGITS):
            total = mp.mpf(0)
            for low, high in pairwise(ends):
                total += mp.quad(lambda z: slope(z) ** power * mp.npdf(z), [low, high])
            return total


def switches(expression: sp.Expr) -> set[sp.Expr]:
    """Return where the functions that switch do so."""
    found = [node.args[0] for node in expression.atoms(sp.Abs, sp.sign)]
    found += [a - b for node in expression.atoms(sp.Max, sp.Min) for a, b in pairwise(node.args)]
    found += [r.lhs - r.rhs for r in expression.atoms(sp.core.relational.Relational)]
    return {root for switch in found for root in sp.solve(switch, Z) if root.is_real}


def number(value: Any) -> Any:
    """Return a number of a fact, or the middle of its enclosure, as an mpf."""
    if isinstance(value, Enclosure):
        return (fraction(value.lower) + fraction(value.upper)) / 2
    value = value.subs(DEFAULTS)
    if value.is_infinite:
        return mp.inf if value == sp.oo else -mp.inf
    with mp.workdps(60):
        return mp.mpf(str(sp.N(value, 60)))


def fraction(value: Fraction) -> Any:
    with mp.workdps(60):
        return mp.mpf(value.numerator) / value.denominator


def ends(value: Any) -> tuple[Any, Any]:
    if isinstance(value, Enclosure):
        return fraction(value.lower), fraction(value.upper)
    return number(value), number(value)


def unrolled(value: Any) -> tuple[Any, ...]:
    """Return points or intervals as far as the oracle looks, what repeats as often as it does there."""
    if not isinstance(value, Periodic):
        return value
    times = range(-int(13 / number(value.period)) - 1, int(13 / number(value.period)) + 2)
    return tuple(shifted(one, k * value.period) for k in times for one in value.values)


def shifted(one: Any, by: sp.Expr) -> Any:
    if isinstance(one, Interval):
        return Interval(shifted(one.lower, by), shifted(one.upper, by), one.kind)
    return Enclosure(one.ball + constant(by)) if isinstance(one, Enclosure) else one + by


# --- what contradicts a fact --------------------------------------------------------------------------


def contradictions(activation: Activation, found: Mapping[str, Fact]) -> Iterator[str]:
    """Yield each fact that numbers contradict."""
    oracle = Oracle(activation)
    for name, check in CHECKS.items():
        if found[name].value is not None and not check(oracle, found[name].value):
            yield f"{name}: {found[name].to_json()}"


def moment_holds(order: int, power: int) -> Callable[[Oracle, Any], bool]:
    def check(oracle: Oracle, value: Any) -> bool:
        low, high = ends(value)
        want = oracle.moment(order, power)
        return bool(high - low < mp.mpf("1e-15") * max(1, abs(high)) and low - SLACK <= want <= high + SLACK)

    return check


def roots_hold(order: int) -> Callable[[Oracle, Any], bool]:
    """f^(order) changes its sign over each enclosure, or is 0 there; and changes it nowhere else."""

    def check(oracle: Oracle, value: Any) -> bool:
        crossings = []
        for root in unrolled(value):
            if isinstance(value, Periodic) and root not in value.values:
                crossings.append(number(root))  # as that one which is looked at
                continue
            low, high = ends(root)
            step = mp.mpf("1e-17")
            signs = [mp.sign(oracle.derivative(z, order)) for z in (low - step, high + step)]
            if signs[0] == signs[1] and abs(oracle.derivative(number(root), order)) > mp.mpf("1e-12"):
                return False
            crossings += [number(root)] if signs[0] != signs[1] else []
        ordered = sorted([*oracle.points, *crossings])
        for low, high in pairwise(ordered):
            if any(low <= at <= high for at in (*oracle.breaks, *crossings)):
                continue
            a, b = (oracle.derivative(z, order) for z in (low, high))
            if min(a, b) < -mp.mpf("1e-15") and max(a, b) > mp.mpf("1e-15"):
                return False
        return True

    return check


SIGNS = {"increasing": 1, "convex": 1, "decreasing": -1, "concave": -1, "constant": 0, "affine": 0}


def intervals_hold(order: int) -> Callable[[Oracle, Any], bool]:
    def check(oracle: Oracle, value: Any) -> bool:
        intervals = [(number(one.lower), number(one.upper), one.kind) for one in unrolled(value)]
        for z in oracle.points:
            inside = [kind for low, high, kind in intervals if low < z < high]
            d = oracle.derivative(z, order)
            if len(inside) != 1 or (abs(d) > mp.mpf("1e-15") and mp.sign(d) != SIGNS[inside[0]]):
                return False
        return True

    return check


def supremum_holds(order: int) -> Callable[[Oracle, Any], bool]:
    def check(oracle: Oracle, value: Any) -> bool:
        largest = max(abs(oracle.derivative(z, order)) for z in oracle.points)
        low, high = ends(value)
        return bool(largest <= high + SLACK and (high == mp.inf or largest >= low * mp.mpf("0.5")))

    return check


def range_holds(oracle: Oracle, value: Any) -> bool:
    values = [oracle.f(z) for z in oracle.points]
    if isinstance(value, sp.Set):
        whole = value.subs(DEFAULTS)
        spans = [(number(whole.inf), number(whole.sup))]
    else:
        spans = [(ends(span.lower.number)[0], ends(span.upper.number)[1]) for span in value]
    return all(any(low - SLACK <= v <= high + SLACK for low, high in spans) for v in values)


def fixed_points_hold(oracle: Oracle, value: Any) -> bool:
    for one in value.values if isinstance(value, Periodic) else value:
        if isinstance(one, Interval):
            inside = [z for z in oracle.points if number(one.lower) < z < number(one.upper)]
            if any(abs(oracle.f(z) - z) > SLACK for z in inside):
                return False
        else:
            low, high = ends(one)
            with mp.workdps(40):
                gaps = [oracle.f(z) - z for z in (low - SLACK, number(one), high + SLACK)]
            if mp.sign(gaps[0]) == mp.sign(gaps[2]) and abs(gaps[1]) > SLACK:
                return False
    return True


def inverse_holds(oracle: Oracle, value: Any) -> bool:
    back = sp.lambdify(sp.Symbol("g", real=True), value, "mpmath")
    with mp.workdps(60):
        return all(abs(back(oracle.f(z)) - z) < mp.mpf("1e-20") for z in oracle.points if abs(z) < 4)


def series_hold(oracle: Oracle, value: Any) -> bool:
    with mp.workdps(60):
        for name, polynomial in value.items():
            step = mp.mpf("1e-4") * (-1 if name == "z < 0" else 1)
            at = sp.lambdify(Z, polynomial, "mpmath")
            if abs(at(step) - oracle.f(step)) > mp.mpf("1e-12"):
                return False
    return True


def asymptotes_hold(oracle: Oracle, value: Any) -> bool:
    for name, line in value.items():
        if name == "vertical":
            continue
        at = mp.mpf(-5000 if name == "-oo" else 5000)
        with mp.workdps(40):
            if line is not None and abs(sp.lambdify(Z, line, "mpmath")(at) - oracle.f(at)) > mp.mpf("0.02"):
                return False
    return True


def symmetry_holds(oracle: Oracle, value: Symmetry) -> bool:
    c = number(value.centre)
    level = mp.mpf(0) if value.level is None else number(value.level)
    parity = 1 if value.level is None else -1
    with mp.workdps(40):
        random = [mp.mpf(Random(4).uniform(-9, 9)) for _ in range(20)]
        inside = [z for z in random if any(low < z < high for low, high in oracle.parts)]
        pairs = [(oracle.f(z), oracle.f(2 * c - z)) for z in (*oracle.points[::3], *inside)]
        return all(abs(mirrored - level - parity * (f - level)) < SLACK for f, mirrored in pairs)


CHECKS: Mapping[str, Callable[[Oracle, Any], bool]] = {
    "range": range_holds,
    "monotone_intervals": intervals_hold(1),
    "convex_intervals": intervals_hold(2),
    "symmetry": symmetry_holds,
    "lipschitz": supremum_holds(1),
    "lipschitz_derivative": supremum_holds(2),
    "asymptotes": asymptotes_hold,
    "critical_points": roots_hold(1),
    "inflection_points": roots_hold(2),
    "fixed_points": fixed_points_hold,
    "inverse": inverse_holds,
    "series": series_hold,
    "mean": moment_holds(0, 1),
    "second_moment": moment_holds(0, 2),
    "derivative_second_moment": moment_holds(1, 2),
}

# --- what a dense sample contradicts: values alone, no derivative ------------------------------------


def dense_contradictions(activation: Activation, found: Mapping[str, Fact]) -> Iterator[str]:
    """Yield each fact that values of f at many points contradict."""
    oracle = Oracle(activation)
    runs = oracle.runs
    for name, check in DENSE.items():
        if found[name].value is not None and not all(check(oracle, run, found[name].value) for run in runs):
            yield name


Run = list[tuple[Any, Any]]


def steps(run: Run, order: int) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the ends of each stretch of the sample, and the difference over it: f^(order) has its sign."""
    values = [v for _, v in run]
    for k in range(len(run) - order):
        a = values[k : k + 3]
        yield run[k][0], run[k + order][0], a[1] - a[0] if order == 1 else a[0] - 2 * a[1] + a[2]


def dense_intervals(order: int) -> Callable[[Oracle, Run, Any], bool]:
    def check(oracle: Oracle, run: Run, value: Any) -> bool:
        intervals = [(number(one.lower), number(one.upper), SIGNS[one.kind]) for one in unrolled(value)]
        for a, b, difference in steps(run, order):
            signs = [sign for low, high, sign in intervals if low <= a and b <= high]
            if signs and abs(difference) > TINY and mp.sign(difference) != signs[0]:
                return False
            if not signs and not any(a <= end <= b for low, high, _ in intervals for end in (low, high)):
                return False
        return True

    return check


def dense_kind(order: int, kinds: Mapping[str, int]) -> Callable[[Oracle, Run, Any], bool]:
    def check(oracle: Oracle, run: Run, value: Any) -> bool:
        signs = {mp.sign(d) for _, _, d in steps(run, order) if abs(d) > TINY}
        claimed = next((sign for kind, sign in kinds.items() if value.startswith(kind)), None)
        if claimed is None:  # of neither kind: by both signs, or by a jump or a hole
            return len(signs) == 2 or len(oracle.parts) > 1
        return signs <= {claimed}

    return check


def dense_supremum(order: int) -> Callable[[Oracle, Run, Any], bool]:
    def check(oracle: Oracle, run: Run, value: Any) -> bool:
        low, high = ends(value)
        steepest = max(abs(d) for _, _, d in steps(run, order)) / STEP**order
        return bool(high == mp.inf or low * mp.mpf("0.85") <= steepest <= high + TINY / STEP**order)

    return check


def dense_range(oracle: Oracle, run: Run, value: Any) -> bool:
    if isinstance(value, sp.Set):
        whole = value.subs(DEFAULTS)
        parts = whole.args if isinstance(whole, sp.Union) else (whole,)
        spans = [(number(part.inf), number(part.sup)) for part in parts]
    else:
        spans = [(ends(span.lower.number)[0], ends(span.upper.number)[1]) for span in value]
    return all(any(low - TINY <= v <= high + TINY for low, high in spans) for _, v in run) and all(
        mp.isinf(end) or min(abs(v - end) for r in oracle.runs for _, v in r) < mp.mpf("0.1")
        for end in (min(low for low, _ in spans), max(high for _, high in spans))
    )


def dense_roots(oracle: Oracle, run: Run, value: Any) -> bool:
    """Where the differences change their sign there is a root of f', or a break."""
    known = [*map(number, unrolled(value)), *oracle.breaks]
    for (a, _, rise), (_, c, fall) in pairwise(steps(run, 1)):
        if rise * fall < 0 and min(abs(rise), abs(fall)) > TINY and not any(a <= at <= c for at in known):
            return False
    return True


def dense_fixed_points(oracle: Oracle, run: Run, value: Any) -> bool:
    points = [one for one in unrolled(value) if not isinstance(one, Interval)]
    spans = [(number(one.lower), number(one.upper)) for one in unrolled(value) if isinstance(one, Interval)]
    known = [*map(number, points), *oracle.breaks, *(end for span in spans for end in span)]
    for (a, f), (b, g) in pairwise(run):
        if (f - a) * (g - b) < -(TINY**2) and not any(a <= at <= b for at in known):
            return False
    return all(abs(f - z) < TINY for z, f in run if any(low < z < high for low, high in spans))


TINY = mp.mpf("1e-30")
"""Above the error of differences of the oracle's values."""

DENSE: Mapping[str, Callable[[Oracle, Run, Any], bool]] = {
    "range": dense_range,
    "monotonicity": dense_kind(1, {"increasing": 1, "decreasing": -1, "constant": 0}),
    "monotone_intervals": dense_intervals(1),
    "convexity": dense_kind(2, {"convex": 1, "concave": -1, "affine": 0}),
    "convex_intervals": dense_intervals(2),
    "lipschitz": dense_supremum(1),
    "lipschitz_derivative": dense_supremum(2),
    "critical_points": dense_roots,
    "fixed_points": dense_fixed_points,
}

DEFAULTS = {s: v for activation in catalogue().values() for s, v in activation.defaults.items()}


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_no_fact_is_contradicted(name: str, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    activation = catalogue()[name]
    DEFAULTS.update(activation.defaults)  # parameters of different activations share names
    assert list(contradictions(activation, facts(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_dense_sample_contradicts(name: str, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    activation = catalogue()[name]
    DEFAULTS.update(activation.defaults)
    assert list(dense_contradictions(activation, facts(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_decided(name: str, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    """Each fact has a method, and of the catalogue each is proven, or proven to be none."""
    found = facts(name)
    assert all(fact.method for fact in found.values())
    assert [key for key, fact in found.items() if "not proven" in fact.method] == []


# --- textbook values ----------------------------------------------------------------------------------

SQUARE_ROOT_OF_2_PI = 1 / mp.sqrt(2 * mp.pi)


@pytest.mark.parametrize(
    ("name", "fact", "want"),
    rows(
        [
            ("relu", "mean", "0.398942280401432677939946059934"),  # 1/sqrt(2 pi)
            ("relu", "second_moment", "0.5"),
            ("relu", "derivative_second_moment", "0.5"),
            ("relu", "gain_forward", "1.41421356237309504880168872421"),
            ("gelu", "mean", "0.282094791773878143474039725780"),  # 1/(2 sqrt(pi)), by Stein's identity
            ("exponential", "mean", "1.64872127070012814684865078781"),  # exp(1/2)
            ("exponential", "second_moment", "7.38905609893065022723042746058"),  # exp(2)
            ("square", "second_moment", "3"),
            ("absolute", "mean", "0.797884560802865355879892119869"),  # sqrt(2/pi)
            ("gaussian", "mean", "0.577350269189625764509148780502"),  # 1/sqrt(3)
            ("selu", "second_moment", "1.0000000000000000"),  # the fixed point of Klambauer et al.
        ]
    ),
)
def test_moments(name: str, fact: str, want: str, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    low, high = ends(facts(name)[fact].value)
    slack = mp.mpf("1e-12") if name == "selu" else SLACK
    with mp.workdps(40):
        assert low - slack <= mp.mpf(want) <= high + slack


def test_selu_normalises(facts: Callable[[str], Mapping[str, Fact]]) -> None:
    low, high = ends(facts("selu")["mean"].value)
    assert max(abs(low), abs(high)) < mp.mpf("1e-12")


@pytest.mark.parametrize(
    ("name", "fact", "want"),
    rows(
        [
            ("sigmoid", "lipschitz", "1/4"),
            ("sigmoid", "lipschitz_derivative", "sqrt(3)/18"),
            ("sigmoid", "mean", "1/2"),
            ("sigmoid", "inverse", "log(g/(1 - g))"),
            ("sigmoid", "symmetry", {"kind": "point", "centre": "0", "level": "1/2"}),
            ("sigmoid", "asymptotes", {"-oo": "0", "oo": "1", "vertical": []}),
            ("sigmoid", "inflection_points", ["0"]),
            ("tanh", "lipschitz", "1"),
            ("tanh", "symmetry", {"kind": "odd", "centre": "0", "level": "0"}),
            ("tanh", "fixed_points", ["0"]),
            ("hardsigmoid", "symmetry", {"kind": "point", "centre": "0", "level": "1/2"}),
            ("logit", "symmetry", {"kind": "point", "centre": "1/2", "level": "0"}),
            ("gelu", "inflection_points", ["-sqrt(2)", "sqrt(2)"]),
            ("gelu", "lipschitz", "exp(-1)/sqrt(pi) + erf(1)/2 + 1/2"),
            ("gelu", "asymptotes", {"-oo": "0", "oo": "z", "vertical": []}),
            ("relu", "convexity", "convex"),
            ("relu", "lipschitz_derivative", "oo"),
            ("relu", "fixed_points", [{"from": "0", "to": "oo", "is": "fixed"}]),
            ("softplus", "convexity", "convex"),
            ("logsigmoid", "convexity", "concave"),
            ("log_normal_cdf", "convexity", "concave"),
            ("log_normal_cdf", "lipschitz_derivative", "1"),
            ("linear", "convexity", "affine"),
            ("silu", "convexity", "neither"),
            ("softplus", "asymptotes", {"-oo": "0", "oo": "z", "vertical": []}),
            ("squareplus", "asymptotes", {"-oo": "0", "oo": "z", "vertical": []}),
            ("reciprocal", "inverse", "1/g"),
            ("reciprocal", "fixed_points", ["-1", "1"]),
            ("reciprocal", "lipschitz", "oo"),
            ("square_root", "lipschitz", "oo"),
            ("gaussian", "inflection_points", ["-sqrt(2)/2", "sqrt(2)/2"]),
            ("sine", "symmetry", {"kind": "odd", "centre": "0", "level": "0"}),
            ("sine", "lipschitz", "30"),
            ("sine", "lipschitz_derivative", "900"),
            ("sine", "critical_points", {"period": "pi/15", "in one period": ["-pi/60", "pi/60"]}),
            ("sine", "inflection_points", {"period": "pi/15", "in one period": ["-pi/30", "0"]}),
            ("snake", "monotonicity", "increasing"),
            ("snake", "critical_points", {"period": "pi", "in one period": ["-pi/4"]}),  # f' touches 0
            ("snake", "fixed_points", {"period": "pi", "in one period": ["0"]}),
            ("snake", "lipschitz", "2"),
            ("reciprocal", "monotonicity", "decreasing on each interval of the domain"),
            ("softplus", "lipschitz", "1"),
            ("softplus", "lipschitz_derivative", "1/4"),
            ("silu", "lipschitz_derivative", "1/2"),
            ("elu", "lipschitz", "Max(1, Abs(alpha))"),
            ("elu", "differentiability", "C^1"),
            ("relu", "differentiability", "C^0"),
            ("leaky_relu", "differentiability", "C^0"),
            ("softsign", "differentiability", "C^1"),
            ("isrlu", "differentiability", "C^2"),
            ("step", "differentiability", "discontinuous"),
            ("sigmoid", "differentiability", "analytic"),
            ("softplus", "differentiability", "analytic"),
            ("gelu", "differentiability", "analytic"),
            ("celu", "differentiability", "C^1"),
            ("squared_relu", "differentiability", "C^1"),
            ("reciprocal", "differentiability", "analytic"),
        ]
    ),
)
def test_textbook(name: str, fact: str, want: Any, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    assert facts(name)[fact].to_json()["value"] == want


@pytest.mark.parametrize(
    ("name", "fact", "digits"),
    rows(
        [
            ("silu", "range", "-0.2784645427610738"),  # -W(1/e)
            ("gelu", "range", "-0.16997120747990366"),
            ("mish", "range", "-0.3088434130172504"),
            ("silu", "lipschitz", "1.09983932012886"),
            ("mish", "lipschitz", "1.0884981612517"),
            ("silu", "critical_points", "-1.27846454276107"),
            ("gelu", "critical_points", "-0.75179152469356"),
            ("sigmoid", "fixed_points", "0.65904606840740"),
            ("gelu", "lipschitz", "1.1289041451851"),
            ("selu", "lipschitz", "1.7580993408473"),  # lambda alpha
            ("tanh", "lipschitz_derivative", "0.7698003589195"),  # 4/(3 sqrt(3))
            ("silu", "inflection_points", "-2.3993572805154"),
        ]
    ),
)
def test_enclosures(name: str, fact: str, digits: str, facts: Callable[[str], Mapping[str, Fact]]) -> None:
    value = facts(name)[fact].value
    value = value[0] if isinstance(value, tuple) else value
    value = value.lower.number if fact == "range" else value
    places = len(digits.split(".")[1])
    assert all(abs(end - mp.mpf(digits)) < mp.mpf(10) ** -places for end in ends(value))


@pytest.mark.parametrize(
    ("name", "classes"),
    rows(
        [
            ("relu", ["C^0"]),
            ("squared_relu", ["C^1"]),
            ("step", ["jump"]),
            ("elu", ["C^1"]),
            ("isrlu", ["C^2"]),
            ("softsign", ["C^1"]),
            ("hardswish", ["C^0", "C^0"]),
            ("sparse_plus", ["C^1", "C^1"]),
            ("hardshrink", ["jump", "jump"]),
            ("tanh", []),
        ]
    ),
)
def test_smoothness(name: str, classes: list[str], facts: Callable[[str], Mapping[str, Fact]]) -> None:
    assert [kink["class"] for kink in facts(name)["smoothness"].value] == classes


def test_a_class_of_other_parameters_is_said(facts: Callable[[str], Mapping[str, Fact]]) -> None:
    """ELU is C^1 at alpha = 1, and at no other alpha."""
    assert [kink["generic"] for kink in facts("elu")["smoothness"].value] == ["C^0"]


@pytest.mark.parametrize(
    ("expression", "fact", "method"),
    [
        (1 / Z, "mean", "diverges"),
        (sp.exp(Z**2), "mean", "diverges"),
        (sp.log(Z), "mean", "not defined"),
    ],
)
def test_a_moment_that_is_none(expression: sp.Expr, fact: str, method: str) -> None:
    domain = sp.Interval.open(0, sp.oo) if expression.has(sp.log) else sp.S.Reals
    if expression == 1 / Z:
        domain = sp.S.Reals - {0}
    got = properties(differentiate(Activation(None, expression, domain=domain))).facts[fact]
    assert got.value is None and method in got.method


POLE = Z / (Z**2 - 1)


@pytest.mark.parametrize(
    ("expression", "fact", "want"),
    [
        (1 / Z, "monotonicity", "decreasing on each interval of the domain"),
        (1 / Z, "range", "Union(Interval.open(-oo, 0), Interval.open(0, oo))"),
        (1 / Z, "inverse", "1/g"),
        (POLE, "asymptotes", {"-oo": "0", "oo": "0", "vertical": ["-1", "1"]}),
        (POLE, "monotonicity", "decreasing on each interval of the domain"),
        (POLE, "fixed_points", ["-sqrt(2)", "0", "sqrt(2)"]),
        (POLE, "mean", None),
        (sp.exp(sp.sin(Z)), "range", "Interval(exp(-1), E)"),
        (2 * Z + sp.sin(Z), "range", "Reals"),
        (2 * Z + sp.sin(Z), "critical_points", []),
        (sp.sin(Z) + sp.cos(Z), "lipschitz", "sqrt(2)"),
    ],
)
def test_formulas_with_poles_or_periods(expression: sp.Expr, fact: str, want: Any) -> None:
    """Nothing is declared of them: poles and periods are found."""
    assert properties(differentiate(Activation(None, expression))).facts[fact].to_json()["value"] == want


def test_a_value_that_a_parameter_may_not_have_gives_no_limit() -> None:
    b = Parameter("b", sp.Integer(1))
    f = Activation(None, sp.log(1 + sp.exp(b.symbol * Z)) / b.symbol, (b,))
    limits = properties(differentiate(f)).limits
    assert limits["f(-oo)"].subs(b.symbol, 0) is sp.nan and limits["f(-oo)"].subs(b.symbol, 2) == 0


def test_facts_hold_at_the_defaults() -> None:
    a = Parameter("a", sp.Integer(2))
    stretched = Activation(None, sp.tanh(a.symbol * Z), (a,))
    found = properties(differentiate(stretched)).facts
    assert found["mean"].where == "all parameters" and found["second_moment"].where == "a = 2"
    assert "where the integral converges, as for a = 2" in found["mean"].method


# --- planted faults -----------------------------------------------------------------------------------


def moved(value: Enclosure, by: str) -> Enclosure:
    return Enclosure(value.ball + arb(by))


FAULTS: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("silu", "critical_points", lambda roots: (moved(roots[0], "1e-12"),)),
    ("silu", "critical_points", lambda roots: ()),
    ("silu", "inflection_points", lambda roots: roots[:1]),
    ("gelu", "symmetry", lambda none: Symmetry("odd", sp.S.Zero, sp.S.Zero)),
    ("sigmoid", "symmetry", lambda known: Symmetry("point", sp.S.Zero, sp.S.One)),
    ("gelu", "second_moment", lambda moment: moved(moment, "1e-15")),
    ("relu", "mean", lambda moment: Enclosure(arb("0.3989", 1e-6))),
    ("tanh", "lipschitz", lambda known: sp.Rational(9, 10)),
    ("mish", "lipschitz", lambda known: sp.Integer(3)),
    ("tanh", "lipschitz_derivative", lambda known: sp.Rational(7, 10)),
    ("gelu", "range", lambda known: sp.Interval(0, sp.oo)),
    ("sigmoid", "inverse", lambda known: sp.log(sp.Symbol("g", real=True))),
    ("sigmoid", "fixed_points", lambda roots: (moved(roots[0], "1e-10"),)),
    ("silu", "series", lambda known: {"at 0": Z / 2 + Z**2 / 3}),
    ("softplus", "asymptotes", lambda known: {"-oo": sp.S.Zero, "oo": Z + 1}),
    ("silu", "monotone_intervals", lambda known: known[1:]),
    ("gelu", "convex_intervals", lambda known: (Interval(-sp.oo, sp.oo, "convex"),)),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "fact", "plant"), FAULTS)
def test_a_planted_fault_is_seen(
    name: str, fact: str, plant: Callable[[Any], Any], facts: Callable[[str], Mapping[str, Fact]]
) -> None:
    found = dict(facts(name))
    found[fact] = Fact(plant(found[fact].value), "planted")
    assert [seen.split(":")[0] for seen in contradictions(catalogue()[name], found)] == [fact]


DENSE_FAULTS: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("silu", "range", lambda known: sp.Interval(sp.Rational(-2784, 10000), sp.oo)),
    ("silu", "range", lambda known: sp.Interval(-1, sp.oo)),
    ("silu", "monotonicity", lambda known: "increasing"),
    ("sigmoid", "monotonicity", lambda known: "non-monotonic"),
    ("silu", "monotone_intervals", lambda known: (Interval(-sp.oo, sp.oo, "increasing"),)),
    ("silu", "convexity", lambda known: "convex"),
    ("elu", "convexity", lambda known: "neither"),
    ("gaussian", "convex_intervals", lambda known: known[:1]),
    ("sigmoid", "lipschitz", lambda known: sp.Rational(24, 100)),
    ("sigmoid", "lipschitz", lambda known: sp.Rational(30, 100)),
    ("silu", "lipschitz_derivative", lambda known: sp.Rational(49, 100)),
    ("silu", "critical_points", lambda known: ()),
    ("snake", "convex_intervals", lambda known: Periodic(2 * known.period, known.values)),
    ("sigmoid", "fixed_points", lambda known: ()),
]


@pytest.mark.parametrize(("name", "fact", "plant"), rows(DENSE_FAULTS))
def test_a_dense_sample_sees_a_planted_fault(
    name: str, fact: str, plant: Callable[[Any], Any], facts: Callable[[str], Mapping[str, Fact]]
) -> None:
    found = dict(facts(name))
    found[fact] = Fact(plant(found[fact].value), "planted")
    assert list(dense_contradictions(catalogue()[name], found)) == [fact]


# --- the engines --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "signs"),
    [
        (Z**2, [1, 1]),
        (Z**3, [-1, 1]),
        (sp.exp(Z) - 1 - Z, [1, 1]),
        (Z * sp.exp(-(Z**2)) + sp.exp(-2 * Z**2), [-1, 1]),
        (1 - sp.erf(Z), [1]),
        (sp.atan(Z), [-1, 1]),
        (1 / (1 + Z**2) - sp.Rational(1, 2), [-1, 1, -1]),
        (sp.sqrt(1 + Z**2) + Z, [1]),
    ],
)
def test_chart(expression: sp.Expr, signs: list[int]) -> None:
    found = chart(Piece(-sp.oo, sp.oo, expression), Z)
    assert isinstance(found, Chart) and [stretch.sign for stretch in found.stretches] == signs


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (Z * sp.sin(Z), "leading terms do not tell the sign towards z = -oo"),
        (sp.tan(Z), "balls do not tell the sign near z = 1.57"),
        (1 / Z, "balls do not tell the sign near z = "),
        (sp.sin(Z) - sp.sin(sp.pi * Z), "leading terms do not tell"),  # no period
    ],
)
def test_no_chart_where_there_is_no_proof(expression: sp.Expr, why: str) -> None:
    """Infinitely many roots without a period, or a pole: why is said."""
    found = chart(Piece(-sp.oo, sp.oo, expression), expression)
    assert isinstance(found, Uncharted) and why in found.why


@pytest.mark.parametrize(
    ("expression", "length", "roots", "signs"),
    [
        (sp.sin(Z), 2 * sp.pi, (-sp.pi, 0), [-1, 1]),
        (1 + sp.sin(2 * Z), sp.pi, (-sp.pi / 4,), [1]),
        (sp.sin(Z) ** 3, 2 * sp.pi, (-sp.pi, 0), [-1, 1]),
        (2 + sp.cos(Z), None, (), [1]),
        (sp.cos(Z / 2) * sp.cos(Z / 3), 12 * sp.pi, 10, None),
        (sp.sin(Z) - sp.Rational(1, 3), 2 * sp.pi, 2, [1, -1]),
    ],
)
def test_chart_of_a_period(
    expression: sp.Expr, length: sp.Expr | None, roots: Any, signs: list[int] | None
) -> None:
    found = chart(Piece(-sp.oo, sp.oo, expression), expression)
    assert isinstance(found, Chart) and found.period == length
    assert len(found.roots) == roots if isinstance(roots, int) else found.roots == roots
    assert signs is None or [stretch.sign for stretch in found.stretches] == signs


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (1 - X * sp.exp(-X), 1),
        (X - sp.exp(X), -1),
        (1 - sp.exp(-sp.exp(-X)), 1),
        (sp.erfc(X) - sp.exp(-X), -1),
        (sp.log(X) - X, -1),
        (sp.asinh(X) - 9, None),
        (expanded(sp.exp(-(X**2)) / sp.erfc(X) / sp.sqrt(sp.pi) - X), 1),  # 1/(2 x): leading terms cancel
        (expanded(sp.exp(-(X**2)) / sp.erfc(X) / sp.sqrt(sp.pi) - X - 1 / (2 * X)), -1),
        (sp.sin(X), None),
    ],
)
def test_tails(expression: sp.Expr, sign: int | None) -> None:
    assert Tails(8).of(expression).sign == sign


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-1, 7), Fraction(10**25, 3), Fraction(1, 10**9)])
def test_ends_are_rounded_outwards(value: Fraction) -> None:
    found = Enclosure(arb(value.numerator) / value.denominator)
    assert found.lower < value < found.upper
    assert Fraction(written(found.lower)) == found.lower
