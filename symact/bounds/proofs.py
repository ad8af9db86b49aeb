"""Proofs: a bound in ulp for every binary64 input of a function, or the interval where there is none.

The float line is cut where the program changes or the definition does. Each cell is halved, by bit
patterns, until what is computed is near enough to the program's exact value, and that to the definition.
What is bounded is the sum of both, and of the final rounding.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from symact.accuracy import Form
from symact.activations import Activation
from symact.bounds.agreements import BEGIN, PRECISIONS, Pair, root, sign, value_at, zero
from symact.bounds.definitions import Definition, Part, ball, definition, is_float
from symact.bounds.losses import evaluate, ulps
from symact.bounds.programs import Program, Statement, expression, program, statements, thresholds
from symact.bounds.ranges import PRECISION, Range, Unknown, above
from symact.errors import NotSupported
from symact.formats import BINARY64
from symact.sweeps.sources import definitions

GOOD = 2.0**-8
"""Above the final rounding no more than this is asked for, in ulp: then an interval is not halved."""

DEPTH = 18
"""How often an interval is halved for a better bound: 11 times for its binade, 7 times within."""

DEEPEST = 66
"""How often for a bound at all: down to a single float."""

MOST_CELLS = 1500
"""Of a cell's parts; beyond them the function oscillates, and the rest is not proved."""

MOST_BETTER = {"what is computed": 60, "what it is to compute": 400}
"""Of them, those that are halved for a better bound."""

NEAR_ZERO = 1.0
"""Up to here an expansion about 0 is tried."""

USELESS = 1024
"""In ulp: a bound that is larger is none."""

RATIO = 4.0
"""From end to end of an interval on which an expansion about its middle is tried."""


@dataclass(frozen=True)
class Bound:
    """A bound in ulp over all finite inputs, or ``where`` there is none: an interval in hexadecimal."""

    activation: str
    function: str
    ulp: float | None
    where: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Cell:
    """Consecutive floats of one sign; ``root`` is beside the end named by ``side``: -1 low, 1 high."""

    low: float
    high: float
    root: arb | None = None
    side: int = 0

    @property
    def text(self) -> str:
        """The interval in hexadecimal."""
        return f"[{BINARY64.hex(self.low)}, {BINARY64.hex(self.high)}]"

    @property
    def centre(self) -> arb:
        """The float in the middle."""
        return ball(BINARY64.round((Fraction(self.low) + Fraction(self.high)) / 2))

    def halves(self) -> tuple["Cell", "Cell"] | None:
        """Return two parts, None for a single float; beside a root by distance from it."""
        first, last = BINARY64.index(self.low), BINARY64.index(self.high)
        if first == last:
            return None
        middle = (first + last) // 2
        if self.root is not None:
            at = BINARY64.round(_fraction(self.root))
            end = self.high if self.side < 0 else self.low
            place = BINARY64.index(at + (end - at) / 8)
            middle = min(max(place, first), last - 1)
        left = Cell(self.low, BINARY64.at_index(middle), *((self.root, -1) if self.side < 0 else ()))
        right = Cell(BINARY64.at_index(middle + 1), self.high, *((self.root, 1) if self.side > 0 else ()))
        return left, right


def _fraction(value: arb) -> Fraction:
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


class _Failed(Exception):
    def __init__(self, cell: Cell, why: str) -> None:
        super().__init__(why)
        self.cell, self.why = cell, why


def prove(activation: Activation, function: str, files: Mapping[str, str], form: Form | None) -> Bound:
    """Return the bound of one float64 function as it lies generated in C.

    Raises NotSupported where there is no such function, or no definition at the default parameters.
    """
    meant = definition(activation, function, form)
    kernel = f"{activation.name}_{function}_f64"
    code = definitions(files)
    if kernel not in code:
        raise NotSupported(f"{activation.title}: no {function} in float64")
    before, ctx.prec = ctx.prec, PRECISIONS[-1]
    try:
        body = statements(code[kernel])
        total = _proved(body, meant)
    except _Failed as failed:
        return Bound(activation.title, function, None, failed.cell.text, failed.why)
    except NotSupported as error:
        everywhere = Cell(-BINARY64.largest, BINARY64.largest)
        return Bound(activation.title, function, None, everywhere.text, str(error))
    finally:
        ctx.prec = before
    return Bound(activation.title, function, upwards(total))


