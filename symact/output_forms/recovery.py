"""recover_output_form: the pieces of f one by one, then their union, for each region of the parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import sympy as sp
from flint import arb

from symact.activations import Activation, G, Z
from symact.derivations import Derivation, Step
from symact.derivatives import Derivative
from symact.functions import plain
from symact.output_forms.answers import NoOutputForm, OutputForm
from symact.output_forms.balls import Function, Place, Setting, ball, bulk, same
from symact.output_forms.eliminations import (
    Candidate,
    NoInverse,
    Unsolved,
    at_output,
    substituted,
)
from symact.output_forms.inversions import by_both_roads
from symact.output_forms.orders import factored, next_order
from symact.output_forms.proofs import (
    BALLS,
    Ground,
    T,
    agrees,
    follows_from_inverse,
    identical,
    proven,
    refuted,
)
from symact.output_forms.proportions import proportion
from symact.output_forms.regions import MAX_PARAMETERS, Region, regions, signs_condition, true_at
from symact.output_forms.shapes import cost, ranked, tidy
from symact.output_forms.unions import Overlap, Stretch, stretch, united
from symact.output_forms.witnesses import Witness, find_witness, monotonic
from symact.pieces import UNEQUAL, Case, Piece, real_part, split
from symact.pieces import same as same_expression
from symact.signs import sign_of
from symact.simplification import neat
from symact.writing import text

SHORT = 20
"""A form of at most this cost is taken; for longer ones the other road is tried as well."""

TRIES = 3
"""Shapes of one candidate that are tried, should the shortest not be provable."""


MAX_REGIONS = 8
"""Combinations of the parameters' signs that are looked at; for others no form is claimed."""

TIGHT = arb(2) ** -60
"""Balls that are wider straddle a break."""


@dataclass(frozen=True)
class _Form:
    """A proven form on one region of one case; ``raw`` as elimination gives it."""

    region: Region
    expression: sp.Expr
    raw: sp.Expr
    condition: sp.Basic
    proof: str
    relation: str
    rule: str = "elimination"


class _Refused(Exception):
    """Carries the answer that there is no form."""

    def __init__(self, answer: NoOutputForm) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def recover_output_form(derivative: Derivative) -> OutputForm | NoOutputForm:
    """Return the derivative as a function of the output, with its proof, or why there is none.

    >>> from symact.derivatives import differentiate
    >>> recover_output_form(differentiate(Activation("bell", sp.exp(-Z**2)))).witness
    (-1, 1, "g(z1) = g(z2), f'(z1) != f'(z2)")
    """
    activation = derivative.activation
    if len(activation.parameters) > MAX_PARAMETERS:
        return NoOutputForm(f"not looked for with more than {MAX_PARAMETERS} parameters", decided=False)
    found: list[tuple[sp.Basic, list[_Form], list[Region], list[Setting]]] = []
    refusals: list[tuple[NoOutputForm, sp.Basic]] = []
    for case, slopes in zip(split(activation), derivative.cases, strict=True):
        inside, at_zero = regions(activation, case.condition)
        forms: list[_Form] = []
        for region in inside[:MAX_REGIONS]:
            try:
                forms.append(_on_region(activation, derivative, case, slopes, region))
            except _Refused as refused:
                refusals.append((refused.answer, case.condition))
            if forms and _everywhere(forms[-1], case, slopes, inside):
                forms = [replace(forms[-1], region=region) for region in inside]
                break
        found.append((case.condition, forms, inside, at_zero))
    if not any(forms for _, forms, _, _ in found):
        usual = [r for r, condition in refusals if true_at(condition, activation.defaults)]
        answers = [*usual, *(r for r, _ in refusals)]
        return next((r for r in answers if r.witness is not None), answers[0])
    return _answer(activation, derivative, found)


