"""Random formulas, and an oracle that shares no code with the engine: text in, mpmath's numbers out.

What the engine answers is read as text too, by the little evaluator below, at 80 digits; derivatives are
central differences. `examine` asks the engine about one formula and returns what is wrong with its answer.
"""

import ast
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count as count_up
from typing import Any

import mpmath as mp

DIGITS = 80
H = mp.mpf(10) ** -25
"""Step of the central difference: its error is about f'''*1e-50, that of rounding 1e-55."""

CLOSE = mp.mpf(10) ** -18
EDGE = mp.mpf(10) ** -75
"""Relative distance at which an output and an edge of its form are one."""

SECONDS = 10
POINTS = 9

# --- the oracle --------------------------------------------------------------------------------------


class Undefined(Exception):
    """Not a real number."""


def _log(x: Any) -> Any:
    if x <= 0:
        raise Undefined
    return mp.log(x)


def _exp(x: Any) -> Any:
    if abs(x) > 10**6:
        raise Undefined
    return mp.exp(x)


def _power(x: Any, y: Any) -> Any:
    if (x == 0 and y < 0) or (x < 0 and y != int(y)):
        raise Undefined
    if x and abs(y * mp.log(abs(x))) > 10**6:
        raise Undefined
    return mp.mpf(x) ** (int(y) if y == int(y) else y)


def _within(function: Callable[[Any], Any], inside: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def checked(x: Any) -> Any:
        if not inside(x):
            raise Undefined
        return function(x)

    return checked


def _moderate(x: Any) -> bool:
    return bool(abs(x) < 10**6)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + _exp(-x))


ELEMENTARY: Mapping[str, Callable[..., Any]] = {
    "exp": _exp,
    "log": _log,
    "sqrt": lambda x: _power(x, mp.mpf(1) / 2),
    "expm1": lambda x: _exp(x) - 1,
    "log1p": lambda x: _log(1 + x),
    **{name: getattr(mp, name) for name in ("sin", "cos", "tan", "atan", "asinh", "erf", "erfc")},
    **{name: _within(getattr(mp, name), _moderate) for name in ("sinh", "cosh", "tanh")},
    **{name: _within(getattr(mp, name), lambda x: abs(x) <= 1) for name in ("asin", "acos")},
    "acosh": _within(mp.acosh, lambda x: x >= 1),
    "atanh": _within(mp.atanh, lambda x: abs(x) < 1),
    "abs": abs,
    "Abs": abs,
    "sign": mp.sign,
    "max": max,
    "Max": max,
    "min": min,
    "Min": min,
}
"""The contract's functions, as SymPy's text writes them too."""

NAMED: Mapping[str, Callable[..., Any]] = {
    "sigmoid": _sigmoid,
    "relu": lambda x: max(x, 0),
    "elu": lambda x: x if x > 0 else _exp(x) - 1,
    "softplus": lambda x: _log(1 + _exp(x)),
    "silu": lambda x: x * _sigmoid(x),
    "softsign": lambda x: x / (1 + abs(x)),
    "arctan": mp.atan,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "logsigmoid": lambda x: -_log(1 + _exp(-x)),
    "hardtanh": lambda x: min(max(x, -1), 1),
    "isru": lambda x: x / mp.sqrt(1 + x**2),
    "squareplus": lambda x: (x + mp.sqrt(x**2 + 4)) / 2,
}
"""Some of the catalogue's, with their default parameters, typed from their definitions."""

CONSTANTS = {"pi": mp.pi, "e": mp.e, "E": mp.e, "True": True, "False": False}
COMPARE: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}
RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {"Eq": lambda a, b: a == b, "Ne": lambda a, b: a != b}
TRUTH: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.BitAnd: lambda a, b: a and b,
    ast.BitOr: lambda a, b: a or b,
}
ARITHMETIC: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Pow: _power,
}


