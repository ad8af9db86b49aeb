"""The C target: C99 from kernels; compile it, load it, call it on NumPy arrays."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from symact.activations import Activation, Z
from symact.arithmetics import DOUBLE_DOUBLE
from symact.derived import Derived
from symact.errors import NotSupported, SymactError, ToolMissing
from symact.formats import FORMATS
from symact.kernels import Branch, Kernel, Kernels, interface
from symact.polynomials import runtime_constants
from symact.quotations import Quotations, in_words
from symact.targets import c_float32
from symact.targets.c_declarations import (
    HALVES,
    SUFFIXES,
    TYPES,
    Declaration,
    declaration,
    factor_name,
    sticky,
)
from symact.targets.c_notations import DoubleDoubles, Doubles
from symact.targets.printing import inner_names, write, write_condition
from symact.writing import text

FLAGS = ("-Og", "-finline-small-functions", "-std=c99", "-fPIC")
"""For short runs: GCC takes a sixth as long over it as over -O3, and the bits are the same."""

FAST = ("-O3", "-std=c99", "-fPIC")
"""For a library that is used."""

NATIVE = (*FAST, "-march=native")
"""For long runs."""

RAISED = {"FE_INVALID": 1, "FE_DIVBYZERO": 2, "FE_OVERFLOW": 4}
"""The exception flags that a probe reports, and the bit of each; underflow and inexact are anybody's."""

MOST_PARAMETERS = 12
"""How many parameters a probe can pass on."""

DTYPES = tuple(TYPES)
"""The formats that there are scalars of."""

GRADES = ("fast",)
"""What there is beside the reproducible functions, of float32 arrays."""

UNWRITTEN = -12345.0
"""What an output holds before a function is called: neither NaN nor what a last call left there."""

UNWRITTEN_PATTERN = 0xC641
"""The same for bit patterns: bfloat16 has that number, nearly."""

# Contexts for the templates.


def activation_context(template: str, derived: Derived, kernels: Kernels) -> dict[str, object]:
    """Return what the templates for one activation use."""
    activation = derived.activation
    shown = {"name": activation.name, "formula": text(activation.expression)}
    if template.endswith(".f32.c.jinja"):
        return shown | c_float32.context(activation, kernels)
    return shown | {
        "kernels": [_kernel(activation, k) for k in kernels.kernels if k.arithmetic is DOUBLE_DOUBLE],
        "functions": [_function(activation, function, kernels) for function in kernels.functions],
    }


def _function(activation: Activation, function: str, kernels: Kernels) -> dict[str, Any]:
    """Return a function of float64."""
    declared = declaration(activation, function, "float64")
    checked, condition = declared.checked(kernels)
    elements = [f"{i}[{declared.names['i']}]" for i in declared.inputs]
    return {
        "names": declared.names,
        "output": declared.output,
        "scalar": declared.scalar,
        "array": declared.array(),
        "checked": checked,
        "condition": condition,
        "call": declared.call(),
        "of_number": _value(declared, declared.inputs),
        "of_element": _value(declared, elements),
        "number": ", ".join([*declared.inputs, "0.0"][:2]),
        "element": ", ".join([*elements, "0.0"][:2]),
    }


def _value(declared: Declaration, inputs: Sequence[str]) -> str:
    held = f"{declared.name}_{declared.source}_f64({', '.join([inputs[0], *declared.settings])})"
    if len(inputs) > 1:
        held = f"symact_dd_mul(symact_dd_from_double({inputs[1]}), {held})"
    return f"symact_dd_to_double({held})"


def summary(derived: Derived, kernels: Kernels) -> dict[str, Any]:
    """Return what symact.h says of one activation: prototypes, formula, parameters, conditions."""
    activation = derived.activation
    prototypes: list[str] = []
    for function in kernels.functions:
        for dtype in TYPES:
            declared = declaration(activation, function, dtype)
            checked = declared.checked(kernels)[0]
            prototypes += [declared.scalar, declared.array(), *([checked] if checked else [])]
    prototypes += [each["array"] for each in c_float32.halves(activation, kernels)["functions"]]
    prototypes += c_float32.fast(activation, kernels)
    condition = kernels.output_condition
    return {
        "name": activation.name,
        "formula": text(activation.expression),
        "parameters": [
            f"{p.name} (default {text(p.default)}): {p.meaning or 'a real number'}"
            for p in activation.parameters
        ],
        "condition": "" if condition in (sp.true, sp.false) else text(condition),
        "prototypes": [f"{prototype};" for prototype in prototypes],
    }


