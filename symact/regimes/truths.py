"""Truths: a function's values at exact points, to as much precision as that takes."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb, ctx

from symact.activations import Z
from symact.arithmetics import EXACT, Program, compile_expression
from symact.forms import T, identities
from symact.regimes.parameters import positive
from symact.regimes.points import Point, exact_ball

PRECISIONS = (150, 420, 1300, 2800, 9000)

VANISHING = arb(2) ** -1400
"""What is below this is as good as 0 in every format."""


class Truth:
    """f at one setting of the parameters, by the definition or by identities that cancel less.

    What was computed is remembered: the points of one format are mostly those of another too.
    """

    def __init__(self, expression: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr]) -> None:
        values = {**setting, **{positive(symbol): abs(value) for symbol, value in setting.items()}}
        self.expression = expression.subs(values)
        self.values = {symbol: exact_ball(Fraction(int(v.p), int(v.q))) for symbol, v in values.items()}
        self.program = compile_expression(self.expression, (Z,), EXACT)
        self._mirrored = {
            side: [
                compile_expression(form.expression.subs(values), (T,), EXACT)
                for form in identities(expression.subs(Z, side * T))
            ]
            for side in (1, -1)
        } | {0: []}
        self._known: dict[tuple[int, int], arb | None] = {}

    def at(self, point: Point) -> arb | None:
        """Return f at a point; None where it is undefined."""
        if point.key not in self._known:
            others = [(program, abs(point.ball)) for program in self._mirrored[point.sign]]
            self._known[point.key] = _settled_value([(self.program, point.ball), *others])
        return self._known[point.key]


@lru_cache(maxsize=64)
def truth(expression: sp.Expr, setting: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> Truth:
    """Return the truth of an expression at one setting of its parameters."""
    return Truth(expression, dict(setting))


def true_value(programs: Sequence[tuple[Program, Fraction]]) -> arb | None:
    """Return a value to 90 bits, as much precision as that takes; None where undefined.

    Each program computes it at its own point; the first that settles it does.
    """
    return _settled_value([(program, exact_ball(point)) for program, point in programs])


def _settled_value(pairs: Sequence[tuple[Program, arb]]) -> arb | None:
    old = ctx.prec
    value: arb | None = None
    try:
        for bits in PRECISIONS:
            ctx.prec = bits
            for program, z in pairs:
                found = program((z,))
                if found is None or not found.is_finite():
                    continue
                if _settled(found):
                    return found
                value = found
    finally:
        ctx.prec = old
    return value if value is not None and value.rel_accuracy_bits() >= 60 else None


def true_value_at(program: Program, point: arb) -> arb | None:
    """Return the value at a ball of some hundred bits."""
    old, ctx.prec = ctx.prec, PRECISIONS[1]
    try:
        value = program((point,))
    finally:
        ctx.prec = old
    return value if value is not None and value.is_finite() else None


def _settled(value: arb) -> bool:
    return bool(value.rel_accuracy_bits() >= 90 or value == 0 or abs(value).upper() < VANISHING)


def bisect(program: Program, low: Fraction, high: Fraction, *, rising: bool) -> arb | None:
    """Return a sign change between two points as a number of 140 bits; None where it is a pole."""
    old, ctx.prec = ctx.prec, 420
    try:
        a, b = exact_ball(low), exact_ball(high)
        for _ in range(220 + abs(low.denominator.bit_length() - high.denominator.bit_length())):
            middle = ((a + b) / 2).mid()
            value = program((middle,))
            if value is None:
                return None
            if value == 0 or value.contains(0):
                return middle
            if bool(value > 0) == rising:
                b = middle
            else:
                a = middle
            if abs(b - a) < abs(b) * arb(2) ** -150:
                break
        ends = [program((a,)), program((b,))]
        if any(v is None or abs(v) > arb(2) ** 60 for v in ends):
            return None
        return ((a + b) / 2).mid()
    finally:
        ctx.prec = old
