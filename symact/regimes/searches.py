"""Searches: the regimes of one piece, from the forms that it can be computed in."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from flint import arb

from symact.activations import Activation, Z
from symact.arithmetics import Arithmetic
from symact.formats import Format
from symact.forms import SCALED, Form, T, candidates, protected
from symact.pieces import Piece
from symact.power_series import horner, series
from symact.regimes.judges import SERIES, Candidate, Judge
from symact.regimes.losses import Loss, constant_loss, loss
from symact.regimes.parameters import GROWING, inner_symbols, positive, turning_symbols
from symact.regimes.seams import Run, runs
from symact.regimes.terrains import terrain

LARGE = 2**40
"""Parameters in sines are also tried this many times as large, at points that are far out."""

COARSE = 4
"""Of so many points one is looked at when forms are chosen that are looked at everywhere."""


@dataclass(frozen=True)
class Regime:
    """One form on one interval ``lower <= z < upper``.

    ``expression`` is in z where ``side`` is 0, in ``t = z`` where it is +1, in ``t = -z`` where -1,
    and in ``t = z - center`` for a power series.
    """

    lower: sp.Expr
    upper: sp.Expr
    expression: sp.Expr
    rule: str
    side: int = 0
    center: sp.Expr = sp.S.Zero


@dataclass
class Search:
    """One piece's search: its points, the truth at them, and the candidates' errors."""

    activation: Activation
    piece: Piece
    settings: tuple[Mapping[sp.Symbol, sp.Expr], ...]
    signs: Mapping[sp.Symbol, sp.Expr]
    arithmetic: Arithmetic
    fmt: Format

    def regimes(self) -> tuple[list[Regime], Loss]:
        """Return the regimes of the piece, left to right, and what the model leaves."""
        expression = self.piece.expression.subs(self.signs)
        whole = [Regime(self.piece.lower, self.piece.upper, self._own(protected(expression)), "as it is")]
        if not expression.has(Z):
            return whole, constant_loss(expression, self.arithmetic, self.fmt)
        judges = [self._judge(expression, s, every=1 + (i > 0)) for i, s in enumerate(self.settings)]
        if turned := turning_symbols(expression):
            # A sine exists where its argument overflows: parameters of all sizes must be thought of.
            large = {s: v * LARGE if s in turned else v for s, v in self.settings[0].items()}
            judges.append(self._judge(expression, large, far=True))
        points = [point for judge in judges for point in judge.points]
        order = sorted(range(len(points)), key=lambda i: points[i].place)
        places = [points[i].exact for i in order]
        forms = list(self._forms(expression))
        polynomials: list[Candidate] = []
        chosen: list[Run] = []
        terms, left = 0, Loss()
        for allowed, wanted in self._tries(forms):
            if wanted != terms > 0 and not polynomials:
                break  # more terms of none
            found, good = self._judged([f for f in forms if f.toll <= allowed], judges)
            if good is not None:
                only = Regime(self.piece.lower, self.piece.upper, self._own(good.expression), good.rule)
                return [only], loss(judges, found[-1].errors)
            if wanted != terms:
                polynomials, terms = self._polynomials(expression, judges, wanted), wanted
            if not found and not polynomials:
                continue
            tried = runs([*found, *polynomials], order, places, judges)
            lost = loss(judges, _chosen_errors(tried, order))
            if not chosen or lost.worst < left.worst:
                chosen, left = tried, lost
            if left.worst <= self.arithmetic.good:
                break
        return self._joined(chosen), left

    def _tries(self, forms: Sequence[Form]) -> Iterator[tuple[float, int]]:
        """Yield what forms may cost, and the terms of power series, one try after another.

        Forms may cost anything, unless the arithmetic is thrifty.
        """
        tolls = sorted({form.toll for form in forms}) if self.arithmetic.thrifty else [math.inf]
        first, *further = self.arithmetic.terms
        yield from ((toll, first) for toll in tolls)
        yield from ((tolls[-1], terms) for terms in further)

    def _judged(self, forms: Sequence[Form], judges: Sequence[Judge]) -> tuple[list[Candidate], Form | None]:
        """Return the forms worth a judgement everywhere; and the last of them where it is all one needs."""
        good = self.arithmetic.good
        found: list[Candidate] = []
        for form in [form for form in forms if form.side == 0]:
            found.append(Candidate(form, sp.S.Zero, _errors(judges, form)))
            if max(found[-1].errors, default=0.0) <= good:
                return found, form
        looked_at = {candidate.form for candidate in found}
        while new := [f for f in _promising(forms, judges, _edges(judges, found)) if f not in looked_at]:
            found += [Candidate(form, sp.S.Zero, _errors(judges, form)) for form in new]
            looked_at |= set(new)
        return found, None

    def _polynomials(self, expression: sp.Expr, judges: Sequence[Judge], terms: int) -> list[Candidate]:
        """Return the power series that there are."""
        if len(judges) == 1 and not self.settings[0]:
            return judges[0].power_series(expression, terms)
        if (row := self._scaled_series(expression, terms)) is None:
            return []
        errors = tuple(e for judge in judges for e in judge.series_errors(row, arb(0)))
        return [Candidate(row, sp.S.Zero, errors)]

    def _judge(
        self, expression: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr], *, far: bool = False, every: int = 1
    ) -> Judge:
        ends = self.piece.lower.subs(setting), self.piece.upper.subs(setting)
        return Judge(terrain(expression, setting, ends, self.fmt, far=far, every=every), self.arithmetic)

    def _forms(self, expression: sp.Expr) -> Iterator[Form]:
        plain = protected(expression)
        yield Form("as it is", plain)
        seen = {plain}
        together = protected(sp.together(self.piece.expression.subs(self.signs)))
        if together not in seen and expression.is_rational_function(Z):
            yield Form("common denominator", together)
        for side in (1, -1):
            if (side > 0 and self._reaches(1)) or (side < 0 and self._reaches(-1)):
                for form in _candidates(expression.subs(Z, side * T), scaled=self.arithmetic.bits > 64):
                    # Where such a tail begins depends on parameters: it is used where these hardly matter.
                    far = form.rule.endswith("tail") and bool(inner_symbols(expression) - {Z})
                    if form.expression not in seen:
                        seen.add(form.expression)
                        yield Form(form.rule, form.expression, side, far)
            seen = {plain}

    def _scaled_series(self, expression: sp.Expr, terms: int) -> Form | None:
        """Return the power series at 0 of h g(c z), h and c free of z, where no parameter is in g."""
        rates = {sp.diff(f.args[0], Z) for f in expression.atoms(*GROWING) if f.has(Z)}
        rates = {rate for rate in rates if rate.free_symbols and not rate.has(Z)}
        if not rates or not any(self._near_zero(setting) for setting in self.settings):
            return None
        rate = min(rates, key=sp.default_sort_key)
        scale, scaled = sp.factor_terms(expression.subs(Z, T / rate)).as_independent(T, as_Add=False)
        scaled = sp.simplify(scaled) if scaled.free_symbols != {T} else scaled
        if scaled.free_symbols != {T}:
            return None
        rows = series(scaled, T, arb(0), terms)
        return None if rows is None else Form(SERIES, scale * horner(rows).subs(T, rate * T))

    def _near_zero(self, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
        return bool(self.piece.lower.subs(setting) <= 0) and bool(self.piece.upper.subs(setting) >= 0)

    def _reaches(self, side: int) -> bool:
        end = self.piece.upper if side > 0 else self.piece.lower
        return any((end.subs(setting) * side) > 0 for setting in self.settings)

    def _own(self, expression: sp.Expr) -> sp.Expr:
        """Give the parameters their own symbols back: the positive stand-ins were for algebra."""
        back = {
            positive(symbol): symbol if value.is_positive else -symbol
            for symbol, value in self.signs.items()
            if value != 0
        }
        return expression.xreplace(back)

    def _joined(self, chosen: Sequence[Run]) -> list[Regime]:
        ends = [self.piece.lower, *(run.seam for run in chosen[1:]), self.piece.upper]
        return [
            Regime(
                lower,
                upper,
                self._own(run.candidate.form.expression),
                run.candidate.form.rule,
                run.candidate.form.side,
                run.candidate.center,
            )
            for (lower, upper), run in zip(pairwise(ends), chosen, strict=True)
        ]


def _candidates(expression: sp.Expr, *, scaled: bool) -> Sequence[Form]:
    forms = _all_candidates(expression)
    return forms if scaled else [form for form in forms if not form.expression.has(*SCALED)]


@lru_cache(maxsize=64)
def _all_candidates(expression: sp.Expr) -> tuple[Form, ...]:
    """Return the candidates for the wide arithmetic: those for the narrow one are among them."""
    return tuple(candidates(expression, scaled=True))


def _chosen_errors(chosen: Sequence[Run], order: Sequence[int]) -> list[float]:
    """Return the error at each point of the candidate that is used there."""
    errors = [0.0] * len(order)
    for run in chosen:
        for i in order[run.start : run.stop]:
            errors[i] = run.candidate.errors[i]
    return errors


def _errors(judges: Sequence[Judge], form: Form) -> tuple[float, ...]:
    return tuple(error for judge in judges for error in judge.errors(form))


def _edges(judges: Sequence[Judge], found: Sequence[Candidate]) -> list[list[int]]:
    """Return, for each judge, a few of its points, and those where some form begins or ceases to be good."""
    edges, offset = [], 0
    for judge in judges:
        count = len(judge.points)
        chosen = {*range(0, count, COARSE), *range(max(count - 1, 0), count)}
        for candidate in found:
            good = [error <= judge.arithmetic.good for error in candidate.errors[offset : offset + count]]
            for i in (i for i in range(1, count) if good[i] != good[i - 1]):
                chosen |= {*range(max(i - 2, 0), min(i + 2, count))}
        edges.append(sorted(chosen))
        offset += count
    return edges


def _promising(forms: Sequence[Form], judges: Sequence[Judge], at: Sequence[Sequence[int]]) -> list[Form]:
    """Leave out forms that are good, at some of the points, only where another one is too."""
    if judges[0].arithmetic.thrifty:  # they may be good for others' sake, whose functions they share
        return list(forms)
    rows = [
        [e for judge, some in zip(judges, at, strict=True) for e in judge.errors(form, at=some)]
        for form in forms
    ]
    limits = [max(judges[0].arithmetic.good, 2 * min(column)) for column in zip(*rows, strict=True)]
    good = [{i for i, (e, limit) in enumerate(zip(row, limits, strict=True)) if e <= limit} for row in rows]
    order = sorted(range(len(forms)), key=lambda i: (-len(good[i]), forms[i].cost))
    kept: list[int] = []
    for i in order:
        if not any(good[i] <= good[j] for j in kept):
            kept.append(i)
    return [forms[i] for i in sorted(kept)]
