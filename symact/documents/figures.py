r"""Plots as text: curves sampled in ball arithmetic, rounded once, drawn by a LaTeX picture or by matplotlib.

Coordinates are big points (1/72 inch), held as integers of a hundredth: a plot is a pure function of
the definition, on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, Z
from symact.arithmetics import EXACT, Program, compile_expression
from symact.documents.tables import at_defaults, case_at_defaults, decimal, enclosure
from symact.pieces import Case

BITS = 120
SAMPLES = 240
"""Intervals on the horizontal axis."""
UNIT = 100
"""Units to the big point."""
TOLERANCE = 4
"""How far, in units, the drawn polyline may be from the sampled one."""
Point = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Curve:
    """One function over a window: its smooth runs, and single points where it has a value of its own."""

    runs: tuple[tuple[Point, ...], ...]
    marks: tuple[Point, ...]
    window: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Panel:
    """A picture: ticks as ``(position, label)``, axes, paths; all positions are decimals in big points."""

    width: str
    height: str
    axis_x: str | None
    axis_y: str | None
    ticks_x: tuple[tuple[str, str], ...]
    ticks_y: tuple[tuple[str, str], ...]
    paths: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[str, str], ...]


@lru_cache(maxsize=8)
def curve(cases: tuple[Case, ...], activation: Activation, window: tuple[Fraction, Fraction]) -> Curve:
    """Return a function's curve over a window, parameters at their defaults."""
    case = case_at_defaults(cases, activation)
    runs = []
    for piece in case.pieces:
        lower, upper = (_bound(at_defaults(end, activation)) for end in (piece.lower, piece.upper))
        expression = at_defaults(piece.expression, activation)
        program = compile_expression(expression, (Z,), EXACT)
        start, stop = max(window[0], lower or window[0]), min(window[1], upper or window[1])
        if lower is not None:
            start = max(window[0], lower)
        if upper is not None:
            stop = min(window[1], upper)
        if start < stop:
            runs += _sampled(program, start, stop, window)
    joined = _joined(runs)
    marks = []
    for cut in case.breaks:
        at, value = at_defaults(cut.at, activation), at_defaults(cut.value, activation)
        if value.is_finite:
            point = (_fraction(at), _fraction(value))
            if window[0] <= point[0] <= window[1] and not _inside(point, joined):
                marks.append(point)
    return Curve(tuple(joined), tuple(marks), window)


def _bound(end: sp.Expr) -> Fraction | None:
    return None if end in (sp.oo, -sp.oo) else _fraction(end)


def _fraction(value: sp.Expr) -> Fraction:
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    low, high = enclosure(value, BITS)
    return ((low + high) / 2).limit_denominator(10**12)


def _sampled(
    program: Program, start: Fraction, stop: Fraction, window: tuple[Fraction, Fraction]
) -> list[tuple[Point, ...]]:
    """Return the runs of one piece: the even grid, and ever nearer points towards the piece's ends."""
    step = (window[1] - window[0]) / SAMPLES
    grid = {window[0] + step * k for k in range(SAMPLES + 1)}
    near = {step / 2**k for k in range(1, 12)}
    grid |= {start + d for d in near} | {stop - d for d in near} | {start, stop}
    runs: list[tuple[Point, ...]] = [()]
    for z in sorted(x for x in grid if start <= x <= stop):
        value = _evaluate(program, z)
        if value is None:
            runs.append(())
        else:
            runs[-1] += ((z, value),)
    return [run for run in runs if len(run) > 1]


def _evaluate(program: Program, z: Fraction) -> Fraction | None:
    before = ctx.prec
    try:
        ctx.prec = BITS
        value = program((arb(z.numerator) / z.denominator,))
        if value is None or not value.is_finite():
            return None
        mantissa, exponent = value.mid().man_exp()
        exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        return exact if abs(exact) < 10**9 else None
    except (ZeroDivisionError, ValueError):
        return None
    finally:
        ctx.prec = before


def _joined(runs: Sequence[tuple[Point, ...]]) -> list[tuple[Point, ...]]:
    """Join runs that meet: a kink is one line with a corner, a jump two lines."""
    joined: list[tuple[Point, ...]] = []
    for run in runs:
        if joined and _near(joined[-1][-1], run[0]):
            joined[-1] += run[1:]
        else:
            joined.append(run)
    return joined


def _near(a: Point, b: Point) -> bool:
    return all(abs(x - y) < Fraction(1, 10**9) for x, y in zip(a, b, strict=True))


def _inside(point: Point, runs: Sequence[tuple[Point, ...]]) -> bool:
    """Whether a run goes through the point, other than by ending there."""
    return any(_near(point, other) for run in runs for other in run[1:-1])


def window(
    activation: Activation, derivative: tuple[Case, ...], kinks: Sequence[sp.Expr]
) -> tuple[Fraction, Fraction]:
    """Return the part of the z axis worth showing: the kinks, the domain, and few waves."""
    domain = at_defaults(activation.domain, activation)
    lower, upper = _bound(domain.inf), _bound(domain.sup)
    if lower is not None and upper is not None:
        margin = (upper - lower) / 20
        return lower - margin, upper + margin
    farthest = max((abs(_fraction(at_defaults(at, activation))) for at in kinks), default=Fraction(0))
    half = max(Fraction(5), Fraction(round(farthest * 3 / 2)))
    if lower is not None:
        return lower - half / 10, lower + half
    if upper is not None:
        return upper - half, upper + half / 10
    while half > Fraction(1, 100):
        runs = curve(derivative, activation, (-half, half)).runs
        signs = [y > 0 for run in runs for _, y in run if y != 0]
        if sum(a != b for a, b in pairwise(signs)) <= 6:
            break
        half /= 2
    return -half, half


