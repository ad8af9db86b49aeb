"""float16 and bfloat16 in C: the conversions on every pattern, the verdict on every input, faults planted."""

import ctypes
import math
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from symact import accuracy
from symact.accuracy import Task
from symact.catalogue import activations
from symact.errors import NotSupported
from symact.formats import FORMATS, Format
from symact.oracles import Oracle, truths
from symact.sweeps import verify_activation
from symact.sweeps.halves import inputs, questions
from symact.targets import c

GENERATED = Path(__file__).parent.parent / "generated" / "c"
HEADERS = sorted(file.name for file in GENERATED.glob("*.h"))
DTYPES = {fmt.dtype: suffix[1:] for suffix, fmt in c.HALVES.items()}
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")

CONVERSIONS = """
#include "symact_halves.h"
#define EACH(name, from, to, call) \\
    void name(const from *x, to *y, size_t n) { for (size_t i = 0; i < n; ++i) { y[i] = call(x[i]); } }
EACH(widen_f16, uint16_t, double, symact_double_of_f16)
EACH(widen_bf16, uint16_t, double, symact_double_of_bf16)
EACH(narrow_f16, double, uint16_t, symact_f16_of_double)
EACH(narrow_bf16, double, uint16_t, symact_bf16_of_double)
static double sticky(const double x[2]) { return symact_dd_sticky(symact_dd_make(x[0], x[1])); }
void stick(const double (*x)[2], double *y, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        y[i] = sticky(x[i]);
    }
}
"""

Convert = Callable[[str, np.ndarray], np.ndarray]


@pytest.fixture(scope="module", params=["gcc", "clang"])
def convert(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    require_tool: Callable[[str], str],
) -> Convert:
    """Return a function that calls one of `CONVERSIONS` on an array, by each compiler."""
    place = tmp_path_factory.mktemp("conversions")
    (place / "conversions.c").write_text(CONVERSIONS)
    command = [require_tool(request.param), "-O2", "-shared", "-fPIC", *STRICT, f"-I{GENERATED}"]
    subprocess.run([*command, str(place / "conversions.c"), "-o", str(place / "it.so"), "-lm"], check=True)
    library = ctypes.CDLL(str(place / "it.so"))

    def run(name: str, x: np.ndarray) -> np.ndarray:
        result = np.empty(len(x), np.uint16 if name.startswith("narrow") else np.float64)
        getattr(library, name)(
            ctypes.c_void_p(np.ascontiguousarray(x).ctypes.data),
            ctypes.c_void_p(result.ctypes.data),
            ctypes.c_size_t(len(x)),
        )
        return result

    return run


PATTERNS = np.arange(2**16, dtype=np.uint16)


