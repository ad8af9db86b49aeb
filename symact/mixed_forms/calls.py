"""Calls: the functions, exponentials and roots of an expression as symbols, over which it is rational.

Calls are opaque: only exponentials of commensurable arguments, and roots of one base, know each other.
A value that the forward pass has stands for one call; the others stay, and are computed again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import sympy as sp

from symact.simplification import commensurable


@dataclass(frozen=True)
class Calls:
    """``symbols`` has a power of a symbol for each call, ``meanings`` the unit call of each symbol."""

    symbols: Mapping[sp.Expr, sp.Expr]
    meanings: Mapping[sp.Symbol, sp.Expr]

    def rational(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression over the symbols."""
        return expression.xreplace(dict(self.symbols))


def is_call(node: sp.Basic) -> bool:
    """Return whether a node is a function, an exponential, a root or a number such as pi."""
    return bool(node.is_Function or (node.is_Pow and not node.exp.is_Integer) or node.is_NumberSymbol)


def outermost(expression: sp.Expr) -> Iterator[sp.Expr]:
    """Yield the calls of an expression, those inside others left out, in reading order."""
    if is_call(expression):
        yield expression
    else:
        for argument in expression.args:
            yield from outermost(argument)


def calls_of(expressions: Iterable[sp.Expr]) -> Calls:
    """Return the outermost calls of some expressions as powers of symbols.

    >>> z = sp.Symbol("z", real=True)
    >>> found = calls_of([1/(1 + sp.exp(-z)), sp.exp(2*z)])
    >>> [found.rational(e) for e in (1/(1 + sp.exp(-z)), sp.exp(2*z))], list(found.meanings.values())
    ([1/(1 + 1/_c0), _c0**2], [exp(z)])
    """
    found = list(dict.fromkeys(call for expression in expressions for call in outermost(expression)))
    symbols: dict[sp.Expr, sp.Expr] = {}
    meanings: dict[sp.Symbol, sp.Expr] = {}

    def new(meaning: sp.Expr) -> sp.Symbol:
        symbol = sp.Symbol(f"_c{len(meanings)}", real=True, positive=True if meaning.is_positive else None)
        meanings[symbol] = meaning
        return symbol

    for base, powers in commensurable([call for call in found if isinstance(call, sp.exp)]):
        symbol = new(sp.exp(base))
        symbols |= {call: symbol**power for call, power in powers.items()}
    roots: dict[sp.Expr, list[sp.Rational]] = {}
    for call in found:
        base, exponent = call.as_base_exp()
        if exponent.is_Rational and not isinstance(call, sp.exp):
            roots.setdefault(base, []).append(exponent)
        elif call not in symbols:
            symbols[call] = new(call)
    for base, exponents in roots.items():
        n = reduce(sp.ilcm, [exponent.q for exponent in exponents])
        symbol = new(base ** sp.Rational(1, n))
        symbols |= {base**exponent: symbol ** (n * exponent) for exponent in exponents}
    return Calls(symbols, meanings)


def replaced(expression: sp.Expr, call: sp.Expr, by: sp.Expr) -> sp.Expr:
    """Return an expression with a call, at any depth, and its integer powers written otherwise.

    >>> z, s = sp.symbols("z s", real=True)
    >>> replaced(sp.tanh(sp.exp(z)) + sp.exp(-2*z), sp.exp(z), s)
    tanh(s) + s**(-2)
    """

    def power(node: sp.Basic) -> sp.Rational | None:
        if node == call:
            return sp.S.One
        if isinstance(node, sp.exp) and isinstance(call, sp.exp):
            ratio = sp.cancel(node.args[0] / call.args[0])
        elif node.is_Pow and call.is_Pow and not isinstance(node, sp.exp) and node.base == call.base:
            ratio = node.exp / call.exp
        else:
            return None
        return ratio if ratio.is_Integer else None

    return expression.replace(lambda node: power(node) is not None, lambda node: by ** power(node))
