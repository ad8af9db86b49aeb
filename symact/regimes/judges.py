"""Judges: by how many ulp a form may be off at the points of a terrain, in the model of an arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from flint import arb, arb_poly, ctx

from symact.activations import Z
from symact.arithmetics import Arithmetic, Ball, constant
from symact.columns import Columns
from symact.forms import Form, T, W
from symact.power_series import horner, rational, series
from symact.regimes.points import FAR, Point
from symact.regimes.terrains import Terrain
from symact.regimes.truths import PRECISIONS

SERIES = "power series"
"""The rule of a Taylor polynomial."""

USELESS = 2.0**30
"""An error from which on, in ulp, a form is no better than none: then nothing is chosen for its sake."""

NONE = float("inf")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A form, the center of its variable, and its error at each point of all judges."""

    form: Form
    center: sp.Expr
    errors: tuple[float, ...]


class Judge:
    """The errors of forms at the points of a terrain; each is computed once."""

    def __init__(self, terrain: Terrain, arithmetic: Arithmetic) -> None:
        self.terrain, self.arithmetic = terrain, arithmetic
        self.points = terrain.points
        self._sample = _Sample(terrain, terrain.points, terrain.truths, terrain.ulps, arithmetic)
        self._known: dict[Form, list[float | None]] = {}

    def errors(self, form: Form, at: Sequence[int] | None = None) -> list[float]:
        """Return a form's error at each point, or at some, in ulp; infinite where it cannot be used."""
        known = self._known.setdefault(form, [None] * len(self.points))
        wanted = range(len(self.points)) if at is None else at
        missing = [i for i in wanted if known[i] is None]
        for i, found in zip(missing, self._sample.errors(form, missing), strict=True):
            known[i] = found
        return [error for i in wanted if (error := known[i]) is not None]

    def series_errors(self, form: Form, center: arb) -> list[float]:
        """Return the errors of a power series about a center."""
        return self._sample.errors(form, range(len(self.points)), center)

    def error_at(self, candidate: Candidate, point: Point) -> float:
        """Return a candidate's error at one more point; NaN where there is no truth."""
        truth = self.terrain.truth.at(point)
        if truth is None:
            return float("nan")
        center = precisely(candidate.center) if candidate.form.rule == SERIES else None
        sample = _Sample(self.terrain, [point], [truth], [self.terrain.ulp(truth)], self.arithmetic)
        return sample.errors(candidate.form, [0], center)[0]

    def power_series(self, expression: sp.Expr, terms: int) -> list[Candidate]:
        """Return Taylor polynomials about 0, the finite ends and the interior roots."""
        lower, upper = self.terrain.lower, self.terrain.upper
        centers: list[tuple[arb, sp.Expr]] = []
        for end in {sp.S.Zero, lower, upper} - {sp.oo, -sp.oo}:
            if lower <= end <= upper and end.is_Rational:
                centers.append((precisely(end), end))
        for root in self.terrain.roots:
            if root != 0:
                mantissa, exponent = root.man_exp()
                centers.append((root, sp.Rational(int(mantissa)) * sp.Integer(2) ** int(exponent)))
        found = []
        for center, exact in centers:
            rows = series(expression, Z, center, terms)
            if rows is not None:
                form = Form(SERIES, horner(rows))
                near = self._sample.near(rows, center)
                errors = dict(zip(near, self._sample.errors(form, near, center), strict=True))
                found.append(
                    Candidate(form, exact, tuple(errors.get(i, NONE) for i in range(len(self.points))))
                )
        return found