def shared_context(template: str, summaries: list[dict[str, Any]], quoted: Quotations) -> dict[str, object]:
    """Return what the templates that stand once use: the header's activations, the runtime's constants."""
    if template.endswith(("symact_dd.h.jinja", "symact_functions.h.jinja")):
        return {"runtime": runtime_constants()}
    if template.endswith("symact_halves.h.jinja"):
        formats = [
            {"suffix": long[1:], "name": fmt.dtype, "stored": fmt.precision - 1, "emin": fmt.emin}
            for long, fmt in HALVES.items()
        ]
        return {"formats": formats}
    if template.endswith("symact.h.jinja"):
        return {
            "activations": [{**one, "quoted": in_words(quoted.get(one["name"], ()))} for one in summaries]
        }
    return {}


def _kernel(activation: Activation, kernel: Kernel) -> dict[str, Any]:
    """Return a kernel of double-double, and the function that rounds it for float32."""
    name, parameters = activation.name, [p.name for p in activation.parameters]
    inner = inner_names(parameters)
    conditions = Doubles(inner)
    names = inner | {Z: "x"} | {p.symbol: f"dd_{p.name}" for p in activation.parameters}
    notation = DoubleDoubles(names)
    cases = [
        {
            "condition": _condition(condition, conditions),
            "always": condition == sp.true,
            "branches": [_branch(branch, notation, conditions) for branch in branches],
        }
        for condition, branches in kernel.cases
    ]
    given = ", ".join(["double z", *(f"double {p}" for p in parameters)])
    return {
        "signature": f"static symact_dd {name}_{kernel.function}_f64({given})",
        "cases": cases,
        "wide": [("x", "z"), *((f"dd_{p}", p) for p in parameters)],
        "unused": parameters,
        "none": notation.number(sp.nan),
        "sticky": sticky(activation, kernel.function),
        "factor": factor_name(activation),
        "call": f"{name}_{kernel.function}_f64({', '.join(['z', *parameters])})",
    }


def _branch(branch: Branch, notation: DoubleDoubles, conditions: Doubles) -> dict[str, Any]:
    lines = [
        f"const symact_dd {notation.names.get(symbol, symbol.name)} = {write(value, notation)};"
        for symbol, value in branch.assignments
    ]
    return {
        "condition": _condition(branch.condition, conditions),
        "always": branch.condition == sp.true,
        "lines": lines,
        "result": write(branch.result, notation),
        "rule": branch.rule,
    }


def _condition(condition: sp.Basic, notation: Doubles) -> str:
    return write_condition(condition, notation, " && ", " || ", "!")


# Build and load.


def found_compiler() -> str:
    """Return the C compiler of this machine: CC, or the first of the usual names. Raises ToolMissing."""
    cc = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if cc is None:
        raise ToolMissing("no C compiler found (cc, gcc, clang); install one or set CC")
    return cc


def build(
    folder: Path,
    library: Path,
    *,
    compiler: str | None = None,
    flags: tuple[str, ...] = FLAGS,
    further: Mapping[str, str] | None = None,
    progress: Callable[[str, int, int], None] = lambda title, done, total: None,
) -> Path:
    """Compile the generated C into a shared library and return its path.

    ``further`` is other C by file name; without it the probes that `Library.alone` calls.

    Raises ToolMissing without a compiler, SymactError with the compiler's first words where it fails.
    """
    cc = compiler or found_compiler()
    library.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(folder.glob("*.c"))
    if not sources:
        raise SymactError(f"{folder}: no generated C here; run symact generate first")
    for name, code in ({"symact_probes.c": _probes()} if further is None else further).items():
        sources.append(library.parent / name)
        sources[-1].write_text(code, "utf-8")
    objects = {source: str(library.parent / f"{source.stem}.o") for source in sources}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = {
            pool.submit(_run, [cc, *flags, "-c", str(source), "-o", objects[source]]): source
            for source in sources
        }
        try:
            for done, each in enumerate(as_completed(work)):
                each.result()
                progress(work[each].stem, done, len(work))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    _run([cc, "-shared", *objects.values(), "-lm", "-o", str(library)])
    return library


