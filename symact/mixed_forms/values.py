"""Values: what the forward pass computes on its way to g, and could keep, each with a name.

A value is a Moebius function of one call: ``exp(-z)``, ``1/(1 + exp(-z))``, ``(1 + erf(z))/2``. Then the
call is one of the value, and disappears from f and f'.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symact.activations import G, Z
from symact.mixed_forms.calls import calls_of, replaced
from symact.output_forms.shapes import cost
from symact.writing import text

C = sp.Symbol("_c", real=True)

MAX_VALUES = 8
"""Values that are looked at, short ones first."""

MAX_OPERATIONS = 60
"""Of a value."""

NAMES: Mapping[type, str] = {sp.exp: "e", sp.tanh: "t", sp.erf: "p", sp.erfc: "p", sp.log: "l"}
"""What a value is called after its call; roots are ``r``, others ``w``."""

LOGISTIC: tuple[tuple[Any, sp.Expr, int], ...] = (
    (sp.exp, C / (1 + C), -1),
    (sp.exp, 1 / (1 + C), 1),
    (sp.tanh, (1 + C) / 2, -2),
    (sp.tanh, (1 - C) / 2, 2),
)
"""With c a function of u, what is 1/(1 + exp(k u)): called ``s``."""


@dataclass(frozen=True)
class Value:
    """``symbol`` stands for ``meaning`` in z; ``call`` is ``inverse`` in the symbol."""

    symbol: sp.Symbol
    meaning: sp.Expr
    call: sp.Expr
    inverse: sp.Expr

    def written(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression in z with the call written by the value."""
        return replaced(expression, self.call, self.inverse)


def values(expressions: Iterable[sp.Expr], taken: Iterable[sp.Symbol]) -> list[Value]:
    """Return the values on the way to some expressions, with names that are not taken.

    For each call: the least that the forward pass makes of it alone, logistic functions, and the most.

    >>> [(v.symbol, v.meaning) for v in values([Z*sp.tanh(sp.exp(Z))], ())]
    [(e, exp(z)), (t, tanh(exp(z)))]
    >>> [(v.symbol, v.meaning) for v in values([Z*sp.exp(Z)/(1 + sp.exp(Z))], ())]
    [(e, exp(z)), (s, 1/(1 + exp(-z))), (s, 1/(exp(z) + 1))]
    """
    names = {symbol.name for symbol in taken} | {Z.name, G.name}
    found: dict[sp.Expr, list[Value]] = {}
    for expression in expressions:
        for part in sorted(set(_parts(expression)), key=lambda part: (cost(part), text(part))):
            if sp.count_ops(part) <= MAX_OPERATIONS and (value := _value(part, names)) is not None:
                found.setdefault(value.call, []).append(value)
    chosen: dict[sp.Expr, Value] = {}
    for alike in found.values():
        gates = (value for value in alike if value.symbol.name.startswith("s"))
        chosen |= {value.meaning: value for value in (alike[0], *gates, alike[-1])}
    return sorted(chosen.values(), key=lambda value: (cost(value.meaning), text(value.meaning)))[:MAX_VALUES]


def _parts(expression: sp.Expr) -> Iterator[sp.Expr]:
    """Yield the subexpressions that hold a call; of a product also what is no polynomial in it."""
    for node in sp.preorder_traversal(expression):
        if not isinstance(node, sp.Expr) or not node.has(Z):
            continue
        number, factors = node.as_coeff_mul()
        yield node if number > 0 else -node
        if node.is_Mul:
            moving = sp.Mul(*(factor for factor in factors if calls_of([factor]).symbols and factor.has(Z)))
            yield from (moving, abs(number) * moving)


def _value(part: sp.Expr, taken: Iterable[str]) -> Value | None:
    calls = calls_of([part])
    moving = [symbol for symbol, meaning in calls.meanings.items() if meaning.has(Z)]
    rational = calls.rational(part)
    if len(moving) != 1 or rational.has(Z):
        return None
    call = calls.meanings[moving[0]]
    function = sp.cancel(rational.xreplace({moving[0]: C}))
    numerator, denominator = sp.fraction(function)
    if not all(side.is_polynomial(C) and sp.degree(side, C) < 2 for side in (numerator, denominator)):
        return None
    symbol = sp.Symbol(_free(_name(call, function), taken), real=True)
    back = sp.Poly(numerator - symbol * denominator, C)  # a c + b = 0
    inverse = sp.factor(-back.nth(0) / back.nth(1))
    constants = {s: meaning for s, meaning in calls.meanings.items() if s != moving[0]}
    return Value(symbol, _natural(part, call, function), call, inverse.xreplace(constants))


def _name(call: sp.Expr, function: sp.Expr) -> str:
    if any(isinstance(call, kind) and _same(function, shape) for kind, shape, _ in LOGISTIC):
        return "s"
    return "r" if call.is_Pow and not isinstance(call, sp.exp) else NAMES.get(call.func, "w")


def _free(letter: str, taken: Iterable[str]) -> str:
    tries = (letter, *(f"{letter}_{k}" for k in range(1, 100)))
    return next(name for name in tries if name not in taken)


def _natural(part: sp.Expr, call: sp.Expr, function: sp.Expr) -> sp.Expr:
    """Return the logistic function as everybody writes it, others as they are."""
    for kind, shape, k in LOGISTIC:
        if isinstance(call, kind) and _same(function, shape):
            logistic = 1 / (1 + sp.exp(k * call.args[0]))
            return logistic if cost(k * call.args[0]) <= cost(call.args[0]) else part
    return part


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.cancel(a - b) == 0)
