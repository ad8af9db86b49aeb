"""Planted faults are noticed: some of tests/faults.py here, all of them by `python benchmarks/mutants.py`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from faults import MUTANTS
from mutation import BROKEN, KILLED, ROOT, SURVIVED, Copy, Mutant, constants, copied, standing, suite

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
ENOUGH = 150

FIRST = (
    "a kink on the wrong side",
    "silu(-0) = 0, and silu is not odd",
    "NaN has a slope",
    "a loop leaves out the last element",
    "a VJP in two passes, which breaks it in place",
    "selu's scale in the 7th digit",
    "tanh' is wrong",
    "sin x cos x = sin 2x",
)
"""Of several kinds, and quickly killed."""


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    with copied() as found:
        yield found


@pytest.mark.parametrize("name", FIRST)
def test_a_fault_is_noticed(name: str, copy: Copy) -> None:
    outcome = copy.judge(BY_NAME[name])
    assert outcome.fate == KILLED, outcome


def test_every_fault_can_be_planted() -> None:
    """What is to be changed is there, once; a fault whose place is gone would be one that nobody plants."""
    assert len(BY_NAME) == len(MUTANTS) >= ENOUGH
    for mutant in MUTANTS:
        text = (ROOT / mutant.file).read_text("utf-8")
        assert mutant.applied(text) != text


# Guards, seen to fail.

HEADERS = sorted(file.name for file in (ROOT / "generated" / "c").glob("*.h"))
RELU = BY_NAME["a kink on the wrong side"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"before": "y = 1.5 >= z ? "}, "has no"),
        ({"below": "relu_third_derivative"}, "has no"),
        ({"below": ""}, "more than once"),
        ({"after": RELU.before}, "changes nothing"),
    ],
)
def test_a_fault_that_cannot_be_planted_is_named(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(RELU, **changes).applied((ROOT / RELU.file).read_text("utf-8"))


def test_a_change_that_nobody_can_see_survives(copy: Copy) -> None:
    """relu is z at 0 from either side; and the copy is as it was when the fault is gone."""
    harmless = replace(RELU, below="relu_forward_f32")
    assert copy.judge(harmless).fate == SURVIVED
    assert (copy.folder / RELU.file).read_bytes() == (ROOT / RELU.file).read_bytes()


@pytest.mark.parametrize(
    "killer", [suite("tests/test_layering.py", "-k", "nothing_of_this_name"), suite("tests/nowhere.py")]
)
def test_tests_that_do_not_run_kill_nothing(killer: object, copy: Copy) -> None:
    assert copy.judge(replace(RELU, killer=killer)).fate == BROKEN


def test_what_fails_without_the_fault_kills_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "generated" / "c"
    folder.mkdir(parents=True)
    for file in ("relu.c", "relu.f32.c", *HEADERS):
        text = (ROOT / "generated" / "c" / file).read_text("utf-8")
        (folder / file).write_text(text.replace("0.0f >= z, 0.0f, 1.0f)", "0.0f >= z, 0.0f, 1.5f)"), "utf-8")
    outcome = Copy(tmp_path).judge(RELU)
    assert outcome.fate == BROKEN and outcome.words.startswith("without the mutant too")


def test_constants_are_shifted_one_at_a_time() -> None:
    """0.5 is exact, and what z is compared with is a seam: neither is a constant of many digits."""
    long = "0x1.8cd1a2b2fff33p-2"
    text = f"y0 = {long};\nif ({long} > z) {{\n    y = {long} > z ? y0 : y;\nb = 0x1p-1 + {long};\n"
    found = constants(text, "generated/c/mine.c", standing("mine", "c"), 1e-7, "shift")
    assert [mutant.name for mutant in found] == ["mine:1:6", "mine:4:14"]
    for mutant, line in zip(found, (0, 3), strict=True):
        before, after = text.splitlines(), mutant.applied(text).splitlines()
        assert [k for k in range(4) if before[k] != after[k]] == [line]
    assert isinstance(found[0], Mutant)
