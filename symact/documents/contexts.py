"""What the LaTeX templates are given: strings of LaTeX, ready; the templates only place them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import sympy as sp

from symact.activations import Activation, Parameter
from symact.derivatives import FoundKink
from symact.documents.derivations import SAFE, TEXT_WIDTH, result, rows, start
from symact.documents.escapes import escape
from symact.documents.figures import curve, panel, window
from symact.documents.formulas import display, inline_width
from symact.documents.notation import Notation, exact
from symact.documents.prose import prose
from symact.documents.tables import at_defaults, case_at_defaults, decimal, points, value_at
from symact.limits import one_sided
from symact.output_forms import NoOutputForm, OutputForm
from symact.pieces import Case, split
from symact.quotations import Quotation, Quotations
from symact.writing import latex, text

if TYPE_CHECKING:
    from symact.derived import Derived

PANEL = (114, 88)
"""Width and height of a plot in big points."""
CELLS = {"formula": 122.0, "derivative": 133.0, "output": 118.0}
"""Widths of the summary table's columns in points, as symact.tex sets them."""
SWEPT = ("forward", "derivative", "derivative_from_output")
"""The columns of the table of accuracy."""
ABSENT = "---"
LONGEST_INLINE = 200.0
"""Points that a formula may take inside a sentence."""
JSON = Mapping[str, object]


def activation_context(derived: "Derived") -> dict[str, object]:
    """Return the context of ``latex/ACTIVATION.tex.jinja``."""
    activation, found = derived.activation, derived.found
    notation = _notation(derived)
    form = derived.output_form
    context = {
        "title": title(activation),
        "name": escape(activation.name or activation.title),
        "label": label(activation),
        "aliases": [escape(alias) for alias in activation.aliases],
        "definition": display(notation.latex(activation.expression), TEXT_WIDTH * SAFE, lead="f(z) ="),
        "domain": None if activation.domain == sp.S.Reals else notation.latex(activation.domain),
        "image": None if activation.range is None else notation.latex(activation.range),
        "parameters": [_parameter(parameter, notation) for parameter in activation.parameters],
        "source": None if activation.source is None else _source(activation),
        "start": start(found.derivation.steps, found.derivation.result, notation),
        "steps": rows(found.derivation.steps, notation),
        "derivative": result(found.derivation.steps, found.simplified, notation),
        "output": _output(form, notation) if isinstance(form, OutputForm) else None,
        "no_output": _no_output(form, notation) if isinstance(form, NoOutputForm) else None,
        "kinks": [_kink(kink, notation) for kink in found.kinks],
        "setting": _setting(activation, notation),
        "traits": _traits(derived, notation),
        "values": _values(derived, notation),
        "panels": _panels(derived),
    }
    return {**context, "constants": [{"name": name, "value": value} for name, value in notation.constants]}


def _notation(derived: "Derived") -> Notation:
    """Return the notation of an activation; the summary table and the page name the same constants alike."""
    notation = Notation([parameter.name for parameter in derived.activation.parameters])
    form = derived.output_form
    for expression in (derived.activation.expression, derived.found.simplified):
        notation.latex(expression)
    if isinstance(form, OutputForm):
        notation.latex(form.expression)
    return notation


def summary(derived: "Derived") -> dict[str, object]:
    """Return the row of the summary table, as JSON."""
    activation = derived.activation
    form = derived.output_form
    notation = _notation(derived)

    def cell(expression: sp.Expr, column: str) -> str:
        # The table is set in 9 point, the widths that `display` knows are those of 11 point.
        shown = display(notation.latex(expression), CELLS[column] * 11 / 9 * 0.94)
        return rf"\text{{see page \pageref{{act:{label(activation)}}}}}" if shown.more else shown.head

    return {
        "name": activation.name or "",
        "title": title(activation),
        "label": label(activation),
        "family": family(activation),
        "formula": cell(activation.expression, "formula"),
        "derivative": cell(derived.found.simplified, "derivative"),
        "output": cell(form.expression, "output") if isinstance(form, OutputForm) else "",
    }


def document_context(summaries: Sequence[JSON], quoted: Quotations | None = None) -> dict[str, object]:
    """Return the context of ``latex/symact.tex.jinja``: the activations by family, in catalogue order."""
    families: dict[object, list[JSON]] = {}
    for one in summaries:
        families.setdefault(one["family"], []).append(one)
    forms = sum(1 for one in summaries if one["output"])
    return {
        "families": [{"title": name, "activations": members} for name, members in families.items()],
        "accuracy": [
            row for one in summaries if (row := _accuracy(one, (quoted or {}).get(str(one["name"]), ())))
        ],
        "count": len(summaries),
        "forms": forms,
    }


