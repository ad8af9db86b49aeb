"""Two roads to an output form, elimination and inversion, agree wherever both lead there."""

from collections.abc import Iterator

import pytest
import sympy as sp
from flint import arb
from test_output_forms import SPELLINGS, STRANGERS

from symact.activations import Activation, G, Z
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.functions import plain
from symact.output_forms.balls import Function, Place, Setting, ball, points, same, tight
from symact.output_forms.eliminations import Candidate, NoInverse, at_output, candidates
from symact.output_forms.inversions import inverted
from symact.output_forms.proofs import Ground, follows_from_inverse, proven
from symact.output_forms.regions import regions
from symact.output_forms.shapes import ranked
from symact.output_forms.towers import TooLarge, tower_of
from symact.parsing import parse
from symact.pieces import Case, Piece, split
from symact.writing import text

FORMULAS = list(dict.fromkeys((*catalogue(), *STRANGERS, *(f for fs in SPELLINGS.values() for f in fs))))
TRIES = 3

Road = tuple[Candidate, sp.Expr | None]


def eliminated(f: sp.Expr, d: sp.Expr, place: Place) -> Iterator[Road]:
    yield from ((candidate, None) for candidate in candidates(f, d, place) if candidate.road == "elimination")


def smooth(case: Case, slopes: Case) -> Iterator[tuple[Piece, sp.Expr]]:
    """Yield the pieces on which f and f' move, with f'."""
    for piece, slope in zip(case.pieces, slopes.pieces, strict=True):
        if piece.expression.has(Z) and slope.expression.has(Z):
            yield piece, slope.expression


def first_proven(road: Iterator[Road], f: sp.Expr, d: sp.Expr, ground: Ground) -> sp.Expr | None:
    try:
        for candidate, inverse in road:
            for form in ranked(candidate.rational, candidate.meanings)[:TRIES]:
                if proven(form, f, d, ground, candidate.polynomial) is not None:
                    return form
                if inverse is not None and follows_from_inverse(form, f, d, inverse, ground):
                    return form
    except NoInverse:
        pass
    return None


def alike(one: sp.Expr, other: sp.Expr, piece: Piece, settings: tuple[Setting, ...]) -> str:
    """Return how two forms are found to be one on the image of a piece; empty where they are not."""
    if text(one) == text(other):
        return "text"
    difference = plain(one) - plain(other)
    place = Place(piece, settings)
    try:
        tower, (rational,) = tower_of([difference.subs(G, Z)], at_output(piece.expression, place), apart=True)
        if tower.reduced(rational) == 0:
            return "algebra"
    except TooLarge:
        pass
    for setting in settings:
        functions = [Function(form.subs(G, piece.expression), setting) for form in (one, other)]
        for z in points(piece, setting, 24):
            values: list[arb] = [function(ball(z)) for function in functions]
            if all(map(tight, values)) and not same(*values):
                return ""
    return "balls"


def activation_of(formula: str) -> Activation:
    return catalogue()[formula] if formula in catalogue() else parse(formula)


def both(formula: str) -> Iterator[tuple[sp.Expr | None, sp.Expr | None, str]]:
    activation = activation_of(formula)
    for case, slopes in zip(split(activation), differentiate(activation).cases, strict=True):
        region = regions(activation, case.condition)[0][0]
        for piece, d in smooth(case, slopes):
            f, place = piece.expression, Place(piece, region.settings[:2])
            ground = Ground(piece, region.signs, region.settings)
            forms = [first_proven(iter(road(f, d, place)), f, d, ground) for road in (eliminated, inverted)]
            how = alike(*forms, piece, region.settings) if None not in forms else "one road"
            yield forms[0], forms[1], how


@pytest.mark.thorough
@pytest.mark.parametrize("formula", FORMULAS)
def test_both_roads_agree(formula: str) -> None:
    """In the catalogue, where one leads so does the other; with erf neither does."""
    for first, second, how in both(formula):
        assert how, f"{text(first)} by elimination, {text(second)} by inversion"
        if formula in catalogue():
            assert (first is None) == (second is None), how


def test_roads_that_part_are_seen() -> None:
    """A guard: forms that differ by 2**-60 of one of them are not alike; equal ones are, in each way."""
    line = Piece(-sp.oo, sp.oo, sp.tanh(Z))
    assert alike(1 - G**2, (1 - G) * (1 + G), line, ({},)) == "algebra"
    assert alike(1 - G**2, 1 - G**2, line, ({},)) == "text"
    assert alike(1 - G**2, 1 - G**2 * (1 + sp.Integer(2) ** -60), line, ({},)) == ""
    assert alike(sp.acos(G), sp.pi / 2 - sp.asin(G), line, ({},)) == "balls"
