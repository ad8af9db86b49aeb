"""How an expression grows as x tends to +oo: its leading term ``c exp(E) x**k log(x)**m``."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import sympy as sp

X = sp.Dummy("x", positive=True)
"""The variable that tends to +oo. Other symbols must have a sign by assumption."""


class Undecided(Exception):
    """The leading terms cancel, or a sign or a function is not known here."""


@dataclass(frozen=True)
class Growth:
    """``coefficient * exp(exponent) * x**power * log(x)**logs``; coefficient 0 is the zero function.

    ``exponent`` is 0 or tends to +-oo; it stands as it is, not by its leading term.
    """

    coefficient: sp.Expr
    exponent: sp.Expr = sp.S.Zero
    power: sp.Expr = sp.S.Zero
    logs: sp.Expr = sp.S.Zero

    @cached_property
    def order(self) -> int:
        """Return 1 where it tends to +-oo, 0 to a constant other than 0, -1 to 0."""
        if self.coefficient == 0:
            return -1
        if self.exponent != 0:
            return _sign(growth(self.exponent).coefficient)
        for part in (self.power, self.logs):
            if part != 0:
                return _sign(part)
        return 0

    @property
    def limit(self) -> sp.Expr:
        """Return the limit."""
        if self.order == 0:
            return self.coefficient
        return sp.S.Zero if self.order < 0 else sp.oo * _sign(self.coefficient)

    def __mul__(self, other: "Growth") -> "Growth":
        """Return the growth of the product."""
        return _normal(
            self.coefficient * other.coefficient,
            self.exponent + other.exponent,
            self.power + other.power,
            self.logs + other.logs,
        )

    def __pow__(self, n: sp.Expr) -> "Growth":
        """Return the growth of a power whose exponent is free of x."""
        if self.coefficient == 0:
            raise Undecided
        if not n.is_integer and _sign(self.coefficient) < 0:
            raise Undecided
        return _normal(self.coefficient**n, self.exponent * n, self.power * n, self.logs * n)


MINUS_ONE = sp.Integer(-1)
ZERO = Growth(sp.S.Zero)
ONE = Growth(sp.S.One)

AT_INFINITY = {sp.tanh: sp.S.One, sp.erf: sp.S.One, sp.atan: sp.pi / 2}
"""Odd functions with a limit."""

SMALL = (sp.tanh, sp.sin, sp.tan, sp.asin, sp.atan, sp.sinh, sp.asinh, sp.atanh)
"""Functions that are x + o(x) at 0."""


def growth(expression: sp.Expr) -> Growth:
    """Return how an expression in `X` grows.

    Raises Undecided where leading terms are not enough.

    >>> growth(X*sp.exp(-X)/(1 + sp.exp(-X))).order
    -1
    """
    return Growth(expression) if X not in expression.free_symbols else _growth(expression)


@lru_cache(maxsize=4096)  # the parts of one expression return in its derivatives, and in each of its limits
def _growth(expression: sp.Expr) -> Growth:
    if expression == X:
        return Growth(sp.S.One, power=sp.S.One)
    if expression.is_Add:
        return _sum(expression)
    if expression.is_Mul:
        result = ONE
        for factor in expression.args:
            result = result * growth(factor)
        return result
    if isinstance(expression, sp.exp):
        return _exponential(expression.args[0])
    if expression.is_Pow:
        base, n = expression.args
        return _exponential(n * sp.log(base)) if n.has(X) else growth(base) ** n
    if expression.func in FUNCTIONS:
        return FUNCTIONS[expression.func](expression.args[0])
    if expression.func in SMALL:
        return _odd(expression.func, expression.args[0])
    raise Undecided


def _sum(expression: sp.Expr) -> Growth:
    """The dominant terms, their coefficients added."""
    terms = [growth(term) for term in expression.args]
    terms = [term for term in terms if term.coefficient != 0]
    for candidate in terms:
        ratios = [term * candidate**MINUS_ONE for term in terms]
        if all(ratio.order <= 0 for ratio in ratios):
            factor = sp.simplify(sum(ratio.coefficient for ratio in ratios if ratio.order == 0))
            if factor == 0:
                raise Undecided
            return candidate * Growth(factor)
    return ZERO


def _exponential(argument: sp.Expr) -> Growth:
    inner = growth(argument)
    if inner.order == 1:
        return _normal(sp.S.One, argument, sp.S.Zero, sp.S.Zero)
    return ONE if inner.order == -1 else Growth(sp.exp(inner.limit))


def _normal(coefficient: sp.Expr, exponent: sp.Expr, power: sp.Expr, logs: sp.Expr) -> Growth:
    """Take constants and logarithms out of the exponent: ``exp(1 + 2 log(x))`` is ``e x**2``."""
    if coefficient == 0:
        return ZERO
    kept = []
    for term in sp.Add.make_args(sp.expand(exponent)):
        factor, rest = term.as_independent(X, as_Add=False)
        if rest == sp.log(X):
            power += factor
        elif not term.has(X):
            coefficient *= sp.exp(term)
        else:
            kept.append(term)
    rest = sp.Add(*kept)
    if rest != 0:
        order = growth(rest).order
        if order == -1:
            rest = sp.S.Zero
        elif order == 0:
            coefficient, rest = coefficient * sp.exp(growth(rest).limit), sp.S.Zero
    return Growth(coefficient, rest, power, logs)


def _logarithm(argument: sp.Expr) -> Growth:
    inner = growth(argument)
    if inner.coefficient == 0:
        raise Undecided
    if inner.exponent != 0:
        return growth(inner.exponent)
    if inner.power != 0:
        return Growth(inner.power, logs=sp.S.One)
    if inner.logs != 0:
        raise Undecided
    if inner.coefficient == 1:
        return growth(sp.expand(argument - 1))
    return Growth(sp.log(inner.coefficient))


def _odd(function: type, argument: sp.Expr) -> Growth:
    """A function that is its argument where that is small, and has a limit or an exponential where large."""
    inner = growth(argument)
    if inner.order == -1:
        return inner
    if inner.order == 0:
        return _constant(function(inner.limit))
    sign = _sign(inner.coefficient)
    if function in AT_INFINITY:
        return Growth(sign * AT_INFINITY[function])
    if function is sp.sinh:
        return _exponential(sign * argument) * Growth(sign * sp.S.Half)
    if function is sp.asinh:
        return _logarithm(sign * argument) * Growth(sp.Integer(sign))
    raise Undecided


def _constant(value: sp.Expr) -> Growth:
    if value == 0:
        raise Undecided
    return Growth(value)


def _error_function(argument: sp.Expr) -> Growth:
    inner = growth(argument)
    if inner.order == -1:
        return inner * Growth(2 / sp.sqrt(sp.pi))
    return _odd(sp.erf, argument)


def _complement(argument: sp.Expr) -> Growth:
    """erfc(u) ~ exp(-u**2)/(sqrt(pi) u)."""
    inner = growth(argument)
    if inner.order < 1:
        return ONE if inner.order == -1 else _constant(sp.erfc(inner.limit))
    if _sign(inner.coefficient) < 0:
        return Growth(sp.Integer(2))
    return _exponential(-(argument**2)) * inner**MINUS_ONE * Growth(1 / sp.sqrt(sp.pi))


def _cosine(argument: sp.Expr) -> Growth:
    inner = growth(argument)
    if inner.order == 1:
        raise Undecided
    return ONE if inner.order == -1 else _constant(sp.cos(inner.limit))


def _hyperbolic_cosine(argument: sp.Expr) -> Growth:
    inner = growth(argument)
    if inner.order == 1:
        return _exponential(_sign(inner.coefficient) * argument) * Growth(sp.S.Half)
    return ONE if inner.order == -1 else Growth(sp.cosh(inner.limit))


FUNCTIONS = {
    sp.log: _logarithm,
    sp.erf: _error_function,
    sp.erfc: _complement,
    sp.cos: _cosine,
    sp.cosh: _hyperbolic_cosine,
}


def _sign(value: sp.Expr) -> int:
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    simple = sp.factor_terms(sp.simplify(value))
    if simple.is_positive or simple.is_negative:
        return 1 if simple.is_positive else -1
    raise Undecided


@lru_cache(maxsize=256)
def resolved(expression: sp.Expr) -> sp.Expr:
    """Return the expression with saturated tanh and erf written as 1 less what is small.

    tanh(u) = 1 - 2/(1 + exp(2 u)), erf(u) = 1 - erfc(u): so that ``1 - tanh(x)`` has a leading term.
    """

    def saturated(node: sp.Expr) -> sp.Expr:
        u = node.args[0]
        try:
            inner = growth(u)
            if inner.order < 1:
                return node
            sign = _sign(inner.coefficient)
        except Undecided:
            return node
        small = 2 / (1 + sp.exp(2 * sign * u)) if isinstance(node, sp.tanh) else Complement(sign * u)
        return sign * (1 - small)

    result = expression.replace(lambda node: isinstance(node, sp.tanh | sp.erf), saturated)
    return expression if result == expression else sp.expand_mul(sp.expand_multinomial(result))


class Complement(sp.Function):
    """erfc, kept as it is where SymPy would write erfc(-x) as 2 - erfc(x)."""

    is_positive = True


FUNCTIONS[Complement] = _complement


class Remainder(sp.Function):
    """theta(u) in ``erfc(u) = exp(-u**2)/(sqrt(pi) u) (1 - 1/(2 u**2) + ... + theta(u) r(u))``, u > 0.

    r is the first term left out. The series envelops: theta lies between 0 and 1, and tends to 1.

    *Source*: NIST Digital Library of Mathematical Functions, 7.12.1 and the bound below it.
    """

    is_positive = True


FUNCTIONS[Remainder] = lambda argument: ONE
