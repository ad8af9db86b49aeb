"""Losses: what the model leaves of values, as a bound that code can test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb

from symact.arithmetics import Arithmetic
from symact.formats import Format
from symact.regimes.judges import Judge

LITTLE = 2.0**-34
"""A relative error that is little beside a rounding to float32; a larger one counts as an absolute one."""

LEAST = 2.0**-53
"""What is not exact is off by this at least."""


@dataclass(frozen=True)
class Loss:
    """A value is off by at most ``relative`` of its size and ``absolute``; by ``worst`` ulp of the format.

    >>> Loss(2.0**-40, 0.0, 0.1) | Loss(0.0, 2.0**-60, 3.0)
    Loss(relative=9.094947017729282e-13, absolute=8.673617379884035e-19, worst=3.0)
    """

    relative: float = 0.0
    absolute: float = 0.0
    worst: float = 0.0

    def __or__(self, other: "Loss") -> "Loss":
        return Loss(
            max(self.relative, other.relative),
            max(self.absolute, other.absolute),
            max(self.worst, other.worst),
        )


def loss(judges: Sequence[Judge], errors: Sequence[float]) -> Loss:
    """Return the loss for an error in ulp at each of the judges' points.

    Near a root that depends on a parameter the relative error grows, and the absolute one does not.
    """
    relative, absolute = 0.0, 0.0
    places = (pair for j in judges for pair in zip(j.terrain.truths, j.terrain.ulps, strict=True))
    tiny = arb(2) ** (judges[0].terrain.fmt.lowest_exponent - 3)
    for (truth, ulp), error in zip(places, errors, strict=True):
        if ulp is None or error == 0.0:
            continue
        off, size = error * ulp, abs(truth)
        share = float((off / size).upper()) if size > 0 else math.inf
        if size + off < tiny:  # a zero; what underflows keeps its sign
            share = min(share, LEAST)
        if share <= LITTLE:
            relative = max(relative, share)
        else:
            absolute = max(absolute, float(off.upper()))
    return Loss(relative, absolute, max(errors, default=0.0))


def constant_loss(number: sp.Expr, arithmetic: Arithmetic, fmt: Format) -> Loss:
    """Return the loss of a number or parameter, which is rounded to the arithmetic."""
    if number.is_Symbol or (number.is_Rational and Fraction(float(number)) == Fraction(number.p, number.q)):
        return Loss()
    return Loss(2.0**-arithmetic.bits, 0.0, 2.0 ** (fmt.precision - arithmetic.bits))
