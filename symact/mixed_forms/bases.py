"""Groebner bases by FLINT, with a bound on the work: what is found of one when the bound is met is kept."""

from collections.abc import Sequence

import sympy as sp
from flint import Ordering, fmpz_mpoly_ctx, fmpz_mpoly_vec

LIMITS = (40, 60, 400)
"""Members of a basis, terms of a member, bits of a coefficient."""

ORDERS = {"lex": Ordering.lex, "grevlex": Ordering.degrevlex}


def members(ideal: Sequence[sp.Expr], symbols: Sequence[sp.Symbol], order: str) -> list[sp.Expr]:
    """Return a Groebner basis of an ideal, or, where it would be large, some members of the ideal.

    >>> x, y = sp.symbols("x y")
    >>> members([x**2 - y, x*y - 1], [x, y], "lex")
    [x - y**2, y**3 - 1]
    """
    ring = fmpz_mpoly_ctx.get([f"x{i}" for i in range(len(symbols))], ORDERS[order])
    given = []
    for member in ideal:
        _, polynomial = sp.Poly(member, *symbols, domain="QQ").clear_denoms()
        given.append(ring.from_dict({tuple(map(int, m)): int(c) for m, c in polynomial.terms()}))
    basis, complete = fmpz_mpoly_vec(given, ring).buchberger_naive(limits=LIMITS)
    found = []
    for member in basis.autoreduction() if complete else basis:
        terms = [
            int(c) * sp.Mul(*(s ** int(k) for s, k in zip(symbols, powers, strict=True)))
            for powers, c in member.to_dict().items()
        ]
        found.append(sp.Add(*terms))
    return found
