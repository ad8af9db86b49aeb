"""Many pieces of work on one machine, or on a cluster that Dask distributed runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from symact.errors import SymactError, ToolMissing
from symact.processes import Progress, Result, Work, in_processes, silent

LOCAL = "local"
"""The scheduler's address that starts a cluster on this machine, for as long as the work takes."""


def scheduled(
    function: Callable[[Work], Result],
    work: Sequence[Work],
    jobs: int,
    progress: Progress = silent,
    title: Callable[[Work], str] = str,
    scheduler: str | None = None,
) -> Iterator[tuple[Work, Result]]:
    """Yield each piece of work with its result as it is done: in processes, or on the cluster of a scheduler.

    ``scheduler`` is an address such as ``tcp://host:8786``, or ``local``. A worker that dies loses what it is
    at, which another one does again.

    Raises ToolMissing without Dask, SymactError where no scheduler answers.
    """
    if scheduler is None:
        yield from in_processes(function, work, jobs, progress, title)
        return
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise ToolMissing("a scheduler needs Dask distributed: pip install 'symact[cluster]'") from None
    with ExitStack() as stack:
        address: object = scheduler
        if scheduler == LOCAL:
            cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
            address = stack.enter_context(cluster)
        try:
            client = stack.enter_context(Client(address, timeout=10))
        except (OSError, ValueError) as error:
            raise SymactError(f"{scheduler}: no scheduler answers there ({error})") from error
        futures = {client.submit(function, item, pure=False, retries=2): item for item in work}
        progress("", 0, len(work))
        for done, (future, result) in enumerate(as_completed(futures, with_results=True), 1):
            yield futures[future], result
            progress(title(futures[future]), done, len(work))
