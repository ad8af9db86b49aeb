"""Enclosures on a half-line: an expression, for all x beyond a start, as ``scale(x) * ball``.

The scale ``exp(e) x**p log(x)**m`` is exact, the ball holds the ratio for every ``x >= start``: a ball
without 0 proves the sign, however small the values become.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from flint import arb, ctx

from symact.arithmetics import constant, integer_power
from symact.enclosures.ball_functions import FUNCTIONS, Undecided
from symact.errors import NotSupported
from symact.growth import Complement, Remainder, X, growth, resolved
from symact.growth import Undecided as UndecidedGrowth

PRECISION = 128


@dataclass(frozen=True)
class Scale:
    """``exp(exponent) * x**power * log(x)**logs``, exactly; the exponent is 0 or tends to +-oo."""

    exponent: sp.Expr = sp.S.Zero
    power: sp.Expr = sp.S.Zero
    logs: sp.Expr = sp.S.Zero

    def times(self, other: "Scale", power: sp.Expr = sp.S.One) -> "Scale":
        """Return the product with a power of another scale."""
        return Scale(
            sp.expand(self.exponent + power * other.exponent),
            self.power + power * other.power,
            self.logs + power * other.logs,
        )

    def order(self) -> int:
        """Return 1 where it tends to oo, -1 where it tends to 0, 0 where it is 1; Undecided is raised."""
        if self.exponent != 0:
            try:
                exponent = growth(self.exponent)
            except UndecidedGrowth:
                raise Undecided from None
            if exponent.order != 1:
                raise Undecided
            return 1 if exponent.coefficient.is_positive else -1
        return int(sp.sign(self.power or self.logs))

    @property
    def expression(self) -> sp.Expr:
        """The scale in `X`."""
        return sp.exp(self.exponent) * X**self.power * sp.log(X) ** self.logs


ONE = Scale()


@dataclass(frozen=True)
class Tail:
    """The values of a function for ``x >= start``: ``scale(x)`` times a number in ``ball``."""

    scale: Scale
    ball: arb

    @property
    def sign(self) -> int | None:
        """The sign that it has everywhere; None where the ball does not tell."""
        return _sign(self.ball)


class Tails:
    """Enclosures for all ``x >= start`` (2 at least).

    >>> Tails(8).of(X*sp.exp(-X) - sp.exp(-2*X)).sign
    1
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self._found: dict[sp.Expr, Tail] = {}
        self._suprema: dict[Scale, arb] = {}

    def of(self, expression: sp.Expr) -> Tail:
        """Return the enclosure of an expression in `X`.

        Raises Undecided where leading terms cancel, or a function has no rule here.
        """
        before, ctx.prec = ctx.prec, PRECISION
        try:
            return self._of(expression)
        except (NotSupported, ZeroDivisionError, ValueError):
            raise Undecided from None
        finally:
            ctx.prec = before

    def magnitude(self, tail: Tail) -> arb:
        """Return a bound of the absolute value for all ``x >= start``. Raises Undecided."""
        return arb(abs(tail.ball).upper()) * arb(self._supremum(tail.scale).upper())

    def at_start(self, scale: Scale) -> arb:
        """Return a scale's value at the start."""
        return constant(scale.expression.subs(X, self.start))

    def decreasing(self, scale: Scale) -> bool:
        """Return whether a scale certainly decreases from the start on.

        x times its logarithmic derivative is ``x e'(x) + p + m/log(x)``.
        """
        if scale.exponent == 0 and scale.power == 0:
            return bool(scale.logs <= 0)
        rest = constant(scale.power) + (constant(scale.logs) / arb(self.start).log()).max(arb(0))
        if scale.exponent == 0:
            return bool(rest < 0)
        slope = self._of(sp.expand(X * sp.diff(scale.exponent, X)))
        return bool(self._add(slope, Tail(ONE, rest)).ball < 0)

    def _supremum(self, scale: Scale) -> arb:
        """Return the ball from 0 to the largest value of a scale that does not grow."""
        if scale not in self._suprema:
            if scale == ONE:
                self._suprema[scale] = arb(1)
            elif scale.order() < 1 and self.decreasing(scale):
                self._suprema[scale] = arb(0).union(self.at_start(scale))
            else:
                raise Undecided
        return self._suprema[scale]

    def _of(self, node: sp.Expr) -> Tail:
        if node not in self._found:
            self._found[node] = self._compute(node)
        return self._found[node]

    def _compute(self, node: sp.Expr) -> Tail:
        if X not in node.free_symbols:
            return Tail(ONE, constant(node))
        if node == X:
            return Tail(Scale(power=sp.S.One), arb(1))
        if node.is_Add:
            return self._sum(node)
        if node.is_Mul:
            return reduce(multiply, map(self._of, node.args))
        if isinstance(node, sp.exp):
            return self._exponential(node.args[0])
        if node.is_Pow and node.exp.is_Rational:
            return self._power(self._of(node.base), node.exp)
        if node.is_Pow:
            return self._exponential(node.exp * sp.log(node.base))
        if isinstance(node, sp.log):
            return self._logarithm(node.args[0])
        name = node.func.__name__
        if isinstance(node, sp.erfc | Complement):
            return self._complement(node.args[0])
        inner = self._of(node.args[0])
        if isinstance(node, Remainder):
            if not inner.ball > 0:
                raise Undecided
            return Tail(ONE, arb(0).union(arb(1)))
        if name in ("sinh", "cosh") and inner.scale.order() > 0:
            return self._of(sp.expand(node.rewrite(sp.exp)))
        if name == "asinh" and inner.scale.order() > 0:
            return self._inverse_sine(inner)
        if name in FUNCTIONS:
            return self._function(name, inner)
        raise Undecided

    def _sum(self, node: sp.Add) -> Tail:
        """Add up; ``exp(u)`` with a small u is ``1 + u exp(w)``, w between 0 and u: constants cancel."""
        number, parts = sp.S.Zero, []
        for term in node.args:
            factor, part = term.as_independent(X, as_Add=False)
            if part == 1:
                number += term
            elif isinstance(part, sp.exp) and (small := self._of(part.args[0])).scale.order() < 0:
                number += factor
                rest = self._by_slope(small, arb.exp)
                parts.append(Tail(rest.scale, rest.ball * constant(factor)))
            else:
                parts.append(self._of(term))
        return reduce(self._add, parts, Tail(ONE, constant(number)))

    def _add(self, a: Tail, b: Tail) -> Tail:
        if a.ball == 0 or b.ball == 0:
            return b if a.ball == 0 else a
        ratio = b.scale.times(a.scale, sp.S.NegativeOne)
        if ratio.order() > 0:
            return self._add(b, a)
        return Tail(a.scale, a.ball + b.ball * self._supremum(ratio))

    def _power(self, base: Tail, n: sp.Rational) -> Tail:
        ball = base.ball
        if not n.is_Integer:
            if not ball > 0:
                raise Undecided
            return Tail(ONE.times(base.scale, n), (ball.log() * int(n.p) / int(n.q)).exp())
        if n < 0 and not (ball > 0 or ball < 0):
            raise Undecided
        return Tail(ONE.times(base.scale, n), integer_power(ball, int(n)))

    def _exponential(self, argument: sp.Expr) -> Tail:
        """Terms that tend to +-oo stay in the scale, exactly, logarithms as powers; balls hold the rest."""
        scale, rest = ONE, sp.S.Zero
        for term in sp.Add.make_args(sp.expand(argument)):
            factor, part = term.as_independent(X, as_Add=False)
            if part == sp.log(X):
                scale = scale.times(Scale(power=factor))
            elif term.has(X) and self._grows(term):
                scale = scale.times(Scale(exponent=term))
            else:
                rest += term
        return Tail(scale, self._values(self._of(rest)).exp())

    def _grows(self, term: sp.Expr) -> bool:
        return self._of(term).scale.order() > 0

    def _values(self, tail: Tail) -> arb:
        """Return a ball of the values themselves."""
        return tail.ball * self._supremum(tail.scale)

    def _logarithm(self, argument: sp.Expr) -> Tail:
        one, rest = argument.as_coeff_Add()
        if one == 1 and (small := self._of(rest)).scale.order() < 0:
            return self._by_slope(small, lambda between: 1 / (1 + between))
        return self._logarithm_of(self._of(argument))

    def _logarithm_of(self, inner: Tail) -> Tail:
        if not inner.ball > 0 or inner.scale.logs != 0:
            raise Undecided
        parts = [Tail(ONE, inner.ball.log()), Tail(Scale(logs=sp.S.One), constant(inner.scale.power))]
        return reduce(self._add, parts, self._of(inner.scale.exponent))

    def _inverse_sine(self, inner: Tail) -> Tail:
        """asinh(u) is log(u) + log(1 + sqrt(1 + 1/u**2)) for a positive u, and odd."""
        if not inner.sign:
            raise Undecided
        size = Tail(inner.scale, inner.ball * inner.sign)
        rest = 1 + (1 + self._values(self._power(size, sp.Integer(-2)))).sqrt()
        found = self._add(self._logarithm_of(size), Tail(ONE, rest.log()))
        return Tail(found.scale, found.ball * inner.sign)

    def _by_slope(self, small: Tail, slope: Callable[[arb], arb]) -> Tail:
        """F(u) for a function with F(0) = 0: u times the slope somewhere between 0 and u."""
        factor = slope(arb(0).union(self._values(small)))
        if not factor.is_finite():
            raise Undecided
        return Tail(small.scale, small.ball * factor)

    def _complement(self, argument: sp.Expr) -> Tail:
        """erfc(u) is exp(-u**2)/(u sqrt(pi)) times a number between 1 - 1/(2 u**2) and 1 (DLMF 7.12.1)."""
        inner = self._of(argument)
        if inner.scale.order() < 1:
            return Tail(ONE, self._values(inner).erfc())
        if not inner.ball > 0:
            other = self._complement(-argument)
            return self._add(Tail(ONE, arb(2)), Tail(other.scale, -other.ball))
        square = self._power(inner, sp.Integer(-2))
        ratio = 1 - self._values(square) * arb(0.25, 0.25)
        leading = multiply(self._exponential(-(argument**2)), self._power(inner, sp.S.NegativeOne))
        return Tail(leading.scale, leading.ball * ratio / arb.pi().sqrt())

    def _function(self, name: str, inner: Tail) -> Tail:
        order = inner.scale.order()
        if order < 0 and name in SLOPES:
            return self._by_slope(inner, SLOPES[name])
        if order < 1:
            value = FUNCTIONS[name][1](self._values(inner))
            if not value.is_finite():
                raise Undecided
            return Tail(ONE, value)
        if name in ("sin", "cos"):  # wherever the argument goes
            return Tail(ONE, arb(0, 1))
        if name in LIMITS and inner.sign:
            lowest = arb(abs(inner.ball).lower()) * self.least(inner.scale)
            return Tail(ONE, inner.sign * FUNCTIONS[name][1](lowest).union(LIMITS[name]()))
        raise Undecided

    def least(self, scale: Scale) -> arb:
        """Return the least value of a scale that grows."""
        if not self.decreasing(ONE.times(scale, sp.S.NegativeOne)):
            raise Undecided
        return self.at_start(scale)


