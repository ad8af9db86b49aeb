"""Smooth rectifiers, bumps and waves."""

from sympy import Interval, Ne, S, Symbol, cosh, exp, log, oo, sin, sqrt

from symact.activations import Activation, Parameter, Source, Z

z = Z
alpha, b = Symbol("alpha", real=True), Symbol("b", real=True)
beta, omega = Symbol("beta", real=True), Symbol("omega", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="softplus",
        display_name="Softplus",
        expression=log(1 + exp(beta * z)) / beta,
        parameters=(Parameter("beta", S(1), beta > 0, "sharpness of the bend"),),
        range=Interval.open(0, oo),
        family="smooth",
        aliases=("soft_relu", "softrelu"),
        source=Source(
            "Dugas, Bengio, Bélisle, Nadeau and Garcia",
            2001,
            "Incorporating second-order functional knowledge for better option pricing",
            "Advances in Neural Information Processing Systems 13",
        ),
    ),
    Activation(
        name="softplus_inverse",
        display_name="Inverse of softplus",
        expression=log(exp(z) - 1),
        domain=Interval.open(0, oo),
        range=S.Reals,
        family="smooth",
        aliases=("inverse_softplus",),
        source=Source(
            "TensorFlow Probability",
            2025,
            "tfp.math.softplus_inverse",
            "https://www.tensorflow.org/probability/api_docs/python/tfp/math/softplus_inverse",
        ),
    ),
    Activation(
        name="sqrt_softplus",
        display_name="Square root of softplus",
        expression=sqrt(log(1 + exp(z))),
        range=Interval.open(0, oo),
        family="smooth",
        source=Source(
            "Hugging Face",
            2026,
            "transformers, activations.py",
            "https://github.com/huggingface/transformers/blob/main/src/transformers/activations.py",
        ),
    ),
    Activation(
        name="squareplus",
        display_name="Squareplus",
        expression=(z + sqrt(z**2 + b)) / 2,
        parameters=(Parameter("b", S(4), b > 0, "roundness of the bend"),),
        range=Interval.open(0, oo),
        family="smooth",
        source=Source("Barron", 2021, "Squareplus: a softplus-like algebraic rectifier", "arXiv:2112.11687"),
    ),
    Activation(
        name="logcosh",
        display_name="Logarithm of the hyperbolic cosine",
        expression=log(cosh(z)),
        range=Interval(0, oo),
        family="smooth",
        aliases=("log_cosh",),
        source=Source("FluxML", 2025, "NNlib.logcosh", "https://fluxml.ai/NNlib.jl/dev/reference/"),
    ),
    Activation(
        name="bent_identity",
        display_name="Bent identity",
        expression=(sqrt(z**2 + 1) - 1) / 2 + z,
        range=S.Reals,
        family="smooth",
        source=Source("Misra", 2019, "Echo, BentID", "https://github.com/digantamisra98/Echo"),
    ),
    Activation(
        name="gaussian",
        display_name="Gaussian",
        expression=exp(-(z**2)),
        range=Interval.Lopen(0, 1),
        family="smooth",
        source=Source(
            "Broomhead and Lowe",
            1988,
            "Multivariable functional interpolation and adaptive networks",
            "Complex Systems 2",
        ),
    ),
    Activation(
        name="sine",
        display_name="Sine",
        expression=sin(omega * z),
        parameters=(Parameter("omega", S(30), Ne(omega, 0), "angular frequency"),),
        range=Interval(-1, 1),
        family="smooth",
        aliases=("siren",),
        source=Source(
            "Sitzmann, Martel, Bergman, Lindell and Wetzstein",
            2020,
            "Implicit neural representations with periodic activation functions",
            "arXiv:2006.09661",
        ),
    ),
    Activation(
        name="snake",
        display_name="Snake",
        expression=z + sin(alpha * z) ** 2 / alpha,
        parameters=(Parameter("alpha", S(1), Ne(alpha, 0), "angular frequency"),),
        range=S.Reals,
        family="smooth",
        source=Source(
            "Ziyin, Hartwig and Ueda",
            2020,
            "Neural networks fail to learn periodic functions and how to fix it",
            "arXiv:2006.08195",
        ),
    ),
)