def vertical(shown: Curve) -> tuple[Fraction, Fraction]:
    """Return the vertical window: all of a bounded curve, part of one that runs away; with 0."""
    left, right = shown.window
    step = (right - left) / SAMPLES
    values = [y for run in shown.runs for _, y in run] + [y for _, y in shown.marks]
    even = sorted(abs(y) for run in shown.runs for x, y in run if ((x - left) / step).denominator == 1)
    if not values or not even:
        return Fraction(-1), Fraction(1)
    cap = max(Fraction(5), (right - left) / 2, 4 * even[len(even) * 3 // 5])
    low = max(min(*values, Fraction(0)), -cap)
    high = min(max(*values, Fraction(0)), cap)
    if high == low:
        high += 1
    margin = (high - low) / 16
    return low - margin, high + margin


def panel(shown: Curve, width: int, height: int) -> Panel:
    """Return a curve as a picture of that size in big points."""
    left, right = shown.window
    bottom, top = vertical(shown)

    def across(x: Fraction) -> int:
        return round((x - left) / (right - left) * width * UNIT)

    def up(y: Fraction) -> int:
        return round((y - bottom) / (top - bottom) * height * UNIT)

    paths = []
    for run in shown.runs:
        for part in _clipped(run, bottom, top):
            placed = _thinned([(across(x), up(y)) for x, y in part])
            if len(placed) > 1:
                paths.append(_path(placed))
    return Panel(
        width=str(width),
        height=str(height),
        axis_x=_units(up(Fraction(0))) if bottom <= 0 <= top else None,
        axis_y=_units(across(Fraction(0))) if left <= 0 <= right else None,
        ticks_x=tuple((_units(across(t)), _label(t)) for t in ticks(left, right)),
        ticks_y=tuple((_units(up(t)), _label(t)) for t in ticks(bottom, top)),
        paths=tuple(paths),
        marks=tuple((_units(across(x)), _units(up(y))) for x, y in shown.marks if bottom <= y <= top),
    )


def ticks(low: Fraction, high: Fraction, most: int = 6) -> tuple[Fraction, ...]:
    """Return round numbers inside an interval, at most that many.

    >>> [str(t) for t in ticks(Fraction(-5), Fraction(5))]
    ['-4', '-2', '0', '2', '4']
    """
    scale = Fraction(1, 10**6)
    while True:
        for factor in (1, 2, 5):
            step = scale * factor
            first, last = -(-low // step), high // step
            if last - first < most:
                return tuple(step * k for k in range(int(first), int(last) + 1))
        scale *= 10


def _label(value: Fraction) -> str:
    return decimal(sp.Rational(value.numerator, value.denominator))


def _clipped(run: Sequence[Point], bottom: Fraction, top: Fraction) -> list[list[Point]]:
    """Return the parts of a polyline inside a strip, cut exactly at its edges."""
    parts: list[list[Point]] = [[]]
    for a, b in pairwise(run):
        ends = _segment(a, b, bottom, top)
        if ends is None:
            continue
        if parts[-1] and parts[-1][-1] == ends[0]:
            parts[-1].append(ends[1])
        else:
            parts.append(list(ends))
    return [part for part in parts if part]


def _segment(a: Point, b: Point, bottom: Fraction, top: Fraction) -> tuple[Point, Point] | None:
    if max(a[1], b[1]) < bottom or min(a[1], b[1]) > top:
        return None

    def inside(p: Point, q: Point) -> Point:
        edge = min(max(p[1], bottom), top)
        return p if edge == p[1] else (p[0] + (q[0] - p[0]) * (edge - p[1]) / (q[1] - p[1]), edge)

    return inside(a, b), inside(b, a)


def _thinned(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return fewer points of a polyline, none dropped beyond the tolerance (Douglas-Peucker)."""
    if len(points) < 3:
        return points
    (x0, y0), (x1, y1) = points[0], points[-1]
    dx, dy = x1 - x0, y1 - y0
    farthest, index = max(((abs(dx * (y - y0) - dy * (x - x0)), i) for i, (x, y) in enumerate(points)))
    if farthest**2 <= TOLERANCE**2 * (dx * dx + dy * dy):
        return [points[0], points[-1]]
    return _thinned(points[: index + 1])[:-1] + _thinned(points[index:])


def _path(points: Sequence[tuple[int, int]], per_line: int = 8) -> tuple[str, ...]:
    words = [f"{_units(x)} {_units(y)} {'l' if i else 'm'}" for i, (x, y) in enumerate(points)]
    return tuple(" ".join(words[i : i + per_line]) for i in range(0, len(words), per_line))


def _units(value: int) -> str:
    """Return hundredths as a decimal without trailing zeros."""
    sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), UNIT)
    return f"{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"
