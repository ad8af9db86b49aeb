"""Derivations as displays: one row a step, the formula on the left, the rule that made it on the right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symact.derivations import Derivation, Step
from symact.documents.escapes import escape
from symact.documents.formulas import Display, display
from symact.documents.notation import Notation
from symact.documents.prose import prose
from symact.writing import latex

if TYPE_CHECKING:
    from symact.derived import Derived

TEXT_WIDTH = 455.0
"""The width of the text in points, as symact.tex sets it."""
FORMULA_WIDTH = 318.0
"""The width of a step's formula; the reason stands beside it."""
REASON_WIDTH = 118.0
DERIVATIVE = "f'(z) ="
SAFE = 0.97
"""Estimated widths are off by a few per cent."""


def rows(steps: Sequence[Step], notation: Notation) -> list[dict[str, object]]:
    """Return what the template needs of each step: the formula it leads to, the rule, the note.

    The last formula says what it equals; it is the result.
    """
    leads = ["="] * (len(steps) - 1) + [DERIVATIVE]
    return [
        {
            "formula": display(notation.latex(step.after), FORMULA_WIDTH * SAFE, lead=lead),
            "rule": escape(step.rule),
            "note": prose(step.note, notation, REASON_WIDTH * SAFE) if step.note else "",
        }
        for step, lead in zip(steps, leads, strict=False)
    ]


def result(steps: Sequence[Step], expression: sp.Expr, notation: Notation) -> Display | None:
    """Return the display of a result that is not the last step's already."""
    if steps and steps[-1].after == expression:
        return None
    return display(notation.latex(expression), TEXT_WIDTH * SAFE, lead=DERIVATIVE)


def start(steps: Sequence[Step], result: sp.Expr, notation: Notation) -> Display:
    """Return the left-hand side of a derivation."""
    return display(notation.latex(steps[0].before if steps else result), TEXT_WIDTH * 0.9 * SAFE)


def derivation_latex(derivation: Derivation) -> str:
    r"""Return a derivation as one ``aligned`` display: each line an equality, the rule beside it.

    >>> z = sp.Symbol("z", real=True)
    >>> step = Step("power rule", sp.Derivative(z**2, z), 2*z)
    >>> print(derivation_latex(Derivation((step,), 2*z)))
    \begin{aligned}
      \frac{\mathrm{d}}{\mathrm{d} z}\left(z^{2}\right) &= 2 z && \text{power rule}
    \end{aligned}
    """
    steps = derivation.steps
    if not steps:
        return latex(derivation.result)
    left = latex(steps[0].before)
    body = []
    for index, step in enumerate(steps):
        reason = escape(step.rule) + (f": {prose(step.note)}" if step.note else "")
        head = left if index == 0 else ""
        body.append(rf"  {head} &= {latex(step.after)} && \text{{{reason}}}".replace("   &", "  &"))
    return "\\begin{aligned}\n" + " \\\\\n".join(body) + "\n\\end{aligned}"


def notebook_latex(derived: "Derived") -> str:
    """Return what a notebook shows of a derivation: all its steps, in dollars."""
    return f"$\\displaystyle {derivation_latex(derived.found.derivation)}$"
