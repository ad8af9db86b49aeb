"""The same bits wherever values lie: in arrays of every length, off by some elements, in place."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import numpy as np

LONGEST = 67
"""Arrays are as long as 0 to this: beyond four vectors of 16 lanes, with every remainder."""

OFFSETS = 4
"""Arrays begin at an element 0 to 3 after an aligned one."""

MIXED = 9
"""One length of so many is of elements from all over an array; of these each has another offset."""

GUARDS = 4
"""Elements before and after a result, which must stay as they are."""

GUARD = 12345.0

Call = Callable[..., np.ndarray]


def different(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return where bits differ; one NaN is as good as another.

    >>> different(np.array([0.0, np.nan, 1.0]), np.array([-0.0, -np.nan, 1.0])).tolist()
    [True, False, False]
    """
    return ((a != b) | (np.signbit(a) != np.signbit(b))) & ~(np.isnan(a) & np.isnan(b))


def misplaced(
    call: Call,
    arguments: tuple[np.ndarray, ...],
    answer: np.ndarray,
    parameters: Mapping[str, float],
    *,
    every: bool = False,
    step: int = 1,
) -> int:
    """Return at how many placements the bits are not those of the whole array, or others are overwritten.

    ``call`` takes ``out``. Every ``step``-th length is tried; ``every`` tries each with all offsets, and in
    place of each argument, with elements from all over the array and with neighbours, else these take turns.
    """
    return sum(
        not _same(call, [a[chosen] for a in arguments], answer[chosen], parameters, offset, target)
        for chosen, offset, target in _placements(len(arguments), answer.size, every, step)
    )


def _placements(
    inputs: int, size: int, every: bool, step: int
) -> Iterator[tuple[np.ndarray, int, int | None]]:
    """Yield elements, offset, and the argument in whose place the result goes; None is a place of its own."""
    targets: tuple[int | None, ...] = (None, *range(inputs))
    for length in range(LONGEST % step, LONGEST + 1, step):
        if every:
            for offset, target, choose in product(range(OFFSETS), targets, (_mixed, _neighbours)):
                yield choose(size, length), offset, target
        else:
            choose = _mixed if length % MIXED == LONGEST % MIXED else _neighbours
            yield choose(size, length), length % OFFSETS, targets[length // OFFSETS % len(targets)]


def _mixed(size: int, length: int) -> np.ndarray:
    """Return places all over an array, neighbours far from each other: many branches in one vector."""
    spread = np.linspace(0, size - 1, LONGEST).round().astype(int)
    return spread[np.arange(LONGEST) * 29 % LONGEST][:length]


def _neighbours(size: int, length: int) -> np.ndarray:
    """Return places next to each other, elsewhere for each length: whole vectors of one branch."""
    first = max(0, size - length) * (length * 29 % LONGEST) // LONGEST
    return np.arange(first, first + length) % size


def _same(
    call: Call,
    inputs: list[np.ndarray],
    want: np.ndarray,
    parameters: Mapping[str, float],
    offset: int,
    target: int | None,
) -> bool:
    length = want.size
    held = [_at(offset, length, want.dtype) for _ in range(len(inputs) + 1)]
    for (_, view), values in zip(held, inputs, strict=False):
        view[...] = values
    whole, out = held[-1 if target is None else target]
    call(*(view for _, view in held[:-1]), out=out, **parameters)
    outside = np.ones(whole.size, bool)
    outside[GUARDS + offset : GUARDS + offset + length] = False
    return not different(out, want).any() and bool((whole[outside] == GUARD).all())


def _at(offset: int, length: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return memory full of guards, and a view of a length that begins at an offset in it."""
    whole = np.full(length + OFFSETS + 2 * GUARDS, GUARD, dtype)
    begin = GUARDS + offset
    return whole, whole[begin : begin + length]
