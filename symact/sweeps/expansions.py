"""A function on consecutive floats as Taylor polynomials in binary64, each with a certified error.

The road from the definition is FLINT's power series over balls: no rule, no form and no kernel of ours has a
part in it. Where they cancel, our simplified derivative, or the function by conjugates, is expanded instead,
if its series is the same. Far out, and beside 0, a line takes a polynomial's place where it may be half-way
between two floats: see leading_terms.py.

A piece says: for every float from ``first`` to ``last`` the function is within
``relative * abs(v) + absolute`` of v, the polynomial evaluated in binary64 by Horner's rule. What no piece
reaches (kinks, ends of the domain, a float beside a root) is left to arbitrary precision.
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
from symact.enclosures.jets import Jet
from symact.errors import NotSupported
from symact.formats import BINARY32
from symact.sweeps.branches import ball, branch
from symact.sweeps.conjugates import conjugated
from symact.sweeps.leading_terms import along, asymptote, beside_bounded, beside_line, far
from symact.sweeps.programs import Program, program
from symact.sweeps.series import (
    DEGREE,
    SLACK,
    TARGET,
    UNIT,
    Series,
    above,
    bits,
    double,
    held,
    is_float,
    term_bound,
)

NEGLIGIBLE = 2.0**-172
"""An error below this is 2^-23 of the smallest subnormal, whatever the value."""

UNDERFLOW = 2.0**-1000
"""More than binary64 loses where an intermediate result is subnormal."""

PRECISIONS = (128, 640)
"""Bits: a function that cancels to the order z^3 at 2^-149 needs the second."""

MOST_PIECES = 8192
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


class Kind(IntEnum):
    """What is known of a range of floats."""

    SERIES = 0
    NAN = 1
    FREE = 2
    UNKNOWN = 3
    PROGRAM = 4


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
    return _programmed(smooth, expression, low, high)


def _programmed(smooth: Smooth, expression: sp.Expr, low: float, high: float) -> Program | None:
    """Return a program of the other expression where its series is the same, otherwise of this one."""
    other = None if smooth.other is None else branch(smooth.other, smooth.variable, low, high)
    if other is not None:
        centre = arb(math.copysign(math.sqrt(abs(low)) * math.sqrt(abs(high)), low))
        jets = [
            (_jet(e, smooth.variable, PRECISIONS[1]), k) for e, k in ((expression, smooth.order), (other, 0))
        ]
        at, same = (_coefficients(jet, centre, order, DEGREE + 1) for jet, order in jets)
        if at is not None and same is not None and all(a.overlaps(b) for a, b in zip(at, same, strict=True)):
            return program(other, smooth.variable)
    return program(_derivative(expression, smooth.variable, smooth.order), smooth.variable)


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
            function = _derivative(expression, self._smooth.variable, self._smooth.order)
            if found := beside_bounded(function, self._smooth.variable, low, high):
                return Piece(start, end, Kind.SERIES, found)
            if run := _programmed(self._smooth, expression, low, high):
                return Piece(start, end, Kind.PROGRAM, program=run)
        found = self._expanded(expression, low, high)
        if found is None:
            return None
        return Piece(start, end, Kind.SERIES, found)

    def _expanded(self, expression: sp.Expr, low: float, high: float) -> Series | None:
        variable, order = self._smooth.variable, self._smooth.order
        nearest, farthest = sorted((abs(low), abs(high)))
        outside, wide, side = nearest >= 2, farthest >= NARROW * nearest, 1 if low > 0 else -1
        whole = _polynomial(expression, variable, order)
        if whole is not None and (found := _of_polynomial(whole, nearest, farthest)):
            return found
        if farthest <= NEAR_ZERO and (found := _about_zero(expression, variable, order, low, high)):
            return found
        line = asymptote(expression, variable, order, side) if outside else None
        if line is not None and line.ties:
            if found := along(line, nearest, farthest):
                return found
            if wide and along(line, farthest, farthest):
                return None  # a polynomial could not tell ties at the far end, a narrower range will
        if farthest <= 4 * nearest:
            for precision in PRECISIONS:
                jet = _jet(expression, variable, precision)
                centre = BINARY32.round((Fraction(low) + Fraction(high)) / 2)
                at = _coefficients(jet, arb(centre), order, DEGREE + 1)
                if at is not None and at[0].rel_accuracy_bits() > 64:
                    break
            if at is not None and (found := _about_middle(jet, at, centre, order, low, high)):
                return found
            if at is not None and farthest <= NARROW * nearest:
                return self._otherwise(expression, at, centre, low, high)
        if not outside or not wide:
            return None
        found = along(line, nearest, farthest) if line is not None and not line.ties else None
        return found or far(expression, variable, order, side, nearest)

    def _otherwise(
        self, expression: sp.Expr, at: list[arb], centre: float, low: float, high: float
    ) -> Series | None:
        """Expand other expressions of the same function, where all their coefficients are the same."""
        variable, order = self._smooth.variable, self._smooth.order
        if self._smooth.other is not None:
            other = branch(self._smooth.other, variable, low, high)
            if other is not None and (found := _alike(other, variable, at, centre, low, high)):
                return found
        function = _derivative(expression, variable, order)
        other = conjugated(function)
        return None if other == function else _alike(other, variable, at, centre, low, high)


def _alike(
    expression: sp.Expr, variable: sp.Symbol, at: list[arb], centre: float, low: float, high: float
) -> Series | None:
    jet = _jet(expression, variable, PRECISIONS[0])
    same = _coefficients(jet, arb(centre), 0, DEGREE + 1)
    if same is None or not all(a.overlaps(b) for a, b in zip(at, same, strict=True)):
        return None
    return _about_middle(jet, same, centre, 0, low, high)


_derivative = lru_cache(maxsize=64)(sp.diff)
"""One expression is asked for on thousands of intervals."""


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


@lru_cache(maxsize=64)
def _over_power(expression: sp.Expr, variable: sp.Symbol) -> tuple[sp.Expr, int]:
    """Return an expression's numerator and m, where it is divided by the power m of its variable.

    >>> z = sp.Symbol("z", real=True)
    >>> _over_power(sp.sin(z)/z, z), _over_power(sp.exp(z), z)
    ((sin(z), 1), (exp(z), 0))
    """
    for factor in sp.Mul.make_args(expression):
        base, power = factor.as_base_exp()
        if base == variable and power.is_Integer and power < 0:
            return expression / factor, -int(power)
    return expression, 0


def _quotients(jet: Jet | None, point: arb, order: int, count: int, power: int) -> list[arb] | None:
    """Return coefficients over a ball that holds 0, of the derivative of a function over ``z**power``.

    Where n(0) is 0, n(z)/z is the integral over t from 0 to 1 of n'(t z), and its coefficient of z^k that
    of (k + 1) t^k times n's coefficient of the degree k + 1 at t z: a mean of values that one ball holds.
    """
    if power == 0 or jet is None:
        return _coefficients(jet, point, order, count)
    at = jet(arb(0), power - 1)
    if at is None or not all(c.is_zero() for c in at):
        return None
    found = _coefficients(jet, point, 0, count + order + power)
    if found is None:
        return None
    return [arb(math.perm(k + order, order)) * found[k + order + power] for k in range(count)]


def _about_middle(
    jet: Jet | None, at: list[arb], centre: float, order: int, low: float, high: float
) -> Series | None:
    """Expand about the float in the middle; z less it is exact in binary64, for they are of like size."""
    width = max(high - centre, centre - low)
    scale = 2.0 ** math.frexp(width)[1]
    scaled = [c * arb(scale) ** k for k, c in enumerate(at)]
    numbers = tuple(double(c) for c in scaled)
    sizes = [abs(c) for c in numbers]
    if not sum(sizes) < 2.0**1000:
        return None
    rounding = sum((2 * k + 2) * UNIT * size for k, size in enumerate(sizes))
    rounding += sum(above(arb(c.rad())) for c in scaled) + UNDERFLOW
    least = 0.999 * sizes[0] - sum(sizes[1:])
    if not _enough(max(rounding, sizes[DEGREE] / HOPE), least):
        return None
    over = _coefficients(jet, ball(low, high), order, DEGREE + 2)
    if over is None:
        return None
    remainder = term_bound(abs(over[DEGREE + 1]), width, DEGREE + 1)
    absolute = 1.001 * (rounding + remainder)
    if not _enough(absolute, least - remainder):
        return None
    return Series(numbers, SLACK, absolute, centre=centre, scale=1 / scale)


def _enough(error: float, least: float) -> bool:
    return error <= TARGET * least or error <= NEGLIGIBLE


def _about_zero(
    expression: sp.Expr, variable: sp.Symbol, order: int, low: float, high: float
) -> Series | None:
    """Expand about 0, all errors relative to the leading term; what is 0 there must be so exactly."""
    numerator, power = _over_power(expression, variable)
    jet = _jet(numerator, variable, PRECISIONS[0])
    at = _quotients(jet, arb(0), order, DEGREE + 1, power)
    if at is None:
        return None
    lead = next((k for k, c in enumerate(at) if not c.is_zero()), None)
    if lead is None or at[lead].contains(0):
        return None
    over = _quotients(jet, ball(low, high).union(arb(0)), order, DEGREE + 2, power)
    if over is None:
        return None
    width = max(-low, high)
    numbers = tuple(double(c) for c in at)
    sizes = [abs(c) * width ** (k - lead) if k >= lead else 0.0 for k, c in enumerate(numbers)]
    errors = sum((2 * k + 2) * UNIT * size for k, size in enumerate(sizes))
    errors += sum(term_bound(arb(c.rad()), width, k - lead) for k, c in enumerate(at) if k >= lead)
    errors += term_bound(abs(over[DEGREE + 1]), width, DEGREE + 1 - lead)
    relative = 1.001 * errors / max(2 * sizes[lead] - sum(sizes), UNDERFLOW)
    if not relative <= TARGET:
        return None
    rest = next((k for k in range(2, DEGREE + 1) if not at[k].is_zero()), None)
    if lead == 1 and rest is not None and is_float(at[1]) and bits(numbers[1]) <= 8:
        if found := beside_line(at, over, rest, low, high):
            return found
        nearest = max(low, -high)
        if beside_line(at, over, rest, math.copysign(nearest, low), math.copysign(nearest, low)):
            return None  # a series could not tell ties at the near end, a narrower range will
    return Series(numbers, relative + SLACK, UNDERFLOW)


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
        if held(numerator, nearest, farthest):
            return Series(numerator, SLACK if divisor else 0.0, divisor=divisor)
        if farthest > 2 * nearest and sum(c != 0 for c in numerator) > 1:
            return None  # a narrower range may do, and ties are told by nothing else
    balls = [enclose(c, {}, 192) for c in coefficients]
    balls += [arb(0)] * (DEGREE + 1 - len(balls))
    numbers = tuple(double(c) for c in balls)
    sizes = [term_bound(abs(c), farthest, k) for k, c in enumerate(numbers)]
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
        others = sum(term_bound(abs(d), farthest, j) for j, d in enumerate(numbers) if j != k)
        bounds.append(0.999 * term_bound(abs(c), nearest, k) - others)
    return max(bounds)
