"""Derivatives typed by hand from the sources named beside them: an oracle independent of the engine.

At a kink a row has the value that the catalogue declares, by where it puts its equals sign.
"""

from typing import NamedTuple

from sympy import (
    Abs,
    Eq,
    Expr,
    Piecewise,
    Rational,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sqrt,
    tanh,
)

z = Symbol("z", real=True)
a, alpha, b, beta = (Symbol(name, real=True) for name in ("a", "alpha", "b", "beta"))
lambd, omega, s = (Symbol(name, real=True) for name in ("lambd", "omega", "s"))
negative_slope, weight = Symbol("negative_slope", real=True), Symbol("weight", real=True)
min_val, max_val, threshold = (Symbol(name, real=True) for name in ("min_val", "max_val", "threshold"))
slope = Symbol("slope", real=True)

half = Rational(1, 2)
sigma = exp(z) / (exp(z) + 1)
phi = exp(-(z**2) / 2) / sqrt(2 * pi)
Phi = half + erf(z / sqrt(2)) / 2
u = sqrt(2 / pi) * (z + Rational("0.044715") * z**3)
k = Rational("1.702")
gate = exp(k * z) / (exp(k * z) + 1)
swish = z * exp(beta * z) / (exp(beta * z) + 1)
selu_alpha = Rational("1.6732632423543772848170429916717")
selu_scale = Rational("1.0507009873554804934193349852946")
sech2 = 1 / cosh(z) ** 2


class Row(NamedTuple):
    """An activation's name, f'(z), and where that is printed."""

    name: str
    derivative: Expr
    source: str


