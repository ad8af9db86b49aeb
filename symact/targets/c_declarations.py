"""How C declares the functions of the contract, for one number and for arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symact.activations import Activation
from symact.errors import SymactError
from symact.formats import BFLOAT16, BINARY16, Format
from symact.kernels import SOURCES, Kernels, interface
from symact.targets.c_notations import Doubles
from symact.targets.printing import unclashing, write_condition

TYPES = {"float32": ("float", "f", "_f32"), "float64": ("double", "", "_f64")}
"""dtype -> C type, suffix of scalars, suffix of arrays."""

HALVES: Mapping[str, Format] = {"_f16": BINARY16, "_bf16": BFLOAT16}
"""The formats of 16 bits, whose arrays are of bit patterns, by the suffix of arrays."""

SUFFIXES = {**{dtype: row[2] for dtype, row in TYPES.items()}, **{fmt.dtype: s for s, fmt in HALVES.items()}}
"""dtype -> suffix of arrays."""

OF_HALVES = ("forward", "derivative", "derivative_from_output", "vjp", "vjp_from_output")
"""The functions that there are for them, and of the fast grade."""

LOCALS = (
    "n", "i", "start", "count", "before", "nan", "infinity",
    "near", "beyond", "found", "other", "value", "kept",
)  # fmt: skip
"""The names that a function has beside its inputs, its output and the parameters."""


@dataclass(frozen=True)
class Declaration:
    """A function of the contract: its names for what it is given, and how it is declared."""

    name: str
    function: str
    dtype: str
    names: Mapping[str, str]
    """Free names for `LOCALS`."""
    inputs: tuple[str, ...]
    output: str
    settings: tuple[str, ...]
    """The parameters' names."""

    @property
    def type(self) -> str:
        """The C type of numbers."""
        return TYPES[self.dtype][0]

    @property
    def source(self) -> str:
        """The function whose kernel it has."""
        return SOURCES.get(self.function, self.function)

    @property
    def scalar(self) -> str:
        """The function of one number."""
        listed = [f"{self.type} {name}" for name in (*self.inputs, *self.settings)]
        return f"{self.type} {self._named(TYPES[self.dtype][1])}({', '.join(listed)})"

    def array(self, grade: str = "") -> str:
        """Return the function of arrays."""
        return f"void {self._named(grade + TYPES[self.dtype][2])}({', '.join(self._listed)})"

    def call(self) -> str:
        """Return a call of the function of arrays with what another such function is given."""
        passed = [*self.inputs, self.output, self.names["n"], *self.settings]
        return f"{self._named(TYPES[self.dtype][2])}({', '.join(passed)})"

    def checked(self, kernels: Kernels) -> tuple[str, str]:
        """Return the function that looks at parameters first, and its condition; empty where none is."""
        condition = sp.And(kernels.output_condition, *(p.domain for p in kernels.activation.parameters))
        if not self.function.endswith("from_output") or condition == sp.true:
            return "", ""
        named = self._named("_checked" + TYPES[self.dtype][2])
        held = write_condition(condition, Doubles({}), " && ", " || ", "!")
        return f"int {named}({', '.join(self._listed)})", held

    def given(self, at: str = "", cast: str = "(double)") -> list[str]:
        """Return the inputs, or their elements at an index, as binary64, and the parameters."""
        place = f"[{at}]" if at else ""
        return [f"{cast}{name}" for name in (*(f"{i}{place}" for i in self.inputs), *self.settings)]

    @property
    def _listed(self) -> list[str]:
        arrays = [*(f"const {self.type} *{i}" for i in self.inputs), f"{self.type} *{self.output}"]
        return [*arrays, f"size_t {self.names['n']}", *(f"{self.type} {s}" for s in self.settings)]

    def _named(self, end: str) -> str:
        return f"symact_{self.name}{interface(self.function)[0]}{end}"


def declaration(activation: Activation, function: str, dtype: str) -> Declaration:
    """Return how C declares a function; raises SymactError for an activation without a name."""
    if activation.name is None:
        raise SymactError(
            f"{activation.title}: a formula has no name to generate under; declare it in symact.toml"
        )
    settings = tuple(p.name for p in activation.parameters)
    _, inputs, output = interface(function)
    free = unclashing([*inputs, output, *LOCALS], settings)
    return Declaration(
        activation.name, function, dtype, free, tuple(free[i] for i in inputs), free[output], settings
    )


def sticky(activation: Activation, source: str) -> str:
    """Return how the function is declared that decides where binary64 leaves a rounding in doubt."""
    names = [factor_name(activation), "z", *(p.name for p in activation.parameters)]
    listed = ", ".join(f"double {name}" for name in names)
    return f"double symact_{activation.name}_{source}_sticky({listed})"


def factor_name(activation: Activation) -> str:
    """Return a name for what such a function multiplies by that no parameter has."""
    return unclashing(["factor"], [p.name for p in activation.parameters])["factor"]
