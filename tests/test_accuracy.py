"""verify: a good function passes, and every fault that is planted is found."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from symact.accuracy import Form, Question, Task, ask, judge, placed, questions, targets, verify_activation
from symact.accuracy.flags import unfounded
from symact.accuracy.judgements import merge
from symact.accuracy.placements import misplaced
from symact.accuracy.points import STRIDE, WIDE_STRIDE, cotangents, inputs, seams
from symact.activations import G
from symact.catalogue import activations
from symact.errors import NotSupported, UnknownName
from symact.formats import BINARY32, BINARY64
from symact.oracles import Oracle, truths
from symact.targets import c

Function = Callable[..., np.ndarray]

FORMS = {"sigmoid": Form(G * (1 - G)), "tanh": Form(1 - G**2)}


@cache
def everything(name: str, dtype: str) -> tuple[Question, ...]:
    return tuple(questions(activations()[name], dtype, FORMS.get(name)))


def asked(name: str, dtype: str, function: str) -> list[Question]:
    return [question for question in everything(name, dtype) if question.function == function]


def verdict(name: str, dtype: str, function: str, call: Function):
    return merge([ask(question, call, "planted") for question in asked(name, dtype, function)])


def in_double(function: Function) -> Function:
    """Compute in binary64 (binary80 for binary64) and round once, silently."""

    def run(*arrays: np.ndarray, **parameters: float) -> np.ndarray:
        wide = np.longdouble if arrays[0].dtype == np.float64 else np.float64
        with np.errstate(all="ignore"):
            return np.asarray(function(*(a.astype(wide) for a in arrays), **parameters)).astype(
                arrays[0].dtype
            )

    return run


def sigmoid(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))
    return np.where(np.isnan(z), z, np.where(z < 0, e, 1.0) / (1 + e))


def sigmoid_derivative(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


def silu_derivative(z: np.ndarray) -> np.ndarray:
    """The textbook's form, which cancels at its root, with the limits."""
    s = sigmoid(z)
    return np.where(np.isinf(z), z > 0, s * (1 + z * sigmoid(-z)))


GOOD: list[tuple[str, str, Function]] = [
    ("sigmoid", "forward", sigmoid),
    ("sigmoid", "derivative", sigmoid_derivative),
    ("sigmoid", "vjp", lambda z, g_bar: g_bar * sigmoid_derivative(z)),
    ("sigmoid", "derivative_from_output", lambda g: g * (1 - g)),
    ("sigmoid", "vjp_from_output", lambda g, g_bar: g_bar * (g * (1 - g))),
    ("tanh", "forward", np.tanh),
    ("tanh", "derivative_from_output", lambda g: (1 - g) * (1 + g)),
    ("leaky_relu", "forward", lambda z, negative_slope: np.where(z > 0, z, negative_slope * z)),
    (
        "leaky_relu",
        "derivative",
        lambda z, negative_slope: np.where(np.isnan(z), z, np.where(z > 0, 1.0, negative_slope)),
    ),
    ("exponential", "forward", np.exp),
    ("square", "forward", np.square),
    ("reciprocal", "forward", lambda z: 1 / z),
    ("logarithm", "forward", np.log),
    ("sine", "forward", lambda z, omega: np.sin(omega * z)),
]
SINGLE_ONLY = ("sine",)
"""omega z in binary80 is not exact, and large arguments show it in float64."""


