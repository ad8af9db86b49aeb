"""Timing: the contenders for one task in turns, so that what disturbs one disturbs all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Run = Callable[[], object]

ROUNDS = 15
"""How often every contender has its turn."""

TURN = 1e-3
"""Seconds that a turn lasts, about: shorter ones measure the clock."""


@dataclass(frozen=True)
class Spent:
    """Seconds for one call: the least of all turns, and their median."""

    least: float
    middle: float


def interleaved(runs: Sequence[Run], *, rounds: int = ROUNDS, turn: float = TURN) -> list[Spent]:
    """Return what each run takes; all have a turn in every round, in the same order."""
    repeats = [_repeats(run, turn) for run in runs]
    turns: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, count, spent in zip(runs, repeats, turns, strict=True):
            spent.append(_seconds(run, count) / count)
    return [Spent(min(spent), median(spent)) for spent in turns]


def _repeats(run: Run, turn: float) -> int:
    """Return how many calls make a turn; the first call, which prepares and compiles, is not counted."""
    run()
    count = 1
    while (spent := _seconds(run, count)) < turn / 2:
        count *= 2 if spent < turn / 8 else 1 + int(turn / 2 / spent)
    return count


def _seconds(run: Run, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        run()
    return time.perf_counter() - started
