"""Symmetry: odd, even, about a point or about an axis; disproved by numbers, proven by algebra."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from symact.activations import Activation, Z, samples
from symact.pieces import Case, Piece
from symact.properties.facts import Fact, not_proven
from symact.properties.monotonicity import moved
from symact.simplification import neat
from symact.writing import text


def symmetric(
    activation: Activation,
    cases: Sequence[Case],
    parity: int,
    centre: sp.Expr = sp.S.Zero,
    level: sp.Expr = sp.S.Zero,
) -> bool | None:
    """Return whether ``f(2 centre - z) - level`` is ``parity (f(z) - level)``.

    Disproved at a point, or proven piece by piece; None where neither succeeds.

    >>> from symact.pieces import split
    >>> bump = Activation(None, sp.exp(-Z**2))
    >>> [symmetric(bump, split(bump), parity) for parity in (-1, 1)]
    [False, True]
    """
    for case in cases:
        pieces = [piece for piece in case.pieces if piece.lower != piece.upper]
        settings = samples(activation, case.condition)
        pairs = list(zip(pieces, reversed(pieces), strict=True))
        if not all(
            _near_zero(left.lower + right.upper - 2 * centre, setting)
            for left, right in pairs
            for setting in settings
            if not (left.lower.is_infinite and right.upper.is_infinite)
        ):
            return False
        for left, right in pairs[: len(pieces) // 2 + 1]:
            mirrored = left.expression.subs(Z, 2 * centre - Z)
            difference = mirrored - level - parity * (right.expression - level)
            for setting in settings:
                for point in _points(right, setting):
                    if not _near_zero(difference.subs(setting).subs(Z, point), {}):
                        return False
            if not (_is_zero(difference) or _is_zero(moved(replace(right, expression=difference), {}))):
                return None
    return True


@dataclass(frozen=True)
class Symmetry:
    """Point symmetry about ``(centre, level)``, or about the axis ``z = centre``; ``kind`` says which."""

    kind: str
    centre: sp.Expr
    level: sp.Expr | None

    def to_json(self) -> dict[str, Any]:
        """Return the kind, the centre, and the level of a point symmetry."""
        shown = {"kind": self.kind, "centre": text(self.centre)}
        return shown if self.level is None else {**shown, "level": text(self.level)}


def symmetry(activation: Activation, cases: Sequence[Case], odd: bool | None, even: bool | None) -> Fact:
    """Return the symmetry of f.

    A centre is looked for at 0, half-way between the ends of the domain, and between the outer breaks.
    """
    where = "all parameters" if activation.parameters else "all z"
    method = "f(2 c - z) compared with f(z): algebra, piece by piece"
    if odd or even:
        found = Symmetry("odd" if odd else "even", sp.S.Zero, sp.S.Zero if odd else None)
        return Fact(found, method, where)
    undecided = odd is None or even is None
    for centre in _centres(cases):
        level = _level(cases, centre)
        for parity, kind, v in ((-1, "point", level), (1, "axis", sp.S.Zero)):
            if v is None:
                continue
            holds = symmetric(activation, cases, parity, centre, v)
            undecided |= holds is None
            if holds:
                return Fact(Symmetry(kind, centre, v if parity < 0 else None), method, where)
    if undecided:
        return not_proven(where, "numbers agree, algebra does not decide")
    tried = "disproved by numbers about 0 and about the middle of the domain or of the breaks"
    return Fact(None, f"none: {tried}", where)


def _centres(cases: Sequence[Case]) -> list[sp.Expr]:
    found = [sp.S.Zero]
    if len(cases) == 1:
        ends = [cases[0].pieces[0].lower, cases[0].pieces[-1].upper]
        breaks = [cut.at for cut in cases[0].breaks]
        for low, high in ([ends] if all(end.is_finite for end in ends) else []) + (
            [[breaks[0], breaks[-1]]] if breaks else []
        ):
            found.append(sp.cancel((low + high) / 2))
    return list(dict.fromkeys(found))


def _level(cases: Sequence[Case], centre: sp.Expr) -> sp.Expr | None:
    """Return what the level of a point symmetry about a centre would be: f there."""
    if len(cases) > 1:
        return None
    pieces = cases[0].pieces
    middle = pieces[len(pieces) // 2]
    value = middle.expression.subs(Z, centre)
    if value.is_finite is not True and not value.free_symbols:
        return None
    return neat(value)


def _points(piece: Piece, setting: Mapping[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    lower, upper = piece.lower.subs(setting), piece.upper.subs(setting)
    if lower.is_infinite:
        lower = (sp.S.Zero if upper.is_infinite else upper) - 4
    if upper.is_infinite:
        upper = lower + 7
    return [lower + (upper - lower) * fraction for fraction in (sp.Rational(3, 11), sp.Rational(9, 13))]


def _near_zero(value: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return bool(abs(sp.N(value.subs(setting), 30)) < sp.Float("1e-20"))


def _is_zero(difference: sp.Expr) -> bool:
    if difference == 0 or sp.expand(difference) == 0 or neat(difference) == 0:
        return True
    rewritten = difference.rewrite(sp.exp)
    return neat(rewritten) == 0 or sp.simplify(rewritten) == 0
