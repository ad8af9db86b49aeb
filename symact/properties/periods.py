"""Periods: P with h(z + P) = h(z) for all z, where z stands inside sines, cosines and tangents only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symact.activations import Z
from symact.properties.facts import as_json
from symact.simplification import neat

PERIODS = {sp.sin: 2 * sp.pi, sp.cos: 2 * sp.pi, sp.tan: sp.pi}
"""Functions with a period."""

DIVISIONS = 24
"""Roots in closed form are looked for at multiples of this part of a period."""


@dataclass(frozen=True)
class Periodic:
    """What repeats with a period: points or intervals, those of one period."""

    period: sp.Expr
    values: tuple[Any, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the period, and what there is in one."""
        return {"period": as_json(self.period), "in one period": as_json(self.values)}


def period(expression: sp.Expr) -> sp.Expr | None:
    """Return a period of an expression that z makes periodic, the least that halving finds; None for others.

    >>> period(1 + 2*sp.sin(Z)*sp.cos(Z)), period(sp.sin(Z/2) + sp.tan(Z/3)), period(Z + sp.sin(Z))
    (pi, 12*pi, None)
    """
    found = [p for p in _periods(expression) if p is not None]
    if not found or None in _periods(expression):
        return None
    ratios = [sp.cancel(p / found[0]) for p in found]
    if not all(ratio.is_Rational for ratio in ratios):
        return None
    least = found[0] * sp.Rational(sp.ilcm(1, *(r.p for r in ratios)), sp.igcd(0, *(r.q for r in ratios)))
    while neat(expression.subs(Z, Z + least / 2) - expression) == 0:
        least /= 2
    return least


def repeats(expression: sp.Expr, length: sp.Expr) -> bool:
    """Return whether h(z + P) - h(z) is a polynomial: h is defined everywhere if it is on one period.

    >>> repeats(Z + sp.sin(Z), 2*sp.pi), repeats(sp.log(Z), sp.pi)
    (True, False)
    """
    return bool(neat(sp.expand(expression.subs(Z, Z + length) - expression)).is_polynomial(Z))


def _periods(node: sp.Expr) -> Iterator[sp.Expr | None]:
    """Yield the periods of the outermost functions that have one; None where z stands outside them."""
    if not node.has(Z):
        return
    if node.func in PERIODS:
        frequency = sp.diff(node.args[0], Z)
        yield None if frequency.has(Z) else PERIODS[node.func] / abs(frequency)
    elif node == Z:
        yield None
    else:
        for argument in node.args:
            yield from _periods(argument)
