"""Programs from expressions: closures over balls, or over power series, at one precision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import add, mul
from typing import Any

import sympy as sp
from flint import arb, arb_series, ctx, fmpq
from sympy.core.relational import Relational

from symact.arithmetics import integer_power
from symact.enclosures.ball_functions import FUNCTIONS, Undecided, Undefined, nonzero, positive
from symact.enclosures.rationals import combine, holds, rational
from symact.errors import NotSupported

TIE_BITS = 4096
"""Two irrational values that agree to this many bits are taken as equal."""

Ball = Any
"""An `arb`, or an `arb_series` of two coefficients: the value and the derivative."""

Node = Callable[[tuple[Ball, ...]], Ball]


@dataclass
class Point:
    """Where a program is being evaluated: exact coordinates for ties, and the side from which it looks.

    ``tied`` becomes true where that side decides.
    """

    exact: Mapping[sp.Symbol, Fraction] = field(default_factory=dict)
    side: int = 1
    tied: bool = False


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
            return self._folded(node, mul)
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
                return _fold([complement, *parts], add)
        return self._folded(node, add)

    def _folded(self, node: sp.Expr, combine: Callable[[Ball, Ball], Ball]) -> Node:
        """Combine a node's arguments; a number in front is no program of its own."""
        parts = [self.build(argument) for argument in node.args]
        number = rational(node.args[0], {})
        if len(parts) != 2 or number is None:
            return _fold(parts, combine)
        value, rest = self._wrap(arb(fmpq(number.numerator, number.denominator))), parts[1]
        return lambda x: combine(value, rest(x))

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
            positive(first, series)
            return (y * b.log()).exp()

        return run

    def _integer_power(self, base: Node, n: int) -> Node:
        series = self.series

        def run(x: tuple[Ball, ...]) -> Ball:
            value = base(x)
            result = integer_power(value, abs(n))
            if n > 0:
                return result
            nonzero(result[0] if series else result, series)
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
        if not self.series or not (value[1] > 0 or value[1] < 0):
            return 0
        self.point.tied = True
        return self.point.side if value[1] > 0 else -self.point.side

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
                return None if sign is None else holds(condition, sign)

            return run
        parts = [self._condition(part) for part in condition.args]
        return lambda x: combine(condition, [part(x) for part in parts])


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
