"""The largest and the least of values, exact or enclosed, and of a function over its pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import sympy as sp
from flint import arb

from symact.activations import Z
from symact.asymptotics import enclosed_towards
from symact.enclosures import Undecided
from symact.enclosures.jets import Jet
from symact.enclosures.tails import Tails
from symact.pieces import Piece
from symact.properties.charts import Chart, Uncharted, chart
from symact.properties.facts import PRECISION, Enclosure, Number, as_json, ball, vanishes, working_precision
from symact.properties.lines import Line, end_value
from symact.simplification import neat


@dataclass(frozen=True)
class Value:
    """A value of a function, or a limit that it does not take."""

    number: Number
    attained: bool


def greatest(values: Sequence[Value]) -> Value | None:
    """Return the largest value: exact where the candidates that may be largest are exact and equal.

    None where it is not known whether it is attained.

    >>> greatest([Value(sp.Rational(1, 4), False), Value(sp.Integer(0), True)])
    Value(number=1/4, attained=False)
    """
    with working_precision():
        balls = [ball(value.number) for value in values]
        top = [v for v, b in zip(values, balls, strict=True) if not any(b < other for other in balls)]
        highest = reduce(arb.max, (ball(value.number) for value in top))
    exact = [value.number for value in top if not isinstance(value.number, Enclosure)]
    if len(exact) == len(top) and all(_equal(exact[0], other) for other in exact[1:]):
        return Value(min(exact, key=sp.count_ops), any(value.attained for value in top))
    attained = {value.attained for value in top}
    return Value(Enclosure(highest), attained.pop()) if len(attained) == 1 else None


def least(values: Sequence[Value]) -> Value | None:
    """Return the least value."""
    found = greatest([Value(negative(value.number), value.attained) for value in values])
    return None if found is None else Value(negative(found.number), found.attained)


def negative(number: Number) -> Number:
    """Return a number with the other sign."""
    with working_precision():
        return Enclosure(-number.ball) if isinstance(number, Enclosure) else -number


def magnitude(number: Number) -> Number:
    """Return the absolute value of a number."""
    with working_precision():
        return Enclosure(abs(number.ball)) if isinstance(number, Enclosure) else sp.Abs(number)


def _equal(a: sp.Expr, b: sp.Expr) -> bool:
    return a == b or (a.is_finite is True and b.is_finite is True and vanishes(a - b))


def value_at(expression: sp.Expr, at: Number) -> Number:
    """Return an expression's value at a point. Raises Undecided."""
    if not isinstance(at, Enclosure):
        value = neat(expression.subs(Z, at))
        return min(value, sp.radsimp(value), key=sp.count_ops)
    found = _jet(expression)(at.ball)
    if found is None:
        raise Undecided
    return Enclosure(found[0])


@cache
def _jet(expression: sp.Expr) -> Jet:
    return Jet(expression, Z, PRECISION)


# --- the supremum of abs(h) ---------------------------------------------------------------------------


def supremum(
    pieces: Sequence[Piece], charts: Sequence[Chart | Uncharted | None], line: Line
) -> tuple[Number, str]:
    """Return the least upper bound of abs(h) over the pieces of h, and how it is known.

    ``charts`` are those of h' where they are known; where not, the roots of h' are enclosed on a compact
    part, and a bound must hold beyond; on the whole, if that does not do.

    Raises Undecided where nothing is proven, and says why.
    """
    if any(end_value(piece, side).is_infinite for piece in pieces for side in (-1, 1)):
        return sp.oo, "its limit at an end of a piece is infinite"
    for reach in (None,) if all(isinstance(known, Chart) for known in charts) else (0, 1, None):
        try:
            return _supremum(pieces, charts, line, reach)
        except Undecided as obstacle:
            why = str(obstacle)
    raise Undecided(why)


def _supremum(
    pieces: Sequence[Piece], charts: Sequence[Chart | Uncharted | None], line: Line, reach: int | None
) -> tuple[Number, str]:
    values: list[Value] = []
    bounds: list[arb] = []
    methods: dict[str, None] = {}
    for piece, known, original in zip(pieces, charts, line.pieces, strict=True):
        found = _candidates(piece, known, original.expression, reach)
        values += [Value(magnitude(number), True) for number in found.numbers]
        bounds += found.bounds
        methods[found.method] = None
    found_value = greatest(values)
    if found_value is None:
        raise Undecided("which value is the largest")
    number = found_value.number
    with working_precision():
        bound = reduce(arb.max, bounds, arb(0))
        if bounds and not bound < ball(number):
            if not bound <= ball(number).upper() * TOLERANCE:  # or no number at all
                raise Undecided("the bound beyond a compact part is too large")
            number = Enclosure(ball(number).union(ball(number).max(bound)))
    return number, "; ".join(methods)


TOLERANCE = 1 + arb(2) ** -20
"""By how much a bound beyond the compact part may exceed the largest value: radii have 30 bits."""


@dataclass(frozen=True)
class _Candidates:
    """Values and limits of h, the largest among them, but for the bounds of abs(h) elsewhere."""

    numbers: Sequence[Number]
    bounds: Sequence[arb]
    method: str