class Reader:
    """A formula's text as a function of its names: ``Reader("z + 1")(z=2)``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = ast.parse(text.replace("^", "**"), mode="eval").body

    def __call__(self, **names: Any) -> Any:
        """Return the value. Raises Undefined where it is not a real number."""
        try:
            value = self._value(self._tree, names)
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Undefined from error
        if isinstance(value, bool):
            return value
        if isinstance(value, mp.mpc) or not mp.isfinite(value):
            raise Undefined
        return value

    def _value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=bool() as value):
                return value
            case ast.Constant():
                return mp.mpf(ast.unparse(node))
            case ast.Name(id=name):
                value = names[name] if name in names else CONSTANTS[name]
                return value if isinstance(value, bool) else mp.mpf(value)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self._value(inner, names)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self._value(inner, names)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                below = self._value(right, names)
                if below == 0:
                    raise Undefined
                return self._value(left, names) / below
            case ast.BinOp(left=left, op=op, right=right):
                table = ARITHMETIC if type(op) in ARITHMETIC else TRUTH
                return table[type(op)](self._value(left, names), self._value(right, names))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return COMPARE[type(op)](self._value(left, names), self._value(right, names))
            case ast.Call(func=ast.Name(id="Piecewise"), args=branches):
                for branch in branches:
                    assert isinstance(branch, ast.Tuple)
                    if self._value(branch.elts[1], names):
                        return self._value(branch.elts[0], names)
                raise Undefined
            case ast.Call(func=ast.Name(id="where"), args=[condition, first, second]):
                return self._value(first if self._value(condition, names) else second, names)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                function = ELEMENTARY.get(name) or NAMED.get(name) or RELATIONS[name]
                return function(*(self._value(argument, names) for argument in arguments))
        raise NotImplementedError(ast.dump(node))


def slope(f: Callable[[Any], Any], z: Any) -> Any:
    """Return the central difference. Raises Undefined at a kink or a jump: f' there is a convention."""
    left, right = (f(z) - f(z - H)) / H, (f(z + H) - f(z)) / H
    middle = (left + right) / 2
    if abs(right - left) > mp.mpf(10) ** -10 * max(1, abs(middle)):
        raise Undefined
    return middle


# --- random formulas -----------------------------------------------------------------------------------

LEAVES = ("z",) * 8 + ("1", "2", "1/2", "3", "0.7", "a", "b")
UNARY = (
    *("exp({})", "log({})", "sqrt({})", "tanh({})", "sinh({})", "atan({})", "asinh({})", "-{}"),
    *("abs({})", "sign({})", "expm1({})", "log1p({})", "log1p(exp({}))", "1/(1+exp(-{}))", "({})**2"),
    *("({})**3", "({})**(1/3)", "({})**(3/2)", "1/({})", "sin({})", "cos({})", "erf({})", "cosh({})"),
    *("tan({})", "asin({})", "acos({})", "acosh({})", "atanh({})", "erfc({})", "2**({})", "({})**a"),
    *("exp(-exp({}))", "sign(z)*({})", "({})**-1"),
    *(f"{name}({{}})" for name in NAMED),
)
BINARY = (
    *("({})+({})", "({})-({})", "({})*({})", "({})/({})", "({})+({})", "({})*({})"),
    *("max({},{})", "min({},{})", "where(z > 0, {}, {})", "where(z < 1, {}, {})", "where(z <= a, {}, {})"),
)
MONOTONE = (
    *("exp({})", "tanh({})", "1/(1+exp(-({})))", "log1p(exp({}))", "sinh({})", "atan({})", "asinh({})"),
    *(
        "({})**3",
        "-({})",
        "exp(-({}))",
        "({})/(1+abs({}))",
        "sign({})*log1p(abs({}))",
        "({})/sqrt(1+({})**2)",
    ),
    *("a*({})+b", "2*({})-1", "({})/3", "sigmoid({})", "elu({})", "softplus({})", "exp(-exp(-({})))"),
    *("where({} > 0, {}, 2*({}))", "where({} > 0, {}, tanh({}))", "softsign({})", "squareplus({})"),
    *("sign({})*abs({})**(1/3)", "hardtanh({})", "expm1({})", "relu({})", "(1+exp(-({})))**(-1/2)"),
)
"""Injective, most of them: what is made of these often has a form."""


LARGE, SMALL = (1, 2, 2, 3, 3, 4, 5, 7), (1, 1, 1, 2)
"""Sizes of trees, by how often they are drawn."""


def formula(seed: int, sizes: tuple[int, ...] = LARGE) -> str:
    """Return a random formula with a z in it; half of them are towers of monotone functions."""
    chance = random.Random(seed)
    while True:
        if chance.random() < 0.5:
            text = "z" if chance.random() < 0.8 else f"({_tree(chance, min(2, max(sizes) - 1))})"
            for _ in range(min(3, chance.choice(sizes))):
                text = chance.choice(MONOTONE).replace("{}", text)
        else:
            text = _tree(chance, chance.choice(sizes))
        if re.search(r"\bz\b", text) and len(text) < 160:
            return text


@cache
def distinct(count: int, sizes: tuple[int, ...] = LARGE) -> tuple[str, ...]:
    """Return so many different random formulas, of the first seeds."""
    found: dict[str, None] = {}
    for seed in count_up():
        found.setdefault(formula(seed, sizes))
        if len(found) == count:
            return tuple(found)
    raise AssertionError("seeds have no end")


