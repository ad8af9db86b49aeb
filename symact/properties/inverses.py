"""The inverse where it is elementary: z eliminated in favour of g, proven by putting g = f(z) back."""

from collections.abc import Sequence

import sympy as sp

from symact.activations import G, Z
from symact.output_forms.balls import Place
from symact.output_forms.eliminations import NoInverse, candidates
from symact.output_forms.proofs import Ground, proven
from symact.output_forms.shapes import ranked
from symact.pieces import Piece
from symact.properties.charts import Chart
from symact.properties.facts import Fact
from symact.properties.lines import Line, end_value

TRIES = 3
"""Shapes of one candidate that are tried, should the shortest not be provable."""


def inverse(line: Line, monotonic: str | None, charts: Sequence[Chart | None]) -> Fact:
    """Return z in terms of g at the default parameters where f is strictly monotonic and its inverse elementary."""
    if monotonic == "non-monotonic":
        return Fact(None, "f is not injective", line.where)
    if any(known is None for known in charts) or monotonic is None:
        return Fact(None, "not proven", line.where)
    if any(stretch.sign == 0 for known in charts if known for stretch in known.stretches):
        return Fact(None, "f is not injective: it is constant on an interval", line.where)
    forms = []
    for piece in line.pieces:
        form = _on_piece(piece)
        if isinstance(form, str):
            return Fact(None, form, line.where)
        forms.append(form)
    rows = []
    for form, piece, cut in zip(forms, line.pieces[1:], line.breaks, strict=False):
        edge = end_value(piece, -1)
        rows.append((form, edge > G if monotonic == "increasing" else edge < G))
        del cut
    whole = sp.Piecewise(*rows, (forms[-1], True)) if rows else forms[0]
    return Fact(
        whole, "z eliminated from g = f(z); putting f(z) for g leaves z, exactly and in balls", line.where
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
