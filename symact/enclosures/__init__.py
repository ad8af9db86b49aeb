"""Ball programs: an expression, exactly as it is defined, as a function of balls or of series of balls.

What leaves here encloses the truth. Where the precision in force cannot tell which branch a point is
on, or whether a logarithm exists, `Undecided` says so and the caller raises the precision.
"""

from collections.abc import Mapping

import sympy as sp
from flint import arb, ctx

from symact.enclosures.ball_functions import AtPole, Undecided, Undefined
from symact.enclosures.builders import Builder, Node, Point
from symact.enclosures.rationals import rational
from symact.functions import plain

__all__ = ["AtPole", "Builder", "Node", "Point", "Undecided", "Undefined", "enclose", "rational"]


def enclose(expression: sp.Expr, values: Mapping[sp.Symbol, arb], prec: int = 128) -> arb:
    """Return a ball that holds the expression's value at every point of the symbols' balls.

    Where the balls reach over a switch the branches are joined; NaN where the expression may be undefined.

    >>> z = sp.Symbol("z", real=True)
    >>> enclose(sp.Max(z, 0), {z: arb(0, 1)}).contains(arb(1))
    True
    """
    symbols = tuple(values)
    before, ctx.prec = ctx.prec, prec
    try:
        return Builder(symbols, {}, hull=True).build(plain(expression))(tuple(values[s] for s in symbols))
    except (Undefined, AtPole, Undecided):
        return arb.nan()
    finally:
        ctx.prec = before
