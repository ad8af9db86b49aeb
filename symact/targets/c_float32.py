"""What C has of float32 and of 16 bits: binary64, and float64's kernel where that leaves doubt."""

from typing import Any

import sympy as sp

from symact.activations import Activation
from symact.kernels import LEAST_ABSOLUTE, SOURCES, Kernel, Kernels, interface
from symact.targets.c_declarations import HALVES, OF_HALVES, Declaration, declaration, sticky
from symact.targets.c_notations import Doubles, Floats
from symact.targets.printing import hexadecimal, step_names, unclashing, write, write_condition
from symact.targets.singles import is_single

SINGLE = "_single"
"""What kernels end in that binary32 computes."""

FAST = "_fast"
"""What the arrays' functions of the fast grade end in, before the suffix of the type."""


def context(activation: Activation, kernels: Kernels) -> dict[str, object]:
    """Return what templates/c/ACTIVATION.f32.c.jinja uses, but for the header."""
    sources = [f for f in kernels.functions if f not in SOURCES]
    return {
        "sticky": [sticky(activation, source) for source in sources],
        "kernels": [
            _kernel(activation, kernel, single)
            for s in sources
            if (kernel := kernels.of(s, "float32")) is not None
            for single in (False, True)
            if not single or is_single(kernel)
        ],
        "functions": [_function(activation, function, kernels) for function in kernels.functions],
        "halves": halves(activation, kernels),
    }


def fast(activation: Activation, kernels: Kernels) -> list[str]:
    """Return the declarations of the fast grade."""
    among = [f for f in kernels.functions if f in OF_HALVES]
    return [declaration(activation, function, "float32").array(FAST) for function in among]


def _kernel(activation: Activation, kernel: Kernel, single: bool) -> dict[str, Any]:
    settings = [p.name for p in activation.parameters]
    number = "float" if single else "double"
    cases = []
    for condition, (branch,) in kernel.cases:
        notation = (Floats if single else Doubles)(
            step_names((symbol for symbol, _ in branch.assignments), settings)
        )
        lines = [
            f"const double {write(symbol, notation)} = {write(value, notation)};"
            for symbol, value in branch.assignments
        ]
        held = write_condition(condition, notation, " && ", " || ", "!")
        result = write(branch.result, notation)
        cases.append({"condition": held, "always": condition == sp.true, "lines": lines, "result": result})
    listed = ", ".join(f"{number} {name}" for name in ("z", *settings))
    declared = declaration(activation, kernel.function, "float32")
    names, (first,) = declared.names, declared.inputs
    arrays = [f"const float *{first}", f"double *{names['near']}", f"size_t {names['count']}"]
    given = ", ".join([*arrays, *(f"float {s}" for s in settings)])
    return {
        "signature": f"static inline SYMACT_INLINED {number} "
        f"{activation.name}_{kernel.function}{SINGLE if single else '_f32'}({listed})",
        "unused": settings,
        "cases": cases,
        "names": names,
        "one": f"double {activation.name}_{kernel.function}_one({listed})",
        "value": f"{activation.name}_{kernel.function}_f32({', '.join(['z', *settings])})",
        "block": "" if kernel.exact else f"{activation.name}_{kernel.function}_block({given})",
        "element": _value(declared, names["i"], "_f32"),
        "cloned": kernel.function in OF_HALVES,
    }


def _function(activation: Activation, function: str, kernels: Kernels) -> dict[str, Any]:
    declared = declaration(activation, function, "float32")
    names, kernel = declared.names, kernels.of(declared.source, "float32")
    among = function in OF_HALVES
    checked, condition = declared.checked(kernels)
    roundings = 1 if len(declared.inputs) == 1 else 0  # a VJP's product is one
    end = SINGLE if kernel is not None and is_single(kernel, roundings) else "_f32"
    at = f"{names['start']} + {names['i']}" if kernel is not None and not kernel.exact else names["i"]
    inputs = ", ".join([*(f"{i}[{at}]" for i in declared.inputs), "0.0f"][:2])
    start, near, count = names["start"], names["near"], names["count"]
    passed = ", ".join([f"{declared.inputs[0]} + {start}", near, count, *declared.settings])
    return {
        "names": names,
        "output": declared.output,
        "scalar": declared.scalar,
        "array": declared.array(),
        "checked": checked,
        "condition": condition,
        "call": declared.call(),
        "fast": declared.array(FAST) if among else "",
        "fast_value": _value(declared, names["i"], end) if kernels.fast(declared.source) else "",
        "inexact": kernel is not None and not kernel.exact,
        "block": f"{activation.name}_{declared.source}_block({passed})",
        "factor": f"{declared.inputs[1]} + {start}" if len(declared.inputs) > 1 else "",
        "slack": hexadecimal(kernel.slack) if kernel else "",
        "of_number": _parts(declared, kernel, "", end),
        "of_element": _parts(declared, kernel, at, end),
        "number": ", ".join([*declared.inputs, "0.0f"][:2]),
        "element": inputs,
    }


