"""A model of the arithmetic in which generated code computes: how much an expression loses, as a ball.

Every operation of the model is a ball operation at the arithmetic's precision, widened by the error
that the real operation is allowed; underflow widens by half the smallest subnormal, overflow gives
infinity, as IEEE has it.
A value of the model therefore encloses whatever a conforming implementation returns, on any machine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp
from flint import arb, ctx

from symact.errors import NotSupported
from symact.functions import cos_scaled, exp_scaled, ldexp, sin_scaled

Ball: TypeAlias = arb | None
"""A model value; None where the computation is undefined or its sign is lost in an overflow."""

TINY = arb(2) ** -1075
HUGE = arb(2) ** 1024


MAX_UNROLLED = 8
"""Powers beside an exponential are products of at most so many factors."""


@dataclass(frozen=True)
class Arithmetic:
    """Binary64 or double-double: ``bits`` of precision of + - * / sqrt, ``elementary`` of functions."""

    name: str
    bits: int
    elementary: int


DOUBLE = Arithmetic("binary64", 53, 51)
"""What float32 is computed in; functions within 2 ulp, as every libm gives them."""

DOUBLE_DOUBLE = Arithmetic("double-double", 100, 76)
"""What float64 is computed in: an unevaluated sum of two binary64."""

EXACT = Arithmetic("exact", 0, 0)
"""No rounding but that of the ball arithmetic itself: for the truth, at any precision."""


Program = Callable[[tuple[arb, ...]], Ball]


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
            program = _build(node, build, symbols, arithmetic)
            cache[node] = _memoised(program) if node in shared else program
        return cache[node]

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


def _build(
    node: sp.Expr, build: Callable[[sp.Expr], Program], symbols: tuple[sp.Symbol, ...], arithmetic: Arithmetic
) -> Program:
    if node.is_Symbol:
        index = symbols.index(node)
        return lambda arguments: arguments[index]
    if not node.free_symbols:
        return _constant(node, arithmetic)
    parts = [build(argument) for argument in node.args]
    if node.is_Add:
        return _fold(parts, lambda a, b: a + b, _round(arithmetic, underflows=False))
    if node.is_Mul:
        ordered = [build(factor) for factor in in_order(node.args)]
        return _fold(ordered, lambda a, b: a * b, _round(arithmetic))
    if node.is_Pow and not isinstance(node, sp.exp):
        return _power(node, parts[0], build, arithmetic)
    if isinstance(node, exp_scaled):
        shift = int(node.args[1])
        inner = _function("exp", lambda x: x.exp() * arb(2) ** shift, arithmetic, -750 - shift, 709 - shift)
        return lambda arguments: _apply(inner, parts[0](arguments))
    if isinstance(node, (sin_scaled, cos_scaled)):
        power = arb(2) ** int(node.args[1])
        circular = arb.sin if isinstance(node, sin_scaled) else arb.cos
        turned = _function(node.func.__name__, lambda x: circular(x * power), arithmetic, None, None)
        return lambda arguments: _apply(turned, parts[0](arguments))
    if isinstance(node, ldexp):
        scale = arb(2) ** int(node.args[1])
        return lambda arguments: _apply(lambda x: x * scale, parts[0](arguments))
    name = node.func.__name__
    if name not in FUNCTIONS:
        raise NotSupported(f"arithmetic {arithmetic.name}: no model of {name} in {node}")
    function = _function(name, FUNCTIONS[name], arithmetic, *LIMITS.get(name, (None, None)))
    argument = parts[0]
    return lambda arguments: _apply(function, argument(arguments))


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


def _apply(function: Callable[[arb], Ball], value: Ball) -> Ball:
    return None if value is None else function(value)


def _constant(node: sp.Expr, arithmetic: Arithmetic) -> Program:
    """A constant is computed at the precision in force and rounded once."""
    held: dict[int, arb] = {}
    exact = not node.is_Rational
    finish = _round(arithmetic)

    def run(_: tuple[arb, ...]) -> Ball:
        if ctx.prec not in held:
            bits = ctx.prec
            if node.is_Rational:
                held[bits] = arb(int(node.p)) / int(node.q)
            else:
                held[bits] = constant(node)
        value = held[ctx.prec]
        return finish(value) if exact and arithmetic.bits else value

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


def _round(arithmetic: Arithmetic, *, underflows: bool = True) -> Callable[[arb], Ball]:
    """Underflow loses up to half the smallest subnormal, in sums nothing; overflow gives infinity."""
    if not arithmetic.bits:
        return lambda value: None if value.is_nan() else value

    def finish(value: arb) -> Ball:
        magnitude = abs(value)
        if not magnitude < HUGE:
            return arb.pos_inf() if value > 0 else arb.neg_inf() if value < 0 else None
        if underflows and magnitude < 2.0**-900:
            return value + arb(0, TINY)
        return value

    return finish


def _fold(parts: list[Program], combine: Callable[[arb, arb], arb], finish: Callable[[arb], Ball]) -> Program:
    def run(arguments: tuple[arb, ...]) -> Ball:
        value = parts[0](arguments)
        for part in parts[1:]:
            other = part(arguments)
            if value is None or other is None:
                return None
            value = finish(combine(value, other))
        return value

    return run


def _power(
    node: sp.Pow, base: Program, build: Callable[[sp.Expr], Program], arithmetic: Arithmetic
) -> Program:
    finish = _round(arithmetic)
    exponent = node.exp
    if exponent.is_Rational:
        numerator, denominator = int(exponent.p), int(exponent.q)

        def run(arguments: tuple[arb, ...]) -> Ball:
            value = base(arguments)
            if value is None:
                return None
            if denominator == 2:
                value = value.sqrt()
            elif denominator > 2:
                value = value.root(denominator)
            # As the generated code does it: the reciprocal first, then products.
            if numerator < 0:
                value = finish(1 / value) if value.is_finite() else _inverse_of_infinity(value)
            return None if value is None else finish(integer_power(value, abs(numerator)))

        return run
    power = build(exponent)

    def general(arguments: tuple[arb, ...]) -> Ball:
        x, y = base(arguments), power(arguments)
        if x is None or y is None:
            return None
        return finish(_widen((y * x.log()).exp(), arithmetic.elementary))

    return general


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


def _widen(value: arb, bits: int) -> arb:
    return value * (1 + arb(0, arb(2) ** -bits)) if bits else value


def _function(
    name: str, compute: Callable[[arb], arb], arithmetic: Arithmetic, low: int | None, high: int | None
) -> Callable[[arb], Ball]:
    """Wrap a ball function with its error; below ``low`` it underflows, above ``high`` it overflows."""
    finish = _round(arithmetic)
    bits = arithmetic.elementary

    def run(value: arb) -> Ball:
        if arithmetic.bits:
            if low is not None and value < low:
                return arb(0, TINY)
            if high is not None and not value < high:
                return arb.pos_inf() if value > high and name in GROWING else None
        result = compute(value)
        if result.is_nan():
            return None
        return finish(_widen(result, bits))

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
