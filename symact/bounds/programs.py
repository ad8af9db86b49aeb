"""Programs: the emitted C of a float64 kernel, read back as the operations that it does, in their order.

What is proved is proved of this text, not of what it was printed from.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import sympy as sp

from symact.activations import Z
from symact.errors import NotSupported
from symact.functions import erfcx

TOKEN = re.compile(
    r"\s*(0x[0-9a-f.]+p[+-]?\d+|\d+\.\d*(?:e[+-]?\d+)?|\d+|\w+|&&|\|\||[<>=!]=|[-+*/<>!(){},;=])"
)

Tree: TypeAlias = tuple[str, tuple["Tree", ...]]
"""What an operation, a name or a number is called, and its operands."""

LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
"""Operators of C, the loosest first."""


@dataclass(frozen=True)
class If:
    """``if (condition) { body }``, whose body returns."""

    condition: Tree
    body: tuple["Statement", ...]


@dataclass(frozen=True)
class Let:
    """``const symact_dd name = value;``"""

    name: str
    value: Tree


@dataclass(frozen=True)
class Return:
    """``return value;``"""

    value: Tree


Statement: TypeAlias = If | Let | Return


def statements(code: str) -> tuple[Statement, ...]:
    """Return the statements of a C function without comments.

    >>> statements("static symact_dd f(double z) { return symact_dd_from_double(z); }")
    (Return(value=('symact_dd_from_double', (('z', ()),))),)

    Raises NotSupported for C that no kernel is written in.
    """
    return _Reader(code[code.index("{") :]).block()


class _Reader:
    def __init__(self, code: str) -> None:
        self._tokens: list[str] = []
        at = 0
        code = code.rstrip()
        while at < len(code):
            match = TOKEN.match(code, at)
            if match is None:
                raise NotSupported(f"bounds: cannot read the C at {code[at : at + 40]!r}")
            self._tokens.append(match[1])
            at = match.end()
        self._at = 0

    def block(self) -> tuple[Statement, ...]:
        self._take("{")
        found: list[Statement] = []
        while self._next != "}":
            found += self._statement()
        self._take("}")
        return tuple(found)

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str | None = None) -> str:
        token = self._next
        if not token or (expected is not None and token != expected):
            raise NotSupported(f"bounds: cannot read the C: {token!r} where {expected!r} should be")
        self._at += 1
        return token

    def _statement(self) -> Iterator[Statement]:
        if self._next == "if":
            self._take()
            self._take("(")
            condition = self._expression()
            self._take(")")
            yield If(condition, self.block())
        elif self._next == "return":
            self._take()
            yield Return(self._expression())
            self._take(";")
        elif self._next == "const":
            self._take()
            self._take("symact_dd")
            name = self._take()
            self._take("=")
            yield Let(name, self._expression())
            self._take(";")
        else:
            for part in ("(", "void", ")"):
                self._take(part)
            self._take()
            self._take(";")

    def _expression(self, level: int = 0) -> Tree:
        if level == len(LEVELS):
            return self._operand()
        left = self._expression(level + 1)
        while self._next in LEVELS[level]:
            left = (self._take(), (left, self._expression(level + 1)))
        return left

    def _operand(self) -> Tree:
        token = self._take()
        if token == "(":
            inner = self._expression()
            self._take(")")
            return inner
        if token in ("-", "!"):
            return token, (self._operand(),)
        if self._next != "(" or not token[0].isalpha():
            return token, ()
        self._take("(")
        arguments = []
        while self._next != ")":
            arguments.append(self._expression())
            if self._next == ",":
                self._take()
        self._take(")")
        return token, tuple(arguments)


def thresholds(body: tuple[Statement, ...], values: Mapping[str, float]) -> set[float]:
    """Return the numbers that the input is compared with. Raises NotSupported where it is computed with."""
    found: set[float] = set()

    def look(tree: Tree) -> None:
        head, parts = tree
        if head in ("<", ">", "<=", ">=", "==", "!="):
            others = [part for part in parts if part != ("z", ())]
            if len(others) == 1:
                found.add(number(others[0], values))
        else:
            for part in parts:
                look(part)

    for statement in body:
        if isinstance(statement, If):
            look(statement.condition)
            found |= thresholds(statement.body, values)
    return found


def number(tree: Tree, values: Mapping[str, float]) -> float:
    """Return a binary64 expression's value, computed as C does."""
    head, parts = tree
    operands = [number(part, values) for part in parts]
    match head, operands:
        case "-", [a]:
            return -a
        case "-", [a, b]:
            return a - b
        case "+", [a, b]:
            return a + b
        case "*", [a, b]:
            return a * b
        case "/", [a, b]:
            return a / b if b else math.nan if not a else math.copysign(math.inf, a) * math.copysign(1.0, b)
        case "INFINITY", []:
            return float("inf")
        case "NAN", []:
            return float("nan")
        case _, [] if head in values:
            return values[head]
        case _, [] if head[0].isdigit():
            return float.fromhex(head) if "x" in head else float(head)
    raise NotSupported(f"bounds: {head} in binary64")


def holds(tree: Tree, values: Mapping[str, float]) -> bool:
    """Return whether a condition holds at values of the input and the parameters."""
    head, parts = tree
    if head == "!":
        return not holds(parts[0], values)
    if head in ("&&", "||"):
        first, second = (holds(part, values) for part in parts)
        return (first and second) if head == "&&" else (first or second)
    if head in ("0", "1"):
        return head == "1"
    a, b = (number(part, values) for part in parts)
    return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "==": a == b, "!=": a != b}[head]


