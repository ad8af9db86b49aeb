"""Exact values of rational expressions: what decides a tie that no ball can."""

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from symact.errors import NotSupported


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
        return None if difference is None else holds(condition, (difference > 0) - (difference < 0))
    parts = [_rational_condition(part, values) for part in condition.args]
    return combine(condition, parts)


def holds(relation: Relational, sign: int) -> bool:
    """Return whether a relation holds whose left side less its right has a sign."""
    return {">": sign > 0, ">=": sign >= 0, "<": sign < 0, "<=": sign <= 0, "==": sign == 0, "!=": sign != 0}[
        relation.rel_op
    ]


def combine(condition: sp.Basic, parts: list[bool | None]) -> bool | None:
    """Return And, Or, Not of parts that may be unknown."""
    if isinstance(condition, sp.Not):
        return None if parts[0] is None else not parts[0]
    decisive = isinstance(condition, sp.Or)
    if not decisive and not isinstance(condition, sp.And):
        raise NotSupported(f"enclosures: no meaning for the condition {condition}")
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive
