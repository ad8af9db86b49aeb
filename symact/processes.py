"""Independent pieces of work, in several processes where that is asked for."""

import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from threading import current_thread, main_thread
from typing import TypeVar

from symact.errors import SymactError

Progress = Callable[[str, int, int], None]
"""Called with what is worked on, how many pieces are done, and how many there are."""

RETRIES = 2
"""How often a piece of work is begun again whose process was killed."""

Work = TypeVar("Work")
Result = TypeVar("Result")


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


def in_processes(
    function: Callable[[Work], Result],
    work: Sequence[Work],
    jobs: int,
    progress: Progress = silent,
    title: Callable[[Work], str] = str,
) -> Iterator[tuple[Work, Result]]:
    """Yield each piece of work with its result as it is done, in the order in which they finish.

    A process that is killed loses the piece that it is at, which a new one does again, `RETRIES` times.
    With one job everything happens in this process. Otherwise a script that calls this needs the usual
    ``if __name__ == "__main__":``, because the processes are started afresh.

    >>> list(in_processes(abs, [-1, 2], jobs=1))
    [(-1, 1), (2, 2)]
    """
    if jobs == 1 or len(work) < 2:
        for done, item in enumerate(work):
            progress(title(item), done, len(work))
            yield item, function(item)
            progress(title(item), done + 1, len(work))
        return
    waiting, done = deque(work), 0
    pools: dict[int, ProcessPoolExecutor] = {}
    running: dict[Future[Result], tuple[Work, int]] = {}
    losses: Counter[int] = Counter()

    def start(slot: int) -> None:
        if waiting:
            item = waiting.popleft()
            with (
                interrupts_ignored()
            ):  # what is started now goes on ignoring them; one that comes is raised here
                if slot not in pools:
                    pools[slot] = ProcessPoolExecutor(1, get_context("spawn"))
                running[pools[slot].submit(function, item)] = item, slot

    try:
        for slot in range(min(jobs, len(work))):
            start(slot)
        progress("", 0, len(work))
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                item, slot = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool) and losses[id(item)] < RETRIES:
                    losses[id(item)] += 1
                    pools.pop(slot).shutdown(wait=False)
                    waiting.appendleft(item)
                    start(slot)
                    continue
                start(slot)
                done += 1
                yield item, _result(future, title(item))
                progress(title(item), done, len(work))
    except BaseException:
        for pool in pools.values():
            for process in list((pool._processes or {}).values()):
                process.terminate()  # an answer that nobody waits for may take minutes
            pool.shutdown(wait=False, cancel_futures=True)
        raise
    for pool in pools.values():
        pool.shutdown()


def _result(future: Future[Result], title: str) -> Result:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise SymactError("a worker process was killed, perhaps for want of memory; try --jobs 1") from error
    except Exception as error:
        error.add_note(f"while working on {title}")
        raise


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Leave Ctrl-C to the parent, which ends its workers: one message instead of many tracebacks."""
    if current_thread() is not main_thread():
        yield
        return
    if not hasattr(signal, "pthread_sigmask"):  # Windows: one that comes just now is lost
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # workers inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # one that came meanwhile comes now
