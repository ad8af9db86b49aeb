"""What printers share: a walk over a SymPy expression that asks a notation how to write each operation."""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Protocol

import sympy as sp
from flint import ctx

from symact.arithmetics import constant, in_order
from symact.errors import NotSupported
from symact.forms import DISTANCE, T, W
from symact.functions import choice, cos_scaled, exp_scaled, ldexp, sin_scaled

ELEMENTARY = {
    "exp", "exp_below", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh",
    "acosh", "atanh", "erf", "erfc", "erfcx", "erfcx_above", "expm1", "expm1_below", "log1p", "log1p_above",
    "pow",
}  # fmt: skip
"""What the generated runtime computes in binary64, in every target alike; the machine's libraries do not."""


def hexadecimal(value: float) -> str:
    """Return a binary64 as a hex literal without trailing zeros.

    >>> hexadecimal(0.75), hexadecimal(2.0), hexadecimal(-0.1)
    ('0x1.8p-1', '0x1p+1', '-0x1.999999999999ap-4')
    """
    text = value.hex()
    mantissa, exponent = text.split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}"


def double_double(number: sp.Expr) -> tuple[float, float]:
    """Return the two binary64 whose sum is nearest a number: ``hi`` its rounding, ``lo`` that of the rest."""
    old, ctx.prec = ctx.prec, 400
    try:
        mantissa, exponent = constant(number).mid().man_exp()
    finally:
        ctx.prec = old
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    hi = float(exact)
    return hi, float(exact - Fraction(hi))


def grouped(text: str) -> str:
    """Return a divisor in parentheses, unless it is one term or has them.

    >>> grouped("a * b"), grouped("(a + b)"), grouped("f(a, b)")
    ('(a * b)', '(a + b)', 'f(a, b)')
    """
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == " " and depth == 0:
            return f"({text})"
    return text


LARGEST_FACTOR = 2**20
"""A float32 number times less than this is exact in binary64."""


class Notation(Protocol):
    """How a target writes the operations of one arithmetic."""

    @property
    def names(self) -> Mapping[sp.Symbol, str]: ...
    @property
    def ranging(self) -> bool: ...  # whether products must not overflow on their way: float64 itself
    def number(self, value: sp.Expr) -> str: ...
    def add(self, a: str, b: str) -> str: ...
    def subtract(self, a: str, b: str) -> str: ...
    def multiply(self, a: str, b: str) -> str: ...
    def divide(self, a: str, b: str) -> str: ...
    def negate(self, a: str) -> str: ...
    def integer_power(self, a: str, n: int) -> str: ...
    def call(self, name: str, arguments: list[str]) -> str: ...


def write(expression: sp.Expr, notation: Notation) -> str:
    """Return an expression in a notation; an unknown function raises NotSupported and is named."""
    if expression in (sp.oo, -sp.oo, sp.nan) or not expression.free_symbols:
        return notation.number(expression)
    if expression.is_Symbol:
        return notation.names.get(expression, expression.name)
    if expression.is_Add:
        return _sum(expression, notation)
    if expression.is_Mul:
        return _product(expression, notation)
    if expression.is_Pow and not isinstance(expression, sp.exp):
        return _power(expression, notation)
    if isinstance(expression, (exp_scaled, ldexp, sin_scaled, cos_scaled)):
        inner = write(expression.args[0], notation)
        return notation.call(type(expression).__name__, [inner, str(int(expression.args[1]))])
    if isinstance(expression, choice):
        condition, first, second = expression.args
        held = write_condition(condition, notation, " & ", " | ", "!")
        return notation.call("choice", [held, write(first, notation), write(second, notation)])
    if isinstance(expression, sp.Function):
        return notation.call(expression.func.__name__.lower(), [write(a, notation) for a in expression.args])
    raise NotSupported(f"{type(notation).__name__}: cannot write {expression.func.__name__} of {expression}")


def _sum(expression: sp.Add, notation: Notation) -> str:
    divisor = 1 if notation.ranging else _common_divisor(expression)
    if divisor != 1:
        return notation.divide(_sum(expression * divisor, notation), notation.number(sp.Integer(divisor)))
    terms = sorted(expression.args, key=lambda a: (a.could_extract_minus_sign(), sp.default_sort_key(a)))
    text = write(terms[0], notation)
    for term in terms[1:]:
        if term.could_extract_minus_sign():
            text = notation.subtract(text, write(-term, notation))
        else:
            text = notation.add(text, write(term, notation))
    return text


def _common_divisor(expression: sp.Add) -> int:
    """Return n where a sum is one of small multiples of symbols, divided by n: (z + 3)/6 is rounded once.

    1 where the numbers are exact as they are.
    """
    pairs = [term.as_coeff_Mul() for term in expression.args]
    if not all(c.is_Rational and (rest.is_Symbol or rest == 1) for c, rest in pairs):
        return 1
    divisor = int(sp.ilcm(*(c.q for c, _ in pairs)))
    exact = divisor & (divisor - 1) == 0
    return 1 if exact or any(abs(c * divisor) >= LARGEST_FACTOR for c, _ in pairs) else divisor


