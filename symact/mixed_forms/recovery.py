"""recover_mixed_form: the cheapest form of f' in g and residuals that can be proven."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from symact.activations import Activation, G, Z
from symact.derivations import Derivation, Step
from symact.derivatives import Derivative
from symact.functions import plain
from symact.mixed_forms.costs import KEPT, rank, total
from symact.mixed_forms.reductions import Raw, Reduction, raws, shaped
from symact.mixed_forms.values import Value, values
from symact.output_forms.balls import Function, Setting, ball, bulk, points, same, tight
from symact.output_forms.proofs import BALLS, Ground, T, proven
from symact.output_forms.regions import Region, regions
from symact.pieces import Case, Piece, piecewise, split
from symact.signs import sign_of
from symact.simplification import neat
from symact.writing import text

MAX_VALUES = 3
"""Values whose forms are shaped: those that promise the cheapest; and, always, none but z."""

MAX_SHAPED = 4
"""Forms for one value on one piece that are shaped."""

SHRINKING = Fraction(3, 2)
"""By how much the shapes of a form may be cheaper than it is: dearer ones are not shaped."""

TRIES = 2
"""Shapes on one piece whose proof is tried."""

MAX_COST = 300
"""Of f' in z: beyond it, in higher orders, a form that is shorter is still none that anybody would use."""

MAX_REGIONS = 8
"""Combinations of the parameters' signs; the form must hold for all of them."""

MAX_CUTS = 600
"""Intervals that are looked at to see that a denominator has no zero."""


@dataclass(frozen=True)
class MixedForm:
    """The derivative as a function of the output and of residuals.

    A residual is z itself, ``{z: z}``, or a value that the forward pass computes, by its symbol. The form
    holds for all parameters. ``derivation`` leads from the derivative in z to the form.
    """

    expression: sp.Expr
    residuals: Mapping[sp.Symbol, sp.Expr]
    proof: str
    derivation: Derivation


@dataclass(frozen=True)
class _Found:
    """A proven form on a piece; ``reach`` is how far from 0 balls confirm it."""

    piece: Piece
    reduction: Reduction
    reach: int | None


@dataclass(frozen=True)
class _Plan:
    """A value to keep, or none, and what it may give on each piece, the cheapest first."""

    value: Value | None
    options: tuple[tuple[Raw, ...], ...]

    @property
    def promise(self) -> int:
        """What the forms cost before they are shaped."""
        return _total((raws[0].written for raws in self.options if raws), self.value)


def recover_mixed_form(derivative: Derivative) -> MixedForm | None:
    """Return the cheapest form of f' in g, z and at most one value on the way to g; None if it gains nothing.

    Costs are those of `costs.total`. A form must hold for all parameters, be defined wherever f' is, and
    be cheaper than f' in z.

    >>> from symact.derivatives import differentiate
    >>> form = recover_mixed_form(differentiate(Activation("bell", sp.exp(-Z**2))))
    >>> form.expression, form.residuals
    (-2*g*z, {z: z})
    """
    cases = split(derivative.activation)
    if len(cases) != 1:
        return None
    search = _Search(derivative, cases[0], derivative.cases[0])
    return search.cheapest()


def _total(forms: Iterable[sp.Expr], value: Value | None) -> int:
    """Return the cost of forms on the pieces; a value is kept once for all of them."""
    forms = list(forms)
    return sum(map(total, forms)) + KEPT * any(_keeps(form, value) for form in forms)


def _keeps(form: sp.Expr, value: Value | None) -> bool:
    return value is not None and form.has(value.symbol)


