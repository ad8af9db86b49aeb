"""Witnesses: two inputs with one output and two derivatives, exact or enclosed: no output form exists."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb

from symact.activations import Activation, Z
from symact.output_forms.balls import Function, Setting, ball, bulk, differ
from symact.output_forms.regions import Region
from symact.pieces import Case, Piece
from symact.writing import text

SHOWS = "g(z1) = g(z2), f'(z1) != f'(z2)"
STEPS = 48
"""Points of a piece at which f is looked at, besides whole and half numbers."""

DIGITS = 24
"""Decimals of a witness's second number, where it is not exact."""


@dataclass(frozen=True)
class Witness:
    """Two inputs, and what they show, with the setting of the parameters."""

    first: sp.Expr
    second: sp.Expr
    shows: str


@dataclass(frozen=True)
class _Run:
    """Points of a piece, from left to right, along which f rises, falls or stays."""

    f: Function
    d: Function
    points: tuple[Fraction, ...]


def monotonic(piece: Piece, setting: Setting) -> bool | None:
    """Return True where f rises at all points looked at, False where it falls, None where both.

    >>> [monotonic(Piece(-sp.oo, sp.oo, f), {}) for f in (Z**3, Z**2)]
    [True, None]
    """
    f = Function(piece.expression, setting, 128)
    values = [f(ball(z)) for z in _grid(piece, setting)]
    values = [value for value in values if value.is_finite()]
    rises = any(b > a for a, b in itertools.pairwise(values))
    falls = any(b < a for a, b in itertools.pairwise(values))
    return None if rises and falls else not falls


def find_witness(activation: Activation, case: Case, slopes: Case, region: Region) -> Witness | None:
    """Return a witness at the region's first setting that has one.

    Where f takes a value on two of its monotonic runs, the second input is found by bisection between
    balls that prove a change of sign, and f' must differ at the two by balls that do not meet.
    """
    for setting in region.settings:
        runs = list(_runs(case, slopes, setting))
        for i, first in enumerate(runs):
            for second in runs[i + 1 :]:
                found = _between(activation, slopes, first, second, setting)
                if found is not None:
                    return found
    return None


def _grid(piece: Piece, setting: Setting) -> list[Fraction]:
    a, b = bulk(piece, setting)
    inner = {a + (b - a) * Fraction(k, STEPS) for k in range(1, STEPS)}
    inner |= {Fraction(k, 2) for k in range(-12, 13) if a < Fraction(k, 2) < b}
    return sorted(inner)


def _runs(case: Case, slopes: Case, setting: Setting) -> Iterator[_Run]:
    for piece, slope in zip(case.pieces, slopes.pieces, strict=True):
        f, d = Function(piece.expression, setting), Function(slope.expression, setting)
        grid = [z for z in _grid(piece, setting) if f(ball(z)).is_finite()]
        start, direction = 0, 0
        for i in range(1, len(grid)):
            here = _compare(f(ball(grid[i - 1])), f(ball(grid[i])))
            if direction and here != direction:
                yield _Run(f, d, tuple(grid[start:i]))
                start, here = i - 1, 0
            direction = here or direction if start != i - 1 else here
        if len(grid) > start:
            yield _Run(f, d, tuple(grid[start:]))


def _compare(a: arb, b: arb) -> int:
    return 1 if b > a else -1 if b < a else 0


def _between(
    activation: Activation, slopes: Case, first: _Run, second: _Run, setting: Setting
) -> Witness | None:
    """Look for a point of one run whose value the other takes too, simple points first."""
    for here, there, swapped in ((first, second, False), (second, first, True)):
        for z1 in sorted(here.points, key=lambda z: (z.denominator, abs(z)))[:60]:
            y = here.f(ball(z1))
            bracket = _bracket(there, y)
            if bracket is None:
                continue
            z2, enclosure = _bisected(there.f, y, *bracket)
            if not differ((here.d(ball(z1)), there.d(enclosure))):
                continue
            pair = (sp.Rational(z1.numerator, z1.denominator), _number(activation, z1, z2, setting))
            if swapped:
                pair = pair[::-1]
            at = ", ".join(f"{text(s)} = {text(v)}" for s, v in setting.items())
            return Witness(*pair, f"{SHOWS} at {at}" if at else SHOWS)
    return None


def _bracket(run: _Run, y: arb) -> tuple[Fraction, Fraction] | None:
    for z in run.points:
        if (run.f(ball(z)) - y).is_zero():
            return z, z
    for a, b in zip(run.points, run.points[1:], strict=False):
        if _compare(run.f(ball(a)), y) * _compare(y, run.f(ball(b))) > 0:
            return a, b
    return None


def _bisected(f: Function, y: arb, a: Fraction, b: Fraction) -> tuple[Fraction, arb]:
    """Return the root of f(z) = y, and a ball around it in which f - y changes its sign."""
    rising = f(ball(b)) > f(ball(a))
    while b - a > Fraction(1, 10 ** (DIGITS + 6)):
        middle = (a + b) / 2
        value = f(ball(middle)) - y
        if value > 0 or value < 0:
            a, b = (a, middle) if (value > 0) == rising else (middle, b)
        else:
            return middle, ball(middle, (b - a) / 2)
    middle = (a + b) / 2
    return middle, ball(middle, (b - a) / 2)


def _number(activation: Activation, z1: Fraction, z2: Fraction, setting: Setting) -> sp.Expr:
    """Return an exact number where one near z2 has f(z1) = f(z2) exactly, else decimals."""
    value = activation.expression.subs(setting)
    first = value.subs(Z, sp.Rational(z1.numerator, z1.denominator))
    for guess in _guesses(z2):
        if sp.simplify(value.subs(Z, guess) - first) == 0:
            return guess
    scaled = round(z2 * 10**DIGITS)
    return sp.Rational(scaled, 10**DIGITS)


def _guesses(z: Fraction) -> Sequence[sp.Expr]:
    near = Fraction(1, 10 ** (DIGITS - 2))
    simple = z.limit_denominator(1000)
    found: list[sp.Expr] = []
    if abs(simple - z) < near:
        found.append(sp.Rational(simple.numerator, simple.denominator))
    ratio = sp.Rational(str(sp.N(sp.Rational(z.numerator, z.denominator) / sp.pi, 30)))
    turns = Fraction(int(ratio.p), int(ratio.q)).limit_denominator(1000)
    if turns and abs(turns - Fraction(int(ratio.p), int(ratio.q))) < near:
        found.append(sp.Rational(turns.numerator, turns.denominator) * sp.pi)
    return found
