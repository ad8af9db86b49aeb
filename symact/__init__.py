"""symact: activation functions from their definition to derived, generated and verified code.

>>> import symact
>>> symact.derive("sigmoid").output_form.expression
g*(1 - g)

Names are imported when they are first used, so that ``import symact`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symact.activations import Activation, Kink, Parameter, Source
    from symact.derived import Derived
    from symact.errors import (
        InvalidActivation,
        InvalidFormula,
        NoOutputForm,
        NotSupported,
        StaleOutput,
        SymactError,
        ToolMissing,
        UnknownName,
    )
    from symact.pipeline import audit, bench, derive, document, generate, verify

__version__ = "0.1.0"

_HOMES = {
    "symact.activations": ("Activation", "Kink", "Parameter", "Source"),
    "symact.derived": ("Derived",),
    "symact.errors": (
        "InvalidActivation",
        "InvalidFormula",
        "NoOutputForm",
        "NotSupported",
        "StaleOutput",
        "SymactError",
        "ToolMissing",
        "UnknownName",
    ),
    "symact.pipeline": ("audit", "bench", "derive", "document", "generate", "verify"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Activation",
    "Derived",
    "InvalidActivation",
    "InvalidFormula",
    "Kink",
    "NoOutputForm",
    "NotSupported",
    "Parameter",
    "Source",
    "StaleOutput",
    "SymactError",
    "ToolMissing",
    "UnknownName",
    "audit",
    "bench",
    "catalogue",
    "derive",
    "document",
    "generate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "catalogue":  # a package that can be called: symact.catalogue()["gelu"]
        return import_module("symact.catalogue")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symact' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
