"""Monotonicity and curvature: signs of f' and f'', by algebra for all parameters, or by charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import sympy as sp

from symact.activations import Activation, Z
from symact.derivatives import Derivative
from symact.enclosures.jets import Jet
from symact.errors import NotSupported
from symact.limits import one_sided, sign_settings
from symact.pieces import Case, Piece
from symact.properties.charts import Chart, Uncharted, uncharted
from symact.properties.facts import Fact, Number, as_json, ball, not_proven
from symact.properties.lines import Line, at_defaults, at_words, end_value
from symact.properties.periods import Periodic
from symact.signs import is_regular, sign_of

INCREASING, DECREASING, CONSTANT, NEITHER = "increasing", "decreasing", "constant", "non-monotonic"

KINDS: Mapping[frozenset[int | None], str] = {
    frozenset({1}): INCREASING,
    frozenset({-1}): DECREASING,
    frozenset(): CONSTANT,
}
"""What the signs of f', those that are not 0, say of f."""

SIGNS = "signs"
"""The certificate that algebra gives."""

REACH = 8
"""Points at which both signs of f' are looked for lie up to this far from 0."""


@dataclass(frozen=True)
class Monotonicity:
    """The kind, in the weak sense, for which parameters, and how it is known; None is "not proven"."""

    kind: str | None
    where: str | None
    certificate: str | None


def everywhere(activation: Activation) -> str:
    """Return the words for all parameters."""
    return "all parameters" if activation.parameters else "all z"


def by_algebra(activation: Activation, cases: Sequence[Case], derivative: Derivative) -> Monotonicity:
    """Return what the signs of f' show by algebra, or signs at points disprove."""
    if not isinstance(activation.domain, sp.Interval):
        return Monotonicity(None, None, None)  # 1/z decreases on either side of 0, not from one to the other
    verdicts: set[str | None] = set()
    for case, slope in zip(cases, derivative.cases, strict=True):
        verdicts.add(_by_signs(activation, case, slope))
        if None in verdicts:
            break
    verdicts.discard(CONSTANT)
    if not verdicts:
        return Monotonicity(CONSTANT, everywhere(activation), SIGNS)
    if len(verdicts) == 1 and None not in verdicts:
        return Monotonicity(verdicts.pop(), everywhere(activation), SIGNS)
    case, slope = at_defaults(activation, cases, derivative.cases)
    where = at_words(activation)
    known = _by_signs(activation, case, slope) if activation.parameters else None
    if known is not None:
        return Monotonicity(known, where, SIGNS)
    if _both_signs(case, slope):
        return Monotonicity(NEITHER, where, "balls of both signs")
    return Monotonicity(None, where, None)


def by_charts(line: Line, charts: Sequence[Chart | Uncharted]) -> Monotonicity:
    """Return what the charts of f' show at the default parameters."""
    signs: set[int | None] = set()
    methods: dict[str, None] = {}
    for known in charts:
        if isinstance(known, Uncharted):
            return Monotonicity(None, None, None)
        signs |= {stretch.sign for stretch in known.stretches}
        methods[known.method] = None
    for index in range(len(line.breaks)):
        signs.add(_jump(Case(sp.true, line.pieces, line.breaks), index, {}))
    signs.discard(0)
    if {1, -1} <= signs:
        return Monotonicity(NEITHER, line.where, "; ".join(methods))
    kind = KINDS.get(frozenset(signs))
    return Monotonicity(kind, line.where, "; ".join(methods)) if kind else Monotonicity(None, None, None)


# --- by algebra ---------------------------------------------------------------------------------------


def _by_signs(activation: Activation, case: Case, slope: Case) -> str | None:
    """Return the kind that the signs of f' on all pieces, and those of the jumps, agree on."""
    signs: set[int | None] = set()
    for pattern in patterns(activation, case):
        parts = (part for piece in slope.pieces for part in at_zero(piece))
        steps = (_jump(case, index, pattern) for index in range(len(case.breaks)))
        for sign in chain((sign_on(part, pattern) for part in parts), steps):
            signs.add(sign)
            if sign is None or {1, -1} <= signs:
                return None
    return KINDS[frozenset(signs) - {0}]


