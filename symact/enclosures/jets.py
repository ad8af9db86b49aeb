"""Taylor coefficients over a ball: a smooth expression and its derivatives, enclosed at once."""

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from flint import arb, arb_series, ctx

from symact.arithmetics import constant
from symact.enclosures.ball_functions import FUNCTIONS, AtPole, Undecided, Undefined, nonzero, positive
from symact.errors import NotSupported

Operation = Callable[[list[Any]], Any]
"""From the values of the nodes before it, and of the variable in front of them, to a node's value."""


class Jet:
    """A smooth expression of one variable at a precision: Taylor coefficients ``f^(k)/k!`` over a ball.

    A coefficient encloses that of the function at every point of the ball.

    >>> x = sp.Symbol("x", real=True)
    >>> value, slope, half_curvature = Jet(x**2 + 1, x)(arb(3), 2)
    >>> value == 10, slope == 6, half_curvature == 1
    (True, True, True)
    """

    def __init__(self, expression: sp.Expr, variable: sp.Symbol, precision: int = 128) -> None:
        self.variable, self.precision = variable, precision
        self._operations: list[Operation] = []
        self._places: dict[sp.Basic, int] = {variable: 0}
        before, ctx.prec = ctx.prec, precision
        try:
            self._result = self._place(_uncancelled(expression))
        finally:
            ctx.prec = before

    def __call__(self, point: arb, order: int = 0) -> list[arb] | None:
        """Return the coefficients up to an order; None where the function may be undefined on the ball."""
        before = ctx.prec, ctx.cap
        ctx.prec, ctx.cap = self.precision, order + 1
        try:
            values: list[Any] = [arb_series([point, 1], order + 1)]
            for operation in self._operations:
                values.append(operation(values))
            result = values[self._result]
            coefficients = [result[k] for k in range(order + 1)]
        except (AtPole, Undecided, Undefined, ZeroDivisionError, ValueError):
            return None
        finally:
            ctx.prec, ctx.cap = before
        return coefficients if all(c.is_finite() for c in coefficients) else None

    def _place(self, node: sp.Expr) -> int:
        """Return where a node's value will stand, its operation added where it is new."""
        if node not in self._places:
            operation = self._operation(node)
            self._operations.append(operation)
            self._places[node] = len(self._operations)
        return self._places[node]

    def _operation(self, node: sp.Expr) -> Operation:
        if self.variable not in node.free_symbols:
            value = arb_series([constant(node)], 64)
            return lambda values: value
        if node.is_Add:
            return self._sum(node)
        if node.is_Mul:
            return _fold([self._place(a) for a in node.args], lambda a, b: a * b)
        if isinstance(node, sp.log):
            one, rest = node.args[0].as_coeff_Add()
            small = self._apply("log1p", self._place(rest)) if one == 1 and rest != 0 else None
            if small is not None and isinstance(rest, sp.exp):
                return self._log_growing(small, self._place(rest.args[0]))
            if small is not None:
                return small
            complement = _as_complement(node.args[0])
            if complement is not None:
                factor, u = complement
                places = [self._place(part) for part in (node.args[0], factor, u)]
                return self._log_complement(*places)
        name = node.func.__name__
        if name in SERIES:  # erfcx is in what we generate, not in definitions
            return self._apply(name, self._place(node.args[0]))
        if node.is_Pow and node.exp.is_Rational:
            return self._power(self._place(node.base), node.exp)
        if node.is_Pow:
            return self._apply("exp", self._place(node.exp * sp.log(node.base)))
        raise NotSupported(f"enclosures: no power series of {name} in {node}")

    def _apply(self, name: str, at: int) -> Operation:
        check, series = FUNCTIONS[name][0] if name in FUNCTIONS else None, SERIES[name]

        def run(values: list[Any]) -> Any:
            u = values[at]
            if check is not None:
                check(u[0], True)
            return series(u)

        return run

    def _sum(self, node: sp.Add) -> Operation:
        """Add up; ``c + c erf(u)`` is ``c erfc(-u)``, which stays exact where erf(u) is nearly -1."""
        number, rest = node.as_coeff_Add()
        for term in sp.Add.make_args(rest):
            factor, function = term.as_coeff_Mul()
            if isinstance(function, sp.erf) and number != 0 and abs(factor) == abs(number):
                first = self._complement(number, function.args[0], -1 if factor == number else 1)
                others = rest - term
                if others == 0:
                    return first
                self._operations.append(first)
                return _fold([len(self._operations), self._place(others)], lambda a, b: a + b)
        return _fold([self._place(a) for a in node.args], lambda a, b: a + b)

    def _complement(self, scale: sp.Expr, argument: sp.Expr, sign: int) -> Operation:
        u, factor = self._place(argument), self._place(scale)
        erfc = SERIES["erfc"]
        return lambda values: values[factor] * erfc(sign * values[u])

    def _log_growing(self, small: Operation, at: int) -> Operation:
        """log(1 + exp(u)) is u + log(1 + exp(-u)), which is tight on an interval where exp(u) is large."""
        log1p = SERIES["log1p"]

        def run(values: list[Any]) -> Any:
            u = values[at]
            return u + log1p((-u).exp()) if u[0] > 0 else small(values)

        return run

    def _log_complement(self, whole: int, factor: int, at: int) -> Operation:
        """log(c erfc(u)) is log(c) - u**2 + log(erfcx(u)), which stays accurate where erfc(u) is tiny."""

        def run(values: list[Any]) -> Any:
            u = values[at]
            if not u[0] > 1:
                positive(values[whole][0], True)
                return values[whole].log()
            return values[factor].log() - u * u + _scaled_complement(u).log()

        return run

    def _power(self, base: int, exponent: sp.Rational) -> Operation:
        p, q = int(exponent.p), int(exponent.q)

        def run(values: list[Any]) -> Any:
            u = values[base]
            if q > 1:
                positive(u[0], True)
                u = u.sqrt() if q == 2 else (u.log() / q).exp()
            result = u
            for bit in bin(abs(p))[3:]:
                result = result * result
                if bit == "1":
                    result = result * u
            if p > 0:
                return result
            nonzero(result[0], True)
            return result.inv()

        return run


