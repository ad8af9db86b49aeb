"""d = a f + b with a and b free of z: g tells d although f is not injective. So with df/da of a h(z)."""

import sympy as sp

from symact.activations import Z
from symact.output_forms.balls import Function, Place, Setting, ball, points, same, tight
from symact.output_forms.towers import TooLarge, fraction, tower_of


def proportion(f: sp.Expr, d: sp.Expr, place: Place) -> tuple[sp.Expr, sp.Expr] | None:
    """Return ``(a, b)`` with d = a f + b on a piece; None where there are none, or none are found.

    >>> from symact.pieces import Piece
    >>> proportion(sp.sin(3*Z) + 1, -9*sp.sin(3*Z), Place(Piece(-sp.oo, sp.oo, Z), ({},)))
    (-9, 9)
    """
    slope = sp.diff(f, Z)
    if slope == 0 or any(_unlike(f, d, place, setting) for setting in place.settings):
        return None
    a = _free(sp.diff(d, Z) / slope, place)
    b = None if a is None else _free(d - a * f, place)
    return None if a is None or b is None else (a, b)


def _unlike(f: sp.Expr, d: sp.Expr, place: Place, setting: Setting) -> bool:
    """Return whether three points (f, d) are on no line, surely."""
    z = [ball(at) for at in points(place.piece, setting, 3)]
    (f0, f1, f2), (d0, d1, d2) = ([Function(value, setting)(at) for at in z] for value in (f, d))
    gap = (f1 - f0) * (d2 - d0) - (f2 - f0) * (d1 - d0)
    return bool(gap > 0 or gap < 0)


def _free(expression: sp.Expr, place: Place) -> sp.Expr | None:
    """Return the expression without z, None where its value depends on z."""
    if not expression.has(Z):
        return expression
    for setting in place.settings:
        function = Function(expression, setting)
        values = [function(ball(z)) for z in points(place.piece, setting, 3)]
        if not all(tight(value) and same(value, values[0]) for value in values):
            return None
    try:
        tower, (rational,) = tower_of([expression], place.sign, apart=True)
        numerator, denominator = fraction(rational)
    except TooLarge:
        return None
    found = tower.meaning(numerator / denominator)
    return None if found.has(Z) else sp.factor(found)
