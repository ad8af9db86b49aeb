"""Constants and coefficients of the generated runtime, each computed from its definition.

Everything is ball arithmetic or exact: a number reaches a template as the hex literal of a rounding that
the ball proves, so that every machine generates the same text.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import factorial
from types import MappingProxyType
from typing import Any

from flint import arb, arb_mat, arb_poly, ctx, fmpq

from symact.arithmetics import fraction
from symact.errors import SymactError
from symact.formats import BINARY64

PRECISION = 320
"""Bits of the balls: three times double-double, so that no rounding is in doubt."""

Exact = Fraction | int
Pair = tuple[str, str]

EXP_PARTS = 64
"""exp: x = (64 n + j) ln2/64 + r; 2^(j/64) from a table, abs r <= ln2/128."""
EXP_PART_BITS = 32
"""Bits of the two leading parts of ln2/64: times k of 20 bits they are exact."""
ERFCX_PARTS = 32
ERFCX_SHIFT = 2
"""erfcx(x) = y G(y), y = 64/(x + 2) in (0, 32]: a polynomial on each [j, j + 1]."""
ERFCX_DEGREE = 11
"""Relative error of the 32 interpolants below 2^-83, as `interpolant` is tested."""
NEAR_ERFCX_SHIFT = 3
"""In binary64 erfcx(x) = t E(t), t = 3/(x + 3)."""
ATAN_ENDS = (Fraction(7, 16), Fraction(11, 16), Fraction(19, 16), Fraction(39, 16))
"""atan in binary64: it is atan(c) + atan((x - c)/(1 + c x)), c = 0, 1/2, 1, 3/2, infinity between these."""
PI_PART_BITS = 34
"""Bits of the three leading parts of pi/2: times k of 17 bits they are exact."""
PI_WORDS = 19
CHUNK_BITS = 24
CHUNKS = 54
"""2/pi in chunks of 24 bits: 1024 for the largest exponent, and 216 for the fraction's digits."""


def double_double(value: arb | Exact) -> Pair:
    """Return hex literals of the two binary64 whose sum is nearest a number.

    >>> double_double(Fraction(1, 3))
    ('0x1.5555555555555p-2', '0x1.5555555555555p-56')

    Raises SymactError where a ball is too wide to say.
    """
    hi, lo = _doubles(value, 2)
    return BINARY64.hex(hi), BINARY64.hex(lo)


def double(value: arb | Exact) -> str:
    """Return the hex literal of the binary64 nearest a number.

    >>> double(Fraction(3, 4))
    '0x1.8p-1'
    """
    return BINARY64.hex(_doubles(value, 1)[0])


def _doubles(value: arb | Exact, count: int) -> list[float]:
    """Return the roundings of a number, of what is left of it, and so on."""
    if not isinstance(value, arb):
        rest = Fraction(value)
        return _peeled(rest, count)
    ends = [_peeled(fraction(end), count) for end in (value.lower(), value.upper())]
    if ends[0] != ends[1]:
        raise SymactError(
            f"{value.str(20)}: the ball does not decide its rounding; raise polynomials.PRECISION"
        )
    return ends[0]


def _peeled(rest: Fraction, count: int) -> list[float]:
    found = []
    for _ in range(count):
        found.append(float(rest))
        rest -= Fraction(found[-1])
    return found


def _arb(value: Exact) -> arb:
    exact = Fraction(value)
    return arb(fmpq(exact.numerator, exact.denominator))