def upwards(bound: arb) -> float:
    """Return a bound rounded up to three decimals."""
    return math.ceil(_fraction(bound.upper()) * 1000) / 1000


def _proved(body: tuple[Statement, ...], meant: Definition) -> arb:
    worst = arb(0)
    for cell in _cells(body, meant):
        if meant.at(cell.low, cell.high) is None and Fraction(cell.low) not in meant.points:
            continue  # outside: NaN, or what nobody asks for
        steps = program(body, {**meant.values, "z": cell.low})
        if steps != program(body, {**meant.values, "z": cell.high}):
            raise _Failed(cell, "the program changes inside")
        found = _of_cell(cell, steps, meant)
        worst = found if found > worst else worst
    return worst


def _cells(body: tuple[Statement, ...], meant: Definition) -> Iterator[Cell]:
    """Yield all finite floats: those where something changes by themselves, and what is between."""
    marks = {Fraction(t) for t in thresholds(body, meant.values) if math.isfinite(t)} | {Fraction(0)}
    marks |= {end for part in meant.parts for end in (part.low, part.high) if end is not None}
    least = Fraction(BINARY64.largest)
    start = -BINARY64.largest
    for mark in sorted(m for m in marks if -least <= m <= least):
        at = BINARY64.round(mark)
        if is_float(mark):
            below, above_ = BINARY64.below(at), BINARY64.above(at)
        else:
            below, above_ = (at, BINARY64.above(at)) if at < mark else (BINARY64.below(at), at)
        if start <= below:
            yield Cell(start, below)
        if is_float(mark):
            yield Cell(at, at)
        start = above_
    if start <= BINARY64.largest:
        yield Cell(start, BINARY64.largest)


def _of_cell(cell: Cell, steps: Program, meant: Definition) -> arb:
    """Return a bound over one cell, where the program and the definition stay the same."""
    part = meant.at(cell.low, cell.high)
    single = cell.low == cell.high
    value = meant.points.get(Fraction(cell.low)) if single else None
    if single and value is not None and not value.is_finite():
        return arb(0)  # an infinite limit
    try:
        exact = expression(steps)
    except NotSupported as error:
        if single:
            return arb(0)
        raise _Failed(cell, str(error)) from None
    if single:
        return _of_point(cell, steps, Pair(exact, part or Part(None, None, exact)), value)
    assert part is not None
    pair, cell = Pair(exact, part), _beside_end(cell, part)
    losses = _covered(cell, part, lambda c: _loss(c, steps, pair), _enough, "what is computed")
    if pair.same:
        return losses
    differences = _covered(
        cell, part, lambda c: _agreement(c, steps, pair), lambda c, x: x < GOOD, "what it is to compute"
    )
    return above(losses + differences)


def _of_point(cell: Cell, steps: Program, pair: Pair, value: arb | None) -> arb:
    try:
        computed = evaluate(steps, Range(ball(cell.low), ball(cell.low)))
        found = ulps(computed)
        if found is None:
            return arb(0)
        total = above(found + pair.point(cell.low, computed.range, value))
        if not total < USELESS:
            raise Unknown
        return total
    except Unknown:
        if value is None and value_at(pair.part.function, cell.low).is_infinite:
            return arb(0)
        raise _Failed(cell, "no bound at this point") from None


def _beside_end(cell: Cell, part: Part) -> Cell:
    """Return a cell that knows that it lies beside an end of the part where the definition is 0."""
    for side, end, inner in ((-1, part.low, cell.low), (1, part.high, cell.high)):
        if end is not None and end != 0 and is_float(end):
            at = float(end)
            if inner == (BINARY64.above(at) if side < 0 else BINARY64.below(at)) and zero(part, at):
                return Cell(cell.low, cell.high, ball(at), side)
    return cell


def _enough(cell: Cell, found: arb) -> bool:
    """Whether a bound is hardly more than the final rounding; where results are subnormal, three quarters."""
    return bool(found < 0.5 + GOOD) or bool(0.75 <= found < 0.75 + GOOD)