def _parts(declared: Declaration, kernel: Kernel | None, at: str, end: str) -> dict[str, str]:
    """Return a value in binary64, what it may be off beside its slack, and the value that decides."""
    given = declared.given(at)
    factor, rest = ("1.0", given) if len(declared.inputs) == 1 else (given[1], [given[0], *given[2:]])
    precise = f"symact_{declared.name}_{declared.source}_sticky({', '.join([factor, *rest])})"
    beyond = ""
    if kernel is not None and kernel.absolute:
        beyond = hexadecimal(kernel.absolute)
        beyond = beyond if factor == "1.0" else f"fabs({factor}) * {beyond} + {hexadecimal(LEAST_ABSOLUTE)}"
    return {
        "near": precise if kernel is None else _value(declared, at, end if at or kernel.exact else "_one"),
        "beyond": beyond,
        "precise": precise,
    }


def _value(declared: Declaration, at: str, end: str) -> str:
    given = declared.given(at, "" if end == SINGLE else "(double)")
    if len(declared.inputs) == 1:
        return f"{declared.name}_{declared.source}{end}({', '.join(given)})"
    z, factor, *settings = given
    return f"{factor} * {declared.name}_{declared.source}{end}({', '.join([z, *settings])})"


# 16 bits.


def halves(activation: Activation, kernels: Kernels) -> dict[str, list[dict[str, str]]]:
    """Return the functions on arrays of 16-bit patterns: one for each kernel, and those that call it."""
    functions = [f for f in kernels.functions if f in OF_HALVES]
    return {
        "shared": [_shared(activation, f, kernels) for f in functions if f not in SOURCES],
        "functions": [_half(activation, f, long) for f in functions for long in HALVES],
    }


def _shared(activation: Activation, function: str, kernels: Kernels) -> dict[str, str]:
    name, settings = activation.name, [p.name for p in activation.parameters]
    kernel = kernels.of(function, "float32")
    values = ", ".join(["symact_x", *(f"(double){p}" for p in settings)])
    precise = f"symact_{name}_{function}_sticky(symact_y, {values})"
    listed = ", ".join(["SYMACT_OF_HALVES", *(f"float {p}" for p in settings)])
    off = "0.0"
    if kernel is not None and kernel.slack:
        off = f"fabs(symact_near) * {hexadecimal(kernel.slack)}"
    if kernel is not None and kernel.absolute:
        off += f" + fabs(symact_y) * {hexadecimal(kernel.absolute)} + {hexadecimal(LEAST_ABSOLUTE)}"
    return {
        "signature": f"{name}_{function}_halves({listed})",
        "value": f"symact_y * {name}_{function}{'_f32' if kernel.exact else '_one'}({values})"
        if kernel
        else precise,
        "off": off,
        "precise": precise if kernel else "symact_near",
    }


def _half(activation: Activation, function: str, long: str) -> dict[str, str]:
    name, settings = activation.name, [p.name for p in activation.parameters]
    suffix, inputs, output = interface(function)
    free = unclashing([*inputs, output, "n"], settings)
    arrays = [*(f"const uint16_t *{free[i]}" for i in inputs), f"uint16_t *{free[output]}"]
    listed = [*arrays, f"size_t {free['n']}", *(f"float {p}" for p in settings)]
    first, second = (free[inputs[0]], free[inputs[1]] if len(inputs) > 1 else "NULL")
    passed = [first, second, free[output], free["n"], *settings]
    shared = f"{name}_{SOURCES.get(function, function)}_halves"
    return {
        "array": f"void symact_{name}{suffix}{long}({', '.join(listed)})",
        "call": f"{shared}(symact_half{long}, {', '.join(passed)})",
    }
