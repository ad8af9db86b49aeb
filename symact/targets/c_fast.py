"""What C has on arrays of float32: the fast grade, at most 1 ulp, and the reproducible one from it."""

from collections.abc import Collection
from typing import Any

import sympy as sp

from symact.activations import Activation
from symact.arithmetics import SHORT
from symact.kernels import SOURCES, Kernel, Kernels, interface
from symact.targets.c_notations import Doubles, Shorts
from symact.targets.printing import hexadecimal, inner_names, unclashing, write, write_condition
from symact.writing import text

SUFFIX = "_fast_f32"
"""What the array functions end in."""

LOCALS = (
    "n", "i", "start", "count", "before", "nan", "infinity", "near", "found", "other", "value", "kept"
)  # fmt: skip
"""The names that a function has beside its inputs, its output and the parameters."""


def fast_context(
    name: str, activation: Activation, kernels: Kernels, among: Collection[str]
) -> dict[str, object]:
    """Return what templates/c/ACTIVATION_fast.c.jinja uses, but for the header."""
    return {
        "name": name,
        "formula": text(activation.expression),
        "kernels": [_kernel(name, activation, kernel) for kernel in kernels.fast],
        "functions": fast_functions(name, activation, kernels, among),
        "reproducible": [
            floats(name, activation, function, kernel)
            for function in kernels.functions
            if (kernel := kernels.quick(SOURCES.get(function, function))) is not None
        ],
    }


def floats(name: str, activation: Activation, function: str, kernel: Kernel) -> dict[str, Any]:
    """Return what templates/c/_floats.jinja makes a reproducible function on arrays of float32 of."""
    settings = [p.name for p in activation.parameters]
    suffix, inputs, output = interface(function)
    free = unclashing([*inputs, output, *LOCALS], settings)
    at = f"{free['start']} + {free['i']}" if kernel.slack else free["i"]
    given = [f"{free[i]}[{at}]" for i in inputs]
    end = "fast" if kernel.arithmetic is SHORT else "f32"
    value = ", ".join(f"(double){v}" for v in (given[0], *settings))
    value = f"{name}_{SOURCES.get(function, function)}_{end}({value})"
    arrays = [*(f"const float *{free[i]}" for i in inputs), f"float *{free[output]}"]
    listed = [*arrays, f"size_t {free['n']}", *(f"float {s}" for s in settings)]
    return {
        "array": f"void symact_{name}{suffix}_f32({', '.join(listed)})",
        "names": free,
        "output": free[output],
        "value": value if len(inputs) == 1 else f"(double){given[1]} * {value}",
        "slack": hexadecimal(kernel.slack) if kernel.slack else "",
        "alone": f"symact_{name}{suffix}f({', '.join([*given, *settings])})",
        "given": ", ".join([*given, "0.0f"][:2]),
    }


def fast_functions(
    name: str, activation: Activation, kernels: Kernels, among: Collection[str]
) -> list[dict[str, str]]:
    """Return the functions on arrays. Where no short kernel is good enough, the reproducible one serves."""
    settings = [p.name for p in activation.parameters]
    short = {kernel.function for kernel in kernels.fast}
    found = []
    for function in [f for f in kernels.functions if f in among]:
        suffix, inputs, output = interface(function)
        free = unclashing([*inputs, output, "n", "i"], settings)
        source = SOURCES.get(function, function)
        arrays = [*(f"const float *{free[i]}" for i in inputs), f"float *{free[output]}"]
        listed = [*arrays, f"size_t {free['n']}", *(f"float {s}" for s in settings)]
        passed = [*(free[i] for i in inputs), free[output], free["n"], *settings]
        at = f"[{free['i']}]"
        value = ", ".join(f"(double){v}" for v in (f"{free[inputs[0]]}{at}", *settings))
        value = f"{name}_{source}_fast({value})"
        if len(inputs) > 1:
            value = f"(double){free[inputs[1]]}{at} * {value}"
        found.append(
            {
                "array": f"void symact_{name}{suffix}{SUFFIX}({', '.join(listed)})",
                "i": free["i"],
                "n": free["n"],
                "output": f"{free[output]}{at}",
                "value": f"(float)({value})" if source in short else "",
                "call": f"symact_{name}{suffix}_f32({', '.join(passed)})",
            }
        )
    return found


def _kernel(name: str, activation: Activation, kernel: Kernel) -> dict[str, Any]:
    settings = [p.name for p in activation.parameters]
    notation = Shorts(_names(kernel, settings))
    cases = []
    for condition, (branch,) in kernel.cases:
        lines = [
            f"const double {write(symbol, notation)} = {write(value, notation)};"
            for symbol, value in branch.assignments
        ]
        held = write_condition(condition, Doubles(notation.names), " && ", " || ", "!")
        result = write(branch.result, notation)
        cases.append({"condition": held, "always": condition == sp.true, "lines": lines, "result": result})
    declared = ", ".join(["double z", *(f"double {s}" for s in settings)])
    return {
        "signature": f"static inline SYMACT_INLINED double {name}_{kernel.function}_fast({declared})",
        "unused": settings,
        "cases": cases,
    }


def _names(kernel: Kernel, settings: Collection[str]) -> dict[sp.Symbol, str]:
    """Return names for what the steps hold that no parameter has."""
    held = {symbol for _, (branch,) in kernel.cases for symbol, _ in branch.assignments}
    free = unclashing([symbol.name for symbol in held], settings)
    return inner_names(settings) | {symbol: free[symbol.name] for symbol in held}