def _covered(
    cell: Cell,
    part: Part,
    judge: Callable[[Cell], arb],
    enough: Callable[[Cell, arb], bool],
    what: str,
) -> arb:
    """Return the largest of a judge's bounds over a cell, halved as often as it takes and is allowed."""
    worst = arb(0)
    waiting, seen, improved = [(cell, 0)], 0, 0
    while waiting:
        each, depth = waiting.pop()
        seen += 1
        try:
            found: arb | None = judge(each)
        except Unknown:
            found = None
        if found is not None and not found < USELESS:
            found = None
        if found is not None and (enough(each, found) or depth >= DEPTH or improved >= MOST_BETTER[what]):
            worst = found if found > worst else worst
            continue
        improved += found is not None
        if seen > MOST_CELLS or depth >= DEEPEST:
            raise _Failed(each, f"no bound of {what}")
        parts = _at_root(each, part) or each.halves()
        if parts is None:
            if found is None:
                raise _Failed(each, f"no bound of {what}")
            worst = found if found > worst else worst
            continue
        waiting += [(half, depth + 1) for half in reversed(parts)]
    return worst


def _at_float(cell: Cell, at: float) -> tuple[Cell, ...]:
    """Return what lies on both sides of a float that is a root itself, and this float."""
    left = Cell(cell.low, BINARY64.below(at), ball(at), 1)
    return left, Cell(at, at, ball(at)), Cell(BINARY64.above(at), cell.high, ball(at), -1)


def _at_root(cell: Cell, part: Part) -> tuple[Cell, ...] | None:
    """Return what lies on both sides of a root, where the definition changes its sign inside a cell."""
    if cell.root is not None or cell.high > RATIO * cell.low > 0 or cell.low < RATIO * cell.high < 0:
        return None
    ends = sign(part, cell.low), sign(part, cell.high)
    if ends[0] * ends[1] != -1:
        return None
    first, last = BINARY64.index(cell.low), BINARY64.index(cell.high)
    while last - first > 1:
        middle = (first + last) // 2
        found = sign(part, BINARY64.at_index(middle))
        if found == 0 and not zero(part, BINARY64.at_index(middle)):
            return None
        if found == 0:
            return _at_float(cell, BINARY64.at_index(middle))
        first, last = (middle, last) if found == ends[0] else (first, middle)
    below, over = BINARY64.at_index(first), BINARY64.at_index(last)
    at = root(part, Fraction(below), Fraction(over))
    if at is None:
        return None
    return Cell(cell.low, below, at, 1), Cell(over, cell.high, at, -1)


def _loss(cell: Cell, steps: Program, pair: Pair | None) -> arb:
    before, ctx.prec = ctx.prec, PRECISION
    try:
        value = evaluate(steps, Range(ball(cell.low), ball(cell.high)))
        found = ulps(value)
    except Unknown:
        if pair is None or cell.root is not None or not _narrow(cell):
            raise
        known = pair.values(cell.low, cell.high, cell.centre)
        value = evaluate(steps, Range(ball(cell.low), ball(cell.high)), Range(*known))
        found = ulps(value)
    finally:
        ctx.prec = before
    return arb(0) if found is None else found


def _narrow(cell: Cell) -> bool:
    low, high = sorted((abs(cell.low), abs(cell.high)))
    return high <= RATIO * low


def _agreement(cell: Cell, steps: Program, pair: Pair) -> arb:
    """Return the least bound of the ways that may do; raise Unknown where none does."""
    if cell.low == cell.high:
        here = ball(cell.low)
        return pair.point(cell.low, evaluate(steps, Range(here, here)).range, None)
    low, high = sorted((abs(cell.low), abs(cell.high)))
    ways: list[Callable[[], arb]] = []
    if cell.root is not None:
        root_ = cell.root
        ways.append(lambda: pair.taylor(cell.low, cell.high, root_, zero=True))
    elif high <= NEAR_ZERO:
        ways.append(lambda: pair.taylor(cell.low, cell.high, arb(0), zero=True))
    if low >= BEGIN:
        ways.append(lambda: pair.tail(cell.low, cell.high))
    if _narrow(cell) and cell.root is None:
        ways.append(lambda: pair.decayed(cell.low, cell.high, cell.centre))
        ways.append(lambda: pair.taylor(cell.low, cell.high, cell.centre))
    best: arb | None = None
    for way in ways:
        try:
            found = way()
        except Unknown:
            continue
        if found.is_finite() and (best is None or found < best):
            best = found
        if best is not None and best < GOOD:
            break
    if best is None:
        raise Unknown
    return best