def patterns(activation: Activation, case: Case) -> list[dict[sp.Symbol, sp.Expr]]:
    """Return the parameters as symbols with a sign, one dictionary for each combination of signs."""
    used = set().union(*(p.expression.free_symbols | p.lower.free_symbols for p in case.pieces)) - {Z}
    symbols = sorted(used, key=lambda symbol: symbol.name)
    if not symbols:
        return [{}]
    return [
        {s: sign * sp.Dummy(s.name, positive=True) for s, sign in zip(symbols, signs, strict=True)}
        for signs in sign_settings(symbols, activation, case.condition)
    ]


def at_zero(piece: Piece) -> list[Piece]:
    """Cut a piece that holds 0 there: signs are known on either side."""
    if piece.lower.is_extended_negative and piece.upper.is_extended_positive:
        zero = sp.S.Zero
        if piece.expression.subs(Z, zero).is_finite is not True:
            return [piece]
        return [Piece(piece.lower, zero, piece.expression), Piece(zero, piece.upper, piece.expression)]
    return [piece]


def sign_on(piece: Piece, pattern: Mapping[sp.Symbol, sp.Expr]) -> int | None:
    """Return the sign of a piece's expression on its interval, None where it may have a pole there."""
    expression = moved(piece, pattern)
    return sign_of(expression) if is_regular(expression) else None


