"""The functions of binary64 that float32 is computed with: in C and in NumPy, against ball arithmetic."""

import ctypes
import importlib
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from symact import polynomials
from symact.arithmetics import DOUBLE
from symact.emission import templates
from symact.targets.printing import ELEMENTARY

SEED, COUNT, PRECISION = 20_261_125, 1_500, 200
PACKAGE = "symact_functions_for_a_test"
FILES = {
    "symact_dd.h": "c/symact_dd.h.jinja",
    "symact_functions.h": "c/symact_functions.h.jinja",
    "_double_double.py": "numpy/symact_numpy/_double_double.py.jinja",
    "_functions.py": "numpy/symact_numpy/_functions.py.jinja",
}
BUILDS = {
    "gcc -O0": ("cc", "-O0", "-std=c99"),
    "gcc -O2": ("cc", "-O2", "-std=c99"),
    "gcc -O3 native, contracted": ("cc", "-O3", "-march=native", "-ffp-contract=fast", "-std=gnu99"),
    "clang -O3 native": ("clang", "-O3", "-march=native", "-std=c99"),
    "c++": ("c++", "-O2", "-x", "c++"),
}
HEAD = ("#include <stddef.h>", '#include "symact_functions.h"')
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")

Call = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Case:
    """A function, its truth, and from where to where it is tried."""

    name: str
    truth: Callable[[arb], arb]
    ranges: tuple[tuple[float, float], ...]


SMALL = ((-1.0, 1.0), (-1e-3, 1e-3), (-1e-9, 1e-9))
ANGLES = ((-8e307, 8e307), (-1e20, 1e20), (-1.5e5, 1.5e5), (-10.0, 10.0), *SMALL)


def erfcx(x: arb) -> arb:
    return (x * x).exp() * x.erfc()


CASES = (  # where exp is less than exp(-708) it may have that value, and be infinite from exp(709) on
    Case("exp", lambda x: x.exp(), ((-707.0, 709.0), (-20.0, 20.0), *SMALL)),
    Case("exp_below", lambda x: x.exp(), ((-707.0, 0.0), (-20.0, 0.0), (-1e-3, 0.0))),
    Case("expm1", lambda x: x.expm1(), ((-40.0, 709.0), (-2.0, 2.0), *SMALL)),
    Case("expm1_below", lambda x: x.expm1(), ((-40.0, 0.0), (-2.0, 0.0), (-1e-3, 0.0))),
    Case("log", lambda x: x.log(), ((0.0, 1e308), (0.0, 10.0), (0.5, 2.0), (0.99, 1.01), (0.0, 1e-300))),
    Case("log1p", lambda x: x.log1p(), ((0.0, 1e308), (-1.0, 20.0), (-1.0, -0.999), *SMALL)),
    Case("log1p_above", lambda x: x.log1p(), ((0.0, 1e308), (0.0, 20.0), (0.0, 1e-3), (0.0, 1e-30))),
    Case("erf", lambda x: x.erf(), ((-6.5, 6.5), (0.4, 0.6), *SMALL)),
    Case("erfc", lambda x: x.erfc(), ((-6.0, 26.0), *SMALL)),
    Case("erfcx", erfcx, ((-26.0, 1e3), (-1.0, 1.0), (0.0, 20.0), (0.0, 1e30))),
    Case("erfcx_above", erfcx, ((0.0, 1e3), (0.0, 1.0), (0.0, 20.0), (0.0, 1e30))),
    Case("tanh", lambda x: x.tanh(), ((-25.0, 25.0), *SMALL)),
    Case("sinh", lambda x: x.sinh(), ((-708.0, 708.0), (-40.0, 40.0), *SMALL)),
    Case("cosh", lambda x: x.cosh(), ((-708.0, 708.0), (-40.0, 40.0), *SMALL)),
    Case("sin", lambda x: x.sin(), ANGLES),
    Case("cos", lambda x: x.cos(), ANGLES),
    Case("tan", lambda x: x.tan(), ANGLES),
    Case("asin", lambda x: x.asin(), SMALL),
    Case("acos", lambda x: x.acos(), SMALL),
    Case("atan", lambda x: x.atan(), ((-1e9, 1e9), (-10.0, 10.0), *SMALL)),
    Case("asinh", lambda x: x.asinh(), ((-1e9, 1e9), (-10.0, 10.0), (-1e200, 1e200), *SMALL)),
    Case("acosh", lambda x: x.acosh(), ((1.0, 1e9), (1.0, 1.01))),
    Case("atanh", lambda x: x.atanh(), SMALL),
)
NAMES = [case.name for case in CASES]

