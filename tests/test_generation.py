"""generate is a pure function of the sources: same bytes everywhere, and whatever changes is found."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from symact import accuracy, caches, emission, pipeline
from symact.errors import StaleOutput, SymactError

ROOT = Path(__file__).parent.parent
NAMES = ("elu", "softsign")
"""One with a parameter, an exponential and a kink; one that is rational."""


def generate(
    place: Path, *options: str, names: tuple[str, ...] = NAMES, source: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "symact",
        "generate",
        *names,
        "--out",
        str(place),
        "--jobs",
        "1",
        *options,
    ]
    env = {**os.environ, "PYTHONPATH": str(source), **environment}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=source, env=env, timeout=300, check=False
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


MACHINES = {
    "seed 0, C": {"PYTHONHASHSEED": "0", "LC_ALL": "C"},
    "seed 1, C.UTF-8": {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
    "seed 2, C": {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"},
    "seed 3, C.UTF-8": {"PYTHONHASHSEED": "3", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"},
}


def test_four_hash_seeds_and_two_locales_give_the_same_bytes(tmp_path: Path) -> None:
    def run(machine: str) -> dict[str, bytes]:
        place = tmp_path / machine
        done = generate(place, SYMACT_CACHE="off", **MACHINES[machine])
        assert done.returncode == 0, done.stderr
        return tree(place)

    with ThreadPoolExecutor(2) as pool:
        first, *others = pool.map(run, MACHINES)
    assert len(first) > 5
    for other in others:
        assert other == first


def test_the_order_of_work_does_not_matter(tmp_path: Path) -> None:
    """What SymPy remembers of one activation does not change another."""
    alone = pipeline.emit_one(work("softsign"))
    pipeline.emit_one(work("elu"))
    assert pipeline.emit_one(work("softsign")) == alone


def work(name: str) -> tuple[pipeline.Activation, tuple[str, ...], str]:
    return pipeline.resolve(name), emission.templates().targets, "MIT-0"


# Planted edits: each makes --check fail with a diff and the command that mends it.


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a copy of the sources, with what they generate, and with a cache of its own."""
    place = tmp_path_factory.mktemp("checkout")
    for folder in ("symact", "templates"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = generate(place / "generated", source=place, SYMACT_CACHE=str(place / "cache"))
    assert done.returncode == 0, done.stderr
    yield place


EDITS = {
    "coefficient": ("generated/c/softsign.c", "1.0", "1.5", "c/softsign.c"),
    "template": ("templates/c/ACTIVATION.c.jinja", "#include <math.h>", "#include  <math.h>", "c/elu.c"),
    "record": (
        "symact/catalogue/sigmoidal.py",
        "z / (1 + Abs(z))",
        "z / (2 + Abs(z))",
        "latex/softsign.tex",
    ),
    "engine": ("symact/emission.py", "Do not edit", "Never edit", "MANIFEST.json"),
    "manifest": ("generated/MANIFEST.json", '"c/elu.c"', '"c/gone.c"', "MANIFEST.json"),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_planted_edit_is_found(checkout: Path, what: str) -> None:
    name, old, new, word = EDITS[what]
    file = checkout / name
    text = file.read_text("utf-8")
    assert old in text
    cache = {"SYMACT_CACHE": str(checkout / "cache")}
    place = checkout / "generated"
    assert generate(place, "--check", source=checkout, **cache).returncode == 0
    try:
        file.write_text(text.replace(old, new), "utf-8")
        done = generate(place, "--check", source=checkout, **cache)
        assert done.returncode == 1, done.stderr
        assert f"+++ b/{word}" in done.stdout
        assert "run `symact generate " in done.stderr
    finally:
        file.write_text(text, "utf-8")


def test_an_orphan_is_found_and_removed(tmp_path: Path) -> None:
    pipeline.generate(["relu", "square"], out=tmp_path, targets=["c"])
    whole = emission.recorded_names(tmp_path)
    assert set(whole) == {"relu", "square"}
    config = tmp_path / "symact.toml"
    config.write_text('generate = ["relu"]')
    with pytest.raises(StaleOutput, match=r"(?s)--- a/c/square\.c\n\+\+\+ /dev/null.*--config="):
        pipeline.generate(out=tmp_path, targets=["c"], config=config, check=True)
    assert "c/square.c" in pipeline.generate(out=tmp_path, targets=["c"], config=config)
    assert not (tmp_path / "c/square.c").exists()


def test_profiles_of_kinks_change_what_is_generated(tmp_path: Path) -> None:
    texts = set()
    for profile in ("left", "right", "mean"):
        pipeline.generate(["leaky_relu"], out=tmp_path / profile, targets=["numpy"], kinks=profile)
        texts.add((tmp_path / profile / "numpy/symact_numpy/leaky_relu.py").read_text())
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("name", "profile"),
    [("leaky_relu", "mean"), ("absolute", "jax"), ("sparse_sigmoid", "jax"), ("softshrink", "right")],
)
def test_what_is_generated_takes_the_profile_s_value_at_kinks(
    name: str, profile: str, tmp_path: Path
) -> None:
    pipeline.generate([name], out=tmp_path, targets=["c", "numpy"], kinks=profile)
    accuracy.prepare(tmp_path, ("c", "numpy"))
    activation = pipeline.with_profile(pipeline.resolve(name), profile)
    found = accuracy.verify_activation(accuracy.Task(activation, tmp_path, ("c", "numpy"), ("float32",)))
    assert [one for one in found if not one.holds] == []


def certificate(function: str, **others: object) -> dict[str, object]:
    row = {"activation": "relu", "function": function, "target": "c", "exhaustive": True, "holds": True}
    return {**row, "misrounded": 0, "max_ulp": 0.5, "at": "0x0p+0", **others}


def test_certificates_are_quoted(tmp_path: Path) -> None:
    file = tmp_path / "accuracy.json"
    pipeline.generate(["relu"], out=tmp_path, targets=["c", "latex"])
    header, document = tmp_path / "c/symact.h", tmp_path / "latex/symact.tex"
    assert "2^32" not in header.read_text() and "Accuracy" not in document.read_text()
    worst = certificate("derivative", misrounded=1234, max_ulp=0.75, at="0x1p-3")
    unsaid = [certificate("derivative_from_output", **why) for why in ({"holds": False}, {"target": "numpy"})]
    file.write_text(json.dumps({"results": [certificate("forward"), worst, *unsaid]}))
    with pytest.raises(StaleOutput, match="forward correctly rounded"):
        pipeline.generate(["relu"], out=tmp_path, targets=["c", "latex"], check=True)
    pipeline.generate(["relu"], out=tmp_path, targets=["c", "latex"])
    assert "all 2^32 inputs: forward correctly rounded;" in header.read_text()
    assert "derivative within 0.75 ulp, 1,234 results not correctly rounded" in header.read_text()
    assert "correctly rounded & 0.75 ulp; 1,234 not correctly rounded & --- " in document.read_text()
    file.write_text('{"results": [{"target": "c"}]}')
    with pytest.raises(SymactError, match=r"accuracy\.json: not certificates"):
        pipeline.generate(["relu"], out=tmp_path, targets=["c"])


# The cache.


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(caches.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_comes_back(cache: Path) -> None:
    key = caches.key("a", "b")
    assert caches.load(key) is None
    caches.store(key, {"text": "\N{GREEK SMALL LETTER ALPHA}", "numbers": [1, None]})
    assert caches.load(key) == {"text": "\N{GREEK SMALL LETTER ALPHA}", "numbers": [1, None]}
    assert caches.key("ab", "") != caches.key("a", "b")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"payload": "1", "sha256": "0"}', b"\xff\xfe", b"null"]
)
def test_a_damaged_entry_is_as_good_as_none(cache: Path, damage: bytes) -> None:
    key = caches.key("a")
    caches.store(key, 1)
    (entry,) = cache.glob("??/*.json")
    entry.write_bytes(damage)
    assert caches.load(key) is None
    caches.store(key, 2)
    assert caches.load(key) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(caches.VARIABLE, str(tmp_path / "file"))
    caches.store(caches.key("a"), 1)
    assert caches.load(caches.key("a")) is None
    monkeypatch.setenv(caches.VARIABLE, "off")
    caches.store(caches.key("a"), 1)
    assert caches.load(caches.key("a")) is None


def test_old_entries_go(cache: Path) -> None:
    for name in "ab":
        caches.store(caches.key(name), name)
    old, _ = sorted(cache.glob("??/*.json"))
    os.utime(old, (0, 0))
    caches.prune()
    assert len(list(cache.glob("??/*.json"))) == 1


def test_two_runs_at_once_share_a_cache(tmp_path: Path) -> None:
    environment = {"SYMACT_CACHE": str(tmp_path / "cache")}
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(generate, tmp_path / str(i), names=("relu",), **environment) for i in range(2)]
    assert [run.result().returncode for run in runs] == [0, 0]
    assert tree(tmp_path / "0") == tree(tmp_path / "1")
    assert not list((tmp_path / "cache").glob("??/*.tmp"))
