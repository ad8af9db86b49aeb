"""What a function is but for a little: a line that binary64 holds, and on which side of it the values are.

11 z/8 is half-way between two floats for every eighth z, z - 1 for every z from 2^24 to 2^25, z/2 for every
second subnormal: where a function is nearly such a line, no error bound tells to which side its value rounds,
but the sign of the difference does.

A line promises more than other polynomials: v is exact, and the value strictly on one ``side`` of it. The
sieve then takes the binary64 number next to v as one end of the interval. Between v and that number there is
no midpoint of binary32, for midpoints are binary64 numbers; nor is it one itself where v has at most
`HELD` units, for it takes 53 bits then and a midpoint takes 25.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb

from symact.enclosures import enclose
from symact.enclosures.ball_functions import Undecided
from symact.enclosures.tails import Scale, Tail, Tails, towards
from symact.formats import BINARY32
from symact.growth import Growth, X, growth
from symact.growth import Undecided as UndecidedGrowth
from symact.sweeps.conjugates import conjugated
from symact.sweeps.series import (
    DEGREE,
    SLACK,
    TARGET,
    UNIT,
    Series,
    above,
    bits,
    double,
    last_place,
    monomial,
    units,
)

SHORT = 2**12
"""A line's coefficients are multiples of its reciprocal, of no more bits: products are exact in binary64."""

HELD = 2**48
"""Units in the last place that a line's values have at most."""

PRECISION = 128
"""Bits of a constant that is no float."""

CONSTANT = 2.0**-30
"""So near its limit, which is a float, a function's values are all the same float."""

WHOLE = 2.0**-26
"""A relative difference that takes no float half-way to the next."""


def beside_line(at: list[arb], over: list[arb], rest: int, low: float, high: float) -> Series | None:
    """``c z``, exact in binary64, and the sign of what follows: z/2 is a tie for every second subnormal."""
    width = max(-low, high)
    others = sum(abs(at[k]) * arb(width) ** (k - rest) for k in range(rest + 1, DEGREE + 1))
    others += abs(over[DEGREE + 1]) * arb(width) ** (DEGREE + 1 - rest)
    if not others < abs(at[rest]) / 2:
        return None
    sign = (1 if at[rest] > 0 else -1) * (-1 if high <= 0 and rest % 2 else 1)
    relative = above(2 * abs(at[rest]) / abs(at[1]) * arb(width) ** (rest - 1))
    if relative > _room(double(at[1])):
        return None
    return Series(monomial(double(at[1]), 1), relative, side=sign)


def beside_bounded(function: sp.Expr, variable: sp.Symbol, low: float, high: float) -> Series | None:
    """``c z`` for a power of two c, where nothing else in a sum is large enough to take it to another float.

    >>> z = sp.Symbol("z", real=True)
    >>> beside_bounded(z - 2*sp.sin(z), z, 2.0**40, 2.0**50).relative <= 2.0**-38
    True
    """
    slope = function.as_coefficients_dict()[variable]
    if slope == 0 or not _short(slope) or bits(float(slope)) > 1:
        return None
    rest = enclose(function - slope * variable, {variable: arb(low).union(arb(high))}, PRECISION)
    size = above(abs(rest) / (abs(arb(float(slope))) * min(abs(low), abs(high))))
    return Series(monomial(float(slope), 1), size) if size <= _room(float(slope)) else None


def _room(slope: float) -> float:
    """Return a quarter of the last place of ``slope z`` over it: so near there is no midpoint but itself."""
    return 2.0 ** -(26 + bits(slope))


@dataclass(frozen=True)
class Line:
    """``slope z + constant``, which a function tends to at an end, and what it is but for that, in `X`.

    ``constant`` is None where the function less ``slope z`` has no limit.
    """

    slope: float
    constant: sp.Expr | None
    beside_slope: sp.Expr
    beside: sp.Expr

    @property
    def ties(self) -> bool:
        """Whether it may be half-way between two floats at a float."""
        return bool(self.slope) and (bits(self.slope) > 1 or self.constant != 0)


@lru_cache(maxsize=64)
def asymptote(expression: sp.Expr, variable: sp.Symbol, order: int, side: int) -> Line | None:
    """Return the line that a function's derivative of an order tends to at an end; None where there is none.

    Its slope is a short number, its constant any.

    >>> z = sp.Symbol("z", real=True)
    >>> line = asymptote(z - sp.tanh(z), z, 0, -1)
    >>> line.slope, line.constant
    (1.0, 1)
    """
    function = towards(sp.diff(expression, variable, order), variable, side * sp.oo, side)
    slope = _factor(function, 1)
    if slope is None or not _short(slope):
        return None
    beside_slope = sp.expand(function - slope * X)
    constant = _factor(beside_slope, 0)
    if slope == 0 and not constant:
        return None
    beside = beside_slope if constant is None else sp.expand(beside_slope - constant)
    return Line(side * float(slope), constant, beside_slope, beside)


