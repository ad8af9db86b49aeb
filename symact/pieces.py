"""Where an activation is smooth: its cases by parameter, its pieces by interval, its breaks between them.

Abs, sign, Max, Min and Piecewise are resolved here, once; what later stages see is one smooth
expression on an open interval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from flint import arb
from sympy.core.relational import Relational

from symact.activations import Activation, Z, samples
from symact.enclosures.rationals import combine, holds
from symact.errors import InvalidActivation, NotSupported
from symact.roots import Unsolved, numeric, roots, signs, value_at

MAX_CASES = 12
"""Cases of the parameters; formulas that have more are refused."""

UNEQUAL = (sp.nan, sp.oo, sp.S.NegativeInfinity, sp.zoo)
"""What equals nothing else."""

Setting = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Piece:
    """A smooth expression on the open interval ``(lower, upper)``; the ends may depend on parameters."""

    lower: sp.Expr
    upper: sp.Expr
    expression: sp.Expr


@dataclass(frozen=True)
class Break:
    """A point between two pieces, and the value that f has there."""

    at: sp.Expr
    value: sp.Expr


@dataclass(frozen=True)
class Case:
    """What f is where ``condition`` on the parameters holds: pieces from left to right, breaks between."""

    condition: sp.Basic
    pieces: tuple[Piece, ...]
    breaks: tuple[Break, ...]


@lru_cache(maxsize=64)
def split(activation: Activation, *, cut: bool = False) -> tuple[Case, ...]:
    """Return the cases of an activation, each a tuple of smooth pieces over the domain.

    The declared domain is believed; with ``cut`` what is no real number in it is left out.

    Where the order of the breaks, or a sign, depends on the parameters, each way is a case of its own.

    Raises NotSupported where no condition on the parameters is found for that.

    >>> from symact.activations import Activation, Z
    >>> [(p.lower, p.upper, p.expression) for p in split(Activation("relu", sp.Max(Z, 0)))[0].pieces]
    [(-oo, 0, 0), (0, oo, z)]
    """
    found = _by_parameter(activation.expression)
    return tuple(case for row in found for case in _cases(activation, *row, samples(activation, row[0]), cut))


class _Depends(NotSupported):
    """The sign of ``switch``, in which z does not occur, decides: each sign is a case of its own."""

    def __init__(self, message: str, switch: sp.Expr) -> None:
        super().__init__(message)
        self.switch = switch


def _cases(
    activation: Activation, condition: sp.Basic, expression: sp.Expr, settings: tuple[Setting, ...], cut: bool
) -> list[Case]:
    """Return the cases of an expression under a condition on the parameters.

    Where the switch is 0 the case below holds, or else that above, if their pieces follow f there too;
    else that is a case of its own, as k = 0 is of max(0, z)**k.
    """
    try:
        return [_case(activation, condition, expression, settings, cut)]
    except _Depends as error:
        depends = error
    switch, cases = depends.switch, list[list[Case]]()
    sides = _relation(switch, sp.Lt), _relation(switch, sp.Gt)
    for side in sides:
        half = sp.And(condition, side)
        try:
            inside = samples(activation, half)
        except InvalidActivation:
            if sp.simplify(sp.And(half, *(parameter.domain for parameter in activation.parameters))):
                raise depends from None
            cases.append([])
            continue
        cases.append(_cases(activation, half, expression, inside, cut))
    if sum(map(len, cases)) > MAX_CASES:
        raise depends
    if not all(cases):
        return cases[0] or cases[1]
    zeros = _zeros(activation, condition, switch)
    for k, closed in enumerate((sp.Le, sp.Ge)):
        closing = {sides[k]: _relation(switch, closed)}
        wide = [replace(case, condition=case.condition.xreplace(closing)) for case in cases[k]]
        if zeros and all(_followed(wide, expression, setting, activation.domain) for setting in zeros):
            return wide + cases[1] if k == 0 else cases[0] + wide
    if not zeros or not switch.is_Symbol:
        raise depends
    between = sp.And(condition, sp.Eq(switch, 0))
    fixed = [{**setting, switch: sp.S.Zero} for setting in zeros]
    middle = _cases(activation, between, expression.subs(switch, 0), tuple(fixed), cut)
    return [*cases[0], *middle, *cases[1]]


def _relation(switch: sp.Expr, relation: Callable[[sp.Expr, sp.Expr], sp.Basic]) -> sp.Basic:
    """Return the relation of a switch to 0, without minus signs.

    >>> a, b = sp.symbols("a b", real=True)
    >>> _relation(a - b, sp.Gt), _relation(1 - a, sp.Ge)
    (a > b, a <= 1)
    """
    terms = sp.Add.make_args(switch)
    behind = [-term for term in terms if term.could_extract_minus_sign()]
    found = relation(switch + sp.Add(*behind), sp.Add(*behind))
    return found.reversed if isinstance(found, Relational) and found.lhs.is_number else found


def _zeros(activation: Activation, condition: sp.Basic, switch: sp.Expr) -> list[Setting]:
    """Return settings at which a switch is 0; none where it is linear in no parameter."""
    for symbol in sorted(switch.free_symbols, key=lambda s: s.name):
        slope = sp.diff(switch, symbol)
        if slope.is_number and slope != 0:
            value = symbol - switch / slope
            rest = sp.And(condition, *(p.domain for p in activation.parameters)).subs(symbol, value)
            free = replace(
                activation, parameters=tuple(replace(p, domain=sp.true) for p in activation.parameters)
            )
            settings = [{**setting, symbol: value.subs(setting)} for setting in samples(free)]
            return [setting for setting in settings if rest.subs(setting) == sp.true]
    return []


def _followed(cases: Sequence[Case], expression: sp.Expr, setting: Setting, domain: sp.Set) -> bool:
    """Return whether the case that a setting is in has the values of f, in its pieces and at its breaks.

    Where it has no piece f must be no number.
    """
    case = next((case for case in cases if case.condition.subs(setting) == sp.true), None)
    if case is None:
        return False
    bounds = [(piece, piece.lower.subs(setting), piece.upper.subs(setting)) for piece in case.pieces]
    pairs = [
        (piece.expression, midpoint(lower, upper)) for piece, lower, upper in bounds if _less(lower, upper)
    ]
    pairs += [(break_.value, break_.at.subs(setting)) for break_ in case.breaks]
    ends = [-sp.oo, *(end for _, *both in bounds for end in both), sp.oo]
    outside = [midpoint(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if _less(a, b)]
    pairs += [(sp.nan, point) for point in outside if domain.contains(point) == sp.true]
    for value, point in pairs:
        want, got = value_at(expression, setting, point), value_at(value, setting, point)
        if want.is_nan() != got.is_nan() or abs(want - got) > arb(2) ** -60:
            return False
    return True


def _case(
    activation: Activation, condition: sp.Basic, expression: sp.Expr, settings: tuple[Setting, ...], cut: bool
) -> Case:
    splitter = _Splitter(activation, settings, cut)
    intervals = [tuple(_settled(end, settings) for end in ends) for ends in _intervals(activation.domain)]
    found = [piece for ends in intervals for piece in splitter.split(expression, *ends)]
    pieces = splitter.merged(expression, found)
    if not pieces:
        raise InvalidActivation(f"{activation.title}: a real number for no z; mend the formula")
    breaks = [
        Break(left.upper, splitter.value_at(expression, left, right)) for left, right in pairwise(pieces)
    ]
    return Case(condition, tuple(pieces), tuple(breaks))


def natural_domain(activation: Activation) -> sp.Set:
    """Return where the expression of an activation is a real number, as far as the ends are found.

    >>> natural_domain(Activation(None, sp.log(Z) + sp.sqrt(2 - Z)))
    Interval.Lopen(0, 2)
    """
    expression = activation.expression
    if not demands(expression):
        return sp.S.Reals
    try:
        cases = split(activation, cut=True)
    except NotSupported:
        return sp.S.Reals
    if len(cases) > 1:
        return sp.S.Reals
    ends = {end for piece in cases[0].pieces for end in (piece.lower, piece.upper) if end.is_finite}
    defined = {end for end in ends if not value_at(expression, activation.defaults, end).is_nan()}
    parts = [
        sp.Interval(p.lower, p.upper, p.lower not in defined, p.upper not in defined) for p in cases[0].pieces
    ]
    return sp.Union(*parts)


def real_part(activation: Activation, piece: Piece, settings: Sequence[Setting]) -> Piece | None:
    """Return the part of a piece on which its expression is a real number, for parameters like the settings.

    None where that is nowhere; the piece itself where it is more than one interval, or is not found.

    >>> a = sp.Symbol("a", real=True)
    >>> root = Piece(-sp.oo, sp.oo, sp.sqrt(a*Z))
    >>> ends = real_part(Activation(None, root.expression), root, ({a: sp.Integer(-1)},))
    >>> ends.lower, ends.upper
    (-oo, 0)
    """
    if not demands(piece.expression):
        return piece
    try:
        found = _Splitter(activation, tuple(settings), cut=True).split(
            piece.expression, piece.lower, piece.upper
        )
    except NotSupported:
        return piece
    if not found:
        return None
    return Piece(found[0].lower, found[-1].upper, piece.expression) if len(found) == 1 else piece


def midpoint(lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """Return an exact point inside an interval; an infinite end counts as two beyond the other.

    >>> midpoint(-sp.oo, sp.Integer(0))
    -2
    """
    if lower == -sp.oo and upper == sp.oo:
        return sp.Rational(1, 3)
    if lower == -sp.oo:
        return upper - 2
    if upper == sp.oo:
        return lower + 2
    return (lower + upper) / 2


def _by_parameter(expression: sp.Expr) -> list[tuple[sp.Basic, sp.Expr]]:
    """Return the cases that conditions free of z make: ``(condition, expression)``."""
    switches = [p for p in expression.atoms(sp.Piecewise) if not any(c.has(Z) for _, c in p.args)]
    if not switches:
        return [(sp.true, expression)]
    switch, cases, remaining = switches[0], [], sp.true
    for value, condition in switch.args:
        here = sp.And(remaining, condition)
        remaining = sp.And(remaining, sp.Not(condition))
        for inner, rest in _by_parameter(expression.xreplace({switch: value})):
            if (both := sp.simplify(sp.And(here, inner))) != sp.false:
                cases.append((both, rest))
    return cases


def within(case: Case, bounds: sp.Set | None, settings: Sequence[Setting]) -> Case:
    """Return the case cut off where an interval ends; whole where the parameters decide, or for no interval.

    >>> line = Case(sp.true, (Piece(-sp.oo, sp.Integer(0), -Z), Piece(sp.Integer(0), sp.oo, Z)), ())
    >>> [(p.lower, p.upper) for p in within(line, sp.Interval(1, 2), ({},)).pieces]
    [(1, 2)]
    """
    if not isinstance(bounds, sp.Interval):
        return case
    kept = []
    for piece in case.pieces:
        ends = [
            (s, *(sp.N(end.subs(s), 30) for end in (piece.lower, piece.upper, bounds.inf, bounds.sup)))
            for s in settings
        ]
        if all(lower > sup or upper < inf for _, lower, upper, inf, sup in ends):
            continue
        # One that only touches the interval keeps its ends: it may have the value there.
        lower = bounds.inf if all(lower < inf < upper for _, lower, upper, inf, _ in ends) else piece.lower
        upper = bounds.sup if all(lower < sup < upper for _, lower, upper, _, sup in ends) else piece.upper
        kept.append(Piece(lower, upper, piece.expression))
    if not kept:
        return case
    inside = {piece.upper for piece in kept[:-1]}
    return Case(case.condition, tuple(kept), tuple(cut for cut in case.breaks if cut.at in inside))


def _settled(end: sp.Expr, settings: Sequence[Setting]) -> sp.Expr:
    """Return the end of a domain with its Piecewise decided, where all settings of the case agree."""
    for switch in end.atoms(sp.Piecewise):
        for value, condition in switch.args:
            if all(condition.subs(setting) == sp.true for setting in settings):
                return _settled(end.xreplace({switch: value}), settings)
            if any(condition.subs(setting) != sp.false for setting in settings):
                break
    return end


def _intervals(domain: sp.Set) -> list[tuple[sp.Expr, sp.Expr]]:
    parts = domain.args if isinstance(domain, sp.Union) else (domain,)
    return sorted(((part.inf, part.sup) for part in parts), key=lambda ends: ends[0])


@dataclass(frozen=True)
class _Splitter:
    activation: Activation
    settings: tuple[Setting, ...]
    cut: bool = False

    def split(self, expression: sp.Expr, lower: sp.Expr, upper: sp.Expr) -> list[Piece]:
        """Return the pieces of an expression on one interval, innermost switches resolved first."""
        if not expression.has(Z):
            return [Piece(lower, upper, expression)]
        if not expression.has(*SWITCHES):
            return self._defined(expression, lower, upper)
        if isinstance(expression, sp.Piecewise):
            return self._split_piecewise(expression, lower, upper)
        pieces = []
        for part in self._common(expression.args, lower, upper):
            for piece in self._resolve(expression.func, part, lower=part[0].lower, upper=part[0].upper):
                pieces += self._defined(piece.expression, piece.lower, piece.upper)
        return pieces

    def _defined(self, expression: sp.Expr, lower: sp.Expr, upper: sp.Expr) -> list[Piece]:
        """Return the parts of an interval on which a smooth expression is a real number.

        Poles, and ends that are not found, do not divide it.
        """
        parts = [(lower, upper)]
        for demand in demands(expression) if self.cut else ():
            try:
                parts = [
                    (a, b)
                    for start, stop in parts
                    for a, b, positive in self._signs(demand, start, stop)
                    if positive
                ]
            except NotSupported:
                continue
        return [Piece(a, b, expression) for a, b in parts]

    def merged(self, expression: sp.Expr, pieces: Sequence[Piece]) -> list[Piece]:
        """Join neighbours with one expression that f follows between them too: ``Max(z, 0) - Min(z, 0)``."""
        merged: list[Piece] = []
        for piece in pieces:
            if merged and self._joins(expression, merged[-1], piece):
                piece = Piece(merged.pop().lower, piece.upper, piece.expression)
            merged.append(piece)
        return merged

    def _joins(self, expression: sp.Expr, left: Piece, right: Piece) -> bool:
        if left.upper != right.lower or left.expression != right.expression:
            return False
        value = self._without_powers_of_zero(left.expression.subs(Z, left.upper))
        return value.is_finite is False or self.value_at(expression, left, right) == value

    def value_at(self, expression: sp.Expr, left: Piece, right: Piece) -> sp.Expr:
        """Return f at the break between two pieces: the left one's value, the right one's, or its own."""
        at = left.upper
        if at != right.lower:
            return sp.nan
        exact = [_exact(expression, s, at) for s in self.settings]
        for piece in (left, right):
            value = self._without_powers_of_zero(piece.expression.subs(Z, at))
            if value.is_finite is not False and all(
                _is_zero(value.subs(setting) - v) for setting, v in zip(self.settings, exact, strict=True)
            ):
                return value
        if all(v == exact[0] for v in exact):
            return exact[0]
        value = expression.subs(Z, at)
        if not value.has(sp.Piecewise, sp.Max, sp.Min):
            return value
        raise NotSupported(
            f"{self.activation.title}: the value at {at} follows neither side; write it as a piece"
        )

    def _without_powers_of_zero(self, value: sp.Expr) -> sp.Expr:
        """Return a value with 0**p decided: 0 for p > 0, nothing finite for p < 0."""
        found = powers_of_zero(value, self.settings)
        for power in found.atoms(sp.Pow):
            if power.base == 0:
                raise self._changes(power.exp, power.exp)
        return found

    def _common(
        self, arguments: Sequence[sp.Expr], lower: sp.Expr, upper: sp.Expr
    ) -> list[tuple[Piece, ...]]:
        """Split every argument, then cut all of them at all the breaks."""
        split = [self.split(argument, lower, upper) for argument in arguments]
        ends = self._sorted(
            {end for pieces in split for piece in pieces for end in (piece.lower, piece.upper)}
        )
        common = []
        for start, stop in pairwise(ends):
            inside = [
                [p for p in parts if not self._before(start, p.lower) and not self._before(p.upper, stop)]
                for parts in split
            ]
            if all(inside):  # elsewhere an argument is not defined
                common.append(tuple(Piece(start, stop, parts[0].expression) for parts in inside))
        return common

    def _resolve(
        self, function: type, parts: tuple[Piece, ...], lower: sp.Expr, upper: sp.Expr
    ) -> list[Piece]:
        """Rebuild one node over a common interval, cutting it where a switch changes its sign."""
        arguments = [part.expression for part in parts]
        if function in (sp.Abs, sp.sign):
            scale, x = arguments[0].as_independent(Z, as_Add=False)  # Abs(a*z) is Abs(a)*Abs(z)
            magnitude = function(scale) * (x if function is sp.Abs else 1)
            return [
                Piece(a, b, magnitude if positive else -magnitude)
                for a, b, positive in self._signs(x, lower, upper)
            ]
        if function in (sp.Max, sp.Min):
            pieces = [Piece(lower, upper, arguments[0])]
            for other in arguments[1:]:
                pieces = [
                    Piece(a, b, piece.expression if positive == (function is sp.Max) else other)
                    for piece in pieces
                    for a, b, positive in self._signs(piece.expression - other, piece.lower, piece.upper)
                ]
            return pieces
        whole = self._without_powers_of_zero(function(*arguments))
        return [] if whole is sp.zoo else [Piece(lower, upper, whole)]

    def _split_piecewise(self, expression: sp.Piecewise, lower: sp.Expr, upper: sp.Expr) -> list[Piece]:
        relations = {r for _, c in expression.args for r in c.atoms(Relational) if r.has(Z)}
        cuts = {lower, upper}
        for relation in relations:
            for piece in self.split(relation.lhs - relation.rhs, lower, upper):
                cuts |= {a for a, _, _ in self._signs(piece.expression, piece.lower, piece.upper)}
                cuts.add(piece.upper)
        pieces = []
        for a, b in pairwise(self._sorted(cuts)):
            branch = self._branch(expression, a, b)
            pieces += [] if branch is None else self.split(branch, a, b)
        return pieces

    def _branch(self, expression: sp.Piecewise, lower: sp.Expr, upper: sp.Expr) -> sp.Expr | None:
        """Return the branch that is taken on an interval; None where a condition is not defined there."""
        chosen: set[sp.Expr | None] = set()
        for setting in self.settings:
            point = midpoint(lower.subs(setting), upper.subs(setting))
            for value, condition in expression.args:
                known = _holds(condition, setting, point)
                if known is None:
                    chosen.add(None)
                if known is not False:
                    chosen.add(value)
                    break
        if len(chosen) != 1:
            if None in chosen:
                return None
            free = [r for _, c in expression.args for r in c.atoms(Relational) if not r.has(Z)]
            raise self._changes(expression, *(r.lhs - r.rhs for r in free))
        return chosen.pop()

    def _signs(self, switch: sp.Expr, lower: sp.Expr, upper: sp.Expr) -> list[tuple[sp.Expr, sp.Expr, bool]]:
        """Return ``(lower, upper, is positive)`` of a smooth switch over an interval."""
        if switch.is_positive or switch.is_negative or not switch.has(Z):
            return [(lower, upper, self._positive(switch, lower, upper))]
        try:
            found = roots(switch, self.settings)
        except Unsolved as error:
            if error.switches:
                raise self._changes(switch, *error.switches) from error
            raise NotSupported(
                f"{self.activation.title}: cannot solve {switch} = 0 for where the pieces meet; "
                "write where(z > ..., ...)"
            ) from error
        found = [r for r in found if self._before(lower, r) and self._before(r, upper)]
        return [
            (a, b, self._positive(switch, a, b)) for a, b in pairwise([lower, *self._sorted(found), upper])
        ]

    def _positive(self, switch: sp.Expr, lower: sp.Expr, upper: sp.Expr) -> bool:
        """Return whether a switch is positive, or 0, on an interval: at its middle, and wherever we look."""
        kept = set()
        for setting in self.settings:
            ends = lower.subs(setting), upper.subs(setting)
            value = value_at(switch, setting, midpoint(*ends))
            if value.is_nan():
                raise self._changes(switch)
            seen = {1 if value > 0 else -1} if value > 0 or value < 0 else set()
            if switch.has(Z):
                a, b = (
                    arb("-inf") if e == -sp.oo else arb("inf") if e == sp.oo else numeric(e) for e in ends
                )
                seen |= {sign for point, sign in signs(switch, setting) if point > a and point < b}
            if len(seen) > 1:
                raise NotSupported(
                    f"{self.activation.title}: {switch} changes its sign in places that are not found; "
                    "write where(z > ..., ...)"
                )
            kept.add(seen != {-1})
        if len(kept) > 1:
            raise self._changes(switch, sp.factor(switch).as_independent(Z, as_Add=False)[0])
        return kept.pop()

    def _before(self, a: sp.Expr, b: sp.Expr) -> bool:
        """Return whether a < b everywhere in the parameters' domain."""
        order = {_less(a.subs(s), b.subs(s)) for s in self.settings}
        if len(order) > 1:
            raise self._changes(b - a, b - a)
        return order.pop()

    def _sorted(self, ends: set[sp.Expr] | list[sp.Expr]) -> list[sp.Expr]:
        result = sorted(ends, key=lambda e: _place(e.subs(self.settings[0])))
        distinct: list[sp.Expr] = []
        for end in result:
            if not distinct or self._before(distinct[-1], end):
                distinct.append(end)
        return distinct

    def _changes(self, what: sp.Basic, *switches: sp.Expr) -> NotSupported:
        """Return the error, with a factor of the switches that has both signs if there is one."""
        message = (
            f"{self.activation.title}: {what} changes its sign inside the parameters' domain; "
            "narrow the domain or write one where(...) for each case"
        )
        for switch in (f for whole in switches for f in sp.Mul.make_args(sp.factor(whole))):
            found = {value_at(switch, setting, sp.S.Zero) > 0 for setting in self.settings}
            if len(found) > 1 and not switch.has(Z):
                return _Depends(message, _numerator(switch))
        return NotSupported(message)


