"""properties: what mathematics says of f: range, monotonicity, symmetry, Lipschitz constant, limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, Z, samples
from symact.arithmetics import EXACT, Ball, compile_expression
from symact.derivatives import Derivative, FoundKink, derive
from symact.errors import NotSupported
from symact.limits import limit, one_sided, sign_settings
from symact.pieces import Case, Piece, split
from symact.signs import is_regular, sign_of
from symact.simplification import neat
from symact.writing import text

BULK = 16
"""Where no proof by signs is found, f' is covered with balls for abs(z) up to this."""

PRECISION = 80
"""Bits of the ball arithmetic."""

POINTS, MAX_BALLS, MAX_DEPTH = 61, 600, 24
"""Points tried first; a covering that needs more balls, or smaller ones, is given up."""

INCREASING, DECREASING, CONSTANT, NEITHER = "increasing", "decreasing", "constant", "non-monotonic"

KINDS: Mapping[frozenset[int | None], str] = {
    frozenset({1}): INCREASING,
    frozenset({-1}): DECREASING,
    frozenset(): CONSTANT,
}
"""What the signs of f', those that are not 0, say of f."""


@dataclass(frozen=True)
class Subdifferential:
    """All subgradients (Clarke) at a kink: the closed interval between the one-sided derivatives."""

    at: sp.Expr
    interval: sp.Set


