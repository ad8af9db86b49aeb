"""Expressions built node by node: small, finite and real, or refused before SymPy computes the vast."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.relational import Relational

MAX_DEPTH = 50
MAX_POWER = 64
MAX_NODES = 500
MAX_BITS = 4096
"""Of a number that arises, such as 3**64 squared."""
MAX_EXPONENT = 23000
"""Of e: what is beyond e**23000, about 10**10000, overflows every format."""
MAX_LOGARITHMS = 1000
"""Times the logarithm of a constant: SymPy gathers n*log(a) into log(a**n), and computes a**n."""

_NOT_FINITE = "not finite here (a division by zero, or log(0)); the formula must be finite"
_NOT_REAL = "not a real number here (the root or logarithm of a negative one, say); the formula must be real"
_TOO_LARGE = f"e to a power beyond {MAX_EXPONENT} is beyond every format; use a smaller one"


class Unfit(Exception):
    """What is wrong with an expression, and the way out; the reader of a formula knows the column."""


def build(function: Any, *arguments: sp.Expr) -> sp.Expr:
    """Return a function of arguments; refused before SymPy computes where that would be large.

    SymPy computes exp(10**9*log(9)) as the integer 9**(10**9), and 9**9**9 likewise.

    Raises Unfit.

    >>> build(sp.Pow, sp.Integer(3), sp.Integer(4))
    81
    """
    if function is sp.Pow:
        base, exponent = arguments
        if base == sp.E:
            return build(sp.exp, exponent)
        if base.is_zero and exponent.is_negative:
            raise Unfit("division by zero; the formula must be finite")
        if exponent.is_Rational and abs(exponent) > MAX_POWER:
            raise Unfit(f"a power of {_brief(exponent)}; at most {MAX_POWER} is read")
    if function is sp.exp:
        for term in sp.Add.make_args(arguments[0]):
            if not term.free_symbols and abs(_value(term)) > MAX_EXPONENT:
                raise Unfit(_TOO_LARGE)
    result = function(*arguments)
    _check(result)
    return result


def _check(expression: sp.Expr) -> None:
    nodes, waiting = 0, [(expression, 1)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if node in (sp.zoo, sp.nan, sp.oo, -sp.oo):
            raise Unfit(_NOT_FINITE)
        if node is sp.I:
            raise Unfit(_NOT_REAL)
        if nodes > MAX_NODES:
            raise Unfit(
                f"the formula grows beyond {MAX_NODES} terms once functions are written out; shorten it"
            )
        if isinstance(node, sp.Mul) and node.args[0].is_Rational and abs(node.args[0]) > MAX_LOGARITHMS:
            _refuse_logarithms(node.args[1:])
        if depth > MAX_DEPTH:
            raise Unfit(f"the formula nests deeper than {MAX_DEPTH} levels once functions are written out")
        if node.is_Rational and (int(node.p).bit_length() + int(node.q).bit_length()) > MAX_BITS:
            raise Unfit("a number of more than a thousand digits arises; use a smaller power")
        if isinstance(node, sp.Pow) and node.exp.is_Rational and abs(node.exp) > MAX_POWER:
            raise Unfit(f"a power of {_brief(node.exp)} arises; at most {MAX_POWER} is read")
        waiting += [(argument, depth + 1) for argument in node.args]
    if not expression.free_symbols:
        _value(expression)


def _refuse_logarithms(factors: Sequence[sp.Expr]) -> None:
    if any(isinstance(factor, sp.log) and factor.is_number for factor in factors):
        raise Unfit(f"the logarithm of a constant times more than {MAX_LOGARITHMS}; use a smaller factor")


_SAME_NAME = "log sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh erf erfc"
_NUMERIC: Mapping[Any, Callable[..., Any]] = {
    sp.Add: lambda *x: mp.fsum(x),
    sp.Mul: lambda *x: mp.fprod(x),
    sp.Abs: abs,
    sp.Max: max,
    sp.Min: min,
    sp.sign: mp.sign,
    **{getattr(sp, name): getattr(mp, name) for name in _SAME_NAME.split()},
}


def _value(expression: sp.Expr) -> Any:
    """Return a constant's value as an mpf of 30 digits; refused where it is not finite, not real, or vast."""
    with mp.workdps(30):
        if expression.is_Rational:
            return mp.mpf(int(expression.p)) / int(expression.q)
        if expression in (sp.pi, sp.E):
            return +mp.pi if expression == sp.pi else +mp.e
        arguments = [_value(argument) for argument in expression.args]
        try:
            if isinstance(expression, (sp.exp, sp.sinh, sp.cosh)) and abs(arguments[-1]) > MAX_EXPONENT:
                raise OverflowError
            if isinstance(expression, sp.Pow):
                base, exponent = arguments
                if base and abs(exponent * mp.log(abs(base))) > MAX_EXPONENT:
                    raise OverflowError
                value = mp.power(base, exponent)
            else:
                value = _NUMERIC.get(expression.func, mp.exp)(*arguments)
        except OverflowError:
            raise Unfit("a constant beyond every format arises; use smaller numbers") from None
        except (ValueError, ZeroDivisionError):
            raise Unfit(_NOT_FINITE) from None
        if isinstance(value, mp.mpc) and value.imag:
            raise Unfit(_NOT_REAL)
        if not mp.isfinite(value):
            raise Unfit(_NOT_FINITE)
        return mp.re(value)


