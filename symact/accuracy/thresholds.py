"""Where results overflow, become subnormal, or vanish: the adjacent floats between which they do."""

from collections.abc import Callable, Sequence

import numpy as np

from symact.formats import Format
from symact.oracles import Exact, truths

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
) -> tuple[list[float], list[Exact], np.ndarray]:
    """Return points, sorted, and values with those around each threshold, and which points lie beside one.

    A threshold lies between adjacent floats whose correctly rounded results differ in size: found by
    bisection of the floats between two points, so that none is left out but where one undoes another.
    """
    truth = truths(values, fmt)
    size = np.where(truth.decided, sizes(truth.rounded, fmt), NONE)
    changes = np.flatnonzero((size[:-1] != size[1:]) & (size[:-1] != NONE) & (size[1:] != NONE))
    found_points, found_values, beside = list(points), list(values), [False] * len(points)
    for place in reversed(changes[:MOST].tolist()):
        low, high = fmt.index(points[place]), fmt.index(points[place + 1])
        ends = {low: values[place], high: values[place + 1]}
        while high - low > 1:
            middle = (low + high) // 2
            (value,) = exact([fmt.at_index(middle)])
            at = truths([value], fmt)
            if at.decided[0] and sizes(at.rounded, fmt)[0] == size[place]:
                low = middle
            else:
                high = middle
            ends[middle] = value
        new = [i for i in (low, high) if i not in (fmt.index(points[place]), fmt.index(points[place + 1]))]
        if ends[high] is None:  # undecided between: no threshold that is known
            continue
        beside[place] |= low == fmt.index(points[place])
        beside[place + 1] |= high == fmt.index(points[place + 1])
        found_points[place + 1 : place + 1] = [fmt.at_index(i) for i in new]
        found_values[place + 1 : place + 1] = [ends[i] for i in new]
        beside[place + 1 : place + 1] = [True] * len(new)
    return found_points, found_values, np.array(beside)
