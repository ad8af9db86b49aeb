"""Formats against NumPy and struct, which know the same numbers by another road."""

import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from symact.formats import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS, Format

NUMPY = [(BINARY16, np.float16), (BINARY32, np.float32), (BINARY64, np.float64)]
ALL = list(FORMATS.values())


def patterns(fmt: Format) -> list[int]:
    step = {16: 1, 32: 65537 * 7, 64: 0x0004_1A7B_0000_B1F5}[fmt.bits]
    return list(range(0, 2**fmt.bits, step))


@pytest.mark.parametrize("fmt", ALL, ids=lambda f: f.name)
def test_patterns_round_trip(fmt: Format) -> None:
    for pattern in patterns(fmt):
        value = fmt.value(pattern)
        if not math.isnan(value):
            assert fmt.pattern(value) == pattern
            assert fmt.round(value) == value


@pytest.mark.parametrize(("fmt", "dtype"), NUMPY)
def test_values_are_numpys(fmt: Format, dtype: type[np.floating]) -> None:
    unsigned = {16: np.uint16, 32: np.uint32, 64: np.uint64}[fmt.bits]
    for pattern in patterns(fmt)[:4000]:
        ours, theirs = fmt.value(pattern), float(unsigned(pattern).view(dtype))
        assert struct.pack("<d", ours) == struct.pack("<d", theirs) or (
            math.isnan(ours) and math.isnan(theirs)
        )


@pytest.mark.parametrize(("fmt", "dtype"), NUMPY)
def test_landmarks_are_numpys(fmt: Format, dtype: type[np.floating]) -> None:
    info = np.finfo(dtype)
    assert fmt.largest == float(info.max)
    assert fmt.smallest_normal == float(info.smallest_normal)
    assert fmt.smallest_subnormal == float(info.smallest_subnormal)


@pytest.mark.parametrize(("fmt", "dtype"), NUMPY[:2])
def test_neighbours_are_nextafter(fmt: Format, dtype: type[np.floating]) -> None:
    for pattern in patterns(fmt)[:: max(1, len(patterns(fmt)) // 2000)]:
        value = fmt.value(pattern)
        if math.isfinite(value) and abs(value) != fmt.largest:
            assert fmt.above(value) == float(np.nextafter(dtype(value), dtype(math.inf)))
            assert fmt.below(value) == float(np.nextafter(dtype(value), dtype(-math.inf)))
    assert fmt.above(fmt.largest) == math.inf
    assert fmt.above(-math.inf) == -fmt.largest


@pytest.mark.parametrize(("fmt", "dtype"), NUMPY[:2])
def test_rounding_is_numpys(fmt: Format, dtype: type[np.floating]) -> None:
    generator = np.random.default_rng(3)
    values = generator.uniform(-1, 1, 2000) * 2.0 ** generator.integers(fmt.emin - 20, fmt.emax + 3, 2000)
    with np.errstate(over="ignore"):
        for value in values:
            assert fmt.round(float(value)) == float(dtype(value))


def test_rounding_of_ties_and_ends() -> None:
    assert BINARY64.round(Fraction(2**53 + 1)) == 2.0**53
    assert BINARY32.round(Fraction(2**24 + 1)) == 2.0**24
    assert BINARY32.round(Fraction(2) ** -150) == 0.0
    assert math.copysign(1, BINARY32.round(-(Fraction(2) ** -151))) == -1
    assert BINARY32.round(Fraction(2) ** 128 - Fraction(2) ** 103) == math.inf
    assert BINARY32.round(Fraction(2) ** 128 - Fraction(2) ** 103 - 1) == BINARY32.largest


@pytest.mark.parametrize("fmt", ALL, ids=lambda f: f.name)
def test_ulp_is_the_distance_to_the_next(fmt: Format) -> None:
    for pattern in patterns(fmt)[:500]:
        value = abs(fmt.value(pattern))
        if math.isfinite(value) and value != fmt.largest:
            assert fmt.ulp(value) == Fraction(fmt.above(value)) - Fraction(value)
            mantissa, denominator = value.as_integer_ratio()
            assert fmt.ulp(value) == Fraction(2) ** fmt.ulp_exponent(mantissa, 1 - denominator.bit_length())


def test_ulp_between_values_is_that_of_the_binade() -> None:
    assert BINARY32.ulp(Fraction(2) - Fraction(1, 2**60)) == Fraction(1, 2**23)
    assert BINARY32.ulp(Fraction(2)) == Fraction(1, 2**22)
    assert BINARY64.ulp(Fraction(1, 10**400)) == Fraction(1, 2**1074)


@pytest.mark.parametrize("fmt", ALL, ids=lambda f: f.name)
def test_hex_literals_read_back(fmt: Format) -> None:
    for value in (*fmt.boundaries, *fmt.powers_of_two[::37], 0.1 if fmt is BINARY64 else fmt.round(0.1)):
        literal = fmt.hex(value)
        assert struct.pack("<d", float.fromhex(literal)) == struct.pack("<d", value)
        assert "0p" not in literal.replace("0x0p", "")


def test_a_value_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not a value of bfloat16"):
        BFLOAT16.pattern(1 + 2.0**-10)


def test_boundaries_have_both_zeros() -> None:
    zeros = [b for b in BINARY16.boundaries if b == 0]
    assert sorted(math.copysign(1, z) for z in zeros) == [-1, 1]
