"""Witnesses: two inputs with one output and two derivatives, exact or enclosed: no output form exists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil, floor

import sympy as sp
from flint import arb

from symact.activations import Activation, Z
from symact.output_forms.balls import Function, Setting, ball, bulk, differ
from symact.output_forms.regions import Region
from symact.pieces import Case, Piece
from symact.writing import text

SHOWS = "g(z1) = g(z2), f'(z1) != f'(z2)"
STEPS = 48
"""Points of a piece at which f is looked at, besides eighths and points near its ends."""

LOOKED_AT = 60
"""Points of one run that are tried as the first input of a witness."""

ALIKE = 3
"""Pairs of inputs with one output and, as closely as can be told, one derivative, after which two runs count
as alike: two analytic functions that differ do so but at isolated points."""

BISECTIONS = 200
"""Pairs of inputs with one output that are looked at, at one setting of the parameters."""

DIGITS = 24
"""Decimals of a witness's second number, where it is not exact."""

SCALE = 2**128
"""Bisection is between multiples of 1/SCALE: the fractions stay short."""


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
    rises = any(b > a for a, b in pairwise(values))
    falls = any(b < a for a, b in pairwise(values))
    return None if rises and falls else not falls


def find_witness(activation: Activation, case: Case, slopes: Case, region: Region) -> Witness | None:
    """Return a witness at the region's first setting that has one.

    Where f takes a value on two of its monotonic runs, the second input is found by bisection between
    balls that prove a change of sign, and f' must differ at the two by balls that do not meet.
    """
    if (exact := _exact(activation, case, slopes, region)) is not None:
        return exact
    for setting in region.settings:
        runs = sorted(_runs(case, slopes, setting), key=lambda run: min(map(abs, run.points)))
        pairs = ((first, second) for i, first in enumerate(runs) for second in runs[i + 1 :])
        tries = (one for pair in pairs for one in _between(activation, slopes, *pair, setting))
        found = next(filter(None, islice(tries, BISECTIONS)), None)
        if found is not None:
            return found
    return None


def _exact(activation: Activation, case: Case, slopes: Case, region: Region) -> Witness | None:
    """Return a witness by symmetry about 0 or by half a period; None where neither.

    It is one for all parameters that the case admits: where these are not all, a setting is named.
    """
    at = "" if case.condition == sp.true else _at(region.settings[0])
    for piece, slope in zip(case.pieces, slopes.pieces, strict=True):
        for z1, z2 in _symmetric(piece):
            values = [piece.expression.subs(Z, z) for z in (z1, z2)]
            if values[0] != values[1] and sp.simplify(values[0] - values[1]) != 0:
                continue
            if all(
                differ([Function(slope.expression.subs(Z, z), s)(arb(0)) for z in (z1, z2)])
                for s in region.settings
            ):
                return Witness(z1, z2, SHOWS + at)
    return None


def _symmetric(piece: Piece) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """Yield pairs that a symmetry of an even or a periodic function makes equal, inside the whole line."""
    if (piece.lower, piece.upper) != (-sp.oo, sp.oo):
        return
    if piece.expression.subs(Z, -Z) == piece.expression:
        yield sp.Integer(-1), sp.Integer(1)
    for circular in sorted(piece.expression.atoms(sp.sin, sp.cos, sp.tan), key=sp.default_sort_key):
        rate = sp.diff(circular.args[0], Z)
        if not rate.has(Z) and circular.subs(Z, 0) == circular.func(0):
            yield sp.Integer(0), sp.pi / rate


def _grid(piece: Piece, setting: Setting) -> list[Fraction]:
    a, b = bulk(piece, setting)
    inner = {a + (b - a) * Fraction(k, STEPS) for k in range(1, STEPS)}
    inner |= {Fraction(k, 8) for k in range(-48, 49) if a < Fraction(k, 8) < b}
    near = [(b - a) / 2**k for k in (7, 9, 11, 14)]
    inner |= {a + distance for distance in near} | {b - distance for distance in near}
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
) -> Iterator[Witness | None]:
    """Yield a witness or None for each point of one run whose value the other takes, simple ones first."""
    alike = 0
    for here, there in ((first, second), (second, first)):
        for z1 in sorted(here.points, key=lambda z: (z.denominator, abs(z)))[:LOOKED_AT]:
            y = here.f(ball(z1))
            bracket = _bracket(there, y)
            if bracket is None:
                continue
            z2, enclosure = _bisected(there.f, y, *bracket)
            if enclosure.rad() > arb(10) ** -DIGITS or _jumps(there.f(enclosure)):
                yield None
                continue
            derivatives = here.d(ball(z1)), there.d(enclosure)
            if not differ(derivatives):
                alike += all(value.is_finite() for value in derivatives)
                if alike == ALIKE:
                    return
                yield None
                continue
            pair = (sp.Rational(z1.numerator, z1.denominator), _number(activation, z1, z2, setting))
            if pair[0] > pair[1]:
                pair = pair[::-1]
            yield Witness(*pair, SHOWS + _at(setting))


def _at(setting: Setting) -> str:
    """Return the words that name a setting of the parameters."""
    values = ", ".join(f"{text(s)} = {text(v)}" for s, v in setting.items())
    return f" at {values}" if values else ""


def _bracket(run: _Run, y: arb) -> tuple[Fraction, Fraction] | None:
    """Return two points of the run, near each other, with f < y at one and f > y at the other."""
    points = run.points
    signs = [_compare(y, run.f(ball(z))) for z in points]
    for width in (1, 2):
        for i in range(len(points) - width):
            if signs[i] * signs[i + width] < 0:
                return points[i], points[i + width]
    return None


def _bisected(f: Function, y: arb, a: Fraction, b: Fraction) -> tuple[Fraction, arb]:
    """Return the root of f(z) = y, and a ball around it at whose ends f - y has different signs.

    The interval is cut off its middle, so that no simple number, which may be the root, is ever a cut.
    """
    rising = f(ball(b)) > f(ball(a))
    low, high = floor(a * SCALE), ceil(b * SCALE)  # rounded outwards: the root stays between
    while high - low > SCALE // 10 ** (DIGITS + 6):
        cut = low + (high - low) * 499 // 1009
        value = f(ball(Fraction(cut, SCALE))) - y
        if not (value > 0 or value < 0):
            break
        low, high = (low, cut) if (value > 0) == rising else (cut, high)
    middle = Fraction(low + high, 2 * SCALE)
    return middle, ball(middle, Fraction(high - low, 2 * SCALE))


def _jumps(value: arb) -> bool:
    """Return whether f may pass over y between the ends of a narrow ball, as atan(1/z) passes over 0."""
    return not (value.is_finite() and value.rad() < arb(2) ** -40 * max(abs(value.mid()), arb(1)))


def _number(activation: Activation, z1: Fraction, z2: Fraction, setting: Setting) -> sp.Expr:
    """Return an exact number where one near z2 has f(z1) = f(z2) exactly, else decimals."""
    value = activation.expression.subs(setting)
    first = value.subs(Z, sp.Rational(z1.numerator, z1.denominator))
    for guess in _guesses(z2):
        if sp.simplify(value.subs(Z, guess) - first) == 0:
            return guess
    scaled = round(z2 * 10**DIGITS)
    return sp.Mul(scaled, sp.Pow(10, -DIGITS, evaluate=False), evaluate=False)


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