INF, NAN = math.inf, math.nan
LIMITS = {  # at 0.0, -0.0, infinity, minus infinity
    "exp": (1.0, 1.0, INF, 0.0),
    "expm1": (0.0, -0.0, INF, -1.0),
    "log": (-INF, -INF, INF, NAN),
    "log1p": (0.0, -0.0, INF, NAN),
    "erf": (0.0, -0.0, 1.0, -1.0),
    "tanh": (0.0, -0.0, 1.0, -1.0),
    "sinh": (0.0, -0.0, INF, -INF),
    "cosh": (1.0, 1.0, INF, INF),
    "erfcx": (1.0, 1.0, 0.0, INF),
    "erfc": (1.0, 1.0, 0.0, 2.0),
    "sin": (0.0, -0.0, NAN, NAN),
    "cos": (1.0, 1.0, NAN, NAN),
    "tan": (0.0, -0.0, NAN, NAN),
    "atan": (0.0, -0.0, math.pi / 2, -math.pi / 2),
    "asinh": (0.0, -0.0, INF, -INF),
}
ABOVE = {"log1p_above": (0.0, INF), "erfcx_above": (1.0, 0.0)}
"""At 0.0 and infinity."""

OUTSIDE = {"log": -1.0, "log1p": -1.5, "asin": 1.5, "acosh": 0.5, "atanh": 2.0}


def points(case: Case) -> np.ndarray:
    """Return random points of the ranges, and powers of two with their neighbours."""
    generator = np.random.default_rng(SEED)
    drawn = [generator.uniform(low, high, COUNT) for low, high in case.ranges]
    powers = 2.0 ** np.arange(-60.0, 10.0)
    near = np.concatenate([powers, np.nextafter(powers, 0), np.nextafter(powers, INF)])
    found = np.concatenate([*drawn, near, -near])
    low = min(low for low, _ in case.ranges)
    return found[(found >= low) & (found <= max(high for _, high in case.ranges))]


def worst(case: Case, call: Call) -> tuple[float, float]:
    """Return the largest error as a part of what the model takes functions for, and where."""
    x = points(case)
    old, ctx.prec = ctx.prec, PRECISION
    try:
        got = call(case.name, x).tolist()
        return max((error(z, g, case), z) for z, g in zip(x.tolist(), got, strict=True))
    finally:
        ctx.prec = old


def error(x: float, got: float, case: Case) -> float:
    truth = case.truth(arb(x))
    if not truth.is_finite() or not abs(truth) > 2.0**-1021:
        return 0.0
    return float(((arb(got) - truth) / truth * arb(2) ** DOUBLE.elementary).abs_upper())


def render(folder: Path, runtime: Mapping[str, Any]) -> Path:
    package = folder / PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, template in FILES.items():
        header = ("generated by symact", "for a test")
        (package / name).write_text(templates().render(template, {"header": header, "runtime": runtime}))
    return package


def module(package: Path) -> Call:
    sys.path.insert(0, str(package.parent))
    try:
        for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
            del sys.modules[name]
        loaded = importlib.import_module(f"{PACKAGE}._functions")
    finally:
        sys.path.remove(str(package.parent))

    def call(name: str, *x: Any) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(getattr(loaded, name)(*x))

    return call


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("functions"), polynomials.runtime_constants())


