"""An expression and how it came to be: the derivation is the value, not prose about it."""

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Step:
    """One rewriting of a derivation: ``before`` becomes ``after`` by ``rule``.

    ``before`` and ``after`` are the whole expression ahead of and behind the step; an unevaluated
    derivative is `sympy.Derivative`. ``note`` is a sentence for a reader, such as the inner function
    of the chain rule. ``part`` is what the rule acts on, None where that is the whole.
    """

    rule: str
    before: sp.Expr
    after: sp.Expr
    note: str = ""
    part: sp.Expr | None = None

    @property
    def subexpression(self) -> sp.Expr:
        """The part of ``before`` that the rule acts on.

        >>> Step("power rule", 1 + sp.Symbol("x"), sp.Symbol("y")).subexpression
        x + 1
        """
        return self.before if self.part is None else self.part


@dataclass(frozen=True)
class Derivation:
    """The steps that lead from the first ``before`` to ``result``, the last ``after``."""

    steps: tuple[Step, ...]
    result: sp.Expr
