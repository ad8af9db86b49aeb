"""Work on what a stranger typed: in a child process, with limits of time and memory.

What the child has found when a limit ends it is kept. Nothing of it is left behind: it is killed and
waited for, and should its parent die first, its own limit of processor time ends it.
"""

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any

from flint import ctx

from symact.errors import SymactError
from symact.processes import interrupts_ignored

MEGABYTES = 4096
"""Of address space: several times what the catalogue's hardest needs."""

GRACE = 2
"""Seconds of processor time beyond the limit, for a child whose parent is gone."""

YIELDED, RAISED, STARVED, DONE = "yielded", "raised", "starved", "done"


@dataclass(frozen=True)
class GaveUp:
    """The last thing known of a piece of work that a limit ended; ``why`` reads on after "gave up"."""

    why: str


class OutOfTime(Exception):
    """The time given to a part of the work is over."""


def confined(
    function: Callable[[Any], Iterable[Any]], argument: Any, seconds: float, megabytes: int = MEGABYTES
) -> Iterator[Any]:
    """Yield what a function yields in a child process; a `GaveUp` last, where a limit ended it.

    Raises what the function raises, if symact foresees it.

    >>> list(confined(range, 3, seconds=60))
    [0, 1, 2]
    """
    context = get_context("fork" if "fork" in get_all_start_methods() else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    work = (sender, function, argument, seconds, megabytes)
    child = context.Process(target=_work, args=work, daemon=True)  # type: ignore[attr-defined]
    deadline = time.monotonic() + seconds
    with interrupts_ignored():
        child.start()
    sender.close()
    try:
        while True:
            if not receiver.poll(max(0.0, deadline - time.monotonic())):
                yield GaveUp(f"after {seconds:g} s")
                return
            kind, value = receiver.recv()
            if kind == DONE:
                return
            if kind == RAISED:
                raise value
            if kind == STARVED:
                yield GaveUp(value)
                return
            yield value
    except EOFError:  # killed, or the memory failed where no exception could tell
        yield GaveUp(f"at the limit of {megabytes} MB of memory, or of the system")
    finally:
        child.kill()
        child.join()
        child.close()
        receiver.close()


def _work(
    sender: Connection,
    function: Callable[[Any], Iterable[Any]],
    argument: Any,
    seconds: float,
    megabytes: int,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    _limit(seconds, megabytes)
    try:
        for result in function(argument):
            sender.send((YIELDED, result))
        sender.send((DONE, None))
    except MemoryError:
        sender.send((STARVED, f"at the limit of {megabytes} MB of memory"))
    except RecursionError:
        sender.send((STARVED, "on an expression that nests too deep"))
    except SymactError as error:
        sender.send((RAISED, error))
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        sender.send((STARVED, f"on an error of symact's own ({what}); please report it"))


def _limit(seconds: float, megabytes: int) -> None:
    """Limit this process; where the system has no such limits, the parent's clock is the only one."""
    try:
        import resource
    except ImportError:
        return
    for which, most in (
        (resource.RLIMIT_AS, megabytes * 2**20),
        (resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds) + GRACE),
    ):
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        try:
            resource.setrlimit(which, (most, hard))
        except (ValueError, OSError):  # a system that has the limit and does not let us lower it
            continue


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block when so much time has passed; the main thread of a child of ours only."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise OutOfTime

    before, bits = signal.signal(signal.SIGALRM, stop), ctx.prec
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        ctx.prec = bits  # wherever the block was left