def _factor(function: sp.Expr, power: int) -> sp.Expr | None:
    """Return the limit over a power of `X`; None where it is no number, or nothing tells."""
    over = Growth(sp.S.One, power=sp.Integer(-power))
    for rewritten in (False, True):  # only where leading terms cancel
        try:
            limit = (growth(conjugated(function) if rewritten else function) * over).limit
        except UndecidedGrowth:
            continue
        return limit if limit.is_finite and not limit.free_symbols else None
    return None


def _short(number: sp.Expr) -> bool:
    whole = number * SHORT
    return bool(whole.is_Integer) and bits(float(number)) <= SHORT.bit_length()


def along(line: Line, nearest: float, farthest: float) -> Series | None:
    """Return a line as a series for floats of one sign between two sizes, or its term of the first degree.

    None where the function is not near enough, or may be on either side.
    """
    tails = Tails(math.floor(nearest))
    for attempt in (_sum, _slope):
        try:
            if found := attempt(line, tails, nearest, farthest):
                return found
        except Undecided:
            continue
    return None


def _slope(line: Line, tails: Tails, nearest: float, farthest: float) -> Series | None:
    """Take the term of the first degree, exact; what is left is less than a quarter of its last place."""
    if not line.slope:
        return None
    rest = _beside(tails, line.beside_slope)
    ratio = Tail(rest.scale.times(Scale(power=sp.S.NegativeOne)), rest.ball)
    size = above(tails.magnitude(ratio) / abs(line.slope))
    if size > _room(line.slope):
        return None
    if bits(line.slope) == 1:  # it is a float, far from any midpoint
        return Series(monomial(line.slope, 1), size)
    return Series(monomial(line.slope, 1), size, side=rest.sign) if rest.sign else None


def _sum(line: Line, tails: Tails, nearest: float, farthest: float) -> Series | None:
    """Take both terms, where what is left is small; where they are exact, by its sign.

    Exact sums are multiples of ``place``, and so are the midpoints of binary32 among them: less than it away
    there is none. Others are off by the constant's rounding and that of the sum, both of which are less than
    ``UNIT`` of what the terms are at most.
    """
    constant = line.constant
    if constant is None or constant == 0:
        return None
    value = enclose(constant, {}, PRECISION)
    numbers = (double(value), line.slope, *[0.0] * (DEGREE - 1))
    rest = _beside(tails, line.beside)
    size, slope, offset = above(tails.magnitude(rest)), abs(line.slope), abs(numbers[0])
    least = max(slope * nearest - offset, offset - slope * farthest)
    if not _short(constant):
        absolute = 1.001 * (size + 4 * UNIT * (offset + slope * farthest) + above(value.rad()))
        return Series(numbers, SLACK, absolute) if absolute <= TARGET * least else None
    if not line.slope:  # so short a number is a float, far from any midpoint
        return Series(numbers, 1.001 * size / offset) if size <= CONSTANT * offset else None
    if units(numbers, nearest, farthest) > HELD or not rest.sign:
        return None
    place = float(min(last_place(line.slope) * Fraction(BINARY32.ulp(nearest)), last_place(numbers[0])))
    if size > max(min(place / 4, WHOLE * least), TARGET * least):
        return None
    return Series(numbers, SLACK, 1.001 * size, side=rest.sign)


def _beside(tails: Tails, difference: sp.Expr) -> Tail:
    """Enclose what is left of a function, by conjugates where leading terms cancel."""
    try:
        found = tails.of(difference)
        if found.sign is not None:
            return found
    except Undecided:
        pass
    return tails.of(conjugated(difference))


def far(expression: sp.Expr, variable: sp.Symbol, order: int, side: int, nearest: float) -> Series | None:
    """Return infinity or 0 where every value from a float outward rounds to it."""
    function = sp.diff(expression, variable, order)
    tails = Tails(math.floor(nearest))
    try:
        tail = tails.of(towards(function, variable, side * sp.oo, side))
        if tail.sign and tail.scale.order() > 0:
            smallest = tails.least(tail.scale) * abs(tail.ball).lower()
            if smallest > arb(2) ** 129:
                return Series(monomial(math.copysign(2.0**200, tail.sign), 0))
        elif tail.scale.order() < 0 and (size := above(tails.magnitude(tail))) <= 2.0**-151:
            return Series(monomial(0.0, 0), absolute=size)
    except Undecided:
        return None
    return None
