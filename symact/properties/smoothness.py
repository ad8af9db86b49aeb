"""Smoothness at breaks: how many derivatives agree from both sides, by exact one-sided limits."""

from collections.abc import Sequence

import sympy as sp

from symact.activations import Activation, Z, samples
from symact.limits import Settings, equal
from symact.pieces import Case, Piece
from symact.properties.charts import Chart, Uncharted
from symact.properties.facts import Fact, not_proven, vanishes
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


def differentiability(kinks: Fact, line: Line, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return the class of f inside its domain: "analytic", "C^k" with the largest k, "discontinuous"."""
    for piece, known in zip(line.pieces, charts, strict=True):
        if isinstance(known, Uncharted) and not analytic(piece.expression):
            return not_proven(line.where, f"whether f is analytic: {known.why}")
    inside = [
        kink["class"] for kink, cut in zip(kinks.value, line.breaks, strict=True) if cut.value is not sp.nan
    ]
    if None in inside:
        return not_proven(line.where, "a limit at a break")
    method = "analytic between breaks: what may be singular is enclosed; at breaks, one-sided limits"
    if "jump" in inside:
        return Fact("discontinuous", method, line.where)
    found = min(inside, key=lambda name: int(name.split("^")[1]), default="analytic")
    return Fact(found, method, line.where)


ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.erfc)
"""Functions that are analytic on the whole line."""


def analytic(node: sp.Expr) -> bool:
    """Return whether an expression is analytic on the whole line at sight: by the signs of its parts.

    >>> analytic(sp.log(1 + sp.exp(Z))/sp.sqrt(1 + Z**2)), analytic(1/Z), analytic(sp.sqrt(Z**4))
    (True, False, True)
    """
    if not node.has(Z) or node == Z:
        return True
    if node.is_Add or node.is_Mul or node.func in ENTIRE:
        return all(analytic(part) for part in node.args)
    if node.is_Pow and not node.exp.has(Z):
        natural = node.exp.is_Integer and node.exp > 0
        return analytic(node.base) and bool(natural or node.base.is_positive)
    return isinstance(node, sp.log) and bool(node.args[0].is_positive) and analytic(node.args[0])


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