def widened(dtype: str) -> np.ndarray:
    """Return every pattern's value as NumPy has it: bfloat16 is the upper half of a float32."""
    with np.errstate(invalid="ignore"):
        if dtype == "float16":
            return PATTERNS.view(np.float16).astype(np.float64)
        return (PATTERNS.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_pattern_is_widened(dtype: str, convert: Convert) -> None:
    found, want = convert(f"widen_{DTYPES[dtype]}", PATTERNS), widened(dtype)
    number = ~np.isnan(want)
    assert (found.view(np.uint64) == want.view(np.uint64))[number].all()
    stored = FORMATS[dtype].precision - 1
    payload = PATTERNS[~number].astype(np.uint64) & (2**stored - 1) | 2 ** (stored - 1)  # quiet
    sign = PATTERNS[~number].astype(np.uint64) >> 15 << 63
    bits = sign | 0x7FF << 52 | payload << (52 - stored)
    assert (found.view(np.uint64)[~number] == bits).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_pattern_comes_back(dtype: str, convert: Convert) -> None:
    back = convert(f"narrow_{DTYPES[dtype]}", convert(f"widen_{DTYPES[dtype]}", PATTERNS))
    quiet = np.where(np.isnan(widened(dtype)), 2 ** (FORMATS[dtype].precision - 2), 0)
    assert (back == PATTERNS | quiet.astype(np.uint16)).all()


def nearest(x: np.ndarray, fmt: Format) -> np.ndarray:
    """Return patterns by definition: of two neighbours the nearer, else the even one. Middles are exact."""
    values = np.array([fmt.value(k) for k in range(fmt.pattern(math.inf))] + [2.0 ** (fmt.emax + 1)])
    middles = (values[:-1] + values[1:]) / 2
    size = np.abs(x)
    below = np.searchsorted(middles, size, side="left")  # on a middle: the lower
    tie = np.isin(size, middles)
    magnitude = np.where(tie & (below % 2 == 1), below + 1, below)
    return (magnitude + np.where(np.signbit(x), 2**15, 0)).astype(np.uint16)


def doubles(fmt: Format) -> np.ndarray:
    """Return values and middles with their neighbours, what is beyond and what is tiny, random ones."""
    values = np.array([fmt.value(k) for k in range(fmt.pattern(math.inf))] + [2.0 ** (fmt.emax + 1)])
    exact = np.concatenate([values, (values[:-1] + values[1:]) / 2])
    source = np.random.default_rng(5)
    tiny = [2.0**-1074, 2.0**-1022, 2.0**-1000, fmt.smallest_subnormal / 4]
    rest = np.concatenate([np.ldexp(source.uniform(1, 2, 20000), source.integers(-160, 160, 20000)), tiny])
    found = np.concatenate(
        [exact, np.nextafter(exact, 0), np.nextafter(exact, np.inf), rest, [1e300, np.inf]]
    )
    return np.concatenate([found, -found])


@pytest.mark.parametrize("dtype", DTYPES)
def test_doubles_are_rounded_once(dtype: str, convert: Convert) -> None:
    """At ties, beside them, at the ends of subnormals, at the overflow threshold."""
    fmt = FORMATS[dtype]
    x = doubles(fmt)
    found = convert(f"narrow_{DTYPES[dtype]}", x)
    assert (found == nearest(x, fmt)).all()
    if dtype == "float16":
        with np.errstate(over="ignore"):
            assert (found == x.astype(np.float16).view(np.uint16)).all()
    for value, pattern in zip(x[::501].tolist(), found[::501].tolist(), strict=True):
        rounded = fmt.round(Fraction(value)) if math.isfinite(value) else value
        assert fmt.pattern(math.copysign(rounded, value)) == pattern


def test_a_payload_that_does_not_fit_is_cut(convert: Convert) -> None:
    """What is left of it may be nothing: NaN stays one."""
    signalling = np.array([0x7FF0000000000001, 0xFFF0000000000001, 0x7FFC000000000000], np.uint64).view(
        np.float64
    )
    assert convert("narrow_f16", signalling).tolist() == [0x7E00, 0xFE00, 0x7F00]
    assert convert("narrow_bf16", signalling).tolist() == [0x7FC0, 0xFFC0, 0x7FE0]


def test_what_a_double_double_has_beyond_a_tie_counts(convert: Convert) -> None:
    """1 + 2^-11 is half way between two of float16; a binary64 beside it is not, and stays beside it."""
    tie, tiny = 1 + 2.0**-11, 2.0**-80
    beside = np.nextafter(tie, 1)
    pairs = np.array(
        [[tie, 0.0], [tie, tiny], [tie, -tiny], [beside, tiny], [-tie, tiny], [-tie, -tiny], [np.inf, 0.0]]
    )
    found = convert("narrow_f16", convert("stick", pairs))
    assert [hex(p) for p in found] == ["0x3c00", "0x3c01", "0x3c00", "0x3c00", "0xbc00", "0xbc01", "0x7c00"]


# Functions on arrays.

FEW = ("elu", "square", "star_relu")
"""With parameters and without, an output form, a kernel in double-double."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("halves"), FEW)


def planted(place: Path, names: tuple[str, ...], before: str = "", after: str = "") -> Path:
    """Return a folder with some generated C, built, one text changed wherever it is."""
    (place / "c").mkdir()
    changed = not before
    for file in (*HEADERS, *(f"{name}{end}.c" for name in names for end in ("", ".f32"))):
        text = (GENERATED / file).read_text("utf-8")
        changed = changed or before in text
        (place / "c" / file).write_text(text.replace(before, after) if before else text, "utf-8")
    assert changed, before
    accuracy.prepare(place, ("c",))
    return place


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FEW)
def test_every_input_is_judged(name: str, dtype: str, folder: Path) -> None:
    results = verify_activation(Task(activations()[name], folder, ("c",), (dtype,)))
    assert {r.function for r in results} >= {"forward", "derivative", "vjp"}
    for result in results:
        assert result.holds, result
        assert (result.target, result.dtype, result.bound_ulp) == ("c", dtype, 0.5)
    forward = next(r for r in results if r.function == "forward")
    assert forward.points >= len(inputs(FORMATS[dtype])) >= 2**16 - 2**11


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", ["forward", "vjp"])
@pytest.mark.parametrize("name", FEW)
def test_lengths_and_places(name: str, function: str, dtype: str, folder: Path) -> None:
    """Lengths 0 to 67, in place of each argument, and alone: the same bits."""
    call = accuracy.loaded(folder, "c", activations()[name], function, dtype)
    alone = accuracy.alone(folder, "c", activations()[name], function, dtype)
    question = next(q for q in questions(activations()[name], dtype) if q.function == function)
    result = accuracy.placed(accuracy.ask(question, call, "c", alone), question, call, every=True)
    assert result.misplaced == 0


FAULTS = {  # what is changed, the function that shows it, what of the results is wrong then
    "a tie goes up": ("- 1 + odd) >> shift", ") >> shift", "square", "wrong_tie"),
    "a tie goes to the odd one": ("- 1 + odd) >> shift", "- odd) >> shift", "square", "wrong_tie"),
    "what is left is cut": ("+ ((uint64_t)1 << (shift - 1)) - 1 + odd)", "+ 0 * odd)", "square", "max_ulp"),
    "rounded to float32 before": (
        "= symact_f64_bits(x);\n    const uint64_t sign",
        "= symact_f64_bits((double)(float)x);\n    const uint64_t sign",
        "sigmoid",
        "max_ulp",
    ),
    "subnormals are flushed": (
        "if (magnitude > infinity) {",
        "magnitude = below ? 0 : magnitude;\n    if (magnitude > infinity) {",
        "square",
        "max_ulp",
    ),
    "subnormals are widened to 0": ("((double)magnitude *", "(0.0 *", "hardtanh", "max_ulp"),
    "what overflows stays finite": (
        "    if (magnitude > infinity) {\n        magnitude = infinity;",
        "    if (magnitude >= infinity) {\n        magnitude = infinity - 1;",
        "square",
        "wrong_inf",
    ),
    "the sign is lost": ("(sign | magnitude)", "(magnitude | (sign & 0))", "hardtanh", "max_ulp"),
    "NaN becomes an infinity": ("&& fraction != 0) {", "&& fraction == 1) {", "square", "wrong_nan"),
    "the last element is left out": (
        "symact_i < symact_n;",
        "symact_i + 1 < symact_n;",
        "hardtanh",
        "misplaced",
    ),
    "flags stay raised": ("symact_settle(symact_before", "(void)(symact_before", "sigmoid", "spurious_flags"),
    "g_bar is forgotten": ("symact_y * ", "0 * symact_y + ", "hardtanh", "max_ulp"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    before, after, name, wrong = FAULTS[fault]
    place = planted(tmp_path, (name,), before, after)
    results = [
        result
        for dtype in DTYPES
        for result in verify_activation(Task(activations()[name], place, ("c",), (dtype,)))
    ]
    limit = 0.5 if wrong == "max_ulp" else 0
    assert any(getattr(result, wrong) > limit for result in results)
    assert not all(result.holds for result in results)


@pytest.mark.parametrize(
    ("name", "z", "flags"), [("square", 1000.0, 4), ("square", 2.0, 0), ("square", math.inf, 0)]
)
def test_an_overflow_is_raised(name: str, z: float, flags: int, folder: Path) -> None:
    """Of the rounding, which no hardware does."""
    alone = accuracy.alone(folder, "c", activations()[name], "forward", "float16")
    assert alone is not None
    assert alone(np.array([z], np.float16))[1].tolist() == [flags]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gelu", "hardswish", "sine", "logarithm"])
def test_the_truth_is_the_oracles(name: str, dtype: str) -> None:
    """Polynomials and programs give what arbitrary precision gives, at every 83rd point and at the ends."""
    fmt = FORMATS[dtype]
    for question in questions(activations()[name], dtype):
        if question.g_bar is not None or question.function not in ("forward", "derivative"):
            continue
        setting = {key: Fraction(value) for key, value in question.parameters.items()}
        oracle = Oracle(activations()[name], setting, fmt)
        chosen = [*range(0, question.points.size, 83), question.points.size - 2, question.points.size - 1]
        points = question.points[chosen].tolist()
        values = (
            oracle.forward_many(points) if question.function == "forward" else oracle.derivative_many(points)
        )
        want, ours = truths(values, fmt), question.truths
        apart = np.abs(np.abs(want.residual) - 0.5) > 2.0**-20
        same = (ours.anchor[chosen] == want.anchor) | (np.isnan(ours.anchor[chosen]) & np.isnan(want.anchor))
        assert same[apart].all()
        assert (np.abs(ours.residual[chosen] - want.residual)[apart] < 2.0**-16).all()


@pytest.mark.parametrize(("name", "dtype"), [("bent_identity", "float16"), ("sqrt_softplus", "bfloat16")])
def test_truths_at_the_ends_are_silent(name: str, dtype: str, recwarn: pytest.WarningsRecorder) -> None:
    """A tie at infinity, where z is no fraction, and a product whose bound is infinite."""
    for question in questions(activations()[name], dtype):
        assert question.truths.decided.all()
    assert not recwarn.list


def test_what_a_target_has_not_is_skipped_or_said(folder: Path) -> None:
    square = activations()["square"]
    found = verify_activation(Task(square, folder, ("c",)))
    assert {result.dtype for result in found} == {"float16", "bfloat16", "float32", "float64"}
    assert not any(r.function == "second_derivative" for r in found if r.dtype in DTYPES)
    with pytest.raises(NotSupported, match="bfloat16: none of numpy"):
        verify_activation(Task(square, GENERATED.parent, ("numpy",), ("bfloat16",)))


@pytest.mark.parametrize("tool", ["gcc", "clang"])
def test_no_compiler_warns(tool: str, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    for name in (*FEW, "snake"):
        command = [require_tool(tool), *STRICT, "-fsyntax-only", str(GENERATED / f"{name}.c")]
        subprocess.run(command, check=True)
    if tool == "gcc" and shutil.which("c++"):  # hex floats came with C++17, and symact.h has none
        for header, standard in (("symact.h", "c++11"), ("symact_halves.h", "c++17")):
            (tmp_path / "it.cpp").write_text(f'#include "{header}"\n')
            flags = (f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{GENERATED}")
            subprocess.run(["c++", *flags, "-fsyntax-only", str(tmp_path / "it.cpp")], check=True)
