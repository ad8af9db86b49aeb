"""Chunks of a sweep: always the same ones, so that what is found does not depend on who judges them when."""

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from symact import accuracy
from symact.accuracy import Form, Result
from symact.accuracy.judgements import BOUNDS, errors
from symact.activations import Activation
from symact.errors import NotSupported
from symact.formats import BINARY32
from symact.kernels import interface
from symact.sweeps.expansions import expand
from symact.sweeps.sieves import Order, Sieve, checksum
from symact.sweeps.sources import closure
from symact.sweeps.subjects import Subject, subject

CHUNKS = 64
"""Of one sweep: 2^26 inputs each, all of one sign."""

PATTERNS = 2**32 // CHUNKS

BLOCK = 2**16
"""Inputs of one call: they and their values stay in the cache of a core."""

MOST_ESCALATED = 2**17
"""Of one chunk; beyond them the rest is counted as not judged."""

Call = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Sweep:
    """One function of an activation, with the generated ``files`` of one target that compute it."""

    activation: Activation
    function: str
    target: str
    files: Mapping[str, str]
    form: Form | None = None

    @property
    def title(self) -> str:
        """What progress calls it."""
        return f"{self.activation.title} {self.function}"

    @cached_property
    def kernel(self) -> str:
        """The hash of the code that computes the function, in C with what it calls and without comments."""
        target, _, grade = self.target.partition("-")
        if target == "c":
            suffix = interface(self.function)[0] + f"_{grade}" * bool(grade)
            texts = closure(self.files, f"symact_{self.activation.name}{suffix}_f32")
        else:
            texts = [self.files[path] for path in sorted(self.files) if not path.endswith("__init__.py")]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@dataclass(frozen=True)
class Chunk:
    """A part of a sweep: the bit patterns of one of `CHUNKS` equal ranges."""

    sweep: Sweep
    index: int

    @property
    def title(self) -> str:
        """What progress calls it."""
        return self.sweep.title


@dataclass(frozen=True)
class Tally:
    """What was found on some chunks. Sums but for ``max_ulp``, which is where ``at`` is."""

    points: int = 0
    misrounded: int = 0
    escalated: int = 0
    undecided: int = 0
    wrong_nan: int = 0
    wrong_inf: int = 0
    wrong_signed_zero: int = 0
    out_of_range: int = 0
    not_monotone: int = 0
    beyond: int = 0
    """Of an error beyond the bound, or NaN or infinite where they may not be."""
    checksum: int = 0
    mirrored: int = 0
    """Of positive inputs less that of negative ones: 0 where f is as symmetric as it is meant to be."""
    max_ulp: float = 0.0
    at: int = 0
    got: float = 0.0
    want: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        worst = max(self, other, key=lambda tally: (tally.max_ulp, -tally.at))
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self) if f.type is int}
        for name in ("checksum", "mirrored"):
            sums[name] %= 2**64
        return replace(worst, **{**sums, "at": worst.at})

    def to_json(self) -> dict[str, Any]:
        """Return the tally as JSON has it."""
        return asdict(self)


def judge_chunk(chunk: Chunk) -> Tally:
    """Judge every input of a chunk: a pure function of its argument."""
    first = chunk.index * PATTERNS
    return judge(subject_of(chunk.sweep), function_of(chunk.sweep), first, first + PATTERNS - 1)


def sum_chunk(chunk: Chunk) -> int:
    """Return the checksum of a chunk's values, which `judge_chunk` counts too: much sooner."""
    call, total, first = function_of(chunk.sweep), 0, chunk.index * PATTERNS
    for start in range(first, first + PATTERNS, BLOCK):
        total += checksum(start, np.ascontiguousarray(call(floats(start, BLOCK))))
    return total % 2**64


def exists(sweep: Sweep) -> bool:
    """Return whether there is something to sweep: not every activation has a derivative from its output."""
    try:
        subject_of(sweep)
    except NotSupported:
        return False
    return True


def judge_all(
    asked: Subject, call: Call, bound: float, progress: Callable[[int, int], None] = lambda done, total: None
) -> Tally:
    """Judge a function of this process on all inputs, one chunk after another."""
    tally = Tally()
    for index in range(CHUNKS):
        progress(index, CHUNKS)
        tally += judge(asked, call, index * PATTERNS, (index + 1) * PATTERNS - 1, bound)
    return tally


def subject_of(sweep: Sweep) -> Subject:
    """Return what a sweep's function is judged by."""
    return subject(sweep.activation, sweep.function, sweep.form)


def function_of(sweep: Sweep) -> Call:
    """Return a sweep's function, built from its files where it has not been before."""
    folder = _prepared(sweep.kernel, sweep.target, sweep.activation, tuple(sorted(sweep.files.items())))
    return accuracy.loaded(folder, sweep.target, sweep.activation, sweep.function)