def _product(expression: sp.Mul, notation: Notation) -> str:
    coefficient, rest = expression.as_coeff_Mul()
    if coefficient == -1:
        return notation.negate(write(rest, notation))
    above, below = [], []
    for factor in sp.Mul.make_args(rest):
        # Other negative powers are powers of the reciprocal: their own value may overflow.
        if factor.is_Pow and factor.exp in (-1, -sp.S.Half):
            below.append(1 / factor)
        else:
            above.append(factor)
    numbers = [f for f in above if not f.free_symbols] + [1 / f for f in below if not f.free_symbols]
    above = [f for f in above if f.free_symbols]
    below = [f for f in below if f.free_symbols]
    scale = coefficient * sp.Mul(*numbers)
    last = _last(above, scale) if notation.ranging else None
    if last is not None:
        above = [f / last if f == _power_of(last, above) else f for f in above]
    parts = [write(f, notation) for f in in_order(above)]
    if scale != 1 or not parts:
        parts.insert(0, notation.number(scale))
    text = parts[0]
    for part in parts[1:]:
        text = notation.multiply(text, part)
    if last is not None:
        text = notation.multiply(write(last, notation), text)
    if below:
        divisor = write(below[0], notation)
        for factor in below[1:]:
            divisor = notation.multiply(divisor, write(factor, notation))
        text = notation.divide(text, divisor)
    return text


def _last(factors: list[sp.Expr], scale: sp.Expr) -> sp.Expr | None:
    """Return what a product is multiplied by at last, where a power alone may overflow: x of c x^2.

    x (x c) is never larger than both c and c x^2; x^2 is, where c is less than 1.
    """
    for factor in in_order(factors):
        base, exponent = factor.as_base_exp()
        if base.is_Symbol and exponent.is_Rational and exponent.q <= 2 and abs(exponent.p) > 1:
            if len(factors) > 1 or abs(scale) < 1:
                return base ** sp.Rational(sp.sign(exponent), exponent.q)
            return None
    return None


def _power_of(last: sp.Expr, factors: list[sp.Expr]) -> sp.Expr:
    base = last.as_base_exp()[0]
    return next(f for f in in_order(factors) if f.as_base_exp()[0] == base)


def _power(expression: sp.Pow, notation: Notation) -> str:
    base, exponent = expression.args
    if exponent.is_Rational:
        n, q = int(exponent.p), int(exponent.q)
        inner = write(base, notation)
        if n < 0:
            inner = notation.divide(notation.number(sp.S.One), inner) if q == 1 else inner
        if q == 1:
            return inner if abs(n) == 1 else notation.integer_power(inner, abs(n))
        if q == 2:
            root = notation.call("sqrt", [inner])
            if n < 0:
                root = notation.divide(notation.number(sp.S.One), root)
            return root if abs(n) == 1 else notation.integer_power(root, abs(n))
    return notation.call("pow", [write(base, notation), write(exponent, notation)])


def write_condition(condition: sp.Basic, notation: Notation, both: str, either: str, no: str) -> str:
    """Return a condition on numbers, such as ``z < 3`` or ``alpha > 0 and alpha < 1``, in a notation."""
    if condition == sp.true or condition == sp.false:
        return notation.call(str(bool(condition)).lower(), [])
    if isinstance(condition, (sp.And, sp.Or)):
        join = both if isinstance(condition, sp.And) else either
        parts = sorted(condition.args, key=sp.default_sort_key)
        return join.join(f"({write_condition(part, notation, both, either, no)})" for part in parts)
    if isinstance(condition, sp.Not):
        return f"{no}({write_condition(condition.args[0], notation, both, either, no)})"
    return f"{write(condition.lhs, notation)} {condition.rel_op} {write(condition.rhs, notation)}"


def unclashing(names: Iterable[str], parameters: Collection[str]) -> dict[str, str]:
    """Return for each name of ours one that no parameter has.

    >>> unclashing(["n", "value"], ["n", "n_"])
    {'n': 'n__', 'value': 'value'}
    """
    found = {}
    for name in names:
        free = name
        while free in parameters:
            free += "_"
        found[name] = free
    return found


INNER = (T, W, DISTANCE)


def inner_names(parameters: Collection[str]) -> dict[sp.Symbol, str]:
    """Return names for the steps before a regime's own that no parameter has."""
    free = unclashing([symbol.name for symbol in INNER], parameters)
    return {symbol: free[symbol.name] for symbol in INNER}


def step_names(steps: Iterable[sp.Symbol], parameters: Collection[str]) -> dict[sp.Symbol, str]:
    """Return names for what the steps of a fused kernel hold that no parameter has."""
    held = set(steps)
    free = unclashing([symbol.name for symbol in held], parameters)
    return inner_names(parameters) | {symbol: free[symbol.name] for symbol in held}