def replaced(expression: sp.Expr, replacements: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """Return an expression with parts replaced, each node built under the same guard as typed ones."""
    if expression in replacements:
        return replacements[expression]
    if not expression.args:
        return expression
    if isinstance(expression, sp.Piecewise):
        return _replaced_branches(expression.args, replacements)
    return build(expression.func, *(replaced(argument, replacements) for argument in expression.args))


def _replaced_branches(
    branches: Sequence[tuple[sp.Expr, sp.Basic]], replacements: Mapping[sp.Expr, sp.Expr]
) -> sp.Expr:
    """Return a Piecewise with parts replaced; a branch that cannot be taken may divide by zero."""
    kept: list[tuple[sp.Expr, sp.Basic]] = []
    for value, condition in branches:
        here = _decided(condition.xreplace(dict(replacements)))
        if here != sp.false:
            kept.append((replaced(value, replacements), here))
        if here == sp.true:
            break
    return piecewise(kept)


def piecewise(branches: Sequence[tuple[sp.Expr, sp.Basic]]) -> sp.Expr:
    """Return a Piecewise; where its last value is one too, the two are one, and no condition contains one.

    SymPy folds a Piecewise in a condition by solving inequalities, which may take minutes; here each of
    its branches becomes one of the outer Piecewise.

    >>> x = sp.Symbol("x", real=True)
    >>> piecewise([(1, x > 1), (piecewise([(-1, x < -1), (x, sp.true)]), sp.true)])
    Piecewise((1, x > 1), (-1, x < -1), (x, True))
    """
    branches = [(value, _decided(condition)) for value, condition in branches]
    inner = next((found for _, c in branches for found in c.atoms(sp.Piecewise)), None)
    if inner is not None:
        branches = [
            (_replaced_branches(branches, {inner: value}), condition) for value, condition in inner.args
        ]
    value, condition = branches[-1]
    if condition == sp.true and isinstance(value, sp.Piecewise):
        branches = [*branches[:-1], *value.args]
    result = sp.Piecewise(*branches)
    _check(result)
    return result


def _decided(condition: sp.Basic) -> sp.Basic:
    """Return a condition with comparisons of constants decided: SymPy leaves ``1 > erf(10**20)`` as it is."""
    decided = {}
    for comparison in condition.atoms(Relational):
        if not comparison.free_symbols:
            left, right = _value(comparison.lhs), _value(comparison.rhs)
            if abs(left - right) <= mp.mpf("1e-25") * (abs(left) + abs(right)):
                raise Unfit("two constants too close to compare; write the branch that is meant")
            decided[comparison] = comparison.func(sp.Integer(int(left > right)), sp.S.Half)
    return condition.xreplace(decided)


def _brief(number: sp.Expr) -> str:
    return str(number) if len(str(number)) <= 20 else "more than 20 digits"
