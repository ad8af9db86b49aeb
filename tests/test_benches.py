"""bench: everybody has a turn in every round, and what is timed is what it is said to be."""

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from typer.testing import CliRunner

from symact import pipeline
from symact.activations import Activation, Z
from symact.benches import DTYPES, FUNCTIONS, MEMCPY, OURS, comparisons, contenders
from symact.benches.contenders import FROM_OUTPUT, TYPED
from symact.benches.timings import interleaved
from symact.benches.typed import typed
from symact.catalogue import activations
from symact.catalogue.frameworks import NUMPY
from symact.cli import app
from symact.errors import UnknownName
from symact.targets import c


def test_all_have_a_turn_in_every_round() -> None:
    turns: list[str] = []
    spent = interleaved([lambda: turns.append("a"), lambda: turns.append("b")], rounds=4, turn=1e-5)
    assert [one.least <= one.middle for one in spent] == [True, True]
    changes = [this for this, before in zip(turns, ["", *turns[:-1]], strict=True) if this != before]
    assert changes[-8:] == ["a", "b"] * 4


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    pipeline.generate(["softsign", "elu"], out=folder, targets=["c", "numpy"])
    c.build(folder / "c", folder / contenders.LIBRARY)
    return folder


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", ["softsign", "elu"])
def test_what_is_timed_computes_what_it_is_said_to(
    generated: Path, name: str, function: str, dtype: str
) -> None:
    task = contenders.Task(activations()[name], function, dtype)
    z, g_bar = np.array([-2.0, 0.5, 3.0], dtype), np.array([1.0, -2.0, 4.0], dtype)
    forward, slope = next((f, d) for row, _, f, d in NUMPY if row == name)
    want = forward(np, z) if function == "forward" else g_bar * slope(np, z)
    seen = []
    for one in contenders.contenders(task, generated, ("numpy", TYPED, MEMCPY)):
        seen.append(one.name)
        if one.name != MEMCPY:
            close = 1e-5 if one.name == TYPED else 1e-6
            assert np.allclose(one.prepare(z, g_bar)(), want, rtol=close), one.name
    *in_c, in_numpy = [one for one in OURS if dtype == "float32" or "fast" not in one]
    ends = ("", FROM_OUTPUT) if function == "vjp" else ("",)
    ours = [*(one + end for one in in_c for end in ends), in_numpy]
    assert seen == [*ours, "numpy", TYPED, MEMCPY]


def test_what_c_lacks_is_not_typed(tmp_path: Path) -> None:
    strange = Activation("strange", sp.besselj(sp.Rational(1, 2), Z))
    assert typed(strange, "forward", "float32", tmp_path) is None
    assert typed(activations()["step"], "vjp", "float32", tmp_path) is None  # f' is no formula in z


def test_memcpy_moves_what_a_task_reads_and_writes() -> None:
    z = np.zeros(8, np.float32)
    sizes = []
    for function in FUNCTIONS:  # a copy reads and writes each byte once
        task = contenders.Task(activations()["elu"], function, "float32")
        sizes.append(2 * len(contenders._memcpy(task)(z, z)()))
    assert sizes == [2 * z.nbytes, 3 * z.nbytes]


def test_a_wrong_peer_shows_its_error(generated: Path) -> None:
    task = contenders.Task(activations()["softsign"], "vjp", "float32")
    found = comparisons.compare(task, generated, ("numpy", MEMCPY), [32, 1000], rounds=1)
    assert [(one.size, one.contender) for one in found] == [
        (size, who)
        for size in (32, 1000)
        for who in (*(one + end for one in OURS[:2] for end in ("", FROM_OUTPUT)), OURS[2], "numpy", MEMCPY)
    ]
    worst = {one.contender: one.max_ulp for one in found}
    assert worst[MEMCPY] is None
    assert worst[OURS[0]] == worst[OURS[2]] <= 1 >= worst[OURS[1]]
    assert worst[OURS[0] + FROM_OUTPUT] > 1e6  # an output of 1 does not tell where it was
    assert worst["numpy"] > 1e6  # 1/(1 + abs(z))^2 in float32: the square overflows
    assert all(0 < one.least <= one.middle for one in found)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"against": ["caffe"]}, "caffe: no such peer; there are numpy"),
        ({"functions": ["backward"]}, "backward: no function to time; there are forward, vjp"),
        ({"dtype": "float16"}, "float16: no dtype to time"),
        ({"sizes": [0]}, "0: no size"),
    ],
)
def test_what_cannot_be_timed_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        pipeline.bench(["softsign"], **asked)


def test_the_command() -> None:
    options = ["--against", "numpy,memcpy", "--function", "forward", "--size", "64"]
    done = CliRunner().invoke(app, ["bench", "softsign", *options, "--json"])
    assert done.exit_code == 0
    rows = json.loads(done.stdout)["results"]
    assert [row["contender"] for row in rows] == [*OURS, "numpy", MEMCPY]
    assert all(row["min_ns"] <= row["median_ns"] and row["size"] == 64 for row in rows)
    shown = CliRunner().invoke(app, ["bench", "softsign", *options])
    assert "softsign forward" in shown.stdout


def test_speed_against_accuracy_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    options = ["softsign", "--against", "numpy,memcpy", "--size", "64", "--size", "128", "--json"]
    printed = CliRunner().invoke(app, ["bench", *options]).stdout
    (tmp_path / "bench.json").write_text(printed)
    drawn = ["plot", "--bench", "--out", str(tmp_path / "a.svg")]
    assert CliRunner().invoke(app, drawn, input=printed).stdout == f"{tmp_path / 'a.svg'}\n"
    drawn = ["plot", "--bench", str(tmp_path / "bench.json"), "--out", str(tmp_path / "b.svg")]
    assert CliRunner().invoke(app, drawn).exit_code == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert CliRunner().invoke(app, ["plot"]).exit_code == 2
