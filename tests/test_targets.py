"""The targets beside each other: one kernel has the same bits, whoever computes it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from symact import pipeline
from symact.activations import samples
from symact.catalogue import activations
from symact.errors import SymactError
from symact.formats import FORMATS
from symact.kernels import WRT
from symact.settings import Settings
from symact.targets import c
from symact.targets import numpy as numpy_target

GENERATED = Path(__file__).parent.parent / "generated"
NAMES = sorted(activations())
FEW = ("elu", "gelu_tanh", "hardtanh", "squareplus", "softplus", "leaky_relu")
"""Those that are compared without being asked: with and without parameters, functions, kinks."""

HEADERS = sorted(file.name for file in (GENERATED / "c").glob("*.h"))
SEED = 7
DTYPES = {"float32": np.float32, "float64": np.float64}
FUNCTIONS = (
    "forward", "derivative", "vjp", "derivative_from_output", "vjp_from_output", "second_derivative"
)  # fmt: skip


def points(dtype: str) -> np.ndarray:
    """Return points of all sizes, the format's landmarks among them."""
    source, fmt = np.random.default_rng(SEED), FORMATS[dtype]
    near = [source.uniform(-reach, reach, 300) for reach in (0.01, 1, 4, 30)]
    far = source.uniform(-2, 2, 300) * 2.0 ** source.integers(-140, 120, 300)
    return np.concatenate([*near, far, [*fmt.boundaries]]).astype(dtype)


def settings(name: str) -> list[dict[str, float]]:
    """Return the defaults, none given, and values that float32 has to round."""
    activation = activations()[name]
    others = samples(activation)[:2] if activation.parameters else ()
    return [{}, *({s.name: float(v) * (1 + 2.0**-26) for s, v in one.items()} for one in others)]


def functions(name: str) -> list[str]:
    return [*FUNCTIONS, *(WRT + p.name for p in activations()[name].parameters)]


def differences(name: str, dtype: str, one: Callable, other: Callable) -> list[str]:
    """Return where two targets' functions differ in a bit, all NaN being one."""
    found, z = [], points(dtype)
    g_bar = z[::-1].copy()
    for function in functions(name):
        calls = [package(name, function, dtype) for package in (one, other)]
        if None in calls:
            assert calls == [None, None], function
            continue
        arguments = (z, g_bar) if "vjp" in function else (z,)
        for setting in settings(name):
            try:
                a, b = (call(*arguments, **setting) for call in calls)
            except ValueError:  # parameters for which NumPy has no form
                continue
            off = (a.view(f"i{a.itemsize}") != b.view(f"i{b.itemsize}")) & ~(np.isnan(a) & np.isnan(b))
            found += [
                f"{function} {setting} at {z[k]!r}: {a[k]!r}, {b[k]!r}" for k in np.flatnonzero(off)[:1]
            ]
    return found


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Callable, Callable]]:
    """Return a function that compiles one activation's C, and gives the calls of C and of NumPy."""
    package = numpy_target.load(GENERATED / "numpy")

    def both(name: str) -> tuple[Callable, Callable]:
        place = tmp_path_factory.mktemp(name)
        for file in (f"{name}.c", f"{name}.f32.c", *HEADERS):
            (place / file).write_bytes((GENERATED / "c" / file).read_bytes())
        library = c.build(place, place / "library.so")
        return c.load(library, {name: activations()[name]}).call, package.call

    return both


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FEW else [pytest.mark.thorough]) for n in NAMES]
)
def test_c_and_numpy_have_the_same_bits(name: str, packages: Callable) -> None:
    for dtype in DTYPES:
        assert differences(name, dtype, *packages(name)) == []


def test_a_bit_is_seen() -> None:
    def almost(name: str, function: str, dtype: str) -> Callable:
        call = package.call(name, function, dtype)
        return lambda *arguments, **setting: np.nextafter(call(*arguments, **setting), DTYPES[dtype](2))

    package = numpy_target.load(GENERATED / "numpy")
    assert differences("leaky_relu", "float32", package.call, almost)
    assert differences("leaky_relu", "float32", package.call, package.call) == []


def test_what_writes_beside_its_output_is_refused(tmp_path: Path) -> None:
    """A loop that goes one too far, and one that ends too early: NaN, the last point, would hide it."""
    folder = tmp_path / "c"
    folder.mkdir()
    for file in ("relu.c", *HEADERS):
        text = (GENERATED / "c" / file).read_text("utf-8")
        for name, bound in (("symact_relu_f64", "i + 1 < n"), ("symact_relu_derivative_f64", "i <= n")):
            before, found, after = text.partition(f"void {name}(const double *z, double *")
            text = before + found + (after.replace("i < n", bound, 1) if "{" in after else after)
        (folder / file).write_text(text)
    library = c.load(c.build(folder, tmp_path / "library.so"), {"relu": activations()["relu"]})
    z = np.array([1.0, np.nan])
    assert library.call("relu", "forward", "float64")(z).tolist() == [1.0, c.UNWRITTEN]
    with pytest.raises(SymactError, match="relu derivative writes beside its output"):
        library.call("relu", "derivative", "float64")(z)


CLASHING = "value*z**2 + before*i*z + n + factor*near + d*t"
"""A formula whose parameters have the names of what is written around it."""


def test_parameters_may_be_called_what_we_call_our_own(tmp_path: Path) -> None:
    settings = {
        "value": 3.0,
        "before": 0.5,
        "i": 4.0,
        "n": 7.0,
        "factor": 1.0,
        "near": 2.0,
        "t": 9.0,
        "d": 1.0,
    }
    config = tmp_path / "symact.toml"
    config.write_text(f'[activations.clash]\nformula = "{CLASHING}"\n', "utf-8")
    pipeline.generate(config=config, out=tmp_path / "made")
    mine = Settings.read(config).activations
    built = c.build(tmp_path / "made" / "c", tmp_path / "library.so")
    for library in (c.load(built, mine), numpy_target.load(tmp_path / "made" / "numpy")):
        for dtype in ("float32", "float64"):
            forward = library.call("clash", "forward", dtype)
            assert forward(np.array([2.0, -1.0], dtype), **settings).tolist() == [34.0, 19.0]
        vjp = library.call("clash", "vjp", "float64")
        assert vjp(np.array([2.0, -1.0]), np.array([2.0, 3.0]), **settings).tolist() == [28.0, -12.0]