class _Sample:
    """Some points with the truth there, and the values of forms at them."""

    def __init__(
        self,
        terrain: Terrain,
        points: Sequence[Point],
        truths: Sequence[arb],
        ulps: Sequence[arb | None],
        arithmetic: Arithmetic,
    ) -> None:
        self._points, self._truths, self._arithmetic = points, truths, arithmetic
        self._largest, self._settings = terrain.largest, terrain.truth.values
        self._scales = [None if ulp is None else 1 / ulp for ulp in ulps]

    def errors(self, form: Form, at: Sequence[int], center: arb | None = None) -> list[float]:
        """Return a form's errors at some of the points, as those of a power series if it has a center."""
        old, ctx.prec = ctx.prec, self._arithmetic.bits
        try:
            view = self._sided if form.side else self._plain if center is None else self._about(center)
            # A polynomial is good however far out, and may be exact, which a product with 1/z is not.
            anywhere = view is self._plain and form.expression.is_polynomial(Z)
            usable = [
                i
                for i in at
                if (not form.side or self._points[i].sign == form.side)
                and (self._points[i].far or not form.far)
                and (anywhere or view.usable[view.index[i]])
            ]
            if not usable:
                return [NONE] * len(at)
            values = view.columns.values(form.expression, [view.index[i] for i in usable])
            ctx.prec = max(PRECISIONS[0], ctx.prec)
            known = {i: self._error(i, value) for i, value in zip(usable, values, strict=True)}
            return [known.get(i, NONE) for i in at]
        finally:
            ctx.prec = old

    def near(self, rows: Sequence[arb], center: arb) -> list[int]:
        """Return the points where a Taylor polynomial is not certainly useless.

        Its value in the model encloses its exact value: where already that is `USELESS`, so is the other.
        """
        old, ctx.prec = ctx.prec, PRECISIONS[0]
        try:
            polynomial = arb_poly([constant(rational(row)) for row in rows])
            return [
                i
                for i, (point, truth, scale) in enumerate(
                    zip(self._points, self._truths, self._scales, strict=True)
                )
                if scale is None or not abs(polynomial(point.ball - center) - truth) * scale > USELESS
            ]
        finally:
            ctx.prec = old

    def _error(self, row: int, value: Ball) -> float:
        if value is None:
            return NONE
        truth, scale = self._truths[row], self._scales[row]
        if scale is None:  # the truth overflows, and so must the value
            beyond = abs(value) > self._largest and (value > 0) == (truth > 0)
            return 0.0 if beyond else NONE
        error = float((abs(value - truth) * scale).upper())
        return error if error < USELESS else NONE

    @cached_property
    def _plain(self) -> "_View":
        """By z."""
        balls = [point.ball for point in self._points]
        return self._view({Z: balls}, balls, range(len(balls)))

    @cached_property
    def _sided(self) -> "_View":
        """By t = z or -z and w = 1/t: points that mirror each other share what is computed."""
        numbers: dict[tuple[int, int], int] = {}
        index = [numbers.setdefault((abs(p.key[0]), p.key[1]), len(numbers)) for p in self._points]
        magnitudes = dict(zip(index, self._points, strict=True))
        t = [magnitudes[i].ball * magnitudes[i].sign for i in range(len(numbers))]
        w = [1 / x for x in t]
        return self._view({T: t, W: w}, w, index)

    def _about(self, center: arb) -> "_View":
        """By the distance from a center."""
        t = [point.ball - center for point in self._points]
        return self._view({T: t}, t, range(len(t)))

    def _view(
        self, inputs: Mapping[sp.Symbol, Sequence[arb]], largest: Sequence[arb], index: Sequence[int]
    ) -> "_View":
        # Parameters are inputs, not numbers: SymPy would multiply (a + z)/b out.
        columns = Columns(self._arithmetic, inputs, self._settings)
        return _View(columns, [bool(abs(ball) < FAR) for ball in largest], index)


@dataclass(frozen=True, eq=False)
class _View:
    """Columns, the rows of them that can be used, and the row of each point."""

    columns: Columns
    usable: Sequence[bool]
    index: Sequence[int]


def precisely(number: sp.Expr) -> arb:
    """Return a number as a ball that is narrow beside any point near it."""
    old, ctx.prec = ctx.prec, PRECISIONS[2]
    value = constant(number)
    ctx.prec = old
    return value