def _numerator(switch: sp.Expr) -> sp.Expr:
    """Return a factor without its number, and p for 1/p, which has its sign.

    >>> p = sp.Symbol("p", real=True)
    >>> _numerator(p/3), _numerator(1/p)
    (p, p)
    """
    if switch.is_Pow and switch.exp.is_Integer and switch.exp % 2:
        return switch.base
    above, below = sp.fraction(switch)
    return above if below.is_number else switch


def powers_of_zero(value: sp.Expr, settings: Sequence[Setting]) -> sp.Expr:
    """Return a value with 0**p as 0 where p > 0 at all settings, as the pole that it is where p < 0.

    >>> p = sp.Symbol("p", real=True)
    >>> powers_of_zero(1 + sp.Pow(0, p), ({p: sp.Integer(2)}, {p: sp.Integer(3)}))
    1
    """
    for power in [e for e in value.atoms(sp.Pow) if e.base == 0]:
        found = {_sign(power.exp, setting) for setting in settings}
        if found in ({1}, {-1}):
            value = value.xreplace({power: sp.S.Zero if found == {1} else sp.zoo})
    return value


def _sign(exponent: sp.Expr, setting: Setting) -> int:
    value = value_at(exponent, setting, sp.S.Zero)
    return 1 if value > 0 else -1 if value < 0 else 0


