"""Limits of smooth expressions, and whether two expressions in the parameters are equal."""

from collections.abc import Mapping, Sequence

import sympy as sp

from symact.activations import Z
from symact.errors import NotSupported
from symact.writing import text

Settings = Sequence[Mapping[sp.Symbol, sp.Expr]]


def one_sided(expression: sp.Expr, at: sp.Expr, direction: str) -> sp.Expr:
    """Return the limit of a smooth expression at the end of its interval, from one side.

    >>> one_sided(1/sp.sqrt(Z), sp.Integer(0), "+")
    oo
    """
    value = expression.subs(Z, at)
    if value.is_finite is not False and value is not sp.nan and not value.has(sp.zoo, sp.nan):
        return value if value.is_number or value.is_Symbol else sp.simplify(value)
    return sp.limit(expression, Z, at, direction)


def equal(a: sp.Expr, b: sp.Expr, settings: Settings) -> bool:
    """Return whether two expressions in the parameters are equal for all of them.

    A difference at one setting disproves it; agreement at all of them must be proven.

    Raises NotSupported where the numbers agree and no proof is found.
    """
    if a == b:
        return True
    if sp.nan in (a, b) or any(value.is_infinite for value in (a, b)):
        return False
    if any(abs(sp.N((a - b).subs(setting), 30)) > sp.Float("1e-20") for setting in settings):
        return False
    if sp.simplify(a - b) == 0:
        return True
    raise NotSupported(f"cannot decide whether {text(a)} equals {text(b)}; write the formula otherwise")
