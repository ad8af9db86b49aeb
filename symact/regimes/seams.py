"""Seams: the longest runs of points over which one candidate is good, and where they meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from symact.forms import W
from symact.regimes.judges import Candidate, Judge
from symact.regimes.points import point, short_between

MAX_BISECTIONS = 80
"""Steps by which a seam is looked for between two points: no two binary64 are farther apart than that."""


@dataclass(frozen=True)
class Run:
    """A candidate from a seam on, at the points number ``start`` to ``stop`` from the left."""

    candidate: Candidate
    seam: sp.Expr
    start: int
    stop: int


def runs(
    found: Sequence[Candidate],
    order: Sequence[int],
    points: Sequence[Fraction],
    judges: Sequence[Judge],
) -> list[Run]:
    """Cover the points from left to right by the longest runs."""
    arithmetic = judges[0].arithmetic
    enough = arithmetic.good
    best = [min(c.errors[i] for c in found) for i in order]
    good = [
        [c.errors[i] <= max(enough, 2 * limit) for i, limit in zip(order, best, strict=True)] for c in found
    ]
    found_runs: list[tuple[int, int, int]] = []
    position = 0
    while position < len(order):
        # Who was good before the seam too leaves no gap at it; nor does who begins at 0, exactly.
        meets = arithmetic.thrifty and position and points[position - 1] < 0 < points[position]
        steady = (
            [
                row[position]
                and (row[position - 1] or (meets and c.form.side > 0 and not c.form.expression.has(W)))
                for c, row in zip(found, good, strict=True)
            ]
            if position
            else []
        )
        reach = [
            _reach(row, position) if not any(steady) or steady[i] else position for i, row in enumerate(good)
        ]
        longest = max(reach)
        used = [found[i].form for i, *_ in found_runs] if arithmetic.thrifty else []
        index = min(
            (i for i, r in enumerate(reach) if r == longest),
            key=lambda i: (found[i].form.further(used) if used else 0, found[i].form.cost),
        )
        found_runs.append((index, position, longest))
        position = longest
    result = []
    for number, (index, start, stop) in enumerate(found_runs):
        seam: sp.Expr = sp.S.Zero
        if number:
            begin = start
            while begin - 1 > found_runs[number - 1][1] and good[index][begin - 1]:
                begin -= 1
            left, right = found[found_runs[number - 1][0]], found[index]
            if points[begin - 1] <= 0 <= points[start]:
                seam = sp.S.Zero
            elif begin < start:
                seam = _simplest(points[begin:start])
            else:
                seam = _between(points[start - 1], points[start], left, right, judges)
        result.append(Run(found[index], seam, start, stop))
    return result


def _reach(row: Sequence[bool], position: int) -> int:
    while position < len(row) and row[position]:
        position += 1
    return position


def _simplest(overlap: Sequence[Fraction]) -> sp.Expr:
    """Choose the seam where both neighbours are good: the shortest binary fraction nearest the middle."""
    middle = overlap[len(overlap) // 2]
    chosen = min(overlap, key=lambda p: (p.numerator.bit_length(), abs(p - middle)))
    return sp.Rational(chosen.numerator, chosen.denominator)


def _between(
    low: Fraction, high: Fraction, left: Candidate, right: Candidate, judges: Sequence[Judge]
) -> sp.Expr:
    """Look for the seam between a point where the left candidate is good and one where the right is."""
    for _ in range(MAX_BISECTIONS):
        middle = short_between(low, high)
        errors = [max(judge.error_at(c, point(middle)) for judge in judges) for c in (left, right)]
        if any(error != error for error in errors):
            break
        if max(errors) <= judges[0].arithmetic.good:
            return sp.Rational(middle.numerator, middle.denominator)
        if errors[0] <= max(judges[0].arithmetic.good, errors[1]):
            low = middle
        else:
            high = middle
        if high - low <= abs(high) * Fraction(1, 2**52):
            break
    return sp.Rational(high.numerator, high.denominator)