class _Search:
    def __init__(self, derivative: Derivative, case: Case, slopes: Case) -> None:
        self.derivative = derivative
        self.activation: Activation = derivative.activation
        self.pieces = case.pieces
        self.slopes = slopes
        inside, self.at_zero = regions(self.activation, case.condition)
        self.regions: Sequence[Region] = inside[:MAX_REGIONS] if len(inside) <= MAX_REGIONS else ()

    def cheapest(self) -> MixedForm | None:
        """Return the cheapest proven form that is cheaper than the derivative in z."""
        found: tuple[int, _Plan, list[_Found]] | None = None
        bound = sum(total(slope.expression) for slope in self.slopes.pieces)
        if bound > MAX_COST:
            return None
        for plan in self._plans():
            choice = self._proven(plan, bound)
            if choice is not None:
                bound = _total((one.reduction.form for one in choice), plan.value)
                found = bound, plan, choice
        return None if found is None else self._answer(found[1].value, found[2])

    def _plans(self) -> list[_Plan]:
        """Return a plan for no value, and those for the values that promise most."""
        forms = [piece.expression for piece in self.pieces]
        plain_z = self._plan(None)
        kept = [
            self._plan(value) for value in values(forms, self.activation.defaults) if self._defined(value)
        ]
        kept.sort(key=lambda plan: plan.promise)
        return sorted([plain_z, *kept[:MAX_VALUES]], key=lambda plan: plan.promise)

    def _plan(self, value: Value | None) -> _Plan:
        options = []
        for piece, slope in zip(self.pieces, self.slopes.pieces, strict=True):
            options.append(tuple(self._options(piece, slope.expression, value)))
        return _Plan(value, tuple(options))

    def _options(self, piece: Piece, slope: sp.Expr, value: Value | None) -> Iterator[Raw]:
        """Yield what is defined wherever f' is."""
        if not slope.has(Z):
            yield Raw(slope, {}, None)
            return
        rules = piece.expression
        for _ in range(self.derivative.order):
            rules = sp.diff(rules, self.derivative.wrt)
        written = value.written if value else (lambda expression: expression)
        several = list(dict.fromkeys(map(written, (rules, slope))))
        found = 0
        for raw in raws(written(piece.expression), several, value.symbol if value else None):
            if self._regular(raw.written, piece, value):
                yield raw
                found += 1
                if found == MAX_SHAPED:
                    return

    def _proven(self, plan: _Plan, bound: int) -> list[_Found] | None:
        """Return proven forms for all pieces that are together cheaper than the bound."""
        chosen: list[list[Reduction]] = []
        for options in plan.options:
            shapes: dict[sp.Expr, Reduction] = {}
            least = bound
            for raw in options:
                if total(raw.written) <= SHRINKING * least:
                    shapes |= {shape.form: shape for shape in shaped(raw)}
                    least = min([least, *map(total, shapes)])
            chosen.append(sorted(shapes.values(), key=lambda shape: self._rank(shape, plan.value)))
        if not all(chosen) or _total((cheapest.form for cheapest, *_ in chosen), plan.value) >= bound:
            return None
        if not any(shape.form.has(G) or _keeps(shape.form, plan.value) for shape, *_ in chosen):
            return None
        found = []
        for piece, slope, candidates in zip(self.pieces, self.slopes.pieces, chosen, strict=True):
            one = self._first_proven(piece, slope.expression, candidates[:TRIES], plan.value)
            if one is None:
                return None
            found.append(one)
        return found if _total((one.reduction.form for one in found), plan.value) < bound else None

    def _rank(self, shape: Reduction, value: Value | None) -> tuple[object, ...]:
        return rank(shape.form, kept=_keeps(shape.form, value))

    def _first_proven(
        self, piece: Piece, slope: sp.Expr, shapes: Sequence[Reduction], value: Value | None
    ) -> _Found | None:
        for shape in shapes:
            form = _in_z(shape.form, value)
            if form == slope and not slope.has(Z):
                return _Found(piece, shape, None)
            reaches = []
            for region in self.regions:
                ground = Ground(piece, region.signs, region.settings)
                reaches.append(proven(form, piece.expression, slope, ground))
                if reaches[-1] is None:
                    break
            holds = bool(reaches) and None not in reaches and self._holds_at_zero(form, piece, slope)
            if holds and self._regular(shape.form, piece, value):
                return _Found(piece, shape, min(reach for reach in reaches if reach is not None))
        return None

    def _settings(self) -> Iterator[Setting]:
        for region in self.regions:
            yield from region.settings[:2]

    def _defined(self, value: Value) -> bool:
        """Return whether a value is finite on all pieces: one piece's logarithm may not exist on another."""
        return all(
            Function(value.meaning, setting)(ball(z)).is_finite()
            for setting in self._settings()
            for piece in self.pieces
            for z in points(piece, setting, 6)
        )

    def _regular(self, form: sp.Expr, piece: Piece, value: Value | None) -> bool:
        """Return whether what a form divides by, or takes a root or logarithm of, has no zero on a piece."""
        own = _delicate(piece.expression)
        ends = piece == self.pieces[0], piece == self.pieces[-1]
        # Before g is put in: z*s/z would be s, and at 0 it is not.
        parts = (_in_z(part, value).subs(G, piece.expression) for part in _delicate(plain(form)))
        delicate = [part for part in parts if part not in own and part.has(Z)]
        return all(
            _never_zero(part, piece, setting, ends)
            for part in delicate
            for setting in (*self._settings(), *self.at_zero)
        )

    def _holds_at_zero(self, form: sp.Expr, piece: Piece, slope: sp.Expr) -> bool:
        """Return whether form(f(z)) = f'(z) at points where a parameter is 0, too."""
        inside = plain(form).subs(G, piece.expression)
        for setting in self.at_zero:
            got, want = Function(inside, setting), Function(slope, setting)
            for z in points(piece, setting, 8):
                a, b = got(ball(z)), want(ball(z))
                if b.is_finite() and not (tight(a) and same(a, b)):
                    return False
        return True

    # --- the answer ----------------------------------------------------------------------------------

    def _answer(self, value: Value | None, found: Sequence[_Found]) -> MixedForm | None:
        expression = self._joined(value, found)
        if expression is None:
            return None
        kept = {value.symbol: value.meaning} if value and expression.has(value.symbol) else {}
        residuals = kept | ({Z: Z} if expression.has(Z) else {})
        names = " and ".join(["g = f(z)", *(f"{s.name} = {text(e)}" for s, e in kept.items())])
        proof = []
        for one in found:
            where = "" if len(found) == 1 else f"for {_where(one.piece)}: "
            if one.reach is None:
                proof.append(f"{where}d = {text(one.reduction.form)} does not depend on z")
                continue
            lower, upper = bulk(one.piece, self.regions[0].settings[0], one.reach)
            proof.append(
                f"{where}substituting {names} leaves 0; "
                f"agrees with f' in ball arithmetic on {BALLS} balls over [{lower}, {upper}]"
            )
        derivation = self._derivation(value, found, expression)
        return MixedForm(expression, residuals, "; ".join(proof), derivation)

    def _joined(self, value: Value | None, found: Sequence[_Found]) -> sp.Expr | None:
        """Return one expression; pieces are told apart by the value where it grows with z, else by z."""
        forms = [one.reduction.form for one in found]
        if len(forms) == 1:
            return forms[0]
        by_slope: dict[sp.Expr, sp.Expr] = {}
        for slope, form in zip(self.slopes.pieces, forms, strict=True):
            if by_slope.setdefault(slope.expression, form) != form:
                return None
        whole = piecewise(self.slopes.pieces, self.slopes.breaks)
        if not isinstance(whole, sp.Piecewise):
            return by_slope.get(whole)
        rows = [(by_slope.get(e, e), condition) for e, condition in whole.args]
        if value and not any(e.has(Z) for e, _ in rows) and _grows(value.meaning):
            rows = [(e, _by_value(condition, value)) for e, condition in rows]
        return sp.Piecewise(*rows)

    def _derivation(self, value: Value | None, found: Sequence[_Found], expression: sp.Expr) -> Derivation:
        notes = (
            [f"{value.symbol.name} = {text(value.meaning)}"] if value and expression.has(value.symbol) else []
        )
        used = dict.fromkeys(one.reduction.used for one in found if one.reduction.used is not None)
        notes += [f"{text(equation.lhs)} = {text(equation.rhs)}" for equation in used]
        before = self.derivative.simplified
        raw = found[0].reduction.raw if len(found) == 1 else expression
        steps = [Step("residuals", before, raw, ", ".join(notes))]
        steps += [] if raw == expression else [Step("simplification", raw, expression)]
        return Derivation(tuple(steps), expression)