def _holds(condition: sp.Basic, setting: Setting, point: sp.Expr) -> bool | None:
    """Return whether a condition holds at a point, None where it is not defined there."""
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, Relational):
        value = value_at(condition.lhs - condition.rhs, setting, point)
        sign = 1 if value > 0 else -1 if value < 0 else None if value.is_nan() else 0
        return None if sign is None else holds(condition, sign)
    return combine(condition, [_holds(part, setting, point) for part in condition.args])


def _less(a: sp.Expr, b: sp.Expr) -> bool:
    if a in (-sp.oo, sp.oo) or b in (-sp.oo, sp.oo):
        return a != b and (a == -sp.oo or b == sp.oo)
    return a != b and bool(numeric(b - a) > arb(2) ** -80)


def _ball(end: sp.Expr) -> arb:
    return arb("inf" if end == sp.oo else "-inf") if end in (-sp.oo, sp.oo) else numeric(end)


def _place(end: sp.Expr) -> float:
    return float(end) if end in (-sp.oo, sp.oo) else float(numeric(end).mid())


def _exact(expression: sp.Expr, setting: Setting, at: sp.Expr) -> sp.Expr:
    try:
        value = expression.subs(setting).subs(Z, at.subs(setting))
    except (TypeError, ValueError):  # Max and Min of what is no real number
        return sp.nan
    return sp.nan if value.has(sp.zoo, sp.nan, sp.oo, sp.I) else sp.nsimplify(value)


