"""A function on consecutive floats as Taylor polynomials in binary64, each with a certified error.

The road from the definition is FLINT's power series over balls: no rule, no form and no kernel of ours has a
part in it. Where they cancel, our simplified derivative is expanded instead, if its series is the same. A
piece says: for every float from ``first`` to ``last`` the function is within ``relative * abs(v) + absolute``
of v, the polynomial evaluated in binary64 by Horner's rule. What no piece reaches (kinks, ends of the domain,
a float beside a root) is left to arbitrary precision.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb

from symact.enclosures import enclose
from symact.enclosures.ball_functions import Undecided
from symact.enclosures.jets import Jet
from symact.enclosures.tails import Scale, Tail, Tails, towards
from symact.errors import NotSupported
from symact.formats import BINARY32
from symact.sweeps.branches import ball, branch
from symact.sweeps.programs import Program, program

DEGREE = 12
"""Of every polynomial."""

TARGET = 2.0**-46
"""The largest relative error of a piece: some thousand floats of 2^32 lie so close to a midpoint."""

NEGLIGIBLE = 2.0**-172
"""An error below this is 2^-23 of the smallest subnormal, whatever the value."""

UNIT = 2.0**-53
SLACK = 2.0**-50
"""Of the value itself: the last sum of Horner's rule, and the two sums that make an interval of it."""

UNDERFLOW = 2.0**-1000
"""More than binary64 loses where an intermediate result is subnormal."""

PRECISIONS = (128, 640)
"""Bits: a function that cancels to the order z^3 at 2^-149 needs the second."""

MOST_PIECES = 2048
"""Of one range; beyond them the function oscillates, and the rest is left to others."""

FEWEST = 4
"""A range of so few floats is not worth a polynomial."""

NARROW = 1.125
"""Where not even a range of so small a ratio has a polynomial, the function's other expression is tried."""

HOPE = 2.0**12
"""Where the last term is so much too large, the remainder will be too large as well."""

NEAR_ZERO = 0.125
"""Below this a series about 0 is tried: it keeps its relative accuracy down to the smallest subnormal."""

OSCILLATING = 4.0
"""Beyond this a sine takes more polynomials than they are worth."""

SHORT = 2**12
"""A leading term that is exact in binary64 has a factor that is a multiple of its reciprocal."""

TIES = 2.0**-40
"""Below this a function is nearly its leading term, which may be half-way between two floats."""


class Kind(IntEnum):
    """What is known of a range of floats."""

    SERIES = 0
    NAN = 1
    FREE = 2
    UNKNOWN = 3
    PROGRAM = 4


@dataclass(frozen=True)
class Series:
    """A polynomial in ``(z - centre) * scale``, the constant first, and how far from it the function may be.

    ``side`` 1: strictly above it, -1: strictly below, 0: anywhere within the errors.
    """

    coefficients: tuple[float, ...]
    relative: float = 0.0
    absolute: float = 0.0
    side: int = 0
    centre: float = 0.0
    scale: float = 1.0
    divisor: float = 0.0
    """Where it is not 0 the polynomial is exact in binary64, and the function is it divided by this."""


@dataclass(frozen=True)
class Piece:
    """What is known from one bit pattern to another, both of one sign."""

    first: int
    last: int
    kind: Kind
    series: Series | None = None
    program: Program | None = None


@dataclass(frozen=True)
class Smooth:
    """A function to be expanded: an expression of one variable, or its derivative of an order.

    ``parts`` are the intervals on which it is defined, ends included; outside it is NaN, or anything where
    ``free``. ``alone`` are floats that arbitrary precision is to decide. ``other`` is meant to be the same
    function, such as the derivative simplified: taken where the definition's series cancel, and only where
    its own has the same coefficients.
    """

    expression: sp.Expr
    variable: sp.Symbol
    parts: tuple[tuple[Fraction | float, Fraction | float], ...]
    order: int = 0
    free: bool = False
    alone: frozenset[float] = frozenset()
    other: sp.Expr | None = None