def _accuracy(row: JSON, quoted: Sequence[Quotation]) -> dict[str, object] | None:
    """Return a row of the table of accuracy: what all float32 inputs gave; None where nothing is quoted."""
    if not quoted:
        return None
    cells = {one.function: _quotation(one) for one in quoted}
    return {**row, "cells": [cells.get(function, ABSENT) for function in SWEPT]}


def _quotation(one: Quotation) -> str:
    if not one.misrounded:
        return "correctly rounded"
    return f"{one.max_ulp:g} ulp; {one.misrounded:,} not correctly rounded"


def title(activation: Activation) -> str:
    """Return the heading of an activation as LaTeX text."""
    return escape(activation.display_name or activation.title)


def label(activation: Activation) -> str:
    """Return the name by which references mean an activation."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in activation.name or "formula")


def family(activation: Activation) -> str:
    """Return the heading of a family as LaTeX text."""
    words = (activation.family or "activations").replace("_", " ")
    return escape(words[0].upper() + words[1:])


def _setting(activation: Activation, notation: Notation) -> str:
    return ", ".join(f"{notation.latex(s)} = {notation.number(v)}" for s, v in activation.defaults.items())


def _source(activation: Activation) -> dict[str, str]:
    source = activation.source
    assert source is not None
    return {
        "author": escape(source.author),
        "year": escape(str(source.year)),
        "title": escape(source.title),
        "reference": _reference(source.reference),
    }


RESOLVERS = (("doi:", "https://doi.org/"), ("arXiv:", "https://arxiv.org/abs/"))


def _reference(reference: str) -> str:
    r"""Return a reference as LaTeX, its address, DOI or arXiv number as a link.

    >>> _reference("arXiv:1511.07289, section 3")
    '\\href{https://arxiv.org/abs/1511.07289}{arXiv:1511.07289}, section 3'
    """
    words = []
    for word in reference.split():
        bare = word.rstrip(",;.")
        tail, address = word[len(bare) :], escape_url(bare)
        if bare.startswith(("http://", "https://")):
            words.append(rf"\url{{{address}}}{tail}")
            continue
        for prefix, resolver in RESOLVERS:
            if bare.startswith(prefix):
                words.append(rf"\href{{{resolver}{address.removeprefix(prefix)}}}{{{escape(bare)}}}{tail}")
                break
        else:
            words.append(escape(word))
    return " ".join(words)


def escape_url(address: str) -> str:
    """Return an address for hyperref: what TeX would read otherwise is escaped or percent-encoded."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '\\{}^`"<>| ' else quote(c) for c in address
    )
    return plain.replace("%", r"\%").replace("#", r"\#")


def _parameter(parameter: Parameter, notation: Notation) -> dict[str, str]:
    return {
        "symbol": notation.latex(parameter.symbol),
        "name": escape(parameter.name),
        "default": notation.number(parameter.default),
        "domain": r"\mathbf{R}" if parameter.domain == sp.true else notation.latex(parameter.domain),
        "meaning": prose(parameter.meaning, notation),
    }


def _output(form: OutputForm, notation: Notation) -> dict[str, object]:
    steps = form.derivation.steps
    return {
        "formula": result(steps, form.expression, notation),
        "condition": None if form.condition == sp.true else _condition(form.condition, notation),
        "proof": sentence(prose(form.proof, notation, TEXT_WIDTH * SAFE)),
        "steps": rows(steps, notation),
    }


def _condition(condition: sp.Basic, notation: Notation) -> dict[str, object]:
    """Return a condition: inside the sentence where it is short, else as a display."""
    written = notation.latex(condition)
    short = inline_width(written) < LONGEST_INLINE
    return {
        "inline": written if short else "",
        "display": None if short else display(written, TEXT_WIDTH * SAFE),
    }


def _no_output(form: NoOutputForm, notation: Notation) -> dict[str, object]:
    witness = None
    if form.witness is not None:
        first, second, why = form.witness
        witness = {"first": _witness(first), "second": _witness(second), "why": prose(why, notation)}
    return {"reason": prose(form.reason, notation, TEXT_WIDTH * SAFE).rstrip("."), "witness": witness}


def _witness(value: sp.Expr) -> str:
    """Return a relation to a number with all its digits; one that is written ``n/10**k`` is not exact."""
    number = value.doit()
    if number.is_Rational:
        sign = "=" if value.is_Rational else r"\approx"
        return f"{sign} {exact(number)}"
    return f"= {latex(value)}"


