"""Suites that others wrote, run on what is generated: ONNX's node tests for its activation operators."""

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
