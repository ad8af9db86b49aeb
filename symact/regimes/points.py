"""Points: numbers of a format at every magnitude, and near the places where something happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb, ctx

from symact.formats import Format

FAR = 2**900
"""So far out exp(a z) has overflowed or vanished, whatever a is above 2^-880."""


@dataclass(frozen=True, eq=False)
class Point:
    """A dyadic rational, as a ball of radius zero too, and as a float to sort by.

    ``key`` tells points apart: the hash of a fraction takes long. ``far``: it is `FAR` out.
    """

    exact: Fraction
    ball: arb
    place: float
    sign: int
    key: tuple[int, int]
    far: bool


def point(exact: Fraction) -> Point:
    """Return a dyadic rational as a point."""
    n, d = exact.numerator, exact.denominator
    return Point(exact, exact_ball(exact), float(exact), (n > 0) - (n < 0), (n, d), abs(n) >= d * FAR)


@lru_cache(maxsize=64)
def grid(lower: sp.Expr, upper: sp.Expr, fmt: Format) -> tuple[Point, ...]:
    """Return the points of `points_between`, from left to right."""
    return tuple(point(exact) for exact in sorted(set(points_between(lower, upper, fmt))))


def points_between(lower: sp.Expr, upper: sp.Expr, fmt: Format) -> Iterator[Fraction]:
    """Yield points of every magnitude of a format inside an interval, denser where exponentials end."""
    low, high = _comparable(lower), _comparable(upper)

    def inside(value: Fraction) -> bool:
        return low < value < high

    lowest = fmt.emin - fmt.precision + 1
    step = 3 if fmt.emax < 200 else 27
    powers = sorted(
        {*range(lowest + 4, fmt.emax + 1, step), *range(-70, 70), fmt.emin, fmt.emax, fmt.emax - 1}
    )
    magnitudes = {Fraction((8, 11, 13)[i % 3], 8) * Fraction(2) ** e for i, e in enumerate(powers)}
    magnitudes |= {Fraction((11, 13, 8)[e % 3], 8) * Fraction(2) ** e for e in range(-30, 30)}
    magnitudes |= {Fraction(k, 4) for k in range(1, 80)} | {
        Fraction(k) for k in (*range(20, 45), *range(45, 120, 3))
    }
    magnitudes |= {Fraction(k) for k in range(120, 800, 10)} if fmt.emax > 200 else set()
    largest = (2 - Fraction(2) ** (1 - fmt.precision)) * Fraction(2) ** fmt.emax
    for magnitude in magnitudes | {largest}:
        for value in (magnitude, -magnitude):
            if magnitude <= largest and inside(value):
                yield value
    for end in (lower, upper):
        if end.is_finite and end != 0:
            at = Fraction(_comparable(end))
            for k in range(1, fmt.precision + 1):
                for value in (at + abs(at) * Fraction(1, 2**k), at - abs(at) * Fraction(1, 2**k)):
                    if inside(value):
                        yield value


def _comparable(end: sp.Expr) -> Fraction | float:
    """Return an end of an interval as a number that compares fast; an irrational one to 53 bits."""
    return Fraction(int(end.p), int(end.q)) if end.is_Rational else float(end)


def around(root: arb, fmt: Format, lower: sp.Expr, upper: sp.Expr) -> list[Fraction]:
    """Return the format's numbers nearest a root, and points that leave it by powers of two."""
    mantissa, exponent = root.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if exact == 0:
        return []
    unit = Fraction(2) ** (int(mantissa).bit_length() + int(exponent) - fmt.precision)
    nearest = Fraction(exact // unit) * unit
    near = [nearest + k * unit for k in (-3, -2, -1, 0, 1, 2, 3)]
    near += [nearest + s * unit * 2**k for k in range(2, fmt.precision - 1) for s in (1, -1)]
    return [p for p in near if _comparable(lower) < p < _comparable(upper)]


def exact_ball(point: Fraction) -> arb:
    """Return a dyadic rational as a ball of radius zero, whatever the precision in force."""
    shift = point.denominator.bit_length() - 1
    old, ctx.prec = ctx.prec, max(ctx.prec, point.numerator.bit_length() + 64)
    value = arb(point.numerator) * arb(2) ** -shift
    ctx.prec = old
    return value


def short_between(low: Fraction, high: Fraction) -> Fraction:
    """Return a binary fraction of few bits inside an interval, about its middle."""
    width, total = high - low, low + high
    bits = width.numerator.bit_length() - width.denominator.bit_length() - 2
    # The middle, total/2, rounded to a multiple of 2**bits.
    return round(total * _power_of_two(-bits - 1)) * _power_of_two(bits)


def _power_of_two(n: int) -> Fraction:
    return Fraction(1 << n) if n >= 0 else Fraction(1, 1 << -n)