def _is_zero(value: sp.Expr) -> bool:
    if value.has(sp.nan, sp.zoo, sp.oo):
        return False
    return bool(abs(numeric(value)) < arb(10) ** -20) and sp.simplify(value) == 0


SWITCHES = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise)

DEMANDS: Mapping[type, Callable[[sp.Expr], tuple[sp.Expr, ...]]] = {
    sp.log: lambda u: (u,),
    sp.asin: lambda u: (1 - u, 1 + u),
    sp.acos: lambda u: (1 - u, 1 + u),
    sp.atanh: lambda u: (1 - u, 1 + u),
    sp.acosh: lambda u: (u - 1,),
}
"""What must be positive for a function of u to be a smooth real number."""


def demands(expression: sp.Expr) -> list[sp.Expr]:
    """Return what must be positive for a smooth expression in z to be a real number, the innermost first.

    >>> demands(sp.log(sp.sqrt(Z) - 1))
    [z, sqrt(z) - 1]
    """
    found: dict[sp.Expr, None] = {}
    for node in sp.postorder_traversal(expression):
        if not node.has(Z):
            continue
        if node.func in DEMANDS:
            found |= dict.fromkeys(DEMANDS[node.func](node.args[0]))
        elif node.is_Pow and not node.exp.is_integer and not isinstance(node, sp.exp) and node.base.has(Z):
            found[node.base] = None
    return [demand for demand in found if demand.has(Z) and not demand.is_positive]


