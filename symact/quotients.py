"""Quotients, factors and resultants of polynomials over the rationals, by FLINT; large ones are refused."""

from collections.abc import Mapping, Sequence
from math import gcd, lcm
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
    a, b = _in_whole_powers(a, b, symbols.index(symbol))
    if max(a.total_degree(), b.total_degree()) > MAX_DEGREE or len(a.terms()) + len(b.terms()) > MAX_TERMS:
        return None
    if a.degree(symbol) * b.degree(symbol) > MAX_PRODUCT:
        return None
    ring = _ring(symbols)
    result = _into(ring, a).resultant(_into(ring, b), f"x{symbols.index(symbol)}")
    return None if result == 0 or len(result.to_dict()) > MAX_TERMS else _from(result, symbols)


def _in_whole_powers(a: sp.Poly, b: sp.Poly, index: int) -> tuple[sp.Poly, sp.Poly]:
    """Return two polynomials in x**n as such in x: res(a(x**n), b(x**n)) = res(a, b)**n.

    >>> x = sp.Symbol("x")
    >>> _in_whole_powers(sp.Poly(x**6 - 2), sp.Poly(x**9 + 1), 0)[0]
    Poly(x**2 - 2, x, domain='ZZ')
    """
    step = gcd(*(powers[index] for p in (a, b) for powers in p.monoms()))
    if step < 2:
        return a, b

    def lowered(powers: tuple[int, ...]) -> tuple[int, ...]:
        return (*powers[:index], powers[index] // step, *powers[index + 1 :])

    rows = [{lowered(powers): c for powers, c in p.terms()} for p in (a, b)]
    first, second = (sp.Poly.from_dict(row, *a.gens, domain=a.domain) for row in rows)
    return first, second


class NotRational(Exception):
    """Something else than numbers, symbols, sums, products and whole powers, or too large."""


def quotient(expression: sp.Expr, most: int) -> tuple[sp.Expr, sp.Expr]:
    """Return numerator and denominator in lowest terms, with whole coefficients that have no common factor.

    Raises NotRational, also where an intermediate polynomial has more than so many terms.

    >>> x, y = sp.symbols("x y")
    >>> quotient((x**2 - y**2)/(2*x + 2*y) + 1, 100)
    (x - y + 2, 2)
    """
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    ring = _ring(symbols)
    if not symbols:
        if not expression.is_Rational:
            raise NotRational
        return sp.Integer(expression.p), sp.Integer(expression.q)
    gens = {s: ring.gen(i) for i, s in enumerate(symbols)}
    return _lowest(*_quotient(expression, ring, gens, most), symbols)


def differentiated(
    expression: sp.Expr, moves: Mapping[sp.Symbol, sp.Expr], most: int
) -> tuple[sp.Expr, sp.Expr]:
    """Return the derivative of a rational function in lowest terms, given those of its symbols.

    Raises NotRational, also where an intermediate polynomial has more than so many terms.

    >>> x, y = sp.symbols("x y")
    >>> differentiated(x/y, {x: sp.S.One, y: 1/x}, 100)
    (y - 1, y**2)
    """
    free = set[sp.Symbol]().union(expression.free_symbols, *(move.free_symbols for move in moves.values()))
    symbols = sorted(free, key=lambda s: s.name)
    ring = _ring(symbols)
    gens = {s: ring.gen(i) for i, s in enumerate(symbols)}
    a, b = _quotient(expression, ring, gens, most)
    above, below = ring.constant(0), ring.constant(1)
    for symbol, move in moves.items():
        if symbol not in gens:
            continue
        x = symbols.index(symbol)
        slope, unit = _quotient(move, ring, gens, most)
        part = (a.derivative(x) * b - a * b.derivative(x)) * slope
        common = below.gcd(unit)
        above, below = above * (unit / common) + part * (below / common), below * (unit / common)
    return _lowest(above, below * b * b, symbols)


def _lowest(above: Any, below: Any, symbols: Sequence[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """Return a quotient in lowest terms, with whole coefficients that have no common factor."""
    common = above.gcd(below)
    above, below = above / common, below / common
    numbers = [*above.coeffs(), *below.coeffs()]
    multiple = lcm(*(int(c.q) for c in numbers))
    divisor = gcd(*(int(c.p) * (multiple // int(c.q)) for c in numbers))
    factor = fmpq(multiple, divisor) * (-1 if below.leading_coefficient() < 0 else 1)
    return _from(above * factor, symbols), _from(below * factor, symbols)


def _quotient(node: sp.Expr, ring: Any, gens: dict[sp.Symbol, Any], most: int) -> tuple[Any, Any]:
    if node.is_Symbol:
        return gens[node], ring.constant(1)
    if node.is_Rational:
        return ring.constant(fmpq(int(node.p), int(node.q))), ring.constant(1)
    if node.is_Pow and node.exp.is_Integer:
        above, below = _quotient(node.base, ring, gens, most)
        n = abs(int(node.exp))
        if n > MAX_PRODUCT:
            raise NotRational
        above, below = above**n, below**n
        if node.exp < 0:
            above, below = below, above
    elif node.is_Mul:
        above, below = ring.constant(1), ring.constant(1)
        for part in node.args:
            a, b = _quotient(part, ring, gens, most)
            above, below = above * a, below * b
    elif node.is_Add:
        above, below = ring.constant(0), ring.constant(1)
        for part in node.args:
            a, b = _quotient(part, ring, gens, most)
            if b == below:
                above = above + a
            else:
                common = below.gcd(b)
                above, below = above * (b / common) + a * (below / common), below * (b / common)
    else:
        raise NotRational
    if below == 0 or max(len(above), len(below)) > most:
        raise NotRational
    return above, below


def factorised(polynomial: sp.Expr) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
    """Return the constant and the irreducible factors with their exponents.

    >>> x = sp.Symbol("x")
    >>> factorised(2*x**2 - 2)
    (2, [(x - 1, 1), (x + 1, 1)])
    """
    symbols = sorted(polynomial.free_symbols, key=lambda s: s.name)
    if not symbols:
        return polynomial, []
    constant, parts = _into(_ring(symbols), sp.Poly(polynomial, *symbols, domain="QQ")).factor()
    total, found = fmpq(constant), []
    for part, k in parts:
        numbers = part.coeffs()
        multiple = lcm(*(int(c.q) for c in numbers))
        divisor = gcd(*(int(c.p) * (multiple // int(c.q)) for c in numbers))
        scale = fmpq(multiple, divisor)
        total /= scale ** int(k)
        found.append((_from(part * scale, symbols), int(k)))
    found.sort(key=lambda pair: (pair[1], sp.count_ops(pair[0]), sp.default_sort_key(pair[0])))
    return sp.Rational(int(total.p), int(total.q)), found


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