def _tree(chance: random.Random, size: int) -> str:
    if size <= 0:
        return chance.choice(LEAVES)
    if chance.random() < 0.5:
        return chance.choice(UNARY).format(_tree(chance, size - 1))
    left = chance.randrange(size)
    return chance.choice(BINARY).format(_tree(chance, left), _tree(chance, size - 1 - left))


# --- one formula ----------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What the engine said of a formula, in one word, and what is wrong with it."""

    formula: str
    kind: str = ""
    answer: str = ""
    seconds: float = 0.0
    mixed: str = ""
    faults: list[str] = field(default_factory=list)


class GaveUp(BaseException):
    """No handler of errors may catch it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise GaveUp after some seconds of processor time: how busy the machine is does not count."""

    def stop(*_: object) -> None:
        raise GaveUp

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


KINDS = ("form", "witness", "injective, not elementary", "no form found", "not read", "gave up", "crashed")


def examine(text: str, seconds: float = SECONDS, *, mixed: bool = False) -> Outcome:
    """Return what the engine says of a formula, and all that the oracle finds wrong with it.

    With ``mixed``, where there is no output form, the mixed form is asked for too.
    """
    from symact.derivatives import differentiate
    from symact.errors import SymactError
    from symact.mixed_forms import recover_mixed_form
    from symact.output_forms import OutputForm, recover_output_form
    from symact.parsing import parse
    from symact.writing import text as written

    outcome, started = Outcome(text), time.process_time()
    try:
        with at_most(seconds):
            activation = parse(text)
            derivative = differentiate(activation)
            form = recover_output_form(derivative)
            with_residuals = (
                recover_mixed_form(derivative) if mixed and not isinstance(form, OutputForm) else None
            )
    except GaveUp:
        outcome.kind, outcome.seconds = "gave up", time.process_time() - started
        return outcome
    except SymactError as error:
        outcome.kind, outcome.answer = "not read", f"{type(error).__name__}: {error}"
        outcome.seconds = time.process_time() - started
        return outcome
    except Exception as error:
        outcome.kind, outcome.seconds = "crashed", time.process_time() - started
        outcome.faults.append(f"{type(error).__name__}: {error}")
        return outcome
    outcome.seconds = time.process_time() - started
    names = [parameter.name for parameter in activation.parameters]
    oracle = _Oracle(text, names)
    for which in ("expression", "simplified"):
        outcome.faults += oracle.wrong_derivative(written(getattr(derivative, which)))
    if isinstance(form, OutputForm):
        outcome.kind, outcome.answer = "form", f"{written(form.expression)} if {written(form.condition)}"
        outcome.faults += oracle.wrong_form(written(form.expression), written(form.condition))
    elif form.witness is not None:
        first, second = (_number(part) for part in form.witness[:2])
        outcome.kind, outcome.answer = "witness", f"{first}, {second}: {form.witness[2]}"
        outcome.faults += oracle.wrong_witness(first, second, form.witness[2])
    else:
        injective = re.search(r"injective: f' (>=|<=) 0", form.reason)
        outcome.kind, outcome.answer = KINDS[2] if injective else KINDS[3], form.reason
        if injective:
            outcome.faults += oracle.wrong_sign(1 if injective[1] == ">=" else -1)
    if with_residuals is not None:
        residuals = {symbol.name: written(value) for symbol, value in with_residuals.residuals.items()}
        outcome.mixed = f"{written(with_residuals.expression)} with {residuals}"
        outcome.faults += oracle.wrong_mixed_form(written(with_residuals.expression), residuals)
    return outcome


def _number(part: Any) -> str:
    return str(part)


VALUES = (mp.mpf(1), mp.mpf(3) / 5, mp.mpf(-4) / 3, mp.mpf(9) / 4)


