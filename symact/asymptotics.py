"""Forms of an expression near an end of its interval in which leading terms do not cancel."""

from collections.abc import Iterator
from functools import lru_cache

import sympy as sp

from symact.enclosures import Undecided as UndecidedBall
from symact.enclosures.tails import Tail, Tails, towards
from symact.growth import Complement, Remainder, Undecided, growth
from symact.simplification import over_kernels

TERMS = 6
"""Of the series of erfc that are written out: as deep as leading terms may cancel."""

MAX_OPERATIONS = 300
"""Larger expressions are not expanded: what is left to cancel is polynomial algebra."""


@lru_cache(maxsize=256)
def expanded(expression: sp.Expr) -> sp.Expr:
    """Return an expression in X with each erfc of what tends to oo as its series, over one denominator.

    What cancels in leading terms, as in ``phi(x)/Phi(-x) - x``, is gone by algebra then. Raises Undecided.

    >>> from symact.growth import X
    >>> growth(expanded(sp.exp(-(X**2))/sp.erfc(X)/sp.sqrt(sp.pi) - X)).limit
    0
    """

    def series(node: sp.Expr) -> sp.Expr:
        u = node.args[0]
        if growth(u).limit != sp.oo:
            return node
        terms = [sp.factorial2(2 * k - 1) / (-2 * u**2) ** k for k in range(TERMS + 1)]
        terms[TERMS] *= Remainder(u)
        return sp.exp(-(u**2)) / (sp.sqrt(sp.pi) * u) * sp.Add(*terms)

    if not expression.has(sp.erfc, Complement):
        return expression
    return cancelled(expression.replace(lambda node: isinstance(node, sp.erfc | Complement), series))


@lru_cache(maxsize=256)
def cancelled(expression: sp.Expr) -> sp.Expr:
    """Return the expression over one denominator, reduced. Raises Undecided where it is too large.

    >>> from symact.growth import X
    >>> cancelled(1/((1 + 1/X)**2 - 1))
    _x**2/(2*_x + 1)
    """
    if sp.count_ops(expression) > MAX_OPERATIONS:
        raise Undecided
    rational, meanings, _ = over_kernels(expression, 1)
    try:
        numerator, denominator = sp.fraction(sp.cancel(sp.together(rational)))
    except sp.PolynomialError:
        raise Undecided from None
    return numerator.xreplace(meanings) / denominator.xreplace(meanings)


def forms_towards(expression: sp.Expr, variable: sp.Symbol, end: sp.Expr, side: int) -> Iterator[sp.Expr]:
    """Yield equal forms of an expression near an end, in X: the first is the cheapest."""
    near = towards(expression, variable, end, side)
    yield near
    try:
        series = expanded(near)
        if series == near and end.is_finite:  # (1 + 1/x)**2 - 1: a pole that is not at 0
            series = cancelled(near)
        if series != near:
            yield series
    except Undecided:
        return


def enclosed_towards(tails: Tails, expression: sp.Expr, variable: sp.Symbol, end: sp.Expr, side: int) -> Tail:
    """Return the enclosure of an expression near an end, by the first form that has one. Raises Undecided."""
    for near in forms_towards(expression, variable, end, side):
        try:
            return tails.of(near)
        except UndecidedBall:
            continue
    raise UndecidedBall
