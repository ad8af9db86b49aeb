"""The Taylor series at 0, exactly; one for either side where f has a break there."""

import sympy as sp

from symact.activations import Z
from symact.pieces import Piece
from symact.properties.facts import Fact
from symact.properties.lines import Line
from symact.simplification import neat

TERMS = 6
"""Powers of z from z**0 on."""

MAX_OPERATIONS = 400
"""Derivatives that grow larger end the series."""


def series(line: Line) -> Fact:
    """Return the Taylor polynomial of f at 0, or of both sides, from successive derivatives at 0."""
    found: dict[str, sp.Expr | None] = {}
    for piece in line.pieces:
        inside = piece.lower < 0 < piece.upper
        if inside or piece.lower == 0 or piece.upper == 0:
            name = "at 0" if inside else "z > 0" if piece.lower == 0 else "z < 0"
            found[name] = _polynomial(piece)
    method = f"derivatives at 0, exact, up to the power {TERMS - 1}"
    if not found or all(value is None for value in found.values()):
        return Fact(None, "f is not analytic at 0, or not defined there", line.where)
    return Fact(found, method, line.where)


def _polynomial(piece: Piece) -> sp.Expr | None:
    total, derivative = sp.S.Zero, piece.expression
    for k in range(TERMS):
        value = derivative.subs(Z, 0)
        if value.is_finite is not True or value.has(sp.nan, sp.zoo):
            return None
        total += neat(value) * Z**k / sp.factorial(k)
        if not derivative.has(Z):
            break
        derivative = sp.diff(derivative, Z)
        if sp.count_ops(derivative) > MAX_OPERATIONS:
            return total
    return total
