"""Generated code read as mathematics: its text, C or Python, as a program of exact numbers (balls).

Nothing of symact reads here: C is rewritten line by line as Python, and both run with names that stand for
exact functions. What rounding does to the code is another matter, that of `symact verify`.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flint import arb

GENERATED = Path(__file__).parent.parent / "generated"
Program = Callable[..., arb]

NUMBER = re.compile(r"(?<![\w.])(-?0x[0-9a-f.]+p[+-]?\d+|\d+\.\d*)f?(?![\w.])")
HEAD = re.compile(
    r"^static (?:inline )?(?:SYMACT_INLINED )?(?:double|float|symact_dd) (\w+)\(([^)]*)\)\n\{\n(.*?)^\}",
    re.M | re.S,
)
CHOICE = re.compile(r"(y =|return) (.*) \? (\w+) : (\w+);$")
TESTED = re.compile(r"if \((.*)\) \{$")
STATEMENT = re.compile(r"(?:(?:const )?(?:double|symact_dd) )?(\w+ = .*|return .*);$")


def ball(value: Any) -> arb:
    """Return a number, or a pair of numbers that stands for its sum."""
    return ball(value[0]) + ball(value[1]) if isinstance(value, tuple) else arb(value)


def exact(function: Callable[..., arb]) -> Callable[..., arb]:
    return lambda *given: function(*(v if isinstance(v, int) else ball(v) for v in given))


def power(x: arb, n: int) -> arb:
    return arb(x) ** n


def scaled(x: arb, n: int) -> arb:
    return arb(x) * arb(2) ** n


def erfcx(x: arb) -> arb:
    return (x * x).exp() * x.erfc()


FUNCTIONS: Mapping[str, Callable[..., arb]] = {
    name: exact(function)
    for name, function in {
        "exp": arb.exp, "log": arb.log, "sqrt": arb.sqrt, "sin": arb.sin, "cos": arb.cos, "tan": arb.tan,
        "sinh": arb.sinh, "cosh": arb.cosh, "tanh": arb.tanh, "asin": arb.asin, "acos": arb.acos,
        "atan": arb.atan, "asinh": arb.asinh, "acosh": arb.acosh, "atanh": arb.atanh, "erf": arb.erf,
        "erfc": arb.erfc, "expm1": arb.expm1, "log1p": arb.log1p, "pow": lambda x, y: (x.log() * y).exp(),
        "erfcx": erfcx, "powi": power, "ldexp": scaled, "abs": abs,
        "exp_scaled": lambda x, n: scaled(x.exp(), n),
        "sin_scaled": lambda x, n: scaled(x, n).sin(), "cos_scaled": lambda x, n: scaled(x, n).cos(),
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y, "neg": lambda x: -x, "make": lambda hi, lo: hi + lo,
        "from_double": lambda x: x,
    }.items()
}  # fmt: skip
CONSTANTS = {
    "INFINITY": arb("inf"),
    "NAN": arb.nan(),
    "K": lambda text: arb(float.fromhex(text) if "x" in text else float(text)),
}


def _of_python(condition: str) -> str:
    words = re.sub(r"&+", " and ", re.sub(r"\|+", " or ", condition))
    return re.sub(r"!(?!=)", " not ", words)


def python_of(body: str) -> str:
    """Return the body of a C function as Python."""
    lines, depth = [], 1
    for line in map(str.strip, body.splitlines()):
        written = NUMBER.sub(r'K("\1")', line)
        if line == "}":
            depth -= 1
        elif line == "{":
            lines.append("    " * depth + "if True:")
            depth += 1
        elif choice := CHOICE.match(written):
            start, condition, yes, no = choice.groups()
            lines.append("    " * depth + f"{start} {yes} if {_of_python(condition)} else {no}")
        elif tested := TESTED.match(written):
            lines.append("    " * depth + f"if {_of_python(tested[1])}:")
            depth += 1
        elif statement := STATEMENT.match(written):
            lines.append("    " * depth + _of_python(statement[1]))
        else:
            assert re.match(r"\(void\)|/\*|double y\d+;|$", line), line
    return "\n".join(lines)


@cache
def in_c(name: str, source: str | None = None) -> Mapping[str, Program]:
    """Return the programs of an activation's double-double by function: ``forward_f64`` and so on."""
    return _in_c(name, source or (GENERATED / "c" / f"{name}.c").read_text("utf-8"))


