"""Work in several processes: what an interrupt leaves, whenever it comes."""

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from symact.processes import in_processes


def late(file: Path) -> None:
    time.sleep(4)
    file.touch()


def test_an_interrupt_while_workers_start_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = ProcessPoolExecutor.submit

    def interrupted(self: ProcessPoolExecutor, *arguments: Any) -> Any:
        future = submit(self, *arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    files = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(KeyboardInterrupt):
        list(in_processes(late, files, jobs=2))
    for child in active_children():
        child.join()
    assert not any(file.exists() for file in files)
