"""Terrains: the points of a piece at which forms are judged, and the truth there."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from flint import arb

from symact.activations import Z
from symact.arithmetics import EXACT, compile_expression
from symact.formats import Format
from symact.regimes.points import Point, around, grid, point, short_between
from symact.regimes.truths import Truth, bisect, true_value, true_value_at, truth

STEEP = arb(2) ** 12
"""Where a function changes by more than this between two points, it is looked for what happens between."""

TOUCHED = 16
"""Up to this magnitude it is looked for points where a function touches 0."""

MAX_ROOTS = 4
"""Interior roots that are looked into, the nearest to zero first: a sine has thousands."""


class Terrain:
    """The truth at the points of an interval, for one setting of the parameters and one format.

    From left to right: ``points``, ``truths``, and ``ulps``, the spacing of the format at the truth, None
    where it overflows. ``roots``: the sign changes nearest zero.
    """

    def __init__(
        self, truth: Truth, lower: sp.Expr, upper: sp.Expr, fmt: Format, far: bool, every: int
    ) -> None:
        self.truth, self.lower, self.upper, self.fmt = truth, lower, upper, fmt
        self.largest = arb(2) ** (fmt.emax + 1) * (1 - arb(2) ** -fmt.precision)
        self._overflow = self.largest * (1 + arb(2) ** -(fmt.precision + 1))
        self._normal = arb(2) ** (fmt.emin + 1)
        self._least = arb(2) ** (fmt.emin - fmt.precision + 1)
        self.points: list[Point] = []
        self.truths: list[arb] = []
        self._seen: set[tuple[int, int]] = set()
        wide = [p for p in grid(lower, upper, fmt) if p.far or not far]
        self._look(wide[::every] + wide[-1:])
        self._look([point(exact) for exact in self._crossings()])
        self.roots = self._roots()
        for root in self.roots + self._touching():
            self._look([point(exact) for exact in around(root, fmt, lower, upper)])
        order = self._order()
        self.points, self.truths = [self.points[i] for i in order], [self.truths[i] for i in order]
        self.ulps = [self.ulp(value) for value in self.truths]

    def _look(self, points: Sequence[Point]) -> None:
        """Add the points that are new and where there is a truth."""
        new = [one for one in points if one.key not in self._seen]
        for one in new:
            if (value := self.truth.at(one)) is not None:
                self._seen.add(one.key)
                self.points.append(one)
                self.truths.append(value)

    def _order(self) -> list[int]:
        return sorted(range(len(self.points)), key=lambda i: self.points[i].place)

    def _crossings(self) -> list[Fraction]:
        """Return points where the truth overflows, becomes subnormal or vanishes between two points.

        A factor may overflow or vanish a little earlier; where it does so in a double exponential, no
        point of the grid may be near.
        """
        fmt, order = self.fmt, self._order()
        levels = (fmt.emax + 1, fmt.emin, fmt.emin - fmt.precision // 2, fmt.emin - fmt.precision + 2)
        sizes = [abs(value) for value in self.truths]
        sides = {level: [size < arb(2) ** level for size in sizes] for level in levels}
        found = []
        for i, j in pairwise(order):
            for level, below in sides.items():
                if below[i] == below[j] or min(sizes[i], sizes[j]) * STEEP > max(sizes[i], sizes[j]):
                    continue
                ends = self.points[i].exact, self.points[j].exact
                found += self._crossing(*ends, arb(2) ** level, below=below[i])
        return found

    def _crossing(self, left: Fraction, right: Fraction, level: arb, *, below: bool) -> list[Fraction]:
        """Return two points beside each other between which the truth crosses a level."""
        for _ in range(self.fmt.precision + 12):
            middle = point(short_between(left, right))
            value = self.truth.at(middle)
            if value is None or right - left <= abs(right) * Fraction(1, 2**self.fmt.precision):
                break
            if bool(abs(value) < level) == below:
                left = middle.exact
            else:
                right = middle.exact
        return [left, right]

    def ulp(self, truth: arb) -> arb | None:
        """Return the spacing of the format at the truth; None where the truth overflows."""
        size = abs(truth)
        if size.upper() < self._normal:
            return self._least
        mantissa, exponent = truth.mid().man_exp()  # an upper bound might be the next power of two
        if size > self._overflow:
            return None  # nearer to the next power of two
        top = int(exponent) + abs(int(mantissa)).bit_length() - 1
        return None if top > self.fmt.emax else arb(2) ** (top - self.fmt.precision + 1)

    def _roots(self) -> list[arb]:
        """Bracket the sign changes nearest zero, strictly inside the piece, to 140 bits."""
        signs = [(value > 0) - (value < 0) for value in self.truths]
        order = self._order()
        elsewhere = [i for i in order if signs[i] != 0]
        changes = [(i, j) for i, j in pairwise(elsewhere) if signs[i] * signs[j] < 0]
        changes.sort(key=lambda pair: min(abs(self.points[i].exact) for i in pair))
        found = []
        for i, j in changes[:MAX_ROOTS]:
            between = order[order.index(i) + 1 : order.index(j)]
            ends = self.points[i].exact, self.points[j].exact
            root: arb | None = self.points[between[0]].ball if between else None
            root = root or bisect(self.truth.program, *ends, rising=signs[j] > 0)
            if root is not None:
                found.append(root)
        return found

    def _touching(self) -> list[arb]:
        """Return where a function with sines touches 0 and does not cross it, such as 1 + sin(z)."""
        if not self.truth.expression.has(sp.sin, sp.cos):
            return []
        slope = compile_expression(sp.diff(self.truth.expression, Z), (Z,), EXACT)
        near = [p.exact for p in self.points if abs(p.exact) <= TOUCHED]
        slopes = [true_value([(slope, at)]) for at in near]
        found: list[arb] = []
        for (a, left), (b, right) in pairwise(zip(near, slopes, strict=True)):
            if left is None or right is None or (left > 0) == (right > 0):
                continue
            root = bisect(slope, a, b, rising=bool(right > 0))
            value = None if root is None else true_value_at(self.truth.program, root)
            if value is not None and abs(value) < arb(2) ** -100 and len(found) < MAX_ROOTS:
                found.append(root)
        return found


@lru_cache(maxsize=32)
def _terrain(
    expression: sp.Expr,
    setting: tuple[tuple[sp.Symbol, sp.Expr], ...],
    ends: tuple[sp.Expr, sp.Expr],
    fmt: Format,
    far: bool,
    every: int,
) -> Terrain:
    return Terrain(truth(expression, setting), *ends, fmt, far, every)


def terrain(
    expression: sp.Expr,
    setting: Mapping[sp.Symbol, sp.Expr],
    ends: tuple[sp.Expr, sp.Expr],
    fmt: Format,
    *,
    far: bool = False,
    every: int = 1,
) -> Terrain:
    """Return the terrain of an expression between two ends, at one setting of its parameters.

    With ``far`` only points that are far out; of the grid only one point of ``every`` so many.
    """
    return _terrain(expression, tuple(setting.items()), ends, fmt, far, every)
