"""Ball programs: an expression, exactly as it is defined, as a function of balls or of series of balls.

What leaves here encloses the truth. Where the precision in force cannot tell which branch a point is
on, or whether a logarithm exists, `Undecided` says so and the caller raises the precision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_series, ctx, fmpq
from sympy.core.relational import Relational

from symact.errors import NotSupported
from symact.functions import plain

TIE_BITS = 4096
"""Two irrational values that agree to this many bits are taken as equal."""

Ball = Any
"""An `arb`, or an `arb_series` of two coefficients: the value and the derivative."""

Node = Callable[[tuple[Ball, ...]], Ball]


class Undefined(ArithmeticError):
    """There is no real value here, such as log(-1)."""


class AtPole(ArithmeticError):
    """The value, or the derivative, is exactly at the end of a function's domain: a limit may exist."""


class Undecided(ArithmeticError):
    """The precision in force does not tell; a higher one may."""


def enclose(expression: sp.Expr, values: Mapping[sp.Symbol, arb], prec: int = 128) -> arb:
    """Return a ball that holds the expression's value at every point of the symbols' balls.

    Where the balls reach over a switch the branches are joined; NaN where the expression may be undefined.

    >>> z = sp.Symbol("z", real=True)
    >>> enclose(sp.Max(z, 0), {z: arb(0, 1)}).contains(arb(1))
    True
    """
    symbols = tuple(values)
    before, ctx.prec = ctx.prec, prec
    try:
        return Builder(symbols, {}, hull=True).build(plain(expression))(tuple(values[s] for s in symbols))
    except (Undefined, AtPole, Undecided):
        return arb.nan()
    finally:
        ctx.prec = before


def rational(node: sp.Basic, values: Mapping[sp.Symbol, Fraction]) -> Fraction | None:
    """Return the exact value of a rational expression; None where it is not rational or not known.

    >>> z = sp.Symbol("z", real=True)
    >>> rational(sp.Max(z/6 + sp.Rational(1, 2), 0), {z: Fraction(-3)}), rational(sp.exp(z), {z: Fraction(1)})
    (Fraction(0, 1), None)
    """
    if node.is_Symbol:
        return values.get(node)
    if node.is_Rational:
        return Fraction(int(node.p), int(node.q))
    if node.is_Float:
        return Fraction(sp.Rational(node).p, sp.Rational(node).q)
    if isinstance(node, sp.Piecewise):
        for value, condition in node.args:
            holds = _rational_condition(condition, values)
            if holds is None:
                return None
            if holds:
                return rational(value, values)
        return None
    if not isinstance(node, sp.Add | sp.Mul | sp.Pow | sp.Abs | sp.sign | sp.Max | sp.Min):
        return None
    parts = [rational(argument, values) for argument in node.args]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if isinstance(node, sp.Add):
        return sum(known, Fraction(0))
    if isinstance(node, sp.Mul):
        product = Fraction(1)
        for part in known:
            product *= part
        return product
    if isinstance(node, sp.Pow):
        base, exponent = known
        if exponent.denominator != 1 or abs(exponent) > 64 or (base == 0 and exponent < 0):
            return None
        return base ** int(exponent)
    if isinstance(node, sp.Abs):
        return abs(known[0])
    if isinstance(node, sp.sign):
        return Fraction((known[0] > 0) - (known[0] < 0))
    return max(known) if isinstance(node, sp.Max) else min(known)


def _rational_condition(condition: sp.Basic, values: Mapping[sp.Symbol, Fraction]) -> bool | None:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, Relational):
        difference = rational(condition.lhs - condition.rhs, values)
        return None if difference is None else _holds(condition, (difference > 0) - (difference < 0))
    parts = [_rational_condition(part, values) for part in condition.args]
    return _combine(condition, parts)


def _holds(relation: Relational, sign: int) -> bool:
    return {">": sign > 0, ">=": sign >= 0, "<": sign < 0, "<=": sign <= 0, "==": sign == 0, "!=": sign != 0}[
        relation.rel_op
    ]


def _combine(condition: sp.Basic, parts: list[bool | None]) -> bool | None:
    """Return And, Or, Not of parts that may be unknown."""
    if isinstance(condition, sp.Not):
        return None if parts[0] is None else not parts[0]
    decisive = isinstance(condition, sp.Or)
    if not decisive and not isinstance(condition, sp.And):
        raise NotSupported(f"enclosures: no meaning for the condition {condition}")
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


