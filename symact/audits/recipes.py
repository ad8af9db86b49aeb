"""DATA: which function of a package is which activation, with which arguments."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from symact.audits.calls import Call, load
from symact.errors import ToolMissing, UnknownName


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
    parameters: Mapping[str, Fraction | float] = field(default_factory=dict)


Row = tuple[str, str, Mapping[str, Any], Mapping[str, Fraction | float]]


def _row(activation: str, spec: str, keywords: Mapping[str, Any] | None = None, **parameters: float) -> Row:
    return activation, spec, keywords or {}, parameters


TORCH: tuple[Row, ...] = (
    _row("sigmoid", "torch:sigmoid"),
    _row("tanh", "torch:tanh"),
    _row("relu", "torch.nn.functional:relu"),
    _row("relu6", "torch.nn.functional:relu6"),
    _row("leaky_relu", "torch.nn.functional:leaky_relu"),
    _row("prelu", "torch.nn:PReLU"),
    _row("hardtanh", "torch.nn.functional:hardtanh"),
    _row("hardsigmoid", "torch.nn.functional:hardsigmoid"),
    _row("hardswish", "torch.nn.functional:hardswish"),
    _row("elu", "torch.nn.functional:elu"),
    _row("selu", "torch.nn.functional:selu"),
    _row("celu", "torch.nn.functional:celu"),
    _row("softplus", "torch.nn.functional:softplus"),
    _row("logsigmoid", "torch.nn.functional:logsigmoid"),
    _row("softsign", "torch.nn.functional:softsign"),
    _row("tanhshrink", "torch.nn.functional:tanhshrink"),
    _row("softshrink", "torch.nn.functional:softshrink"),
    _row("hardshrink", "torch.nn.functional:hardshrink"),
    _row("threshold", "torch.nn.functional:threshold", {"threshold": 0.0, "value": 0.0}),
    _row("gelu", "torch.nn.functional:gelu"),
    _row("gelu_tanh", "torch.nn.functional:gelu", {"approximate": "tanh"}),
    _row("silu", "torch.nn.functional:silu"),
    _row("mish", "torch.nn.functional:mish"),
    _row("erf", "torch:erf"),
    _row("normal_cdf", "torch.special:ndtr"),
    _row("log_normal_cdf", "torch.special:log_ndtr"),
    _row("arctan", "torch:atan"),
    _row("arcsinh", "torch:asinh"),
    _row("logit", "torch:logit"),
    _row("sine", "torch:sin", omega=1.0),
    _row("exponential", "torch:exp"),
    _row("logarithm", "torch:log"),
    _row("square_root", "torch:sqrt"),
    _row("absolute", "torch:abs"),
    _row("square", "torch:square"),
    _row("reciprocal", "torch:reciprocal"),
)

JAX: tuple[Row, ...] = (
    _row("sigmoid", "jax.nn:sigmoid"),
    _row("tanh", "jax.numpy:tanh"),
    _row("relu", "jax.nn:relu"),
    _row("relu6", "jax.nn:relu6"),
    _row("leaky_relu", "jax.nn:leaky_relu"),
    _row("hardtanh", "jax.nn:hard_tanh"),
    _row("hardsigmoid", "jax.nn:hard_sigmoid"),
    _row("hardswish", "jax.nn:hard_swish"),
    _row("elu", "jax.nn:elu"),
    _row("selu", "jax.nn:selu"),
    _row("celu", "jax.nn:celu"),
    _row("softplus", "jax.nn:softplus"),
    _row("logsigmoid", "jax.nn:log_sigmoid"),
    _row("softsign", "jax.nn:soft_sign"),
    _row("gelu", "jax.nn:gelu", {"approximate": False}),
    _row("gelu_tanh", "jax.nn:gelu", {"approximate": True}),
    _row("silu", "jax.nn:silu"),
    _row("mish", "jax.nn:mish"),
    _row("squareplus", "jax.nn:squareplus"),
    _row("sparse_plus", "jax.nn:sparse_plus"),
    _row("sparse_sigmoid", "jax.nn:sparse_sigmoid"),
    _row("erf", "jax.scipy.special:erf"),
    _row("normal_cdf", "jax.scipy.special:ndtr"),
    _row("log_normal_cdf", "jax.scipy.special:log_ndtr"),
    _row("arctan", "jax.numpy:arctan"),
    _row("arcsinh", "jax.numpy:arcsinh"),
    _row("logit", "jax.scipy.special:logit"),
    _row("sine", "jax.numpy:sin", omega=1.0),
    _row("exponential", "jax.numpy:exp"),
    _row("logarithm", "jax.numpy:log"),
    _row("square_root", "jax.numpy:sqrt"),
    _row("absolute", "jax.numpy:abs"),
    _row("square", "jax.numpy:square"),
    _row("reciprocal", "jax.numpy:reciprocal"),
)

ONNX: tuple[Row, ...] = (
    _row("sigmoid", "Sigmoid"),
    _row("tanh", "Tanh"),
    _row("relu", "Relu"),
    _row("leaky_relu", "LeakyRelu"),
    _row("elu", "Elu"),
    _row("selu", "Selu"),
    _row("celu", "Celu"),
    _row("hardsigmoid", "HardSigmoid", {"alpha": 1 / 6}),
    _row("hardswish", "HardSwish"),
    _row("softplus", "Softplus"),
    _row("softsign", "Softsign"),
    _row("gelu", "Gelu"),
    _row("gelu_tanh", "Gelu", {"approximate": "tanh"}),
    _row("mish", "Mish"),
    _row("thresholded_relu", "ThresholdedRelu"),
    _row("hardshrink", "Shrink", {"lambd": 0.5, "bias": 0.0}),
    _row("softshrink", "Shrink", {"lambd": 0.5, "bias": 0.5}),
    _row("erf", "Erf"),
    _row("arctan", "Atan"),
    _row("arcsinh", "Asinh"),
    _row("sine", "Sin", omega=1.0),
    _row("exponential", "Exp"),
    _row("logarithm", "Log"),
    _row("square_root", "Sqrt"),
    _row("absolute", "Abs"),
    _row("reciprocal", "Reciprocal"),
)
"""Operators and their attributes; they have no derivatives."""


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z)))


def _cubic(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(2 / np.pi).astype(z.dtype) * (z + z.dtype.type(0.044715) * z**3))


NUMPY: tuple[tuple[str, str, Call, Call], ...] = (
    ("sigmoid", "1/(1 + exp(-z))", _sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    ("tanh", "tanh(z)", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    ("softplus", "log(1 + exp(z))", lambda z: np.log(1 + np.exp(z)), _sigmoid),
    ("logsigmoid", "-log(1 + exp(-z))", lambda z: -np.log(1 + np.exp(-z)), lambda z: _sigmoid(-z)),
    (
        "silu",
        "z/(1 + exp(-z))",
        lambda z: z * _sigmoid(z),
        lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z))),
    ),
    (
        "gelu_tanh",
        "z*(1 + tanh(u))/2",
        lambda z: z * (1 + np.tanh(_cubic(z))) / 2,
        lambda z: (
            (1 + np.tanh(_cubic(z))) / 2
            + z
            * (1 - np.tanh(_cubic(z)) ** 2)
            * (np.sqrt(2 / np.pi).astype(z.dtype) * (1 + z.dtype.type(3 * 0.044715) * z**2))
            / 2
        ),
    ),
    (
        "elu",
        "where(z > 0, z, exp(z) - 1)",
        lambda z: np.where(z > 0, z, np.exp(z) - 1),
        lambda z: np.where(z > 0, z.dtype.type(1), np.exp(z)),
    ),
    (
        "mish",
        "z*tanh(log(1 + exp(z)))",
        lambda z: z * np.tanh(np.log(1 + np.exp(z))),
        lambda z: (
            np.tanh(np.log(1 + np.exp(z))) + z * (1 - np.tanh(np.log(1 + np.exp(z))) ** 2) * _sigmoid(z)
        ),
    ),
    ("softsign", "z/(1 + abs(z))", lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    ("gaussian", "exp(-z**2)", lambda z: np.exp(-(z**2)), lambda z: -2 * z * np.exp(-(z**2))),
)
"""What people write by hand: the usual formula, and its derivative as the chain rule gives it."""

PACKAGES = ("torch", "jax", "onnxruntime", "numpy")


def recipes(package: str) -> tuple[Recipe, ...]:
    """Return the functions of a package that are activations.

    Raises UnknownName for a package that has no recipes, ToolMissing where it is not installed.
    """
    if package not in PACKAGES:
        raise UnknownName(
            f"{package}: no recipes for this package; there are {', '.join(PACKAGES)}, "
            "or write MODULE:FUNCTION with --against"
        )
    try:
        import_module(package)
    except ModuleNotFoundError as error:
        raise ToolMissing(f"{package} is not installed here; pip install {package}") from error
    if package == "numpy":
        return tuple(Recipe(name, f"numpy {formula}", _any(f), _any(d)) for name, formula, f, d in NUMPY)
    if package == "onnxruntime":
        return tuple(_of_onnx(ONNX))
    return tuple(_of_framework(TORCH if package == "torch" else JAX))


def _any(function: Call) -> Callable[[str], Call]:
    """Return what makes a function for any dtype: itself."""
    return lambda dtype: function


def _of_framework(rows: tuple[Row, ...]) -> Iterator[Recipe]:
    for activation, spec, keywords, parameters in rows:
        name = spec + "".join(f" {key}={value}" for key, value in keywords.items())

        def call(dtype: str, spec: str = spec, keywords: Mapping[str, Any] = keywords) -> Call:
            return load(spec, dtype=dtype, keywords=keywords)

        def derivative(dtype: str, spec: str = spec, keywords: Mapping[str, Any] = keywords) -> Call:
            return load(spec, dtype=dtype, keywords=keywords, derivative=True)

        yield Recipe(activation, name, call, derivative, parameters)


def _of_onnx(rows: tuple[Row, ...]) -> Iterator[Recipe]:
    for activation, operator, attributes, parameters in rows:
        name = operator + "".join(f" {key}={value}" for key, value in attributes.items())

        def call(dtype: str, operator: str = operator, attributes: Mapping[str, Any] = attributes) -> Call:
            return _session(operator, attributes, dtype)

        yield Recipe(activation, name, call, None, parameters)


OPSET, IR_VERSION = 22, 10


def _session(operator: str, attributes: Mapping[str, Any], dtype: str) -> Call:
    """Return an ONNX operator as ONNX Runtime computes it on the CPU."""
    try:
        import onnx
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ToolMissing(f"{error.name} is not installed here; pip install onnx onnxruntime") from error
    kind = onnx.TensorProto.FLOAT if dtype == "float32" else onnx.TensorProto.DOUBLE
    ends = [onnx.helper.make_tensor_value_info(name, kind, [None]) for name in ("z", "g")]
    node = onnx.helper.make_node(operator, ["z"], ["g"], **attributes)
    graph = onnx.helper.make_graph([node], operator, ends[:1], ends[1:])
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda z: np.asarray(session.run(["g"], {"z": z})[0])
