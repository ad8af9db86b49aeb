"""Unions: one form of what the pieces give, each on its own range of g, if g tells the pieces apart."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import sympy as sp

from symact.activations import G, Z
from symact.functions import plain
from symact.limits import limit, one_sided
from symact.output_forms.balls import Setting
from symact.output_forms.regions import Region, true_at
from symact.output_forms.shapes import tidy
from symact.pieces import Piece, same

NEAR = 1e-25


@dataclass(frozen=True)
class Stretch:
    """A range of g, open, or one point where both ends are the same, and the form on it.

    ``closed`` says that the lower end belongs to it although the stretch below ends there.
    """

    lower: sp.Expr
    upper: sp.Expr
    expression: sp.Expr
    closed: bool = False

    @property
    def point(self) -> bool:
        """Whether it is a single value of g."""
        return bool(self.lower == self.upper)


@dataclass(frozen=True)
class United:
    """One expression in g, and the relations between parameters under which the stretches are apart."""

    expression: sp.Expr
    condition: sp.Basic


class Overlap(Exception):
    """Two stretches with different forms share values of g."""


def stretch(piece: Piece, increasing: bool, form: sp.Expr, region: Region) -> Stretch:
    """Return the range of a monotonic piece of f, with its form.

    >>> stretch(Piece(sp.S(0), sp.oo, sp.exp(-Z)), False, -G, Region((), ({},)))
    Stretch(lower=0, upper=1, expression=-g, closed=False)
    """
    ends = _end(piece, piece.lower, "+", region), _end(piece, piece.upper, "-", region)
    lower, upper = ends if increasing else ends[::-1]
    if lower.is_extended_real and upper.is_extended_real and sp.Gt(lower, upper) == sp.true:
        lower, upper = upper, lower  # beside a pole f may fall although it does not as a whole
    return Stretch(lower, upper, form)


def _end(piece: Piece, at: sp.Expr, side: str, region: Region) -> sp.Expr:
    expression = region.signed(piece.expression)
    try:
        if at.is_infinite:
            return region.settled(limit(expression, at))
        value = region.settled(piece.expression.subs(Z, at))
        if value.is_finite is not False and not value.has(sp.zoo, sp.nan, sp.AccumBounds):
            return value if value.is_number or value.is_Symbol else sp.simplify(value)
        return region.settled(one_sided(expression, at, side))
    except (NotImplementedError, ValueError, TypeError):
        return sp.nan


def united(stretches: Sequence[Stretch], region: Region) -> United:
    """Return the union of stretches as one expression, at the parameters where they are apart.

    Raises Overlap where they nowhere are.

    >>> half = Stretch(sp.S(0), sp.oo, sp.S(1)), Stretch(sp.S(0), sp.S(0), sp.S(0))
    >>> united(half, Region((), ({},))).expression
    Piecewise((1, g > 0), (0, True))
    """
    merged = _by_magnitude(_distinct(stretches))
    for setting in region.settings:
        try:
            ordered = _absorbed(_sorted(merged, setting), region)
            relations = list(dict.fromkeys(_relations(ordered, region)))
            _check_points(ordered, setting, region)
        except Overlap:
            continue
        if not all(true_at(relation, setting) for relation in relations):
            continue
        return United(_written(ordered), sp.And(*relations))
    raise Overlap


def _distinct(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Leave out what is said twice; one value of g cannot have two derivatives."""
    found: list[Stretch] = []
    for one in stretches:
        if one.point and any(o.point and _same(o.lower, one.lower) for o in found):
            other = next(o for o in found if o.point and _same(o.lower, one.lower))
            if not _same(other.expression, one.expression):
                raise Overlap
            continue
        found.append(one)
    return found


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    return same(plain(a), plain(b))


def _by_magnitude(stretches: list[Stretch]) -> list[Stretch]:
    """Two forms on both sides of 0 that are one in ``|g|``, but for the sign, become that one."""
    whole = [s for s in stretches if not s.point]
    forms = list(dict.fromkeys(s.expression for s in whole))
    if len(forms) != 2 or not all(form.has(G) for form in forms):
        return stretches
    positive = sp.Symbol("g", positive=True)
    for right, left in (forms, forms[::-1]):
        sides = {s.expression == right for s in whole if s.lower.is_nonnegative}
        others = {s.expression == left for s in whole if s.upper.is_nonpositive}
        if sides != {True} or others != {True}:
            continue
        for factor, sign in ((sp.S.One, 1), (sp.sign(G), -1)):
            if _same(left.subs(G, -positive), sign * right.subs(G, positive)):
                form = factor * tidy(right.subs(G, sp.Abs(G)))
                return [replace(s, expression=form) if s in whole else s for s in stretches]
    return stretches


def _sorted(stretches: Sequence[Stretch], setting: Setting) -> list[Stretch]:
    if any(end is sp.nan for s in stretches for end in (s.lower, s.upper)):
        if len({s.expression for s in stretches}) > 1:
            raise Overlap
        return list(stretches)
    return sorted(stretches, key=lambda s: (_number(s.lower, setting), _number(s.upper, setting)))


def _number(value: sp.Expr, setting: Setting) -> sp.Expr:
    number = sp.N(value.subs(setting), 30)
    if not number.is_extended_real:
        raise Overlap
    return number


def _absorbed(ordered: list[Stretch], region: Region) -> list[Stretch]:
    """Join neighbours with one form, and points that follow their neighbour's form."""
    result: list[Stretch] = []
    for one in ordered:
        if result and _joins(result[-1], one, region):
            last = result.pop()
            form = last.expression if one.point else one.expression
            one = Stretch(last.lower, one.upper, form, last.closed or (last.point and bool(result)))
        result.append(one)
    return result


