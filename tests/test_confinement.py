"""Work with limits: what is known when they end it, and that nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children

import pytest

from symact import pipeline
from symact.confinement import GaveUp, OutOfTime, at_most, confined
from symact.errors import GaveUp as NothingKnown
from symact.errors import UnknownName
from symact.output_forms import NoOutputForm
from symact.pipeline import derive, derive_within

STUCK = "asinh(sinh(tanh(exp(z)+z^3))^5) + exp(-exp(exp(z^7)/(1+z^2)))^(1/3)*log(1+exp(sinh(z)))"
"""Near the parser's limits: seconds for its derivative alone, no end of the search for its form."""


def endless(first: int) -> Iterator[int]:
    yield first
    while True:
        time.sleep(0.01)


def hungry(first: int) -> Iterator[int]:
    yield first
    held = bytearray(2**40)
    yield len(held)


def deep(first: int) -> Iterator[int]:
    yield first
    yield from deep(first + 1)


def refusing(first: int) -> Iterator[int]:
    yield first
    raise UnknownName("nobody knows it")


def faulty(first: int) -> Iterator[int]:
    yield first
    raise ZeroDivisionError("ours")


def killed(first: int) -> Iterator[int]:
    yield first
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (endless, "after 0.5 s"),
        (hungry, "MB of memory"),
        (killed, "memory, or of the system"),
        (faulty, "symact's own (ZeroDivisionError: ours)"),
    ],
)
def test_a_limit_keeps_what_is_known(work: object, why: str) -> None:
    seconds = 0.5 if work is endless else 60
    first, last = confined(work, 1, seconds, megabytes=4096)  # type: ignore[arg-type]
    assert first == 1
    assert isinstance(last, GaveUp)
    assert why in last.why
    assert active_children() == []


def test_a_deep_recursion_is_given_up() -> None:
    *known, last = confined(deep, 1, 60)
    assert known[0] == 1
    assert isinstance(last, GaveUp)


def test_what_symact_foresees_is_raised_here() -> None:
    with pytest.raises(UnknownName, match="nobody"):
        list(confined(refusing, 1, 60))
    assert active_children() == []


def test_who_stops_listening_leaves_nothing_behind() -> None:
    results = confined(endless, 1, 600)
    assert next(results) == 1
    results.close()  # type: ignore[attr-defined]
    assert active_children() == []


def test_a_part_of_the_work_has_a_clock_of_its_own() -> None:
    with pytest.raises(OutOfTime), at_most(0.05):
        time.sleep(5)
    with at_most(5):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_child_answers_as_the_library_does() -> None:
    formula = "where(z > 0, z, a*(exp(z) - 1))"
    known = derive(formula).to_json()
    assert len(known["properties"]["facts"]) > 10
    for thorough in (True, False):
        found = derive_within(formula, 600, thorough=thorough)
        assert found.to_json() == known
        assert not found.gave_up


def test_the_derivative_is_known_when_the_search_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(derivative: object) -> None:
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(pipeline, "recover_output_form", never)  # the child is forked: it has it too
    found = derive_within("z*tanh(z)", 5)
    assert found.steps
    assert isinstance(found.output_form, NoOutputForm)
    assert not found.output_form.decided
    assert found.output_form.reason.startswith("gave up after")
    assert found.to_json()["no_output_form"]["witness"] is None
    assert active_children() == []


def test_nothing_known_is_one_message() -> None:
    with pytest.raises(NothingKnown, match=r"gave up after 0.001 s, before the derivative"):
        derive_within(STUCK, 0.001)
    assert active_children() == []


def test_the_command_gives_up_and_says_so(tmp_path: object) -> None:
    command = [sys.executable, "-m", "symact", "derive", STUCK, "--json", "--timeout", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:  # a fast machine knows the derivative
        assert json.loads(done.stdout)["no_output_form"]["reason"].startswith("gave up after")
    else:
        assert done.returncode == 1
        assert "gave up after 0.1 s" in done.stderr
