"""Shared by all tests: tools that may be missing, and the tree that tests read."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as for what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def root() -> Path:
    """Return the checkout's root."""
    return ROOT


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """Return a function that finds a program: a machine without it skips the test, our own CI fails it."""

    def find(name: str) -> str:
        place = shutil.which(name)
        if place is None and os.environ.get("SYMACT_CI"):
            pytest.fail(f"{name} is missing; .ci/run installs what the tests need")
        if place is None:
            pytest.skip(f"{name} is missing")
        return place

    return find
