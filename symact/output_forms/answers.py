"""What the stage answers: an output form with its proof, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from symact.derivations import Derivation


@dataclass(frozen=True)
class OutputForm:
    """The derivative as a function of ``g = f(z)`` and the parameters.

    ``expression`` holds where ``condition`` on the parameters does; ``cases`` are the ``(condition,
    expression)`` that parameters split it into, one where they do not. ``residuals`` is empty: nothing
    but g is needed. ``derivation`` leads from the derivative in z to the form.
    """

    expression: sp.Expr
    cases: tuple[tuple[sp.Basic, sp.Expr], ...]
    condition: sp.Basic
    proof: str
    derivation: Derivation
    residuals: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class NoOutputForm:
    """Why there is no output form.

    ``witness`` is ``(z1, z2, what they show)``, None where f is injective and only its inverse is not
    elementary. Its numbers are exact, or decimals with an error below one unit of the last digit.
    Where not ``decided`` no form was found, and none was shown impossible.
    """

    reason: str
    witness: tuple[sp.Expr, sp.Expr, str] | None = None
    decided: bool = True
