"""Ranges: what values an exact expression takes over an interval, by its two ends.

A ball has one radius for both ends: the interval from 2^-1074 to 1 would reach below 0. Here the ends are
exact numbers, each rounded outwards, so that magnitudes keep their least value.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

PRECISION = 160
"""Bits in which ranges and losses are computed."""


class Unknown(ArithmeticError):
    """Nothing is known over so large an interval: a smaller one may do."""


def below(value: arb) -> arb:
    """Return a number that is not above any of a ball's."""
    return _end(value.lower())


def above(value: arb) -> arb:
    """Return a number that is not below any of a ball's."""
    return _end(value.upper())


def _end(value: arb) -> arb:
    if value.is_nan():
        raise Unknown
    return arb(value.mid())


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, which are exact; infinite where nothing is known."""

    low: arb
    high: arb

    @property
    def least(self) -> arb:
        """The least magnitude."""
        return self.low if self.low > 0 else -self.high if self.high < 0 else arb(0)

    @property
    def most(self) -> arb:
        """The largest magnitude."""
        return -self.low if -self.low > self.high else self.high

    @property
    def sign(self) -> int:
        """1 or -1 where all have that sign, else 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0

    def __neg__(self) -> "Range":
        return Range(-self.high, -self.low)

    def __add__(self, other: "Range") -> "Range":
        return Range(below(self.low + other.low), above(self.high + other.high))

    def __mul__(self, other: "Range") -> "Range":
        ends = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return _hull(ends)

    def inverse(self) -> "Range":
        """Return 1/x. Raises Unknown where x may be 0."""
        if not self.sign:
            raise Unknown
        return Range(below(1 / self.high), above(1 / self.low))

    def power(self, n: int) -> "Range":
        """Return x**n for n >= 1."""
        if n % 2:
            return self.rising(lambda x: _power(x, n))
        return Range(below(_power(self.least, n)), above(_power(self.most, n)))

    def rising(self, function: Callable[[arb], arb]) -> "Range":
        """Return the values of a function that does not fall."""
        return Range(below(function(self.low)), above(function(self.high)))

    def falling(self, function: Callable[[arb], arb]) -> "Range":
        """Return the values of a function that does not rise."""
        return Range(below(function(self.high)), above(function(self.low)))

    def meet(self, other: "Range") -> "Range":
        """Return what two ranges of the same values have in common."""
        return Range(self.low.max(other.low), self.high.min(other.high))

    def within(self, low: int, high: int) -> "Range":
        """Return the part between two numbers, which the values are known not to leave."""
        return Range(self.low.max(arb(low)), self.high.min(arb(high)))


def _product(a: arb, b: arb) -> arb:
    return arb(0) if a == 0 or b == 0 else a * b  # 0 times an unknown end


def _power(x: arb, n: int) -> arb:
    result = x
    for bit in bin(n)[3:]:
        result = result * result
        if bit == "1":
            result = result * x
    return result


def _hull(ends: list[arb]) -> Range:
    lows, highs = [below(e) for e in ends], [above(e) for e in ends]
    low, high = lows[0], highs[0]
    for e in lows[1:]:
        low = e if e < low else low
    for e in highs[1:]:
        high = e if e > high else high
    return Range(low, high)
