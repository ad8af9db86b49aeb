"""What a person reads on a terminal: tables on standard output, progress on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from symact.processes import Progress
from symact.reports import show

__all__ = ["progress", "show"]

PATIENCE = 1.0
"""Seconds after which a person wants to see that something happens."""
EVERY = 10.0
"""Seconds between lines where standard error is no terminal."""


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a function that shows progress on standard error once the work takes longer than `PATIENCE`."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    what_is_done = (TextColumn("{task.description:24.24}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn())
    bar = Bar(*what_is_done, *times, console=console, transient=True)
    task = bar.add_task("")
    started = shown = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal shown
        bar.update(task, description=what, completed=done, total=total)
        now = time.monotonic()
        if now - started < PATIENCE:
            return
        if console.is_terminal:
            bar.start()
        elif now - shown > EVERY:
            shown = now
            left = f"  {(now - started) / done * (total - done):.0f} s left" if 0 < done < total else ""
            print(f"{done}/{total} {what}{left}", file=sys.stderr)

    try:
        yield report
    finally:
        if console.is_terminal:
            bar.stop()
