"""Balls over a piece: samples, signs, and the agreement of two expressions on a covering."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb, ctx, fmpq

from symact.activations import Z
from symact.enclosures import AtPole, Builder, Undecided, Undefined
from symact.errors import NotSupported
from symact.functions import plain
from symact.pieces import Piece

PRECISION = 256
BULK = 20
"""The covering is of ``|z| <= 20``, or of that much from the end of a piece that lies beyond."""

CLOSE = arb(2) ** -80
"""Two values that agree so well, relative to the larger of 1 and either, are the same."""

Setting = Mapping[sp.Symbol, sp.Expr]


class Function:
    """An expression in z at one setting of the parameters, as a function from balls to balls.

    >>> Function(Z**2 + 1, {})(arb(2)) == 5
    True
    """

    def __init__(self, expression: sp.Expr, setting: Setting, precision: int = PRECISION) -> None:
        self.precision = precision
        before, ctx.prec = ctx.prec, precision
        try:
            program = Builder((Z,), {}, hull=True).build(plain(expression).subs(setting))
            self._run: Callable[[tuple[arb, ...]], arb] | None = program
        except NotSupported:
            self._run = None
        finally:
            ctx.prec = before

    def __call__(self, point: arb) -> arb:
        """Return the value; NaN where it is not defined or not known."""
        if self._run is None:
            return arb.nan()
        before, ctx.prec = ctx.prec, self.precision
        try:
            return self._run((point,))
        except (AtPole, Undecided, Undefined, NotSupported, ZeroDivisionError, ValueError):
            return arb.nan()
        finally:
            ctx.prec = before


def exact(value: sp.Expr) -> Fraction:
    """Return a rational number near a finite one, itself where it is rational."""
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    number = sp.N(value, 30)
    if not number.is_Float:
        raise NotSupported(
            f"pieces meet at {value}, which is no real number for some parameters; narrow these"
        )
    near = sp.Rational(str(number))
    return Fraction(int(near.p), int(near.q))


def ball(value: Fraction, radius: Fraction = Fraction(0)) -> arb:
    """Return the ball around a number."""
    before, ctx.prec = ctx.prec, PRECISION
    try:
        middle = arb(fmpq(value.numerator, value.denominator))
        return middle if radius == 0 else arb(middle, arb(fmpq(radius.numerator, radius.denominator)))
    finally:
        ctx.prec = before


def bulk(piece: Piece, setting: Setting, reach: int = BULK) -> tuple[Fraction, Fraction]:
    """Return the bounded part of a piece that is covered: as far as ``reach`` from 0, or from its end.

    >>> bulk(Piece(sp.S(0), sp.oo, Z), {})
    (Fraction(0, 1), Fraction(20, 1))
    """
    lower, upper = piece.lower.subs(setting), piece.upper.subs(setting)
    a = Fraction(-reach) if lower == -sp.oo else exact(lower)
    b = Fraction(reach) if upper == sp.oo else exact(upper)
    if lower == -sp.oo and b <= a:
        a = b - reach
    if upper == sp.oo and b <= a:
        b = a + reach
    return a, b


def points(piece: Piece, setting: Setting, count: int) -> list[Fraction]:
    """Return points inside a piece, none of them special."""
    a, b = bulk(piece, setting)
    a, b = max(a, Fraction(-4)) if b > -4 else a, min(b, Fraction(4)) if a < 4 else b
    return [a + (b - a) * Fraction(3 * k + 1, 3 * count + 2) for k in range(count)]


def covering(
    piece: Piece, setting: Setting, count: int, reach: int = BULK
) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield centre and radius of the balls that cover the bulk of a piece."""
    a, b = bulk(piece, setting, reach)
    radius = (b - a) / (2 * count)
    for k in range(count):
        yield a + (2 * k + 1) * radius, radius


@dataclass(frozen=True)
class Place:
    """A piece at some settings of the parameters: where numbers decide."""

    piece: Piece
    settings: tuple[Setting, ...]

    def sign(self, expression: sp.Expr) -> int | None:
        """Return the sign that an expression has at points all over the piece; None where it changes."""
        if expression.is_positive or expression.is_negative:
            return 1 if expression.is_positive else -1
        settings = tuple(tuple(setting.items()) for setting in self.settings)
        return _sign(expression, self.piece, settings)


@lru_cache(maxsize=4096)
def _sign(
    expression: sp.Expr, piece: Piece, settings: tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], ...]
) -> int | None:
    signs = set()
    for pairs in settings:
        setting = dict(pairs)
        function = Function(expression, setting, 128)
        places = points(piece, setting, 12) if expression.has(Z) else [Fraction(1)]
        for point in places:
            value = function(ball(point))
            if not (value > 0 or value < 0):
                return None
            signs.add(1 if value > 0 else -1)
        if len(signs) > 1:
            return None
    return signs.pop() if len(signs) == 1 else None


def tight(a: arb) -> bool:
    """Return whether a ball is narrow enough to compare."""
    return bool(a.is_finite() and a.rad() < CLOSE / 4 * max(abs(a.mid()), arb(1)))


def same(a: arb, b: arb) -> bool:
    """Return whether two tight balls are the same number but for a relative 2**-80."""
    scale = max(abs(a.mid()), abs(b.mid()), arb(1))
    return bool(abs(a - b) < CLOSE * scale)


class Unseen(Exception):
    """Too many balls have no enclosure."""


def disagreement(
    left: sp.Expr, right: sp.Expr, piece: Piece, setting: Setting, count: int, reach: int = BULK
) -> Fraction | None:
    """Return a centre of the covering where two expressions in z differ, None where they agree.

    They agree where their values over every ball overlap, and at its centre are the same.

    Raises Unseen where more than a quarter of the balls have no enclosure.
    """
    first, second = Function(left, setting), Function(right, setting)
    undecided = 0
    for centre, radius in covering(piece, setting, count, reach):
        a, b = first(ball(centre)), second(ball(centre))
        if not (tight(a) and tight(b)):
            undecided += 1
            if 4 * undecided > count:
                raise Unseen
            continue
        if not same(a, b):
            return centre
        wide = ball(centre, radius)
        a, b = first(wide), second(wide)
        if a.is_finite() and b.is_finite() and not a.overlaps(b):
            return centre
    return None


def differ(values: Sequence[arb]) -> bool:
    """Return whether two balls have no point in common."""
    a, b = values
    return bool(a.is_finite() and b.is_finite() and not a.overlaps(b))
