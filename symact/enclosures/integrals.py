"""Integrals of smooth expressions, enclosed: FLINT's rigorous quadrature of analytic functions."""

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from flint import acb, arb, ctx

from symact.arithmetics import constant, integer_power
from symact.enclosures.ball_functions import Undecided
from symact.errors import NotSupported

Function = Callable[[acb, bool], acb]
"""From a complex ball, and whether the function must be analytic on it (else: not finite)."""


def analytic(expression: sp.Expr, variable: sp.Symbol) -> Function:
    """Return an expression as a function of complex balls that tells where it is not analytic.

    >>> z = sp.Symbol("z", real=True)
    >>> root = analytic(sp.sqrt(z), z)
    >>> root(acb(0, 1), True).is_finite(), root(acb(4), True) == 2
    (True, True)
    """
    built: dict[sp.Expr, Function] = {}

    def build(node: sp.Expr) -> Function:
        if node not in built:
            built[node] = _built(node, variable, build)
        return built[node]

    return build(expression)


def integral(function: Function, lower: arb, upper: arb, bits: int) -> arb:
    """Return the integral of a real function over an interval, to about so many bits.

    Raises Undecided where no finite enclosure is found.
    """
    before, ctx.prec = ctx.prec, bits + 24
    try:
        goal = arb(2) ** -bits
        found = acb.integral(function, acb(lower), acb(upper), rel_tol=goal, abs_tol=goal).real
    finally:
        ctx.prec = before
    if not found.is_finite():
        raise Undecided
    return found


def _built(node: sp.Expr, variable: sp.Symbol, build: Callable[[sp.Expr], Function]) -> Function:
    if node == variable:
        return lambda x, _: x
    if variable not in node.free_symbols:
        value = acb(constant(node))
        return lambda x, _: value
    if node.is_Add or node.is_Mul:
        parts = [build(part) for part in node.args]
        return _sum(parts) if node.is_Add else _product(parts)
    if node.is_Pow and not isinstance(node, sp.exp):
        return _power(node, build)
    name, argument = node.func.__name__, build(node.args[0])
    if name in MEROMORPHIC:
        plain = MEROMORPHIC[name]
        return lambda x, _: plain(argument(x, _))
    if name in BRANCHED:
        function = BRANCHED[name]
        return lambda x, flag: function(argument(x, flag), flag)
    raise NotSupported(f"integrals: no complex function for {name} in {node}")


def _sum(parts: list[Function]) -> Function:
    def run(x: acb, flag: bool) -> acb:
        total = parts[0](x, flag)
        for part in parts[1:]:
            total = total + part(x, flag)
        return total

    return run


def _product(parts: list[Function]) -> Function:
    def run(x: acb, flag: bool) -> acb:
        total = parts[0](x, flag)
        for part in parts[1:]:
            total = total * part(x, flag)
        return total

    return run


def _power(node: sp.Pow, build: Callable[[sp.Expr], Function]) -> Function:
    base, exponent = build(node.base), node.exp
    if exponent.is_Integer:
        n = int(exponent)
        return lambda x, flag: integer_power(base(x, flag), n)
    if exponent.is_Rational and exponent.q == 2:
        n = int(exponent.p)
        return lambda x, flag: integer_power(base(x, flag).sqrt(analytic=flag), n)
    power = build(exponent)
    return lambda x, flag: (power(x, flag) * base(x, flag).log(analytic=flag)).exp()


def _inverse_sine(u: acb, flag: bool) -> acb:
    """asinh(u) = log(u + sqrt(1 + u**2)), analytic off the cuts beyond +-i."""
    return (u + (1 + u * u).sqrt(analytic=flag)).log(analytic=flag)


def _inverse_tangent(u: acb, flag: bool) -> acb:
    """atanh(u) = (log(1 + u) - log(1 - u))/2."""
    return ((1 + u).log(analytic=flag) - (1 - u).log(analytic=flag)) / 2


def _arc_tangent(u: acb, flag: bool) -> acb:
    """atan(u) = atanh(i u)/i."""
    i = acb(0, 1)
    return -i * _inverse_tangent(i * u, flag)


def _arc_sine(u: acb, flag: bool) -> acb:
    """asin(u) = asinh(i u)/i."""
    i = acb(0, 1)
    return -i * _inverse_sine(i * u, flag)


MEROMORPHIC: Mapping[str, Callable[[acb], acb]] = {
    "exp": acb.exp,
    "sin": acb.sin,
    "cos": acb.cos,
    "tan": acb.tan,
    "sinh": acb.sinh,
    "cosh": acb.cosh,
    "tanh": acb.tanh,
    "erf": acb.erf,
    "erfc": acb.erfc,
}
"""Functions whose only singularities are poles, where balls are not finite."""

BRANCHED: Mapping[str, Callable[[acb, bool], Any]] = {
    "log": lambda u, flag: u.log(analytic=flag),
    "asinh": _inverse_sine,
    "atanh": _inverse_tangent,
    "atan": _arc_tangent,
    "asin": _arc_sine,
    "acos": lambda u, flag: acb.pi() / 2 - _arc_sine(u, flag),
}
"""Functions with branch cuts, which the flag must see."""