def _joins(left: Stretch, right: Stretch, region: Region) -> bool:
    if not left.point and not right.point:
        return bool(left.expression == right.expression and left.upper == right.lower)
    if right.point and not left.point:
        return _same(left.upper, right.lower) and _follows(left.expression, right, region)
    if left.point and not right.point:
        return _same(left.lower, right.lower) and _follows(right.expression, left, region)
    return False


def _follows(form: sp.Expr, point: Stretch, region: Region) -> bool:
    value = region.settled(form.subs(G, point.lower))
    if value.is_infinite and point.expression.is_infinite:
        return True
    return _same(_as_powers_of(value, point.expression, region), point.expression)


def _as_powers_of(value: sp.Expr, other: sp.Expr, region: Region) -> sp.Expr:
    """Return a value with its powers of 0 as those of another: 0**a = 0**b where a/b > 0.

    >>> p = sp.Symbol("p", real=True)
    >>> _as_powers_of(p*sp.Pow(0, 1 - 1/p), sp.Pow(0, p - 1), Region(((p, 1),), ()))
    0**(p - 1)*p
    """
    powers, others = ([e for e in x.atoms(sp.Pow) if e.base == 0] for x in (value, other))
    known = {}
    for one in powers:
        alike = (e for e in others if region.signed(sp.cancel(one.exp / e.exp)).is_positive)
        known[one] = next(alike, one)
    return value.xreplace(known)


def _relations(ordered: Sequence[Stretch], region: Region) -> Iterator[sp.Basic]:
    """Yield what must hold between parameters so that the stretches are apart, and in this order.

    Stretches with one form are a run. All of a run must end before all of the next begin; which of a run
    is the first or the last matters where that end of it is written.
    """
    runs = [list(run) for _, run in groupby(ordered, key=lambda one: one.expression)]
    for left, right in pairwise(runs):
        last = _least(left, lambda a, b: _surely(b.upper, a.upper, region))
        first = _least(right[::-1], lambda a, b: _surely(a.lower, b.lower, region))
        yield from (_apart(a, b) for a in last for b in first)
        begins = _beginning(left[-1], right[0])
        if begins == right[0].lower:
            yield from (sp.Le(begins, other.lower) for other in first if other.lower != begins)
        else:
            yield from (sp.Le(other.upper, begins) for other in last if other.upper != begins)


def _least(run: Sequence[Stretch], before: Callable[[Stretch, Stretch], bool]) -> list[Stretch]:
    """Return those of a run that none of the later ones goes before, whatever the parameters are."""
    return [one for i, one in enumerate(run) if not any(before(other, one) for other in run[i + 1 :])]


def _surely(a: sp.Expr, b: sp.Expr, region: Region) -> bool:
    """Return whether a <= b by the parameters' signs alone."""
    try:
        return bool(a == b or region.signed(sp.Le(a, b)) == sp.true)
    except TypeError:  # no real number for these signs
        return False


def _beginning(before: Stretch, one: Stretch) -> sp.Expr:
    """Return where the form of one stretch takes over from that of the one before it."""
    return before.upper if one.point and not before.point else one.lower


def _apart(left: Stretch, right: Stretch) -> sp.Basic:
    if left.upper == right.lower:
        return sp.true
    relation = sp.Le(left.upper, right.lower)
    return relation.reversed if relation.is_Relational and relation.lhs.is_number else relation


def _check_points(ordered: Sequence[Stretch], setting: Setting, region: Region) -> None:
    """A point inside a stretch must follow its form."""
    for point in (s for s in ordered if s.point):
        value = _number(point.lower, setting)
        for other in (s for s in ordered if not s.point):
            inside = _number(other.lower, setting) < value < _number(other.upper, setting)
            if inside and not _follows(other.expression, point, region):
                raise Overlap


def _written(ordered: Sequence[Stretch]) -> sp.Expr:
    """Return the Piecewise, read from right to left; a lone middle between equals says where it is."""
    segments: list[
        tuple[sp.Expr, sp.Expr, bool]
    ] = []  # expression, where it begins, whether that belongs to it
    for i, one in enumerate(ordered):
        if segments and segments[-1][0] == one.expression:
            continue
        before = ordered[i - 1] if i else None
        if before is None:
            segments.append((one.expression, -sp.oo, False))
        else:
            segments.append((one.expression, _beginning(before, one), one.point or one.closed))
    if len(segments) == 1:
        return segments[0][0]
    if len(segments) == 3 and segments[0][0] == segments[2][0]:
        (outer, _, _), (middle, start, closed), (_, stop, stop_closed) = segments
        points = [one.lower for one in ordered if one.point and one.expression == middle]
        if points and len(ordered) == 3:
            return sp.Piecewise((middle, sp.Eq(G, points[0])), (outer, True))
        if start == stop:
            return sp.Piecewise((middle, sp.Eq(G, start)), (outer, True))
        first = sp.Ge(G, start) if closed else sp.Gt(G, start)
        second = sp.Lt(G, stop) if stop_closed else sp.Le(G, stop)
        return sp.Piecewise((middle, sp.And(first, second)), (outer, True))
    rows = []
    for i in range(len(segments) - 1, 0, -1):
        expression, start, closed = segments[i]
        if closed and i + 1 < len(segments) and segments[i + 1][1] == start:
            rows.append((expression, sp.Eq(G, start)))
        else:
            rows.append((expression, sp.Ge(G, start) if closed else sp.Gt(G, start)))
    return sp.Piecewise(*rows, (segments[0][0], True))
