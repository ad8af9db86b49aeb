"""Definitions: what a float64 function is meant to be at the default parameters, piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb, ctx

from symact.accuracy import Form
from symact.accuracy.judgements import PROVED as FUNCTIONS
from symact.accuracy.questions import settings
from symact.activations import Activation, G, Kink, Z, samples
from symact.arithmetics import constant
from symact.derivatives import differentiate
from symact.enclosures import enclose
from symact.enclosures.jets import Jet
from symact.errors import NotSupported
from symact.formats import BINARY64
from symact.functions import plain
from symact.pieces import Case, split, within

END_BITS = 400
"""An irrational end is known to so many bits: far more than it takes to see between which floats it lies."""


@dataclass(frozen=True)
class Part:
    """The derivative of an order of a smooth expression in `Z`, between two numbers.

    ``other`` is meant to be the same function simplified; tails may be told from it.
    """

    low: Fraction | None
    high: Fraction | None
    expression: sp.Expr
    order: int = 0
    other: sp.Expr | None = None

    @property
    def function(self) -> sp.Expr:
        """The function itself, differentiated by SymPy."""
        return _derivative(self.expression) if self.order else self.expression

    def holds(self, low: float, high: float) -> bool:
        """Return whether the part reaches over an interval, ends included."""
        return (self.low is None or self.low <= low) and (self.high is None or high <= self.high)

    def coefficients(self, point: arb, count: int, precision: int) -> list[arb] | None:
        """Return Taylor coefficients at every point of a ball; None where they may not exist."""
        jet = jet_of(self.expression, precision)
        found = None if jet is None else jet(point, count - 1 + self.order)
        if found is None or not self.order:
            return found
        before, ctx.prec = ctx.prec, precision
        try:
            return [(k + 1) * found[k + 1] for k in range(count)]
        finally:
            ctx.prec = before


@dataclass(frozen=True)
class Definition:
    """Parts from left to right; ``points`` are values where they are not told by a part.

    Outside of the parts anything may be returned where ``free``, else nothing but NaN.
    """

    parts: tuple[Part, ...]
    points: Mapping[Fraction, arb]
    values: Mapping[str, float]
    """The parameters by name."""

    def at(self, low: float, high: float) -> Part | None:
        """Return the part that reaches over an interval."""
        return next((part for part in self.parts if part.holds(low, high)), None)


@lru_cache(maxsize=256)
def _derivative(expression: sp.Expr) -> sp.Expr:
    return sp.diff(expression, Z)


@lru_cache(maxsize=128)
def jet_of(expression: sp.Expr, precision: int) -> Jet | None:
    """Return the jet of an expression in `Z`; None where a function in it has no power series here."""
    try:
        return Jet(expression, Z, precision)
    except (NotSupported, ValueError, ZeroDivisionError):
        return None


def definition(activation: Activation, function: str, form: Form | None) -> Definition:
    """Return what a function is to be at the default parameters, as float64 has them.

    Raises NotSupported for another function, or where there is no output form at the defaults.
    """
    exact = settings(activation, BINARY64)[0]
    numbers = {
        p.symbol: sp.Rational(exact[p.name].numerator, exact[p.name].denominator)
        for p in activation.parameters
    }
    values = {name: float(value) for name, value in exact.items()}
    if function == "forward":
        case = _case(split(activation), numbers)
        parts = _parts(case, numbers, 0, None)
        points = {at: value for part in parts for at, value in _ends(part, activation.expression, numbers)}
        return Definition(parts, points, values)
    if function == "derivative":
        whole = _case(differentiate(activation).cases, numbers)
        parts = _parts(_case(split(activation), numbers), numbers, 1, whole)
        return Definition(parts, _breaks(whole, numbers), values)
    if function not in FUNCTIONS:
        raise NotSupported(f"{function}: not a function of one variable that is proved")
    if form is None or form.condition.subs(numbers) != sp.true:
        raise NotSupported(f"{activation.title}: no output form at the default parameters")
    in_output = Activation(
        activation.name, form.expression.subs(G, Z), activation.parameters, (Kink(sp.S.Zero, sp.S.Zero),)
    )
    cases = split(in_output)
    settings_ = samples(activation, form.condition) if activation.parameters else ({},)
    case = within(_case(cases, numbers), activation.range, settings_)
    parts = _clipped(_parts(case, numbers, 0, None), activation.range, numbers)
    points = {at: value for part in parts for at, value in _ends(part, in_output.expression, numbers)}
    return Definition(parts, points, values)


def _clipped(
    parts: tuple[Part, ...], bounds: sp.Set | None, numbers: Mapping[sp.Symbol, sp.Expr]
) -> tuple[Part, ...]:
    """Return parts cut off where a range ends at the default parameters."""
    if not isinstance(bounds, sp.Interval):
        return parts
    inf, sup = (_number(end.subs(numbers)) for end in (bounds.inf, bounds.sup))
    found = []
    for part in parts:
        low = part.low if inf is None or (part.low is not None and part.low >= inf) else inf
        high = part.high if sup is None or (part.high is not None and part.high <= sup) else sup
        if low is None or high is None or low < high:
            found.append(replace(part, low=low, high=high))
    return tuple(found)


def _case(cases: tuple[Case, ...], numbers: Mapping[sp.Symbol, sp.Expr]) -> Case:
    for case in cases:
        if case.condition.subs(numbers) == sp.true:
            return case
    raise NotSupported("bounds: no case holds at the default parameters")


def _parts(
    case: Case, numbers: Mapping[sp.Symbol, sp.Expr], order: int, simplified: Case | None
) -> tuple[Part, ...]:
    """Return the parts of a case that are not empty at the default parameters."""
    others = [] if simplified is None else list(simplified.pieces)
    found = []
    for piece in case.pieces:
        low, high = (_number(end.subs(numbers)) for end in (piece.lower, piece.upper))
        if low is not None and high is not None and low >= high:
            continue
        same = [p for p in others if p.lower == piece.lower and p.upper == piece.upper]
        other = same[0].expression.subs(numbers) if same else None
        found.append(Part(low, high, plain(piece.expression).subs(numbers), order, other))
    return tuple(found)


def _number(end: sp.Expr) -> Fraction | None:
    """Return an end as a number, None where it is infinite."""
    if end.is_infinite:
        return None
    if end.is_Rational:
        return Fraction(int(end.p), int(end.q))
    before, ctx.prec = ctx.prec, END_BITS
    try:
        mantissa, exponent = constant(end).mid().man_exp()
    finally:
        ctx.prec = before
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _ends(
    part: Part, expression: sp.Expr, numbers: Mapping[sp.Symbol, sp.Expr]
) -> list[tuple[Fraction, arb]]:
    """Return the definition's own values at the ends of a part that are floats."""
    ends = [end for end in (part.low, part.high) if end is not None and is_float(end)]
    whole = expression.subs(numbers)
    return [(end, _value(whole, end)) for end in ends]


def _value(expression: sp.Expr, at: Fraction) -> arb:
    """Return a value at a float: exactly where it is rational, since 0 has no neighbour that is as good."""
    found = expression.subs(Z, sp.Rational(at.numerator, at.denominator))
    if found.is_Rational:
        return ball(Fraction(int(found.p), int(found.q)))
    return enclose(expression, {Z: ball(at)}, END_BITS)


def _breaks(case: Case, numbers: Mapping[sp.Symbol, sp.Expr]) -> dict[Fraction, arb]:
    """Return the values at the breaks, the conventions at kinks among them."""
    found = {}
    for cut in case.breaks:
        at, value = _number(cut.at.subs(numbers)), cut.value.subs(numbers)
        if at is not None and value.is_finite is not False:
            found[at] = enclose(value, {}, END_BITS)
    return found


def is_float(value: Fraction) -> bool:
    """Return whether a number is a binary64."""
    return BINARY64.round(value) == value


def ball(value: Fraction | float) -> arb:
    """Return a number as a ball: of radius 0 for a binary fraction."""
    exact = Fraction(value)
    if exact.denominator & (exact.denominator - 1):
        return arb(exact.numerator) / exact.denominator
    return arb((int(exact.numerator), 1 - exact.denominator.bit_length()))
