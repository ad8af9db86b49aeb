"""Suites that others wrote, run on what is generated: ONNX's node tests, PyTorch's inputs and references."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NUMPY = Path(__file__).parent.parent / "generated" / "numpy"

Attributes = Mapping[str, Any]

OPERATORS: Mapping[str, Callable[[Attributes], tuple[str, dict[str, float]] | None]] = {
    **{
        operator: lambda attributes, name=name: (name, {})
        for operator, name in {
            "Sigmoid": "sigmoid",
            "Tanh": "tanh",
            "Relu": "relu",
            "HardSwish": "hardswish",
            "Softplus": "softplus",
            "Softsign": "softsign",
            "Mish": "mish",
            "Erf": "erf",
            "Atan": "arctan",
            "Asinh": "arcsinh",
            "Exp": "exponential",
            "Log": "logarithm",
            "Sqrt": "square_root",
            "Abs": "absolute",
            "Reciprocal": "reciprocal",
        }.items()
    },
    "LeakyRelu": lambda a: ("leaky_relu", {"negative_slope": a.get("alpha", 0.01)}),
    "Elu": lambda a: ("elu", {"alpha": a.get("alpha", 1.0)}),
    "Celu": lambda a: ("celu", {"alpha": a.get("alpha", 1.0)}),
    "ThresholdedRelu": lambda a: ("thresholded_relu", {"alpha": a.get("alpha", 1.0)}),
    "Swish": lambda a: ("swish_beta", {"beta": a.get("alpha", 1.0)}),
    "Gelu": lambda a: ("gelu_tanh" if a.get("approximate") == b"tanh" else "gelu", {}),
    "Selu": lambda a: None if a else ("selu", {}),
    "Sin": lambda a: ("sine", {"omega": 1.0}),
    "Shrink": lambda a: ("softshrink" if a.get("bias") else "hardshrink", {"lambd": a["lambd"]}),
}
"""Our function and its parameters for an operator with attributes; None where we have no such function."""


def cases() -> Iterator[tuple[str, str, dict[str, float], Any]]:
    """Yield ONNX's float32 cases of one activation node: name, function, parameters, case."""
    collect = pytest.importorskip("onnx.backend.test.case.node").collect_testcases
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect(None)
    for case in found:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in OPERATORS:
            # a float, an integer or bytes: the type of the attribute says which
            attributes = {a.name: {1: a.f, 2: a.i, 3: a.s}[a.type] for a in nodes[0].attribute}
            ours = OPERATORS[nodes[0].op_type](attributes)
            if ours and case.data_sets[0][0][0].dtype == np.float32:
                yield case.name, *ours, case


@pytest.mark.frameworks
def test_onnx_s_node_tests_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(NUMPY))
    sys.modules.pop("symact_numpy", None)
    import symact_numpy

    passed = []
    for name, function, parameters, case in cases():
        for inputs, outputs in case.data_sets:
            got = getattr(symact_numpy, function)(inputs[0], **parameters)
            np.testing.assert_allclose(
                got, outputs[0], rtol=case.rtol / 100, atol=case.atol, err_msg=f"{name}: {function}"
            )
            assert got.dtype == np.float32
            passed.append(name)
    assert len(passed) >= 40


Given = tuple[tuple[Any, ...], Mapping[str, Any]]
"""What PyTorch's operator takes after its input."""

