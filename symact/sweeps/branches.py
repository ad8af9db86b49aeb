"""An expression on an interval where none of its cases changes: without cases."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb
from sympy.core.relational import Relational

from symact.enclosures import enclose, rational
from symact.enclosures.ball_functions import Undecided
from symact.functions import plain


def ball(low: float, high: float) -> arb:
    """Return a ball that holds an interval."""
    return arb(low).union(arb(high))


def branch(expression: sp.Expr, variable: sp.Symbol, low: float, high: float) -> sp.Expr | None:
    """Return the expression as it is on an interval, without cases; None where cases meet inside.

    >>> z = sp.Symbol("z", real=True)
    >>> branch(sp.Max(z, 0) + abs(z - 3), z, 1.0, 2.0)
    3
    """
    try:
        return _Branch(variable, low, high).of(_plain(expression))
    except Undecided:
        return None


_plain = lru_cache(maxsize=16)(plain)
"""One expression is asked for on thousands of intervals."""


@dataclass
class _Branch:
    variable: sp.Symbol
    low: float
    high: float

    def of(self, node: sp.Expr) -> sp.Expr:
        if not node.has(sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min):
            return node
        if isinstance(node, sp.Piecewise):
            return self.of(next(value for value, condition in node.args if self._holds(condition)))
        if isinstance(node, sp.Abs | sp.sign):
            u = self.of(node.args[0])
            sign = self._sign(u)
            return sign * u if isinstance(node, sp.Abs) else sp.Integer(sign)
        if isinstance(node, sp.Max | sp.Min):
            chosen, *others = [self.of(argument) for argument in node.args]
            for other in others:
                larger = self._sign(other - chosen) > 0
                if larger == isinstance(node, sp.Max):
                    chosen = other
            return chosen
        return node.func(*(self.of(argument) for argument in node.args))

    def _holds(self, condition: sp.Basic) -> bool:
        if condition in (sp.true, sp.false):
            return bool(condition)
        if isinstance(condition, Relational):
            sign = self._sign(self.of(condition.lhs - condition.rhs))
            if isinstance(condition, sp.Eq | sp.Ne):
                return isinstance(condition, sp.Ne)
            return (sign > 0) == isinstance(condition, sp.Gt | sp.Ge)
        held = [self._holds(part) for part in condition.args]
        if isinstance(condition, sp.Not):
            return not held[0]
        return all(held) if isinstance(condition, sp.And) else any(held)

    def _sign(self, difference: sp.Expr) -> int:
        """Return the one strict sign that a difference has on the interval; Undecided where it has none."""
        slope = sp.diff(difference, self.variable)
        if self.variable not in slope.free_symbols:  # the ends tell, exactly
            ends = [rational(difference, {self.variable: Fraction(end)}) for end in (self.low, self.high)]
            signs = {(end > 0) - (end < 0) for end in ends if end is not None}
            if None not in ends and len(signs) == 1 and 0 not in signs:
                return signs.pop()
            if None not in ends:
                raise Undecided
        value = enclose(difference, {self.variable: ball(self.low, self.high)})
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
        raise Undecided