class _Oracle:
    def __init__(self, text: str, names: list[str]) -> None:
        self.read = Reader(text)
        chance = random.Random(text)
        self.points = [mp.mpf(chance.randrange(-3007, 3008)) / 1009 for _ in range(POINTS)]
        self.points += [mp.mpf(chance.randrange(1, 1008)) / 1009, mp.mpf(5003) / 1009]
        self.generic = {name: mp.mpf(7013 + 1000 * i) / 9973 for i, name in enumerate(names)}
        self.settings: list[dict[str, Any]] = [dict.fromkeys(names, mp.mpf(1))]
        if names:
            self.settings += [{name: chance.choice(VALUES) for name in names} for _ in range(4)]

    def _each(self, setting: Mapping[str, Any]) -> Iterator[tuple[Any, Any, Any]]:
        """Yield z, f(z) and f'(z) where they are defined, for parameters that are no integers too.

        ``z**a`` is asked about for z > 0, though it is a number elsewhere where a = 1.
        """
        for z in self.points:
            try:
                self.read(z=z, **self.generic)
                yield z, self.read(z=z, **setting), slope(lambda x: self.read(z=x, **setting), z)
            except Undefined:
                continue

    def wrong_derivative(self, text: str) -> list[str]:
        derivative = Reader(text)
        with mp.workdps(DIGITS):
            for setting in self.settings[:2]:
                for z, _, want in self._each(setting):
                    try:
                        got = derivative(z=z, **setting)
                    except Undefined:
                        return [f"f' = {text} is undefined at {_shown(z=z, **setting)}"]
                    if abs(got - want) > CLOSE * max(1, abs(want)):
                        return [
                            f"f' = {text} is off at {_shown(z=z, **setting)}: {mp.nstr(got)}, {mp.nstr(want)}"
                        ]
        return []

    def wrong_form(self, text: str, condition: str) -> list[str]:
        form, holds = Reader(text), Reader(condition)
        undefined = compared = 0
        with mp.workdps(DIGITS):
            for setting in self.settings:
                try:
                    if not holds(**setting):
                        continue
                except Undefined:  # it compares what is no real number
                    continue
                for z, g, want in self._each(setting):
                    # g is rounded: where it lies on an edge of the form, it may be on either side.
                    near = [self._at(form, g + side * EDGE * abs(g), setting) for side in (0, 1, -1)]
                    got = near[0]
                    if got is None:
                        undefined += 1
                        continue
                    compared += 1
                    if all(v is None or abs(v - want) > CLOSE * max(1, abs(want)) for v in near):
                        what = f"{mp.nstr(got)} for {mp.nstr(want)}"
                        return [f"form {text} is off at {_shown(z=z, **setting)}: {what}"]
        return [f"form {text} is undefined at {undefined} points"] if undefined > compared else []

    def wrong_mixed_form(self, text: str, residuals: Mapping[str, str]) -> list[str]:
        form, readers = Reader(text), {name: Reader(value) for name, value in residuals.items()}
        with mp.workdps(DIGITS):
            for setting in self.settings:
                for z, g, want in self._each(setting):
                    try:
                        kept = {name: value(z=z, **setting) for name, value in readers.items()}
                        got = form(g=g, **setting, **kept)
                    except Undefined:
                        return [f"mixed form {text} is undefined at {_shown(z=z, **setting)}"]
                    if abs(got - want) > CLOSE * max(1, abs(want)):
                        what = f"{mp.nstr(got)} for {mp.nstr(want)}"
                        return [f"mixed form {text} is off at {_shown(z=z, **setting)}: {what}"]
        return []

    @staticmethod
    def _at(form: Reader, g: Any, setting: Mapping[str, Any]) -> Any | None:
        try:
            return form(g=g, **setting)
        except Undefined:
            return None

    def wrong_witness(self, first: str, second: str, shows: str) -> list[str]:
        with mp.workdps(DIGITS):
            setting = dict.fromkeys(self.settings[0], mp.mpf(9) / 11)
            for pair in shows.partition(" at ")[2].split(", "):
                name, _, value = pair.partition(" = ")
                setting |= {name: Reader(value)()} if value else {}
            try:
                z1, z2 = (self._inside(Reader(z)(**setting), setting) for z in (first, second))
                values = [self.read(z=z, **setting) for z in (z1, z2)]
                slopes = [slope(lambda x: self.read(z=x, **setting), z) for z in (z1, z2)]
            except Undefined:
                return [f"the witness {first}, {second} is outside the domain"]
            size = max(1, *map(abs, slopes), *map(abs, values))
            if abs(values[0] - values[1]) > mp.mpf(10) ** -19 * size:
                return [f"the witness {first}, {second} has two outputs: {mp.nstr(values)}"]
            if abs(slopes[0] - slopes[1]) < mp.mpf(10) ** -17 * size:
                return [f"the witness {first}, {second} has one derivative: {mp.nstr(slopes)}"]
        return []

    def _inside(self, z: Any, setting: Mapping[str, Any]) -> Any:
        """Return z; where algebra has cancelled what is 0/0 there, as in (z^2)/z, a number beside it."""
        try:
            self.read(z=z, **setting)
        except Undefined:
            return z + 3 * H  # the difference quotient looks H to either side
        return z

    def wrong_sign(self, sign: int) -> list[str]:
        with mp.workdps(DIGITS):
            for setting in self.settings[:1]:
                for z, _, want in self._each(setting):
                    if sign * want < -CLOSE:
                        return [f"f' is said to have sign {sign}, and at z = {z} is {mp.nstr(want)}"]
        return []


def _shown(**names: Any) -> str:
    return ", ".join(f"{name} = {mp.nstr(value, 8)}" for name, value in names.items())
