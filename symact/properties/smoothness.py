"""Smoothness at breaks: how many derivatives agree from both sides, by exact one-sided limits."""

from collections.abc import Sequence

import sympy as sp

from symact.activations import Activation, Z, samples
from symact.limits import Settings, equal
from symact.pieces import Case, Piece
from symact.properties.facts import Fact, vanishes
from symact.properties.lines import Line, end_value

MAX_ORDER = 8
"""Derivatives that are compared; where all agree, nothing is claimed of further ones."""


def smoothness(activation: Activation, cases: Sequence[Case], line: Line) -> Fact:
    """Return the class at each break: "jump", or C^k, and the one-sided limits that differ.

    At the default parameters; ``generic`` is the class for other parameters, where it is another.
    """
    found = []
    generic = cases[0] if len(cases) == 1 and len(cases[0].breaks) == len(line.breaks) else None
    settings = samples(activation) if activation.parameters else ({},)
    for index, cut in enumerate(line.breaks):
        left, right = line.pieces[index], line.pieces[index + 1]
        here = {"at": cut.at, **_class(left.expression, right.expression, cut.at, cut.value, ())}
        if generic is not None and activation.parameters:
            both = generic.pieces[index], generic.pieces[index + 1], generic.breaks[index]
            general = _class(both[0].expression, both[1].expression, both[2].at, both[2].value, settings)
            if general["class"] != here["class"]:
                here["generic"] = general["class"]
        found.append(here)
    method = "one-sided limits of successive derivatives, exact"
    if not found:
        return Fact((), "one expression on the whole domain: smooth inside it", line.where)
    return Fact(tuple(found), method, line.where)


def _class(
    left: sp.Expr, right: sp.Expr, at: sp.Expr, value: sp.Expr, settings: Settings
) -> dict[str, object]:
    for order in range(MAX_ORDER + 1):
        low = end_value(Piece(-sp.oo, at, left), 1)
        high = end_value(Piece(at, sp.oo, right), -1)
        values = [low, high] if order else [low, value, high]
        if any(v is sp.nan for v in values):
            return {"class": None, "left": low, "right": high}
        if not all(_same(a, values[0], settings) for a in values[1:]):
            return {"class": "jump" if order == 0 else f"C^{order - 1}", "left": low, "right": high}
        left, right = sp.diff(left, Z), sp.diff(right, Z)
    return {"class": f"at least C^{MAX_ORDER}", "left": low, "right": high}


def _same(a: sp.Expr, b: sp.Expr, settings: Settings) -> bool:
    if a.is_infinite or b.is_infinite:
        return a == b
    return equal(a, b, settings) if settings else vanishes(a - b)
