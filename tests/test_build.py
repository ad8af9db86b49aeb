"""symact build: the NumPy package computes with the C beside it, bit for bit as without it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from symact import pipeline
from symact.cli import app
from symact.errors import SymactError
from symact.targets import numpy

NAMES = ["silu", "relu", "elu", "softplus", "sine", "logit"]
CONFIG = '[activations.mine]\nformula = "a*z*sigmoid(b*z)"\nparameters.a.default = "3/2"\n'

VALUES = """
import hashlib, json, warnings
import numpy as np
warnings.simplefilter("error")
import symact_numpy as s
generator = np.random.default_rng(1)
found = {"backend": s.backend()}
for name in s.__all__:
    if name == "backend":
        continue
    bits = hashlib.sha256()
    for dtype in ("float16", "float32", "float64"):
        z = generator.uniform(-9, 9, (7, 9, 3)).astype(dtype)
        z[0, 0] = (np.nan, np.inf, -np.inf)
        z[0, 1] = (0.0, -0.0, np.finfo(dtype).tiny / 2)
        for given in (z, z[::-2, :, 1], z.T, z[0, 0, 0], z[:0], np.arange(-3, 4)):
            given = np.asarray(given)
            more = (np.flip(given),) if "_vjp" in name else ()
            value = getattr(s, name)(given, *more)
            out = np.empty_like(value)
            assert getattr(s, name)(given, *more, out=out) is out
            assert np.array_equal(out, value, equal_nan=True)
            value = np.where(np.isnan(value), np.nan, value)
            bits.update(repr((value.shape, value.dtype)).encode() + value.tobytes())
    found[name] = bits.hexdigest()
print(json.dumps(found))
"""


def run(folder: Path, code: str, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(folder / "numpy"), **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Path:
    require_tool("cc")
    place = tmp_path_factory.mktemp("built")
    (place / "symact.toml").write_text(CONFIG)
    folder = place / "generated"
    pipeline.generate([*NAMES, "mine"], config=place / "symact.toml", out=folder, targets=["c", "numpy"])
    app(["build", "--out", str(folder)], standalone_mode=False)
    return folder


def test_the_same_bits_with_and_without(built: Path) -> None:
    ours, theirs = (json.loads(run(built, VALUES, SYMACT_NUMPY_BACKEND=name)) for name in ("c", "numpy"))
    assert (ours.pop("backend"), theirs.pop("backend")) == ("c", "numpy")
    assert len(ours) > 30
    assert ours == theirs


def test_what_computes_is_the_library(built: Path) -> None:
    """A call that the library cannot have made would be seen: it is taken away."""
    code = """
import symact_numpy._native as native, symact_numpy as s, ctypes, numpy as np
asked = []
class Spy:
    def __getattr__(self, name):
        asked.append(name)
        return getattr(real, name)
real, native._LIBRARY = native._LIBRARY, Spy()
assert type(real) is ctypes.CDLL  # which releases the GIL
s.silu_vjp(np.ones(3, np.float32), np.ones(3, np.float32)), s.elu(1.0, alpha=2.0), s.relu(np.float16(1))
print(asked)
"""
    assert run(built, code).strip() == "['symact_silu_vjp_f32', 'symact_elu_f64', 'symact_relu_f16']"


def test_building_leaves_only_the_library(built: Path) -> None:
    package = built / "numpy" / "symact_numpy"
    others = {file.suffix for file in package.iterdir()} - {".py", ""}
    assert others == {".so"}
    assert sorted(file.name for file in package.parent.iterdir()) == ["symact_numpy"]
    config = built.parent / "symact.toml"
    pipeline.generate([*NAMES, "mine"], config=config, out=built, targets=["c", "numpy"], check=True)


def test_a_library_of_other_modules_is_not_used(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    shutil.copytree(built, folder)
    module = folder / "numpy" / "symact_numpy" / "silu.py"
    module.write_text(module.read_text() + "\n")
    said = run(folder, "import symact_numpy as s; print(s.backend())")
    assert said.startswith("numpy\n")
    assert "was built with other files than these; run symact build again" in said
    with pytest.raises(SymactError, match=r"silu\.py: is not as it was generated"):
        pipeline.build(folder)
    (folder / "numpy" / "symact_numpy" / "libsymact.so").write_text("no library")
    assert "cannot be used" in run(folder, "import symact_numpy as s; print(s.backend())")


def test_what_verify_measures_is_numpy(built: Path) -> None:
    assert numpy.load(built / "numpy").module.backend() == "numpy"
    assert "SYMACT_NUMPY_BACKEND" not in os.environ


def test_an_unknown_backend_is_refused(built: Path) -> None:
    code = "\ntry:\n    import symact_numpy\nexcept ValueError as error:\n    print(error)"
    assert run(built, code, SYMACT_NUMPY_BACKEND="fortran").startswith("SYMACT_NUMPY_BACKEND=fortran: ")


def test_without_c_or_with_a_compiler_that_fails_nothing_is_lost(built: Path, tmp_path: Path) -> None:
    pipeline.generate(["relu"], out=tmp_path, targets=["numpy"])
    with pytest.raises(
        SymactError, match="C and NumPy are not both generated here; run symact generate first"
    ):
        pipeline.build(tmp_path)
    library = built / "numpy" / "symact_numpy" / "libsymact.so"
    before = library.read_bytes()
    with pytest.raises(SymactError):
        pipeline.build(built, compiler="false")
    assert library.read_bytes() == before
    assert [file.name for file in library.parent.parent.iterdir()] == ["symact_numpy"]
