"""Inversion, the second road: z in terms of g, put into f'. It needs no relation between d and g."""

from collections.abc import Iterator

import sympy as sp

from symact.activations import G, Z
from symact.output_forms.balls import Place
from symact.output_forms.eliminations import Candidate, NoInverse, at_output, candidates
from symact.output_forms.shapes import ranked
from symact.output_forms.towers import TooLarge, tower_of


def inverted(f: sp.Expr, d: sp.Expr, place: Place) -> Iterator[tuple[Candidate, sp.Expr]]:
    """Yield forms of d in g = f(z) on a smooth piece, each with z in terms of g, which is put into d.

    Raises NoInverse where f is not elementary to invert.

    >>> from symact.pieces import Piece
    >>> line = Place(Piece(-sp.oo, sp.oo, Z), ({},))
    >>> next(inverted(sp.tanh(Z), 1/sp.cosh(Z)**2, line))[1]
    atanh(g)
    """
    for found in candidates(f, Z, place):
        inverse = next(iter(ranked(found.rational, found.meanings)), None)
        if inverse is None:
            continue
        inside = d.subs(Z, inverse)
        try:
            tower, (rational,) = tower_of([inside.subs(G, Z)], at_output(f, place), apart=True)
        except TooLarge:
            yield Candidate(inside, {}, "", "inversion"), inverse
            continue
        meanings = {kernel.symbol: kernel.meaning.subs(Z, G) for kernel in tower.kernels.values()}
        yield Candidate(rational, {**meanings, Z: G}, "", "inversion"), inverse


def by_both_roads(f: sp.Expr, d: sp.Expr, place: Place) -> Iterator[tuple[Candidate, sp.Expr | None]]:
    """Yield candidates by elimination, then by inversion, the latter with z in terms of g.

    Those of elimination that have no proof of their own may follow from the inverse: they come again.

    Raises what stops elimination where neither yields any.
    """
    obstacle: NoInverse | None = None
    first: list[Candidate] = []
    try:
        for candidate in candidates(f, d, place):
            first.append(candidate)
            yield candidate, None
    except NoInverse as error:
        obstacle = error
    found = bool(first)
    try:
        for candidate, inverse in inverted(f, d, place):
            found = True
            yield from ((one, inverse) for one in first)
            first = []
            yield candidate, inverse
    except NoInverse:
        pass
    if obstacle is not None and not found:
        raise obstacle
