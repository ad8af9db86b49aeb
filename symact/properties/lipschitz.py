"""Lipschitz constants: of f by algebra for all parameters, of f and f' by charts at the defaults."""

from collections.abc import Sequence

import sympy as sp

from symact.activations import Activation, Z
from symact.derivatives import Derivative, derive
from symact.enclosures import Undecided
from symact.limits import limit, one_sided
from symact.pieces import Piece
from symact.properties.charts import Chart, Uncharted
from symact.properties.extremes import supremum
from symact.properties.facts import Fact, not_proven
from symact.properties.lines import Line, end_value
from symact.properties.monotonicity import at_zero, patterns, sign_on
from symact.simplification import neat


def by_algebra(activation: Activation, derivative: Derivative) -> sp.Expr | None:
    """Return sup abs(f') where f' is monotonic between the ends of its pieces and 0; oo where f jumps."""
    if any(kink.jump for kink in derivative.kinks):
        return sp.oo
    if len(derivative.cases) > 1:
        return None
    (case,) = derivative.cases
    values: list[sp.Expr] = []
    for piece in (part for whole in case.pieces for part in at_zero(whole)):
        second = neat(derive(piece.expression, Z).result)
        curved = Piece(piece.lower, piece.upper, second)
        if any(sign_on(curved, pattern) is None for pattern in patterns(activation, case)):
            return None
        for end, direction in ((piece.lower, "+"), (piece.upper, "-")):
            if end.is_infinite:
                values.append(limit(piece.expression, end, activation, case.condition))
            else:
                values.append(one_sided(piece.expression, end, direction))
    if any(value.has(sp.nan) for value in values):
        return None
    return sp.piecewise_fold(sp.Max(*(sp.Abs(value) for value in values)))


def of_f(known: sp.Expr | None, line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return the Lipschitz constant of f: what algebra knows, else sup abs(f') by the charts of f''."""
    if known is not None:
        where = "all parameters" if line.activation.parameters else "all z"
        method = "f jumps" if known == sp.oo and not all(line.joined) else "f' is monotonic on each piece"
        return Fact(known, f"exact: {method}", where)
    if not all(line.joined):
        return Fact(sp.oo, "f is not continuous, or has a pole", line.where)
    return _of(line.slopes, charts, line, "f'")


def of_derivative(line: Line) -> Fact:
    """Return the Lipschitz constant of f': sup abs(f'') where f' is continuous, else oo."""
    for index, joined in enumerate(line.joined):
        sides = end_value(line.slopes[index], 1), end_value(line.slopes[index + 1], -1)
        if not joined or sides[0] != sides[1]:
            return Fact(sp.oo, "f' jumps, or has a pole", line.where)
    unknown = [None] * len(line.pieces)
    return _of(line.curvatures, unknown, line, "f''")


def _of(pieces: Sequence[Piece], charts: Sequence[Chart | Uncharted | None], line: Line, name: str) -> Fact:
    try:
        value, method = supremum(pieces, charts, line)
    except Undecided as obstacle:
        return not_proven(line.where, f"sup abs({name}): {obstacle}")
    return Fact(value, f"sup abs({name}): {method}", line.where)
