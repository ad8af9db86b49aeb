"""All that symact finds out about one activation by mathematics alone: what `symact derive` answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from symact.activations import Activation
from symact.derivations import Step
from symact.derivatives import Derivative, FoundKink
from symact.errors import GaveUp
from symact.identities import Identity, identities
from symact.mixed_forms import MixedForm
from symact.mixed_forms.orders import arranged
from symact.mixed_forms.orders import written as written_mixed
from symact.output_forms import NoOutputForm, OutputForm
from symact.properties import Properties
from symact.writing import latex, text


@dataclass(frozen=True)
class Derived:
    """An activation, its derivative, and what is known of both. SymPy expressions inside, text outside."""

    activation: Activation
    found: Derivative
    output_form: OutputForm | NoOutputForm
    known_properties: Properties | None
    """None where the time was over before they were known."""
    mixed_form: MixedForm | None = None
    gave_up: str = ""
    """Why what is missing is missing: reads on after "gave up"."""

    @property
    def properties(self) -> Properties:
        """What is known of f and f'. Raises GaveUp where the time was over before."""
        if self.known_properties is None:
            raise GaveUp(f"{self.activation.title}: the time was over before the properties were known")
        return self.known_properties

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
        """The steps from the definition to the derivative, and on to the output form if there is one."""
        form = self.output_form
        return self.found.derivation.steps + (form.derivation.steps if isinstance(form, OutputForm) else ())

    @cached_property
    def identities(self) -> tuple[Identity, ...]:
        """What the activation is known as, besides itself."""
        return identities(self.activation)

    @property
    def kinks(self) -> tuple[FoundKink, ...]:
        """Where the derivative jumps."""
        return self.found.kinks

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``symact derive --json`` prints."""
        properties = self.known_properties.to_json() if self.known_properties else {}
        identities = [identity.to_json() for identity in self.identities]
        mixed = self.mixed_form and _mixed_form(self.mixed_form)
        return {**self.facts(), "mixed_form": mixed, "properties": properties, "identities": identities}

    def facts(self) -> dict[str, Any]:
        """Return that object without what takes longest: mixed form, properties and identities."""
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
            "kinks": [
                {key: text(getattr(kink, key)) for key in ("at", "left", "right", "convention")}
                for kink in self.kinks
            ],
            "steps": [
                {
                    "rule": step.rule,
                    "subexpression": text(step.subexpression),
                    "before": text(step.before),
                    "after": text(step.after),
                    "note": step.note,
                }
                for step in self.steps
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
        elif self.mixed_form is not None:
            lines.append(f"&= {latex(arranged(self.mixed_form.expression), order='none')}")
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


def _mixed_form(form: MixedForm) -> dict[str, Any]:
    residuals = {symbol.name: text(value) for symbol, value in form.residuals.items()}
    return {"expr": written_mixed(form.expression), "residuals": residuals, "proof": form.proof}


def _no_output_form(form: NoOutputForm) -> dict[str, Any]:
    return {"reason": form.reason, "witness": form.witness and [written(part) for part in form.witness]}


def written(part: sp.Expr | str) -> str:
    """Return text; a decimal, which has an error below one unit of its last digit, as it is."""
    return text(part) if isinstance(part, sp.Basic) and not part.has(sp.Float) else str(part)