@dataclass(frozen=True)
class Operation:
    """One step: ``name`` of the results of earlier steps; ``count`` is the integer that some take.

    "constant" is ``value``, "input" the input itself.
    """

    name: str
    arguments: tuple[int, ...] = ()
    count: int = 0
    value: Fraction | float = Fraction(0)


Program: TypeAlias = tuple[Operation, ...]
"""Steps in order; the last one is the result."""

UNARY = (
    *("neg", "abs", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "erfcx"),
)
BINARY = ("add", "sub", "mul", "div", "pow")
COUNTED = ("powi", "ldexp", "exp_scaled", "sin_scaled", "cos_scaled")


def program(body: tuple[Statement, ...], values: Mapping[str, float]) -> Program:
    """Return the steps that are done at values of the input and the parameters.

    Raises NotSupported for a call that has no meaning here.
    """
    steps: list[Operation] = []
    places: dict[Operation, int] = {}
    names: dict[str, int] = {}

    def place(step: Operation) -> int:
        if step not in places:
            places[step] = len(steps)
            steps.append(step)
        return places[step]

    def read(tree: Tree) -> int:
        head, parts = tree
        if not parts:
            if head in names:
                return names[head]
            raise NotSupported(f"bounds: {head} is not defined")
        name = head.removeprefix("symact_dd_")
        if head == name:
            raise NotSupported(f"bounds: {head} in double-double")
        if name == "from_double":
            if parts[0] == ("z", ()):
                return place(Operation("input"))
            value = number(parts[0], values)
            finite = value - value == 0
            return place(Operation("constant", value=Fraction(value) if finite else value))
        if name == "make":
            hi, lo = (Fraction(number(part, values)) for part in parts)
            return place(Operation("constant", value=hi + lo))
        if name in COUNTED:
            return place(Operation(name, (read(parts[0]),), int(number(parts[1], values))))
        if (name in UNARY and len(parts) == 1) or (name in BINARY and len(parts) == 2):
            return place(Operation(name, tuple(read(part) for part in parts)))
        raise NotSupported(f"bounds: no meaning of {head}")

    def run(block: tuple[Statement, ...]) -> int | None:
        for statement in block:
            match statement:
                case Let(name, value):
                    names[name] = read(value)
                case Return(value):
                    return read(value)
                case If(condition, inner) if holds(condition, values):
                    result = run(inner)
                    if result is not None:
                        return result
        return None

    last = run(body)
    if last is None:
        raise NotSupported("bounds: a kernel that returns nothing")
    return _upto(steps, last)


def _upto(steps: list[Operation], last: int) -> Program:
    """Leave out steps that the result does not need."""
    needed = {last}
    for i in range(last, -1, -1):
        if i in needed:
            needed |= set(steps[i].arguments)
    order = {old: new for new, old in enumerate(sorted(needed))}
    return tuple(
        Operation(step.name, tuple(order[a] for a in step.arguments), step.count, step.value)
        for i, step in enumerate(steps)
        if i in needed
    )


FUNCTIONS: Mapping[str, type] = {
    "abs": sp.Abs, "exp": sp.exp, "log": sp.log, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan,
    "sinh": sp.sinh, "cosh": sp.cosh, "tanh": sp.tanh, "asin": sp.asin, "acos": sp.acos, "atan": sp.atan,
    "asinh": sp.asinh, "acosh": sp.acosh, "atanh": sp.atanh, "erf": sp.erf, "erfc": sp.erfc, "erfcx": erfcx,
}  # fmt: skip


def expression(program: Program) -> sp.Expr:
    """Return the function of `Z` that a program computes where nothing is rounded but its constants.

    >>> half = Operation("constant", value=Fraction(1, 2))
    >>> expression((Operation("input"), half, Operation("mul", (0, 1))))
    z/2
    """
    found: list[sp.Expr] = []
    for step in program:
        parts, n = [found[i] for i in step.arguments], step.count
        match step.name:
            case "input":
                value: sp.Expr = Z
            case "constant":
                if not isinstance(step.value, Fraction):
                    raise NotSupported("bounds: an infinite constant")
                value = sp.Rational(step.value.numerator, step.value.denominator)
            case "neg":
                value = -parts[0]
            case "add":
                value = parts[0] + parts[1]
            case "sub":
                value = parts[0] - parts[1]
            case "mul":
                value = parts[0] * parts[1]
            case "div":
                value = parts[0] / parts[1]
            case "pow":
                value = parts[0] ** parts[1]
            case "powi":
                value = parts[0] ** n
            case "sqrt":
                value = sp.sqrt(parts[0])
            case "ldexp":
                value = parts[0] * sp.Integer(2) ** n
            case "exp_scaled":
                value = sp.exp(parts[0]) * sp.Integer(2) ** n
            case "sin_scaled" | "cos_scaled":
                value = FUNCTIONS[step.name[:3]](parts[0] * sp.Integer(2) ** n)
            case "expm1":
                value = sp.exp(parts[0]) - 1
            case "log1p":
                value = sp.log(1 + parts[0])
            case name:
                value = FUNCTIONS[name](parts[0])
        found.append(value)
    return found[-1]