def _as_complement(node: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return c and u where a node is ``c erfc(u)``, written so or as ``c +- c erf(u)``."""
    number, rest = node.as_coeff_Add()
    factor, function = rest.as_coeff_Mul()
    if number == 0 and isinstance(function, sp.erfc) and factor > 0:
        return factor, function.args[0]
    if number > 0 and isinstance(function, sp.erf) and abs(factor) == number:
        return number, -sp.sign(factor) * function.args[0]
    return None


def _scaled_complement(u: Any) -> Any:
    """erfcx(u) = exp(u**2) erfc(u): derivatives alternate in sign and never rise in size.

    So a Taylor coefficient over an interval lies between those at its ends (erfcx is completely monotone,
    being the Laplace transform of a positive function; DLMF 7.7.2), each by y' = 2 u y - 2/sqrt(pi).
    """
    count, ball = ctx.cap, u[0]
    low, high = (_scaled_coefficients(end, count) for end in (arb(ball.lower()), arb(ball.upper())))
    outer = arb_series([a.union(b) for a, b in zip(low, high, strict=True)])
    inner = u - arb_series([ball])
    result = arb_series([outer[count - 1]])
    for k in range(count - 2, -1, -1):
        result = result * inner + outer[k]
    return result


def _scaled_coefficients(x: arb, count: int) -> list[arb]:
    """Return Taylor coefficients of erfcx at a point; two powers of x cancel in each step."""
    before = ctx.prec
    ctx.prec = before + 64 + 2 * count * max(0, int(x.log().upper().ceil().unique_fmpz()) * 3 // 2)
    try:
        x = arb(x.mid())
        found = [_scaled_value(x)]
        for k in range(count - 1):
            other = 2 * found[k - 1] if k else -2 / arb.pi().sqrt()
            found.append((2 * x * found[k] + other) / (k + 1))
        return found
    finally:
        ctx.prec = before


def _scaled_value(x: arb) -> arb:
    """exp(x**2) erfc(x) = U(1/2, 1/2, x**2)/sqrt(pi) (DLMF 7.11.2 and 13.6.7)."""
    return (x * x).hypgeom_u(arb(0.5), arb(0.5)) / arb.pi().sqrt()


def _uncancelled(expression: sp.Expr) -> sp.Expr:
    """Return the expression with ``c - c tanh(u)**2`` and ``c +- c tanh(u)`` written without a difference.

    >>> u = sp.Symbol("u", real=True)
    >>> _uncancelled(1 - sp.tanh(u)**2), _uncancelled(2 - 2*sp.tanh(u))
    (cosh(u)**(-2), 4/(exp(2*u) + 1))
    """

    def rewritten(node: sp.Add) -> sp.Expr:
        number, rest = node.as_coeff_Add()
        for term in sp.Add.make_args(rest):
            factor, function = term.as_coeff_Mul()
            base, power = function.as_base_exp()
            if number == 0 or not isinstance(base, sp.tanh) or abs(factor) != abs(number):
                continue
            u, sign = base.args[0], sp.sign(factor * number)
            if power == 1:
                return 2 * number / (1 + sp.exp(-2 * sign * u)) + (rest - term)
            if power == 2 and sign < 0:
                return number / sp.cosh(u) ** 2 + (rest - term)
        return node

    return expression.replace(lambda node: node.is_Add and node.has(sp.tanh), rewritten)


def _fold(places: Sequence[int], combine: Callable[[Any, Any], Any]) -> Operation:
    def run(values: list[Any]) -> Any:
        result = values[places[0]]
        for place in places[1:]:
            result = combine(result, values[place])
        return result

    return run


def _integrated(name: str, slope: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return F(u(t)) = F(u(0)) + the integral of F'(u) u': F by its tight value, F' as a series."""
    value = FUNCTIONS[name][1]
    return lambda u: (slope(u) * u.derivative()).integral() + value(u[0])


def _sech_squared(u: Any) -> Any:
    """4 E/(1 + E)**2, E = exp(-2 abs(u)): no cancellation where tanh is nearly 1."""
    small = (u * (-2 if u[0].mid() >= 0 else 2)).exp()
    return 4 * small / ((1 + small) * (1 + small))


def _cosh(u: Any) -> Any:
    growing = u.exp()
    return (growing + growing.inv()) / 2


def _sinh(u: Any) -> Any:
    growing = u.exp()
    return (growing - growing.inv()) / 2


def _bell(u: Any) -> Any:
    return (-(u * u)).exp() * (2 / arb.pi().sqrt())


def _erfcx(u: Any) -> Any:
    return _scaled_complement(u) if u[0] > 1 else (u * u).exp() * SERIES["erfc"](u)


SERIES: dict[str, Callable[[Any], Any]] = {
    "exp": lambda u: u.exp(),
    "log": lambda u: u.log(),
    "log1p": _integrated("log1p", lambda u: (1 + u).inv()),
    "sqrt": lambda u: u.sqrt(),
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "sinh": _integrated("sinh", _cosh),
    "cosh": _integrated("cosh", _sinh),
    "tanh": _integrated("tanh", _sech_squared),
    "asin": _integrated("asin", lambda u: (1 - u * u).rsqrt()),
    "acos": _integrated("acos", lambda u: -(1 - u * u).rsqrt()),
    "atan": _integrated("atan", lambda u: (1 + u * u).inv()),
    "asinh": _integrated("asinh", lambda u: (1 + u * u).rsqrt()),
    "acosh": _integrated("acosh", lambda u: (u * u - 1).rsqrt()),
    "atanh": _integrated("atanh", lambda u: (1 - u * u).inv()),
    "erf": _integrated("erf", _bell),
    "erfc": _integrated("erfc", lambda u: -_bell(u)),
    "erfcx": _erfcx,
}
"""SymPy's class name -> the function of a power series, at any order."""
