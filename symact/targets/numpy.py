"""The NumPy target: pure NumPy from kernels, each branch evaluated on the elements that it is for."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp

from symact.activations import Activation, Z
from symact.arithmetics import DOUBLE, DOUBLE_DOUBLE, Arithmetic
from symact.derivatives import differentiate
from symact.derived import Derived
from symact.errors import NotSupported, SymactError
from symact.kernels import SOURCES, WRT, Branch, Kernel, Kernels, interface
from symact.polynomials import runtime_constants
from symact.quotations import Quotations
from symact.targets.printing import (
    ELEMENTARY,
    double_double,
    grouped,
    hexadecimal,
    inner_names,
    step_names,
    write,
    write_condition,
)
from symact.targets.singles import is_single
from symact.writing import text

EXACT = {"sqrt": "np.sqrt", "abs": "np.absolute", "ldexp": "np.ldexp", "choice": "fn.choice"}
"""What NumPy computes exactly, or correctly rounded; all else is _functions.py's."""


LIBRARY = "libsymact.so"
"""The C library beside the package's modules, where it is built: `symact build`."""

BUILT_OF = "symact_built_of"
"""The string in it that says of which modules: their `fingerprint`."""

VARIABLE = "SYMACT_NUMPY_BACKEND"
"""The environment variable that says ``numpy`` where the library is not to be used."""


@dataclass
class Constants:
    """A module's named constants, each once: Python has no hex literals, so they stand at its head."""

    names: dict[float, str] = field(default_factory=dict)

    def name(self, value: float) -> str:
        """Return how to write a binary64 exactly."""
        if value == int(value) and abs(value) < 1000:
            return f"{value:.1f}"
        return self.names.setdefault(value, f"_C{len(self.names)}")

    def rows(self) -> list[dict[str, str]]:
        """Return the definitions, in the order of their first use."""
        return [{"name": n, "hex": hexadecimal(v), "decimal": repr(v)} for v, n in self.names.items()]


@dataclass(frozen=True)
class Doubles:
    """binary64 arrays in infix."""

    names: Mapping[sp.Symbol, str]
    constants: Constants
    ranging = False

    def number(self, value: sp.Expr) -> str:
        if value in (sp.oo, -sp.oo, sp.nan):
            return {sp.oo: "np.inf", -sp.oo: "-np.inf", sp.nan: "np.nan"}[value]
        return self.constants.name(double_double(value)[0])

    def add(self, a: str, b: str) -> str:
        return f"({a} + {b})"

    def subtract(self, a: str, b: str) -> str:
        return f"({a} - {b})"

    def multiply(self, a: str, b: str) -> str:
        return f"{a} * {b}"

    def divide(self, a: str, b: str) -> str:
        return f"({a} / {grouped(b)})"

    def negate(self, a: str) -> str:
        return f"(-{a})"

    def integer_power(self, a: str, n: int) -> str:
        return f"powi({a}, {n})"

    def call(self, name: str, arguments: list[str]) -> str:
        if name in ("true", "false"):
            return name.title()
        if name not in ELEMENTARY and name not in EXACT:
            raise NotSupported(f"NumPy: no function {name}; add it to the runtime")
        return f"{EXACT.get(name, f'fn.{name}')}({', '.join(arguments)})"


@dataclass(frozen=True)
class DoubleDoubles:
    """Pairs of arrays, by calls of the module ``dd``."""

    names: Mapping[sp.Symbol, str]
    constants: Constants
    ranging = True

    def number(self, value: sp.Expr) -> str:
        if value in (sp.oo, -sp.oo, sp.nan):
            return f"({Doubles(self.names, self.constants).number(value)}, 0.0)"
        hi, lo = double_double(value)
        return f"({self.constants.name(hi)}, {self.constants.name(lo)})"

    def add(self, a: str, b: str) -> str:
        return f"dd.add({a}, {b})"

    def subtract(self, a: str, b: str) -> str:
        return f"dd.sub({a}, {b})"

    def multiply(self, a: str, b: str) -> str:
        return f"dd.mul({a}, {b})"

    def divide(self, a: str, b: str) -> str:
        return f"dd.div({a}, {b})"

    def negate(self, a: str) -> str:
        return f"dd.neg({a})"

    def integer_power(self, a: str, n: int) -> str:
        return f"dd.powi({a}, {n})"

    def call(self, name: str, arguments: list[str]) -> str:
        return f"dd.{name}({', '.join(arguments)})"


