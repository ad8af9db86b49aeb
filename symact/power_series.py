"""Power series of expressions about a point: enclosed coefficients, polynomials in Horner form."""

from collections.abc import Sequence

import sympy as sp
from flint import arb, arb_series, ctx

from symact.arithmetics import constant, integer_power
from symact.forms import T

PRECISION = 1300
"""Bits of the coefficients' balls, whatever the precision in force."""

CANCELLED = 4
"""Terms of a power series that may be lost where numerator and denominator vanish."""


def series(expression: sp.Expr, variable: sp.Symbol, center: arb, terms: int) -> list[arb] | None:
    """Return enclosures of the Taylor coefficients of an expression at a point, or None where it has none.

    >>> z = sp.Symbol("z", real=True)
    >>> [row.rel_accuracy_bits() > 1000 for row in series(sp.exp(z), z, arb(1), 3)]
    [True, True, True]
    """
    bits, cap = ctx.prec, ctx.cap
    try:
        ctx.prec = PRECISION
        # Quotients of two series that vanish lose as many terms as cancel.
        ctx.cap = terms + CANCELLED
        x = arb_series([center, 1], prec=terms + CANCELLED)
        value = _series(expression, variable, x, terms + CANCELLED)
        rows = value.coeffs()
    except (ValueError, ZeroDivisionError, KeyError, NotImplementedError):
        return None
    finally:
        ctx.prec, ctx.cap = bits, cap
    rows = (rows + [arb(0)] * (terms - len(rows)))[:terms]
    return None if any(row.is_nan() or not row.is_finite() for row in rows) else rows


def _series(node: sp.Expr, variable: sp.Symbol, x: arb_series, terms: int) -> arb_series:
    if node == variable:
        return x
    if not node.free_symbols:
        return arb_series([constant(node)], prec=terms)
    if node.is_Mul:
        above, below = sp.fraction(node)
        if below.has(variable):
            first, second = (_series(part, variable, x, terms) for part in (above, below))
            return _quotient(first, second, terms)
    parts = [_series(argument, variable, x, terms) for argument in node.args]
    if node.is_Add or node.is_Mul:
        value = parts[0]
        for part in parts[1:]:
            value = value + part if node.is_Add else value * part
        return value
    if node.is_Pow:
        if node.exp.is_Integer:
            return integer_power(parts[0], int(node.exp))
        if node.exp.is_Rational and node.exp.q == 2:
            return integer_power(parts[0].sqrt(), int(node.exp.p))
        return (parts[1] * parts[0].log()).exp()
    u = parts[0]
    match node.func.__name__:
        case "expm1":
            return u.exp() - 1
        case "log1p":
            return (1 + u).log()
        case "exp" | "log" | "sin" | "cos" | "tan" | "atan" | "erf" | "erfc" | "asin" | "acos":
            return getattr(u, node.func.__name__)()
        case "tanh":
            e = (-2 * u).exp()
            return (1 - e) / (1 + e)
        case "sinh":
            return (u.exp() - (-u).exp()) / 2
        case "cosh":
            return (u.exp() + (-u).exp()) / 2
        case "asinh":
            return (u + (u * u + 1).sqrt()).log()
        case "acosh":
            return (u + (u * u - 1).sqrt()).log()
        case "atanh":
            return ((1 + u) / (1 - u)).log() / 2
    raise NotImplementedError(node.func.__name__)


def _quotient(above: arb_series, below: arb_series, terms: int) -> arb_series:
    """Return a quotient of two series, the powers that both begin with cancelled: (1 - exp(-x))/x."""
    first, second = above.coeffs(), below.coeffs()
    while first and second and first[0] == 0 and second[0] == 0:
        first, second = first[1:], second[1:]
    return arb_series(first, prec=terms) / arb_series(second, prec=terms)


def horner(rows: Sequence[arb]) -> sp.Expr:
    """Return the Taylor polynomial in Horner form, in powers of t^2 where every other coefficient is 0."""
    exact = [rational(row) for row in rows]
    low = next((i for i, c in enumerate(exact) if c != 0), 0)
    step = 2 if all(c == 0 for c in exact[low + 1 :: 2]) else 1
    x = sp.Pow(T, step)
    result = sp.S.Zero
    for coefficient in reversed(exact[low::step]):
        result = sp.Add(coefficient, sp.Mul(x, result, evaluate=True))
    return sp.Mul(T**low, result, evaluate=True) if low else result


def rational(row: arb) -> sp.Rational:
    """Round a coefficient to 130 bits; one that is zero but for the ball's width is zero."""
    if row.contains(0) and abs(row).upper() < arb(2) ** -800:
        return sp.S.Zero
    mantissa, exponent = row.mid().man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    excess = max(0, mantissa.bit_length() - 130)
    mantissa, exponent = mantissa >> excess, exponent + excess
    return sp.Rational(mantissa) * sp.Integer(2) ** exponent
