"""Comparisons: the time of every contender for a task, and beside it the worst error."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symact.accuracy.judgements import Question, errors
from symact.accuracy.questions import settings
from symact.audits.findings import question
from symact.benches.contenders import MEMCPY, Contender, Task, contenders
from symact.benches.timings import ROUNDS, interleaved
from symact.formats import FORMATS
from symact.oracles import Oracle

SIZES = (4_096, 262_144)
"""Elements: in the first cache, and in the last."""

SEED = 20_261_125


@dataclass(frozen=True)
class Timing:
    """What one contender took for one task on one size, in ns per element, and its worst error in ulp."""

    activation: str
    function: str
    dtype: str
    size: int
    contender: str
    least: float
    middle: float
    max_ulp: float | None
    """Over the points that `symact audit` asks; None of what computes nothing."""

    def to_json(self) -> dict[str, Any]:
        """Return the object in ``symact bench --json``."""
        return {
            **{name: getattr(self, name) for name in ("activation", "function", "dtype", "size")},
            "contender": self.contender,
            "min_ns": round(self.least, 4),
            "median_ns": round(self.middle, 4),
            "max_ulp": None if self.max_ulp is None else _finite(self.max_ulp),
        }


def _finite(ulp: float) -> float | str:
    return round(ulp, 6) if np.isfinite(ulp) else "infinity"


def compare(
    task: Task,
    folder: Path,
    against: Sequence[str],
    sizes: Sequence[int] = SIZES,
    *,
    rounds: int = ROUNDS,
) -> list[Timing]:
    """Return a timing for every contender and size; a contender's calls take turns with the others'.

    ``folder`` is generated, and its C built. Inputs are normal with standard deviation 3, the seed fixed.
    Raises UnknownName for a peer that does not exist, ToolMissing for one that is not installed.
    """
    found = list(contenders(task, folder, tuple(against)))
    fmt = FORMATS[task.dtype]
    oracle = Oracle(task.activation, settings(task.activation, fmt)[0], fmt)
    asked = question(oracle, task.dtype, derivative=task.function != "forward")  # a VJP with g_bar = 1
    worst = {one.name: None if one.name == MEMCPY else _worst(asked, one) for one in found}
    generator, timings = np.random.default_rng(SEED), []
    for size in sizes:
        z, g_bar = (generator.normal(0, 3, size).astype(task.dtype) for _ in range(2))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            spent = interleaved([one.prepare(z, g_bar) for one in found], rounds=rounds)
        for one, took in zip(found, spent, strict=True):
            least, middle = (1e9 * seconds / size for seconds in (took.least, took.middle))
            names = (str(task.activation.name), task.function, task.dtype)
            timings.append(Timing(*names, size, one.name, least, middle, worst[one.name]))
    return timings


def _worst(asked: Question, one: Contender) -> float:
    (z,) = asked.arguments
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        answer = np.asarray(one.prepare(z, np.ones_like(z))())
    found = errors(asked, answer, one.name)
    return float(np.where(found.wrong_nan | found.wrong_inf, np.inf, found.ulp).max())
