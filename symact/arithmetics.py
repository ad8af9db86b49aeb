"""A model of the arithmetic in which generated code computes: how much an expression loses, as a ball.

Every operation of the model is a ball operation at the arithmetic's precision, widened by the error
that the real operation is allowed; underflow widens by half the smallest subnormal, overflow gives
infinity, as IEEE has it.
A value of the model therefore encloses whatever a conforming implementation returns, on any machine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from operator import add, mul
from typing import Any, TypeAlias

import sympy as sp
from flint import arb, ctx

from symact.errors import NotSupported
from symact.functions import cos_scaled, exp_scaled, ldexp, sin_scaled

Ball: TypeAlias = arb | None
"""A model value; None where the computation is undefined or its sign is lost in an overflow."""

TINY = arb(0, arb(2) ** -1075)
"""What underflow loses: up to half the smallest subnormal, either way."""

ONE = arb(1)

SMALL, HUGE = arb(2) ** -900, arb(2) ** 1024
"""Below the one, underflow is thought of; from the other on, there is overflow."""

MAX_UNROLLED = 8
"""Powers beside an exponential are products of at most so many factors."""


@dataclass(frozen=True)
class Arithmetic:
    """Binary64 or double-double: ``bits`` of precision of + - * / sqrt, ``elementary`` of functions.

    ``good``: a form with no more error than this, in ulp of the format, is good; the final rounding comes
    on top. ``terms``: of power series, more where fewer do not do. ``thrifty``: of good forms the cheapest
    is taken, not the plainest, and 0 may belong to a form in z > 0.
    """

    name: str
    bits: int
    elementary: int
    good: float = 0.05
    terms: tuple[int, ...] = (14,)
    thrifty: bool = False


DOUBLE = Arithmetic("binary64", 53, 41, good=2.0**-14, terms=(12, 15), thrifty=True)
"""What float32 is computed in first, by short functions; few roundings are in doubt then."""

DOUBLE_DOUBLE = Arithmetic("double-double", 100, 76, terms=(22,))
"""What float64 is computed in, and float32 where in doubt: an unevaluated sum of two binary64."""

EXACT = Arithmetic("exact", 0, 0)
"""No rounding but that of the ball arithmetic itself: for the truth, at any precision."""


Program = Callable[[tuple[arb, ...]], Ball]

Operation = Callable[..., Ball]
"""What a node of an expression does with the values of its parts; None where one of them is None."""


def compile_expression(
    expression: sp.Expr, symbols: tuple[sp.Symbol, ...], arithmetic: Arithmetic
) -> Program:
    """Return a function of the symbols' values that computes the expression in the model.

    The caller sets `flint.ctx.prec`: ``arithmetic.bits`` for a model, anything for `EXACT`.
    """
    cache: dict[sp.Expr, Program] = {}
    shared = _shared(expression)

    def build(node: sp.Expr) -> Program:
        if node not in cache:
            program = _program(node)
            cache[node] = _memoised(program) if node in shared else program
        return cache[node]

    def _program(node: sp.Expr) -> Program:
        if node.is_Symbol:
            index = symbols.index(node)
            return lambda arguments: arguments[index]
        parts, operation = operate(node, arithmetic)
        programs = [build(part) for part in parts]
        if not programs:
            return lambda arguments: operation()
        if len(programs) == 1:
            (only,) = programs
            return lambda arguments: operation(only(arguments))
        if len(programs) == 2:
            first, second = programs
            return lambda arguments: operation(first(arguments), second(arguments))
        return lambda arguments: operation(*[program(arguments) for program in programs])

    return build(expression)


def _shared(expression: sp.Expr) -> set[sp.Expr]:
    """Return the compound subexpressions that occur more than once."""
    seen: set[sp.Expr] = set()
    shared: set[sp.Expr] = set()
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if not node.args:
            continue
        if node in seen:
            shared.add(node)
            continue
        seen.add(node)
        waiting += node.args
    return shared


def _memoised(program: Program) -> Program:
    """Compute a shared subexpression once a point: the last arguments are remembered."""
    last: tuple[object, int] | None = None
    value: Ball = None

    def run(arguments: tuple[arb, ...]) -> Ball:
        nonlocal last, value
        precision = ctx.prec
        if last is None or last[0] is not arguments or last[1] != precision:
            value = program(arguments)
            last = (arguments, precision)
        return value

    return run


@lru_cache(maxsize=8192)
def operate(node: sp.Expr, arithmetic: Arithmetic) -> tuple[Sequence[sp.Expr], Operation]:
    """Return the parts of a compound expression or number, and what is done with the values of the parts.

    Raises NotSupported where a function has no model.

    >>> t = sp.Symbol("t", positive=True)
    >>> parts, operation = operate(t * sp.exp(-t), EXACT)
    >>> parts, operation(arb(2), arb(3))
    ([exp(-t), t], 6.00000000000000)
    """
    if not node.free_symbols:
        return (), _constant(node, arithmetic)
    if node.is_Add:
        return node.args, _sum(arithmetic)
    if node.is_Mul:
        return in_order(node.args), _product(arithmetic)
    if node.is_Pow and not isinstance(node, sp.exp):
        if node.exp.is_Rational:
            return (node.base,), _rational_power(int(node.exp.p), int(node.exp.q), arithmetic)
        return node.args, _power(arithmetic)
    if isinstance(node, exp_scaled):
        shift = int(node.args[1])
        scale = arb(2) ** shift
        exponential = _function("exp", lambda x: x.exp() * scale, arithmetic, -750 - shift, 709 - shift)
        return node.args[:1], exponential
    if isinstance(node, (sin_scaled, cos_scaled)):
        power = arb(2) ** int(node.args[1])
        circular = arb.sin if isinstance(node, sin_scaled) else arb.cos
        turned = _function(node.func.__name__, lambda x: circular(x * power), arithmetic, None, None)
        return node.args[:1], turned
    if isinstance(node, ldexp):
        scale = arb(2) ** int(node.args[1])
        return node.args[:1], lambda x: None if x is None else x * scale
    name = node.func.__name__
    if name not in FUNCTIONS:
        raise NotSupported(f"arithmetic {arithmetic.name}: no model of {name} in {node}")
    return node.args[:1], _function(name, FUNCTIONS[name], arithmetic, *LIMITS.get(name, (None, None)))


def in_order(factors: Sequence[sp.Expr]) -> list[sp.Expr]:
    """Return factors as they are multiplied: by an exponential first, then by t as often as t**n says.

    Where the exponential is 0, t**n may overflow, and 0 times an infinity is NaN.

    >>> t = sp.Symbol("t")
    >>> in_order((t**2, sp.exp(-t)))
    [exp(-t), t, t]
    """
    decaying = [f for f in factors if isinstance(f, (sp.exp, exp_scaled))]
    if not decaying:
        return list(factors)
    ordered = list(decaying)
    for factor in (f for f in factors if f not in decaying):
        base, exponent = factor.as_base_exp()
        unrolled = base.is_Symbol and exponent.is_Integer and 1 < exponent <= MAX_UNROLLED
        ordered += [base] * int(exponent) if unrolled else [factor]
    return ordered


def _constant(node: sp.Expr, arithmetic: Arithmetic) -> Operation:
    """A constant is computed at the precision in force and rounded once."""
    held: dict[int, Ball] = {}
    rounded = arithmetic.bits and not node.is_Rational
    finish = _round(arithmetic)

    def run() -> Ball:
        bits = ctx.prec
        if bits not in held:
            value = constant(node)
            held[bits] = finish(value) if rounded else value
        return held[bits]

    return run


def constant(node: sp.Expr) -> arb:
    """Return an enclosure of a number, such as sqrt(2/pi), at the precision in force."""
    if node.is_Rational:
        return arb(int(node.p)) / int(node.q)
    if node is sp.pi:
        return arb.pi()
    if node is sp.E:
        return arb(1).exp()
    if node.is_Float:
        mantissa, exponent = node._mpf_[1], node._mpf_[2]
        value = arb(int(mantissa)) * arb(2) ** int(exponent)
        return -value if node._mpf_[0] else value
    if not node.args:
        raise NotSupported(f"{node}: not a number that symact computes with")
    parts = [constant(argument) for argument in node.args]
    if node.is_Add:
        return sum(parts[1:], parts[0])
    if node.is_Mul:
        product = parts[0]
        for part in parts[1:]:
            product *= part
        return product
    if node.is_Pow and not isinstance(node, sp.exp):
        return _real_power(parts[0], node.exp, parts[1])
    name = node.func.__name__
    if name not in FUNCTIONS:
        raise NotSupported(f"{node}: no enclosure of {name}")
    return FUNCTIONS[name](parts[0])


def _round(arithmetic: Arithmetic) -> Callable[[arb], Ball]:
    """Underflow loses up to half the smallest subnormal, in sums nothing; overflow gives infinity."""
    return _finished if arithmetic.bits else _exact


def _exact(value: arb) -> Ball:
    return None if value.is_nan() else value


def _finished(value: arb) -> Ball:
    magnitude = abs(value)
    if not magnitude < HUGE:
        return _overflowed(value)
    return value + TINY if magnitude < SMALL else value


def _overflowed(value: arb) -> Ball:
    return arb.pos_inf() if value > 0 else arb.neg_inf() if value < 0 else None


def _sum(arithmetic: Arithmetic) -> Operation:
    return _model_sum if arithmetic.bits else _exact_sum


def _model_sum(first: Ball, *others: Ball) -> Ball:
    total = first
    for other in others:
        if total is None or other is None:
            return None
        total = total + other
        if not abs(total) < HUGE:
            total = _overflowed(total)
    return total


def _exact_fold(operation: Callable[[arb, arb], arb]) -> Operation:
    """Return a sum or a product of any number of balls, undefined where a part or a step is."""

    def fold(first: Ball, *others: Ball) -> Ball:
        total = first
        for other in others:
            if total is None or other is None:
                return None
            total = operation(total, other)
            if total.is_nan():
                return None
        return total

    return fold


_exact_sum, _exact_product = _exact_fold(add), _exact_fold(mul)


def _product(arithmetic: Arithmetic) -> Operation:
    return _model_product if arithmetic.bits else _exact_product


def _model_product(first: Ball, *others: Ball) -> Ball:
    total = first
    for other in others:
        if total is None or other is None:
            return None
        total = total * other
        magnitude = abs(total)
        if not magnitude < HUGE or magnitude < SMALL:
            total = _finished(total)
    return total


def _rational_power(numerator: int, denominator: int, arithmetic: Arithmetic) -> Operation:
    finish, count = _round(arithmetic), abs(numerator)

    def run(value: Ball) -> Ball:
        if value is None:
            return None
        if denominator == 2:
            value = value.sqrt()
        elif denominator > 2:
            value = value.root(denominator)
        # As the generated code does it: the reciprocal first, then products.
        if numerator < 0:
            value = finish(ONE / value) if value.is_finite() else _inverse_of_infinity(value)
        if value is None:
            return None
        return finish(value if count == 1 else integer_power(value, count))

    return run


def _power(arithmetic: Arithmetic) -> Operation:
    finish, widening = _round(arithmetic), _widening(arithmetic.elementary)

    def run(x: Ball, y: Ball) -> Ball:
        if x is None or y is None:
            return None
        value = (y * x.log()).exp()
        return finish(value if widening is None else value * widening)

    return run


def _inverse_of_infinity(value: arb) -> Ball:
    return arb(0) if value > 0 or value < 0 else None


def integer_power(base: Any, n: int) -> Any:
    """Return base**n of a ball or series, n not 0, by products.

    FLINT's own power goes by a logarithm, which a ball around 0 lacks.
    """
    result = base
    for bit in bin(abs(n))[3:]:
        result = result * result
        if bit == "1":
            result = result * base
    return result if n > 0 else 1 / result


def fraction(ball: arb) -> Fraction:
    """Return the midpoint of a ball, exactly.

    >>> fraction(arb(-0.75))
    Fraction(-3, 4)
    """
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _real_power(base: arb, exponent: sp.Expr, value: arb) -> arb:
    if exponent.is_Integer:
        return integer_power(base, int(exponent))
    if exponent.is_Rational and exponent.q == 2:
        return _real_power(base.sqrt(), sp.Integer(exponent.p), arb(int(exponent.p)))
    return (value * base.log()).exp()


def _widening(bits: int) -> arb | None:
    """Return the ball around 1 that a value is multiplied by for a relative error of so many bits."""
    return 1 + arb(0, arb(2) ** -bits) if bits else None


def _function(
    name: str, compute: Callable[[arb], arb], arithmetic: Arithmetic, low: int | None, high: int | None
) -> Operation:
    """Wrap a ball function with its error; below ``low`` it underflows, above ``high`` it overflows."""
    if not arithmetic.bits:

        def exact(value: Ball) -> Ball:
            return None if value is None else _exact(compute(value))

        return exact
    widening = _widening(arithmetic.elementary)
    lowest, highest = (None if end is None else arb(end) for end in (low, high))

    def run(value: Ball) -> Ball:
        if value is None:
            return None
        if lowest is not None and value < lowest:
            return TINY
        if highest is not None and not value < highest:
            return arb.pos_inf() if value > highest and name in GROWING else None
        result = compute(value)
        return None if result.is_nan() else _finished(result * widening)

    return run


def _erfcx(x: arb) -> arb:
    if not x > 64:
        return (x * x).exp() * x.erfc()
    # The asymptotic series: its error has the sign of, and is below, the first term left out (DLMF 7.12.1).
    term = total = arb(1)
    for k in range(1, 1000):
        term = -term * (2 * k - 1) / (2 * x * x)
        if abs(term) < arb(2) ** -ctx.prec:
            break
        total += term
    return (total + term * arb(0.5, 0.5)) / (x * arb.pi().sqrt())


FUNCTIONS: Mapping[str, Callable[[arb], arb]] = {
    "exp": arb.exp,
    "log": arb.log,
    "expm1": arb.expm1,
    "log1p": arb.log1p,
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": arb.tan,
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "tanh": arb.tanh,
    "asin": arb.asin,
    "acos": arb.acos,
    "atan": arb.atan,
    "asinh": arb.asinh,
    "acosh": arb.acosh,
    "atanh": arb.atanh,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "erfcx": _erfcx,
    "Abs": abs,
    "sign": arb.sgn,
}
"""Ball functions by SymPy's class name."""

GROWING = ("exp", "expm1", "cosh", "sinh")
"""Functions that overflow to infinity above their limit."""

LIMITS: Mapping[str, tuple[int | None, int | None]] = {
    "exp": (-745, 709),
    "expm1": (None, 709),
    "sinh": (None, 709),
    "cosh": (None, 709),
    "erfc": (None, 27),
}
"""Arguments below which a function underflows to 0, and above which it overflows or loses all bits."""