def _everywhere(form: _Form, case: Case, slopes: Case, inside: Sequence[Region]) -> bool:
    """Return whether the form of one region holds in all: on one smooth piece, whatever the signs."""
    if len(case.pieces) != 1 or len(inside) == 1:
        return False
    (piece,), (slope,) = case.pieces, slopes.pieces
    if not identical(form.expression, piece.expression, slope.expression):
        return False
    looked_at = inside[:: 1 + len(inside) // MAX_REGIONS]
    return not any(
        refuted(form.expression, piece.expression, slope.expression, piece, region.settings[0])
        for region in looked_at
    )


# --- one region of the parameters --------------------------------------------------------------------


def _on_region(
    activation: Activation, derivative: Derivative, case: Case, slopes: Case, region: Region
) -> _Form:
    values = [p.expression for p in slopes.pieces] + [b.value for b in slopes.breaks if b.value is not sp.nan]
    if len(set(values)) == 1 and not values[0].has(Z):
        return _Form(region, values[0], values[0], sp.true, "the derivative does not depend on z", "")
    case, slopes = _where_real(activation, case, slopes, region)
    directions = [_direction(piece, region) for piece in case.pieces]
    if None in directions:
        if (proportional := _proportional(case, slopes, region)) is not None:
            return proportional
        _refuse_by_witness(activation, case, slopes, region)
        if len(case.pieces) > 1:
            raise _Refused(NoOutputForm("f is not monotonic on one of its pieces"))
    stretches, proofs, relations = [], [], []
    rule = "elimination"
    whole_fails: NoInverse | None = None
    if len(case.pieces) == 1 and case.pieces[0].expression.has(Z):
        try:
            found = _proven_form(case.pieces[0], slopes.pieces[0].expression, region, derivative)
            return _Form(region, found.form, found.raw, sp.true, found.proof, found.relation, found.rule)
        except NoInverse as obstacle:
            whole_fails = obstacle  # the two sides of 0, or the reason, follow
    for piece, slope, direction in zip(case.pieces, slopes.pieces, directions, strict=True):
        if not piece.expression.has(Z):
            stretches.append(Stretch(piece.expression, piece.expression, slope.expression))
            continue
        try:
            for found in _on_piece(piece, slope.expression, region, derivative, whole_fails):
                rule = found.rule if found.relation else rule
                stretches.append(stretch(found.piece, direction is not False, found.form, region))
                whole = found.piece == piece and len(case.pieces) == 1
                proofs.append(found.proof if whole else f"for {_where(found.piece)}: {found.proof}")
                relations += [found.relation] if found.relation else []
        except NoInverse as obstacle:
            _refuse_by_witness(activation, case, slopes, region)
            sure = _never_turns(piece, region)
            start = "no output form was found" if isinstance(obstacle, Unsolved) else "no elementary inverse"
            decided = not isinstance(obstacle, Unsolved)
            raise _Refused(NoOutputForm(f"{start}: {obstacle}{sure}", decided=decided)) from obstacle
    for cut, slope_cut in zip(case.breaks, slopes.breaks, strict=True):
        value, slope_there = region.settled(cut.value), region.settled(slope_cut.value)
        infinite = slope_there.is_Atom or not slope_there.has(*UNEQUAL)
        if infinite and slope_there is not sp.nan and not value.has(*UNEQUAL):
            stretches.append(Stretch(value, value, slope_there))
    try:
        union = united(stretches, region)
    except Overlap:
        _refuse_by_witness(activation, case, slopes, region)
        raise _Refused(NoOutputForm("the ranges of pieces with different derivatives overlap")) from None
    proof, relation = ("; ".join(dict.fromkeys(parts)) for parts in (proofs, relations))
    return _Form(region, union.expression, union.expression, union.condition, proof, relation, rule)


def _where_real(activation: Activation, case: Case, slopes: Case, region: Region) -> tuple[Case, Case]:
    """Return f and f' on the parts of the line where f is real in the region: (z/a)**k where z/a > 0.

    Pieces on which it is nowhere real go, and the breaks between two of them.
    """
    parts = [real_part(activation, piece, region.settings) for piece in case.pieces]
    if not any(parts):
        raise _Refused(NoOutputForm("f is a real number for no z"))
    cuts = zip(case.breaks, slopes.breaks, pairwise(parts), strict=True)
    breaks = [(cut, at) for cut, at, sides in cuts if any(sides)]
    pieces = [
        (part, replace(part, expression=slope.expression))
        for part, slope in zip(parts, slopes.pieces, strict=True)
        if part is not None
    ]
    real, slopes_there = (
        replace(whole, pieces=tuple(piece[i] for piece in pieces), breaks=tuple(cut[i] for cut in breaks))
        for i, whole in enumerate((case, slopes))
    )
    return real, slopes_there


def _proportional(case: Case, slopes: Case, region: Region) -> _Form | None:
    """Return the form a g + b, if the derivative is a f + b on all pieces and at all breaks."""
    pairs = list(zip(case.pieces, slopes.pieces, strict=True))
    piece, slope = next((pair for pair in pairs if pair[0].expression.has(Z)), pairs[0])
    found = proportion(piece.expression, slope.expression, Place(piece, region.settings[:2]))
    if found is None:
        return None
    form = ranked(found[0] * G + found[1], {})[0]
    values = [(cut.value, at.value) for cut, at in zip(case.breaks, slopes.breaks, strict=True)]
    if any(at is not sp.nan and sp.simplify(form.subs(G, f) - at) != 0 for f, at in values):
        return None
    reach = 0
    for piece, slope in pairs:
        ground = Ground(piece, region.signs, region.settings)
        here = proven(form, piece.expression, slope.expression, ground)
        if here is None:
            return None
        reach = max(reach, here)
    proof = f"substituting g = f(z) leaves 0; {_covered(pairs[0][0], region, reach)}"
    return _Form(region, form, form, sp.true, proof, "")


def _direction(piece: Piece, region: Region) -> bool | None:
    """Return whether f increases on a piece; None where it is not monotonic there."""
    if not piece.expression.has(Z):
        return True
    found = {monotonic(piece, setting) for setting in region.settings}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class _Found:
    """A proven form on a smooth piece."""

    piece: Piece
    form: sp.Expr
    raw: sp.Expr
    relation: str
    proof: str
    rule: str = "elimination"


def _on_piece(
    piece: Piece, d: sp.Expr, region: Region, derivative: Derivative, fails: NoInverse | None
) -> list[_Found]:
    """Return the shortest proven form on a smooth piece, or those on both sides of 0.

    ``fails`` is why there is none for the whole piece, if that is known.

    Raises NoInverse.
    """
    try:
        if fails is not None:
            raise fails
        return [_proven_form(piece, d, region, derivative)]
    except Unsolved as unsolved:
        if (piece.lower, piece.upper) != (-sp.oo, sp.oo) and not (piece.lower == -piece.upper):
            raise
        try:
            left, right = replace(piece, upper=sp.S.Zero), replace(piece, lower=sp.S.Zero)
            return [_proven_form(side, d, region, derivative) for side in (left, right)]
        except NoInverse:
            raise unsolved from None


def _of_order(piece: Piece, d: sp.Expr, region: Region, derivative: Derivative) -> _Found | None:
    """Return the form of a higher order, by the chain rule from that of the first; None where it has none."""
    variable = derivative.wrt
    try:
        slope = neat(sp.diff(piece.expression, variable))
        first = _proven_form(piece, slope, region, replace(derivative, order=1))
    except NoInverse:
        return None
    form = raw = previous = first.form
    for _ in range(derivative.order - 1):
        previous, raw = form, next_order(form, first.form, variable)
        form = factored(raw)
    reach = agrees(form, piece.expression, d, Ground(piece, region.signs, region.settings))
    if reach is None:
        return None
    x = variable.name
    note = f"D(g) = {text(previous)}, dg/d{x} = {text(first.form)}"
    proof = f"dg/d{x} = {text(first.form)} by {first.proof}; differentiated by the chain rule; "
    proof += _covered(piece, region, reach)
    return _Found(piece, form, raw, note, proof, "chain rule")


def _covered(piece: Piece, region: Region, reach: int) -> str:
    lower, upper = bulk(piece, region.settings[0], reach)
    return f"agrees with f' in ball arithmetic on {BALLS} balls over [{lower}, {upper}]"


def _proven_form(piece: Piece, d: sp.Expr, region: Region, derivative: Derivative) -> _Found:
    if not d.has(Z):
        return _Found(piece, d, d, "", f"d = {text(d)} does not depend on z")
    if derivative.order > 1 and (raised := _of_order(piece, d, region, derivative)) is not None:
        return raised
    place = Place(piece, region.settings[:2])
    ground = Ground(piece, region.signs, region.settings)
    best: tuple[sp.Expr, Candidate, int, sp.Expr | None] | None = None
    for candidate, inverse in by_both_roads(piece.expression, d, place):
        if inverse is not None and best is not None:
            break
        for form in _shapes(candidate, piece.expression, place):
            if best is not None and cost(form) >= cost(best[0]):
                break
            reach = _reach(form, piece.expression, d, ground, candidate, inverse)
            if reach is not None:
                best = form, candidate, reach, inverse
                break
        if best is not None and cost(best[0]) <= SHORT:
            break
    if best is None:
        raise Unsolved("no root of the relation could be proven")
    form, candidate, reach, inverse = best
    proof = [candidate.relation] if candidate.relation else []
    proof.append("substituting g = f(z) leaves 0" if inverse is None else f"z = {text(inverse)} put into f'")
    proof.append(_covered(piece, region, reach))
    raw = substituted(candidate.rational, candidate.meanings)
    return _Found(piece, form, raw, candidate.relation, "; ".join(proof))


def _shapes(candidate: Candidate, f: sp.Expr, place: Place) -> list[sp.Expr]:
    """Return the shortest shapes of a candidate, magnitudes resolved that are of one sign on the piece."""
    forms = ranked(candidate.rational, candidate.meanings)[:TRIES]
    sign = at_output(f, place)
    resolved = []
    for form in forms:
        signs = {node: sign(node.args[0].subs(G, Z)) for node in form.atoms(sp.Abs) if node.args[0] != G}
        known = {node: s * node.args[0] for node, s in signs.items() if s is not None}
        resolved += ranked(plain(form.xreplace(known)), {})[:TRIES] if known else [form]
    return sorted(dict.fromkeys(resolved), key=cost)[:TRIES]


def _reach(
    form: sp.Expr, f: sp.Expr, d: sp.Expr, ground: Ground, candidate: Candidate, inverse: sp.Expr | None
) -> int | None:
    """Return how far from 0 balls confirm a form that is proven, by the inverse if that is given."""
    if inverse is None:
        return proven(form, f, d, ground, candidate.polynomial)
    follows = follows_from_inverse(form, f, d, inverse, ground)
    return agrees(form, f, d, ground) if follows else proven(form, f, d, ground)


def _never_turns(piece: Piece, region: Region) -> str:
    """Return the words that f' has one sign on a piece, if that is provable."""
    slope = region.signed(neat(sp.diff(piece.expression, Z)))
    signs = {sign_of(slope), *(sign_of(slope.subs(Z, side * T)) for side in (1, -1))}
    for words, sign in ((">= 0", 1), ("<= 0", -1)):
        if sign in signs and signs - {None, 0} == {sign}:
            return f" (f is injective: f' {words})"
    return ""


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
    for condition, proven_forms, inside, at_zero in found:
        forms = _by_magnitudes(proven_forms)
        distinct = list(dict.fromkeys(form.expression for form in forms))
        for expression in distinct:
            alike = [form for form in forms if form.expression == expression]
            relation, where = _conditions(alike, inside)
            if len(distinct) == 1 and where == sp.true:
                where = _nonzero(activation, derivative, expression, relation, at_zero)
            cases.append((sp.And(condition, where, relation, *_apart(expression, alike)), expression))
            proofs += [form.proof for form in alike]
            relations += [form.relation for form in alike]
    cases = _joined(cases)
    condition = sp.Or(*(condition for condition, _ in cases))
    condition = sp.simplify(condition) if len(cases) > 1 else condition
    if len(cases) == 1:
        expression = cases[0][1]
    else:
        rows = [(e, c) for c, e in cases]
        expression = sp.Piecewise(*rows[:-1], (rows[-1][0], True))
    note = "; ".join(dict.fromkeys(r for r in relations if r))
    raw = found[0][1][0].raw if len(cases) == 1 and found[0][1] else expression
    raw = expression if tidy(raw) == expression else raw  # signs and order are no step
    rule = next(form.rule for _, forms, _, _ in found for form in forms)
    steps = [Step(rule if note else "output form", derivative.simplified, raw, note)]
    steps += [Step("simplification", raw, expression)]
    steps = [step for step in steps if step.before != step.after]
    proof = "; ".join(dict.fromkeys(proofs))
    return OutputForm(expression, tuple(cases), condition, proof, Derivation(tuple(steps), expression))


def _by_magnitudes(forms: Sequence[_Form]) -> Sequence[_Form]:
    """Forms on both sides of 0 of a parameter that are one in its magnitude, but for the sign, become one.

    3*a**(1/3)*Abs(g)**(2/3) for a > 0 and 3*a*Abs(g)**(2/3)/(-a)**(2/3) for a < 0 are
    3*sign(a)*Abs(a)**(1/3)*Abs(g)**(2/3).
    """
    for symbol, _ in forms[0].region.signs if forms else ():
        by_signs = {form.region.signs: form for form in forms}
        pairs = [
            (form, by_signs.get(tuple((s, -k if s == symbol else k) for s, k in signs)))
            for signs, form in by_signs.items()
            if dict(signs)[symbol] == 1
        ]
        if 2 * len(pairs) != len(forms) or all(b and a.expression == b.expression for a, b in pairs):
            continue
        size = sp.Symbol(symbol.name, positive=True)
        for factor, sign in ((sp.S.One, 1), (sp.sign(symbol), -1)):
            halves = (
                (a.expression.subs(symbol, size), b and b.expression.subs(symbol, -size)) for a, b in pairs
            )
            if all(other is not None and _same(other, sign * one) for one, other in halves):
                shown = {
                    a.region.signs: _times(factor, tidy(a.expression.subs(symbol, sp.Abs(symbol))))
                    for a, _ in pairs
                }
                shown |= {b.region.signs: shown[a.region.signs] for a, b in pairs if b}
                forms = [replace(form, expression=shown[form.region.signs]) for form in forms]
                break
    return forms


def _times(factor: sp.Expr, form: sp.Expr) -> sp.Expr:
    if isinstance(form, sp.Piecewise):
        return sp.Piecewise(*((factor * value, condition) for value, condition in form.args))
    return factor * form


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    return same_expression(plain(a), plain(b))


def _conditions(forms: Sequence[_Form], inside: Sequence[Region]) -> tuple[sp.Basic, sp.Basic]:
    """Return the relations under which a form holds, and the signs, where relations do not say enough."""
    good = [form.region for form in forms]
    others = [region for region in inside if region not in good]
    relations = dict.fromkeys(r for form in forms for r in sp.And.make_args(form.condition))
    everything = sp.And(*relations)
    if others and not any(true_at(everything, s) for region in others for s in region.settings):
        return everything, sp.true
    needed = [r for r in relations if any(region.signed(r) != sp.true for region in good)]
    return sp.And(*needed), _signs(good, others)


def _signs(good: Sequence[Region], others: Sequence[Region]) -> sp.Basic:
    """Return the signs that tell some regions from others; a parameter that tells nothing is left out."""
    if not others:
        return sp.true
    patterns, bad = [dict(region.signs) for region in good], [dict(region.signs) for region in others]
    needed = [
        symbol
        for symbol in patterns[0]
        if any(
            all(pattern[s] == one[s] for s in pattern if s != symbol) for pattern in patterns for one in bad
        )
    ]
    if any(all(pattern[s] == one[s] for s in needed) for pattern in patterns for one in bad):
        needed = list(patterns[0])
    rows = dict.fromkeys(tuple((s, pattern[s]) for s in needed) for pattern in patterns)
    return sp.Or(*(signs_condition(row) for row in rows))


def _apart(expression: sp.Expr, forms: Sequence[_Form]) -> list[sp.Basic]:
    """Return what of the parameters must not be 0, sums and functions, because the form divides by it."""
    divisors = [e.base for e in expression.atoms(sp.Pow) if e.exp.is_negative and not e.base.has(G)]
    parts = dict.fromkeys(part for divisor in divisors for part in sp.Mul.make_args(sp.factor(divisor)))
    return [
        _unlike_zero(part)
        for part in parts
        if (part.is_Add or part.is_Function)
        and not all(form.region.signed(part).is_nonzero for form in forms)
    ]


def _unlike_zero(part: sp.Expr) -> sp.Basic:
    """Return that a sum or a function is not 0: a != b for a - b, p != -1 for 1 + p."""
    number, rest = part.as_coeff_Add()
    if not part.is_Add:
        return sp.Ne(part, 0)
    if number == 0:
        return sp.Ne(part.args[0], sp.expand(part.args[0] - part))
    return sp.Ne(-rest, number) if rest.could_extract_minus_sign() else sp.Ne(rest, -number)


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
        if not true_at(relation, setting) or _holds_at(activation, derivative, expression, setting):
            continue
        zeros = [symbol for symbol, value in setting.items() if value == 0]
        if not any(symbol in excluded for symbol in zeros):
            excluded += zeros
    return sp.And(*(sp.Ne(symbol, 0) for symbol in excluded))


def _holds_at(activation: Activation, derivative: Derivative, form: sp.Expr, setting: Setting) -> bool:
    """Return whether form(f(z)) = f'(z) at points, the parameters given."""
    try:
        if form.subs(setting).has(sp.zoo, sp.nan):
            return False
    except TypeError:  # SymPy compares what is no number
        return False
    f, d = activation.expression.subs(setting), derivative.simplified.subs(setting)
    composed = plain(form).subs(setting).subs(G, f)
    left, right = Function(composed, {}), Function(d, {})
    for k in range(-40, 41):
        z = Fraction(k, 9) + Fraction(1, 1009)  # no simple number: it could be a break
        a, b = left(ball(z)), right(ball(z))
        if a.rad() < TIGHT and b.rad() < TIGHT and not same(a, b):
            return False
    return True


def _joined(cases: list[tuple[sp.Basic, sp.Expr]]) -> list[tuple[sp.Basic, sp.Expr]]:
    """Join cases of one form, and a case of one value with one whose form gives the same there."""
    for i, (condition, expression) in enumerate(cases):
        for j, (other, form) in enumerate(cases):
            at_value = isinstance(condition, sp.Eq) and form.subs(*condition.args) == expression
            if i != j and (at_value or form == expression):
                both = sp.simplify(sp.Or(condition, other))
                rest = [case for k, case in enumerate(cases) if k not in (i, j)]
                return _joined([(both, form), *rest])
    return cases
