"""README.md is a transcript: what stands under a command is what the command prints.

``python tests/test_readme.py`` writes what the quick ones print; the test compares.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PROMPT = "    $ "
QUICK = "symact derive "
PROGRESS = re.compile(r"\d+/\d+ ")


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what stands under it."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line.startswith(PROMPT):
            output = []
            for below in lines[index + 1 :]:
                if not below.startswith("    ") or below.startswith(PROMPT):
                    break
                output.append(below[4:])
            yield line.removeprefix(PROMPT), "\n".join(output)


def printed(command: str, folder: Path) -> str:
    """Return what a command prints, on both streams, in a folder."""
    env = {**os.environ, "COLUMNS": "110", "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    shell = f'symact() {{ "$PYTHON" -m symact "$@"; }}\n{command}'
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, cwd=folder, env=env, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip() and not PROGRESS.match(line))


TRANSCRIPT = [
    (command, output) for command, output in blocks(README.read_text("utf-8")) if command.startswith(QUICK)
]


@pytest.mark.parametrize(("command", "output"), TRANSCRIPT)
def test_the_transcript_is_true(command: str, output: str, tmp_path: Path) -> None:
    assert printed(command, tmp_path).split() == output.split()  # where lines break depends on the width


def test_the_transcript_is_read() -> None:
    assert len(TRANSCRIPT) >= 4
    assert list(blocks("text\n\n    $ a\n    1\n      2\n    $ b\n\ntext")) == [("a", "1\n  2"), ("b", "")]


def test_every_check_of_the_standard_names_a_test_of_a_planted_fault() -> None:
    section = README.read_text("utf-8").split("## The standard\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")][1:]
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").glob("test_*.py"))
    assert len(rows) >= 12
    for *_, planted in rows:
        assert f"def {planted.strip().strip('`')}(" in tests, planted


def rewrite() -> None:
    text = README.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for command, output in TRANSCRIPT:
            fresh = "".join(f"    {line}\n" for line in printed(command, Path(folder)).splitlines())
            stale = "".join(f"    {line}\n" for line in output.splitlines())
            text = re.sub(
                re.escape(PROMPT + command + "\n" + stale),
                lambda _, c=command, f=fresh: PROMPT + c + "\n" + f,
                text,
            )
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite()
