"""How C writes the operations of each arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symact.errors import NotSupported
from symact.targets.printing import ELEMENTARY, double_double, grouped, hexadecimal

SMALL_POWER = 8
"""symact_powers.h has functions for powers up to this one."""

EXACT = {"sqrt": "sqrt", "abs": "fabs", "ldexp": "ldexp", "choice": "symact_choice"}
"""What is exact, or correctly rounded; all else is symact_functions.h's symact_f64_."""


@dataclass(frozen=True)
class Doubles:
    """binary64 in infix."""

    names: Mapping[sp.Symbol, str]
    ranging = False

    def number(self, value: sp.Expr) -> str:
        if value in (sp.oo, -sp.oo, sp.nan):
            return {sp.oo: "INFINITY", -sp.oo: "-INFINITY", sp.nan: "NAN"}[value]
        if value.is_Integer and abs(value) < 1000:
            return f"{int(value)}.0"
        return hexadecimal(double_double(value)[0])

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
        return f"symact_power_{n}({a})" if 1 < n <= SMALL_POWER else f"symact_powi({a}, {n})"

    def call(self, name: str, arguments: list[str]) -> str:
        if name in ("true", "false"):
            return "1" if name == "true" else "0"
        if name == "ldexp" and arguments[1].lstrip("-").isdigit() and abs(int(arguments[1])) < 1000:
            return f"{arguments[0]} * 0x1p{arguments[1]}"
        if name not in ELEMENTARY and name not in EXACT:
            raise NotSupported(f"C: no function {name}; add it to the runtime")
        return f"{EXACT.get(name, f'symact_f64_{name}')}({', '.join(arguments)})"


class Floats(Doubles):
    """binary32 in infix, for what `singles.is_single` says it computes."""

    def number(self, value: sp.Expr) -> str:
        text = super().number(value)
        return f"{text}f" if value.is_finite else text

    def call(self, name: str, arguments: list[str]) -> str:
        if name in ("choice", "abs"):
            return f"{EXACT[name]}f({', '.join(arguments)})"
        return super().call(name, arguments)


@dataclass(frozen=True)
class DoubleDoubles:
    """double-double by calls of symact_dd.h; names in ``plain`` are binary64 and are widened."""

    names: Mapping[sp.Symbol, str]
    ranging = True

    def number(self, value: sp.Expr) -> str:
        if value in (sp.oo, -sp.oo, sp.nan):
            return f"symact_dd_from_double({Doubles(self.names).number(value)})"
        hi, lo = double_double(value)
        if lo == 0.0:
            return f"symact_dd_from_double({Doubles(self.names).number(value)})"
        return f"symact_dd_make({hexadecimal(hi)}, {hexadecimal(lo)})"

    def add(self, a: str, b: str) -> str:
        return f"symact_dd_add({a}, {b})"

    def subtract(self, a: str, b: str) -> str:
        return f"symact_dd_sub({a}, {b})"

    def multiply(self, a: str, b: str) -> str:
        return f"symact_dd_mul({a}, {b})"

    def divide(self, a: str, b: str) -> str:
        return f"symact_dd_div({a}, {b})"

    def negate(self, a: str) -> str:
        return f"symact_dd_neg({a})"

    def integer_power(self, a: str, n: int) -> str:
        return f"symact_dd_powi({a}, {n})"

    def call(self, name: str, arguments: list[str]) -> str:
        if name in ("true", "false"):
            return "1" if name == "true" else "0"
        return f"symact_dd_{name}({', '.join(arguments)})"