def _probes() -> str:
    """Return C that calls a function on one element after another and notes the flags that it raises.

    Of 16-bit formats there are no scalars: an array of one element stands for one. To clear flags takes
    longer than most functions, so it is done only after an element that raised one.
    """
    every = " | ".join(RAISED)
    tests = f"        int raised = fetestexcept({every});\n        flags[i] = 0;\n        if (raised) {{\n"
    tests += "\n".join(
        f"            flags[i] |= raised & {flag} ? {bit} : 0;" for flag, bit in RAISED.items()
    )
    tests += "\n            feclearexcept(FE_ALL_EXCEPT);\n        }"
    parts = ["#include <fenv.h>\n#include <stddef.h>\n#include <stdint.h>"]
    for (ctype, _, long), inputs, count in product(TYPES.values(), (1, 2), range(MOST_PARAMETERS + 1)):
        declared = ", ".join([ctype] * (inputs + count))
        passed = ", ".join(["a[i]", "b[i]"][:inputs] + [f"p[{k}]" for k in range(count)])
        parts.append(
            f"void symact_probe_{inputs}_{count}{long}({ctype} (*f)({declared}), const {ctype} *a, "
            f"const {ctype} *b, {ctype} *out, unsigned char *flags, size_t n, const {ctype} *p)\n"
            "{\n    (void)b;\n    (void)p;\n"
            "    feclearexcept(FE_ALL_EXCEPT);\n    for (size_t i = 0; i < n; ++i) {\n"
            f"        out[i] = f({passed});\n{tests}\n    }}\n    feclearexcept(FE_ALL_EXCEPT);\n}}"
        )
    for inputs, count in product((1, 2), range(MOST_PARAMETERS + 1)):
        pointers = ["const uint16_t *"] * inputs + ["uint16_t *", "size_t"]
        declared = ", ".join(pointers + ["float"] * count)
        passed = ", ".join([*["a + i", "b + i"][:inputs], "out + i", "1", *(f"p[{k}]" for k in range(count))])
        parts.append(
            f"void symact_probe_{inputs}_{count}_half(void (*f)({declared}), const uint16_t *a, "
            "const uint16_t *b, uint16_t *out, unsigned char *flags, size_t n, const float *p)\n"
            "{\n    (void)b;\n    (void)p;\n"
            "    feclearexcept(FE_ALL_EXCEPT);\n    for (size_t i = 0; i < n; ++i) {\n"
            f"        f({passed});\n{tests}\n    }}\n    feclearexcept(FE_ALL_EXCEPT);\n}}"
        )
    return "\n\n".join(parts) + "\n"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SymactError(f"{' '.join(command[:1])} failed on {command[-3]}: {done.stderr.strip()[:800]}")


