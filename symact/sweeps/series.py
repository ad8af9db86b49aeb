"""A polynomial in binary64 with a certified error, and the numbers that such errors are computed with.

Exponents may be beyond anything that a Fraction could write down: exp(-1e30).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from symact.formats import BINARY32

DEGREE = 12
"""Of every polynomial."""

TARGET = 2.0**-46
"""The largest relative error of a piece: some thousand floats of 2^32 lie so close to a midpoint."""

UNIT = 2.0**-53
SLACK = 2.0**-50
"""Of the value itself: the last sum of Horner's rule, and the two sums that make an interval of it."""


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


def held(numbers: Sequence[float], nearest: float, farthest: float) -> bool:
    """Return whether binary64 holds Horner's every step at floats between two, of whatever sign."""
    terms = [k for k, c in enumerate(numbers) if c]
    if terms in ([], [0]):
        return True
    if terms == [1]:
        return bits(numbers[1]) <= 29
    return units(numbers, nearest, farthest) < 2**53


def units(numbers: Sequence[float], nearest: float, farthest: float) -> Fraction:
    """Return how many units in its last place the largest of Horner's intermediate results has, at most."""
    spacing, most = Fraction(BINARY32.ulp(nearest)), Fraction(0)
    largest, place = Fraction(0), None
    for c in reversed(numbers):
        largest *= Fraction(farthest)
        place = None if place is None else place * spacing
        if c:
            last = last_place(c)
            largest, place = largest + abs(Fraction(c)), last if place is None else min(place, last)
        if place is not None:
            most = max(most, largest / place)
    return most


def monomial(factor: float, power: int) -> tuple[float, ...]:
    """Return the coefficients of a polynomial of one term."""
    return tuple(factor if k == power else 0.0 for k in range(DEGREE + 1))


def above(value: arb) -> float:
    """Return a float that is not below what a ball holds."""
    if not value.is_finite():
        return math.inf
    return math.nextafter(double(arb(value.upper())), math.inf)


def double(value: arb) -> float:
    """Return the float nearest a ball's midpoint, within 2^-1074 where it is subnormal."""
    if not value.is_finite():
        return math.nan
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    size = mantissa.bit_length() + exponent
    if size > 1024:
        return math.copysign(math.inf, mantissa)
    return math.ldexp(float(mantissa), exponent) if size > -1200 else math.copysign(0.0, mantissa)


def is_float(value: arb) -> bool:
    """Return whether a ball is a float."""
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    odd = mantissa // (mantissa & -mantissa) if mantissa else 0
    return bool(value.is_exact()) and odd.bit_length() <= 53 and abs(exponent) < 900


def bits(value: float) -> int:
    """Return how many bits a float's significand takes, trailing zeros left out."""
    numerator = abs(value.as_integer_ratio()[0])
    return (numerator >> ((numerator & -numerator).bit_length() - 1)).bit_length() if numerator else 0


def last_place(value: float) -> Fraction:
    """Return the last bit of a float that is not 0."""
    size = abs(Fraction(value))
    return Fraction(size.numerator & -size.numerator, size.denominator)


def term_bound(size: float | arb, width: float, power: int) -> float:
    """Return an upper bound of ``size * width**power``, infinite where no float is."""
    return above(arb(size) * arb(width) ** power) if size else 0.0
