"""Where results overflow, become subnormal, or vanish: the adjacent floats between which they do."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symact.formats import Format
from symact.oracles import Exact, Truths, truths

MOST = 24
"""How many thresholds of one function are looked for; what oscillates may have more."""

ZERO, SUBNORMAL, NORMAL, INFINITE, NONE = range(5)
"""What a result may be, by its size; NONE is NaN."""


def sizes(values: np.ndarray, fmt: Format) -> np.ndarray:
    """Return of what size each value of a format is.

    >>> from symact.formats import BINARY32
    >>> sizes(np.array([0.0, 2.0**-149, -1.0, np.inf, np.nan]), BINARY32).tolist()
    [0, 1, 2, 3, 4]
    """
    magnitude = np.abs(values)
    conditions = [np.isnan(values), magnitude == 0, magnitude < fmt.smallest_normal, np.isinf(values)]
    return np.select(conditions, [NONE, ZERO, SUBNORMAL, INFINITE], NORMAL)


def located(
    points: Sequence[float],
    values: Sequence[Exact],
    exact: Callable[[Sequence[float]], Sequence[Exact]],
    fmt: Format,
) -> tuple[list[float], list[Exact], Truths, np.ndarray]:
    """Return points, sorted, and values with those around each threshold; the truths; what lies beside one.

    A threshold lies between adjacent floats whose correctly rounded results differ in size: found by
    bisection of the floats between two points, so that none is left out but where one undoes another.
    """
    truth = truths(values, fmt)
    size = np.where(truth.decided, sizes(truth.rounded, fmt), NONE)
    changes = np.flatnonzero((size[:-1] != size[1:]) & (size[:-1] != NONE) & (size[1:] != NONE))
    places = changes[:MOST].tolist()
    low, high = ([fmt.index(points[place + k]) for place in places] for k in (0, 1))
    below, above = ([values[place + k] for place in places] for k in (0, 1))
    first, last = low.copy(), high.copy()
    while wide := [i for i in range(len(places)) if high[i] - low[i] > 1]:  # all of them at once
        middles = [(low[i] + high[i]) // 2 for i in wide]
        between = exact([fmt.at_index(middle) for middle in middles])
        at = truths(between, fmt)
        found = np.where(at.decided, sizes(at.rounded, fmt), NONE).tolist()
        for i, middle, value, its_size in zip(wide, middles, between, found, strict=True):
            if its_size == size[places[i]]:
                low[i], below[i] = middle, value
            else:
                high[i], above[i] = middle, value
    beside = np.zeros(len(points), bool)
    rows, new, exacts = [], [], []
    for i, place in enumerate(places):
        if above[i] is None:  # undecided between: no threshold that is known
            continue
        beside[place] |= low[i] == first[i]
        beside[place + 1] |= high[i] == last[i]
        for index, value in ((low[i], below[i]), (high[i], above[i])):
            if index not in (first[i], last[i]):
                rows.append(place + 1)
                new.append(fmt.at_index(index))
                exacts.append(value)
    return (
        _inserted(points, rows, new),
        _inserted(values, rows, exacts),
        truth.inserted(rows, truths(exacts, fmt)),
        np.insert(beside, rows, True),
    )


def _inserted(row: Sequence[Any], places: Sequence[int], new: Sequence[Any]) -> list[Any]:
    """Return a row with new entries before some of its places, which ascend."""
    found = list(row)
    for place, entry in zip(reversed(places), reversed(new), strict=True):
        found.insert(place, entry)
    return found
