"""The binary floating-point formats: their spacing, neighbours, boundaries, literals and bit patterns.

Everything here is exact: a value is a `fractions.Fraction`, or a Python float where it is one of the
format's own values (every format here fits in binary64).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property


@dataclass(frozen=True)
class Format:
    """An IEEE 754 interchange format, or bfloat16: sign, exponent, ``precision`` - 1 stored bits.

    Finite values are m 2^k with m of at most ``precision`` bits and k >= emin - precision + 1; all are
    below 2^(emax + 1).
    """

    name: str
    dtype: str
    precision: int
    emin: int
    emax: int
    bits: int

    @cached_property
    def lowest_exponent(self) -> int:
        """The exponent of the smallest spacing, which is the smallest subnormal."""
        return self.emin - self.precision + 1

    @cached_property
    def highest_exponent(self) -> int:
        """The exponent of the largest spacing."""
        return self.emax - self.precision + 1

    @property
    def held(self) -> str:
        """The dtype of NumPy arrays that hold the format's values: NumPy has no bfloat16."""
        return "float32" if self is BFLOAT16 else self.dtype

    @property
    def _hidden(self) -> int:
        """The weight of the significand's leading bit, which is not stored."""
        return 1 << (self.precision - 1)

    @property
    def _infinity(self) -> int:
        """The bit pattern of +inf; those of NaN are larger."""
        return (1 << (self.bits - 1)) - self._hidden

    @cached_property
    def largest(self) -> float:
        """The largest finite value."""
        return math.ldexp(2**self.precision - 1, self.emax - self.precision + 1)

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest normal value, 2^emin."""
        return math.ldexp(1.0, self.emin)

    @cached_property
    def smallest_subnormal(self) -> float:
        """The smallest positive value."""
        return math.ldexp(1.0, self.lowest_exponent)

    def ulp_exponent(self, mantissa: int, exponent: int) -> int:
        """Return k where 2^k is the format's spacing at the exact value mantissa * 2^exponent.

        >>> BINARY64.ulp_exponent(3, -1), BINARY32.ulp_exponent(1, -200)
        (-52, -149)
        """
        found, lowest = mantissa.bit_length() + exponent - self.precision, self.lowest_exponent
        return found if found > lowest and mantissa else lowest

    def ulp(self, value: Fraction | float | int) -> Fraction:
        """Return the spacing of the format at an exact value, as if its exponent range had no upper end.

        >>> BINARY32.ulp(Fraction(1, 3)) == Fraction(1, 2**25)
        True
        """
        exact = abs(Fraction(value))
        if exact == 0:
            return Fraction(2) ** self.lowest_exponent
        exponent = exact.numerator.bit_length() - exact.denominator.bit_length()
        if exact < Fraction(2) ** exponent:
            exponent -= 1
        return Fraction(2) ** max(exponent - self.precision + 1, self.lowest_exponent)

    def round(self, value: Fraction | float | int) -> float:
        """Return the value of the format nearest an exact one, ties to even; infinity beyond the largest.

        >>> BINARY32.round(0.1).hex(), BINARY16.round(65520)
        ('0x1.99999a0000000p-4', inf)
        """
        if isinstance(value, float):
            if value == 0 or not math.isfinite(value) or self is BINARY64:
                return value
            if self.dtype in PACKED:
                code = PACKED[self.dtype]
                try:
                    return float(struct.unpack(code, struct.pack(code, value))[0])
                except OverflowError:
                    return math.copysign(math.inf, value)
        exact = Fraction(value)
        ulp = self.ulp(exact)
        rounded = round(exact / ulp) * ulp  # Python rounds a Fraction half to even
        sign = -1.0 if exact < 0 else 1.0
        if abs(rounded) > Fraction(self.largest):
            return sign * math.inf
        return sign * float(abs(rounded))

    def above(self, value: float) -> float:
        """Return the next larger value of the format.

        >>> BINARY32.above(1.0) - 1.0 == 2.0**-23
        True
        """
        if math.isnan(value) or value == math.inf:
            return value
        if value == 0:
            return self.smallest_subnormal
        pattern = self.pattern(value)
        return self.value(pattern + 1 if value > 0 else pattern - 1)

    def below(self, value: float) -> float:
        """Return the next smaller value of the format."""
        return -self.above(-value)

    def neighbours(self, value: Fraction | float, count: int = 2) -> tuple[float, ...]:
        """Return the rounding of a value with ``count`` values of the format on each side, in order.

        >>> [x.hex() for x in BINARY32.neighbours(1.0, 1)]
        ['0x1.fffffe0000000p-1', '0x1.0000000000000p+0', '0x1.0000020000000p+0']
        """
        middle = self.round(value)
        lower, upper = [middle], [middle]
        for _ in range(count):
            lower.append(self.below(lower[-1]))
            upper.append(self.above(upper[-1]))
        return tuple(dict.fromkeys([*reversed(lower[1:]), *upper]))

    def index(self, value: float) -> int:
        """Return a number that grows by 1 from one value to the next; both zeros are 0.

        >>> BINARY32.index(-BINARY32.smallest_subnormal), BINARY32.index(-0.0)
        (-1, 0)
        """
        pattern = self.pattern(abs(value))
        return -pattern if math.copysign(1.0, value) < 0 else pattern

    def at_index(self, index: int) -> float:
        """Return the value whose `index` this is."""
        return -self.value(-index) if index < 0 else self.value(index)

    def value(self, pattern: int) -> float:
        """Return the value of a bit pattern.

        >>> BINARY16.value(0x3C00), BFLOAT16.value(0x7F80)
        (1.0, inf)
        """
        if self is BINARY64:
            return float(struct.unpack("<d", struct.pack("<Q", pattern))[0])
        sign, rest = divmod(pattern, 1 << (self.bits - 1))
        field, fraction = divmod(rest, self._hidden)
        if rest >= self._infinity:
            magnitude = math.nan if fraction else math.inf
        elif field == 0:
            magnitude = math.ldexp(fraction, self.lowest_exponent)
        else:
            magnitude = math.ldexp(fraction + self._hidden, field - 1 + self.lowest_exponent)
        return -magnitude if sign else magnitude

    def pattern(self, value: float) -> int:
        """Return the bit pattern of a value of the format.

        >>> hex(BINARY32.pattern(-1.0)), hex(BINARY16.pattern(float("inf")))
        ('0xbf800000', '0x7c00')

        Raises ValueError where the format does not have the value.
        """
        if self is BINARY64:
            return int(struct.unpack("<Q", struct.pack("<d", value))[0])
        sign = 1 << (self.bits - 1) if math.copysign(1.0, value) < 0 else 0
        if math.isnan(value):
            return self._infinity + self._hidden // 2
        if math.isinf(value):
            return sign + self._infinity
        magnitude = abs(value)
        if self.round(magnitude) != magnitude:
            raise ValueError(f"{value.hex()} is not a value of {self.name}; round it first")
        if magnitude < self.smallest_normal:
            return sign + int(math.ldexp(magnitude, -self.lowest_exponent))
        fraction, exponent = math.frexp(magnitude)
        field = exponent - self.emin  # 1 for the smallest normal, whose frexp exponent is emin + 1
        return sign + (field - 1) * self._hidden + int(math.ldexp(fraction, self.precision))

    def hex(self, value: float, suffix: str = "") -> str:
        """Return the shortest hex literal of a value, as C99 reads it; ``suffix`` may be "f".

        >>> BINARY64.hex(12.0), BINARY32.hex(-0.75, "f"), BINARY64.hex(0.0), BINARY64.hex(float("-inf"))
        ('0x1.8p+3', '-0x1.8p-1f', '0x0p+0', '-inf')
        """
        if not math.isfinite(value):
            return str(value)
        mantissa, exponent = value.hex().split("p")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        if abs(value) < 2.0**-1022 and value:  # Python writes binary64's subnormals as 0x0.1p-1022
            fraction, power = math.frexp(value)
            mantissa, exponent = (fraction * 2).hex().split("p")
            mantissa, exponent = mantissa.rstrip("0").rstrip("."), f"{power - 1:+d}"
        return f"{mantissa}p{exponent}{suffix}"

    @cached_property
    def boundaries(self) -> tuple[float, ...]:
        """The format's landmarks, both signs: zeros, infinities, NaN, and the ends of its ranges."""
        magnitudes = (
            0.0,
            self.smallest_subnormal,
            self.below(self.smallest_normal),
            self.smallest_normal,
            self.above(self.smallest_normal),
            1.0,
            self.below(self.largest),
            self.largest,
            math.inf,
        )
        return (*magnitudes, *(-m for m in magnitudes), math.nan)

    @cached_property
    def powers_of_two(self) -> tuple[float, ...]:
        """Every positive power of two that the format has, subnormal ones too, in order."""
        return tuple(math.ldexp(1.0, k) for k in range(self.lowest_exponent, self.emax + 1))


BINARY16 = Format("binary16", "float16", 11, -14, 15, 16)
BFLOAT16 = Format("bfloat16", "bfloat16", 8, -126, 127, 16)
BINARY32 = Format("binary32", "float32", 24, -126, 127, 32)
BINARY64 = Format("binary64", "float64", 53, -1022, 1023, 64)

PACKED: Mapping[str, str] = {"float16": "<e", "float32": "<f"}
"""The formats to which `struct` rounds a binary64, to nearest with ties to even, by dtype."""

FORMATS: Mapping[str, Format] = {fmt.dtype: fmt for fmt in (BINARY16, BFLOAT16, BINARY32, BINARY64)}
"""The formats by dtype."""