def expand(smooth: Smooth, first: int, last: int, fewest: int = FEWEST) -> list[Piece]:
    """Return pieces that cover the binary32 bit patterns from ``first`` to ``last``, in order.

    A range of ``fewest`` patterns or less is left to others where it has no polynomial as a whole.
    """
    found: list[Piece] = []
    for start, end in _ranges(smooth, first, last):
        if start > end:
            continue
        if BINARY32.pattern(math.inf) < start & 0x7FFFFFFF:
            found.append(Piece(start, end, Kind.NAN))
        elif start == end:
            found.append(Piece(start, end, Kind.UNKNOWN))
        else:
            found += _Expander(smooth, fewest).pieces(start, end)
    return found


def run(smooth: Smooth, first: int, last: int) -> Program | None:
    """Return a program for a range of patterns on which no case changes; None where there is none.

    Of a derivative the other expression is taken where its series in the middle of the range is the same.
    """
    low, high = sorted((BINARY32.value(first), BINARY32.value(last)))
    if not any(a <= low and high <= b for a, b in smooth.parts) or any(
        low <= x <= high for x in smooth.alone
    ):
        return None
    expression = branch(smooth.expression, smooth.variable, low, high)
    if expression is None:
        return None
    other = None if smooth.other is None else branch(smooth.other, smooth.variable, low, high)
    if other is not None:
        centre = arb(math.copysign(math.sqrt(low * high), low))
        jets = [
            (_jet(e, smooth.variable, PRECISIONS[1]), k) for e, k in ((expression, smooth.order), (other, 0))
        ]
        at, same = (_coefficients(jet, centre, order, DEGREE + 1) for jet, order in jets)
        if at is not None and same is not None and all(a.overlaps(b) for a, b in zip(at, same, strict=True)):
            return program(other, smooth.variable)
    return program(sp.diff(expression, smooth.variable, smooth.order), smooth.variable)


