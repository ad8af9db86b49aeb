"""How C writes the operations of each arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from symact.errors import NotSupported
from symact.formats import BINARY32
from symact.functions import choice
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
    """binary32 in infix, for `in_floats`."""

    def number(self, value: sp.Expr) -> str:
        text = super().number(value)
        return f"{text}f" if value.is_finite else text

    def call(self, name: str, arguments: list[str]) -> str:
        if name in ("choice", "abs"):
            return f"{EXACT[name]}f({', '.join(arguments)})"
        return super().call(name, arguments)


def in_floats(value: sp.Expr, roundings: int = 1) -> bool:
    """Return whether binary32 computes a value with so many roundings, 1 or none: there and of choices.

    >>> z, a = sp.symbols("z a", real=True)
    >>> in_floats(choice(z > 0, z, a * z)), in_floats(choice(z > 0, z, a * z), 0), in_floats(z / 10)
    (True, False, False)
    """
    if isinstance(value, choice):
        condition, *values = value.args
        sides = [side for relation in condition.atoms(Relational) for side in relation.args]
        return all(in_floats(side, 0) for side in sides) and all(in_floats(v, roundings) for v in values)
    if value.is_Symbol or isinstance(value, sp.Abs):
        return value.is_Symbol or in_floats(value.args[0], 0)
    if value.is_number:
        return value.is_finite is not True or (value.is_Rational and is_float(value))
    if value.is_Mul and value.args[0] == -1:
        return in_floats(-value, roundings)
    return (
        (value.is_Add or value.is_Mul)
        and 2 * roundings == len(value.args)
        and all(in_floats(part, 0) for part in value.args)
    )


def is_float(number: sp.Rational) -> bool:
    """Return whether binary32 has a number."""
    return bool(
        sp.Rational(*BINARY32.round(Fraction(int(number.p), int(number.q))).as_integer_ratio()) == number
    )


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
