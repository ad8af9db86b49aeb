"""Values for tables: the points worth showing, and correctly rounded decimals of exact expressions."""

from collections.abc import Sequence
from fractions import Fraction

import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, Z
from symact.arithmetics import constant, fraction
from symact.errors import NotSupported
from symact.pieces import Case, midpoint

DIGITS = 6
"""Significant digits of a value in a table."""
MAX_BITS = 4000
STANDARD_POINTS = (-10, 0, 10)


def at_defaults(expression: sp.Basic, activation: Activation) -> sp.Basic:
    """Return the expression with the parameters at their defaults."""
    return expression.subs(activation.defaults)


def case_at_defaults(cases: Sequence[Case], activation: Activation) -> Case:
    """Return the case that holds at the parameters' defaults."""
    for case in cases:
        if at_defaults(case.condition, activation) == sp.true:
            return case
    raise NotSupported(f"{activation.title}: no case holds at the default parameters; mend the conditions")


def value_at(case: Case, activation: Activation, point: sp.Expr) -> sp.Expr | None:
    """Return the exact value of a case at a point, parameters at their defaults; None outside its pieces.

    At a break it is the break's own value; where pieces are empty at the defaults, the last break counts.
    """
    for cut in reversed(case.breaks):
        if at_defaults(cut.at, activation) == point:
            return at_defaults(cut.value, activation)
    for piece in case.pieces:
        lower, upper = at_defaults(piece.lower, activation), at_defaults(piece.upper, activation)
        if lower < point and point < upper:
            return at_defaults(piece.expression, activation).subs(Z, point)
    if at_defaults(activation.domain, activation).contains(point) != sp.true:
        return None
    # What is left is an end that belongs to the domain.
    end = case.pieces[0] if at_defaults(case.pieces[0].lower, activation) == point else case.pieces[-1]
    value = at_defaults(end.expression, activation).subs(Z, point)
    return value if value.is_finite else None


def points(activation: Activation, kinks: Sequence[sp.Expr]) -> tuple[sp.Expr, ...]:
    """Return the points of the value table: -10, 0, 10 and the kinks, and one inside a narrow domain."""
    chosen = {sp.Integer(p) for p in STANDARD_POINTS} | {at_defaults(k, activation) for k in kinks}
    domain = at_defaults(activation.domain, activation)
    if not any(domain.contains(point) == sp.true for point in chosen):
        chosen.add(midpoint(domain.inf, domain.sup))
    return tuple(sorted(chosen, key=lambda point: sp.N(point, 30)))


def enclosure(value: sp.Expr, bits: int) -> tuple[Fraction, Fraction]:
    """Return exact bounds of a real number, computed with the given precision."""
    before = ctx.prec
    try:
        ctx.prec = bits
        ball = constant(value)
        return _fraction(ball.lower()), _fraction(ball.upper())
    finally:
        ctx.prec = before


def _fraction(number: arb) -> Fraction:
    if not number.is_finite():
        raise NotSupported("a value without a finite enclosure; the expression is undefined there")
    return fraction(number)


def decimal(value: sp.Expr, digits: int = DIGITS) -> str:
    r"""Return a number as LaTeX, correctly rounded to significant digits (ties to even).

    An exact decimal of that length is written without trailing zeros.

    >>> decimal(sp.exp(-10)), decimal(sp.Rational(1, 4)), decimal(sp.sqrt(2))
    ('4.53999 \\cdot 10^{-5}', '0.25', '1.41421')
    """
    if value in (sp.oo, -sp.oo):
        return r"\infty" if value == sp.oo else r"-\infty"
    if value.is_Rational:
        exact = Fraction(int(value.p), int(value.q))
        return _written(*_rounded(exact, digits), digits, exact) if exact else "0"
    if value.is_zero:
        return "0"
    bits = 128
    while bits <= MAX_BITS:
        low, high = enclosure(value, bits)
        if low * high > 0 and _rounded(low, digits) == _rounded(high, digits):
            return _written(*_rounded(low, digits), digits, None)
        if bits == 128 and low <= 0 <= high and sp.simplify(value) == 0:
            return "0"
        bits *= 2
    raise NotSupported(
        f"{value}: not told apart from a tie or from 0 with {MAX_BITS} bits; simplify it first"
    )


def _rounded(value: Fraction, digits: int) -> tuple[int, int]:
    """Return ``(n, e)`` with n of that many digits and n * 10**e nearest to the value."""
    magnitude = abs(value)
    # 0.30103 = log10(2): a first guess from the bits, at most a few too low or too high.
    bits = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    exponent = bits * 30103 // 100000 - digits
    while round(magnitude / Fraction(10) ** exponent) >= 10**digits:
        exponent += 1
    while (rounded := round(magnitude / Fraction(10) ** exponent)) < 10 ** (digits - 1):
        exponent -= 1
    return (rounded if value > 0 else -rounded), exponent


def _written(number: int, exponent: int, digits: int, exact: Fraction | None) -> str:
    text = str(abs(number))
    if exact is not None and Fraction(number) * Fraction(10) ** exponent == exact:
        stripped = text.rstrip("0")
        exponent += len(text) - len(stripped)
        text = stripped
    sign = "-" if number < 0 else ""
    leading = len(text) + exponent  # the number lies in [10**(leading - 1), 10**leading)
    if -3 < leading <= digits:
        if exponent >= 0:
            return f"{sign}{text}{'0' * exponent}"
        if leading > 0:
            return f"{sign}{text[:leading]}.{text[leading:]}"
        return f"{sign}0.{'0' * -leading}{text}"
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return rf"{sign}{mantissa} \cdot 10^{{{leading - 1}}}"