@dataclass(frozen=True)
class Properties:
    """What is known of f and f'; None is "not decided", never "no".

    ``monotonic`` is in the weak sense and holds for ``monotonic_for``: all parameters in their domains,
    or the defaults. ``limits`` have keys such as ``f(-oo)`` and ``f'(1-)``; a value nan is "no limit".
    ``lipschitz`` is the least constant, oo where there is none. Where ``certificate`` says so, balls cover
    the bulk, not the whole line.
    """

    range: sp.Set | None
    monotonic: str | None
    monotonic_for: str | None
    certificate: str | None
    odd: bool | None
    even: bool | None
    lipschitz: sp.Expr | None
    limits: Mapping[str, sp.Expr]
    subdifferentials: tuple[Subdifferential, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the properties as JSON has them: expressions as text, what is undecided as null."""
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
        }


def properties(derivative: Derivative) -> Properties:
    """Return the properties of the activation of a first derivative by z.

    >>> from symact.derivatives import differentiate
    >>> found = properties(differentiate(Activation("tanh", sp.tanh(Z))))
    >>> found.range, found.monotonic, found.odd, found.lipschitz
    (Interval.open(-1, 1), 'increasing', True, 1)
    """
    activation = derivative.activation
    cases = split(activation)
    limits = _limits(activation, cases, derivative.cases)
    monotonic, where, certificate = _monotonic(activation, cases, derivative)
    return Properties(
        activation.range or _range(activation, cases, monotonic, where, limits),
        monotonic,
        where,
        certificate,
        _symmetric(activation, cases, -1),
        _symmetric(activation, cases, 1),
        _lipschitz(activation, derivative),
        limits,
        tuple(_subdifferential(kink) for kink in derivative.kinks if not kink.jump),
    )


def _subdifferential(kink: FoundKink) -> Subdifferential:
    return Subdifferential(kink.at, sp.Interval(sp.Min(kink.left, kink.right), sp.Max(kink.left, kink.right)))


# --- limits -------------------------------------------------------------------------------------------


def _limits(activation: Activation, cases: Sequence[Case], slopes: Sequence[Case]) -> dict[str, sp.Expr]:
    """Return the limits of f and f' at the ends of the domain."""
    result: dict[str, sp.Expr] = {}
    for function, parts in (("f", cases), ("f'", slopes)):
        for side in (0, -1):
            values, names = [], []
            for case in parts:
                piece = case.pieces[side]
                end = piece.lower if side == 0 else piece.upper
                names.append(text(end) + ("" if end.is_infinite else "+" if side == 0 else "-"))
                values.append((_end_limit(activation, case, piece, side), case.condition))
            if len(set(names)) == 1:
                same = all(value == values[0][0] for value, _ in values)
                whole = values[0][0] if same else sp.Piecewise(*values[:-1], (values[-1][0], True))
                result[f"{function}({names[0]})"] = whole
    return result


def _end_limit(activation: Activation, case: Case, piece: Piece, side: int) -> sp.Expr:
    end = piece.lower if side == 0 else piece.upper
    if end.is_infinite:
        return limit(piece.expression, end, activation, case.condition)
    try:
        return one_sided(piece.expression, end, "+" if side == 0 else "-")
    except (NotImplementedError, ValueError, TypeError):
        return sp.nan


# --- symmetry -----------------------------------------------------------------------------------------


def _symmetric(activation: Activation, cases: Sequence[Case], parity: int) -> bool | None:
    """Return whether f(-z) = parity * f(z): disproved at a point, or proven piece by piece."""
    for case in cases:
        pieces = [piece for piece in case.pieces if piece.lower != piece.upper]
        settings = samples(activation, case.condition)
        if not all(
            _near_zero(left.lower + right.upper, setting)
            for left, right in zip(pieces, reversed(pieces), strict=True)
            for setting in settings
            if not (left.lower.is_infinite and right.upper.is_infinite)
        ):
            return False
        for left, right in list(zip(pieces, reversed(pieces), strict=True))[: len(pieces) // 2 + 1]:
            difference = left.expression.subs(Z, -Z) - parity * right.expression
            for setting in settings:
                for point in _points(right, setting):
                    if not _near_zero(difference.subs(setting).subs(Z, point), {}):
                        return False
            if not _is_zero(difference):
                return None
    return True


def _points(piece: Piece, setting: Mapping[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    lower, upper = piece.lower.subs(setting), piece.upper.subs(setting)
    if lower.is_infinite:
        lower = (sp.S.Zero if upper.is_infinite else upper) - 4
    if upper.is_infinite:
        upper = lower + 7
    return [lower + (upper - lower) * fraction for fraction in (sp.Rational(3, 11), sp.Rational(9, 13))]


def _near_zero(value: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return bool(abs(sp.N(value.subs(setting), 30)) < sp.Float("1e-20"))


def _is_zero(difference: sp.Expr) -> bool:
    if difference == 0 or sp.expand(difference) == 0 or neat(difference) == 0:
        return True
    rewritten = difference.rewrite(sp.exp)
    return neat(rewritten) == 0 or sp.simplify(rewritten) == 0


# --- monotonicity -------------------------------------------------------------------------------------


def _monotonic(
    activation: Activation, cases: Sequence[Case], derivative: Derivative
) -> tuple[str | None, str | None, str | None]:
    """Return the kind, for which parameters, and how it is known."""
    if not isinstance(activation.domain, sp.Interval):
        return None, None, None  # 1/z decreases on either side of 0, and yet not from one to the other
    verdicts = {
        _by_signs(activation, case, slope) for case, slope in zip(cases, derivative.cases, strict=True)
    } - {CONSTANT}
    everywhere = "all z" if not activation.parameters else "all parameters"
    if not verdicts:
        return CONSTANT, everywhere, "signs"
    if len(verdicts) == 1 and None not in verdicts:
        return verdicts.pop(), everywhere, "signs"
    case, slope = _at_defaults(activation, cases, derivative.cases)
    where = ", ".join(f"{p.name} = {text(p.default)}" for p in activation.parameters) or everywhere
    known = _by_signs(activation, case, slope)
    if known is not None:
        return known, where, "signs"
    known = _by_balls(case, slope)
    if known is None:
        return None, None, None
    return known, where, "balls of both signs" if known == NEITHER else f"balls for abs(z) <= {BULK}"


def _at_defaults(activation: Activation, cases: Sequence[Case], slopes: Sequence[Case]) -> tuple[Case, Case]:
    """Return the case of the default parameters, of f and of f', with these put in."""
    defaults = activation.defaults
    index = next(i for i, case in enumerate(cases) if case.condition.subs(defaults) == sp.true)

    def filled(case: Case) -> Case:
        pieces = tuple(
            Piece(p.lower.subs(defaults), p.upper.subs(defaults), p.expression.subs(defaults))
            for p in case.pieces
        )
        breaks = tuple(type(b)(b.at.subs(defaults), b.value.subs(defaults)) for b in case.breaks)
        return Case(sp.true, pieces, breaks)

    return filled(cases[index]), filled(slopes[index])


def _by_signs(activation: Activation, case: Case, slope: Case) -> str | None:
    """Return the kind that the signs of f' on all pieces, and those of the jumps, agree on."""
    signs: set[int | None] = set()
    for pattern in _patterns(activation, case):
        for piece in slope.pieces:
            signs |= {_sign_on(part, pattern) for part in _at_zero(piece)}
        signs |= {_jump(case, index, pattern) for index in range(len(case.breaks))}
        if None in signs or {1, -1} <= signs:
            return None
    return KINDS[frozenset(signs) - {0}]


def _patterns(activation: Activation, case: Case) -> list[dict[sp.Symbol, sp.Expr]]:
    """Return the parameters as symbols with a sign, one dictionary for each combination of signs."""
    used = set().union(*(p.expression.free_symbols | p.lower.free_symbols for p in case.pieces)) - {Z}
    symbols = sorted(used, key=lambda symbol: symbol.name)
    if not symbols:
        return [{}]
    return [
        {s: sign * sp.Dummy(s.name, positive=True) for s, sign in zip(symbols, signs, strict=True)}
        for signs in sign_settings(symbols, activation, case.condition)
    ]


def _at_zero(piece: Piece) -> list[Piece]:
    """Cut a piece that holds 0 there: signs are known on either side."""
    if piece.lower.is_extended_negative and piece.upper.is_extended_positive:
        zero = sp.S.Zero
        if piece.expression.subs(Z, zero).is_finite is not True:
            return [piece]
        return [Piece(piece.lower, zero, piece.expression), Piece(zero, piece.upper, piece.expression)]
    return [piece]


def _sign_on(piece: Piece, pattern: Mapping[sp.Symbol, sp.Expr]) -> int | None:
    """Return the sign of a piece's expression on its interval, None where it may have a pole there."""
    moved = _moved(piece, pattern)
    return sign_of(moved) if is_regular(moved) else None


def _moved(piece: Piece, pattern: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
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


def _by_balls(case: Case, slope: Case) -> str | None:
    """Return the kind that ball arithmetic finds on the bulk, at numeric parameters."""
    signs: set[int | None] = {_jump(case, index, {}) for index in range(len(case.breaks))} - {0}
    try:
        for piece, steep in zip(case.pieces, slope.pieces, strict=True):
            signs |= _covered(piece, steep)
            if {1, -1} <= signs:
                return NEITHER
    except NotSupported:
        return None
    return KINDS.get(frozenset(signs) - {0})


def _covered(piece: Piece, slope: Piece) -> set[int | None]:
    """Return the signs of f' over a piece where f is real; None among them where a ball stays undecided."""
    program = compile_expression(slope.expression, (Z,), EXACT)
    whole = compile_expression(piece.expression, (Z,), EXACT)
    lower, upper = sp.Max(piece.lower, -BULK), sp.Min(piece.upper, BULK)
    if not lower < upper:
        return set()
    bits, ctx.prec = ctx.prec, PRECISION
    try:
        start, stop = (arb(str(sp.N(end, 30))) for end in (lower, upper))
        grid = [start + (stop - start) * k / POINTS for k in range(POINTS + 1)]
        signs = {_ball_sign(program((x,))) for x in grid[1:-1] if whole((x,)) is not None} - {None, 0}
        if {1, -1} <= signs:
            return signs
        waiting = [(a, b, 0) for a, b in pairwise(grid)]
        for _ in range(MAX_BALLS):
            if not waiting:
                return signs
            a, b, depth = waiting.pop()
            ball = (a.union(b),)
            sign = None if whole(ball) is None else _ball_sign(program(ball))
            if sign is not None:
                signs.add(sign)
            elif depth == MAX_DEPTH:
                break
            else:
                middle = ((a + b) / 2).mid()
                waiting += [(a, middle, depth + 1), (middle, b, depth + 1)]
        return signs | {None}
    finally:
        ctx.prec = bits


def _ball_sign(value: Ball) -> int | None:
    """Return 1, -1 or 0 for a ball that is certainly >= 0, <= 0 or 0, else None."""
    if value is None:
        return None
    if value == 0:
        return 0
    if value >= 0:
        return 1
    return -1 if value <= 0 else None


# --- range and Lipschitz constant ---------------------------------------------------------------------


def _range(
    activation: Activation,
    cases: Sequence[Case],
    monotonic: str | None,
    where: str | None,
    limits: Mapping[str, sp.Expr],
) -> sp.Set | None:
    """Return the range of a continuous f that is monotonic for all parameters: from limit to limit."""
    if monotonic not in (INCREASING, DECREASING) or where not in ("all z", "all parameters"):
        return None
    if len(cases) > 1 or any(_jump(cases[0], i, {}) != 0 for i in range(len(cases[0].breaks))):
        return None
    ends = [value for name, value in limits.items() if name.startswith("f(")]
    if len(ends) != 2 or any(value.has(sp.nan, sp.Piecewise) for value in ends):
        return None
    attained = [not cases[0].pieces[side].expression.has(Z) for side in (0, -1)]
    if monotonic == DECREASING:
        ends, attained = ends[::-1], attained[::-1]
    found = sp.Interval(*ends, *(not at for at in attained))
    return sp.S.Reals if found == sp.S.Reals else found


def _lipschitz(activation: Activation, derivative: Derivative) -> sp.Expr | None:
    """Return sup abs(f') where f' is monotonic between the ends of its pieces and 0."""
    if any(kink.jump for kink in derivative.kinks):
        return sp.oo
    if len(derivative.cases) > 1:
        return None
    (case,) = derivative.cases
    values: list[sp.Expr] = []
    for piece in (part for whole in case.pieces for part in _at_zero(whole)):
        second = neat(derive(piece.expression, Z).result)
        signs = {_sign_on(Piece(piece.lower, piece.upper, second), p) for p in _patterns(activation, case)}
        if None in signs:
            return None
        for end, direction in ((piece.lower, "+"), (piece.upper, "-")):
            if end.is_infinite:
                values.append(limit(piece.expression, end, activation, case.condition))
            else:
                values.append(one_sided(piece.expression, end, direction))
    if any(value.has(sp.nan) for value in values):
        return None
    return sp.piecewise_fold(sp.Max(*(sp.Abs(value) for value in values)))
