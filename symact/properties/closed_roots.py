"""Roots in closed form: of a factor that is a polynomial, in z or in one exponential, of low degree."""

from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb

from symact.activations import Z
from symact.properties.facts import ball, vanishes
from symact.simplification import commensurable, kernels

MAX_OPERATIONS = 120
"""Larger expressions are not factored."""

MAX_DENOMINATOR = 12
"""Of a fraction that is tried."""


def closed_root(expression: sp.Expr, cell: arb) -> sp.Expr | None:
    """Return the only root in a cell in closed form; None where there is no such form here.

    >>> closed_root((2 - Z**2)*sp.exp(-Z**2), arb(1.4, 0.1))
    sqrt(2)
    """
    if sp.count_ops(expression) > MAX_OPERATIONS:
        return None
    simple = Fraction(str(float(cell.mid()))).limit_denominator(MAX_DENOMINATOR)
    fraction = sp.Rational(simple.numerator, simple.denominator)
    if cell.contains(ball(fraction)) and vanishes(expression.subs(Z, fraction)):
        return fraction
    return next((root for root in _candidates(expression) if cell.contains(ball(root))), None)


@lru_cache(maxsize=16)
def _candidates(expression: sp.Expr) -> list[sp.Expr]:
    found = kernels(expression)
    forward: dict[sp.Expr, sp.Expr] = {}
    meanings: dict[sp.Symbol, sp.Expr] = {}
    groups = commensurable([k for k in found if isinstance(k, sp.exp)])
    for base, powers in groups:
        symbol = sp.Dummy("E", positive=True)
        meanings[symbol] = base
        forward |= {kernel: symbol**power for kernel, power in powers.items()}
    forward |= {k: sp.Dummy("k", real=True) for k in found if k not in forward}
    try:
        numerator = sp.numer(sp.together(expression.xreplace(forward)))
        factors = sp.factor_list(numerator)[1]
    except sp.PolynomialError:
        return []
    roots: list[sp.Expr] = []
    for factor, _ in factors:
        symbols = [s for s in factor.free_symbols if s == Z or s.is_Dummy]
        if len(symbols) != 1 or sp.degree(factor, symbols[0]) > 2:
            continue
        (symbol,) = symbols
        values = [v for v in sp.roots(factor, symbol) if v.is_real]
        if symbol == Z:
            roots += values
        elif symbol in meanings and not (slope := sp.diff(meanings[symbol], Z)).has(Z):
            rest = meanings[symbol].subs(Z, 0)
            roots += [sp.simplify((sp.log(v) - rest) / slope) for v in values if v.is_positive]
    return roots