@cache
def in_c_float32(name: str, source: str | None = None) -> Mapping[str, Program]:
    """Return the programs of an activation's binary64: ``forward_f32`` and so on."""
    return _in_c(name, source or (GENERATED / "c" / f"{name}.f32.c").read_text("utf-8"))


@cache
def in_c_single(name: str, source: str | None = None) -> Mapping[str, Program]:
    """Return the programs of an activation's binary32, where it has any: ``forward_f32`` and so on."""
    found = _in_c(name, source or (GENERATED / "c" / f"{name}.f32.c").read_text("utf-8"))
    end = "_single"
    return {f"{key.removesuffix(end)}_f32": run for key, run in found.items() if key.endswith(end)}


def _in_c(name: str, text: str) -> Mapping[str, Program]:
    names = {f"symact_{kind}{n}": f for kind in ("dd_", "f64_", "") for n, f in FUNCTIONS.items()}
    names |= {f"symact_f64_{n}_{side}": f for n, f in FUNCTIONS.items() for side in ("below", "above")}
    names |= {f"symact_power_{n}": partial(power, n=n) for n in range(2, 9)}
    space: dict[str, Any] = {**FUNCTIONS, **names, **CONSTANTS, "fabs": FUNCTIONS["abs"]}
    space |= {"symact_choice": chosen_of_two, "symact_choicef": chosen_of_two, "fabsf": FUNCTIONS["abs"]}
    found = {}
    for title, declared, body in HEAD.findall(text):
        arguments = ", ".join(part.split()[-1] for part in declared.split(","))
        exec(f"def {title}({arguments}):\n{python_of(body)}\n", space)
        found[title.removeprefix(f"{name}_")] = space[title]
    return found


def chosen_of_two(condition: bool, yes: arb, no: arb) -> arb:
    return yes if condition else no


@cache
def in_numpy(name: str, source: str | None = None) -> Mapping[str, Program]:
    """Return the programs of an activation's NumPy, by the names that they have in C."""
    text = source or (GENERATED / "numpy" / "symact_numpy" / f"{name}.py").read_text("utf-8")
    text = re.sub(r"^(from|import) .*$", "", text, flags=re.M)
    numpy = SimpleNamespace(
        **FUNCTIONS,
        absolute=FUNCTIONS["abs"],
        inf=arb("inf"),
        nan=arb.nan(),
        zeros_like=lambda z: arb(0),
        where=chosen_of_two,
    )
    sides = {f"{n}_{side}": f for n, f in FUNCTIONS.items() for side in ("below", "above")}
    own = SimpleNamespace(**FUNCTIONS, **sides, choice=chosen_of_two)
    space: dict[str, Any] = {"np": numpy, "dd": own, "fn": own, "powi": power}
    space |= {"Kernel": lambda cases, **of_rounding: chosen(cases), "Function": lambda *given: None}
    exec(text, space)
    tables = re.findall(r"^_(\w+)_FLOAT(32|64) = Kernel", text, re.M)
    return {f"{function.lower()}_f{bits}": space[f"_{function}_FLOAT{bits}"] for function, bits in tables}


def chosen(cases: Any) -> Program:
    """Return the program that takes the first branch whose conditions hold."""

    def run(z: arb, *parameters: arb) -> arb:
        for condition, branches in cases:
            if condition(*parameters):
                for there, branch in branches:
                    if there is None or there(z, *parameters):
                        return ball(branch(z, *parameters))
        return arb.nan()

    return run


READERS = {"c": in_c, "c, float32": in_c_float32, "c, single": in_c_single, "numpy": in_numpy}


def shown(name: str) -> Mapping[str, str]:
    """Return the formulas that the generated documentation shows, by function."""
    text = (GENERATED / "numpy" / "symact_numpy" / f"{name}.py").read_text("utf-8")
    found = {}
    for suffix, doc in re.findall(rf'^def {name}(\w*)\(.*?\n    """(.*?)"""', text, re.M | re.S):
        (formula,) = re.findall(r"``(?:g = )?([^`]*)``", doc)[:1]
        if "z_bar" not in formula:
            found[suffix.removeprefix("_") or "forward"] = formula
    return found


def finite(value: arb) -> bool:
    return bool(value.is_finite()) and not math.isnan(float(value.mid()))