def moved(piece: Piece, pattern: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Return a piece's expression in a positive symbol t for its interval: ``z = end +- t``."""
    t = sp.Dummy("t", positive=True)
    lower, upper = piece.lower.subs(pattern), piece.upper.subs(pattern)
    if not piece.expression.has(Z):
        return piece.expression.subs(pattern)
    if lower.is_finite and upper.is_finite:
        argument = lower + (upper - lower) * t / (1 + t)
    elif lower.is_finite or upper.is_finite:
        argument = lower + t if lower.is_finite else upper - t
    else:
        argument = sp.Dummy("z", real=True)
    return sp.expand_mul(piece.expression.subs(pattern).subs(Z, argument))


def _jump(case: Case, index: int, pattern: Mapping[sp.Symbol, sp.Expr]) -> int | None:
    """Return the sign of the jump of f at a break, 0 where there is none."""
    cut = case.breaks[index]
    left = one_sided(case.pieces[index].expression, cut.at, "-")
    right = one_sided(case.pieces[index + 1].expression, cut.at, "+")
    signs = {sign_of((b - a).subs(pattern)) if a != b else 0 for a, b in pairwise((left, cut.value, right))}
    signs.discard(0)
    if len(signs) > 1:
        return None
    return signs.pop() if signs else 0


def continuous(case: Case) -> bool:
    """Return whether f is certainly continuous at every break, for all parameters."""
    return all(_jump(case, index, {}) == 0 for index in range(len(case.breaks)))


def _both_signs(case: Case, slope: Case) -> bool:
    """Return whether f' is certainly positive at one point where f is real, and negative at another."""
    signs = set()
    for piece, steep in zip(case.pieces, slope.pieces, strict=True):
        lower, upper = sp.Max(piece.lower, -REACH), sp.Min(piece.upper, REACH)
        if not lower < upper:
            continue
        try:
            f, d = Jet(piece.expression, Z), Jet(steep.expression, Z)
        except NotSupported:
            continue
        for k in range(1, 62):
            point = ball(lower + (upper - lower) * sp.Rational(k, 62))
            value = d(point)
            if value is not None and f(point) is not None:
                signs |= {s for s in (1, -1) if value[0] * s > 0}
    return len(signs) == 2


# --- intervals ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """An interval and what f is on it."""

    lower: Number
    upper: Number
    kind: str

    def to_json(self) -> dict[str, Any]:
        """Return the ends and the kind."""
        return {"from": as_json(self.lower), "to": as_json(self.upper), "is": self.kind}


def monotone_intervals(line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return the intervals on which f increases, decreases or is constant, from left to right."""
    return _intervals(line, charts, {1: INCREASING, -1: DECREASING, 0: CONSTANT}, "f'", line.joined)


def by_parts(line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return the kind of f on each interval of a domain with holes, where it is the same on all of them."""
    holes = sum(cut.value is sp.nan for cut in line.breaks)
    found = monotone_intervals(line, charts)
    if found.value is None or isinstance(found.value, Periodic) or not holes:
        return not_proven(line.where, uncharted(charts) or "f on a domain with holes")
    kinds = {one.kind for one in found.value}
    if len(kinds) > 1 or len(found.value) != holes + 1:
        return not_proven(line.where, "f differs on the intervals of its domain")
    return Fact(f"{kinds.pop()} on each interval of the domain", found.method, line.where)


def curved_intervals(line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return the intervals on which f is convex, concave or affine, from left to right."""
    smooth = []
    for index, joined in enumerate(line.joined):
        slopes = end_value(line.slopes[index], 1), end_value(line.slopes[index + 1], -1)
        smooth.append(joined and slopes[0] == slopes[1])
    return _intervals(line, charts, {1: "convex", -1: "concave", 0: "affine"}, "f''", smooth)


def convexity(line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return whether f is convex, concave, affine or neither on its whole domain."""
    signs: set[int | None] = set()
    for known in charts:
        signs |= {stretch.sign for stretch in known.stretches} if isinstance(known, Chart) else {None}
    for index, joined in enumerate(line.joined):
        if not joined:
            return Fact("neither", "f jumps, or its domain has a hole", line.where)
        turn = ball(end_value(line.slopes[index + 1], -1)) - ball(end_value(line.slopes[index], 1))
        signs.add(1 if turn > 0 else -1 if turn < 0 else 0 if turn == 0 else None)
    signs.discard(0)
    method = "signs of f'', and of the turns at kinks"
    if {1, -1} <= signs:
        return Fact("neither", method, line.where)
    if None in signs:
        return not_proven(line.where, f"f'': {uncharted(charts) or 'a turn at a kink'}")
    return Fact({1: "convex", -1: "concave"}[signs.pop() or 0] if signs else "affine", method, line.where)


def _intervals(
    line: Line,
    charts: Sequence[Chart | Uncharted],
    kinds: Mapping[int, str],
    of: str,
    joined: Sequence[bool],
) -> Fact:
    found: list[Interval] = []
    methods: dict[str, None] = {}
    for index, known in enumerate(charts):
        if isinstance(known, Uncharted):
            return not_proven(line.where, f"{of}: {known.why}")
        methods[known.method] = None
        if known.period is not None:
            parts = tuple(Interval(s.lower, s.upper, kinds[s.sign]) for s in known.stretches)
            return Fact(Periodic(known.period, parts), f"sign of {of}: {known.method}", line.where)
        for at, stretch in enumerate(known.stretches):
            kind = kinds[stretch.sign]
            meets = at > 0 or (index > 0 and joined[index - 1])
            if found and meets and found[-1].kind == kind:
                found[-1] = Interval(found[-1].lower, stretch.upper, kind)
            else:
                found.append(Interval(stretch.lower, stretch.upper, kind))
    return Fact(tuple(found), f"sign of {of}: {'; '.join(methods)}", line.where)


def roots(line: Line, charts: Sequence[Chart | Uncharted], of: str) -> Fact:
    """Return the isolated roots inside pieces of the charted function; if it repeats, those of one period."""
    if why := uncharted(charts):
        return not_proven(line.where, f"{of}: {why}")
    known = [one for one in charts if isinstance(one, Chart)]
    if known[0].period is not None:
        method = f"sign of {of} on one period in balls; roots by Newton steps, or exact"
        return Fact(Periodic(known[0].period, known[0].roots), method, line.where)
    found = [root for one in known for root in one.roots]
    method = f"sign of {of} on the whole domain in balls; each root the only one near it, by Newton steps"
    return Fact(tuple(found), method, line.where)
