"""An expression over one denominator, its numerator by conjugates: what cancels to leading order is gone."""

from functools import lru_cache

import sympy as sp

from symact.simplification import over_kernels

MAX_OPERATIONS = 100
"""Larger expressions are returned as they are."""


@lru_cache(maxsize=64)
def conjugated(expression: sp.Expr) -> sp.Expr:
    """Return the same function by algebra: ``p + q sqrt(r)`` as ``(q**2 r - p**2)/(q sqrt(r) - p)``.

    ``tanh(u)`` is written ``(1 - exp(-2 u))/(1 + exp(-2 u))``, so that it cancels with numbers, and
    ``log(cosh(u))`` as ``u + log(1 + exp(-2 u)) - log(2)``.

    >>> x = sp.Symbol("x", positive=True)
    >>> conjugated(sp.sqrt(x**2 + 1) - x)
    1/(x + sqrt(x**2 + 1))
    >>> conjugated(1 - sp.tanh(x))
    2/(exp(2*x) + 1)
    """
    if sp.count_ops(expression) > MAX_OPERATIONS:
        return expression
    written = expression.replace(sp.tanh, lambda u: (1 - sp.exp(-2 * u)) / (1 + sp.exp(-2 * u)))
    written = written.replace(sp.cosh, lambda u: sp.exp(u) * (1 + sp.exp(-2 * u)) / 2)
    written = written.replace(sp.log, lambda u: sp.expand_log(sp.log(u)))
    rational, meanings, roots = over_kernels(written, 1)
    try:
        numerator, denominator = sp.fraction(sp.cancel(sp.together(rational)))
        for root, square in roots.items():
            odd, even = _parts(numerator, root, square)
            if odd != 0 and even != 0:
                quotient = sp.cancel((odd**2 * square - even**2) / denominator)
                numerator, denominator = sp.fraction(quotient / (odd * root - even))
    except sp.PolynomialError:
        return expression
    return (sp.expand(numerator) / denominator).xreplace(meanings)


def _parts(numerator: sp.Expr, root: sp.Symbol, square: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return q and p of a polynomial in a root: it is ``p + q root``, ``root**2`` being its square."""
    found = sp.Poly(sp.rem(numerator, root**2 - square, root), root)
    return found.coeff_monomial(root), found.coeff_monomial(1)