@dataclass
class Point:
    """Where a program is being evaluated: exact coordinates for ties, and the side from which it looks."""

    exact: Mapping[sp.Symbol, Fraction] = field(default_factory=dict)
    side: int = 1


@dataclass
class Builder:
    """Builds programs at the precision in force; constants are computed once.

    ``values`` are exact values of parameters. With ``series`` balls are power series, and a tie is
    broken as it is just beside the point; with ``hull`` both sides of a tie are joined.
    """

    symbols: tuple[sp.Symbol, ...]
    values: Mapping[sp.Symbol, Fraction]
    series: bool = False
    hull: bool = False
    point: Point = field(default_factory=Point)
    built: dict[sp.Basic, Node] = field(default_factory=dict)

    def build(self, node: sp.Expr) -> Node:
        """Return the program of an expression."""
        if node not in self.built:
            if node.is_Symbol and node in self.symbols:
                index = self.symbols.index(node)
                self.built[node] = lambda x: x[index]
            elif not node.free_symbols & set(self.symbols):
                self.built[node] = self._constant(node)
            else:
                self.built[node] = self._build(node)
        return self.built[node]

    def _constant(self, node: sp.Expr) -> Node:
        """A constant is computed when first needed: it may be undefined in a branch that is never taken."""
        held: list[Ball] = []
        exact = rational(node, self.values)
        if exact is not None:
            held.append(self._wrap(arb(fmpq(exact.numerator, exact.denominator))))
        elif node is sp.pi:
            held.append(self._wrap(arb.pi()))
        elif node is sp.E:
            held.append(self._wrap(arb.const_e()))
        elif node.is_Symbol or not node.args:
            raise NotSupported(f"enclosures: {node} has no value; give one to every parameter")
        else:
            compute = self._build(node)

            def run(x: tuple[Ball, ...]) -> Ball:
                if not held:
                    held.append(compute(x))
                return held[0]

            return run
        value = held[0]
        return lambda x: value

    def _wrap(self, value: arb) -> Ball:
        return arb_series([value]) if self.series else value

    def _build(self, node: sp.Expr) -> Node:
        if isinstance(node, sp.Add):
            return self._sum(node)
        if isinstance(node, sp.Mul):
            return _fold([self.build(a) for a in node.args], lambda a, b: a * b)
        if isinstance(node, sp.Piecewise):
            return self._piecewise(node)
        if isinstance(node, sp.Max | sp.Min):
            return self._extremum(node)
        if isinstance(node, sp.Abs | sp.sign):
            return self._sign(node)
        if isinstance(node, sp.log):
            one, rest = node.args[0].as_coeff_Add()
            if one == 1 and rest != 0:  # log(1 + u): 1 + u would forget a tiny u
                return self._apply("log1p", self.build(rest))
        name = node.func.__name__
        if name in FUNCTIONS:
            return self._apply(name, self.build(node.args[0]))
        if isinstance(node, sp.Pow):
            return self._power(node)
        raise NotSupported(f"enclosures: no ball function for {name} in {node}")

    def _apply(self, name: str, argument: Node) -> Node:
        check, on_balls, on_series = FUNCTIONS[name]
        function: Callable[[Any], Any] = on_series if self.series else on_balls
        if check is None:
            return lambda x: function(argument(x))
        series = self.series

        def run(x: tuple[Ball, ...]) -> Ball:
            value = argument(x)
            check(value[0] if series else value, series)
            return function(value)

        return run

    def _sum(self, node: sp.Add) -> Node:
        """Add up; ``c + c erf(u)`` is ``c erfc(-u)``, which stays exact where erf(u) is nearly -1."""
        constant, rest = node.as_coeff_Add()
        terms = list(sp.Add.make_args(rest))
        for term in terms:
            factor, function = term.as_coeff_Mul()
            if isinstance(function, sp.erf) and constant != 0 and abs(factor) == abs(constant):
                complement = self._complement(constant, function.args[0], -1 if factor == constant else 1)
                parts = [self.build(other) for other in terms if other is not term]
                return _fold([complement, *parts], lambda a, b: a + b)
        return _fold([self.build(a) for a in node.args], lambda a, b: a + b)

    def _complement(self, scale: sp.Expr, argument: sp.Expr, sign: int) -> Node:
        u, factor = self.build(argument), self.build(scale)
        erfc = self._apply("erfc", (lambda x: -u(x)) if sign < 0 else u)
        return lambda x: factor(x) * erfc(x)

    def _power(self, node: sp.Pow) -> Node:
        base, series = self.build(node.base), self.series
        exponent = rational(node.exp, self.values)
        if exponent is not None and exponent.denominator == 1:
            return self._integer_power(base, int(exponent))
        if exponent is not None and exponent.denominator == 2:
            return self._integer_power(self._apply("sqrt", base), exponent.numerator)
        power = self.build(node.exp)

        def run(x: tuple[Ball, ...]) -> Ball:
            b, y = base(x), power(x)
            first = b[0] if series else b
            if first.is_zero() and not series and y > 0:
                return arb(0)
            _positive(first, series)
            return (y * b.log()).exp()

        return run

    def _integer_power(self, base: Node, n: int) -> Node:
        series = self.series

        def run(x: tuple[Ball, ...]) -> Ball:
            value = base(x)
            result = value
            for bit in bin(abs(n))[3:]:
                result = result * result
                if bit == "1":
                    result = result * value
            if n > 0:
                return result
            _nonzero(result[0] if series else result, series)
            return result.inv() if series else 1 / result

        if n == 0:
            one = self._wrap(arb(1))
            return lambda x: one
        return run

    def _decide(self, value: Ball, difference: sp.Expr) -> int | None:
        """Return the sign of a difference, 0 at a tie; None in a hull that cannot tell."""
        c = value[0] if self.series else value
        if c > 0:
            return 1
        if c < 0:
            return -1
        if self.hull:
            return 0 if c.is_zero() else None
        if c.is_nan():
            raise Undecided
        if not c.is_zero():
            exact = rational(difference, {**self.values, **self.point.exact})
            if exact is None and ctx.prec < TIE_BITS:
                raise Undecided
            if exact:
                return 1 if exact > 0 else -1
        if self.series and value[1] > 0:
            return self.point.side
        if self.series and value[1] < 0:
            return -self.point.side
        return 0

    def _sign(self, node: sp.Expr) -> Node:
        inner, argument = node.args[0], self.build(node.args[0])
        magnitude, hull = isinstance(node, sp.Abs), self.hull

        def run(x: tuple[Ball, ...]) -> Ball:
            value = argument(x)
            if hull:
                return abs(value) if magnitude else value.sgn()
            sign = self._decide(value, inner)
            if magnitude:
                return -value if sign == -1 else value
            return self._wrap(arb(sign))

        return run

    def _extremum(self, node: sp.Expr) -> Node:
        largest = isinstance(node, sp.Max)
        # Constants last: at a tie the later one is taken, and a constant is exact.
        arguments = sorted(node.args, key=lambda a: not a.free_symbols & set(self.symbols))
        built = [(a, self.build(a)) for a in arguments]

        def run(x: tuple[Ball, ...]) -> Ball:
            chosen, value = built[0][0], built[0][1](x)
            for other, compute in built[1:]:
                rival = compute(x)
                if self.hull:
                    value = value.max(rival) if largest else value.min(rival)
                    continue
                sign = self._decide(value - rival, chosen - other)
                if sign == 0 or (sign == 1) != largest:
                    chosen, value = other, rival
            return value

        return run

    def _piecewise(self, node: sp.Piecewise) -> Node:
        branches = [(self._condition(condition), self._later(value)) for value, condition in node.args]

        def run(x: tuple[Ball, ...]) -> Ball:
            possible: list[Ball] = []
            for condition, compute in branches:
                holds = condition(x)
                if holds is False:
                    continue
                value = compute(x)
                for other in possible:
                    value = value.union(other)
                if holds:
                    return value
                possible = [value]
            raise Undefined

        return run

    def _later(self, node: sp.Expr) -> Node:
        """Build a branch when it is first taken: at these parameters it may have no meaning."""
        return lambda x: self.build(node)(x)

    def _condition(self, condition: sp.Basic) -> Callable[[tuple[Ball, ...]], bool | None]:
        if condition in (sp.true, sp.false):
            known = bool(condition)
            return lambda x: known
        if isinstance(condition, Relational):
            difference = condition.lhs - condition.rhs
            compute = self.build(difference)

            def run(x: tuple[Ball, ...]) -> bool | None:
                sign = self._decide(compute(x), difference)
                return None if sign is None else _holds(condition, sign)

            return run
        parts = [self._condition(part) for part in condition.args]
        return lambda x: _combine(condition, [part(x) for part in parts])


