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
from symact.regimes.parameters import GROWING, inner_symbols, positive, turning_symbols
from symact.regimes.seams import runs
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

    def regimes(self) -> tuple[list[Regime], float]:
        """Return the regimes of the piece, left to right, and the worst modelled error."""
        expression = self.piece.expression.subs(self.signs)
        whole = [Regime(self.piece.lower, self.piece.upper, self._own(protected(expression)), "as it is")]
        if not expression.has(Z):
            return whole, 0.0
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
        for allowed in self._tolls(forms):
            found, good = self._judged([f for f in forms if f.toll <= allowed], judges)
            if good is not None:
                only = Regime(self.piece.lower, self.piece.upper, self._own(good.expression), good.rule)
                return [only], max(found[-1].errors, default=0.0)
            polynomials = polynomials or self._polynomials(expression, judges)
            if not found and not polynomials:
                continue
            chosen = runs([*found, *polynomials], order, places, judges)
            worst = max((worst for *_, worst in chosen), default=0.0)
            if worst <= self.arithmetic.good:
                break
        return self._joined(chosen), worst

    def _tolls(self, forms: Sequence[Form]) -> list[float]:
        """Return what forms may cost, one try after another: anything, unless the arithmetic is thrifty."""
        if not self.arithmetic.thrifty:
            return [math.inf]
        return sorted({form.toll for form in forms})

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

    def _polynomials(self, expression: sp.Expr, judges: Sequence[Judge]) -> list[Candidate]:
        """Return the power series that there are."""
        if len(judges) == 1 and not self.settings[0]:
            return judges[0].power_series(expression)
        if (row := self._scaled_series(expression)) is None:
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

    def _scaled_series(self, expression: sp.Expr) -> Form | None:
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
        rows = series(scaled, T, arb(0), self.arithmetic.terms)
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

    def _joined(self, chosen: Sequence[tuple[Candidate, sp.Expr, float]]) -> list[Regime]:
        ends = [self.piece.lower, *(start for _, start, _ in chosen[1:]), self.piece.upper]
        return [
            Regime(
                lower,
                upper,
                self._own(candidate.form.expression),
                candidate.form.rule,
                candidate.form.side,
                candidate.center,
            )
            for (lower, upper), (candidate, *_) in zip(pairwise(ends), chosen, strict=True)
        ]


def _candidates(expression: sp.Expr, *, scaled: bool) -> Sequence[Form]:
    forms = _all_candidates(expression)
    return forms if scaled else [form for form in forms if not form.expression.has(*SCALED)]


@lru_cache(maxsize=64)
def _all_candidates(expression: sp.Expr) -> tuple[Form, ...]:
    """Return the candidates for the wide arithmetic: those for the narrow one are among them."""
    return tuple(candidates(expression, scaled=True))


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
