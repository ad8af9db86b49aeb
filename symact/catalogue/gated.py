"""The input times a gate that depends on it: not monotonic, with a dip left of 0.

The least value of most solves a transcendental equation; those have no range here.
"""

from sympy import Interval, Rational, S, Symbol, erf, exp, log, oo, pi, sqrt, tanh

from symact.activations import Activation, Parameter, Source, Z

z = Z
beta = Symbol("beta", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="gelu",
        display_name="Gaussian error linear unit",
        expression=z * (1 + erf(z / sqrt(2))) / 2,
        family="gated",
        aliases=("gelu_erf",),
        source=Source(
            "Hendrycks and Gimpel", 2016, "Gaussian error linear units (GELUs)", "arXiv:1606.08415"
        ),
    ),
    Activation(
        name="gelu_tanh",
        display_name="Gaussian error linear unit, tanh approximation",
        expression=z * (1 + tanh(sqrt(2 / pi) * (z + Rational(44715, 1000000) * z**3))) / 2,
        family="gated",
        aliases=("gelu_new", "approxgelu", "gelu_approximate"),
        source=Source(
            "Hendrycks and Gimpel", 2016, "Gaussian error linear units (GELUs)", "arXiv:1606.08415"
        ),
    ),
    Activation(
        name="quick_gelu",
        display_name="Gaussian error linear unit, sigmoid approximation",
        expression=z / (1 + exp(-Rational(1702, 1000) * z)),
        family="gated",
        aliases=("gelu_sigmoid", "gelu_quick"),
        source=Source(
            "Hendrycks and Gimpel", 2016, "Gaussian error linear units (GELUs)", "arXiv:1606.08415"
        ),
    ),
    Activation(
        name="silu",
        display_name="Sigmoid-weighted linear unit",
        expression=z / (1 + exp(-z)),
        family="gated",
        aliases=("swish",),
        source=Source(
            "Elfwing, Uchibe and Doya",
            2017,
            "Sigmoid-weighted linear units for neural network function approximation in "
            "reinforcement learning",
            "arXiv:1702.03118",
        ),
    ),
    Activation(
        name="swish_beta",
        display_name="Swish with a slope",
        expression=z / (1 + exp(-beta * z)),
        parameters=(Parameter("beta", S(1), S.true, "slope of the gate"),),
        family="gated",
        aliases=("parametric_swish",),
        source=Source(
            "Ramachandran, Zoph and Le", 2017, "Searching for activation functions", "arXiv:1710.05941"
        ),
    ),
    Activation(
        name="e_swish",
        display_name="E-swish",
        expression=beta * z / (1 + exp(-z)),
        parameters=(Parameter("beta", Rational(1375, 1000), S.true, "scale of the output"),),
        family="gated",
        aliases=("eswish",),
        source=Source(
            "Alcaide",
            2018,
            "E-swish: adjusting activations to different network depths",
            "arXiv:1801.07145",
        ),
    ),
    Activation(
        name="d_silu",
        display_name="Derivative of the sigmoid-weighted linear unit",
        expression=1 / (1 + exp(-z)) * (1 + z * (1 - 1 / (1 + exp(-z)))),
        family="gated",
        aliases=("dsilu",),
        source=Source(
            "Elfwing, Uchibe and Doya",
            2017,
            "Sigmoid-weighted linear units for neural network function approximation in "
            "reinforcement learning",
            "arXiv:1702.03118",
        ),
    ),
    Activation(
        name="mish",
        display_name="Mish",
        expression=z * tanh(log(1 + exp(z))),
        family="gated",
        source=Source(
            "Misra", 2019, "Mish: a self regularized non-monotonic activation function", "arXiv:1908.08681"
        ),
    ),
    Activation(
        name="lisht",
        display_name="Linearly scaled hyperbolic tangent",
        expression=z * tanh(z),
        range=Interval(0, oo),
        family="gated",
        source=Source(
            "Roy, Manna, Dubey and Chaudhuri",
            2019,
            "LiSHT: non-parametric linearly scaled hyperbolic tangent activation function for "
            "neural networks",
            "arXiv:1901.05894",
        ),
    ),
    Activation(
        name="tanhexp",
        display_name="Tanh exponential activation",
        expression=z * tanh(exp(z)),
        family="gated",
        source=Source(
            "Liu and Di",
            2020,
            "TanhExp: a smooth activation function with high convergence speed for lightweight "
            "neural networks",
            "arXiv:2003.09855",
        ),
    ),
    Activation(
        name="smish",
        display_name="Smish",
        expression=z * tanh(log(1 + 1 / (1 + exp(-z)))),
        family="gated",
        source=Source(
            "Wang, Ren and Wang",
            2022,
            "Smish: a novel activation function for deep learning methods",
            "doi:10.3390/electronics11040540",
        ),
    ),
    Activation(
        name="logish",
        display_name="Logish",
        expression=z * log(1 + 1 / (1 + exp(-z))),
        family="gated",
        source=Source(
            "Zhu, Meng, Li and others",
            2021,
            "Logish: a new nonlinear nonmonotonic activation function for convolutional neural network",
            "Neurocomputing 458",
        ),
    ),
)