def sentence(words: str) -> str:
    """Return words as a sentence: a capital first, a full stop last.

    >>> sentence("not injective")
    'Not injective.'
    """
    start = words[:1].upper() + words[1:] if words[:1].isalpha() else words
    return start if start.endswith((".", "!", "?", ".$")) else f"{start}."


def _kink(kink: FoundKink, notation: Notation) -> dict[str, object]:
    """Return a kink: its one-sided derivatives, the interval between them, what is taken."""
    finite = all(value.is_finite is not False for value in (kink.left, kink.right))
    return {
        "at": notation.latex(kink.at),
        "left": notation.latex(kink.left),
        "right": notation.latex(kink.right),
        "convention": notation.latex(kink.convention),
        "jump": kink.jump,
        "subdifferential": None if kink.jump or not finite else _between(kink.left, kink.right, notation),
    }


def _between(left: sp.Expr, right: sp.Expr, notation: Notation) -> str:
    """Return the interval between two numbers in any order; with parameters, the order is theirs to say."""
    if left.is_number and right.is_number:
        low, high = sorted((left, right), key=lambda value: sp.N(value, 30))
        return rf"[{notation.latex(low)}, {notation.latex(high)}]"
    return rf"\operatorname{{conv}}\{{{notation.latex(left)}, {notation.latex(right)}\}}"


def _values(derived: "Derived", notation: Notation) -> list[dict[str, object]]:
    """Return the rows of the value table: limits at the ends, and between them the points."""
    activation = derived.activation
    functions = (split(activation), derived.found.cases)
    kinks = [at_defaults(kink.at, activation) for kink in derived.found.kinks]
    cases = [case_at_defaults(part, activation) for part in functions]
    result = [_limits(derived, cases, "-", notation)]
    for point in points(activation, kinks):
        f, d = (value_at(case, activation, point) for case in cases)
        result.append({"z": notation.latex(point), "f": _shown(f), "d": _shown(d)})
    result.append(_limits(derived, cases, "+", notation))
    return result


def _shown(value: sp.Expr | None) -> str:
    if value is None or value is sp.nan or value.has(sp.zoo, sp.nan):
        return ABSENT
    return f"${decimal(value)}$"


def _limits(derived: "Derived", cases: Sequence[Case], end: str, notation: Notation) -> dict[str, object]:
    """Return the row of limits at one end of the domain, parameters at their defaults."""
    activation = derived.activation
    shown: list[str] = []
    for case, function in zip(cases, ("f", "f'"), strict=True):
        piece = case.pieces[-1 if end == "+" else 0]
        place, side = (piece.upper, "-") if end == "+" else (piece.lower, "+")
        known = derived.properties.limits.get(f"{function}({text(place)}{'' if place.is_infinite else side})")
        at = at_defaults(place, activation)
        if known is None:
            value = one_sided(at_defaults(piece.expression, activation), at, side)
        else:
            value = at_defaults(known, activation)
        shown.append(ABSENT if value.has(sp.nan, sp.zoo, sp.AccumBounds) else f"${decimal(value)}$")
    arrow = {sp.oo: r"+\infty", -sp.oo: r"-\infty"}.get(at) or f"{notation.latex(at)}^{{{side}}}"
    return {"z": rf"\to {arrow}", "f": shown[0], "d": shown[1]}


def _traits(derived: "Derived", notation: Notation) -> list[str]:
    """Return what is known of f in words: symmetry, monotonicity, Lipschitz constant."""
    known = derived.properties
    traits = [word for word, holds in (("odd", known.odd), ("even", known.even)) if holds]
    if known.monotonic is not None:
        where = (
            "" if known.monotonic_for in (None, "all z", "all parameters") else f" for {known.monotonic_for}"
        )
        traits.append(prose(known.monotonic + where, notation))
    constant = known.lipschitz
    if constant is not None and constant.has(sp.Piecewise):
        constant = at_defaults(constant, derived.activation)
    if constant == sp.oo:
        traits.append("not Lipschitz continuous")
    elif constant is not None:
        traits.append(f"Lipschitz continuous with constant ${notation.latex(constant)}$")
    return traits


def _panels(derived: "Derived") -> list[dict[str, object]]:
    activation, found = derived.activation, derived.found
    shown = window(activation, found.cases, [kink.at for kink in found.kinks])
    heads = (("f(z)", "curve", split(activation)), ("f'(z)", "slope", found.cases))
    return [
        {"head": head, "colour": colour, "picture": panel(curve(cases, activation, shown), *PANEL)}
        for head, colour, cases in heads
    ]