@dataclass(frozen=True)
class Library:
    """A compiled library; ``call`` gives a function on arrays."""

    path: Path
    activations: Mapping[str, Activation]

    def call(self, name: str, function: str, dtype: str, grade: str = "") -> Callable[..., np.ndarray] | None:
        """Return ``f(input, [g_bar], out=None, **parameters)``, or None where there is no such function.

        ``out`` may be one of the inputs, in the dtype. What a function leaves out is `UNWRITTEN`.

        bfloat16 is held in float32 arrays.

        Raises SymactError where a function writes beside its output.
        """
        suffix, inputs, _ = interface(function)
        symbol = self._symbol(f"symact_{name}{suffix}{'_' * bool(grade)}{grade}{SUFFIXES[dtype]}")
        if symbol is None:
            return None
        number = ctypes.c_double if dtype == "float64" else ctypes.c_float
        parameters = self.activations[name].parameters
        symbol.restype = None
        symbol.argtypes = (
            [ctypes.c_void_p] * (len(inputs) + 1) + [ctypes.c_size_t] + [number] * len(parameters)
        )

        def patterns(*arrays: np.ndarray, out: np.ndarray | None = None, **settings: float) -> np.ndarray:
            values = [settings.get(p.name, float(p.default)) for p in parameters]
            held = np.full((len(arrays) + 1, arrays[0].size + 2), UNWRITTEN_PATTERN, np.uint16)
            for row, array in zip(held, arrays, strict=False):
                row[1:-1] = to_patterns(array, dtype).reshape(-1)
            places = [row[1:-1] for row in held]
            target = next((k for k, array in enumerate(arrays) if array is out), len(arrays))
            result = places[target]
            symbol(*(a.ctypes.data for a in places[:-1]), result.ctypes.data, result.size, *values)
            if set(held[target, [0, -1]].tolist()) != {UNWRITTEN_PATTERN}:
                raise SymactError(f"{self.path}: {name} {function} writes beside its output")
            found = of_patterns(result, dtype).reshape(arrays[0].shape)
            if out is None:
                return found
            out[...] = found
            return out

        def run(*arrays: np.ndarray, out: np.ndarray | None = None, **settings: float) -> np.ndarray:
            ready = [np.ascontiguousarray(a, dtype=dtype) for a in arrays]
            values = [settings.get(p.name, float(p.default)) for p in parameters]
            guarded = np.full(ready[0].size + 2, UNWRITTEN, dtype)
            result = guarded[1:-1].reshape(ready[0].shape) if out is None else out
            symbol(*(a.ctypes.data for a in ready), result.ctypes.data, result.size, *values)
            if guarded[0] != UNWRITTEN or guarded[-1] != UNWRITTEN:
                raise SymactError(f"{self.path}: {name} {function} writes beside its output")
            return result

        return run if dtype in TYPES else patterns

    def alone(self, name: str, function: str, dtype: str) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        """Return what calls a function on each element alone: the values, and the flags of `RAISED`.

        Raises NotSupported for more parameters than a probe passes on.
        """
        _, short, long = TYPES.get(dtype, ("", SUFFIXES[dtype], "_half"))
        suffix, inputs, _ = interface(function)
        parameters = self.activations[name].parameters
        scalar = self._symbol(f"symact_{name}{suffix}{short}")
        probe = self._symbol(f"symact_probe_{len(inputs)}_{len(parameters)}{long}")
        if scalar is None or probe is None:
            raise NotSupported(f"{name}: {function} of {len(parameters)} parameters cannot be called alone")
        place = ctypes.cast(scalar, ctypes.c_void_p)
        probe.restype = None
        probe.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_size_t, ctypes.c_void_p]

        def run(*arrays: np.ndarray, **settings: float) -> tuple[np.ndarray, np.ndarray]:
            values = [settings.get(p.name, float(p.default)) for p in parameters]
            given = np.array(values, dtype if dtype in TYPES else "float32")
            ready = [
                np.ascontiguousarray(a, dtype=dtype) if dtype in TYPES else to_patterns(a, dtype)
                for a in arrays
            ]
            result, flags = np.empty_like(ready[0]), np.zeros(ready[0].size, np.uint8)
            pointers = [a.ctypes.data for a in (ready[0], ready[-1], result, flags)]
            probe(place, *pointers, result.size, given.ctypes.data)
            return (result if dtype in TYPES else of_patterns(result, dtype)), flags

        return run

    def _symbol(self, name: str) -> Any:
        return getattr(ctypes.CDLL(str(self.path)), name, None)


def to_patterns(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return the bit patterns of values of a 16-bit format.

    >>> [hex(p) for p in to_patterns(np.array([1.0, -np.inf], np.float32), "bfloat16")]
    ['0x3f80', '0xff80']
    """
    held = np.ascontiguousarray(values, FORMATS[dtype].held)
    return held.view(np.uint16) if held.itemsize == 2 else (held.view(np.uint32) >> 16).astype(np.uint16)


def of_patterns(patterns: np.ndarray, dtype: str) -> np.ndarray:
    """Return the values of bit patterns of a 16-bit format.

    >>> of_patterns(np.array([0x3C00], np.uint16), "float16")
    array([1.], dtype=float16)
    """
    if FORMATS[dtype].held == "float16":
        return patterns.view(np.float16)
    return (patterns.astype(np.uint32) << 16).view(np.float32)


def load(library: Path, activations: Mapping[str, Activation]) -> Library:
    """Return a compiled library for calls from Python."""
    return Library(library, activations)
