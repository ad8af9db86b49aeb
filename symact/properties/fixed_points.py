"""Fixed points: the roots of f(z) - z, and intervals on which f is the identity."""

from collections.abc import Sequence

import sympy as sp

from symact.activations import Z
from symact.pieces import Piece
from symact.properties.charts import Uncharted, chart
from symact.properties.facts import Fact, Number, not_proven, vanishes
from symact.properties.lines import Line
from symact.properties.monotonicity import Interval
from symact.properties.periods import Periodic
from symact.simplification import neat


def fixed_points(line: Line) -> Fact:
    """Return all z with f(z) = z at the default parameters: points, and intervals of them.

    Where f(z) - z repeats they are infinitely many: those of one period.
    """
    found: list[Number | Interval] = []
    for index, piece in enumerate(line.pieces):
        difference = _difference(piece)
        known = chart(Piece(piece.lower, piece.upper, difference), piece.expression)
        if isinstance(known, Uncharted):
            return not_proven(line.where, f"f(z) - z: {known.why}")
        if known.period is not None:
            method = "sign of f(z) - z on one period in balls"
            return Fact(Periodic(known.period, known.roots), method, line.where)
        found += known.roots
        found += [Interval(s.lower, s.upper, "fixed") for s in known.stretches if s.sign == 0]
        if index < len(line.breaks):
            cut = line.breaks[index]
            if cut.value is not sp.nan and vanishes(cut.value - cut.at):
                found.append(cut.at)
    found += _ends(line)
    ends = [end for one in found if isinstance(one, Interval) for end in (one.lower, one.upper)]
    found = [one for one in found if isinstance(one, Interval) or one not in ends]
    method = "sign of f(z) - z on the whole domain in balls; roots by Newton steps"
    return Fact(tuple(found), method, line.where)


def _difference(piece: Piece) -> sp.Expr:
    return sp.factor_terms(neat(piece.expression - Z))


def _ends(line: Line) -> Sequence[sp.Expr]:
    """Return the ends of the domain that belong to it and are fixed."""
    domain = line.activation.domain.subs(line.activation.defaults)
    found = []
    for piece, end in ((line.pieces[0], line.pieces[0].lower), (line.pieces[-1], line.pieces[-1].upper)):
        belongs = end.is_finite and domain.contains(end) == sp.true
        if belongs and vanishes(piece.expression.subs(Z, end) - end):
            found.append(end)
    return found