# Contexts for the templates.


def activation_context(template: str, derived: Derived, kernels: Kernels) -> dict[str, object]:
    """Return what templates/numpy/symact_numpy/ACTIVATION.py.jinja uses."""
    del template
    activation = derived.activation
    constants = Constants()
    rows = [_kernel(activation, kernel, constants) for kernel in kernels.kernels]
    plain = Doubles({}, constants)
    domains = [
        {"text": _condition(p.domain, plain), "words": text(p.domain)}
        for p in activation.parameters
        if p.domain != sp.true
    ]
    unique = [d for i, d in enumerate(domains) if d not in domains[:i]]
    condition = kernels.output_condition
    return {
        "name": activation.name,
        "display_name": activation.display_name or activation.name,
        "formula": text(activation.expression),
        "derivative": text(derived.simplified),
        "source": str(activation.source or ""),
        "parameters": [
            {
                "name": p.name,
                "default": repr(float(p.default)),
                "exact": text(p.default),
                "meaning": p.meaning,
            }
            for p in activation.parameters
        ],
        "domains": unique,
        "condition": {"text": _condition(condition, plain), "words": text(condition)},
        "has_form": any(k.function == "derivative_from_output" for k in kernels.kernels),
        "form": text(derived.output_form.expression) if hasattr(derived.output_form, "expression") else "",
        "kernels": rows,
        "names": _names(activation, kernels),
        "functions": [_function(activation, f, kernels) for f in kernels.functions if f not in SOURCES],
        "further": [_further(activation, function) for function in _further_functions(kernels)],
        "constants": constants.rows(),
    }


def summary(derived: Derived, kernels: Kernels) -> dict[str, Any]:
    """Return the names that the package exports for one activation."""
    return {"module": derived.activation.name, "names": _names(derived.activation, kernels)}


def _names(activation: Activation, kernels: Kernels) -> list[str]:
    return [f"{activation.name}{interface(function)[0]}" for function in kernels.functions]


def _function(activation: Activation, function: str, kernels: Kernels) -> dict[str, str]:
    """Return what a function, and its product with a cotangent, are called in C: the same as here."""
    product = next((name for name, source in SOURCES.items() if source == function), "")
    return {
        "table": f"_{function}".upper(),
        "float32": f"_{function}_FLOAT32".upper() if kernels.of(function, "float32") else "None",
        "name": f"{activation.name}{interface(function)[0]}",
        "product": f"{activation.name}{interface(product)[0]}" if product else "",
    }


def _further_functions(kernels: Kernels) -> list[str]:
    return [f for f in kernels.functions if f == "second_derivative" or f.startswith(WRT)]


def _further(activation: Activation, function: str) -> dict[str, str]:
    """Return what the template says of f'' and of derivatives by parameters."""
    by = function.removeprefix(WRT)
    words = f"derivative of {activation.name} by {by}" if by != function else "second derivative"
    order, wrt = (1, sp.Symbol(by, real=True)) if by != function else (2, Z)
    return {
        "suffix": interface(function)[0],
        "table": f"_{function}".upper(),
        "words": words,
        "formula": text(differentiate(activation, wrt, order).simplified),
    }


def shared_context(template: str, summaries: list[dict[str, Any]], quoted: Quotations) -> dict[str, object]:
    """Return what the package's own modules use."""
    if template.endswith(("_double_double.py.jinja", "_functions.py.jinja")):
        return {"runtime": runtime_constants()}
    if template.endswith("__init__.py.jinja"):
        return {"activations": summaries}
    if template.endswith("_native.py.jinja"):
        return {"native": {"library": LIBRARY, "symbol": BUILT_OF, "variable": VARIABLE}}
    return {}