TEXTBOOK: tuple[Row, ...] = (
    # Sigmoidal.
    Row(
        "sigmoid",
        exp(-z) / (1 + exp(-z)) ** 2,
        "Bishop (2006), Pattern recognition and machine learning, eq. 4.88",
    ),
    Row("tanh", sech2, "DLMF, section 4.34"),
    Row("scaled_tanh", a * b / cosh(b * z) ** 2, "DLMF, section 4.34, by the chain rule"),
    Row(
        "hardsigmoid",
        Piecewise((0, z <= -3), (Rational(1, 6), z < 3), (0, True)),
        "PyTorch, derivatives.yaml, hardsigmoid_backward",
    ),
    Row(
        "sparse_sigmoid",
        Piecewise((0, z <= -1), (half, z < 1), (0, True)),
        "JAX, jax.nn.sparse_sigmoid; 0 at both kinks",
    ),
    Row(
        "softsign",
        1 / (1 + Abs(z)) ** 2,
        "Turian and others (2009), NAACL HLT 2009, by the quotient rule on either side of 0",
    ),
    Row(
        "sqnl",
        Piecewise((0, z > 2), (1 - z / 2, z >= 0), (1 + z / 2, z >= -2), (0, True)),
        "Wuraola and Patel (2018), SQNL",
    ),
    Row("isru", (1 / sqrt(1 + alpha * z**2)) ** 3, "Carlile and others (2017), arXiv:1710.09967"),
    Row("arctan", 1 / (1 + z**2), "DLMF, section 4.24(ii)"),
    Row("arcsinh", 1 / sqrt(1 + z**2), "DLMF, section 4.38(ii)"),
    Row("erf", 2 / sqrt(pi) * exp(-(z**2)), "DLMF, section 7.10"),
    Row("normal_cdf", phi, "Abramowitz and Stegun (1964), 26.2.1 and 26.2.2"),
    Row(
        "log_normal_cdf",
        phi / Phi,
        "Mills (1926), doi:10.1093/biomet/18.3-4.395: the ratio's reciprocal at -z",
    ),
    Row("cloglog", exp(z - exp(z)), "McCullagh and Nelder (1989), Generalized linear models, 4.3"),
    Row("logsigmoid", 1 / (1 + exp(z)), "PyTorch, derivatives.yaml, log_sigmoid_backward"),
    Row("logit", 1 / z + 1 / (1 - z), "McCullagh and Nelder (1989), Generalized linear models, 4.3"),
    # Rectifiers.
    Row("relu", Piecewise((1, z > 0), (0, True)), "Nair and Hinton (2010); 0 at 0 as PyTorch has it"),
    Row(
        "leaky_relu",
        Piecewise((1, z > 0), (negative_slope, True)),
        "PyTorch, derivatives.yaml, leaky_relu_backward",
    ),
    Row("prelu", Piecewise((1, z > 0), (weight, True)), "He and others (2015), arXiv:1502.01852"),
    Row("relu6", Piecewise((0, z <= 0), (1, z < 6), (0, True)), "PyTorch, relu6 as hardtanh(0, 6)"),
    Row(
        "hardtanh",
        Piecewise((0, z <= min_val), (1, z < max_val), (0, True)),
        "PyTorch, derivatives.yaml, hardtanh_backward",
    ),
    Row(
        "hardswish",
        Piecewise((0, z <= -3), (z / 3 + half, z < 3), (1, True)),
        "PyTorch, derivatives.yaml, hardswish_backward",
    ),
    Row(
        "threshold", Piecewise((1, z > threshold), (0, True)), "PyTorch, derivatives.yaml, threshold_backward"
    ),
    Row("thresholded_relu", Piecewise((1, z > alpha), (0, True)), "Konda and others (2014), arXiv:1402.3337"),
    Row(
        "squared_relu",
        Piecewise((2 * z, z > 0), (0, True)),
        "So and others (2021), arXiv:2109.08668, by the power rule",
    ),
    Row(
        "star_relu",
        Piecewise((2 * s * z, z > 0), (0, True)),
        "Yu and others (2022), arXiv:2210.13452, by the power rule",
    ),
    Row("sparse_plus", Piecewise((0, z < -1), ((z + 1) / 2, z < 1), (1, True)), "JAX, jax.nn.sparse_plus"),
    Row(
        "isrlu",
        Piecewise((1, z >= 0), ((1 / sqrt(1 + alpha * z**2)) ** 3, True)),
        "Carlile and others (2017), arXiv:1710.09967",
    ),
    # Exponential units.
    Row(
        "elu",
        Piecewise((1, z > 0), (alpha * exp(z), True)),
        "Clevert and others (2015), arXiv:1511.07289",
    ),
    Row(
        "selu",
        Piecewise((selu_scale, z > 0), (selu_scale * selu_alpha * exp(z), True)),
        "Klambauer and others (2017), arXiv:1706.02515",
    ),
    Row("celu", Piecewise((1, z >= 0), (exp(z / alpha), True)), "Barron (2017), arXiv:1704.07483"),
    Row(
        "pelu",
        Piecewise((a / b, z >= 0), (a / b * exp(z / b), True)),
        "Trottier and others (2016), arXiv:1605.09332",
    ),
    Row(
        "elish",
        Piecewise(
            (sigma + z * sigma * (1 - sigma), z >= 0),
            (sigma * (exp(z) - (1 - exp(z)) * (1 - sigma)), True),
        ),
        "Basirat and Roth (2018), arXiv:1808.00783, by the product rule",
    ),
    Row(
        "soft_exponential",
        Piecewise((1, Eq(alpha, 0)), (1 / (1 - alpha * (alpha + z)), alpha < 0), (exp(alpha * z), True)),
        "Godfrey and Gashler (2016), arXiv:1602.01321",
    ),
    Row("symlog", 1 / (1 + Abs(z)), "Hafner and others (2023), arXiv:2301.04104, by DLMF 4.7"),
    Row("symexp", exp(Abs(z)), "Hafner and others (2023), arXiv:2301.04104, by DLMF 4.7"),
    # Gated.
    Row("gelu", Phi + z * phi, "Hendrycks and Gimpel (2016), arXiv:1606.08415, by the product rule"),
    Row(
        "gelu_tanh",
        (1 + tanh(u)) / 2 + z / 2 / cosh(u) ** 2 * sqrt(2 / pi) * (1 + 3 * Rational("0.044715") * z**2),
        "PyTorch, derivatives.yaml, gelu_backward, tanh",
    ),
    Row(
        "quick_gelu",
        gate * (1 + k * z * (1 - gate)),
        "Ramachandran and others (2017), arXiv:1710.05941",
    ),
    Row("silu", sigma * (1 + z * (1 - sigma)), "Elfwing and others (2017), arXiv:1702.03118"),
    Row(
        "swish_beta",
        beta * swish + exp(beta * z) / (exp(beta * z) + 1) * (1 - beta * swish),
        "Ramachandran and others (2017), arXiv:1710.05941",
    ),
    Row("e_swish", beta * sigma * (1 + z * (1 - sigma)), "Alcaide (2018), arXiv:1801.07145"),
    Row(
        "d_silu",
        sigma * (1 - sigma) * (2 + z * (1 - 2 * sigma)),
        "Elfwing and others (2017), arXiv:1702.03118, by the product rule",
    ),
    Row(
        "mish",
        exp(z)
        * (4 * (z + 1) + 4 * exp(2 * z) + exp(3 * z) + exp(z) * (4 * z + 6))
        / (2 * exp(z) + exp(2 * z) + 2) ** 2,
        "Misra (2019), arXiv:1908.08681, version 1",
    ),
    Row("lisht", tanh(z) + z * sech2, "Roy and others (2019), arXiv:1901.05894"),
    Row(
        "tanhexp",
        tanh(exp(z)) - z * exp(z) * (tanh(exp(z)) ** 2 - 1),
        "Liu and Di (2020), arXiv:2003.09855",
    ),
    Row(
        "logish",
        log(1 + sigma) + z * sigma * (1 - sigma) / (1 + sigma),
        "Zhu and others (2021), Neurocomputing 458, by the product rule",
    ),
    # Shrinkage.
    Row(
        "softshrink",
        Piecewise((1, z > lambd), (1, z < -lambd), (0, True)),
        "PyTorch, derivatives.yaml, softshrink_backward",
    ),
    Row(
        "hardshrink",
        Piecewise((1, z > lambd), (1, z < -lambd), (0, True)),
        "PyTorch, derivatives.yaml, hardshrink_backward",
    ),
    Row("tanhshrink", tanh(z) ** 2, "DLMF, sections 4.34 and 4.35"),
    # Smooth rectifiers, bumps and waves.
    Row("softplus", 1 / (1 + exp(-beta * z)), "Dugas and others (2001): the primitive of the sigmoid"),
    Row("softplus_inverse", 1 / (1 - exp(-z)), "DLMF, section 4.7, by the chain rule"),
    Row("sqrt_softplus", sigma / (2 * sqrt(log(1 + exp(z)))), "DLMF, section 4.7, by the chain rule"),
    Row("squareplus", (1 + z / sqrt(z**2 + b)) / 2, "Barron (2021), arXiv:2112.11687"),
    Row("logcosh", tanh(z), "DLMF, section 4.34, by the chain rule"),
    Row("bent_identity", z / (2 * sqrt(z**2 + 1)) + 1, "Misra (2019), Echo, BentID, by the chain rule"),
    Row("gaussian", -2 * z * exp(-(z**2)), "DLMF, section 4.7, by the chain rule"),
    Row("sine", omega * cos(omega * z), "Sitzmann and others (2020), arXiv:2006.09661"),
    Row("snake", 1 + sin(2 * alpha * z), "Ziyin and others (2020), arXiv:2006.08195"),
    # Elementary.
    Row("linear", slope, "DLMF, section 1.4"),
    Row("step", S(0), "DLMF, section 1.16(iv), away from 0"),
    Row("sign", S(0), "DLMF, section 1.16(iv), away from 0"),
    Row("absolute", sign(z), "PyTorch, derivatives.yaml, abs: grad * self.sgn()"),
    Row("square", 2 * z, "DLMF, section 1.4"),
    Row("square_root", 1 / (2 * sqrt(z)), "DLMF, section 1.4"),
    Row("reciprocal", -1 / z**2, "DLMF, section 1.4"),
    Row("exponential", exp(z), "DLMF, section 4.7"),
    Row("logarithm", 1 / z, "DLMF, section 4.7"),
)