@pytest.mark.parametrize(
    ("name", "function", "call", "dtype"),
    [
        (*row, dtype)
        for row in GOOD
        for dtype in ("float32", "float64")
        if dtype == "float32" or row[0] not in SINGLE_ONLY
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_good_functions_hold(name: str, function: str, call: Function, dtype: str) -> None:
    result = verdict(name, dtype, function, in_double(call))
    assert result.holds, result
    assert result.max_ulp <= 1.0
    assert result.undecided == 0


def up(values: np.ndarray) -> np.ndarray:
    return np.nextafter(values, values.dtype.type(np.inf))


def nudge(call: Function, chosen: Callable[[np.ndarray], np.ndarray], ulps: int) -> Function:
    """Move the result by some ulp where an input is chosen."""

    def run(z: np.ndarray, **parameters: float) -> np.ndarray:
        result = call(z, **parameters)
        for _ in range(ulps):
            result = np.where(chosen(z), np.nextafter(result, result.dtype.type(2)), result)
        return result

    return run


LAST_SUBNORMAL = np.float32(-150 * math.log(2))  # the first float of which exp rounds to 2^-149
if math.exp(float(LAST_SUBNORMAL)) <= 2.0**-150:
    LAST_SUBNORMAL = np.nextafter(LAST_SUBNORMAL, np.float32(0))

PLANTED: dict[str, tuple[str, str, Function, Callable]] = {
    "two ulp off on odd patterns": (
        "sigmoid",
        "forward",
        nudge(in_double(sigmoid), lambda z: z.view(np.uint32) % 2 == 1, 2),
        lambda r: 1.5 <= r.max_ulp <= 4.5 and not r.wrong_nan,
    ),
    "two ulp off beside 8 only": (
        "sigmoid",
        "forward",
        nudge(in_double(sigmoid), lambda z: z == np.nextafter(np.float32(8), np.float32(9)), 2),
        lambda r: r.max_ulp > 1 and r.at == "0x1.000002p+3",
    ),
    "NaN swallowed": (
        "tanh",
        "forward",
        in_double(lambda z: np.nan_to_num(np.tanh(z))),
        lambda r: r.wrong_nan == 1 and r.max_ulp <= 1 and r.faults[0].startswith("nan -> 0x0p+0"),
    ),
    "NaN at -inf": (
        "silu",
        "forward",
        in_double(lambda z: z * sigmoid(z)),
        lambda r: r.wrong_nan == 1 and r.faults[0].startswith("-inf -> nan"),
    ),
    "overflow where the truth is finite": (
        "softplus",
        "forward",
        lambda z, beta: (
            np.log(1 + np.exp(np.clip(np.float32(beta) * z, None, np.float32(90)))) / beta
        ).astype(np.float32),
        lambda r: r.wrong_inf > 0 and r.warnings > 0,
    ),
    "finite where the truth overflows": (
        "exponential",
        "forward",
        in_double(lambda z: np.minimum(np.exp(z), float(np.finfo(np.float32).max))),
        lambda r: r.wrong_inf > 0,
    ),
    "the wrong infinity": (
        "square",
        "derivative",
        in_double(lambda z: np.abs(2 * z)),
        lambda r: r.wrong_inf > 0 and r.max_ulp > 1e6,
    ),
    "-0.0 lost": (
        "tanh",
        "forward",
        in_double(lambda z: np.tanh(z) + 0.0),
        lambda r: r.wrong_signed_zero == 1 and r.max_ulp <= 1,
    ),
    "-0.0 lost where f is not odd": (
        "silu",
        "forward",
        in_double(lambda z: np.where(np.isneginf(z), 0.0, z * sigmoid(z)) + 0.0),
        lambda r: r.wrong_signed_zero == 1 and r.max_ulp <= 1,
    ),
    "-0.0 instead of 0.0": (
        "sigmoid",
        "second_derivative",
        in_double(lambda z: sigmoid_derivative(z) * (np.tanh(np.abs(z) / 2) * np.where(z < 0, 1, -1))),
        lambda r: r.wrong_signed_zero == 1 and r.max_ulp <= 1,
    ),
    "g (1 - g) of a rounded g": (
        "sigmoid",
        "derivative",
        lambda z: (g := in_double(sigmoid)(z)) * (1 - g),
        lambda r: r.max_ulp > 1e5 and float.fromhex(r.at) > 7,
    ),
    "a root's digits lost": (
        "silu",
        "derivative",
        lambda z: silu_derivative(z.astype(np.float32)).astype(np.float32),
        lambda r: r.max_ulp > 1e4 and r.bound == "relative",
    ),
    "a subnormal flushed": (
        "exponential",
        "forward",
        in_double(lambda z: np.where(z < -88, 0.0, np.exp(z)) * np.where(np.isnan(z), z, 1)),
        lambda r: r.max_ulp > 1e3,
    ),
    "a subnormal that is 0 a float early": (
        "exponential",
        "forward",
        in_double(lambda z: np.where(z <= LAST_SUBNORMAL, 0.0, np.exp(z))),
        lambda r: r.max_ulp < 1 and r.wrong_threshold == 1,
    ),
    "normal where the truth is subnormal": (
        "exponential",
        "forward",
        in_double(lambda z: np.where(z < -80, np.maximum(np.exp(z), 2.0**-126 * (z > -87.34)), np.exp(z))),
        lambda r: r.wrong_threshold > 0,
    ),
    "a derivative of the wrong sign": (
        "sigmoid",
        "derivative",
        in_double(lambda z: np.where(np.abs(z) > 103.9, -(2.0**-149), sigmoid_derivative(z))),
        lambda r: r.out_of_range > 0,
    ),
    "a sum that is even but for a bit": (
        "sigmoid",
        "derivative",
        in_double(lambda z: sigmoid_derivative(z) * np.where(z < -1, 1 - 2e-8, 1)),
        lambda r: r.asymmetric > 0 and r.max_ulp <= 1,
    ),
    "a kink's convention": (
        "relu",
        "derivative",
        in_double(lambda z: np.where(np.isnan(z), z, z >= 0)),
        lambda r: r.max_ulp > 1 and r.at in ("0x0p+0", "-0x0p+0"),
    ),
    "a warning": (
        "logarithm",
        "forward",
        lambda z: np.log(z.astype(np.float64)).astype(np.float32),
        lambda r: r.warnings > 0 and r.max_ulp <= 1,
    ),
    "a sign that differs by a bit": (
        "tanh",
        "forward",
        in_double(lambda z: np.where(z < -1, np.tanh(z) * (1 - 2e-8), np.tanh(z))),
        lambda r: r.asymmetric > 0 and r.max_ulp <= 1 and not r.not_monotone,
    ),
    "an even derivative that is not": (
        "softsign",
        "derivative",
        in_double(lambda z: 1 / (1 + np.abs(z)) ** 2 * np.where(z < -1, 1 - 2e-8, 1)),
        lambda r: r.asymmetric > 0 and r.max_ulp <= 1,
    ),
    "beyond the range by an ulp": (
        "sigmoid",
        "forward",
        in_double(lambda z: np.where(z > 80, np.float64(np.nextafter(np.float32(1), 2)), sigmoid(z))),
        lambda r: r.out_of_range > 0,
    ),
    "a step down": (
        "sigmoid",
        "forward",
        in_double(lambda z: sigmoid(z) * np.where(z >= 0.5, 1 - 2e-8, 1 + 2e-8)),
        lambda r: r.not_monotone == 1 and r.max_ulp <= 1,
    ),
    "a parameter ignored": (
        "elu",
        "forward",
        in_double(lambda z, alpha: np.where(z > 0, z, np.expm1(z))),
        lambda r: r.max_ulp > 1 and r.parameters["alpha"] != 1,
    ),
    "a cotangent in float32 steps": (
        "sigmoid",
        "vjp",
        lambda z, g_bar: (g_bar * in_double(sigmoid)(z)) * (1 - in_double(sigmoid)(z)),
        lambda r: r.max_ulp > 1.5 and r.g_bar is not None,
    ),
    "a VJP two ulp up": (
        "sigmoid",
        "vjp",
        lambda z, g_bar: up(up(in_double(lambda z, g_bar: g_bar * sigmoid_derivative(z))(z, g_bar))),
        lambda r: 1.5 < r.max_ulp < 5.5,
    ),
}


def test_thresholds_lie_between_adjacent_floats() -> None:
    """z**2 is infinite from sqrt(2**128 - 2**103) on, subnormal below 2**-63, and 0 to sqrt(2**-150)."""
    (question,) = asked("square", "float32", "forward")
    beside = np.abs(question.points[question.beside])
    for threshold in (math.sqrt(2.0**128 - 2.0**103), 2.0**-63 * (1 - 2.0**-24), 2.0**-75):
        below = np.float32(threshold)
        below = below if float(below) <= threshold else np.nextafter(below, np.float32(0))
        assert {float(below), float(np.nextafter(below, np.float32(np.inf)))} <= set(beside.tolist())
    assert beside.size <= 14


def test_a_square_that_overflows_before_its_product_is_found() -> None:
    """In binary64, between 2**512 and 2**512/sqrt(s), which no stride met."""
    planted = verdict("star_relu", "float64", "forward", lambda z, s, b: s * np.maximum(z, 0) ** 2 + b)
    assert planted.wrong_inf > 0
    assert math.isinf(float(planted.faults[-1].split("-> ")[1].split(",")[0]))


# Flags and placements.

TANH = """
#include <math.h>
#include <stddef.h>
float symact_tanhf(float z)
{
    volatile float zero = 0.0f, other = SCALAR;
    (void)zero;
    return other == other || 1 ? (float)tanh((double)z) : other;
}
void symact_tanh_f32(const float *z, float *g, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        g[i] = ARRAY;
    }
}
"""
IN_C = {  # what the scalar does besides, what the array computes, spurious flags, other bits
    "nothing": ("1.0f", "symact_tanhf(z[i])", False, False),
    "invalid": ("z > 3.0f ? zero / zero : 0.0f", "symact_tanhf(z[i])", True, False),
    "invalid for NaN": ("z < 1.0f", "symact_tanhf(z[i])", True, False),
    "overflow": ("z > 3.5f ? 1.0f / (z * 1e38f) : 0.0f", "symact_tanhf(z[i])", True, False),
    "division by zero": ("z == 2.0f ? 1.0f / zero : 0.0f", "symact_tanhf(z[i])", True, False),
    "another last bit": ("1.0f", "z[i] > 9.5f ? 0x1.fffffep-1f : symact_tanhf(z[i])", False, True),
    "another tail": ("1.0f", "i + 1 < n ? symact_tanhf(z[i]) : (float)(tanh(z[i]) * 1.0000001)", False, True),
}


@pytest.mark.parametrize("fault", IN_C)
def test_flags_and_bits_of_scalars_in_c(
    fault: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    scalar, array, raises, differs = IN_C[fault]
    (tmp_path / "tanh.c").write_text(TANH.replace("SCALAR", scalar).replace("ARRAY", array))
    built = c.build(tmp_path, tmp_path / "build" / "library.so", compiler=require_tool("cc"))
    library = c.load(built, {"tanh": activations()["tanh"]})
    (question,) = asked("tanh", "float32", "forward")
    call = library.call("tanh", "forward", "float32")
    result = ask(question, call, "c", library.alone("tanh", "forward", "float32"))
    result = placed(result, question, call, every=True)
    assert result.max_ulp <= 1
    assert (result.spurious_flags > 0, result.misplaced > 0) == (raises, differs)
    assert result.holds != (raises or differs)


FLAGGED = [  # activation, input, flag, whether it has a cause
    ("logarithm", -1.0, 1, True),
    ("logarithm", 0.0, 2, True),
    ("logarithm", 0.0, 4, False),
    ("logarithm", math.nan, 1, False),
    ("logarithm", math.nan, 0, True),
    ("exponential", 100.0, 4, True),
    ("exponential", 100.0, 2, False),
    ("exponential", math.inf, 4, False),
    ("exponential", 1.0, 1, False),
    ("square", 2.0**64, 4, True),
    ("square", 1.0, 4, False),
]


@pytest.mark.parametrize(("name", "z", "flag", "cause"), FLAGGED)
def test_flags_have_causes(name: str, z: float, flag: int, cause: bool) -> None:
    points = np.array([z], np.float32)
    truth = truths(Oracle(activations()[name], {}, BINARY32).forward_many([z]), BINARY32)
    found = unfounded(np.array([flag], np.uint8), (points,), truth)
    assert found.tolist() == [0 if cause else flag]


def test_a_nan_that_is_new_raises_invalid() -> None:
    points = np.array([-1.0, 1.0, math.nan], np.float32)
    truth = truths(Oracle(activations()["logarithm"], {}, BINARY32).forward_many(points.tolist()), BINARY32)
    assert unfounded(np.zeros(3, np.uint8), (points,), truth).tolist() == [1, 0, 0]


def written(values: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    if out is None:
        return values
    out[...] = values
    return out


def address(z: np.ndarray) -> int:
    return z.ctypes.data // z.itemsize % 4


def tail(z: np.ndarray) -> np.ndarray:
    """Return which elements are beyond the last whole vector."""
    return np.arange(z.size) >= z.size // 16 * 16


def overrun(z: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    if out is not None and out.base is not None and out.size % 8 == 7:
        out.base[(out.ctypes.data - out.base.ctypes.data) // out.itemsize + out.size] = 0
    return written(np.tanh(z), out)


def clobbered(z: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """Write one half before the other is read."""
    if out is None or z.size < 2:
        return written(np.tanh(z), out)
    out[1:] = np.tanh(z[:-1])
    out[:-1] = np.tanh(z[1:])
    return written(np.tanh(z) if not np.shares_memory(z, out) else out, out)


PLACED: dict[str, tuple[Callable[..., np.ndarray], bool]] = {
    "nothing": (lambda z, out=None: written(np.tanh(z), out), False),
    "NaN of another sign": (lambda z, out=None: written(np.tanh(z) * np.where(z == z, 1, -1), out), False),
    "a tail of its own": (lambda z, out=None: written(np.tanh(z) + 1e-7 * tail(z), out), True),
    "67 elements at once": (lambda z, out=None: written(np.tanh(z) + 1e-7 * (z.size == 67), out), True),
    "off an aligned address": (lambda z, out=None: written(np.tanh(z) + 1e-7 * (address(z) == 3), out), True),
    "an element beyond": (lambda z, out=None: overrun(z, out), True),
    "in place": (lambda z, out=None: clobbered(z, out), True),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLACED)
def test_placements(fault: str) -> None:
    call, found = PLACED[fault]
    z = np.concatenate([np.linspace(-3, 3, 200), [np.nan]]).astype(np.float64)
    assert (misplaced(call, (z,), np.tanh(z), {}) > 0) == found


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found(fault: str) -> None:
    name, function, call, found = PLANTED[fault]
    with np.errstate(all="warn"):
        result = verdict(name, "float32", function, call)
    assert not result.holds
    assert found(result), result


def test_near_an_interior_root_binary64_is_judged_on_the_scale_of_the_derivative() -> None:
    def around_the_root(z: np.ndarray, error: float) -> np.ndarray:
        plain = silu_derivative(z.astype(np.float64)) + error
        return np.where(np.abs(z + 1.25) < 0.25, plain, silu_derivative(z))

    result = verdict("silu", "float64", "derivative", in_double(lambda z: around_the_root(z, 0.0)))
    assert result.bound == "absolute"
    assert 0.5 < result.max_ulp <= 4.0
    assert not verdict(
        "silu", "float64", "derivative", in_double(lambda z: around_the_root(z, 2.0**-49))
    ).holds


def test_planted_errors_far_from_a_root_are_judged_on_the_scale_of_the_value() -> None:
    def off(z: np.ndarray) -> np.ndarray:
        return silu_derivative(z) * np.where(z < -6, 1 + 2.0**-49, 1.0)  # f' is 1/100 of what it is at 0

    assert not verdict("silu", "float64", "derivative", in_double(off)).holds


def moved(call: Function, units: int) -> Function:
    """Return a function whose normal values are so many floats too small."""

    def run(*arrays: np.ndarray, **parameters: float) -> np.ndarray:
        exact = in_double(call)(*arrays, **parameters)
        bits = exact.view(np.int32 if exact.dtype == np.float32 else np.int64)
        normal = (np.abs(exact) > np.finfo(exact.dtype).tiny) & (np.abs(exact) < 0.4)
        return np.where(normal, (bits - units).view(exact.dtype), exact)

    return run


@pytest.mark.parametrize(
    ("name", "function", "call", "dtype", "held", "too_much"),
    [
        ("sigmoid", "derivative", sigmoid_derivative, "float32", 0, 1),
        ("sigmoid", "derivative", sigmoid_derivative, "float64", 3, 4),
        ("sigmoid", "vjp", lambda z, g_bar: g_bar * sigmoid_derivative(z), "float64", 3, 5),
    ],
)
def test_planted_errors_just_beyond_their_bound_are_found(
    name: str, function: str, call: Function, dtype: str, held: int, too_much: int
) -> None:
    """Values that are rounded, and then so many floats off: by half an ulp less or more."""
    good, bad = (verdict(name, dtype, function, moved(call, units)) for units in (held, too_much))
    assert good.max_ulp <= good.bound_ulp
    assert bad.max_ulp > bad.bound_ulp
    assert not bad.holds
    assert not bad.of_grade().holds


def test_a_bound_that_holds_relatively_is_called_relative() -> None:
    assert verdict("sigmoid", "float64", "derivative", in_double(sigmoid_derivative)).bound == "relative"


def test_infinity_stands_for_the_next_power_of_two() -> None:
    (question,) = asked("exponential", "float32", "forward")
    exact = in_double(np.exp)(*question.arguments)
    last = np.flatnonzero(np.isfinite(exact))[-2]  # the last is NaN's neighbour, +inf's input excluded
    broken = exact.copy()
    broken[last] = np.inf
    assert judge(question, broken, "planted").wrong_inf == 1


def test_another_dtype_is_refused() -> None:
    (question,) = asked("tanh", "float32", "forward")
    with pytest.raises(TypeError, match="another dtype"):
        ask(question, lambda z: np.tanh(z.astype(np.float64)), "planted")


def test_results_as_json() -> None:
    shown = verdict("tanh", "float32", "forward", in_double(np.tanh)).to_json()
    contract = {
        "activation",
        "function",
        "target",
        "dtype",
        "points",
        "exhaustive",
        "max_ulp",
        "at",
        "got",
        "want",
    }
    contract |= {"bound_ulp", "bound", "wrong_nan", "wrong_inf", "wrong_signed_zero", "holds"}
    assert contract <= set(shown)
    assert shown["holds"] is True
    assert (shown["wrong_nan"], shown["wrong_inf"], shown["wrong_signed_zero"]) == (0, 0, 0)
    assert shown["bound"] == "relative"
    assert shown["got"].lstrip("-").startswith("0x")
    assert "g_bar" not in shown
    assert "g_bar" in verdict("tanh", "float32", "vjp", lambda z, g_bar: g_bar).to_json()


def test_binary16_is_judged_on_every_input() -> None:
    first = next(questions(activations()["tanh"], "float16"))
    result = ask(first, in_double(np.tanh), "planted")
    assert result.exhaustive
    assert result.points == 2**16 - 2**11 + 2 + 1  # every value that is no NaN, and one that is
    assert result.holds


@pytest.mark.parametrize("stride", [STRIDE, WIDE_STRIDE])
def test_strides_are_odd_primes(stride: int) -> None:
    assert stride % 2 and all(stride % n for n in range(3, math.isqrt(stride) + 1, 2))


@pytest.mark.parametrize("fmt", [BINARY32, BINARY64], ids=lambda f: f.name)
def test_points_are_where_things_change(fmt) -> None:
    oracle = Oracle(activations()["hardswish"], {}, fmt)
    points = inputs(oracle, fmt, [11.25], thorough=True)
    assert len(set(points)) + 1 == len(points)  # -0.0 == 0.0
    for mark in (0.0, -3.0, 3.0, 11.25, fmt.largest, fmt.smallest_subnormal, 1.0, -1.5):
        assert {mark, fmt.above(mark), fmt.below(mark)} <= set(points)
    assert {math.inf, -math.inf} <= set(points)
    assert [math.copysign(1, p) for p in points if p == 0] == [-1, 1]
    assert math.isnan(points[-1])
    significands = {fmt.pattern(p) % 2 for p in points}
    assert significands == {0, 1}


def test_cotangents_keep_size_1_where_the_derivative_is_not_normal() -> None:
    chosen = cotangents([0.0, 2.0**-140, math.inf, 0.25, 0.25, 0.25], BINARY32)
    assert {abs(g) for g in chosen[:2]} == {1.0}
    assert len(set(chosen[3:])) == 3
    assert 0 < abs(chosen[2]) < 1  # the product may be finite
    assert abs(cotangents([math.inf], BINARY64)[0]) == 1.0


SOURCES = [
    ("if (z < 0x1.8p+3) return;", [12.0]),
    ("if (-832.0 > z) {} if (-0x1p-33 > z) {}", [-832.0, -(2.0**-33)]),
    ('_C0 = float.fromhex("-0x1.4p+2")\nlambda z: z <= _C0', [-5.0]),
    ('_C1 = float.fromhex("0x1p+1")\nlambda z, a: (z > (-_C1)) & (z < 3.0)', [-2.0, 3.0]),
    ("if (z <= alpha) { const double s0 = 0x1p+7 * z; }", []),
]


@pytest.mark.parametrize(("source", "found"), SOURCES)
def test_seams_are_read_from_the_generated_code(source: str, found: list[float]) -> None:
    assert seams(source) == found


PACKAGE = """
import functools
import numpy as np

def _wide(z):
    return np.asarray(z, np.longdouble)

def placed(function):
    @functools.wraps(function)
    def run(*arrays, out=None):
        result = function(*arrays)
        if out is None:
            return result
        {out}
        return out
    return run

@placed
def tanh(z):
    return np.tanh(_wide(z)).astype(z.dtype)

@placed
def tanh_derivative(z):
    with np.errstate(all="ignore"):
        return ({factor} / np.cosh(_wide(z)) ** 2).astype(z.dtype)

@placed
def tanh_vjp(z, g_bar):
    with np.errstate(all="ignore"):
        return (_wide(g_bar) / np.cosh(_wide(z)) ** 2).astype(z.dtype)

@placed
def tanh_second_derivative(z):
    with np.errstate(all="ignore"):
        return (-2 * np.tanh(_wide(z)) / np.cosh(_wide(z)) ** 2).astype(z.dtype)

@placed
def tanh_derivative_from_output(g):
    return ((1 - _wide(g)) * (1 + _wide(g))).astype(g.dtype)

@placed
def tanh_vjp_from_output(g, g_bar):
    return (_wide(g_bar) * (1 - _wide(g)) * (1 + _wide(g))).astype(g.dtype)
"""


WRITES = "out[...] = result"
EVERY = {
    *("forward", "derivative", "vjp", "second_derivative", "derivative_from_output", "vjp_from_output"),
}


@pytest.mark.parametrize(
    ("factor", "out", "faulty"),
    [
        ("1", WRITES, set()),
        ("1.0000002", WRITES, {"derivative"}),
        ("1", "out[:-1] = result[:-1]", EVERY),
        ("1", "out[1:] = result[1:]", EVERY),
    ],
)
def test_verify_runs_what_was_generated(tmp_path: Path, factor: str, out: str, faulty: set[str]) -> None:
    results = verify_activation(Task(activations()["tanh"], package(tmp_path, factor, out), ("numpy",)))
    assert len(results) == 12
    assert {r.function for r in results if not r.holds} == faulty
    assert {r.function for r in results if r.misplaced} == (faulty if out != WRITES else set())
    assert "numpy" in targets() and "c" in targets() and "latex" not in targets()


def package(place: Path, factor: str = "1", out: str = WRITES) -> Path:
    """Return a folder with a NumPy package of one's own in it."""
    source = place / "numpy" / "symact_numpy" / "__init__.py"
    source.parent.mkdir(parents=True)
    source.write_text(PACKAGE.replace("{factor}", factor).replace("{out}", out))
    return place


def test_what_cannot_be_verified_is_said(tmp_path: Path) -> None:
    tanh = activations()["tanh"]
    package(tmp_path)
    with pytest.raises(UnknownName, match="float8: no such dtype"):
        verify_activation(Task(tanh, tmp_path, ("numpy",), ("float8",)))
    with pytest.raises(NotSupported, match="bfloat16: none of numpy"):
        verify_activation(Task(tanh, tmp_path, ("numpy",), ("bfloat16",)))
    with pytest.raises(NotSupported, match="all its inputs"):
        verify_activation(Task(tanh, tmp_path, ("numpy",), ("float32",), exhaustive=True))
