"""Columns: the values of many expressions at the same points, what they have in common computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp

from symact.arithmetics import Arithmetic, Ball, Operation, operate


@dataclass
class _Column:
    """A node's values, the rows where they are still missing, and how they come of its parts' values."""

    values: list[Ball]
    missing: set[int] = field(default_factory=set)
    parts: tuple["_Column", ...] = ()
    operation: Operation | None = None
    varies: bool = True


class Columns:
    """Values in the model of an arithmetic, at the precision in force, which must always be the same.

    ``inputs`` give symbols their values at each point, ``settings`` one for all points.

    >>> from flint import arb
    >>> from symact.arithmetics import EXACT
    >>> x, y = sp.symbols("x y")
    >>> table = Columns(EXACT, {x: [arb(1), arb(2), arb(3)]}, {y: arb(10)})
    >>> table.values(x + y, [0, 2]), table.values((x + y)**2, [2])
    ([11.0000000000000, 13.0000000000000], [169.000000000000])
    """

    def __init__(
        self,
        arithmetic: Arithmetic,
        inputs: Mapping[sp.Symbol, Sequence[Ball]],
        settings: Mapping[sp.Symbol, Ball],
    ) -> None:
        self._arithmetic = arithmetic
        self._count = max(map(len, inputs.values()))
        self._known = {symbol: _Column(list(values)) for symbol, values in inputs.items()}
        self._known |= {symbol: self._constant(value) for symbol, value in settings.items()}

    def values(self, expression: sp.Expr, at: Sequence[int]) -> list[Ball]:
        """Return an expression's values at some of the points."""
        column = self._column(expression)
        _compute(column, at)
        return [column.values[i] for i in at]

    def _column(self, node: sp.Expr) -> _Column:
        known = self._known.get(node)
        if known is None:
            subexpressions, operation = operate(node, self._arithmetic)
            parts = tuple(self._column(part) for part in subexpressions)
            if any(part.varies for part in parts):
                known = _Column([None] * self._count, set(range(self._count)), parts, operation)
            else:
                known = self._constant(operation(*(part.values[0] for part in parts)))
            self._known[node] = known
        return known

    def _constant(self, value: Ball) -> _Column:
        return _Column([value] * self._count, varies=False)


def _compute(column: _Column, rows: Sequence[int]) -> None:
    """Compute a column's values at some rows, its parts' first."""
    missing = [i for i in rows if i in column.missing] if column.missing else []
    if not missing:
        return
    for part in column.parts:
        _compute(part, missing)
    values, operation = column.values, column.operation
    assert operation is not None
    match [part.values for part in column.parts]:
        case [only]:
            for i in missing:
                values[i] = operation(only[i])
        case [first, second]:
            for i in missing:
                values[i] = operation(first[i], second[i])
        case several:
            for i in missing:
                values[i] = operation(*[part[i] for part in several])
    column.missing.difference_update(missing)
