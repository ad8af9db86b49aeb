"""Jets: a function's first derivatives at a point, as floats, fast. To find by; never to prove by."""

import math
from collections.abc import Callable, Mapping

import sympy as sp
from sympy.core.relational import Relational

from symact.activations import Z
from symact.errors import NotSupported
from symact.functions import plain

ORDER = 5
"""Derivatives that are kept unless fewer are asked for."""

Jet = list[float]
"""Taylor coefficients: f, f', f''/2, f'''/6, ..."""

Values = Mapping[sp.Symbol, float]
Node = Callable[[float, Values], Jet]


def jets(expression: sp.Expr, order: int = ORDER) -> Callable[[float, Values], Jet]:
    """Return the function from z and the parameters' values to the jet there, NaN where there is none.

    Raises NotSupported where a function is not known here.

    >>> jets(Z**2 + 1)(3.0, {})
    [10.0, 6.0, 1.0, 0.0, 0.0, 0.0]
    """
    node, nowhere = _build(plain(expression), order), [math.nan] * (order + 1)

    def run(z: float, values: Values) -> Jet:
        try:
            return node(z, values)
        except (ArithmeticError, ValueError, TypeError, KeyError, StopIteration):
            return nowhere

    return run


def _build(node: sp.Expr, order: int) -> Node:
    if node == Z:
        return lambda z, values: [z, 1.0, *[0.0] * order][: order + 1]
    if node.is_Symbol:
        return lambda z, values: _constant(values[node], order)
    if node.is_number:
        number = _constant(float(node), order)
        return lambda z, values: number
    if isinstance(node, sp.Piecewise):
        return _piecewise(node, order)
    if isinstance(node, sp.Pow) and node.exp.is_Integer:
        return _integer_power(_build(node.base, order), int(node.exp))
    if isinstance(node, sp.Pow) and not isinstance(node, sp.exp):
        base, power = (_build(part, order) for part in node.args)
        return lambda z, values: _power(base(z, values), power(z, values))
    parts = [_build(argument, order) for argument in node.args]
    if node.func not in OPERATIONS:
        raise NotSupported(f"jets: no {node.func.__name__}")
    operation = OPERATIONS[node.func]
    if len(parts) == 1:
        (only,) = parts
        return lambda z, values: operation(only(z, values))

    def run(z: float, values: Values) -> Jet:
        result = parts[0](z, values)
        for part in parts[1:]:
            result = operation(result, part(z, values))
        return result

    return run


def _piecewise(node: sp.Piecewise, order: int) -> Node:
    rows = [(_build(value, order), _condition(condition)) for value, condition in node.args]

    def run(z: float, values: Values) -> Jet:
        return next(value(z, values) for value, holds in rows if holds(z, values))

    return run


def _condition(condition: sp.Basic) -> Callable[[float, Values], bool]:
    if condition in (sp.true, sp.false):
        known = bool(condition)
        return lambda z, values: known
    if isinstance(condition, Relational):
        difference = _build(condition.lhs - condition.rhs, 0)
        compare = COMPARISONS[condition.func]
        return lambda z, values: compare(difference(z, values)[0])
    parts = [_condition(part) for part in condition.args]
    together = any if isinstance(condition, sp.Or) else all
    return lambda z, values: together(part(z, values) for part in parts) != isinstance(condition, sp.Not)


COMPARISONS: Mapping[type, Callable[[float], bool]] = {
    sp.Gt: lambda d: d > 0,
    sp.Ge: lambda d: d >= 0,
    sp.Lt: lambda d: d < 0,
    sp.Le: lambda d: d <= 0,
    sp.Eq: lambda d: d == 0,
    sp.Ne: lambda d: d != 0,
}


# Arithmetic: each row by its recurrence.


def _constant(value: float, order: int) -> Jet:
    return [value] + [0.0] * order


def _like(value: float, u: Jet) -> Jet:
    """Return a constant with as many derivatives as u."""
    return _constant(value, len(u) - 1)


def _add(a: Jet, b: Jet) -> Jet:
    return [x + y for x, y in zip(a, b, strict=True)]


def _multiply(a: Jet, b: Jet) -> Jet:
    return [sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(len(a))]


def _divide(a: Jet, b: Jet) -> Jet:
    q: Jet = []
    for k in range(len(a)):
        q.append((a[k] - sum(q[j] * b[k - j] for j in range(k))) / b[0])
    return q


def _integrated(value: float, slope: Jet, u: Jet) -> Jet:
    """Return y with y = value and y' = slope u'."""
    return [
        value,
        *(sum(j * u[j] * slope[k - j] for j in range(1, k + 1)) / k for k in range(1, len(u))),
    ]