def _candidates(
    piece: Piece, known: Chart | Uncharted | None, defined: sp.Expr, reach: int | None
) -> _Candidates:
    """Return where abs(h) may be largest on a piece. Raises Undecided."""
    if not piece.expression.has(Z):
        return _Candidates([piece.expression], [], "constant on a piece")
    found = known
    if not isinstance(found, Chart):
        found = chart(Piece(piece.lower, piece.upper, sp.diff(piece.expression, Z)), defined, reach=reach)
    if isinstance(found, Uncharted):
        raise Undecided(found.why)
    if found.period is not None:
        return _Candidates([v.number for v in repeated(piece.expression, found)], [], ON_PERIOD)
    numbers = [value_at(piece.expression, at) for at in found.roots]
    bounds: list[arb] = []
    for end, side, reached in (
        (piece.lower, -1, found.stretches[0].lower),
        (piece.upper, 1, found.stretches[-1].upper),
    ):
        if isinstance(reached, Enclosure):
            raise Undecided
        if end == reached:
            if (last := end_value(piece, side)) is sp.nan:
                raise Undecided(f"no limit is found towards z = {end}")
            numbers.append(last)
            continue
        start = abs(reached) if end.is_infinite else 1 / abs(end - reached)
        numbers.append(value_at(piece.expression, Enclosure(ball(reached))))  # no extreme: need not be exact
        bounds.append(_beyond(piece.expression, defined, end, side, int(start)))
    return _Candidates(numbers, bounds, ON_COMPACT if bounds else ON_WHOLE)


ON_WHOLE = "the largest of the limits at ends and the values at the derivative's roots"
ON_COMPACT = (
    "the largest of the values at the derivative's roots on a compact part; beyond, a bound by leading terms"
)
ON_PERIOD = "the largest of the values at the derivative's roots in one period"
"""How a supremum is known."""


def repeated(h: sp.Expr, known: Chart) -> list[Value]:
    """Return the extreme values of h, whose derivative has a chart with a period. Raises Undecided.

    h(z + P) - h(z) is one number: where it is 0, h has the period too; else h goes to -oo and to oo.
    """
    gain = neat(h.subs(Z, known.period)) - neat(h.subs(Z, 0))
    if vanishes(gain):
        return [Value(value_at(h, at), True) for at in known.roots]
    if ball(gain).contains(arb(0)):
        raise Undecided
    return [Value(-sp.oo, False), Value(sp.oo, False)]


def _beyond(expression: sp.Expr, defined: sp.Expr, end: sp.Expr, side: int, start: int) -> arb:
    """Return a bound of abs(h) beyond the start. Raises Undecided."""
    tails = Tails(start)
    enclosed_towards(tails, defined, Z, end, side)
    return tails.magnitude(enclosed_towards(tails, expression, Z, end, side))


# --- the range ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """An interval of values; an end is part of it where it is attained."""

    lower: Value
    upper: Value

    def to_json(self) -> dict[str, Any]:
        """Return the ends, and whether each belongs to the interval."""
        return {
            "lower": as_json(self.lower.number),
            "upper": as_json(self.upper.number),
            "closed": [self.lower.attained, self.upper.attained],
        }

    @property
    def exact(self) -> sp.Set | None:
        """The interval as SymPy has it; None where an end is enclosed only."""
        ends = self.lower.number, self.upper.number
        if any(isinstance(end, Enclosure) for end in ends):
            return None
        return sp.Interval(*ends, not self.lower.attained, not self.upper.attained)


def spans(line: Line, charts: Sequence[Chart | Uncharted | None]) -> tuple[Span, ...] | None:
    """Return what f takes on, from the charts of f': one interval for each stretch without a jump."""
    found: list[Span] = []
    run: list[Value] = []
    cuts = [*zip(line.breaks, line.joined, strict=True), (None, False)]
    try:
        for piece, known, (cut, joined) in zip(line.pieces, charts, cuts, strict=True):
            if not isinstance(known, Chart):
                return None
            run += _values(line, piece, known)
            if cut is not None and cut.value is not sp.nan and joined:
                run.append(Value(cut.value, True))
                continue
            low, high = least(run), greatest(run)
            if low is None or high is None:
                return None
            found.append(Span(low, high))
            run = []
            if cut is not None and cut.value is not sp.nan:
                found.append(Span(Value(cut.value, True), Value(cut.value, True)))
    except Undecided:
        return None
    return _joined(found)


def _values(line: Line, piece: Piece, known: Chart) -> list[Value]:
    if known.period is not None:
        return repeated(piece.expression, known)
    ends = []
    for side, end in ((-1, piece.lower), (1, piece.upper)):
        value = end_value(piece, side)
        if value is sp.nan:
            raise Undecided
        belongs = line.activation.domain.subs(line.activation.defaults).contains(end) == sp.true
        outer = end in (line.pieces[0].lower, line.pieces[-1].upper)
        ends.append(Value(value, not piece.expression.has(Z) or (belongs and outer)))
    return [*ends, *(Value(value_at(piece.expression, at), True) for at in known.roots)]


def _joined(found: Sequence[Span]) -> tuple[Span, ...] | None:
    """Join intervals that overlap or touch; None where that is not known."""
    ordered = sorted(found, key=lambda span: float(ball(span.lower.number).mid()))
    result: list[Span] = []
    for span in ordered:
        if not result:
            result.append(span)
            continue
        last = result[-1]
        here, there = ball(span.lower.number), ball(last.upper.number)
        if here > there:
            result.append(span)
            continue
        touching = not here < there
        if touching and not _touch(last.upper, span.lower):
            result.append(span)
            continue
        low, high = least([last.lower, span.lower]), greatest([last.upper, span.upper])
        if low is None or high is None:
            return None
        result[-1] = Span(low, high)
    return tuple(result)


def _touch(a: Value, b: Value) -> bool:
    exact = not isinstance(a.number, Enclosure) and not isinstance(b.number, Enclosure)
    if not exact or not _equal(a.number, b.number):
        raise Undecided
    return a.attained or b.attained


def as_set(found: Sequence[Span]) -> sp.Set | None:
    """Return intervals as one exact set; None where an end is enclosed only."""
    sets = [span.exact for span in found]
    if any(part is None for part in sets):
        return None
    whole = sp.Union(*sets)
    return sp.S.Reals if whole == sp.S.Reals else whole