def multiply(a: Tail, b: Tail) -> Tail:
    """Return the enclosure of a product."""
    return Tail(a.scale.times(b.scale), a.ball * b.ball)


def _sign(ball: arb) -> int | None:
    if ball == 0:
        return 0
    return 1 if ball > 0 else -1 if ball < 0 else None


SLOPES: dict[str, Callable[[arb], arb]] = {
    "tanh": lambda u: integer_power(u.sech(), 2),
    "sin": arb.cos,
    "tan": lambda u: 1 + integer_power(u.tan(), 2),
    "asin": lambda u: 1 / (1 - u * u).sqrt(),
    "atan": lambda u: 1 / (1 + u * u),
    "sinh": arb.cosh,
    "asinh": lambda u: 1 / (1 + u * u).sqrt(),
    "atanh": lambda u: 1 / (1 - u * u),
    "erf": lambda u: 2 / arb.pi().sqrt() * (-u * u).exp(),
}
"""Derivatives of functions that are 0 at 0."""

LIMITS: dict[str, Callable[[], arb]] = {
    "tanh": lambda: arb(1),
    "erf": lambda: arb(1),
    "atan": lambda: arb.pi() / 2,
}
"""What increasing odd functions tend to."""


def towards(expression: sp.Expr, variable: sp.Symbol, end: sp.Expr, side: int) -> sp.Expr:
    """Return an expression near an end of its interval in `X`, which tends to oo there.

    ``side`` is 1 at an upper end, -1 at a lower one; at a finite end ``variable = end - side/X``.

    >>> z = sp.Symbol("z", real=True)
    >>> towards(1/z, z, sp.Integer(0), -1)
    _x
    """
    argument = side * X if end.is_infinite else end - side / X
    return resolved(expression.subs(variable, argument))