def judge(asked: Subject, call: Call, first: int, last: int, bound: float = BOUNDS["float32"]) -> Tally:
    """Judge a function on the binary32 patterns from ``first`` to ``last``, which are of one sign."""
    negative = first >= 2**31
    direction = -asked.laws.direction if negative else asked.laws.direction
    order = Order(
        direction,
        asked.laws.lowest,
        asked.laws.highest,
        flip=negative and asked.laws.parity < 0,
        bound=bound,
    )
    sieve = Sieve(expand(asked.smooth, first, last), order)
    if direction and first % 2**31:
        sieve.tally["previous"], sieve.tally["started"] = call(floats(first - 1, 1))[0], 1
    left: list[tuple[np.ndarray, np.ndarray]] = []
    count = skipped = 0
    for start in range(first, last + 1, BLOCK):
        size = min(BLOCK, last + 1 - start)
        got = call(floats(start, size))
        undecided = sieve.sift(start, got)
        if count + undecided.size > MOST_ESCALATED:
            skipped += undecided.size
        elif undecided.size:
            left.append((undecided, got[undecided - np.uint32(start)]))
            count += undecided.size
    counted = {name: int(sieve.tally[name][0]) for name in COUNTED}
    mirrored = counted.pop("mirrored") if asked.laws.parity else 0
    counted["mirrored"] = (-mirrored if negative else mirrored) % 2**64
    tally = replace(Tally(**counted), undecided=skipped, escalated=count + skipped)
    if sieve.tally["misrounded"][0]:
        tally += _exact(asked, call, int(sieve.tally["worst_at"][0]))
    for patterns, values in left:
        tally += _escalated(asked, patterns, values, bound)
    return tally


COUNTED = (
    *("points", "misrounded", "wrong_nan", "wrong_inf", "out_of_range", "not_monotone", "checksum"),
    *("mirrored", "beyond"),
)


def _exact(asked: Subject, call: Call, pattern: int) -> Tally:
    """Return the error, to all its digits, of the worst input that the sieve found."""
    at = np.array([pattern], np.uint32)
    return replace(_escalated(asked, at, call(at.view(np.float32)), math.inf), misrounded=0, beyond=0)


def _escalated(asked: Subject, patterns: np.ndarray, values: np.ndarray, bound: float) -> Tally:
    """Return what arbitrary precision says of some values."""
    points = [float(z) for z in patterns.view(np.float32)]
    kept = [i for i, z in enumerate(points) if asked.judged(z)]
    if not kept:
        return Tally()
    question, got = asked.question([points[i] for i in kept]), values[kept]
    found, truth = errors(question, got, asked.function), question.truths
    rounded = truth.rounded
    wrong = truth.decided & np.isfinite(rounded) & (found.got != rounded) & ~np.isnan(found.got)
    worst = int(np.argmax(found.ulp))
    return Tally(
        misrounded=int(wrong.sum()),
        undecided=int((~truth.decided).sum()),
        wrong_nan=int(found.wrong_nan.sum()),
        wrong_inf=int(found.wrong_inf.sum()),
        wrong_signed_zero=int(found.wrong_zero.sum()),
        beyond=int(((found.ulp > bound) | found.wrong_nan | found.wrong_inf).sum()),
        max_ulp=round(float(found.ulp[worst]), 6),
        at=int(patterns[kept[worst]]),
        got=float(found.got[worst]),
        want=float(rounded[worst]),
    )


def merged(sweep: Sweep, tallies: Iterable[Tally]) -> Result:
    """Return the result of a whole sweep from those of its chunks."""
    blank = Result(
        activation=sweep.activation.title,
        function=sweep.function,
        target=sweep.target,
        dtype="float32",
        points=0,
        max_ulp=0.0,
        at="",
        got="",
        want="",
        bound_ulp=BOUNDS["float32"],
    )
    return swept(blank, sum(tallies, Tally()))


def swept(result: Result, tally: Tally) -> Result:
    """Return a result with what a tally of all inputs says instead."""
    return replace(
        result,
        points=tally.points,
        max_ulp=tally.max_ulp if tally.misrounded else 0.5,
        at=BINARY32.hex(BINARY32.value(tally.at)),
        got=BINARY32.hex(tally.got),
        want=BINARY32.hex(tally.want),
        exhaustive=tally.points == 2**32 and not tally.undecided,
        wrong_nan=tally.wrong_nan,
        wrong_inf=tally.wrong_inf,
        wrong_signed_zero=tally.wrong_signed_zero,
        asymmetric=int(tally.mirrored != 0),
        out_of_range=tally.out_of_range,
        not_monotone=tally.not_monotone,
        undecided=tally.undecided,
        misrounded=tally.misrounded,
        escalated=tally.escalated,
        checksum=f"{tally.checksum:016x}",
    )


_STEPS = np.arange(BLOCK, dtype=np.uint32)


def floats(first: int, count: int) -> np.ndarray:
    """Return the float32 values of ``count`` bit patterns from one on, `BLOCK` at most."""
    return (_STEPS[:count] + np.uint32(first)).view(np.float32)


@lru_cache(maxsize=8)
def _prepared(kernel: str, target: str, activation: Activation, files: tuple[tuple[str, str], ...]) -> Path:
    """Write the code into a folder for temporary files, by its hash, and build it; or find it there."""
    place = Path(tempfile.gettempdir()) / f"symact-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    folder = place / f"{activation.title}-{target}-{kernel[:16]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=place) as scratch:
            beside = Path(scratch) / "made"
            for path, text in files:
                file = beside / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
            accuracy.prepare(beside, (target,), native=True)
            try:
                beside.rename(folder)
            except OSError:  # somebody else was quicker
                if not folder.exists():
                    raise
    return folder
