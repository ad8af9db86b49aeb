"""DATA: what frameworks call the activations, and what f' is there at kinks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Profile:
    """A framework's policies by activation, one for each kink from left to right, and where they are from."""

    source: str
    kinks: Mapping[str, tuple[str, ...]]

    def policies(self, name: str, count: int) -> tuple[str, ...]:
        """Return the policies for an activation of so many kinks; nothing where the framework lacks it."""
        found = self.kinks.get(name, ())
        return found if len(found) == count else ()


ZERO, ZEROS = ("zero",), ("zero", "zero")
INNER = ("right", "left")
"""The slope between two kinks, at both."""
OUTER = ("left", "right")
"""The slopes outside of two kinks."""

PROFILES: Mapping[str, Profile] = {
    "pytorch": Profile(
        "PyTorch 2.13, reverse mode, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "prelu": ("left",),
            "elu": ("left",),
            "selu": ("left",),
            "hardtanh": ZEROS,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "hardshrink": ZEROS,
            "softshrink": ZEROS,
            "threshold": ZERO,
            "absolute": ZERO,
        },
    ),
    "jax": Profile(
        "JAX 0.10.2, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("right",),
            "elu": ("left",),
            "selu": ("left",),
            "hardtanh": INNER,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "sparse_sigmoid": ("midpoint", "midpoint"),
            "absolute": ("right",),
        },
    ),
    "tensorflow": Profile(
        "TensorFlow 2.21, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "selu": ("right",),
            "absolute": ZERO,
        },
    ),
    "keras": Profile(
        "Keras 3.15.1 on TensorFlow 2.21, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "elu": ("left",),
            "selu": ("right",),
            "hardtanh": INNER,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "hardshrink": ZEROS,
            "softshrink": ZEROS,
            "threshold": ZERO,
            "sparse_sigmoid": ZEROS,
        },
    ),
    "onednn": Profile(
        "oneDNN, src/common/math_utils.hpp, read",
        {
            "relu": ZERO,
            "relu6": ("left", "left"),
            "leaky_relu": ("left",),
            "elu": ("left",),
            "hardtanh": ("left", "left"),
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "absolute": ZERO,
        },
    ),
    "onnx": Profile("ONNX defines no derivatives: every convention stays as it is declared", {}),
}


