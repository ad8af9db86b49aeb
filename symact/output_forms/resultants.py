"""Resultants and factors of polynomials with rational coefficients, by FLINT; large ones are refused."""

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly_ctx

MAX_DEGREE, MAX_PRODUCT, MAX_TERMS = 24, 64, 300
"""Of a polynomial, of two degrees in what is eliminated, and of terms."""


def resultant(first: sp.Expr, second: sp.Expr, symbol: sp.Symbol) -> sp.Expr | None:
    """Return the resultant; None where it would be large or vanishes.

    >>> x, y = sp.symbols("x y")
    >>> resultant(x - y, x**2 - 2, x)
    y**2 - 2
    """
    if not first.has(symbol):
        return first
    symbols = sorted(first.free_symbols | second.free_symbols, key=lambda s: s.name)
    a, b = sp.Poly(first, *symbols, domain="QQ"), sp.Poly(second, *symbols, domain="QQ")
    if max(a.total_degree(), b.total_degree()) > MAX_DEGREE or len(a.terms()) + len(b.terms()) > MAX_TERMS:
        return None
    if a.degree(symbol) * b.degree(symbol) > MAX_PRODUCT:
        return None
    ring = _ring(symbols)
    result = _into(ring, a).resultant(_into(ring, b), f"x{symbols.index(symbol)}")
    return None if result == 0 or len(result.to_dict()) > MAX_TERMS else _from(result, symbols)


def factored(polynomial: sp.Expr) -> list[sp.Expr]:
    """Return the distinct irreducible factors that are not numbers."""
    symbols = sorted(polynomial.free_symbols, key=lambda s: s.name)
    if not symbols:
        return []
    _, parts = _into(_ring(symbols), sp.Poly(polynomial, *symbols, domain="QQ")).factor()
    return [_from(part, symbols) for part, _ in parts]


def _ring(symbols: Sequence[sp.Symbol]) -> Any:
    return fmpq_mpoly_ctx.get([f"x{i}" for i in range(len(symbols))], Ordering.lex)


def _into(ring: Any, polynomial: sp.Poly) -> Any:
    return ring.from_dict({tuple(map(int, m)): fmpq(int(c.p), int(c.q)) for m, c in polynomial.terms()})


def _from(polynomial: Any, symbols: Sequence[sp.Symbol]) -> sp.Expr:
    terms = []
    for powers, c in polynomial.to_dict().items():
        monomial = sp.Mul(*(s ** int(k) for s, k in zip(symbols, powers, strict=True)))
        terms.append(sp.Rational(int(c.p), int(c.q)) * monomial)
    return sp.Add(*terms)