def _fold(parts: list[Node], combine: Callable[[Ball, Ball], Ball]) -> Node:
    if len(parts) == 2:
        first, second = parts
        return lambda x: combine(first(x), second(x))

    def run(x: tuple[Ball, ...]) -> Ball:
        value = parts[0](x)
        for part in parts[1:]:
            value = combine(value, part(x))
        return value

    return run


# Where a function is defined. A series needs the open domain: at its end there is no derivative.


def _nonzero(x: arb, series: bool) -> None:
    if not (x > 0 or x < 0):
        raise AtPole if x.is_zero() else Undecided


def _positive(x: arb, series: bool) -> None:
    if not x > 0:
        raise Undefined if x < 0 else AtPole if x.is_zero() else Undecided


def _at_least_0(x: arb, series: bool) -> None:
    if not x > 0 and (series or not x.is_zero()):
        raise Undefined if x < 0 else AtPole if x.is_zero() else Undecided


def _above_minus_1(x: arb, series: bool) -> None:
    _positive(1 + x if not -0.5 < x < 0.5 else arb(1), series)


def _at_least_1(x: arb, series: bool) -> None:
    _at_least_0(x - 1, series)


def _within_1(x: arb, series: bool) -> None:
    _at_least_0(1 - abs(x), series)


def _inside_1(x: arb, series: bool) -> None:
    _positive(1 - abs(x), series)