@dataclass(frozen=True)
class Row:
    """A framework's function for an activation: MODULE:FUNCTION or an operator, and its keyword arguments.

    ``parameters`` are those of the activation that are not at their defaults.
    """

    activation: str
    function: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The function and its keyword arguments."""
        return self.function + "".join(f" {key}={value}" for key, value in self.keywords.items())


def row(
    activation: str, function: str, keywords: Mapping[str, Any] | None = None, **parameters: float
) -> Row:
    """Return a row, the parameters as keyword arguments."""
    return Row(activation, function, keywords or {}, parameters)


TORCH: tuple[Row, ...] = (
    row("sigmoid", "torch:sigmoid"),
    row("tanh", "torch:tanh"),
    row("relu", "torch.nn.functional:relu"),
    row("relu6", "torch.nn.functional:relu6"),
    row("leaky_relu", "torch.nn.functional:leaky_relu"),
    row("prelu", "torch.nn:PReLU"),
    row("hardtanh", "torch.nn.functional:hardtanh"),
    row("hardsigmoid", "torch.nn.functional:hardsigmoid"),
    row("hardswish", "torch.nn.functional:hardswish"),
    row("elu", "torch.nn.functional:elu"),
    row("selu", "torch.nn.functional:selu"),
    row("celu", "torch.nn.functional:celu"),
    row("softplus", "torch.nn.functional:softplus"),
    row("logsigmoid", "torch.nn.functional:logsigmoid"),
    row("softsign", "torch.nn.functional:softsign"),
    row("tanhshrink", "torch.nn.functional:tanhshrink"),
    row("softshrink", "torch.nn.functional:softshrink"),
    row("hardshrink", "torch.nn.functional:hardshrink"),
    row("threshold", "torch.nn.functional:threshold", {"threshold": 0.0, "value": 0.0}),
    row("gelu", "torch.nn.functional:gelu"),
    row("gelu_tanh", "torch.nn.functional:gelu", {"approximate": "tanh"}),
    row("silu", "torch.nn.functional:silu"),
    row("mish", "torch.nn.functional:mish"),
    row("erf", "torch:erf"),
    row("normal_cdf", "torch.special:ndtr"),
    row("log_normal_cdf", "torch.special:log_ndtr"),
    row("arctan", "torch:atan"),
    row("arcsinh", "torch:asinh"),
    row("logit", "torch:logit"),
    row("sine", "torch:sin", omega=1.0),
    row("exponential", "torch:exp"),
    row("logarithm", "torch:log"),
    row("square_root", "torch:sqrt"),
    row("absolute", "torch:abs"),
    row("square", "torch:square"),
    row("reciprocal", "torch:reciprocal"),
)

JAX: tuple[Row, ...] = (
    row("sigmoid", "jax.nn:sigmoid"),
    row("tanh", "jax.numpy:tanh"),
    row("relu", "jax.nn:relu"),
    row("relu6", "jax.nn:relu6"),
    row("leaky_relu", "jax.nn:leaky_relu"),
    row("hardtanh", "jax.nn:hard_tanh"),
    row("hardsigmoid", "jax.nn:hard_sigmoid"),
    row("hardswish", "jax.nn:hard_swish"),
    row("elu", "jax.nn:elu"),
    row("selu", "jax.nn:selu"),
    row("celu", "jax.nn:celu"),
    row("softplus", "jax.nn:softplus"),
    row("logsigmoid", "jax.nn:log_sigmoid"),
    row("softsign", "jax.nn:soft_sign"),
    row("gelu", "jax.nn:gelu", {"approximate": False}),
    row("gelu_tanh", "jax.nn:gelu", {"approximate": True}),
    row("silu", "jax.nn:silu"),
    row("mish", "jax.nn:mish"),
    row("squareplus", "jax.nn:squareplus"),
    row("sparse_plus", "jax.nn:sparse_plus"),
    row("sparse_sigmoid", "jax.nn:sparse_sigmoid"),
    row("erf", "jax.scipy.special:erf"),
    row("normal_cdf", "jax.scipy.special:ndtr"),
    row("log_normal_cdf", "jax.scipy.special:log_ndtr"),
    row("arctan", "jax.numpy:arctan"),
    row("arcsinh", "jax.numpy:arcsinh"),
    row("logit", "jax.scipy.special:logit"),
    row("sine", "jax.numpy:sin", omega=1.0),
    row("exponential", "jax.numpy:exp"),
    row("logarithm", "jax.numpy:log"),
    row("square_root", "jax.numpy:sqrt"),
    row("absolute", "jax.numpy:abs"),
    row("square", "jax.numpy:square"),
    row("reciprocal", "jax.numpy:reciprocal"),
)

TENSORFLOW: tuple[Row, ...] = (
    row("sigmoid", "tensorflow:sigmoid"),
    row("tanh", "tensorflow:tanh"),
    row("relu", "tensorflow.nn:relu"),
    row("relu6", "tensorflow.nn:relu6"),
    row("leaky_relu", "tensorflow.nn:leaky_relu", {"alpha": 0.01}),
    row("elu", "tensorflow.nn:elu"),
    row("selu", "tensorflow.nn:selu"),
    row("softplus", "tensorflow.nn:softplus"),
    row("logsigmoid", "tensorflow.math:log_sigmoid"),
    row("softsign", "tensorflow.nn:softsign"),
    row("gelu", "tensorflow.nn:gelu", {"approximate": False}),
    row("gelu_tanh", "tensorflow.nn:gelu", {"approximate": True}),
    row("silu", "tensorflow.nn:silu"),
    row("erf", "tensorflow.math:erf"),
    row("arctan", "tensorflow:atan"),
    row("arcsinh", "tensorflow:asinh"),
    row("sine", "tensorflow:sin", omega=1.0),
    row("exponential", "tensorflow:exp"),
    row("logarithm", "tensorflow.math:log"),
    row("square_root", "tensorflow:sqrt"),
    row("absolute", "tensorflow:abs"),
    row("square", "tensorflow:square"),
    row("reciprocal", "tensorflow.math:reciprocal"),
    *(
        row(activation, f"keras.activations:{function}")
        for activation, function in (
            ("celu", "celu"),
            ("hardtanh", "hard_tanh"),
            ("hardsigmoid", "hard_sigmoid"),
            ("hardswish", "hard_silu"),
            ("hardshrink", "hard_shrink"),
            ("softshrink", "soft_shrink"),
            ("mish", "mish"),
            ("squareplus", "squareplus"),
            ("sparse_plus", "sparse_plus"),
            ("sparse_sigmoid", "sparse_sigmoid"),
            ("tanhshrink", "tanh_shrink"),
        )
    ),
)
"""Of TensorFlow, and of Keras on it what TensorFlow has not."""

ONNX: tuple[Row, ...] = (
    row("sigmoid", "Sigmoid"),
    row("tanh", "Tanh"),
    row("relu", "Relu"),
    row("leaky_relu", "LeakyRelu"),
    row("elu", "Elu"),
    row("selu", "Selu"),
    row("celu", "Celu"),
    row("hardsigmoid", "HardSigmoid", {"alpha": 1 / 6}),
    row("hardswish", "HardSwish"),
    row("softplus", "Softplus"),
    row("softsign", "Softsign"),
    row("gelu", "Gelu"),
    row("gelu_tanh", "Gelu", {"approximate": "tanh"}),
    row("mish", "Mish"),
    row("thresholded_relu", "ThresholdedRelu"),
    row("hardshrink", "Shrink", {"lambd": 0.5, "bias": 0.0}),
    row("softshrink", "Shrink", {"lambd": 0.5, "bias": 0.5}),
    row("erf", "Erf"),
    row("arctan", "Atan"),
    row("arcsinh", "Asinh"),
    row("sine", "Sin", omega=1.0),
    row("exponential", "Exp"),
    row("logarithm", "Log"),
    row("square_root", "Sqrt"),
    row("absolute", "Abs"),
    row("reciprocal", "Reciprocal"),
)
"""Operators and their attributes; they have no derivatives."""

Formula = Callable[[Any, Any], Any]
"""Of the module numpy and an array: this module does not import it."""


def _sigmoid(np: Any, z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _cubic(np: Any, z: Any) -> Any:
    return np.sqrt(2 / np.pi).astype(z.dtype) * (z + z.dtype.type(0.044715) * z**3)


NUMPY: tuple[tuple[str, str, Formula, Formula], ...] = (
    ("sigmoid", "1/(1 + exp(-z))", _sigmoid, lambda np, z: _sigmoid(np, z) * (1 - _sigmoid(np, z))),
    ("tanh", "tanh(z)", lambda np, z: np.tanh(z), lambda np, z: 1 - np.tanh(z) ** 2),
    ("softplus", "log(1 + exp(z))", lambda np, z: np.log(1 + np.exp(z)), _sigmoid),
    (
        "logsigmoid",
        "-log(1 + exp(-z))",
        lambda np, z: -np.log(1 + np.exp(-z)),
        lambda np, z: _sigmoid(np, -z),
    ),
    (
        "silu",
        "z/(1 + exp(-z))",
        lambda np, z: z * _sigmoid(np, z),
        lambda np, z: _sigmoid(np, z) * (1 + z * (1 - _sigmoid(np, z))),
    ),
    (
        "gelu_tanh",
        "z*(1 + tanh(u))/2",
        lambda np, z: z * (1 + np.tanh(_cubic(np, z))) / 2,
        lambda np, z: (
            (1 + np.tanh(_cubic(np, z))) / 2
            + z
            * (1 - np.tanh(_cubic(np, z)) ** 2)
            * (np.sqrt(2 / np.pi).astype(z.dtype) * (1 + z.dtype.type(3 * 0.044715) * z**2))
            / 2
        ),
    ),
    (
        "elu",
        "where(z > 0, z, exp(z) - 1)",
        lambda np, z: np.where(z > 0, z, np.exp(z) - 1),
        lambda np, z: np.where(z > 0, z.dtype.type(1), np.exp(z)),
    ),
    (
        "mish",
        "z*tanh(log(1 + exp(z)))",
        lambda np, z: z * np.tanh(np.log(1 + np.exp(z))),
        lambda np, z: (
            np.tanh(np.log(1 + np.exp(z))) + z * (1 - np.tanh(np.log(1 + np.exp(z))) ** 2) * _sigmoid(np, z)
        ),
    ),
    ("softsign", "z/(1 + abs(z))", lambda np, z: z / (1 + abs(z)), lambda np, z: 1 / (1 + abs(z)) ** 2),
    ("gaussian", "exp(-z**2)", lambda np, z: np.exp(-(z**2)), lambda np, z: -2 * z * np.exp(-(z**2))),
)
"""What people write by hand: the usual formula, and its derivative as the chain rule gives it."""