def _in_z(form: sp.Expr, value: Value | None) -> sp.Expr:
    return form if value is None else form.xreplace({value.symbol: value.meaning})


def _where(piece: Piece) -> str:
    if piece.lower == -sp.oo:
        return f"z < {text(piece.upper)}"
    if piece.upper == sp.oo:
        return f"z > {text(piece.lower)}"
    return f"{text(piece.lower)} < z < {text(piece.upper)}"


def _grows(meaning: sp.Expr) -> bool:
    """Return whether a value increases with z for certain."""
    slope = neat(sp.diff(meaning, Z))
    return sign_of(slope, strict=True) == 1 or all(
        sign_of(slope.subs(Z, side), strict=True) == 1 for side in (T, -T, sp.S.Zero)
    )


def _by_value(condition: sp.Basic, value: Value) -> sp.Basic:
    """Return a condition on z as one on a value that grows with it: z > 0 is 1/(1 + exp(-z)) > 1/2."""
    return condition.replace(
        lambda node: node.is_Relational,
        lambda node: node.func(
            *(value.symbol if side == Z else value.meaning.subs(Z, side) for side in node.args)
        ),
    )


def _delicate(expression: sp.Expr) -> set[sp.Expr]:
    """Return what an expression divides by, or takes a root or a logarithm of."""
    found = {
        power.base
        for power in expression.atoms(sp.Pow)
        if not power.exp.is_nonnegative or not power.exp.is_Integer
    }
    return {base for base in found if base is not sp.E} | {node.args[0] for node in expression.atoms(sp.log)}


def _never_zero(part: sp.Expr, piece: Piece, setting: Setting, open_ends: tuple[bool, bool]) -> bool:
    """Return whether balls over the bulk of a piece show that an expression has no zero.

    An end that is open may be one: the end of the domain, not a break between pieces.
    """
    function = Function(part, setting)
    a, b = bulk(piece, setting)
    margin = (b - a) / 2**20
    waiting = [(a + margin * open_ends[0], b - margin * open_ends[1])]
    for _ in range(MAX_CUTS):
        if not waiting:
            return True
        a, b = waiting.pop()
        value = function(ball((a + b) / 2, (b - a) / 2))
        if value.is_finite() and not value.contains(0):
            continue
        if b - a < margin or Fraction(0) == b - a:
            return False
        waiting += [(a, (a + b) / 2), ((a + b) / 2, b)]
    return False