def _first_order(value: Callable[[arb], arb], slope: Callable[[arb], arb]) -> Callable[[Any], Any]:
    """Compose with a function of which FLINT has no power series: its value and its derivative there."""
    return lambda u: arb_series([value(u[0]), slope(u[0]) * u[1]])


def _square(x: arb) -> arb:
    return (
        x * x
    )  # not x**2, which FLINT computes by a logarithm that overflows where x is as small as sech(e^100)


def _erfc(x: arb) -> arb:
    """Return erfc of a ball; FLINT's bound on how the radius propagates is too wide where erfc is tiny.

    With |t| <= r: erfc(m + t) = erfc(m) e^s for some |s| <= r (2 (m + r) + 2), because for x > 0
    -erfc'(x)/erfc(x) < x + sqrt(x^2 + 2) (DLMF 7.8.3).
    """
    if x < 8 or x.is_exact():
        return x.erfc()
    return arb(x.mid()).erfc() * arb(0, x.rad() * (2 * x.upper() + 2)).exp()


Row = tuple[Callable[[arb, bool], None] | None, Callable[[Any], Any], Callable[[Any], Any]]

FUNCTIONS: Mapping[str, Row] = {
    "exp": (None, arb.exp, arb_series.exp),
    "log": (_positive, arb.log, arb_series.log),
    "log1p": (_above_minus_1, arb.log1p, _first_order(arb.log1p, lambda x: 1 / (1 + x))),
    "sqrt": (_at_least_0, arb.sqrt, arb_series.sqrt),
    "sin": (None, arb.sin, arb_series.sin),
    "cos": (None, arb.cos, arb_series.cos),
    "tan": (None, arb.tan, arb_series.tan),
    "sinh": (None, arb.sinh, _first_order(arb.sinh, arb.cosh)),
    "cosh": (None, arb.cosh, _first_order(arb.cosh, arb.sinh)),
    "tanh": (None, arb.tanh, _first_order(arb.tanh, lambda x: _square(x.sech()))),
    "asin": (_within_1, arb.asin, arb_series.asin),
    "acos": (_within_1, arb.acos, arb_series.acos),
    "atan": (None, arb.atan, arb_series.atan),
    "asinh": (None, arb.asinh, _first_order(arb.asinh, lambda x: 1 / (1 + x * x).sqrt())),
    "acosh": (_at_least_1, arb.acosh, _first_order(arb.acosh, lambda x: 1 / (x * x - 1).sqrt())),
    "atanh": (_inside_1, arb.atanh, _first_order(arb.atanh, lambda x: 1 / (1 - x * x))),
    "erf": (None, arb.erf, arb_series.erf),
    "erfc": (None, _erfc, _first_order(_erfc, lambda x: -2 / arb.pi().sqrt() * (-x * x).exp())),
}
"""SymPy's class name -> where it is defined, the function on balls, the function on power series."""
