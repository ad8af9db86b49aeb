"""The real roots of an expression in z: outer functions are inverted one by one, SymPy is asked last.

What is returned holds for all the settings of the parameters that are given; numbers, in balls, decide
which branch is real.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import sympy as sp
from flint import arb, ctx

from symact.activations import Z
from symact.enclosures import AtPole, Builder, Undecided, Undefined, enclose
from symact.errors import NotSupported
from symact.functions import plain

Setting = Mapping[sp.Symbol, sp.Expr]

MAX_OPERATIONS = 60
"""SymPy is asked about nothing larger: it has no bound on its time."""

PRECISION = 128
NEAR = tuple(arb(k) * 29 / 64 + arb(1) / 1009 for k in range(-24, 25))
FAR = tuple(sign * arb(3) ** k * 13 for k in range(12) for sign in (-1, 1))
POINTS = (*NEAR, *FAR)
"""Where a sign is looked at, all over the line, none of them special."""


class Unsolved(Exception):
    """No list of roots is known to be complete, because ``switches`` change their signs, if there are any."""

    def __init__(self, *switches: sp.Expr) -> None:
        super().__init__()
        self.switches = switches


INVERSES: Mapping[type, Callable[[sp.Expr], sp.Expr]] = {
    sp.exp: sp.log,
    sp.log: sp.exp,
    sp.sinh: sp.asinh,
    sp.tanh: sp.atanh,
    sp.asinh: sp.sinh,
    sp.atanh: sp.tanh,
    sp.asin: sp.sin,
    sp.acos: sp.cos,
    sp.atan: sp.tan,
    sp.acosh: sp.cosh,
    sp.erf: sp.erfinv,
    sp.erfc: sp.erfcinv,
}
"""f(x) = y solved for x; for each y in the range of f there is one."""

RANGES: Mapping[type, tuple[sp.Expr, sp.Expr]] = {
    sp.exp: (sp.S.Zero, sp.oo),
    sp.tanh: (-sp.S.One, sp.S.One),
    sp.asin: (-sp.pi / 2, sp.pi / 2),
    sp.acos: (sp.S.Zero, sp.pi),
    sp.atan: (-sp.pi / 2, sp.pi / 2),
    sp.acosh: (sp.S.Zero, sp.oo),
    sp.erf: (-sp.S.One, sp.S.One),
    sp.erfc: (sp.S.Zero, sp.Integer(2)),
}
"""The open range of a function where that is not the whole line."""

NO_ENCLOSURE = (sp.erfinv, sp.erfcinv)


def roots(expression: sp.Expr, settings: Sequence[Setting]) -> list[sp.Expr]:
    """Return the real roots and poles in z, possibly with some where the expression is not defined.

    Raises Unsolved where they are infinitely many, depend on the parameters' signs, or are not found.

    >>> roots(sp.log(1 + sp.exp(sp.sinh(Z))) - 1, [{}])
    [asinh(log(-1 + E))]
    """
    try:
        found = _roots(expression, tuple(settings))
        for node in expression.atoms(sp.Pow):
            if node.exp.is_negative and node.base.has(Z) and not node.base.is_positive:
                found += _roots(node.base, tuple(settings))
    except RecursionError:  # SymPy's, in what it is asked to solve
        raise Unsolved from None
    return list(dict.fromkeys(found))


def sign_at(expression: sp.Expr, setting: Setting, point: sp.Expr) -> int | None:
    """Return the sign of an expression at a point, 0 where it is too small to tell; None where undefined.

    >>> sign_at(sp.log(Z), {}, sp.Rational(1, 2))
    -1
    """
    return _sign(value_at(expression, setting, point))


def value_at(expression: sp.Expr, setting: Setting, point: sp.Expr) -> arb:
    """Return a ball with the value of an expression at a point; NaN where it is undefined."""
    try:
        return numeric(expression.subs(setting).subs(Z, point))
    except (TypeError, ValueError):  # a condition, or a Max, that compares what is no real number
        return arb.nan()


def numeric(constant: sp.Expr) -> arb:
    """Return a ball with the value of a constant; NaN where it is none."""
    if constant.has(sp.nan, sp.zoo, sp.oo, sp.I):
        return arb.nan()
    try:
        if constant.has(*NO_ENCLOSURE):
            return arb(str(sp.re(sp.N(constant, 40))))
        return enclose(constant, {}, 160)
    except (NotSupported, ValueError, ZeroDivisionError, TypeError):
        return arb.nan()


def _sign(value: arb) -> int | None:
    if value > 0 or value < 0:
        return 1 if value > 0 else -1
    return None if value.is_nan() or value.rad() > arb(1) / 1000 else 0


def signs(expression: sp.Expr, setting: Setting, points: Sequence[arb] = POINTS) -> Iterator[tuple[arb, int]]:
    """Yield points of the line with the signs that an expression has there, where it has one."""
    before, ctx.prec = ctx.prec, PRECISION
    try:
        program = Builder((Z,), {}, hull=True).build(plain(expression).subs(setting))
        for point in points:
            try:
                value = program((point,))
            except (Undefined, AtPole, Undecided, ZeroDivisionError, ValueError):
                continue
            if value > 0 or value < 0:
                yield point, 1 if value > 0 else -1
    except NotSupported:
        return
    finally:
        ctx.prec = before


@lru_cache(maxsize=512)
def _cached(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    try:
        return tuple(sp.solve(expression, Z))
    except (NotImplementedError, TypeError, ValueError, AttributeError, sp.PolynomialError) as error:
        raise Unsolved from error


def _roots(expression: sp.Expr, settings: tuple[Setting, ...]) -> list[sp.Expr]:
    if not expression.has(Z):
        return []
    if expression.is_Mul:
        return [root for factor in expression.args for root in _roots(factor, settings)]
    if expression.is_Pow and not expression.exp.has(Z) and not isinstance(expression, sp.exp):
        return _roots(expression.base, settings) if _all(expression.exp, settings, 1) else []
    constant, rest = expression.as_independent(Z, as_Add=True)
    return _solve(rest, -constant, settings)


def _solve(f: sp.Expr, value: sp.Expr, settings: tuple[Setting, ...]) -> list[sp.Expr]:
    """Return where f(z) is a constant."""
    if f == Z:
        return [value]
    if f.is_Mul:
        factor, rest = f.as_independent(Z, as_Add=False)
        if factor != 1:
            return _solve(rest, value / factor, settings)
        if value == 0:
            return _roots(f, settings)
    if f.func in INVERSES:
        if f.func in RANGES:
            low, high = RANGES[f.func]
            inside = [_between(value, low, high, setting) for setting in settings]
            if not any(inside):
                return []
            if not all(inside):
                raise Unsolved(*(value - end for end in (low, high) if end.is_finite))
        return _equation(f.args[0], INVERSES[f.func](value), settings)
    if f.is_Pow and f.exp.is_Rational:
        return _power(f, value, settings)
    if f.is_Pow and not f.exp.has(Z):
        if all(sign_at(value, s, sp.S.Zero) == 0 for s in settings):
            return _roots(f, settings)
        if _all(value, settings, 1):
            return _equation(f.base, value ** (1 / f.exp), settings)
    if f.is_Pow and not f.base.has(Z) and _all(value, settings, 1) and _all(f.base, settings, 1):
        return _equation(f.exp, sp.log(value) / sp.log(f.base), settings)
    return _asked(f - value, settings)


def _equation(f: sp.Expr, value: sp.Expr, settings: tuple[Setting, ...]) -> list[sp.Expr]:
    if not f.has(Z):
        return []
    if f.is_Add:
        constant, rest = f.as_independent(Z, as_Add=True)
        return _solve(rest, value - constant, settings)
    return _solve(f, value, settings)


def _power(f: sp.Expr, value: sp.Expr, settings: tuple[Setting, ...]) -> list[sp.Expr]:
    exponent = f.exp
    if value == 0:
        return _equation(f.base, value, settings) if exponent > 0 else []
    found = {sign_at(value, setting, sp.S.Zero) for setting in settings}
    if found == {-1}:
        if exponent.q != 1 or exponent.p % 2 == 0:
            return []
        return _equation(f.base, -((-value) ** (1 / exponent)), settings)
    if found != {1}:
        raise Unsolved(value)
    root = value ** (1 / exponent)
    result = _equation(f.base, root, settings)
    if exponent.q == 1 and exponent.p % 2 == 0:
        result += _equation(f.base, -root, settings)
    return result


def _between(value: sp.Expr, low: sp.Expr, high: sp.Expr, setting: Setting) -> bool:
    above = low == -sp.oo or sign_at(value - low, setting, sp.S.Zero) == 1
    return above and (high == sp.oo or sign_at(high - value, setting, sp.S.Zero) == 1)


def _all(expression: sp.Expr, settings: tuple[Setting, ...], sign: int) -> bool:
    found = {sign_at(expression, setting, sp.S.Zero) for setting in settings}
    if len(found) > 1:
        raise Unsolved(expression)
    return found == {sign}


def _asked(expression: sp.Expr, settings: tuple[Setting, ...]) -> list[sp.Expr]:
    """Return the real roots by rational algebra over one kernel, else those that SymPy finds."""
    numerator = sp.numer(sp.together(expression))
    if numerator.is_polynomial(Z) and sp.degree(numerator, Z) == 1:
        return [sp.cancel(-numerator.subs(Z, 0) / sp.diff(numerator, Z))]
    if numerator != expression and not numerator.is_Add:
        return _roots(numerator, settings)
    factored = sp.factor(numerator) if sp.count_ops(numerator) < MAX_OPERATIONS else numerator
    if factored.is_Mul or factored.is_Pow:
        return _roots(factored, settings)
    if sp.count_ops(numerator) > MAX_OPERATIONS or numerator.has(
        sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min
    ):
        raise Unsolved
    found = [root for root in _cached(numerator) if all(_is_real(root.subs(s)) for s in settings)]
    if any(numeric(root.subs(s)).is_nan() for root in found for s in settings):
        raise Unsolved  # LambertW, say, which nobody after us knows
    return found


def _is_real(value: sp.Expr) -> bool:
    number = sp.N(value, 30)
    return bool(number.is_number and abs(sp.im(number)) < sp.Float("1e-20")) and not number.has(
        sp.zoo, sp.nan
    )
