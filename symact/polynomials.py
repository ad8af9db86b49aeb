"""The constants and polynomials of the generated double-double runtime, computed from their definitions.

Everything is enclosed by ball arithmetic at 400 bits and rounded once: the same text on every machine.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from flint import arb, arb_series, ctx

BITS = 400
EXP_TABLE = 64
"""Entries of the table of 2**(j/64): what is left of the argument is below ln(2)/128."""
EXP_DEGREE = 9
ERF_TERMS = 26
"""Terms of erf's series on [0, 1/2]: the first one left out is below 2**-100."""
ERFCX_START, ERFCX_STOP, ERFCX_WIDTH = Fraction(1, 2), 12, Fraction(1, 2)
ERFCX_DEGREE = 24
"""Degree of erfcx's Taylor polynomials on intervals of half-width 1/4: the remainder is below 2**-68."""
ASYMPTOTIC_TERMS = 20
"""Terms of erfcx's asymptotic series from 12 on (DLMF 7.12.1): the first one left out is below 2**-80."""


def hexadecimal(value: float) -> str:
    """Return a binary64 as a hex literal without trailing zeros.

    >>> hexadecimal(0.75), hexadecimal(2.0), hexadecimal(-0.1)
    ('0x1.8p-1', '0x1p+1', '-0x1.999999999999ap-4')
    """
    text = value.hex()
    mantissa, exponent = text.split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}"


def rounded(value: arb) -> tuple[float, float]:
    """Return the two binary64 nearest a number: ``hi`` its rounding, ``lo`` the rounding of the rest."""
    mantissa, exponent = value.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    hi = float(exact)
    return hi, float(exact - Fraction(hi))


def double_double(value: arb) -> tuple[str, str]:
    """Return `rounded` as hex literals."""
    hi, lo = rounded(value)
    return hexadecimal(hi), hexadecimal(lo)


@cache
def runtime_constants() -> Mapping[str, Any]:
    """Return the runtime's constants by name: pairs of hex literals, or lists of them."""
    old, cap = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = BITS, ERFCX_DEGREE + 1
    try:
        log2 = arb(2).log()
        centers, table = _erfcx_table()
        return {
            "ln2": double_double(log2),
            "step": double_double(log2 / EXP_TABLE),
            "inverse_step": double_double(EXP_TABLE / log2)[0],
            "powers": [double_double(arb(2) ** (arb(j) / EXP_TABLE)) for j in range(EXP_TABLE)],
            "exp": [double_double(1 / arb(n).fac())[0] for n in range(3, EXP_DEGREE + 1)],
            "two_over_sqrt_pi": double_double(2 / arb.pi().sqrt()),
            "one_over_sqrt_pi": double_double(1 / arb.pi().sqrt()),
            "erf": [double_double(_double_factorial(n)) for n in range(ERF_TERMS)],
            "erfcx_centers": centers,
            "erfcx_degree": ERFCX_DEGREE,
            "erfcx": table,
            "asymptotic": [double_double(_asymptotic(n)) for n in range(ASYMPTOTIC_TERMS)],
        }
    finally:
        ctx.prec, ctx.cap = old, cap


def _double_factorial(n: int) -> arb:
    """2^n/(2n+1)!!, of erf(x) = 2/sqrt(pi) x exp(-x^2) sum 2^n x^(2n)/(2n+1)!! (DLMF 7.6.2)."""
    value = arb(1)
    for k in range(1, n + 1):
        value = value * 2 / (2 * k + 1)
    return value


def _asymptotic(n: int) -> arb:
    """(-1)^n (2n-1)!!/2^n, of erfcx(x) ~ 1/(sqrt(pi) x) sum (-1)^n (2n-1)!!/(2 x^2)^n (DLMF 7.12.1)."""
    value = arb(1)
    for k in range(1, n + 1):
        value = -value * (2 * k - 1) / 2
    return value


def _erfcx_table() -> tuple[list[str], list[list[tuple[str, str]]]]:
    """Taylor coefficients of erfcx at the centers of the intervals, lowest first."""
    centers, rows = [], []
    left = ERFCX_START
    while left < ERFCX_STOP:
        center = left + ERFCX_WIDTH / 2
        x = arb_series([arb(center.numerator) / center.denominator, 1], prec=ERFCX_DEGREE + 1)
        coefficients = ((x * x).exp() * x.erfc()).coeffs()
        centers.append(hexadecimal(float(center)))
        rows.append([double_double(c) for c in coefficients[: ERFCX_DEGREE + 1]])
        left += ERFCX_WIDTH
    return centers, rows
