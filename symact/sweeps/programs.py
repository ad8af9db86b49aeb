"""An expression on arrays in binary64 with a running error: for functions that oscillate too fast for series.

Every operation returns its rounded value and a bound of how far that is from the truth; N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 3.3. NumPy's elementary functions
are taken to be within `LIBRARY` of their values, eight units of roundoff: a test holds them against mpmath's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

UNIT = 2.0**-53
LIBRARY = 8 * UNIT
SMALLEST = 2.0**-1022
"""More than is lost where a value is subnormal."""

INFLATION = 1 + 2.0**-40
"""More than the bounds themselves lose by rounding."""


class Ball(NamedTuple):
    """Values, and how far from the truth each may be."""

    value: np.ndarray
    error: np.ndarray


Program = Callable[[np.ndarray], Ball]

_Value = Any
"""An array, or a number where all of its elements would be the same."""

_Operation = Callable[[np.ndarray], tuple[_Value, _Value]]
"""To a value, and how far it may be from the truth."""


def program(expression: sp.Expr, variable: sp.Symbol) -> Program | None:
    """Return a function of points that float32 has, None where an operation has no rule.

    >>> z = sp.Symbol("z", real=True)
    >>> value, error = program(sp.sin(3*z) + z, z)(np.array([1.0, 2.0**40]))
    >>> bool((error <= 1e-15 * value).all())
    True
    """
    try:
        run = _build(expression, variable)
    except KeyError:
        return None

    def inflated(points: np.ndarray) -> Ball:
        with np.errstate(all="ignore"):
            value, error = run(points)
            return Ball(*(np.broadcast_to(a, points.shape).copy() for a in (value, error * INFLATION)))

    return inflated


def _build(node: sp.Expr, variable: sp.Symbol) -> _Operation:
    if node == variable:
        return lambda points: (points, 0.0)
    if not node.free_symbols:
        return _constant(node)
    if node.is_Pow and (2 * node.exp).is_Integer and 0 < abs(node.exp) <= 8:
        whole, half = divmod(int(2 * abs(node.exp)), 2)
        base = _build(node.base, variable)
        power = _product([base] * whole + [_root(base)] * half)
        return power if node.exp > 0 else _reciprocal(power)
    factor, rest = node.as_coeff_Mul()
    if rest == variable and factor.is_Rational and _short(factor):
        number = float(factor)
        return lambda points: (points * number, 0.0)
    parts = [_build(argument, variable) for argument in node.args]
    if node.is_Add:
        return _sum(parts)
    if node.is_Mul:
        return _product(parts)
    function, slope = FUNCTIONS[node.func.__name__]

    def run(points: np.ndarray) -> tuple[_Value, _Value]:
        u, error = parts[0](points)
        value = function(u)
        return (value, slope(u, value, error) * error + LIBRARY * np.abs(value) + SMALLEST)

    return run


def _short(number: sp.Rational) -> bool:
    """Return whether the product with any float32 is exact in binary64."""
    p, q = abs(int(number.p)), int(number.q)
    return q & (q - 1) == 0 and p.bit_length() <= 29 and q.bit_length() < 64


def _constant(node: sp.Expr) -> _Operation:
    exact = sp.Rational(node) if node.is_Rational else None
    number = float(node)
    known = exact is not None and sp.Rational(*number.as_integer_ratio()) == exact
    error = 0.0 if known else 2 * UNIT * abs(number)
    return lambda points: (number, error)


def _sum(parts: list[_Operation]) -> _Operation:
    def run(points: np.ndarray) -> tuple[_Value, _Value]:
        value, error = parts[0](points)
        for part in parts[1:]:
            other, more = part(points)
            value = value + other
            error = error + more + UNIT * np.abs(value)
        return (value, error)

    return run


def _product(parts: list[_Operation]) -> _Operation:
    def run(points: np.ndarray) -> tuple[_Value, _Value]:
        value, error = parts[0](points)
        for part in parts[1:]:
            other, more = part(points)
            error = np.abs(value) * more + np.abs(other) * error + error * more
            value = value * other
            error = error + UNIT * np.abs(value) + SMALLEST
        return (value, error)

    return run


def _reciprocal(part: _Operation) -> _Operation:
    def run(points: np.ndarray) -> tuple[_Value, _Value]:
        value, error = part(points)
        least = np.abs(value) - error
        inverse = 1 / value
        off = np.where(least > 0, error / np.abs(value) / least, np.inf)  # the product may overflow
        return (inverse, off + UNIT * np.abs(inverse) + SMALLEST)

    return run


def _root(part: _Operation) -> _Operation:
    def run(points: np.ndarray) -> tuple[_Value, _Value]:
        value, error = part(points)
        root = np.sqrt(value)
        return (root, np.where(value > error, error / root, np.inf) + UNIT * root)

    return run


_Slope = Callable[[_Value, _Value, _Value], _Value]

FUNCTIONS: dict[str, tuple[Callable[[_Value], _Value], _Slope]] = {
    "sin": (np.sin, lambda u, value, error: 1.0),
    "cos": (np.cos, lambda u, value, error: 1.0),
    "atan": (np.arctan, lambda u, value, error: 1.0),
    "tanh": (np.tanh, lambda u, value, error: 1.0),
    "asinh": (np.arcsinh, lambda u, value, error: 1.0),
    "exp": (np.exp, lambda u, value, error: np.where(error < 0.5, 2 * value, np.inf)),
    "log": (np.log, lambda u, value, error: np.where(error < u / 2, 2 / u, np.inf)),
}
"""SymPy's class name -> the function, and a bound of its slope within the error of its argument."""
