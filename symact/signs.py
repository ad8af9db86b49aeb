"""The sign of an expression by the ranges of its parts: what SymPy's assumptions miss, such as exp(t) > 1."""

from collections.abc import Callable
from itertools import count

import sympy as sp

from symact.simplification import commensurable, kernels

MAX_OPERATIONS = 200
"""Larger expressions are not decided: the polynomial algebra on them takes too long."""


def sign_of(expression: sp.Expr, *, strict: bool = False) -> int | None:
    """Return 1 where the expression is never negative, -1 where it is never positive, 0 where it is 0.

    With ``strict``, 1 and -1 say that it is never 0 either. Every symbol must have its sign by
    assumption. None means undecided. Each kernel is replaced by a rational function, with its range, of
    a new positive symbol; what is then a quotient of polynomials with coefficients of one sign is decided.

    >>> t = sp.Symbol("t", positive=True)
    >>> sign_of(sp.exp(-t) - 1), sign_of(1 - sp.tanh(t)**2), sign_of(t - 1)
    (-1, 1, None)
    """
    if (known := _assumed(expression, strict)) is not None:
        return known
    if sp.count_ops(expression) > MAX_OPERATIONS:
        return None
    ranged = _ranged(expression, count(), strict)
    if ranged is None:
        return None
    try:
        numerator, denominator = sp.fraction(sp.cancel(sp.together(ranged)))
    except sp.PolynomialError:
        return None
    above, below = _polynomial_sign(numerator, strict), _polynomial_sign(denominator, strict)
    return None if above is None or not below else above * below


def _assumed(expression: sp.Expr, strict: bool) -> int | None:
    if expression.is_zero:
        return 0
    if expression.is_positive or (expression.is_nonnegative and not strict):
        return 1
    return -1 if expression.is_negative or (expression.is_nonpositive and not strict) else None


def _polynomial_sign(polynomial: sp.Expr, strict: bool) -> int | None:
    """Return the sign that all terms agree on, or that the factors have together."""
    if (known := _assumed(sp.expand(polynomial), strict)) is not None:
        return known
    coefficient, factors = sp.factor_list(polynomial)
    sign = -1 if coefficient.is_negative else 1
    for factor, power in factors:
        if power % 2 or strict:
            known = _assumed(sp.expand(factor), strict)
            if known is None:
                return None
            sign *= known**power
    return sign


def _ranged(expression: sp.Expr, numbers: "count[int]", strict: bool) -> sp.Expr | None:
    """Return the expression with its kernels replaced, None where the sign of an argument is not known."""
    found = kernels(expression)
    forward: dict[sp.Expr, sp.Expr] = {}
    for base, powers in commensurable([kernel for kernel in found if isinstance(kernel, sp.exp)]):
        sign = sign_of(base, strict=strict)
        value = _new(numbers) if sign is None else (1 + _new(numbers)) ** sign
        forward |= {kernel: value**power for kernel, power in powers.items()}
    for kernel in found:
        if kernel in forward:
            continue
        if kernel.func in RANGES:
            sign = sign_of(kernel.args[0], strict=strict)
            if sign is None and kernel.func not in WHATEVER:
                return None
            forward[kernel] = RANGES[kernel.func](sign or 0, _new(numbers))
        elif kernel.is_positive:
            forward[kernel] = _new(numbers)
        else:
            return None
    return expression.xreplace(forward)


def _new(numbers: "count[int]") -> sp.Symbol:
    return sp.Symbol(f"_range{next(numbers)}", positive=True)


def _odd_bounded(sign: int, p: sp.Symbol) -> sp.Expr:
    """Between 0 and 1 on the right of 0, between -1 and 0 on its left."""
    return sign / (1 + p)


def _complement(sign: int, p: sp.Symbol) -> sp.Expr:
    return 1 - sign * p / (1 + p)


RANGES: dict[type, Callable[[int, sp.Symbol], sp.Expr]] = {
    sp.tanh: _odd_bounded,
    sp.erf: _odd_bounded,
    sp.erfc: _complement,
    sp.sinh: lambda sign, p: sign * p,
    sp.asinh: lambda sign, p: sign * p,
    sp.atan: lambda sign, p: sign * p,
    sp.cosh: lambda sign, p: 1 + p,
    sp.sin: lambda sign, p: 2 / (1 + p) - 1,
    sp.cos: lambda sign, p: 2 / (1 + p) - 1,
}
"""A function's values, given its argument's sign and a positive symbol p."""

WHATEVER = (sp.cosh, sp.sin, sp.cos)
"""Functions whose range does not depend on the sign of their argument."""


ENTIRE = (sp.exp, sp.sin, sp.cos, sp.tanh, sp.sinh, sp.cosh, sp.asinh, sp.atan, sp.erf, sp.erfc)
"""Functions that are smooth on the whole real line."""


def is_regular(expression: sp.Expr) -> bool:
    """Return whether an expression is certainly real and smooth: no pole, no root or logarithm of 0.

    >>> t = sp.Symbol("t", positive=True)
    >>> is_regular(1/(1 + t)), is_regular(1/(1 - t)), is_regular(sp.log(1 + t))
    (True, False, True)
    """
    for node in sp.preorder_traversal(expression):
        if isinstance(node, sp.log) or (
            node.is_Pow and not node.exp.is_Integer and not isinstance(node, sp.exp)
        ):
            if sign_of(node.args[0], strict=True) != 1:
                return False
        elif node.is_Pow and not isinstance(node, sp.exp) and node.exp.is_negative:
            if sign_of(node.base, strict=True) not in (1, -1):
                return False
        elif node.is_Function and node.func not in ENTIRE and node.free_symbols:
            return False
    return True
