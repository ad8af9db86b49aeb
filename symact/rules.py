"""DATA: identities that make a derivative shorter to read, one row each, and what applies them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp

X = sp.Symbol("x", real=True)
"""The argument of the functions in a row."""


@dataclass(frozen=True)
class Rule:
    """``first`` and ``second``, factors of a product or terms of a sum, are together ``after``.

    All three may carry one further common factor. ``domain`` says for which real x the identity holds.
    """

    operation: type
    first: sp.Expr
    second: sp.Expr
    after: sp.Expr
    why: str
    domain: sp.Basic = sp.true

    @property
    def before(self) -> sp.Expr:
        """The left-hand side of the identity."""
        return self.operation(self.first, self.second)


RULES: tuple[Rule, ...] = (
    Rule(sp.Mul, sp.sinh(X), 1 / sp.cosh(X), sp.tanh(X), "one bounded function instead of two that overflow"),
    Rule(sp.Mul, sp.sin(X), 1 / sp.cos(X), sp.tan(X), "one function instead of two", sp.Ne(sp.cos(X), 0)),
    Rule(sp.Mul, sp.sin(X), sp.cos(X), sp.sin(2 * X) / 2, "double angle"),
    Rule(sp.Add, sp.cosh(X) ** 2, -(sp.sinh(X) ** 2), sp.Integer(1), "Pythagoras, hyperbolic"),
    Rule(sp.Add, sp.cos(X) ** 2, sp.sin(X) ** 2, sp.Integer(1), "Pythagoras"),
    Rule(sp.Add, sp.cos(X) ** 2, -(sp.sin(X) ** 2), sp.cos(2 * X), "double angle"),
)


def rewrite(expression: sp.Expr) -> sp.Expr:
    """Return the expression after every rule, in order, from the leaves up.

    >>> z = sp.Symbol("z", real=True)
    >>> rewrite(1 + 2*sp.sin(z)*sp.cos(z))
    sin(2*z) + 1
    """
    return next((after for _, after in reversed(list(_rewritings(expression)))), expression)


def applied(expression: sp.Expr) -> list[Rule]:
    """Return the rules that `rewrite` finds something to do for.

    >>> z = sp.Symbol("z", real=True)
    >>> [rule.why for rule in applied(2*sp.sin(z)*sp.cos(z))]
    ['double angle']
    """
    return [rule for rule, _ in _rewritings(expression)]


def _rewritings(expression: sp.Expr) -> Iterator[tuple[Rule, sp.Expr]]:
    """Yield the rules that change the expression, each with what it makes of it."""
    functions = {node.func for node in expression.atoms(sp.Function)}
    for rule in RULES:
        if {node.func for node in rule.before.atoms(sp.Function)} <= functions:
            after = expression.replace(lambda node, r=rule: isinstance(node, r.operation), _applied(rule))
            if after != expression:
                yield rule, after
                expression = after


def _applied(rule: Rule) -> Callable[[sp.Expr], sp.Expr]:
    """Return the function that applies a rule to one sum or product."""
    function = next(iter(rule.first.atoms(sp.Function))).func

    def apply(node: sp.Expr) -> sp.Expr:
        for inner in sorted(node.atoms(function), key=sp.default_sort_key):
            first, second, after = (
                side.xreplace({X: inner.args[0]}) for side in (rule.first, rule.second, rule.after)
            )
            for part in node.args:
                common = part / first
                if common.has(function):
                    continue
                if rule.operation is sp.Mul:
                    if common == 1 and second in node.args:
                        return node / (first * second) * after
                elif second * common in node.args:
                    return node - first * common - second * common + after * common
        return node

    return apply
