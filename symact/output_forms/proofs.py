"""Proofs: f(z) put in for g must leave zero, exactly, and agree in balls. Both, or there is no form."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symact.activations import G, Z
from symact.enclosures import enclose
from symact.functions import plain
from symact.output_forms.balls import (
    BULK,
    PRECISION,
    Function,
    Place,
    Setting,
    Unseen,
    ball,
    disagreement,
    points,
)
from symact.output_forms.eliminations import D, at_output
from symact.output_forms.towers import ROOT, TooLarge, fraction, tower_of
from symact.pieces import Piece
from symact.quotients import factored, resultant

BALLS, FEWER_BALLS = 512, 48
"""Balls of the covering at the defaults, and at each further setting of the parameters."""

REACHES = (BULK, 4, 1)
"""How far from 0 the covering goes: further in where balls have no enclosures further out."""

T = sp.Symbol("_t", positive=True)
Y = sp.Symbol("_y", real=True)


@dataclass(frozen=True)
class Ground:
    """A smooth piece of f, the parameters' signs, and the settings at which numbers are asked."""

    piece: Piece
    signs: tuple[tuple[sp.Symbol, int], ...]
    settings: tuple[Setting, ...]


def proven(
    form: sp.Expr,
    f: sp.Expr,
    d: sp.Expr,
    ground: Ground,
    polynomial: sp.Expr | None = None,
) -> int | None:
    """Return how far from 0 balls confirm that a form in g is d on the piece; None where it is not proven.

    >>> from symact.pieces import Piece
    >>> line = Ground(Piece(-sp.oo, sp.oo, sp.tanh(Z)), (), ({},))
    >>> [proven(form, sp.tanh(Z), 1 - sp.tanh(Z)**2, line) for form in (1 - G**2, 1 - G**4)]
    [20, None]
    """
    reach = agrees(form, f, d, ground)
    if reach is None:
        return None
    if reduces_to_zero(form, f, d, ground):
        return reach
    return reach if polynomial is not None and _same_root(form, f, d, polynomial, ground) else None


def agrees(form: sp.Expr, f: sp.Expr, d: sp.Expr, ground: Ground) -> int | None:
    """Return how far from 0 form(f(z)) and d(z) agree on balls that cover the piece; None where they do not.

    That is nearer than `BULK` where a tower of exponentials has no enclosures that far out.
    """
    substituted = plain(form).subs(G, f)
    counts = [BALLS] + [FEWER_BALLS] * len(ground.settings)
    for reach in REACHES:
        try:
            for setting, count in zip(ground.settings, counts, strict=False):
                if disagreement(substituted, d, ground.piece, setting, count, reach) is not None:
                    return None
        except Unseen:
            continue
        return reach
    return None


def reduces_to_zero(form: sp.Expr, f: sp.Expr, d: sp.Expr, ground: Ground) -> bool:
    """Return whether form(f(z)) - d(z), as a rational function of its kernels, is the zero function.

    Roots of squares take the sign that they have on the piece.
    """
    difference = plain(form).subs(G, f) - d
    if difference == 0:
        return True
    place = Place(ground.piece, ground.settings)
    for expression in _rewritten(difference, ground):
        if expression == 0:
            return True
        try:
            tower, (rational,) = tower_of([expression], place.sign, apart=True)
            if tower.reduced(rational) == 0:
                return True
        except TooLarge:
            continue
    try:
        return _norm_vanishes(difference, place)
    except TooLarge:
        return False


def identical(form: sp.Expr, f: sp.Expr, d: sp.Expr) -> bool:
    """Return whether form(f(z)) - d(z) is the zero function whatever the signs: for all parameters, all z.

    >>> a = sp.Symbol("a", real=True)
    >>> [identical(a*G, f, sp.diff(f, Z)) for f in (sp.exp(a*Z), sp.exp(2*a*Z))]
    [True, False]
    """
    try:
        tower, (rational,) = tower_of([plain(form).subs(G, f) - d], lambda expression: None, apart=True)
        return bool(tower.reduced(rational) == 0)
    except TooLarge:
        return False


def refuted(form: sp.Expr, f: sp.Expr, d: sp.Expr, piece: Piece, setting: Setting) -> bool:
    """Return whether form(f(z)) and d(z) differ at a ball of a small covering, at one setting."""
    try:
        return disagreement(plain(form).subs(G, f), d, piece, setting, FEWER_BALLS) is not None
    except Unseen:
        return False


