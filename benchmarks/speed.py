"""How long the commands take, against the times we promise: python benchmarks/speed.py.

Each command runs in a process of its own; the least of a few runs counts, since a busy machine only adds.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Promise:
    """A command, how often to run it, and the seconds that it may take on two cores."""

    what: str
    command: tuple[str, ...]
    seconds: float
    runs: int = 5
    cached: bool = False


SYMACT = (sys.executable, "-m", "symact")

PROMISES = (
    Promise("import symact", (sys.executable, "-c", "import symact"), 0.3),
    Promise("symact --help", (*SYMACT, "--help"), 0.3),
    Promise("symact derive sigmoid", (*SYMACT, "derive", "sigmoid"), 1.5),
    Promise("symact generate, empty cache", (*SYMACT, "generate", "--out", "{folder}/a"), 60, runs=1),
    Promise(
        "symact generate, full cache", (*SYMACT, "generate", "--out", "{folder}/b"), 60, runs=2, cached=True
    ),
)


def measure(promise: Promise, folder: Path) -> float:
    spent = []
    for run in range(promise.runs):
        cache = folder / ("cache" if promise.cached or promise.runs == 1 else f"cache-{run}")
        env = {**os.environ, "SYMACT_CACHE": str(cache)}
        command = [part.replace("{folder}", str(folder)) for part in promise.command]
        started = time.perf_counter()
        subprocess.run(command, env=env, check=True, capture_output=True)
        spent.append(time.perf_counter() - started)
    return min(spent)


def main() -> None:
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for promise in PROMISES:
            seconds = measure(promise, Path(folder))
            kept = kept and seconds <= promise.seconds
            verdict = "kept" if seconds <= promise.seconds else "BROKEN"
            print(f"{promise.what:32} {seconds:8.2f} s of {promise.seconds:5.1f} s  {verdict}", flush=True)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
