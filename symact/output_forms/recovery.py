"""recover_output_form: the pieces of f one by one, then their union, for each region of the parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from symact.activations import Activation, G, Z
from symact.derivations import Derivation, Step
from symact.derivatives import Derivative
from symact.functions import plain
from symact.output_forms.answers import NoOutputForm, OutputForm
from symact.output_forms.balls import Function, Place, Setting, ball
from symact.output_forms.eliminations import Candidate, NoInverse, candidates
from symact.output_forms.proofs import BALLS, Ground, proven
from symact.output_forms.regions import Region, regions
from symact.output_forms.shapes import cost, ranked
from symact.output_forms.unions import Overlap, Stretch, stretch, united
from symact.output_forms.witnesses import Witness, find_witness, monotonic
from symact.pieces import Case, Piece, split
from symact.writing import text

SHORT = 20
"""A form of at most this cost is taken; for longer ones the other road is tried as well."""

TRIES = 3
"""Shapes of one candidate that are tried, should the shortest not be provable."""


@dataclass(frozen=True)
class _Form:
    """A proven form on one region of one case."""

    region: Region
    expression: sp.Expr
    condition: sp.Basic
    proof: str
    relation: str


class _Refused(Exception):
    """Carries the answer that there is no form."""

    def __init__(self, answer: NoOutputForm) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def recover_output_form(derivative: Derivative) -> OutputForm | NoOutputForm:
    """Return the derivative as a function of the output, with its proof, or why there is none.

    >>> from symact.derivatives import differentiate
    >>> recover_output_form(differentiate(Activation("parabola", Z**2))).witness
    (-1, 1, "g(z1) = g(z2), f'(z1) != f'(z2)")
    """
    activation = derivative.activation
    found: list[tuple[sp.Basic, list[_Form], list[Region], list[Setting]]] = []
    refusals: list[NoOutputForm] = []
    for case, slopes in zip(split(activation), derivative.cases, strict=True):
        inside, at_zero = regions(activation, case.condition)
        forms = []
        for region in inside:
            try:
                forms.append(_on_region(activation, derivative, case, slopes, region))
            except _Refused as refused:
                refusals.append(refused.answer)
        found.append((case.condition, forms, inside, at_zero))
    if not any(forms for _, forms, _, _ in found):
        return next((r for r in refusals if r.witness is not None), refusals[0])
    return _answer(activation, derivative, found)


# --- one region of the parameters --------------------------------------------------------------------


def _on_region(
    activation: Activation, derivative: Derivative, case: Case, slopes: Case, region: Region
) -> _Form:
    values = [p.expression for p in slopes.pieces] + [b.value for b in slopes.breaks if b.value is not sp.nan]
    if len(set(values)) == 1 and not values[0].has(Z):
        return _Form(region, values[0], sp.true, "the derivative does not depend on z", "")
    directions = [_direction(piece, region) for piece in case.pieces]
    if None in directions:
        _refuse_by_witness(activation, case, slopes, region)
    stretches, proofs, relations = [], [], []
    for piece, slope, direction in zip(case.pieces, slopes.pieces, directions, strict=True):
        if not piece.expression.has(Z):
            if slope.expression.has(Z):
                _refuse_by_witness(activation, case, slopes, region)
                raise _Refused(NoOutputForm("g is constant on a piece where the derivative is not"))
            stretches.append(Stretch(piece.expression, piece.expression, slope.expression))
            continue
        try:
            form, relation, proof = _on_piece(piece, slope.expression, region)
        except NoInverse as obstacle:
            _refuse_by_witness(activation, case, slopes, region)
            raise _Refused(NoOutputForm(f"no elementary inverse: {obstacle}")) from obstacle
        stretches.append(stretch(piece, direction is not False, form, region))
        where = "" if len(case.pieces) == 1 else f"for {_where(piece)}: "
        proofs.append(where + proof)
        relations += [relation] if relation else []
    for cut, slope_cut in zip(case.breaks, slopes.breaks, strict=True):
        if slope_cut.value is not sp.nan and cut.value.is_finite is not False:
            stretches.append(Stretch(cut.value, cut.value, slope_cut.value))
    try:
        union = united(stretches, region)
    except Overlap:
        _refuse_by_witness(activation, case, slopes, region)
        raise _Refused(NoOutputForm("the ranges of pieces with different derivatives overlap")) from None
    return _Form(
        region, union.expression, union.condition, "; ".join(dict.fromkeys(proofs)), "; ".join(relations)
    )


def _direction(piece: Piece, region: Region) -> bool | None:
    """Return whether f increases on a piece; None where it is not monotonic there."""
    if not piece.expression.has(Z):
        return True
    found = {monotonic(piece, setting) for setting in region.settings}
    return found.pop() if len(found) == 1 else None


def _on_piece(piece: Piece, d: sp.Expr, region: Region) -> tuple[sp.Expr, str, str]:
    """Return the shortest proven form on a smooth piece, its relation and its proof.

    Raises NoInverse.
    """
    if not d.has(Z):
        return d, "", f"d = {text(d)} does not depend on z"
    place = Place(piece, region.settings[:2])
    ground = Ground(piece, region.signs, region.settings)
    best: tuple[sp.Expr, Candidate] | None = None
    for candidate in candidates(piece.expression, d, place):
        for form in ranked(candidate.rational, candidate.meanings)[:TRIES]:
            if best is not None and cost(form) >= cost(best[0]):
                break
            if proven(form, piece.expression, d, ground):
                best = form, candidate
                break
        if best is not None and cost(best[0]) <= SHORT:
            break
    if best is None:
        raise NoInverse("none was found that could be proven")
    form, candidate = best
    lower, upper = (text(sp.Rational(b)) for b in _bulk(piece, region))
    agreement = f"agrees with f' in ball arithmetic on {BALLS} balls over [{lower}, {upper}]"
    steps = [candidate.relation] if candidate.relation else []
    return form, candidate.relation, "; ".join([*steps, "substituting g = f(z) leaves 0", agreement])


def _bulk(piece: Piece, region: Region) -> tuple[object, object]:
    from symact.output_forms.balls import bulk

    return bulk(piece, region.settings[0])


def _where(piece: Piece) -> str:
    if piece.lower == -sp.oo:
        return f"z < {text(piece.upper)}"
    if piece.upper == sp.oo:
        return f"z > {text(piece.lower)}"
    return f"{text(piece.lower)} < z < {text(piece.upper)}"


def _refuse_by_witness(activation: Activation, case: Case, slopes: Case, region: Region) -> None:
    """Raise the refusal if there is a witness."""
    witness: Witness | None = find_witness(activation, case, slopes, region)
    if witness is not None:
        raise _Refused(NoOutputForm("not injective", (witness.first, witness.second, witness.shows)))


# --- regions and cases together ----------------------------------------------------------------------


def _answer(
    activation: Activation,
    derivative: Derivative,
    found: Sequence[tuple[sp.Basic, list[_Form], list[Region], list[Setting]]],
) -> OutputForm:
    cases: list[tuple[sp.Basic, sp.Expr]] = []
    proofs, relations = [], []
    for condition, forms, inside, at_zero in found:
        distinct = list(dict.fromkeys((form.expression, form.condition) for form in forms))
        for expression, relation in distinct:
            same = [form for form in forms if (form.expression, form.condition) == (expression, relation)]
            where = _together([form.region for form in same], inside, relation)
            if len(distinct) == 1 and where == sp.true:
                where = _nonzero(activation, derivative, expression, relation, at_zero)
            cases.append((sp.And(condition, where, relation), expression))
            proofs += [form.proof for form in same]
            relations += [form.relation for form in same]
    cases = _joined(cases)
    condition = sp.Or(*(condition for condition, _ in cases))
    condition = sp.simplify(condition) if len(cases) > 1 else condition
    if len(cases) == 1:
        expression = cases[0][1]
    else:
        rows = [(e, c) for c, e in cases]
        expression = sp.Piecewise(*rows[:-1], (rows[-1][0], True))
    note = "; ".join(dict.fromkeys(r for r in relations if r))
    step = Step("elimination" if note else "output form", derivative.simplified, expression, note)
    proof = "; ".join(dict.fromkeys(proofs))
    return OutputForm(expression, tuple(cases), condition, proof, Derivation((step,), expression))


def _together(good: Sequence[Region], inside: Sequence[Region], relation: sp.Basic) -> sp.Basic:
    """Return the condition that makes some regions out of all; one that a relation implies is not said."""
    patterns = [region.signs for region in good]
    others = [region for region in inside if region.signs not in patterns]
    if relation != sp.true:
        others = [r for r in others if any(relation.subs(setting) == sp.true for setting in r.settings)]
    if not others:
        return sp.true
    symbols = [symbol for symbol, _ in patterns[0]]
    needed = []
    bad = [dict(region.signs) for region in others]
    for symbol in symbols:
        rest = [s for s in symbols if s != symbol]
        clash = any(all(dict(pattern)[s] == one[s] for s in rest) for pattern in patterns for one in bad)
        needed += [symbol] if clash else []
    rows = dict.fromkeys(tuple(pair for pair in pattern if pair[0] in needed) for pattern in patterns)
    from symact.output_forms.regions import signs_condition

    return sp.Or(*(signs_condition(row) for row in rows))


def _nonzero(
    activation: Activation,
    derivative: Derivative,
    expression: sp.Expr,
    relation: sp.Basic,
    at_zero: Sequence[Setting],
) -> sp.Basic:
    """Return which parameters must not be 0, by trial at settings where they are."""
    excluded = []
    for setting in at_zero:
        if relation.subs(setting) != sp.true or _holds_at(activation, derivative, expression, setting):
            continue
        zeros = [symbol for symbol, value in setting.items() if value == 0]
        if not any(symbol in excluded for symbol in zeros):
            excluded += zeros
    return sp.And(*(sp.Ne(symbol, 0) for symbol in excluded))


def _holds_at(activation: Activation, derivative: Derivative, form: sp.Expr, setting: Setting) -> bool:
    """Return whether form(f(z)) = f'(z) at points, the parameters given."""
    f, d = activation.expression.subs(setting), derivative.simplified.subs(setting)
    composed = plain(form).subs(setting).subs(G, f)
    from fractions import Fraction

    left, right = Function(composed, {}), Function(d, {})
    from symact.output_forms.balls import same

    for k in range(-40, 41):
        z = Fraction(k, 9)
        a, b = left(ball(z)), right(ball(z))
        if a.is_finite() and b.is_finite() and not same(a, b):
            return False
    return True


def _joined(cases: list[tuple[sp.Basic, sp.Expr]]) -> list[tuple[sp.Basic, sp.Expr]]:
    """Join a case of one value with one whose form gives the same there."""
    for i, (condition, expression) in enumerate(cases):
        if not isinstance(condition, sp.Eq):
            continue
        for j, (other, form) in enumerate(cases):
            if i != j and form.subs(*condition.args) == expression:
                both = sp.simplify(sp.Or(condition, other))
                rest = [case for k, case in enumerate(cases) if k not in (i, j)]
                return _joined([(both, form), *rest])
    return cases
