"""The inverse where it is elementary: z eliminated in favour of g, proven by putting g = f(z) back."""

from collections.abc import Sequence
from itertools import combinations

import sympy as sp

from symact.activations import G, Z
from symact.output_forms.balls import Place
from symact.output_forms.eliminations import NoInverse, candidates
from symact.output_forms.proofs import Ground, proven
from symact.output_forms.shapes import ranked
from symact.pieces import Piece
from symact.properties.charts import Chart, Uncharted, uncharted
from symact.properties.extremes import Span, spans
from symact.properties.facts import Fact, not_proven
from symact.properties.lines import Line, end_value

TRIES = 3
"""Shapes of one candidate that are tried, should the shortest not be provable."""


def inverse(line: Line, monotonic: str | None, charts: Sequence[Chart | Uncharted]) -> Fact:
    """Return z in terms of g, at the default parameters, where f is injective and its inverse elementary."""
    monotone = monotonic not in (None, "non-monotonic")
    if monotonic == "non-monotonic" and isinstance(line.activation.domain, sp.Interval) and all(line.joined):
        return Fact(None, "f is not injective: continuous, and not monotonic", line.where)
    if hidden := uncharted(charts):
        return not_proven(line.where, f"f': {hidden}")
    if any(stretch.sign == 0 for known in charts if isinstance(known, Chart) for stretch in known.stretches):
        return Fact(None, "f is not injective: it is constant on an interval", line.where)
    if not monotone and not _apart(line, charts):
        return not_proven(line.where, "whether f takes a value on two pieces")
    forms = []
    for piece in line.pieces:
        form = _on_piece(piece)
        if isinstance(form, str):
            return Fact(None, form, line.where)
        forms.append(form)
    if len(set(forms)) > 1 and not monotone:
        return not_proven(line.where, "the pieces' inverses differ, and f is not monotonic as a whole")
    method = "z eliminated from g = f(z); putting f(z) for g leaves z, exactly and in balls"
    if len(set(forms)) == 1:
        return Fact(forms[0], method, line.where)
    edges = [end_value(piece, -1) for piece in line.pieces[1:]]
    sides = [edge > G if monotonic == "increasing" else edge < G for edge in edges]
    return Fact(sp.Piecewise(*zip(forms, sides, strict=False), (forms[-1], True)), method, line.where)


def _apart(line: Line, charts: Sequence[Chart | Uncharted]) -> bool:
    """Return whether f is strictly monotonic on each piece, and no value is taken on two of them."""
    images: list[Span] = []
    for piece, slope, known in zip(line.pieces, line.slopes, charts, strict=True):
        image = spans(Line(line.activation, (piece,), (slope,), ()), (known,))
        if image is None or len(image) != 1 or not isinstance(known, Chart) or len(known.stretches) != 1:
            return False
        images += image
    exact = [image.exact for image in images]
    return None not in exact and all(
        sp.Intersection(a, b) == sp.S.EmptySet for a, b in combinations(exact, 2)
    )


def _on_piece(piece: Piece) -> sp.Expr | str:
    """Return the inverse on a piece, or why there is none here."""
    ground = Ground(piece, (), ({},))
    try:
        for candidate in candidates(piece.expression, Z, Place(piece, ({},))):
            for form in ranked(candidate.rational, candidate.meanings)[:TRIES]:
                if proven(form, piece.expression, Z, ground) is not None:
                    return form
    except NoInverse as obstacle:
        return f"no elementary inverse found: {obstacle}"
    return "no elementary inverse found"