@pytest.fixture(scope="module")
def calls(package: Path, require_tool: Callable[[str], str]) -> Callable[[str], Call]:
    """Return a function from a build's name to calls in it: compiled at its first use."""
    lines = [
        "#include <stddef.h>",
        '#include "symact_functions.h"',
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
    ]
    for name in NAMES:
        declared = f"void f_{name}(const double *x, double *y, size_t n)"
        lines.append(
            f"{declared};\n{declared} {{ for (size_t i = 0; i < n; ++i) y[i] = symact_f64_{name}(x[i]); }}"
        )
    lines += ["#ifdef __cplusplus", "}", "#endif"]
    source = package / "shim.c"
    source.write_text("\n".join(lines) + "\n")

    @cache
    def prepare(build: str) -> Call:
        if build == "numpy":
            return module(package)
        compiler, *flags = BUILDS[build]
        library = package / f"{list(BUILDS).index(build)}.so"
        command = [
            require_tool(compiler),
            *flags,
            *WARNINGS,
            "-fPIC",
            "-shared",
            str(source),
            "-o",
            str(library),
        ]
        done = subprocess.run([*command, "-lm"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        loaded = ctypes.CDLL(str(library))

        def call(name: str, x: np.ndarray) -> np.ndarray:
            x, y = np.ascontiguousarray(x), np.empty_like(x)
            loaded[f"f_{name}"](*(ctypes.c_void_p(a.ctypes.data) for a in (x, y)), ctypes.c_size_t(x.size))
            return y

        return call

    return prepare


def test_all_are_tried() -> None:
    assert set(NAMES) == ELEMENTARY - {"pow"}


@pytest.mark.parametrize("build", [*BUILDS, "numpy"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_within_what_the_model_takes_them_for(case: Case, build: str, calls: Callable[[str], Call]) -> None:
    off, at = worst(case, calls(build))
    assert off <= 1, f"seed {SEED}: {case.name} is {off} times 2^-{DOUBLE.elementary} off at {at!r}"


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_of_every_size_and_nearest_a_multiple_of_pi(name: str, calls: Callable[[str], Call]) -> None:
    """The binary64 nearest a multiple of pi/2 is 6381956970095103 2^797 (Muller, 2016)."""
    case = next(case for case in CASES if case.name == name)
    generator = np.random.default_rng(SEED)
    sizes = np.ldexp(generator.uniform(-2, 2, 4 * COUNT), generator.integers(-30, 1023, 4 * COUNT))
    turns = (generator.integers(1, 2**53, COUNT) >> generator.integers(0, 52, COUNT)) * (math.pi / 2)
    x = np.concatenate(
        [sizes, turns, [math.ldexp(6381956970095103, 797), 131072.0, np.nextafter(131072.0, 0)]]
    )
    old, ctx.prec = ctx.prec, PRECISION
    try:
        for at, got in zip(x.tolist(), calls("gcc -O2")(name, x).tolist(), strict=True):
            assert error(at, got, case) <= 1, at
    finally:
        ctx.prec = old


@pytest.mark.parametrize("build", ["gcc -O2", "numpy"])
def test_limits_and_what_is_outside(build: str, calls: Callable[[str], Call]) -> None:
    for name in NAMES:
        assert np.isnan(calls(build)(name, np.array([NAN]))).all(), name
    for name, limits in LIMITS.items():
        with np.errstate(over="ignore"):  # of exp(x) the least is exp(-708), the largest exp(709)
            got = calls(build)(name, np.array([0.0, -0.0, INF, -INF])).astype(np.float32)
        assert repr(got.tolist()) == repr(np.array(limits, np.float32).tolist()), name
    for name, ends in ABOVE.items():
        assert calls(build)(name, np.array([0.0, INF])).astype(np.float32).tolist() == list(ends), name
    for name, x in OUTSIDE.items():
        assert np.isnan(calls(build)(name, np.array([x]))).all(), name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("a", "b"),
    [(-0.0, "x"), ("x", 1.5), ("x", "y"), (NAN, "y"), (1.0, 0.0), (-INF, np.float32(0.1))],
    ids=str,
)
def test_numpy_chooses_as_where_does(a: Any, b: Any, dtype: type, calls: Callable[[str], Call]) -> None:
    arrays = {"x": np.array([0.0, -0.0, NAN, INF, -3.5], dtype), "y": np.array([-1e-40, 1, 2, NAN, 0], dtype)}
    a, b = (arrays.get(value, value) if isinstance(value, str) else value for value in (a, b))
    condition = np.array([True, False, False, True, True])
    found, want = calls("numpy")("choice", condition, a, b), np.where(condition, a, b)
    assert (found.dtype, found.tobytes()) == (want.dtype, want.tobytes())


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping | list | tuple):
        for key in value if isinstance(value, Mapping) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, str):
        yield path


def planted(value: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy in which one literal is wrong by 2^-20 of itself."""
    if not path:
        return (float.fromhex(value) * (1 + 2.0**-20)).hex()
    if isinstance(value, Mapping):
        return {k: planted(v, path[1:]) if k == path[0] else v for k, v in value.items()}
    return [planted(v, path[1:]) if i == path[0] else v for i, v in enumerate(value)]


USED = {
    "exp": "exp",
    "expm1": "expm1",
    "ln2": "exp",
    "inverse": "",
    "ends": "",
    "two": "",
    "quarter": "sin",
    "log": "log",
    "erfcx": "erfcx",
    "erf": "erf",
    "sin": "sin",
    "cos": "cos",
    "atan": "atan",
}
"""By the start of a constant's name: a function that it is in. Where a reduction ends may be a little off."""

LEADING = [
    path
    for path in leaves(polynomials.runtime_constants()["binary64"])
    if (path[-1] == 0 or len(path) == 1) and USED[path[0].split("_")[0]] and not path[0].endswith("_end")
]


@pytest.mark.parametrize("path", LEADING, ids=str)
def test_a_wrong_constant_is_found(path: tuple[Any, ...], tmp_path: Path) -> None:
    runtime = dict(polynomials.runtime_constants())
    runtime["binary64"] = planted(runtime["binary64"], path)
    case = next(c for c in CASES if c.name == USED[path[0].split("_")[0]])
    off, _ = worst(case, module(render(tmp_path, runtime)))
    assert off > 1
