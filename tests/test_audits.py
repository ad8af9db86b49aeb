"""audit: planted faults are found, each by its name and to the float; what is right has none."""

import math
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symact
from symact.audits import PACKAGES, Audit, audit, load, recipes
from symact.catalogue import catalogue
from symact.catalogue.frameworks import PROFILES
from symact.derivatives import differentiate
from symact.errors import InvalidActivation, NotSupported, ToolMissing, UnknownName
from symact.pipeline import with_profile
from symact.profiles import POLICIES, names

Array = np.ndarray


def wide(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Compute in binary64 and round: what is right in float32."""

    def call(z: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(z.astype(np.float64)), z.dtype)

    return call


@wide
def sigmoid(z: Array) -> Array:
    return np.where(z < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z)))


def planted(where: Callable[[Array], Array], value: Callable[[Array, Array], Array]) -> Any:
    """Return sigmoid with other values somewhere."""

    def call(z: Array) -> Array:
        g = sigmoid(z)
        return np.where(where(z), value(z, g).astype(z.dtype), g)

    return call


def found(call: Any, against: str = "sigmoid", **options: Any) -> Audit:
    return audit(call, catalogue()[against], **options)


def step(at: float, left: float = 0.0, right: float = 1.0) -> Any:
    """Return relu' with a value of its own at 0, NaN kept."""
    return lambda z: np.where(z > 0, right, np.where(z < 0, left, np.where(z == 0, at, z))).astype(z.dtype)


def test_what_is_right_has_no_fault() -> None:
    one = found(sigmoid)
    assert one.holds
    assert (one.beyond, one.intervals, one.disorder, one.swallowed_nan) == (0, (), "", False)
    assert one.result.max_ulp < 0.51


FAULTS = {
    "zero": (lambda z: (z >= 1.25) & (z <= 2.5), lambda z, g: 0 * g, "0", 1.25, 2.5),
    "nan": (lambda z: z >= 1e30, lambda z, g: g * math.nan, "NaN", 1e30, math.inf),
    "infinity": (lambda z: (z < -3) & (z >= -50), lambda z, g: g + math.inf, "inf", -50.0, -3.0000002),
    "seventh digit": (lambda z: (z >= -2) & (z <= -1), lambda z, g: g * 1.000001, "off", -2.0, -1.0),
}
"""Where a value is planted, what; its kind, and the ends of the interval."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_to_the_float(fault: str) -> None:
    where, value, kind, first, last = FAULTS[fault]
    one = found(planted(where, value))
    assert not one.holds
    intervals = [interval for interval in one.intervals if interval.kind == kind]
    ends = [np.float32(end) for end in (intervals[0].first, intervals[-1].last)]
    assert ends == [np.float32(first), np.float32(last)]


def test_nan_that_is_swallowed_is_seen() -> None:
    one = found(planted(np.isnan, lambda z, g: np.zeros_like(g)))
    assert one.swallowed_nan
    assert one.result.not_monotone == 0  # NaN is no place from which f could fall
    assert not one.holds


def test_adjacent_floats_out_of_order_are_seen() -> None:
    one = found(planted(lambda z: z.view(np.uint32) % 2 == 1, lambda z, g: g * np.float32(1 - 2e-7)))
    assert one.result.max_ulp < 4
    assert one.disorder
    assert not one.holds


@pytest.mark.parametrize(
    ("at", "policies", "inside"),
    [
        (0.0, {"declared", "left", "zero"}, True),
        (1.0, {"right", "one"}, True),
        (0.5, {"midpoint"}, True),
        (1.5, set(), False),
        (math.nan, set(), False),
    ],
)
def test_a_kink_is_told_by_its_policy(at: float, policies: set[str], inside: bool) -> None:
    one = found(step(at), "relu", derivative=True)
    (kink,) = one.kinks
    assert (set(kink.policies), kink.inside, one.holds) == (policies, inside, inside)
    assert ("pytorch" in one.profiles) is (at == 0)


def test_what_breaks_a_law_within_the_bound_is_seen() -> None:
    crooked = wide(lambda z: np.tanh(z) * np.where(z < -1, 1 - 1e-7, 1))
    one = found(crooked, "tanh")
    assert one.result.asymmetric > 0
    assert one.beyond == 0
    assert not one.holds
    assert found(planted(lambda z: z > 80, lambda z, g: g + np.float32(1.2e-7))).result.out_of_range > 0


def test_parameters_are_those_that_are_given() -> None:
    leaky = wide(lambda z: np.where(z > 0, z, 0.25 * z))
    assert not found(leaky, "leaky_relu").holds
    assert found(leaky, "leaky_relu", parameters={"negative_slope": 0.25}).holds


def test_every_input_of_a_small_format() -> None:
    one = found(sigmoid, dtype="float16", exhaustive=True)
    assert one.holds
    assert one.result.exhaustive
    assert one.result.points >= 2**16 - 2**11  # all NaN but one


@pytest.mark.thorough
def test_every_input_of_float32() -> None:
    one = found(
        lambda z: np.where(z == np.float32(3.0), np.float32(3.1), np.maximum(z, 0)), "relu", exhaustive=True
    )
    assert (one.result.points, one.result.exhaustive) == (2**32, True)
    assert (one.result.misrounded, one.beyond, one.result.not_monotone) == (1, 1, 1)
    assert (one.result.at, one.result.got) == ("0x1.8p+1", "0x1.8cccccp+1")


def test_json_has_what_verify_prints_and_the_findings() -> None:
    (one,) = symact.audit(sigmoid, against="sigmoid")
    shown = one.to_json()
    assert {"activation", "max_ulp", "at", "bound_ulp", "wrong_nan", "holds"} <= set(shown)
    assert {"intervals", "kinks", "profiles", "disorder", "swallowed_nan", "repair"} <= set(shown)
    assert "symact_sigmoid_f32" in shown["repair"]


C = """
#include <stddef.h>
#include <math.h>
void squares(const float *z, float *g, size_t n) { for (size_t i = 0; i < n; i++) g[i] = z[i]*z[i]; }
double root(double z) { return sqrt(z); }
"""


def test_symbols_of_a_library(tmp_path: Path) -> None:
    (tmp_path / "own.c").write_text(C)
    library = tmp_path / "own.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, tmp_path / "own.c", "-lm"], check=True)
    assert found(load(f"{library}:squares"), "square").holds
    assert found(load(f"{library}:root", dtype="float64", scalar=True), "square_root", dtype="float64").holds
    with pytest.raises(UnknownName, match="no such symbol"):
        load(f"{library}:cube")


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("numpy", UnknownName, "write MODULE:FUNCTION"),
        ("numpy:tanhh", UnknownName, "numpy has no tanhh"),
        ("numpy:pi", UnknownName, "is a float, not a function"),
        ("no_such_module:f", ToolMissing, "no module no_such_module is installed"),
        ("no_such_library.so:f", ToolMissing, "no_such_library.so"),
    ],
)
def test_what_is_not_there_is_named(spec: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load(spec)


def test_bad_requests_are_named() -> None:
    with pytest.raises(UnknownName, match="no parameter beta; there are none"):
        found(sigmoid, parameters={"beta": 1.0})
    with pytest.raises(UnknownName, match="no dtype of arrays"):
        found(sigmoid, dtype="float128")
    with pytest.raises(NotSupported, match="leave out --exhaustive"):
        found(sigmoid, dtype="float64", exhaustive=True)
    with pytest.raises(NotSupported, match="it must keep both"):
        found(lambda z: sigmoid(z).astype(np.float64))
    with pytest.raises(NotSupported, match="raises ValueError for"):
        found(lambda z: np.linalg.norm(z, "no such norm"))
    with pytest.raises(InvalidActivation, match="leave out derivative, parameters"):
        symact.audit("numpy", derivative=True, parameters={"beta": 1})
    with pytest.raises(InvalidActivation, match="--against TARGET"):
        symact.audit("numpy:tanh")
    with pytest.raises(UnknownName, match="no recipes for this package"):
        symact.audit("os")


# --- recipes and profiles ------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", recipes("numpy"), ids=lambda recipe: str(recipe.activation))
def test_the_usual_formulas_are_what_they_are_meant_to_be(recipe: Any) -> None:
    """Wrong in their tails, as everybody's are; near 0 they are the function."""
    z = np.linspace(-2, 2, 9)
    activation = catalogue()[recipe.activation]
    expressions = (activation.expression, differentiate(activation).expression)
    for call, expression in zip((recipe.call, recipe.derivative), expressions, strict=True):
        (variable,) = expression.free_symbols - {p.symbol for p in activation.parameters}
        want = [float(expression.subs({**activation.defaults, variable: x})) for x in z]
        assert np.allclose(call("float64")(z), want, rtol=1e-12, atol=1e-13)


def test_profiles_name_kinks_that_are_there() -> None:
    for profile in PROFILES.values():
        for name, policies in profile.kinks.items():
            assert len(differentiate(catalogue()[name]).kinks) == len(policies), name
            assert set(policies) <= set(POLICIES)


@pytest.mark.parametrize(
    ("profile", "name", "values"),
    [
        ("pytorch", "hardtanh", [0, 0]),
        ("jax", "hardtanh", [1, 1]),
        ("onednn", "relu6", [0, 1]),
        ("keras", "selu", [differentiate(catalogue()["selu"]).kinks[0].right]),
        ("midpoint", "relu", ["1/2"]),
        ("mean", "relu", ["1/2"]),
        ("one", "relu", [1]),
        ("jax", "threshold", [0]),
    ],
)
def test_a_profile_decides_kinks(profile: str, name: str, values: list[Any]) -> None:
    chosen = with_profile(catalogue()[name], profile)
    assert [str(kink.convention) for kink in chosen.kinks] == [str(value) for value in values]


def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownName, match=", ".join(names())):
        with_profile(catalogue()["relu"], "caffe")


