"""Work in several processes: what an interrupt leaves, whenever it comes."""

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from symact.errors import SymactError
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


def killed_once(file: Path) -> int:
    """End as a process does that the kernel kills; the second time, do the work."""
    if not file.exists():
        file.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return len(file.name)


def test_a_killed_process_loses_one_piece_which_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "whole").touch()
    work = [tmp_path / "whole", tmp_path / "killed", tmp_path / "again"]
    assert dict(in_processes(killed_once, work, jobs=2)) == {file: len(file.name) for file in work}


def killed(file: Path) -> None:
    file.touch()
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_kills_every_process_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SymactError, match="killed"):
        list(in_processes(killed, [tmp_path / "a", tmp_path / "b"], jobs=2))
