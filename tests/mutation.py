"""Mutants: a copy of the checkout with one text changed, and what must then fail there."""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

from symact import accuracy
from symact.accuracy.questions import questions
from symact.activations import Activation
from symact.catalogue import activations
from symact.errors import SymactError

ROOT = Path(__file__).parent.parent
PARTS = ("symact", "templates", "generated", "tests", "benchmarks", "pyproject.toml", "README.md", "LICENSE")
"""What of a checkout is copied: all that tests and `symact` read."""

SECONDS = 400
"""A mutant for which a killer takes longer tells nothing."""

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"
"""`BROKEN` is a mutant that shows nothing: its killer fails without it too, or does not run with it."""


@dataclass(frozen=True)
class Killer:
    """A command of the copy that must end with exit code 1: tests that fail, bounds that are exceeded."""

    words: tuple[str, ...]

    def run(self, folder: Path) -> tuple[int, str]:
        """Return its exit code in a folder (-1: too slow) and its last words."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "SYMACT_CACHE": str(folder / ".cache"),
            "COLUMNS": "200",
        }
        command = [sys.executable, *self.words]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return -1, f"more than {SECONDS} s"
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        shown = [line for line in lines if line.startswith(("FAILED", "E  "))] or lines
        return done.returncode, (shown or [""])[-1].strip()[:160]


@dataclass(frozen=True)
class Standing(Killer):
    """The verdict of `symact verify` on what lies in generated/, for faults in what is generated.

    Nothing of ours is changed then, so that it needs no process that starts anew, and the truth, which takes
    most of the time, is worked out once for all faults of an activation.
    """

    def run(self, folder: Path) -> tuple[int, str]:
        """Return 1 and what does not hold, or 0; in a child, since generated code may do anything."""
        name, target, *dtypes = self.words
        with tempfile.TemporaryDirectory(prefix="symact-") as place:
            task = prepared(folder, Path(place), name, target, tuple(dtypes))
            with remembered(task):
                fork = multiprocessing.get_context("fork")
                ours, theirs = fork.Pipe(duplex=False)
                child = fork.Process(target=_verdict, args=(task, theirs))
                child.start()
                theirs.close()
                try:
                    wrong = ours.recv()
                except EOFError:
                    wrong = ["the process ended"]
                child.join()
        return (1 if wrong else 0), "; ".join(wrong)[:160]


def prepared(folder: Path, place: Path, name: str, target: str, dtypes: tuple[str, ...]) -> accuracy.Task:
    """Return the task to verify one activation as it lies generated in a folder: copied, compiled alone."""
    shutil.copytree(folder / "generated" / target, place / target)
    for other in (place / target).glob("*.c"):
        if other.stem not in (name, f"{name}.f32"):
            other.unlink()
    accuracy.prepare(place, (target,))
    return accuracy.Task(activations()[name], place, (target,), dtypes)


def _verdict(task: accuracy.Task, answer: Connection) -> None:
    try:
        found = accuracy.verify_activation(task)
    except SymactError as error:
        answer.send([str(error)])
        return
    answer.send([f"{r.function} {r.dtype}: {r.max_ulp} ulp at {r.at}" for r in found if not r.holds])


@cache
def _asked(
    activation: Activation, dtype: str, form: accuracy.Form | None, seams: frozenset[float]
) -> tuple[accuracy.Question, ...]:
    return tuple(questions(activation, dtype, form, seams))


@contextmanager
def remembered(task: accuracy.Task) -> Iterator[None]:
    """Have `verify_activation` ask with the truth that is known; what is new is worked out here first."""

    def known(activation, dtype, form, seams, *, exhaustive):  # type: ignore[no-untyped-def]
        assert not exhaustive
        return _asked(activation, dtype, form, frozenset(seams))

    marks = frozenset(accuracy._seams(task.folder / task.targets[0], task.activation))
    accuracy.questions = known  # type: ignore[assignment]
    try:
        for dtype in task.dtypes or accuracy.DTYPES:
            _asked(task.activation, dtype, accuracy.form(task.activation), marks)
        yield
    finally:
        accuracy.questions = questions


def suite(*selection: str, thorough: bool = False) -> Killer:
    """`pytest` of a selection: files, and `-k WORDS`."""
    options = ("-x", "-q", "-p", "no:cacheprovider", *(("-m", "not frameworks") if thorough else ()))
    return Killer(("-m", "pytest", *options, *selection))


def verify(*names: str, target: str = "c", dtype: str = "") -> Killer:
    """`symact verify`, which generates anew: for faults in what generates."""
    chosen = ("--dtype", dtype) if dtype else ()
    return Killer(("-m", "symact", "verify", *names, "--target", target, *chosen, "--jobs", "1"))


def standing(name: str, target: str, *dtypes: str) -> Killer:
    """The same verdict on what lies in generated/: for faults in what is generated."""
    return Standing((name, target, *dtypes))


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the first ``before`` behind ``below`` becomes ``after``, and ``killer`` fails.

    Without ``below``, ``before`` must be there once.
    """

    name: str
    kind: str
    file: str
    before: str
    after: str
    killer: Killer
    below: str = ""

    def applied(self, text: str) -> str:
        """Return the file's text with the fault in it.

        Raises ValueError where what is to be changed is not there (any more), or more than once.
        """
        # a declaration of what is meant is not where it is
        found = re.search(re.escape(self.below) + r"(?![^\n]*;$)", text, re.M) if self.below else None
        start = found.start() if found else text.find(self.below)
        place = text.find(self.before, start) if start >= 0 else -1
        if place < 0:
            raise ValueError(f"{self.name}: {self.file} has no {self.before!r} below {self.below!r}")
        if not self.below and text.count(self.before) > 1:
            raise ValueError(f"{self.name}: {self.file} has {self.before!r} more than once; say below what")
        if self.before == self.after:
            raise ValueError(f"{self.name}: changes nothing")
        return text[:place] + self.after + text[place + len(self.before) :]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant, and how long it took."""

    mutant: Mutant
    fate: str
    seconds: float
    words: str = ""
    """The last line that a killer had to say."""


@dataclass
class Copy:
    """A copy of the checkout, mutated and mended file by file; what is compiled of it stays true.

    Python trusts a ``.pyc`` by its source's time and size: each change gets a time of its own.
    """

    folder: Path
    changes: int = 0
    sound: dict[Killer, bool] = field(default_factory=dict)

    @contextmanager
    def with_fault(self, mutant: Mutant) -> Iterator[None]:
        """Have a mutant's fault in the copy for a while."""
        file = self.folder / mutant.file
        text, stamp = file.read_text("utf-8"), file.stat().st_mtime
        self.changes += 1
        try:
            file.write_text(mutant.applied(text), "utf-8")
            os.utime(file, (stamp + self.changes, stamp + self.changes))
            yield
        finally:
            file.write_text(text, "utf-8")
            os.utime(file, (stamp, stamp))

    def fate(self, mutant: Mutant) -> tuple[str, str]:
        """Return what becomes of a mutant, and why."""
        if mutant.killer not in self.sound:
            code, words = mutant.killer.run(self.folder)
            self.sound[mutant.killer] = code == 0
            if code:
                return BROKEN, f"without the mutant too: {words}"
        if not self.sound[mutant.killer]:
            return BROKEN, "without the mutant too"
        with self.with_fault(mutant):
            code, words = mutant.killer.run(self.folder)
        return {0: SURVIVED, 1: KILLED}.get(code, BROKEN), words

    def judge(self, mutant: Mutant) -> Outcome:
        """Return what becomes of a mutant, timed."""
        started = time.perf_counter()
        fate, words = self.fate(mutant)
        return Outcome(mutant, fate, time.perf_counter() - started, words)


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Copy]:
    """Give a copy of the checkout, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="symact-mutants-") as place:
        folder = Path(place)
        for part in PARTS:
            if (root / part).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".build", ".hypothesis")
                shutil.copytree(root / part, folder / part, ignore=ignored)
            else:
                shutil.copy2(root / part, folder / part)
        yield Copy(folder)


def judged(mutants: Iterable[Mutant], tell: Callable[[Outcome], None] = lambda one: None) -> list[Outcome]:
    """Return what becomes of mutants, in one copy; ``tell`` is called after each."""
    found = []
    with copied() as copy:
        for mutant in mutants:
            found.append(copy.judge(mutant))
            tell(found[-1])
    return found


# Generic mutants: constants of generated C, off by a little.

CONSTANT = re.compile(r"-?0x[01]\.[0-9a-f]{6,13}p[+-]\d+")
"""Hex literals of many digits: those of few are exact, and seams."""

COMPARES = re.compile(r"^\s*(if \(|y = )")


def constants(text: str, file: str, killer: Killer, shift: float, kind: str) -> list[Mutant]:
    """Return a mutant for every long constant of a generated C file: relatively off by ``shift``.

    Those in comparisons are seams.
    """
    found, at = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        for match in CONSTANT.finditer(line) if not COMPARES.match(line) else ():
            name = f"{Path(file).stem}:{number}:{match.start() + 1}"
            place = at + match.start()
            off = (float.fromhex(match[0]) * (1 + shift)).hex()
            after = text[:place] + off + text[place + len(match[0]) :]
            found.append(Mutant(name, kind, file, text, after, killer))
        at += len(line)
    return found
