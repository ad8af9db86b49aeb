"""The value of a straight program at one number, as the functions of the fast grade compute in binary64."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import sympy as sp

from symact.activations import Z
from symact.functions import choice

LOWEST, HIGHEST = -708.0, 709.0
"""Beyond these exp is as at them: in float32 that is 0, or infinite."""


Setting = Mapping[sp.Symbol, float]


def evaluate(
    steps: Iterable[tuple[sp.Symbol, sp.Expr]],
    result: sp.Expr,
    z: float,
    setting: Setting = MappingProxyType({}),
) -> float:
    """Return the result of a program at z, where infinities and NaN go through it as through the code.

    >>> from sympy import Symbol, exp
    >>> e = Symbol("e0")
    >>> evaluate([(e, exp(-Z))], 1/(1 + e), float("-inf")), evaluate([(e, exp(Z))], Z*e, float("-inf"))
    (1.216780750623423e-308, -inf)

    Raises KeyError for a function that is not known here.
    """
    known: dict[sp.Symbol, float] = {Z: z, **setting}
    for symbol, value in steps:
        known[symbol] = _value(value, known)
    return _value(result, known)


def _value(node: sp.Basic, known: Mapping[sp.Symbol, float]) -> float:
    if node.is_Symbol:
        return known[node]
    if not node.free_symbols:
        return math.nan if node is sp.nan else float(node)
    if isinstance(node, choice):
        condition, first, second = node.args
        return _value(first if _holds(condition, known) else second, known)
    values = [_value(argument, known) for argument in node.args]
    if node.is_Add:
        return sum(values[1:], values[0])
    if node.is_Mul:
        return math.prod(values[1:], start=values[0])
    if node.is_Pow and not isinstance(node, sp.exp):
        return _power(*values)
    return FUNCTIONS[node.func.__name__.removesuffix("_below").removesuffix("_above")](values[0])


def _holds(condition: sp.Basic, known: Mapping[sp.Symbol, float]) -> bool:
    if isinstance(condition, (sp.And, sp.Or)):
        join = all if isinstance(condition, sp.And) else any
        return join(_holds(part, known) for part in condition.args)
    if condition in (sp.true, sp.false):
        return bool(condition)
    return COMPARED[condition.rel_op](*(_value(side, known) for side in (condition.lhs, condition.rhs)))


COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _power(base: float, exponent: float) -> float:
    if exponent == -1.0:
        return math.copysign(math.inf, base) if base == 0.0 else 1.0 / base
    if exponent < 0.0:
        return _power(_power(base, -exponent), -1.0)
    if exponent == 0.5:
        return math.sqrt(base) if base >= 0.0 else math.nan  # of -0.0 it is -0.0
    if base < 0.0 and exponent != int(exponent):
        return math.nan
    try:
        return base**exponent
    except OverflowError:
        return math.copysign(math.inf, base) if exponent % 2.0 == 1.0 else math.inf


def _exp(x: float) -> float:
    return x if x != x else math.exp(min(max(x, LOWEST), HIGHEST))


def _logarithm(x: float) -> float:
    return -math.inf if x == 0.0 else math.log(x) if x > 0.0 else math.nan


def _circular(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: math.nan if math.isinf(x) else function(x)


def _erfcx(x: float) -> float:
    if x > 25.0:
        return 1.0 / (x * math.sqrt(math.pi))
    return _exp(x * x) * math.erfc(x)


FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": _exp,
    "expm1": lambda x: math.expm1(min(x, HIGHEST)) if x == x else x,
    "log": _logarithm,
    "log1p": lambda x: math.log1p(x) if x > -1.0 else _logarithm(1.0 + x),
    "tanh": math.tanh,
    "sinh": lambda x: (_exp(x) - _exp(-x)) / 2 if abs(x) > 1.0 else math.sinh(x),
    "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
    "sin": _circular(math.sin),
    "cos": _circular(math.cos),
    "tan": _circular(math.tan),
    "atan": math.atan,
    "asinh": math.asinh,
    "erf": math.erf,
    "erfc": math.erfc,
    "erfcx": _erfcx,
    "Abs": abs,
    "sign": lambda x: x if x == 0.0 or x != x else math.copysign(1.0, x),
}
