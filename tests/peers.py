"""The tables of derivatives from the output that others keep by hand, as mathematics: no code is theirs.

- PyTorch: pytorch/pytorch, tools/autograd/derivatives.yaml: elementwise functions of one argument whose
  formula reads ``result``; those that end in ``_`` (in place) too. hardtanh_ and threshold_ are as of
  commit d327a787782618826890c323f8d7e51f3d28ec13.
- oneDNN: oneapi-src/oneDNN, doc/primitives/eltwise.md, column "backward formula (from dst)": the
  algorithms ``*_use_dst_for_bwd``; alpha is not negative there.
- NNlib.jl: FluxML/NNlib.jl, src/activations.jl, ``UNARY_ACTS`` as of commit
  1d5efdeda732854036c41af99c3df4165b44fdb2: the rows that read the output.
"""

from typing import NamedTuple

from sympy import And, Expr, Ne, Piecewise, Rational, Symbol, exp, log, pi, sqrt

z, g = Symbol("z", real=True), Symbol("g", real=True)
alpha, slope = Symbol("alpha", real=True), Symbol("negative_slope", real=True)
low, high = Symbol("min_val", real=True), Symbol("max_val", real=True)
at, base = Symbol("threshold", real=True), Symbol("base", real=True)

SELU_SCALE, SELU_ALPHA = (
    Rational("1.0507009873554804934193349852946"),
    Rational("1.6732632423543772848170429916717"),
)


class Row(NamedTuple):
    """A peer's name for a function, our target for it, and the derivative that the peer has, in g and z."""

    peer: str
    name: str
    target: str
    derivative: Expr


def one_if(*conditions: Expr, otherwise: Expr | int = 0) -> Expr:
    return Piecewise((1, And(*conditions)), (otherwise, True))


ROWS = (
    Row("PyTorch", "exp", "exponential", g),
    Row("PyTorch", "exp2", "2^z", g * log(2)),
    Row("PyTorch", "expm1", "expm1(z)", g + 1),
    Row("PyTorch", "pow.Scalar", "3^z", g * log(3)),
    Row("PyTorch", "reciprocal", "reciprocal", -(g**2)),
    Row("PyTorch", "rsqrt", "1/sqrt(z)", -(g**3) / 2),
    Row("PyTorch", "sigmoid", "sigmoid", (1 - g) * g),
    Row("PyTorch", "sqrt", "square_root", 1 / (2 * g)),
    Row("PyTorch", "tan", "tan(z)", 1 + g**2),
    Row("PyTorch", "tanh", "tanh", 1 - g**2),
    Row("PyTorch", "relu", "relu", one_if(g > 0)),
    Row("PyTorch", "elu_", "elu", one_if(g > 0, otherwise=g + alpha)),
    Row("PyTorch", "celu_", "celu", one_if(g > 0, otherwise=g / alpha + 1)),
    Row("PyTorch", "hardtanh_", "hardtanh", one_if(g > low, g < high)),
    Row("PyTorch", "leaky_relu_", "leaky_relu", one_if(g > 0, otherwise=slope)),
    Row("PyTorch", "threshold_", "threshold", one_if(g > at)),
    Row("PyTorch", "special_log_ndtr", "log_normal_cdf", exp(-(g + z**2 / 2)) / sqrt(2 * pi)),
    Row("PyTorch", "special_erfcx", "exp(z^2)*erfc(z)", 2 * z * g - 2 / sqrt(pi)),
    Row("oneDNN", "relu", "leaky_relu", one_if(g > 0, otherwise=slope)),
    Row("oneDNN", "tanh", "tanh", 1 - g**2),
    Row("oneDNN", "elu", "elu", one_if(g > 0, otherwise=g + alpha)),
    Row("oneDNN", "sqrt", "square_root", 1 / (2 * g)),
    Row("oneDNN", "logistic", "sigmoid", g * (1 - g)),
    Row("oneDNN", "exp", "exponential", g),
    Row("oneDNN", "clip_v2", "hardtanh", one_if(g > low, g < high)),
    Row("NNlib.jl", "σ", "sigmoid", g * (1 - g)),
    # The source has 1 instead of 0 outside 0 < g < 1: a slip that a derived table does not make.
    Row("NNlib.jl", "hardσ", "hardsigmoid", Piecewise((Rational(1, 6), And(g > 0, g < 1)), (0, True))),
    Row("NNlib.jl", "hardtanh", "hardtanh", one_if(g > low, g < high)),
    Row("NNlib.jl", "relu", "relu", one_if(g > 0)),
    Row("NNlib.jl", "leakyrelu", "leaky_relu", one_if(g > 0, otherwise=slope)),
    Row("NNlib.jl", "relu6", "relu6", one_if(g > 0, g < 6)),
    Row("NNlib.jl", "elu", "elu", one_if(g > 0, otherwise=g + alpha)),
    Row("NNlib.jl", "swish", "silu", g + (1 - g) / (1 + exp(-z))),
    Row("NNlib.jl", "selu", "selu", Piecewise((SELU_SCALE, g > 0), (g + SELU_SCALE * SELU_ALPHA, True))),
    Row("NNlib.jl", "celu", "celu", one_if(g > 0, otherwise=g / alpha + 1)),
    Row("NNlib.jl", "trelu", "thresholded_relu", one_if(g > 0)),
    Row("NNlib.jl", "tanhshrink", "tanhshrink", (z - g) ** 2),
    Row("NNlib.jl", "softshrink", "softshrink", one_if(Ne(g, 0))),
    Row("NNlib.jl", "tanh_fast", "tanh", 1 - g**2),
    Row("NNlib.jl", "sigmoid_fast", "sigmoid", g * (1 - g)),
)

NO_FORMULA_HERE = {
    "PyTorch": ("special_ndtri", "special_i0e", "special_i1", "special_i1e"),
}
"""Rows that read the output, of functions that our formulas do not have: Bessel's, and the inverse of Phi."""
