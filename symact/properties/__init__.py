"""properties: what mathematics says of f, each fact with its method: certified, or said to be unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from symact.activations import Activation, Z
from symact.derivatives import Derivative
from symact.pieces import Case, Piece, split
from symact.properties import ends, lipschitz, monotonicity
from symact.properties.charts import Chart, Uncharted, chart, uncharted
from symact.properties.expansions import series
from symact.properties.extremes import as_set, spans
from symact.properties.facts import Enclosure, Fact, not_proven
from symact.properties.fixed_points import fixed_points
from symact.properties.inverses import inverse
from symact.properties.lines import Line, line
from symact.properties.moments import moments
from symact.properties.monotonicity import DECREASING, INCREASING, NEITHER, Monotonicity
from symact.properties.smoothness import differentiability, smoothness
from symact.properties.symmetry import symmetric, symmetry
from symact.writing import text

__all__ = ["Enclosure", "Fact", "Properties", "Subdifferential", "properties"]


@dataclass(frozen=True)
class Subdifferential:
    """All subgradients (Clarke) at a kink: the closed interval between the one-sided derivatives."""

    at: sp.Expr
    interval: sp.Set


@dataclass(frozen=True)
class Properties:
    """What is known of f and f'; None is "not proven", never "no". Each fact is found when it is asked for.

    ``monotonic`` is in the weak sense and holds for ``monotonic_for``: all parameters in their domains,
    or the defaults. ``limits`` have keys such as ``f(-oo)`` and ``f'(1-)``; a value nan is "no limit".
    ``lipschitz`` is the least constant where it is exact for all parameters, oo where there is none.
    ``facts`` are these and more, by name, each with its method and the parameters for which it holds.
    """

    derivative: Derivative

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what has been found, without the charts and balls that it was found by."""
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    @property
    def _activation(self) -> Activation:
        return self.derivative.activation

    @cached_property
    def _cases(self) -> tuple[Case, ...]:
        return split(self._activation)

    @cached_property
    def _line(self) -> Line:
        return line(self.derivative)

    @cached_property
    def _slope_charts(self) -> tuple[Chart | Uncharted, ...]:
        return self._charts(self._line.slopes)

    @cached_property
    def _curvature_charts(self) -> tuple[Chart | Uncharted, ...]:
        return self._charts(self._line.curvatures)

    def _charts(self, pieces: tuple[Piece, ...]) -> tuple[Chart | Uncharted, ...]:
        pairs = zip(pieces, self._line.pieces, strict=True)
        return tuple(chart(piece, original.expression) for piece, original in pairs)

    # --- known at sight, or by algebra: for all parameters where not said otherwise ---

    @cached_property
    def limits(self) -> Mapping[str, sp.Expr]:
        """The limits of f and f' at the ends of the domain."""
        return ends.end_limits(self._activation, self._cases, self.derivative.cases)

    @cached_property
    def odd(self) -> bool | None:
        """Whether f(-z) = -f(z)."""
        return symmetric(self._activation, self._cases, -1)

    @cached_property
    def even(self) -> bool | None:
        """Whether f(-z) = f(z)."""
        return symmetric(self._activation, self._cases, 1)

    @cached_property
    def _monotonicity(self) -> Monotonicity:
        known = monotonicity.by_algebra(self._activation, self._cases, self.derivative)
        if known.kind is None and known.where is not None:
            return monotonicity.by_charts(self._line, self._slope_charts)
        return known

    @property
    def monotonic(self) -> str | None:
        """One of increasing, decreasing, constant, non-monotonic."""
        return self._monotonicity.kind

    @property
    def monotonic_for(self) -> str | None:
        """For which parameters f is monotonic."""
        return self._monotonicity.where

    @property
    def certificate(self) -> str | None:
        """How monotonicity is known."""
        return self._monotonicity.certificate

    @cached_property
    def range(self) -> sp.Set | None:
        """The exact range: the declared one, or that of a continuous f monotonic for all parameters."""
        return self._activation.range or self._range_of_monotonic()

    def _range_of_monotonic(self) -> sp.Set | None:
        if self.monotonic not in (INCREASING, DECREASING):
            return None
        if self.monotonic_for != monotonicity.everywhere(self._activation):
            return None
        if len(self._cases) > 1 or not monotonicity.continuous(self._cases[0]):
            return None
        limits = [value for name, value in self.limits.items() if name.startswith("f(")]
        if len(limits) != 2 or any(value.has(sp.nan, sp.Piecewise) for value in limits):
            return None
        attained = [not self._cases[0].pieces[side].expression.has(Z) for side in (0, -1)]
        if self.monotonic == DECREASING:
            limits, attained = limits[::-1], attained[::-1]
        found = sp.Interval(*limits, *(not at for at in attained))
        return sp.S.Reals if found == sp.S.Reals else found

    @cached_property
    def lipschitz(self) -> sp.Expr | None:
        """The least Lipschitz constant of f, exactly and for all parameters."""
        return lipschitz.by_algebra(self._activation, self.derivative)

    @cached_property
    def subdifferentials(self) -> tuple[Subdifferential, ...]:
        """The subgradients at each kink that is no jump."""
        return tuple(
            Subdifferential(k.at, sp.Interval(sp.Min(k.left, k.right), sp.Max(k.left, k.right)))
            for k in self.derivative.kinks
            if not k.jump
        )

    # --- facts with their methods ---

    @cached_property
    def facts(self) -> Mapping[str, Fact]:
        """All facts by name."""
        here, slopes, curvatures = self._line, self._slope_charts, self._curvature_charts
        everywhere = monotonicity.everywhere(self._activation)
        kinks = smoothness(self._activation, self._cases, here)
        symmetric_about = symmetry(self._activation, self._cases, self.odd, self.even)
        return {
            "range": self._range_fact(),
            "monotonicity": self._monotonicity_fact(),
            "monotone_intervals": monotonicity.monotone_intervals(here, slopes),
            "convexity": monotonicity.convexity(here, curvatures),
            "convex_intervals": monotonicity.curved_intervals(here, curvatures),
            "symmetry": symmetric_about,
            "lipschitz": lipschitz.of_f(self.lipschitz, here, curvatures),
            "lipschitz_derivative": lipschitz.of_derivative(here),
            "limits": Fact(dict(self.limits), "exact: leading terms", everywhere),
            "asymptotes": ends.asymptotes(here, self.limits),
            "critical_points": monotonicity.roots(here, slopes, "f'"),
            "inflection_points": monotonicity.roots(here, curvatures, "f''"),
            "fixed_points": fixed_points(here),
            "inverse": inverse(here, self.monotonic, slopes),
            "series": series(here),
            "smoothness": kinks,
            "differentiability": differentiability(kinks, here, slopes),
            **self.moments,
            **_mean_by_symmetry(symmetric_about, self.moments, here),
        }

    @cached_property
    def moments(self) -> Mapping[str, Fact]:
        """E[f], E[f**2], E[f'**2] for z from N(0, 1), and the gains of initialisation."""
        return moments(self._line)

    def _range_fact(self) -> Fact:
        found = spans(self._line, self._slope_charts)
        exact = None if found is None else as_set(found)
        declared = self._activation.range
        if self.range is not None:
            where = monotonicity.everywhere(self._activation)
            if declared is None:
                return Fact(self.range, "exact: f is monotonic and continuous, from limit to limit", where)
            if exact is not None and declared.subs(self._activation.defaults) == exact:
                at = f", confirmed at {self._line.where}" if self._activation.parameters else ", confirmed"
                return Fact(self.range, f"declared{at}: limits and values at the roots of f', exact", where)
            return Fact(self.range, "declared; not proven", where)
        if found is None:
            why = uncharted(self._slope_charts)
            return not_proven(self._line.where, f"f': {why}" if why else "a limit at an end of a piece")
        value = found if exact is None else exact
        return Fact(value, "limits and values at the roots of f'", self._line.where)

    def _monotonicity_fact(self) -> Fact:
        known = self._monotonicity
        if known.kind in (None, NEITHER):
            parts = monotonicity.by_parts(self._line, self._slope_charts)
            if known.kind is None or parts.value is not None:
                return parts
        algebra = known.certificate == monotonicity.SIGNS
        method = "exact: sign of f' by algebra" if algebra else known.certificate
        return Fact(known.kind, method or "", known.where or "")

    def to_json(self) -> dict[str, Any]:
        """Return the properties as JSON has them: expressions as text, what is not proven as null."""
        return {
            "range": None if self.range is None else text(self.range),
            "monotonic": self.monotonic,
            "monotonic_for": self.monotonic_for,
            "certificate": self.certificate,
            "odd": self.odd,
            "even": self.even,
            "lipschitz": None if self.lipschitz is None else text(self.lipschitz),
            "limits": {name: None if v is sp.nan else text(v) for name, v in self.limits.items()},
            "subdifferentials": [
                {"at": text(s.at), "interval": text(s.interval)} for s in self.subdifferentials
            ],
            "facts": {name: fact.to_json() for name, fact in self.facts.items()},
        }


def _mean_by_symmetry(found: Fact, moments_found: Mapping[str, Fact], line: Line) -> dict[str, Fact]:
    """Return the exact mean where f has a point symmetry about z = 0, as N(0, 1) has, and a mean.

    Whether it has one is known at the defaults only.
    """
    about = found.value
    if about is None or about.centre != 0 or about.level is None or moments_found["mean"].value is None:
        return {}
    converges = f" where the integral converges, as for {line.where}" if line.activation.parameters else ""
    return {"mean": Fact(about.level, f"exact: by symmetry{converges}", found.where)}


def properties(derivative: Derivative) -> Properties:
    """Return the properties of the activation of a first derivative by z.

    >>> from symact.derivatives import differentiate
    >>> found = properties(differentiate(Activation("tanh", sp.tanh(Z))))
    >>> found.range, found.monotonic, found.odd, found.lipschitz
    (Interval.open(-1, 1), 'increasing', True, 1)
    >>> found.facts["second_moment"].to_json()["value"]["lower"]
    '0.39429449039784117441'
    """
    return Properties(derivative)