def split(value: arb, bits: Sequence[int]) -> list[str]:
    """Return hex literals of consecutive parts: each truncated to its bits, the last one rounded."""
    rest, parts = fraction(value), []
    for count in bits:
        exponent = rest.numerator.bit_length() - rest.denominator.bit_length() - count + 1
        unit = Fraction(2) ** exponent
        part = (rest // unit) * unit
        parts.append(BINARY64.hex(float(part)))
        rest -= part
    return [*parts, BINARY64.hex(float(rest))]


def polynomial(coefficients: Sequence[arb | Exact], lead: int) -> dict[str, Any]:
    """Return the coefficients for the runtime: the first ``lead`` as pairs, the others as doubles."""
    return {
        "lead": [double_double(c) for c in coefficients[:lead]],
        "tail": [double(c) for c in coefficients[lead:]],
    }


def interpolant(function: Callable[[arb], arb], middle: arb, half: arb, degree: int) -> list[arb]:
    """Return the coefficients, in powers of x - middle, of the interpolant in Chebyshev's nodes.

    On an interval of half-width h the nodes are h cos((2 i + 1) pi / (2 n)), n = degree + 1.
    """
    n = degree + 1
    nodes = [(arb(2 * i + 1) / (2 * n)).cos_pi() for i in range(n)]
    values = [[function(middle + half * node)] for node in nodes]
    solved = _inverse(n) * arb_mat(values)
    return [solved[i, 0] / half**i for i in range(n)]


def about_zero(coefficients: Sequence[arb], middle: arb) -> list[arb]:
    """Return the coefficients in powers of x of a polynomial in powers of x - middle."""
    return list(arb_poly(coefficients)(arb_poly([-middle, 1])))


@cache
def _inverse(n: int) -> arb_mat:
    nodes = [(arb(2 * i + 1) / (2 * n)).cos_pi() for i in range(n)]
    return arb_mat([[node**i for i in range(n)] for node in nodes]).inv()


def erfcx_scaled(y: arb) -> arb:
    """Return G(y) = erfcx(x)/y where x = 64/y - 2."""
    x = arb(ERFCX_PARTS * ERFCX_SHIFT) / y - ERFCX_SHIFT
    return (x * x).exp() * x.erfc() / y


def arctangent_ratio(z: arb) -> arb:
    """Return atan(x)/x where z = x^2 > 0."""
    x = z.sqrt()
    return x.atan() / x


@cache
def runtime_constants() -> Mapping[str, Any]:
    """Return all that templates of the double-double runtime name: hex literals, pairs and lists of them."""
    old, ctx.prec = ctx.prec, PRECISION
    try:
        return MappingProxyType(
            _exponential() | _errors() | _circular() | _limits() | {"binary64": _binary64()}
        )
    finally:
        ctx.prec = old


def _exponential() -> dict[str, Any]:
    """Constants of exp, expm1, log, log1p."""
    ln2 = arb(2).log()
    # exp(r) = 1 + r + r^2 (1/2 + r/6 + ...): up to r^10/10!, below 2^-88 of r for abs r <= 2^-7.5.
    exp_series = [Fraction(1, factorial(i)) for i in range(2, 11)]
    # log1p(u) = 2 atanh(s) = s (2 + 2/3 s^2 + ...), s = u/(2 + u): a start good to 2^-32 for abs s < 0.172.
    log_start = [Fraction(2, 2 * i + 1) for i in range(6)]
    return {
        "parts": EXP_PARTS,
        "last_part": EXP_PARTS - 1,
        "inverse_part": double(EXP_PARTS / ln2),
        "part": split(ln2 / EXP_PARTS, (EXP_PART_BITS, EXP_PART_BITS)),
        "exp_table": [double_double((ln2 * j / EXP_PARTS).exp() if j else 1) for j in range(EXP_PARTS)],
        "exp": polynomial(exp_series, 2),
        "ln2": double_double(ln2),
        "sqrt_half": double(arb(2).sqrt() / 2),
        "log_start": [double(c) for c in log_start],
    }


def _binary64() -> dict[str, Any]:
    """Constants of the functions of binary64; interpolants in Chebyshev's nodes are nearly minimax.

    Relative errors are below 2^-42, of sin, cos and atan below 2^-57, coefficients rounded.
    """
    ln2, half = arb(2).log(), _arb(Fraction(1, 2))
    end = ln2 / 2 + arb(2) ** -20
    return {
        # exp(r) and (exp(r) - 1)/r for abs r <= ln2/2: 2^-45.6 and 2^-43.3.
        "exp": [double(c) for c in interpolant(arb.exp, arb(0), end, 9)],
        "expm1": [double(c) for c in interpolant(lambda r: r.hypgeom_1f1(1, 2), arb(0), end, 8)],
        "ln2": double(ln2),
        "inverse_ln2": double(1 / ln2),
        # log((1 + s)/(1 - s))/s in s^2, abs s <= 0.1716: 2^-44.9.
        "log": _in_powers(lambda z: ((1 + z.sqrt()) / (1 - z.sqrt())).log() / z.sqrt(), Fraction(3, 100), 5),
        # erfcx(x) = t E(t), t = 3/(x + 3) in (0, 1]: 2^-43.3.
        "erfcx": _in_powers(_erfcx_ratio, Fraction(1), 18),
        "erfcx_shift": double(NEAR_ERFCX_SHIFT),
        # log(erfc(x))/x for 0 <= x <= 21/4, beyond which erf is 1 but for 2^-43: 2^-43.9.
        "erf": _in_powers(lambda x: x.erfc().log() / x, Fraction(21, 4), 22),
        "erf_end": double(Fraction(21, 4)),
        # sin(r) = r + r z S(z), cos(r) = 1 - z/2 + z^2 C(z), z = r^2 <= (pi/4)^2.
        "sin": _in_powers(lambda z: (z.sqrt().sin() / z.sqrt() - 1) / z, Fraction(5, 8), 6),
        "cos": _in_powers(lambda z: ((z.sqrt().cos() - 1) + z / 2) / z**2, Fraction(5, 8), 6),
        # 2/pi in words of 64 bits after one of zeros: enough for every binary64 and 192 bits from there.
        "two_over_pi_words": _words(_two_over_pi() >> (CHUNK_BITS * CHUNKS - 64 * PI_WORDS)),
        "quarter": double_double(arb.pi() / 2 / arb(2) ** 62),
        # atan(t) = t + t z A(z), z = t^2 <= (7/16)^2.
        "atan": _in_powers(lambda z: (z.sqrt().atan() / z.sqrt() - 1) / z, ATAN_ENDS[0] ** 2, 12),
        "ends_atan": [double(end) for end in ATAN_ENDS],
        "atan_middles": [
            double_double(angle)
            for angle in (half.atan(), arb.pi() / 4, _arb(Fraction(3, 2)).atan(), arb.pi() / 2)
        ],
    }


def _erfcx_ratio(t: arb) -> arb:
    """Return erfcx(x)/t where t = 3/(x + 3)."""
    x = NEAR_ERFCX_SHIFT * (1 / t - 1)
    return (x * x).exp() * x.erfc() / t


def _words(number: int) -> list[str]:
    """Return a number of `PI_WORDS` words, the highest first, after a word of zeros."""
    words = [number >> 64 * (PI_WORDS - 1 - i) & (2**64 - 1) for i in range(PI_WORDS)]
    return [f"0x{word:016x}" for word in (0, *words)]


def _in_powers(function: Callable[[arb], arb], end: Fraction, degree: int) -> list[str]:
    """Return the coefficients of a polynomial on [0, end], in powers of its variable."""
    middle = _arb(end / 2)
    return [double(c) for c in about_zero(interpolant(function, middle, middle, degree), middle)]


def _errors() -> dict[str, Any]:
    """Constants of erf, erfc, erfcx."""
    # erf(x) = x (2/sqrt(pi)) sum (-z)^i / (i! (2 i + 1)), z = x^2 <= 1/4: up to z^15, below 2^-78.
    scale = 2 / arb.pi().sqrt()
    series = [scale * _arb(Fraction((-1) ** i, factorial(i) * (2 * i + 1))) for i in range(16)]
    half = _arb(Fraction(1, 2))
    pieces = [interpolant(erfcx_scaled, j + half, half, ERFCX_DEGREE) for j in range(ERFCX_PARTS)]
    return {
        "erf": polynomial(series, 6),
        "erfcx": [polynomial(piece, 4) for piece in pieces],
        "last_erfcx_part": ERFCX_PARTS - 1,
        "erfcx_shift": double(ERFCX_SHIFT),
        "erfcx_scale": double(ERFCX_PARTS * ERFCX_SHIFT),
    }


def _circular() -> dict[str, Any]:
    """Constants of sin, cos, atan."""
    half_pi = arb.pi() / 2
    # sin(r) = r + r z S(z), cos(r) = 1 + z C(z), z = r^2 <= (pi/4)^2: up to r^25 and r^24, below 2^-81.
    sine = [Fraction((-1) ** i, factorial(2 * i + 1)) for i in range(1, 13)]
    cosine = [Fraction((-1) ** i, factorial(2 * i)) for i in range(1, 13)]
    half = _arb(Fraction(1, 2))
    start = interpolant(arctangent_ratio, half, half, 9)
    bits = _two_over_pi()
    chunks = [bits >> (CHUNK_BITS * (CHUNKS - 1 - i)) & ((1 << CHUNK_BITS) - 1) for i in range(CHUNKS)]
    return {
        "half_pi": double_double(half_pi),
        "half_pi_parts": split(half_pi, (PI_PART_BITS,) * 3),
        "two_over_pi": double(2 / arb.pi()),
        "two_over_pi_chunks": [double(chunk) for chunk in chunks],
        "sin": polynomial(sine, 4),
        "cos": polynomial(cosine, 5),
        "atan_start": [double(c) for c in start],
    }


def _two_over_pi() -> int:
    """Return floor(2/pi * 2^1296)."""
    old, ctx.prec = ctx.prec, CHUNK_BITS * CHUNKS + 64
    try:
        scaled = (2 / arb.pi() * arb(2) ** (CHUNK_BITS * CHUNKS)).floor()
        return int(scaled.unique_fmpz())
    finally:
        ctx.prec = old


def _limits() -> dict[str, Any]:
    """Bounds at which the runtime changes its way: powers of two, far from where accuracy would suffer."""
    return {
        "tiny": double(Fraction(1, 2**900)),
        "huge": double(2**200),
        "vast": double(2**1000),
        "chunk": double(Fraction(1, 2**CHUNK_BITS)),
        "third": double(Fraction(1, 3)),
    }