def _ranges(smooth: Smooth, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of one sign, and by themselves zeros, infinities and what is decided alone."""
    infinity, sign = BINARY32.pattern(math.inf), 1 << 31
    alone = {0, sign, infinity, infinity | sign} | {BINARY32.pattern(x) for x in smooth.alone}
    start = first
    for mark in sorted(alone):
        if start <= mark <= last:
            yield start, mark - 1
            yield mark, mark
            start = mark + 1
    yield start, last


class _Expander:
    """Expands one range by bisection of its bit patterns, so that binades come apart by themselves."""

    def __init__(self, smooth: Smooth, fewest: int) -> None:
        self._smooth, self._fewest = smooth, fewest

    def pieces(self, first: int, last: int) -> list[Piece]:
        found: list[Piece] = []
        waiting = [(first, last)]
        while waiting:
            start, end = waiting.pop()
            piece = self._piece(start, end) if len(found) < MOST_PIECES else None
            if piece is None and end - start >= self._fewest and len(found) < MOST_PIECES:
                middle = start + (end - start) // 2
                waiting += [(middle + 1, end), (start, middle)]
                continue
            found.append(piece or Piece(start, end, Kind.UNKNOWN))
        return found

    def _piece(self, start: int, end: int) -> Piece | None:
        low, high = sorted((BINARY32.value(start), BINARY32.value(end)))
        inside = any(a <= low and high <= b for a, b in self._smooth.parts)
        if not inside:
            if any(a <= high and low <= b for a, b in self._smooth.parts):
                return None
            return Piece(start, end, Kind.FREE if self._smooth.free else Kind.NAN)
        expression = branch(self._smooth.expression, self._smooth.variable, low, high)
        if expression is None:
            return None
        if expression.has(sp.sin, sp.cos) and min(abs(low), abs(high)) >= OSCILLATING:
            run = program(
                sp.diff(expression, self._smooth.variable, self._smooth.order), self._smooth.variable
            )
            if run is not None:
                return Piece(start, end, Kind.PROGRAM, program=run)
        found = self._expanded(expression, low, high)
        if found is None:
            return None
        return Piece(start, end, Kind.SERIES, found)

    def _expanded(self, expression: sp.Expr, low: float, high: float) -> Series | None:
        variable, order = self._smooth.variable, self._smooth.order
        nearest, farthest = sorted((abs(low), abs(high)))
        whole = _polynomial(expression, variable, order)
        if whole is not None and (found := _of_polynomial(whole, nearest, farthest)):
            return found
        jet = _jet(expression, variable, PRECISIONS[0])
        if farthest <= NEAR_ZERO and (found := _about_zero(jet, order, low, high)):
            return found
        if farthest <= 4 * nearest:
            for precision in PRECISIONS:
                jet = _jet(expression, variable, precision)
                centre = BINARY32.round((Fraction(low) + Fraction(high)) / 2)
                at = _coefficients(jet, arb(centre), order, DEGREE + 1)
                if at is not None and at[0].rel_accuracy_bits() > 64:
                    break
            if at is not None and (found := _about_middle(jet, at, centre, order, low, high)):
                return found
            if at is not None and self._smooth.other is not None and farthest <= NARROW * nearest:
                return self._otherwise(at, centre, low, high)
        if nearest >= 2 and farthest >= 1.125 * nearest:
            return _tail(expression, variable, order, 1 if low > 0 else -1, nearest)
        return None

    def _otherwise(self, at: list[arb], centre: float, low: float, high: float) -> Series | None:
        """Expand the other expression of the same function, where all its coefficients are the same."""
        expression = branch(self._smooth.other, self._smooth.variable, low, high)
        jet = None if expression is None else _jet(expression, self._smooth.variable, PRECISIONS[0])
        same = _coefficients(jet, arb(centre), 0, DEGREE + 1)
        if same is None or not all(a.overlaps(b) for a, b in zip(at, same, strict=True)):
            return None
        return _about_middle(jet, same, centre, 0, low, high)


@lru_cache(maxsize=64)
def _jet(expression: sp.Expr, variable: sp.Symbol, precision: int) -> Jet | None:
    try:
        return Jet(expression, variable, precision)
    except NotSupported:
        return None


def _coefficients(jet: Jet | None, point: arb, order: int, count: int) -> list[arb] | None:
    """Return the first coefficients of the derivative of an order, from those of the function."""
    found = None if jet is None else jet(point, count - 1 + order)
    if found is None or order == 0:
        return found
    return [arb(math.perm(k + order, order)) * found[k + order] for k in range(count)]


def _about_middle(
    jet: Jet | None, at: list[arb], centre: float, order: int, low: float, high: float
) -> Series | None:
    """Expand about the float in the middle; z less it is exact in binary64, for they are of like size."""
    width = max(high - centre, centre - low)
    scale = 2.0 ** math.frexp(width)[1]
    scaled = [c * arb(scale) ** k for k, c in enumerate(at)]
    numbers = tuple(_double(c) for c in scaled)
    sizes = [abs(c) for c in numbers]
    if not sum(sizes) < 2.0**1000:
        return None
    rounding = sum((2 * k + 2) * UNIT * size for k, size in enumerate(sizes))
    rounding += sum(_above(arb(c.rad())) for c in scaled) + UNDERFLOW
    least = 0.999 * sizes[0] - sum(sizes[1:])
    if not _enough(max(rounding, sizes[DEGREE] / HOPE), least):
        return None
    over = _coefficients(jet, ball(low, high), order, DEGREE + 2)
    if over is None:
        return None
    remainder = _scaled(abs(over[DEGREE + 1]), width, DEGREE + 1)
    absolute = 1.001 * (rounding + remainder)
    if not _enough(absolute, least - remainder):
        return None
    return Series(numbers, SLACK, absolute, centre=centre, scale=1 / scale)


def _enough(error: float, least: float) -> bool:
    return error <= TARGET * least or error <= NEGLIGIBLE


def _about_zero(jet: Jet | None, order: int, low: float, high: float) -> Series | None:
    """Expand about 0, all errors relative to the leading term; what is 0 there must be so exactly."""
    at = _coefficients(jet, arb(0), order, DEGREE + 1)
    if at is None:
        return None
    lead = next((k for k, c in enumerate(at) if not c.is_zero()), None)
    if lead is None or at[lead].contains(0):
        return None
    over = _coefficients(jet, ball(low, high).union(arb(0)), order, DEGREE + 2)
    if over is None:
        return None
    width = max(-low, high)
    numbers = tuple(_double(c) for c in at)
    sizes = [abs(c) * width ** (k - lead) if k >= lead else 0.0 for k, c in enumerate(numbers)]
    errors = sum((2 * k + 2) * UNIT * size for k, size in enumerate(sizes))
    errors += sum(_scaled(arb(c.rad()), width, k - lead) for k, c in enumerate(at) if k >= lead)
    errors += _scaled(abs(over[DEGREE + 1]), width, DEGREE + 1 - lead)
    relative = 1.001 * errors / max(2 * sizes[lead] - sum(sizes), UNDERFLOW)
    if not relative <= TARGET:
        return None
    if lead == 1 and _exact(at[1]) and _bits(numbers[1]) <= 8:
        rest = next((k for k in range(2, DEGREE + 1) if not at[k].is_zero()), None)
        if rest is not None:
            return _leading_term(at, over, rest, low, high)
    return Series(numbers, relative + SLACK, UNDERFLOW)


def _leading_term(at: list[arb], over: list[arb], rest: int, low: float, high: float) -> Series | None:
    """``c z``, exact in binary64, and the sign of what follows: z/2 is a tie for every second subnormal."""
    width = max(-low, high)
    if width > TIES:
        return None
    others = sum(abs(at[k]) * arb(width) ** (k - rest) for k in range(rest + 1, DEGREE + 1))
    others += abs(over[DEGREE + 1]) * arb(width) ** (DEGREE + 1 - rest)
    if not others < abs(at[rest]) / 2:
        return None
    sign = (1 if at[rest] > 0 else -1) * (-1 if high <= 0 and rest % 2 else 1)
    relative = _above(2 * abs(at[rest]) / abs(at[1]) * arb(width) ** (rest - 1))
    return Series(_monomial(_double(at[1]), 1), relative, side=sign)


def _polynomial(expression: sp.Expr, variable: sp.Symbol, order: int) -> tuple[sp.Expr, ...] | None:
    """Return a polynomial's coefficients, the constant first; None where it is none of a small degree."""
    if not expression.is_polynomial(variable):
        return None
    found = sp.Poly(sp.diff(expression, variable, order) if order else expression, variable)
    if found.degree() > DEGREE:
        return None
    return tuple(reversed(found.all_coeffs()))


def _of_polynomial(coefficients: Sequence[sp.Expr], nearest: float, farthest: float) -> Series | None:
    """Take the polynomial as it is: exactly where binary64 holds every intermediate result."""
    quotient = _quotient(coefficients)
    if quotient is not None:
        numerator, divisor = quotient
        if _held(numerator, nearest, farthest):
            return Series(numerator, SLACK if divisor else 0.0, divisor=divisor)
        if farthest > 2 * nearest and sum(c != 0 for c in numerator) > 1:
            return None  # a narrower range may do, and ties are told by nothing else
    balls = [enclose(c, {}, 192) for c in coefficients]
    balls += [arb(0)] * (DEGREE + 1 - len(balls))
    numbers = tuple(_double(c) for c in balls)
    sizes = [_scaled(abs(c), farthest, k) for k, c in enumerate(numbers)]
    if not sum(sizes) < 2.0**1000:
        return None
    terms = [(k, size) for k, size in enumerate(sizes) if size]
    if len(terms) == 1:
        return Series(numbers, (2 * terms[0][0] + 2) * UNIT + SLACK, UNDERFLOW)
    least = _least(numbers, nearest, farthest)
    absolute = 1.001 * sum((2 * k + 2) * UNIT * size for k, size in terms) + UNDERFLOW
    return Series(numbers, SLACK, absolute) if _enough(absolute, least) else None


def _quotient(coefficients: Sequence[sp.Expr]) -> tuple[tuple[float, ...], float] | None:
    """Return a polynomial with fractions as floats over an odd divisor, 0 where there is none."""
    if not all(c.is_Rational for c in coefficients):
        return None
    divisor = int(sp.ilcm(1, *(c.q for c in coefficients)))
    divisor //= divisor & -divisor
    exact = [c * divisor for c in coefficients]
    if divisor.bit_length() > 24 or any(abs(c.p).bit_length() > 53 or c.q > 2**400 for c in exact):
        return None
    numbers = tuple(float(c) for c in exact) + (0.0,) * (DEGREE + 1 - len(exact))
    return numbers, 0.0 if divisor == 1 else float(divisor)


def _least(numbers: Sequence[float], nearest: float, farthest: float) -> float:
    """Return a lower bound of a polynomial's size, from its largest term."""
    bounds = []
    for k, c in enumerate(numbers):
        others = sum(_scaled(abs(d), farthest, j) for j, d in enumerate(numbers) if j != k)
        bounds.append(0.999 * _scaled(abs(c), nearest, k) - others)
    return max(bounds)


def _held(numbers: Sequence[float], nearest: float, farthest: float) -> bool:
    """Return whether binary64 holds Horner's every step: the largest over the last place is below 2^53."""
    terms = [k for k, c in enumerate(numbers) if c]
    if not terms:
        return True
    if terms in ([0], [1]):
        return terms == [0] or _bits(numbers[1]) <= 29
    spacing = Fraction(BINARY32.ulp(nearest))
    largest, place = Fraction(0), None
    for c in reversed(numbers):
        largest *= Fraction(farthest)
        place = None if place is None else place * spacing
        if c:
            last = _last_place(c)
            largest, place = largest + abs(Fraction(c)), last if place is None else min(place, last)
        if place is not None and largest >= place * 2**53:
            return False
    return True


def _tail(expression: sp.Expr, variable: sp.Symbol, order: int, side: int, nearest: float) -> Series | None:
    """From a float outward: an infinity, or a leading term with a bound, and the sign, of what is left."""
    function = sp.diff(expression, variable, order) if order else expression
    tails = Tails(math.floor(nearest))
    try:
        tail = tails.of(towards(function, variable, side * sp.oo, side))
        if tail.sign and tail.scale.order() > 0:
            smallest = tails.least(tail.scale) * abs(tail.ball).lower()
            if smallest > arb(2) ** 129:
                return Series(_monomial(math.copysign(2.0**200, tail.sign), 0))
        elif tail.scale.order() < 0 and (size := _above(tails.magnitude(tail))) <= 2.0**-151:
            return Series(_monomial(0.0, 0), absolute=size)
    except Undecided:
        return None
    power = tail.scale.power
    if tail.scale.exponent == 0 and tail.scale.logs == 0 and power in (0, 1):
        factor = Fraction(round(_double(tail.ball) * side**power * SHORT), SHORT)
        if factor == 0:
            return None
        lead = sp.Rational(factor.numerator, factor.denominator) * variable**power
        try:
            rest = tails.of(towards(sp.expand(function - lead), variable, side * sp.oo, side))
            ratio = Tail(rest.scale.times(Scale(power=-power)), rest.ball)
            size = _above(tails.magnitude(ratio) / arb(abs(float(factor))))
        except Undecided:
            return None
        numbers, room = _monomial(float(factor), int(power)), 2.0 ** -(26 + _bits(float(factor)))
        if power == 0 and size <= 2.0**-30:
            return Series(numbers, size)
        if power == 1 and size <= room and _bits(float(factor)) == 1:  # it is a float, far from any midpoint
            return Series(numbers, size)
        if power == 1 and size <= room and rest.sign:
            return Series(numbers, size, side=rest.sign)
    return None


def _monomial(factor: float, power: int) -> tuple[float, ...]:
    return tuple(factor if k == power else 0.0 for k in range(DEGREE + 1))


# Numbers. Exponents may be beyond anything that a Fraction could write down: exp(-1e30).


def _above(value: arb) -> float:
    """Return a float that is not below what a ball holds."""
    if not value.is_finite():
        return math.inf
    return math.nextafter(_double(arb(value.upper())), math.inf)


def _double(value: arb) -> float:
    """Return the float nearest a ball's midpoint, within 2^-1074 where it is subnormal."""
    if not value.is_finite():
        return math.nan
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    size = mantissa.bit_length() + exponent
    if size > 1024:
        return math.copysign(math.inf, mantissa)
    return math.ldexp(float(mantissa), exponent) if size > -1200 else math.copysign(0.0, mantissa)


def _exact(value: arb) -> bool:
    """Return whether a ball is a float."""
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    odd = mantissa // (mantissa & -mantissa) if mantissa else 0
    return bool(value.is_exact()) and odd.bit_length() <= 53 and abs(exponent) < 900


def _bits(value: float) -> int:
    """Return how many bits a float's significand takes, trailing zeros left out."""
    numerator = abs(value.as_integer_ratio()[0])
    return (numerator >> ((numerator & -numerator).bit_length() - 1)).bit_length() if numerator else 0


def _last_place(value: float) -> Fraction:
    exact = abs(Fraction(value))
    return Fraction(exact.numerator & -exact.numerator, exact.denominator)


def _scaled(size: float | arb, width: float, power: int) -> float:
    """Return an upper bound of ``size * width**power``, infinite where no float is."""
    return _above(arb(size) * arb(width) ** power) if size else 0.0