def piecewise(pieces: Sequence[Piece], breaks: Sequence[Break], variable: sp.Symbol = Z) -> sp.Expr:
    """Return one expression that reads from right to left: the form in which people write activations.

    A break's value joins the side that has it; where neither has, it is a piece of its own. Neighbours
    with one expression are one piece.
    """
    for index, cut in enumerate(breaks):
        left, right = pieces[index], pieces[index + 1]
        if left.expression == right.expression and same(left.expression.subs(variable, cut.at), cut.value):
            both = Piece(left.lower, right.upper, left.expression)
            joined = [*pieces[:index], both, *pieces[index + 2 :]]
            return piecewise(joined, [*breaks[:index], *breaks[index + 1 :]], variable)
    if len(pieces) == 1:
        return pieces[0].expression
    arguments: list[tuple[sp.Expr, sp.Basic]] = []
    for index in range(len(pieces) - 1, 0, -1):
        right, cut = pieces[index], breaks[index - 1]
        if same(right.expression.subs(variable, cut.at), cut.value):
            arguments.append((right.expression, variable >= cut.at))
            if not same(pieces[index - 1].expression.subs(variable, cut.at), cut.value):
                continue
            arguments[-1] = (right.expression, variable > cut.at)
        else:
            arguments.append((right.expression, variable > cut.at))
            if not same(pieces[index - 1].expression.subs(variable, cut.at), cut.value):
                arguments.append((cut.value, sp.Eq(variable, cut.at)))
    return sp.Piecewise(*arguments, (pieces[0].expression, True))


def same(a: sp.Expr, b: sp.Expr) -> bool:
    """Return whether two expressions are equal: numbers say no quickly, algebra says yes.

    >>> same(sp.sin(Z)**2 + sp.cos(Z)**2, sp.S.One), same(sp.oo, sp.oo), same(Z, sp.nan)
    (True, True, False)
    """
    if a == b:
        return True
    if a.has(*UNEQUAL) or b.has(*UNEQUAL):
        return False
    symbols = sorted(a.free_symbols | b.free_symbols, key=lambda symbol: symbol.name)
    for shift in (1, 2):
        point = {symbol: sp.Rational(7 * i + 5 * shift, 11) for i, symbol in enumerate(symbols)}
        difference = sp.N((a - b).subs(point), 30)
        if difference.is_number and difference.is_finite and abs(difference) > sp.Float("1e-15"):
            return False
    return bool(sp.simplify(a - b) == 0)


def on_pieces(case: Case, function: Callable[[sp.Expr], sp.Expr]) -> tuple[Piece, ...]:
    """Return the case's pieces with a function applied to each expression."""
    return tuple(Piece(p.lower, p.upper, function(p.expression)) for p in case.pieces)
