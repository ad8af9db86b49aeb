"""Which function of a package is which activation: the rows of `catalogue.frameworks`, made callable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from symact.audits.calls import Call, load, needed
from symact.catalogue.frameworks import JAX, NUMPY, ONNX, TENSORFLOW, TORCH, Formula, Row
from symact.errors import NotSupported, UnknownName


@dataclass(frozen=True)
class Recipe:
    """A package's function for an activation; ``call`` and ``derivative`` make it callable for a dtype.

    ``parameters`` are those of the activation that are not at their defaults.
    """

    activation: str
    name: str
    call: Callable[[str], Call]
    """By dtype."""
    derivative: Callable[[str], Call] | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


AUTOGRAD: Mapping[str, tuple[Row, ...]] = {"torch": TORCH, "jax": JAX, "tensorflow": TENSORFLOW}
"""What differentiates its own functions."""

PACKAGES = (*AUTOGRAD, "onnxruntime", "numpy")


def recipes(package: str) -> tuple[Recipe, ...]:
    """Return the functions of a package that are activations.

    Raises UnknownName for a package that has no recipes, ToolMissing where it is not installed.
    """
    if package not in PACKAGES:
        raise UnknownName(
            f"{package}: no recipes for this package; there are {', '.join(PACKAGES)}, "
            "or write MODULE:FUNCTION with --against"
        )
    needed(package)
    if package == "numpy":
        return tuple(Recipe(name, f"numpy {formula}", _any(f), _any(d)) for name, formula, f, d in NUMPY)
    if package == "onnxruntime":
        return tuple(
            Recipe(row.activation, row.title, partial(_session, row), None, row.parameters) for row in ONNX
        )
    return tuple(
        Recipe(
            row.activation,
            row.title,
            partial(_loaded, row),
            partial(_loaded, row, derivative=True),
            row.parameters,
        )
        for row in AUTOGRAD[package]
    )


def _any(function: Formula) -> Callable[[str], Call]:
    """Return what makes a formula in NumPy callable, whatever the dtype."""
    return lambda dtype: partial(function, np)


def _loaded(row: Row, dtype: str, *, derivative: bool = False) -> Call:
    return load(row.function, dtype=dtype, keywords=row.keywords, derivative=derivative)


OPSET, IR_VERSION = 22, 10


def _session(row: Row, dtype: str) -> Call:
    """Return an ONNX operator as ONNX Runtime computes it on the CPU."""
    if dtype != "float32":
        raise NotSupported(f"onnxruntime: judged in float32 only; most of its operators have no {dtype}")
    session = onnx_session(row)
    return lambda z: np.asarray(session.run(["g"], {"z": z})[0])


def onnx_session(row: Row, threads: int = 0) -> Any:
    """Return an ONNX Runtime session that computes one operator on the CPU: from z to g.

    ``threads`` is how many it may use, 0 for as many as it likes.
    """
    onnx, onnxruntime = needed("onnx"), needed("onnxruntime")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None]) for name in ("z", "g")]
    node = onnx.helper.make_node(row.function, ["z"], ["g"], **row.keywords)
    graph = onnx.helper.make_graph([node], row.function, ends[:1], ends[1:])
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