def follows_from_inverse(form: sp.Expr, f: sp.Expr, d: sp.Expr, inverse: sp.Expr, ground: Ground) -> bool:
    """Return whether h(f(z)) = z and d(h(g)) = form(g), both exactly: then form(f(z)) = d(h(f(z))) = d(z).

    ``h`` is the inverse, in g.

    >>> from symact.pieces import Piece
    >>> line = Ground(Piece(-sp.oo, sp.oo, sp.tan(sp.atan(Z)/3)), (), ({},))
    >>> f, h = sp.tan(sp.atan(Z)/3), sp.tan(3*sp.atan(G))
    >>> follows_from_inverse((3*G - G**3)/(1 - 3*G**2), f, Z, h, line)
    True
    """
    if not reduces_to_zero(inverse, f, Z, ground):
        return False
    sign = at_output(f, Place(ground.piece, ground.settings))
    difference = (plain(form) - d.subs(Z, inverse)).subs(G, Z)
    try:
        tower, (rational,) = tower_of([difference], sign, apart=True)
        return bool(tower.reduced(rational) == 0)
    except TooLarge:
        return False


def _same_root(form: sp.Expr, f: sp.Expr, d: sp.Expr, polynomial: sp.Expr, ground: Ground) -> bool:
    """Return whether P(form(g), g) = 0 and P(d, f) = 0 exactly, and both are one root of P.

    Two roots in an interval on which dP/dd is not 0 are one, by the mean value theorem: a ball around
    both values decides at a point. Both are continuous, and P has double roots at isolated points only.
    """
    place = Place(ground.piece, ground.settings)
    inside = plain(form).subs(G, Z)
    try:
        tower, (first,) = tower_of([polynomial.subs(G, Z).subs(D, inside)], at_output(f, place))
        if tower.reduced(first) != 0:
            return False
        tower, (second,) = tower_of(
            [polynomial.subs({D: d, G: f}, simultaneous=True)], place.sign, apart=True
        )
        if tower.reduced(second) != 0:
            return False
    except TooLarge:
        return False
    steepness = sp.diff(polynomial, D).subs(G, f)
    values = plain(form).subs(G, f), d
    return all(_one_root(values, steepness, ground.piece, setting) for setting in ground.settings)


def _one_root(values: tuple[sp.Expr, sp.Expr], steepness: sp.Expr, piece: Piece, setting: Setting) -> bool:
    for z in points(piece, setting, 5):
        first, second = (Function(value, setting)(ball(z)) for value in values)
        if first.is_finite() and second.is_finite() and first.overlaps(second):
            slope = enclose(steepness.subs(setting), {Z: ball(z), D: first.union(second)}, PRECISION)
            if slope > 0 or slope < 0:
                return True
    return False


def _rewritten(difference: sp.Expr, ground: Ground) -> list[sp.Expr]:
    """Return the difference as it is, and in symbols that have their signs by assumption."""
    signed = {symbol: sign * sp.Symbol(symbol.name, positive=True) for symbol, sign in ground.signs}
    found = [difference, difference.subs(signed)]
    piece = ground.piece
    if piece.lower == 0 and piece.upper == sp.oo:
        found.append(difference.subs({**signed, Z: T}))
    elif piece.upper == 0 and piece.lower == -sp.oo:
        found.append(difference.subs({**signed, Z: -T}))
    return found


def _norm_vanishes(difference: sp.Expr, place: Place) -> bool:
    """Return whether an algebraic difference is 0 by its norm.

    With roots eliminated, y = difference is a root of N(y) = y**k M(y). At a point where M(0) is not 0,
    y is either 0 or at least as large as the smallest root of M: a tight ball around y decides. y is
    continuous, and M(0) is not 0 but at isolated points, so that what is 0 here is 0 on the piece.
    """
    tower, (rational,) = tower_of([difference], place.sign, apart=True)
    norm: sp.Expr | None = fraction(rational - Y)[0]
    for kernel in reversed(tower.kernels.values()):
        if kernel.function == ROOT and norm is not None and norm.has(kernel.symbol):
            above, below = fraction(kernel.argument)
            norm = resultant(norm, below * kernel.symbol**kernel.degree - above, kernel.symbol)
            norm = None if norm is None else sp.Mul(*factored(norm))
    if norm is None:
        return False
    others = [factor for factor in factored(norm) if factor.has(Y)]
    if Y not in others:
        return False
    others.remove(Y)
    return all(
        _only_zero(difference, [tower.meaning(factor) for factor in others], place.piece, setting)
        for setting in place.settings
    )


def _only_zero(value: sp.Expr, others: Sequence[sp.Expr], piece: Piece, setting: Setting) -> bool:
    """Return whether, at some point, the value is too small to be a root in y of any of the others."""
    for z in points(piece, setting, 3):
        y = abs(Function(value, setting)(ball(z)))
        bounds = []
        for other in others:
            coefficients = [Function(c, setting)(ball(z)) for c in sp.Poly(other, Y).all_coeffs()]
            last = abs(coefficients[-1])
            # Cauchy: every root is at least |c0|/(|c0| + max |ci|) in magnitude.
            bounds.append(last / (last + sum((abs(c) for c in coefficients[:-1]), arb(0))))
        if y.is_finite() and all(bound > y for bound in bounds):
            return True
    return False
