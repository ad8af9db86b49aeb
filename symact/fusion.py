"""Fusion: the branches of a kernel as one straight program that calls each costly function once for all.

Only one branch counts at an input. Where several have an exponential, one is enough: of the argument that the
branch has which counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import sympy as sp

from symact.activations import Z
from symact.functions import choice, erfcx, erfcx_above, exp_below, expm1, expm1_below, log1p, log1p_above

Steps = tuple[tuple[sp.Symbol, sp.Expr], ...]

CHEAP = (sp.Abs, sp.sign, choice)
"""Functions that are computed in every branch anew."""

EASIER = (
    *((sp.exp, exp_below, -1), (expm1, expm1_below, -1)),
    *((log1p, log1p_above, 1), (erfcx, erfcx_above, 1)),
)
"""Functions that are easier where their argument has a sign."""

BELOW = (sp.StrictLessThan, sp.StrictGreaterThan, sp.LessThan, sp.GreaterThan)

EQUAL, FREE = 1, 0
"""How well an argument goes with those of other branches."""


class Held(sp.Symbol):
    """What a step holds that depends on z."""


SIZE = Held("t", positive=True)
"""abs(z), which is t in the branches of either side."""


@dataclass(frozen=True)
class _Call:
    """A costly node of a branch that has none within: a function or quotient, its arguments and its power."""

    kind: tuple[object, ...]
    arguments: tuple[sp.Expr, ...]
    node: sp.Expr
    power: int = 1


@dataclass
class _Slot:
    """One call for several branches: the arguments by the number of the branch."""

    kind: tuple[object, ...]
    arguments: dict[int, tuple[sp.Expr, ...]] = field(default_factory=dict)

    def fitness(self, branch: int, call: _Call) -> int:
        """Return how well a call goes with what is here, -1 where it cannot."""
        own = self.arguments.get(branch)
        if self.kind != call.kind or (own is not None and own != call.arguments):
            return -1
        if call.arguments in self.arguments.values():
            return EQUAL
        if _invariant(call.arguments) or any(map(_invariant, self.arguments.values())):
            return -1
        return FREE


def fuse(conditions: Sequence[sp.Basic], branches: Sequence[tuple[Steps, sp.Expr]]) -> tuple[Steps, sp.Expr]:
    """Return steps and a result for branches with theirs, of which the first counts whose condition holds.

    >>> from sympy import Symbol, exp, true
    >>> t = Symbol("t", positive=True)
    >>> one = exp(-t)/(1 + exp(-t))
    >>> fuse([0 > Z, true], [(((t, -Z),), one), (((t, Z),), 1 - one)])
    (((t, Abs(z)), (e0, exp_below(-t)), (e1, 1/(e0 + 1)), (s0, e0*e1)), choice(z < 0, s0, 1 - s0))
    """
    steps: list[tuple[sp.Symbol, sp.Expr]] = []
    values: list[sp.Expr] = []
    for number, (first, value) in enumerate(branches):
        known: dict[sp.Expr, sp.Expr] = {}
        for symbol, meaning in first:
            held = meaning.xreplace(known)
            if meaning.is_Add:  # the distance from a center: all its digits count, so it stays one number
                steps.append((Held(f"t{number}{'' if symbol == first[-1][0] else 'a'}", real=True), held))
                held = steps[-1][0]
            elif meaning in (Z, -Z):
                held = SIZE  # not -z: SymPy has erfc(-z) as 2 - erfc(z)
            known[symbol] = held
        values.append(value.xreplace(known))
    names = count()
    while any(calls := [_calls(value) for value in values]):
        tables: list[dict[sp.Expr, sp.Expr]] = [{} for _ in values]
        for slot, users in _slots(calls):
            symbol = Held(f"e{next(names)}", positive=True if slot.kind == (sp.exp,) else None, real=True)
            given = [
                _chosen(conditions, {i: arguments[k] for i, arguments in slot.arguments.items()})
                for k in range(len(next(iter(slot.arguments.values()))))
            ]
            steps.append((symbol, _called(slot.kind, given)))
            for branch, call in users:
                tables[branch][call.node] = symbol**call.power
        values = [value.xreplace(table) for value, table in zip(values, tables, strict=True)]
    constants: dict[sp.Expr, sp.Symbol] = {}
    values = [_with_constants(value, constants) for value in values]
    steps += [(symbol, number) for number, symbol in constants.items()]
    shared, values = sp.cse(values, symbols=(sp.Symbol(f"s{i}", real=True) for i in count()), order="none")
    result = _chosen(conditions, dict(enumerate(values)))
    steps += shared
    if any(value.has(SIZE) for value in (result, *(value for _, value in steps))):
        # Where z < 0 is no side of its own nothing is mirrored, and z there gives what it gives elsewhere.
        two_sided = any((end := _end(condition)) is not None and end <= 0 for condition in conditions)
        steps.insert(0, (SIZE, sp.Abs(Z) if two_sided else Z))
    return tuple(steps), result


def _with_constants(node: sp.Expr, constants: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """Return an expression with what is irrational in it as constants, one of a product."""
    if isinstance(node, choice) or not node.args:
        return node
    if node.is_number:
        return node if node.is_Rational else constants.setdefault(node, _constant(len(constants)))
    numbers = [argument for argument in node.args if argument.is_number] if node.is_Mul else []
    if all(number.is_Rational for number in numbers):
        numbers = []
    others = [_with_constants(a, constants) for a in node.args if a not in numbers]
    factor = [_with_constants(sp.Mul(*numbers), constants)] if numbers else []
    return node.func(*factor, *others)


def _constant(number: int) -> sp.Symbol:
    return sp.Symbol(f"c{number}", real=True)


def _calls(value: sp.Expr) -> list[_Call]:
    """Return the innermost costly nodes, each once."""
    found: dict[sp.Expr, _Call] = {}

    def visit(node: sp.Expr) -> bool:
        """Note the innermost ones, and return whether a node is costly or has costly ones."""
        inner = [visit(argument) for argument in node.args]
        call = _call(node)
        if call is not None and not any(inner):
            found.setdefault(node, call)
        return call is not None or any(inner)

    visit(value)
    exponents = {call.arguments[0] for call in found.values() if call.kind == (sp.exp,)}
    return [
        _Call(call.kind, (call.arguments[0] / 2,), call.node, 2)
        if call.kind == (sp.exp,) and call.arguments[0] / 2 in exponents
        else call
        for call in found.values()
    ]


def _call(node: sp.Expr) -> _Call | None:
    """Return a costly node as a call; None for others and for numbers."""
    if not node.free_symbols:
        return None
    if node.is_Pow and not isinstance(node, sp.exp):
        base, exponent = node.args
        if exponent.is_Integer:
            return _Call((sp.Pow, -1), (base,), node, int(-exponent)) if exponent < 0 else None
        if exponent.is_Rational and exponent.q == 2:
            return _Call((sp.Pow, sp.S.Half), (base,), node, int(exponent.p))
        return _Call((sp.Pow,), (base, exponent), node)
    if isinstance(node, sp.Function) and not isinstance(node, CHEAP):
        return _Call((node.func, *node.args[1:]), node.args[:1], node)
    return None


def _called(kind: tuple[object, ...], arguments: Sequence[sp.Expr]) -> sp.Expr:
    function, *further = kind
    for known, easier, sign in EASIER:
        if function == known and (arguments[0] * sign).is_nonnegative:
            function = easier
    return function(*arguments, *further)  # type: ignore[operator]


def _slots(calls: Sequence[Sequence[_Call]]) -> Iterator[tuple[_Slot, list[tuple[int, _Call]]]]:
    """Bring calls of different branches together, those first whose arguments are the same."""
    slots: list[_Slot] = []
    users: list[list[tuple[int, _Call]]] = []
    for branch, row in enumerate(calls):
        for call in row:
            fit = [slot.fitness(branch, call) for slot in slots]
            best = max(range(len(slots)), key=lambda i: fit[i], default=-1)
            if best < 0 or fit[best] < 0:
                slots.append(_Slot(call.kind))
                users.append([])
                best = len(slots) - 1
            slots[best].arguments[branch] = call.arguments
            users[best].append((branch, call))
    yield from zip(slots, users, strict=True)


def _invariant(arguments: Sequence[sp.Expr]) -> bool:
    """Return whether arguments are of parameters alone: the compiler takes such a call out of the loop."""
    return not any(a.has(Z) or a.has(Held) for a in arguments)


def _chosen(conditions: Sequence[sp.Basic], values: Mapping[int, sp.Expr]) -> sp.Expr:
    """Return what counts of values by the number of the branch: others may have any."""
    *others, last = sorted(values)
    chosen, after = values[last], None
    for number in reversed(others):
        value, condition = values[number], conditions[number]
        if value == (chosen if after is None else chosen.args[1]) and (
            after is None or _within(condition, after)
        ):
            continue
        if after is None and (end := _end(condition)) is not None and end <= 0:
            folded = value.xreplace({Z: -SIZE})
            if folded in (chosen, chosen.xreplace({Z: SIZE}) if end == 0 else chosen):
                chosen = folded
                continue
        chosen, after = choice(condition, value, chosen), condition
    return chosen


def _end(condition: sp.Basic) -> sp.Expr | None:
    """Return the number a of a condition z < a or z <= a, None for others."""
    below = isinstance(condition, BELOW) and condition.lts == Z and condition.gts.is_number
    return condition.gts if below else None


def _within(inner: sp.Basic, outer: sp.Basic) -> bool:
    """Return whether one condition is z < a and the other z < b, numbers a <= b."""
    first, second = _end(inner), _end(outer)
    if first is None or second is None:
        return False
    return isinstance(outer, type(inner)) and bool(first <= second)
