"""The functions of binary64 that float32 is computed with: in C and in NumPy, against ball arithmetic."""

import ctypes
import importlib
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from symact import polynomials
from symact.arithmetics import DOUBLE
from symact.arithmetics import SHORT as SHORT_MODEL
from symact.emission import templates
from symact.formats import BINARY64
from symact.targets.c_notations import SHORT

SEED, COUNT, PRECISION = 20_261_125, 1_500, 200
PACKAGE = "symact_functions_for_a_test"
FILES = {
    "symact_dd.h": "c/symact_dd.h.jinja",
    "symact_functions.h": "c/symact_functions.h.jinja",
    "symact_fast.h": "c/symact_fast.h.jinja",
    "symact_powers.h": "c/symact_powers.h.jinja",
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

Call = Callable[[str, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A function, its truth, the error promised in ulp, and from where to where it is tried."""

    name: str
    truth: Callable[[arb], arb]
    ulp: float
    ranges: tuple[tuple[float, float], ...]


SMALL = ((-1.0, 1.0), (-1e-3, 1e-3), (-1e-9, 1e-9))
CASES = (
    Case("exp", lambda x: x.exp(), 1, ((-708.0, 709.7), (-20.0, 20.0), *SMALL)),
    Case("expm1", lambda x: x.expm1(), 1, ((-40.0, 709.7), (-2.0, 2.0), *SMALL)),
    Case("log", lambda x: x.log(), 1, ((0.0, 1e308), (0.0, 10.0), (0.5, 2.0), (0.99, 1.01), (0.0, 1e-300))),
    Case("log1p", lambda x: x.log1p(), 1, ((0.0, 1e308), (-1.0, 20.0), (-1.0, -0.999), *SMALL)),
    Case("erf", lambda x: x.erf(), 1, ((-6.5, 6.5), (0.4, 0.6), *SMALL)),
    Case("tanh", lambda x: x.tanh(), 2.5, ((-25.0, 25.0), *SMALL)),
    Case("sinh", lambda x: x.sinh(), 2.5, ((-710.0, 710.0), (-40.0, 40.0), *SMALL)),
    Case("cosh", lambda x: x.cosh(), 2.5, ((-710.0, 710.0), (-40.0, 40.0), *SMALL)),
    Case("erfcx", lambda x: (x * x).exp() * x.erfc(), 32, ((-26.0, 1e3), (-1.0, 1.0), (0.0, 20.0))),
    Case("erfc", lambda x: x.erfc(), 0.51, ((-6.0, 26.0), *SMALL)),
    Case(
        "sin", lambda x: x.sin(), 1, ((-8e307, 8e307), (-1e20, 1e20), (-1.5e5, 1.5e5), (-10.0, 10.0), *SMALL)
    ),
    Case(
        "cos", lambda x: x.cos(), 1, ((-8e307, 8e307), (-1e20, 1e20), (-1.5e5, 1.5e5), (-10.0, 10.0), *SMALL)
    ),
    Case(
        "tan",
        lambda x: x.tan(),
        2.5,
        ((-8e307, 8e307), (-1e20, 1e20), (-1.5e5, 1.5e5), (-10.0, 10.0), *SMALL),
    ),
    Case("asin", lambda x: x.asin(), 0.51, SMALL),
    Case("acos", lambda x: x.acos(), 0.51, SMALL),
    Case("atan", lambda x: x.atan(), 1, ((-1e9, 1e9), (-10.0, 10.0), *SMALL)),
    Case("asinh", lambda x: x.asinh(), 2.5, ((-1e9, 1e9), (-10.0, 10.0), *SMALL)),
    Case("acosh", lambda x: x.acosh(), 0.51, ((1.0, 1e9), (1.0, 1.01))),
    Case("atanh", lambda x: x.atanh(), 0.51, SMALL),
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


def ulp(value: float) -> arb:
    return arb(math.ulp(value))


def worst(case: Case, call: Call, unit: Callable[[float], arb] = ulp) -> tuple[float, float]:
    """Return the largest error in ulp, or in another unit, and where."""
    x = points(case)
    old, ctx.prec = ctx.prec, PRECISION
    try:
        got = call(case.name, x).tolist()
        return max((error(z, g, case, unit), z) for z, g in zip(x.tolist(), got, strict=True))
    finally:
        ctx.prec = old


def error(x: float, got: float, case: Case, unit: Callable[[float], arb]) -> float:
    truth = case.truth(arb(x))
    if not truth.is_finite():
        return 0.0
    near = float(truth.mid())
    if near == 0 or abs(near) < 2.0**-1021:
        return 0.0
    return float((abs(arb(got) - truth) / unit(near)).mid())


def render(folder: Path, runtime: Mapping[str, Any]) -> Path:
    package = folder / PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, template in FILES.items():
        header = ("generated by symact", "for a test")
        context = {"header": header} | ({} if name == "symact_powers.h" else {"runtime": runtime})
        (package / name).write_text(templates().render(template, context))
    return package


def module(package: Path) -> Call:
    sys.path.insert(0, str(package.parent))
    try:
        for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
            del sys.modules[name]
        loaded = importlib.import_module(f"{PACKAGE}._functions")
    finally:
        sys.path.remove(str(package.parent))

    def call(name: str, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(getattr(loaded, name)(x))

    return call


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("functions"), polynomials.runtime_constants())


@pytest.fixture(scope="module")
def calls(package: Path, require_tool: Callable[[str], str]) -> Callable[[str], Call]:
    """Return a function from a build's name to calls in it: compiled at its first use."""
    return compiled(package, "symact_functions.h", "symact_f64_", NAMES, require_tool)


@pytest.fixture(scope="module")
def short_calls(package: Path, require_tool: Callable[[str], str]) -> Callable[[str], Call]:
    """Return the same for the functions of the fast grade."""
    return compiled(package, "symact_fast.h", "symact_fast_", sorted(SHORT), require_tool)


def compiled(
    package: Path, header: str, prefix: str, names: Sequence[str], require_tool: Callable[[str], str]
) -> Callable[[str], Call]:
    lines = [
        "#include <stddef.h>",
        f'#include "{header}"',
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
    ]
    for name in names:
        declared = f"void f_{name}(const double *x, double *y, size_t n)"
        lines.append(
            f"{declared};\n{declared} {{ for (size_t i = 0; i < n; ++i) y[i] = {prefix}{name}(x[i]); }}"
        )
    lines += ["#ifdef __cplusplus", "}", "#endif"]
    source = package / f"{prefix}shim.c"
    source.write_text("\n".join(lines) + "\n")

    @cache
    def prepare(build: str) -> Call:
        if build == "numpy":
            return module(package)
        compiler, *flags = BUILDS[build]
        library = package / f"{prefix}{list(BUILDS).index(build)}.so"
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_within_the_error_that_is_promised(case: Case, calls: Callable[[str], Call]) -> None:
    off, at = worst(case, calls("gcc -O2"))
    assert off <= case.ulp, f"seed {SEED}: {case.name} is {off:.3f} ulp off at {at!r}"


@pytest.mark.parametrize("case", [c for c in CASES if c.name != "erfcx"], ids=lambda case: case.name)
def test_within_what_the_model_of_the_arithmetic_takes_them_for(
    case: Case, calls: Callable[[str], Call]
) -> None:
    off, at = worst(case, calls("gcc -O2"), lambda value: arb(abs(value)) * arb(2) ** -DOUBLE.elementary)
    assert off <= 1, f"seed {SEED}: {case.name} at {at!r}"


@pytest.mark.parametrize("build", ["gcc -O2", "gcc -O3 native, contracted"])
@pytest.mark.parametrize("name", sorted(SHORT))
def test_short_functions_are_within_what_the_model_takes_them_for(
    name: str, build: str, short_calls: Callable[[str], Call]
) -> None:
    """Where exp is less than 2^-1021 it may be 0, and infinite from exp(709) on."""
    of, _, half = name.partition("_")
    case = replace(next(case for case in CASES if case.name == of), name=name)
    low, high = {"below": (-707.0, 0.0), "above": (0.0, 1e30)}.get(half, (-707.0, 1e30))
    top = 709.0 if "exp" in of else high
    ranges = tuple((max(a, low), min(b, high, top)) for a, b in case.ranges if a < high and b > low)
    case = replace(case, ranges=ranges)
    off, at = worst(
        case, short_calls(build), lambda value: arb(abs(value)) * arb(2) ** -SHORT_MODEL.elementary
    )
    assert off <= 1, f"seed {SEED}: {name} is {off} times 2^-{SHORT_MODEL.elementary} off at {at!r}"


def test_short_functions_have_the_limits_of_the_others(short_calls: Callable[[str], Call]) -> None:
    for name in sorted(SHORT - {"exp_below", "expm1_below", "erfcx_above"}):
        with np.errstate(over="ignore"):
            got = short_calls("gcc -O2")(name, np.array([0.0, -0.0, INF, -INF])).astype(np.float32)
        assert repr(got.tolist()) == repr(list(LIMITS[name])), name
        assert np.isnan(short_calls("gcc -O2")(name, np.array([NAN]))).all(), name


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
            assert error(at, got, case, ulp) <= case.ulp, at
    finally:
        ctx.prec = old


@pytest.mark.parametrize("build", [*BUILDS, "numpy"])
def test_the_same_bits_everywhere(build: str, calls: Callable[[str], Call]) -> None:
    special = np.array([*BINARY64.boundaries, NAN, -1e300, 1e300, 710.5, -746.0, -0.5, 27.5, 5e-324, -3e-310])
    for case in CASES:
        x = np.concatenate([points(case), special])
        one, other = calls(build)(case.name, x), calls("gcc -O2")(case.name, x)
        different = (one.view(np.int64) != other.view(np.int64)) & ~(np.isnan(one) & np.isnan(other))
        assert not different.any(), f"{case.name} at {x[different][0]!r}"


@pytest.mark.parametrize("build", ["gcc -O2", "numpy"])
def test_limits_and_what_is_outside(build: str, calls: Callable[[str], Call]) -> None:
    for name in NAMES:
        assert np.isnan(calls(build)(name, np.array([NAN]))).all(), name
    for name, limits in LIMITS.items():
        got = calls(build)(name, np.array([0.0, -0.0, INF, -INF]))
        got = np.where(np.abs(got) < 1e-320, got.astype(np.float32), got)  # of exp(x) the least is exp(-740)
        assert repr(got.tolist()) == repr(list(limits)), name
    for name, x in OUTSIDE.items():
        assert np.isnan(calls(build)(name, np.array([x]))).all(), name


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
    "ln2": "exp",
    "inverse": "",
    "ends": "",
    "two": "",
    "quarter": "sin",
    "log": "log",
    "erf": "erf",
    "sin": "sin",
    "cos": "cos",
    "atan": "atan",
}
"""By the start of a constant's name: a function that it is in. Ends, and ln2, may be a little off."""

CELLS = (4, 20, 47)
LEADING = [
    path
    for path in leaves(polynomials.runtime_constants()["binary64"])
    if path[-1] == 0
    and USED[path[0].split("_")[0]]
    and (len(path) < 3 or path[1] in CELLS or path[0] == "atan_middles")
]


@pytest.mark.parametrize("path", LEADING, ids=str)
def test_a_wrong_constant_is_found(path: tuple[Any, ...], tmp_path: Path) -> None:
    runtime = dict(polynomials.runtime_constants())
    runtime["binary64"] = planted(runtime["binary64"], path)
    case = next(c for c in CASES if c.name == USED[path[0].split("_")[0]])
    off, _ = worst(case, module(render(tmp_path, runtime)))
    assert off > case.ulp