def _kernel(activation: Activation, kernel: Kernel, constants: Constants) -> dict[str, Any]:
    parameters = [p.name for p in activation.parameters]
    doubles = Doubles(inner_names(parameters), constants)
    cases = []
    number = 0
    for condition, branches in kernel.cases:
        rows = []
        for branch in branches:
            row = _branch(branch, kernel.arithmetic, doubles, parameters)
            rows.append(row | {"name": f"_{kernel.function}_{kernel.dtype}_{number}"})
            number += 1
        cases.append({"condition": _condition(condition, doubles), "branches": rows})
    return {
        "table": f"_{kernel.function}_{kernel.dtype}".upper(),
        "cases": cases,
        "arguments": ", ".join(["z", *parameters]),
        "parameters": ", ".join(parameters),
        "slack": hexadecimal(kernel.slack) if kernel.arithmetic is DOUBLE and kernel.slack else "",
        "absolute": hexadecimal(kernel.absolute) if kernel.arithmetic is DOUBLE and kernel.absolute else "",
        "roundings": _roundings(kernel),
    }


def _roundings(kernel: Kernel) -> str:
    """Return how often binary32 rounds where it computes a kernel by itself, empty where it does not."""
    return next((str(n) for n in (0, 1) if kernel.arithmetic is DOUBLE and is_single(kernel, n)), "")


def _notation(
    branch: Branch, arithmetic: Arithmetic, doubles: Doubles, parameters: list[str]
) -> Doubles | DoubleDoubles:
    if arithmetic is DOUBLE:
        names = step_names((symbol for symbol, _ in branch.assignments), parameters)
        return Doubles(names, doubles.constants)
    wide = {Z: "x"} | {sp.Symbol(p, real=True): f"dd_{p}" for p in parameters}
    return DoubleDoubles({**doubles.names, **wide}, doubles.constants)


def _branch(
    branch: Branch, arithmetic: Arithmetic, doubles: Doubles, parameters: list[str]
) -> dict[str, Any]:
    notation = _notation(branch, arithmetic, doubles, parameters)
    lines = [f"{notation.names.get(s, s.name)} = {write(v, notation)}" for s, v in branch.assignments]
    result = write(branch.result, notation)
    if arithmetic is DOUBLE_DOUBLE:
        used = {s for e in (branch.result, *(v for _, v in branch.assignments)) for s in e.free_symbols}
        wide = ["x = (z, np.zeros_like(z))"] if Z in used else []
        wide += [f"dd_{p} = ({p}, 0.0)" for p in parameters if sp.Symbol(p, real=True) in used]
        lines = wide + lines
    return {
        "condition": "None" if branch.condition == sp.true else _condition(branch.condition, doubles),
        "always": branch.condition == sp.true,
        "lines": lines,
        "result": result,
        "rule": branch.rule,
    }


def _condition(condition: sp.Basic, doubles: Doubles) -> str:
    return write_condition(condition, doubles, " and ", " or ", "not ")


# Build and load.


def fingerprint(folder: Path) -> str:
    """Return the hash of the modules of a package, as the package itself computes it."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


@dataclass(frozen=True)
class Package:
    """The generated package, imported; ``call`` gives its functions by the contract's names."""

    module: ModuleType

    def call(self, name: str, function: str, dtype: str) -> Callable[..., np.ndarray] | None:
        """Return ``f(input, [g_bar], out=None, **parameters)``, or None where there is no such function."""
        found = getattr(self.module, f"{name}{interface(function)[0]}", None)
        if found is None:
            return None

        def run(*arrays: np.ndarray, out: np.ndarray | None = None, **settings: float) -> np.ndarray:
            given = {} if out is None else {"out": out}
            return np.asarray(found(*(np.asarray(a, dtype=dtype) for a in arrays), **given, **settings))

        return run


def load(folder: Path) -> Package:
    """Import ``symact_numpy`` from a folder of generated NumPy, whatever else of that name is installed.

    What is imported computes in NumPy, also where a library of C is built beside it.
    """
    source = folder / "symact_numpy" / "__init__.py"
    if not source.exists():
        raise SymactError(f"{folder}: no generated NumPy package here; run symact generate first")
    for name in [n for n in sys.modules if n == "symact_numpy" or n.startswith("symact_numpy.")]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        "symact_numpy", source, submodule_search_locations=[str(source.parent)]
    )
    if spec is None or spec.loader is None:
        raise SymactError(f"{source}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules["symact_numpy"] = module
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "numpy"
    try:
        spec.loader.exec_module(module)
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
    return Package(module)
