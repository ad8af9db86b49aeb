"""An activation at its default parameters: where numbers are proven, not expressions in parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import sympy as sp

from symact.activations import Activation, Z
from symact.derivatives import Derivative
from symact.enclosures import Undecided
from symact.enclosures.tails import Tails, towards
from symact.limits import limit, one_sided
from symact.pieces import Break, Case, Piece, split
from symact.properties.facts import vanishes
from symact.roots import Unsolved, roots
from symact.simplification import neat
from symact.writing import text


@dataclass(frozen=True)
class Line:
    """Pieces of f, of f' on the same intervals, and the values of f at the breaks between them."""

    activation: Activation
    pieces: tuple[Piece, ...]
    slopes: tuple[Piece, ...]
    breaks: tuple[Break, ...]

    @property
    def where(self) -> str:
        """For which parameters a fact of the line holds."""
        return at_words(self.activation)

    @cached_property
    def curvatures(self) -> tuple[Piece, ...]:
        """Pieces of f''."""
        return differentiated(self.slopes)

    @cached_property
    def joined(self) -> tuple[bool, ...]:
        """For each break whether f is continuous there."""
        found = []
        for left, cut, right in zip(self.pieces, self.breaks, self.pieces[1:], strict=False):
            sides = (end_value(left, 1), cut.value, end_value(right, -1))
            found.append(all(vanishes(a - b) for a, b in pairwise(sides)))
        return tuple(found)


def line(derivative: Derivative) -> Line:
    """Return the line of the activation of a first derivative.

    >>> from symact.derivatives import differentiate
    >>> line(differentiate(Activation(None, sp.Max(Z, 0)))).slopes[1].expression
    1
    """
    activation = derivative.activation
    case, slope = at_defaults(activation, split(activation), derivative.cases)
    holes = sorted({*activation.domain.subs(activation.defaults).boundary, *poles(case.pieces)})
    pieces, breaks = _cut(case.pieces, case.breaks, holes)
    return Line(activation, pieces, _cut(slope.pieces, case.breaks, holes)[0], breaks)


def _cut(
    pieces: Sequence[Piece], breaks: Sequence[Break], holes: Sequence[sp.Expr]
) -> tuple[tuple[Piece, ...], tuple[Break, ...]]:
    """Cut pieces that reach over a hole of the domain, or over a pole: the function has no value there."""
    found: list[Piece] = []
    values = {cut.at: cut.value for cut in breaks}
    for piece in pieces:
        inside = [at for at in holes if piece.lower < at < piece.upper]
        for low, high in pairwise([piece.lower, *inside, piece.upper]):
            found.append(Piece(low, high, piece.expression))
        values |= dict.fromkeys(inside, sp.nan)
    return tuple(found), tuple(Break(p.lower, values[p.lower]) for p in found[1:])


def poles(pieces: Sequence[Piece]) -> set[sp.Expr]:
    """Return poles inside pieces, as far as the roots of denominators are found.

    >>> sorted(poles([Piece(-sp.oo, sp.oo, 1/(Z**2 - 4) + sp.exp(-1/(1 + Z**2)))]))
    [-2, 2]
    """
    found: set[sp.Expr] = set()
    for piece in pieces:
        for power in piece.expression.atoms(sp.Pow):
            if not (power.exp.is_negative and power.base.has(Z)) or power.base.is_positive:
                continue
            try:
                candidates = roots(power.base, [{}])
            except Unsolved:
                continue
            inside = [at for at in candidates if at.is_number and piece.lower < at < piece.upper]
            found |= {at for at in inside if _is_pole(piece.expression, at)}
    return found


def _is_pole(expression: sp.Expr, at: sp.Expr) -> bool:
    sides = (end_value(Piece(-sp.oo, at, expression), 1), end_value(Piece(at, sp.oo, expression), -1))
    return any(value.is_infinite for value in sides)


def at_defaults(activation: Activation, cases: Sequence[Case], slopes: Sequence[Case]) -> tuple[Case, Case]:
    """Return the case of the default parameters, of f and of f', with these put in."""
    defaults = activation.defaults
    index = next(i for i, case in enumerate(cases) if case.condition.subs(defaults) == sp.true)

    def filled(case: Case) -> Case:
        pieces = tuple(
            Piece(p.lower.subs(defaults), p.upper.subs(defaults), p.expression.subs(defaults))
            for p in case.pieces
        )
        breaks = tuple(Break(b.at.subs(defaults), b.value.subs(defaults)) for b in case.breaks)
        return Case(sp.true, pieces, breaks)

    return filled(cases[index]), filled(slopes[index])


def at_words(activation: Activation) -> str:
    """Return the words for the default parameters.

    >>> at_words(Activation("tanh", sp.tanh(Z)))
    'all z'
    """
    return ", ".join(f"{p.name} = {text(p.default)}" for p in activation.parameters) or "all z"


def differentiated(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return the derivatives of pieces, neat."""
    return tuple(Piece(p.lower, p.upper, neat(sp.diff(p.expression, Z))) for p in pieces)


def end_value(piece: Piece, side: int) -> sp.Expr:
    """Return the limit at an end of a piece, exactly; nan where there is none or none is found."""
    end = piece.upper if side > 0 else piece.lower
    if end.is_infinite:
        known = _limit_by_scale(piece.expression, end, side)
        return limit(piece.expression, end) if known is None else known
    try:
        return one_sided(piece.expression, end, "-" if side > 0 else "+")
    except (NotImplementedError, ValueError, TypeError):
        return sp.nan


def _limit_by_scale(expression: sp.Expr, end: sp.Expr, side: int) -> sp.Expr | None:
    """Return 0, oo or -oo where leading terms show it: SymPy's own limit may take long."""
    try:
        tail = Tails(8).of(towards(expression, Z, end, side))
        order = tail.scale.order()
    except Undecided:
        return None
    if order < 0:
        return sp.S.Zero
    return sp.oo * tail.sign if order > 0 and tail.sign else None
