"""All that symact finds out about one activation by mathematics alone: what `symact derive` answers."""

from dataclasses import dataclass
from typing import Any

import sympy as sp

from symact.activations import Activation
from symact.derivations import Step
from symact.derivatives import Derivative, FoundKink
from symact.output_forms import NoOutputForm, OutputForm
from symact.properties import Properties
from symact.writing import latex, text


@dataclass(frozen=True)
class Derived:
    """An activation, its derivative, and what is known of both. SymPy expressions inside, text outside."""

    activation: Activation
    found: Derivative
    output_form: OutputForm | NoOutputForm
    properties: Properties

    @property
    def formula(self) -> str:
        """The definition as text."""
        return text(self.activation.expression)

    @property
    def derivative(self) -> sp.Expr:
        """The derivative in input form, as the rules give it; at kinks it takes the declared convention."""
        return self.found.expression

    @property
    def simplified(self) -> sp.Expr:
        """The derivative in its neatest form."""
        return self.found.simplified

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps from the definition to the derivative."""
        return self.found.derivation.steps

    @property
    def kinks(self) -> tuple[FoundKink, ...]:
        """Where the derivative jumps."""
        return self.found.kinks

    def to_json(self, *, properties: bool = True) -> dict[str, Any]:
        """Return what ``symact derive --json`` prints; the properties, which take longest, where wanted."""
        form = self.output_form
        return {
            "name": self.activation.name,
            "formula": self.formula,
            "variable": "z",
            "parameters": {p.name: text(p.default) for p in self.activation.parameters},
            "order": self.found.order,
            "wrt": self.found.wrt.name,
            "derivative": text(self.derivative),
            "simplified": text(self.simplified),
            "output_form": _output_form(form) if isinstance(form, OutputForm) else None,
            "no_output_form": _no_output_form(form) if isinstance(form, NoOutputForm) else None,
            "mixed_form": None,
            "kinks": [
                {key: text(getattr(kink, key)) for key in ("at", "left", "right", "convention")}
                for kink in self.kinks
            ],
            "properties": self.properties.to_json() if properties else {},
            "steps": [
                {"rule": s.rule, "before": text(s.before), "after": text(s.after), "note": s.note}
                for s in self.steps
            ],
        }

    def to_latex(self) -> str:
        """Return definition, derivative, its neatest form and its output form: LaTeX for mathematics mode."""
        d, lines = r"\frac{\mathrm{d}f}{\mathrm{d}" + latex(self.found.wrt) + "}", []
        lines.append(f"f(z) &= {latex(self.activation.expression)}")
        lines.append(f"{d} &= {latex(self.derivative)}")
        if self.simplified != self.derivative:
            lines.append(f"&= {latex(self.simplified)}")
        if isinstance(self.output_form, OutputForm):
            lines.append(f"&= {latex(self.output_form.expression)}")
        return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"

    def _repr_latex_(self) -> str:
        """Return what a notebook shows."""
        return rf"$\displaystyle {self.to_latex()}$"


def _output_form(form: OutputForm) -> dict[str, Any]:
    cases = [{"condition": text(condition), "expr": text(expression)} for condition, expression in form.cases]
    return {
        "expr": text(form.expression),
        "residuals": {symbol.name: text(value) for symbol, value in form.residuals.items()},
        "condition": text(form.condition),
        "proof": form.proof,
        "cases": cases,
    }


def _no_output_form(form: NoOutputForm) -> dict[str, Any]:
    return {"reason": form.reason, "witness": form.witness and [written(part) for part in form.witness]}


def written(part: sp.Expr | str) -> str:
    """Return text; a decimal, which has an error below one unit of its last digit, as it is."""
    return text(part) if isinstance(part, sp.Basic) and not part.has(sp.Float) else str(part)
