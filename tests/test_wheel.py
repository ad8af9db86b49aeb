"""An installed wheel works in an empty folder, without the checkout."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
    done = run(build, place)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = place.glob("*.whl")
    return made


def test_the_wheel_carries_templates_and_nothing_else_of_the_tree(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    ours = {f.relative_to(ROOT).as_posix() for f in (ROOT / "templates").rglob("*.jinja")}
    assert {name for name in names if name.endswith(".jinja")} == {f"symact/{name}" for name in ours}
    assert {name.split("/")[0] for name in names} == {"symact", wheel.name.split("-py3")[0] + ".dist-info"}
    assert "symact/py.typed" in names


def test_an_installed_wheel_generates_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """The environment is new; what symact depends on comes from this one, so that no network is needed."""
    place, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    venv.create(place, with_pip=False)
    python = place / "bin/python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run([str(python), "-c", asked], empty).stdout.strip())
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies, as a later entry of the path: the wheel's symact comes first.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run([str(python), "-I", "-c", "import symact; print(symact.__file__)"], empty)
    assert where.stdout.startswith(str(site)), where.stderr
    done = run([str(python), "-I", "-m", "symact", "generate", "sigmoid"], empty)
    assert done.returncode == 0, done.stderr
    made = {f.relative_to(empty).as_posix() for f in (empty / "generated").rglob("*") if f.is_file()}
    assert {"generated/c/sigmoid.c", "generated/c/symact.h", "generated/latex/sigmoid.tex"} <= made
    assert "generated/numpy/symact_numpy/sigmoid.py" in made
    check = run([str(python), "-I", "-m", "symact", "generate", "sigmoid", "--check"], empty)
    assert check.returncode == 0, check.stdout