def test_rows_are_of_the_catalogue() -> None:
    from symact.catalogue.frameworks import JAX, ONNX, TENSORFLOW, TORCH

    for rows in (TORCH, JAX, TENSORFLOW, ONNX):
        assert {row.activation for row in rows} <= set(catalogue())
        assert len({row.activation for row in rows}) == len(rows)
    assert PACKAGES == ("torch", "jax", "tensorflow", "onnxruntime", "numpy")


# --- installed frameworks: pytest -m frameworks ---------------------------------------------------------


@pytest.mark.frameworks
@pytest.mark.parametrize("package", ["torch", "jax"])
def test_a_framework_s_kinks_are_those_of_its_profile(package: str) -> None:
    """Bit for bit, for every activation that the profile has."""
    profile = {"torch": "pytorch"}.get(package, package)
    seen = 0
    for recipe in recipes(package):
        if recipe.activation in PROFILES[profile].kinks:
            assert recipe.derivative is not None
            activation = replace(with_profile(catalogue()[recipe.activation], profile))
            call = recipe.derivative("float32")
            for kink in activation.kinks:
                setting = {**activation.defaults}
                at, want = (float(e.subs(setting)) for e in (kink.at, kink.convention))
                assert (call(np.full(8, at, np.float32)) == np.float32(want)).all(), (recipe.activation, at)
                seen += 1
    assert seen >= 12


@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("spec", "against", "derivative", "kind"),
    [
        ("torch:sigmoid", "sigmoid", True, "0"),
        ("torch.nn.functional:silu", "silu", True, "NaN"),
        ("jax.nn:gelu", "gelu", False, "off"),
    ],
)
def test_known_faults_of_frameworks_are_found(spec: str, against: str, derivative: bool, kind: str) -> None:
    (one,) = symact.audit(spec, against, derivative=derivative)
    assert not one.holds
    assert kind in {interval.kind for interval in one.intervals}


@pytest.mark.frameworks
def test_onnx_runtime_is_judged() -> None:
    (one,) = [r for r in recipes("onnxruntime") if r.activation == "tanh"]
    assert found(one.call("float32"), "tanh").beyond > 0
