"""Limits of f and f' at the ends of the domain, and asymptotes."""

from collections.abc import Mapping, Sequence

import sympy as sp

from symact.activations import Activation, Z
from symact.limits import limit, one_sided
from symact.pieces import Case, Piece
from symact.properties.facts import Fact
from symact.properties.lines import Line, end_value
from symact.simplification import neat
from symact.writing import text


def end_limits(activation: Activation, cases: Sequence[Case], slopes: Sequence[Case]) -> dict[str, sp.Expr]:
    """Return the limits of f and f' at the ends of the domain, such as that of f at ``f(-oo)``.

    A limit is exact, for all parameters, a Piecewise where their signs decide; nan where there is none.
    """
    result: dict[str, sp.Expr] = {}
    for function, parts in (("f", cases), ("f'", slopes)):
        for side in (0, -1):
            values, names = [], []
            for case in parts:
                piece = case.pieces[side]
                end = piece.lower if side == 0 else piece.upper
                names.append(text(end) + ("" if end.is_infinite else "+" if side == 0 else "-"))
                values.append((_end_limit(activation, case, piece, side), case.condition))
            if len(set(names)) == 1:
                same = all(value == values[0][0] for value, _ in values)
                whole = values[0][0] if same else sp.Piecewise(*values[:-1], (values[-1][0], True))
                result[f"{function}({names[0]})"] = whole
    return result


def _end_limit(activation: Activation, case: Case, piece: Piece, side: int) -> sp.Expr:
    end = piece.lower if side == 0 else piece.upper
    if end.is_infinite:
        return limit(piece.expression, end, activation, case.condition)
    try:
        return one_sided(piece.expression, end, "+" if side == 0 else "-")
    except (NotImplementedError, ValueError, TypeError):
        return sp.nan


def asymptotes(line: Line, limits: Mapping[str, sp.Expr]) -> Fact:
    """Return the lines a z + b with f(z) - a z - b -> 0 as z -> -oo, oo, and the poles of f.

    None at an end where f has no asymptote, or none is found.
    """
    found: dict[str, sp.Expr | None] = {}
    for name, piece, slope, side in (
        ("-oo", line.pieces[0], line.slopes[0], -1),
        ("oo", line.pieces[-1], line.slopes[-1], 1),
    ):
        if (piece.upper if side > 0 else piece.lower).is_infinite:
            found[name] = _asymptote(piece, slope, side)
    poles = [
        end
        for piece in line.pieces
        for end, side in ((piece.lower, -1), (piece.upper, 1))
        if end.is_finite and end_value(piece, side).is_infinite
    ]
    shown: dict[str, object] = {**found, "vertical": tuple(dict.fromkeys(poles))}
    return Fact(shown, "limits of f, of f' and of f - z f'(oo), by leading terms", line.where)


def _asymptote(piece: Piece, slope: Piece, side: int) -> sp.Expr | None:
    if not piece.expression.has(Z):
        return piece.expression
    a = end_value(slope, side)
    if a is sp.nan or a.is_infinite:
        return None
    for form in dict.fromkeys((piece.expression - a * Z, neat(sp.expand(piece.expression - a * Z)))):
        b = end_value(Piece(piece.lower, piece.upper, form), side)
        if b is not sp.nan and b.is_finite:
            return a * Z + b
    return None