TORCH: Mapping[str, Callable[[tuple[Any, ...], Mapping[str, Any]], tuple[str, dict[str, float]] | None]] = {
    **{
        operator: lambda args, given, name=name: None if args or given else (name, {})
        for operator, name in {
            **{n: n for n in ("sigmoid", "tanh", "sign", "square", "reciprocal", "erf", "logit")},
            "abs": "absolute",
            "atan": "arctan",
            "asinh": "arcsinh",
            "exp": "exponential",
            "log": "logarithm",
            "sqrt": "square_root",
        }.items()
    },
    **{
        f"nn.functional.{name}": lambda args, given, name=name: None if args else (name, dict(given))
        for name in (
            *("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "silu", "mish", "softsign", "logsigmoid"),
            *("tanhshrink", "hardsigmoid", "hardswish", "hardtanh", "hardshrink", "softshrink"),
        )
    },
    "nn.functional.gelu": lambda args, given: (
        "gelu_tanh" if given.get("approximate") == "tanh" else "gelu",
        {},
    ),
    "nn.functional.prelu": lambda args, given: (
        ("prelu", {"weight": float(weight)})
        if (weight := (*args, given.get("weight"))[0]).numel() == 1
        else None
    ),
    "nn.functional.threshold": lambda args, given: (
        "threshold",
        dict(zip(("threshold", "value"), map(float, (*args, *given.values())), strict=True)),
    ),
    "sin": lambda args, given: ("sine", {"omega": 1.0}),
}
"""Our function and its parameters for PyTorch's operator; None where we have no such function.

Its inputs for softplus all set a threshold, beyond which it is another function.
"""

LARGEST_SAMPLE = 20_000
REACH = 40.0
"""Up to here PyTorch's binary64 is a reference for float32, its autograd too; `audit` judges it beyond."""


def operators() -> Iterator[tuple[str, Any]]:
    """Yield PyTorch's own records of operators, with the inputs and references that it tests them with."""
    module = "torch.testing._internal.common_methods_invocations"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip(module, exc_type=ImportError).op_db
    for operator in found:
        if operator.name in TORCH and not operator.variant_test_name:
            yield operator.name, operator


def like(got: np.ndarray, want: np.ndarray, z: np.ndarray, defined: np.ndarray | bool = True) -> bool:
    """Return whether float32 results are those of a reference in binary64, and NaN for NaN.

    Outside a domain PyTorch's gradients are numbers; there, and far out, it is no reference.
    """
    near = (np.abs(z) <= REACH) & np.isfinite(want) & defined
    tiny = float(np.finfo(np.float32).tiny)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(np.float64) - want)
    return bool(
        np.all(error[near] <= np.abs(want[near]) * 2.0**-23 + tiny)
        and np.array_equal(np.isnan(got)[np.isnan(z)], np.isnan(z)[np.isnan(z)])
    )


@pytest.mark.frameworks
def test_pytorch_s_inputs_and_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(NUMPY))
    sys.modules.pop("symact_numpy", None)
    torch = pytest.importorskip("torch")
    import symact_numpy

    seen: dict[str, int] = {}
    for name, operator in operators():
        samples = [*operator.sample_inputs("cpu", torch.float32), *further(operator, torch)]
        for sample in samples:
            ours = TORCH[name](sample.args, {k: v for k, v in sample.kwargs.items() if k != "inplace"})
            if ours is None or sample.input.numel() > LARGEST_SAMPLE:
                continue
            function, parameters = ours
            z = sample.input.numpy()
            try:
                got = getattr(symact_numpy, function)(z, **parameters)
            except ValueError:  # parameters outside their domain, such as min_val = max_val
                assert parameters.get("lambd", 0) < 0 or parameters.get("min_val") == parameters.get(
                    "max_val"
                )
                continue
            assert got.dtype == np.float32 and got.shape == z.shape
            exact = sample.input.double().requires_grad_()
            given = {k: doubled(v) for k, v in sample.kwargs.items() if k != "inplace"}
            out = operator.op(exact, *map(doubled, sample.args), **given)
            what = f"{name} {z.shape} {sample.args} {sample.kwargs}"
            wanted = [out.detach().numpy()]
            if operator.ref is not None and not sample.args and name not in BY_OPERATOR:
                with np.errstate(all="ignore"):
                    wanted.append(np.asarray(operator.ref(z.astype(np.float64), **given)))
            for want in wanted:
                assert like(got, want, z), what
            g_bar = np.linspace(-2, 2, z.size, dtype=np.float32).reshape(z.shape)
            out.backward(torch.from_numpy(g_bar).double())
            pulled = getattr(symact_numpy, f"{function}_vjp")(z, g_bar, **parameters)
            assert like(pulled, exact.grad.numpy(), z, ~np.isnan(wanted[0])), f"{what}, gradient"
            seen[name] = seen.get(name, 0) + 1
    assert set(seen) == set(TORCH)
    assert sum(seen.values()) > 500


def test_a_planted_difference_is_found() -> None:
    z = np.array([-1.0, 0.5, np.nan, 1e9], np.float32)
    good = np.tanh(z.astype(np.float64))
    assert like(good.astype(np.float32), good, z)
    for fault in (np.float32(1 + 2.0**-22), np.float32(np.nan)):
        assert not like((good * fault).astype(np.float32), good, z)
    assert not like(np.nan_to_num(good).astype(np.float32), good, z)


BY_OPERATOR = ("nn.functional.prelu", "nn.functional.gelu")
"""Operators whose references take other arguments than they do: they are their own."""


def doubled(value: Any) -> Any:
    """Return a tensor in binary64, anything else as it is."""
    return value.double() if hasattr(value, "double") else value


def further(operator: Any, torch: Any) -> Iterator[Any]:
    """Yield PyTorch's inputs for comparison with references: extremal, tiny, large, not contiguous."""
    if hasattr(operator, "reference_inputs"):
        yield from operator.reference_inputs("cpu", torch.float32, requires_grad=False)