def _integer_power(base: Node, n: int) -> Node:
    def run(z: float, values: Values) -> Jet:
        u = base(z, values)
        result = _like(1.0, u)
        for _ in range(abs(n)):
            result = _multiply(result, u)
        return result if n >= 0 else _divide(_like(1.0, u), result)

    return run


def _power(u: Jet, r: Jet) -> Jet:
    return _exp(_multiply(r, _log(u)))


def _self_sloped(value: float, u: Jet, square: int) -> Jet:
    """Return y with y' = (1 + square y**2) u': tan and tanh."""
    y: Jet = [value]
    for k in range(1, len(u)):
        s = [float(m == 0) + square * sum(y[i] * y[m - i] for i in range(m + 1)) for m in range(k)]
        y.append(sum(j * u[j] * s[k - j] for j in range(1, k + 1)) / k)
    return y


def _exp(u: Jet) -> Jet:
    y: Jet = [math.exp(u[0])]
    for k in range(1, len(u)):
        y.append(sum(j * u[j] * y[k - j] for j in range(1, k + 1)) / k)
    return y


def _log(u: Jet) -> Jet:
    return _integrated(math.log(u[0]), _divide(_like(1.0, u), u), u)


def _sine_cosine(u: Jet) -> tuple[Jet, Jet]:
    s, c = [math.sin(u[0])], [math.cos(u[0])]
    for k in range(1, len(u)):
        s.append(sum(j * u[j] * c[k - j] for j in range(1, k + 1)) / k)
        c.append(-sum(j * u[j] * s[k - j] for j in range(1, k + 1)) / k)
    return s, c


def _scaled(factor: float, a: Jet) -> Jet:
    return [factor * x for x in a]


def _with_slope(function: Callable[[float], float], slope: Callable[[Jet], Jet]) -> Callable[[Jet], Jet]:
    return lambda u: _integrated(function(u[0]), slope(u), u)


def _root_inverse(a: float, b: float, sign: float = 1.0) -> Callable[[Jet], Jet]:
    """Return u -> sign/sqrt(a + b u**2)."""
    return lambda u: _scaled(sign, _power(_add(_like(a, u), _scaled(b, _multiply(u, u))), _like(-0.5, u)))


def _inverse(b: float) -> Callable[[Jet], Jet]:
    """Return u -> 1/(1 + b u**2)."""
    return lambda u: _divide(_like(1.0, u), _add(_like(1.0, u), _scaled(b, _multiply(u, u))))


def _bell(sign: float) -> Callable[[Jet], Jet]:
    return lambda u: _scaled(sign * 2 / math.sqrt(math.pi), _exp(_scaled(-1.0, _multiply(u, u))))


OPERATIONS: Mapping[type, Callable[..., Jet]] = {
    sp.Add: _add,
    sp.Mul: _multiply,
    sp.Max: lambda a, b: a if a[0] >= b[0] else b,
    sp.Min: lambda a, b: a if a[0] <= b[0] else b,
    sp.Abs: lambda a: a if a[0] >= 0 else _scaled(-1.0, a),
    sp.sign: lambda a: _like(float((a[0] > 0) - (a[0] < 0)), a),
    sp.exp: _exp,
    sp.log: _log,
    sp.sin: lambda u: _sine_cosine(u)[0],
    sp.cos: lambda u: _sine_cosine(u)[1],
    sp.tan: lambda u: _self_sloped(math.tan(u[0]), u, 1),
    sp.tanh: lambda u: _self_sloped(math.tanh(u[0]), u, -1),
    sp.sinh: lambda u: _scaled(0.5, _add(_exp(u), _scaled(-1.0, _exp(_scaled(-1.0, u))))),
    sp.cosh: lambda u: _scaled(0.5, _add(_exp(u), _exp(_scaled(-1.0, u)))),
    sp.asin: _with_slope(math.asin, _root_inverse(1, -1)),
    sp.acos: _with_slope(math.acos, _root_inverse(1, -1, -1.0)),
    sp.atan: _with_slope(math.atan, _inverse(1)),
    sp.asinh: _with_slope(math.asinh, _root_inverse(1, 1)),
    sp.acosh: _with_slope(math.acosh, _root_inverse(-1, 1)),
    sp.atanh: _with_slope(math.atanh, _inverse(-1)),
    sp.erf: _with_slope(math.erf, _bell(1.0)),
    sp.erfc: _with_slope(math.erfc, _bell(-1.0)),
}
