"""Curves that rise from one asymptote to another, and their logarithms and inverses."""

from sympy import (
    Abs,
    Interval,
    Max,
    Min,
    Ne,
    Piecewise,
    Rational,
    S,
    Symbol,
    asinh,
    atan,
    erf,
    exp,
    log,
    oo,
    pi,
    sqrt,
    tanh,
)

from symact.activations import Activation, Kink, Parameter, Source, Z
from symact.catalogue.sources import jax, onnx, pytorch

z = Z
a, alpha, b = Symbol("a", real=True), Symbol("alpha", real=True), Symbol("b", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="sigmoid",
        display_name="Logistic sigmoid",
        expression=1 / (1 + exp(-z)),
        range=Interval.open(0, 1),
        family="sigmoidal",
        aliases=("logistic", "expit", "sigma"),
        source=Source(
            "Rumelhart, Hinton and Williams",
            1986,
            "Learning representations by back-propagating errors",
            "doi:10.1038/323533a0",
        ),
    ),
    Activation(
        name="tanh",
        display_name="Hyperbolic tangent",
        expression=tanh(z),
        range=Interval.open(-1, 1),
        family="sigmoidal",
        source=Source(
            "LeCun, Bottou, Orr and Müller", 1998, "Efficient BackProp", "doi:10.1007/3-540-49430-8_2"
        ),
    ),
    Activation(
        name="scaled_tanh",
        display_name="Scaled hyperbolic tangent",
        expression=a * tanh(b * z),
        parameters=(
            Parameter("a", Rational(17159, 10000), Ne(a, 0), "the asymptotes are -a and a"),
            Parameter("b", Rational(2, 3), Ne(b, 0), "scale of the input"),
        ),
        range=Interval.open(-Abs(a), Abs(a)),
        family="sigmoidal",
        aliases=("lecun_tanh", "stanh"),
        source=Source(
            "LeCun, Bottou, Orr and Müller", 1998, "Efficient BackProp", "doi:10.1007/3-540-49430-8_2"
        ),
    ),
    Activation(
        name="hardsigmoid",
        display_name="Hard sigmoid",
        expression=Min(Max(z / 6 + Rational(1, 2), 0), 1),
        kinks=(Kink(S(-3), S(0)), Kink(S(3), S(0))),
        range=Interval(0, 1),
        family="sigmoidal",
        aliases=("hard_sigmoid",),
        source=pytorch("nn.functional.hardsigmoid"),
    ),
    Activation(
        name="sparse_sigmoid",
        display_name="Sparse sigmoid",
        expression=Min(Max((z + 1) / 2, 0), 1),
        # JAX takes 1/4 at both, the mean of a tie; 0 is Keras' choice and agrees with hardsigmoid's.
        kinks=(Kink(S(-1), S(0)), Kink(S(1), S(0))),
        range=Interval(0, 1),
        family="sigmoidal",
        source=jax("sparse_sigmoid"),
    ),
    Activation(
        name="softsign",
        display_name="Softsign",
        expression=z / (1 + Abs(z)),
        range=Interval.open(-1, 1),
        family="sigmoidal",
        aliases=("elliott", "soft_sign"),
        source=Source(
            "Turian, Bergstra and Bengio",
            2009,
            "Quadratic features and deep architectures for chunking",
            "NAACL HLT 2009, short papers",
        ),
    ),
    Activation(
        name="sqnl",
        display_name="Square nonlinearity",
        expression=Piecewise((1, z > 2), (z - z**2 / 4, z >= 0), (z + z**2 / 4, z >= -2), (-1, True)),
        range=Interval(-1, 1),
        family="sigmoidal",
        source=Source(
            "Wuraola and Patel",
            2018,
            "SQNL: a new computationally efficient activation function",
            "IJCNN 2018",
        ),
    ),
    Activation(
        name="isru",
        display_name="Inverse square root unit",
        expression=z / sqrt(1 + alpha * z**2),
        parameters=(Parameter("alpha", S(1), alpha > 0, "the asymptotes are +-1/sqrt(alpha)"),),
        range=Interval.open(-1 / sqrt(alpha), 1 / sqrt(alpha)),
        family="sigmoidal",
        source=Source(
            "Carlile, Delamarter, Kinney, Marti and Whitney",
            2017,
            "Improving deep learning by inverse square root linear units (ISRLUs)",
            "arXiv:1710.09967",
        ),
    ),
    Activation(
        name="arctan",
        display_name="Arc tangent",
        expression=atan(z),
        range=Interval.open(-pi / 2, pi / 2),
        family="sigmoidal",
        aliases=("atan",),
        source=onnx("Atan"),
    ),
    Activation(
        name="arcsinh",
        display_name="Inverse hyperbolic sine",
        expression=asinh(z),
        range=S.Reals,
        family="sigmoidal",
        aliases=("asinh",),
        source=onnx("Asinh"),
    ),
    Activation(
        name="erf",
        display_name="Error function",
        expression=erf(z),
        range=Interval.open(-1, 1),
        family="sigmoidal",
        source=onnx("Erf"),
    ),
    Activation(
        name="normal_cdf",
        display_name="Normal distribution function",
        expression=(1 + erf(z / sqrt(2))) / 2,
        range=Interval.open(0, 1),
        family="sigmoidal",
        aliases=("ndtr", "phi"),
        source=pytorch("special.ndtr"),
    ),
    Activation(
        name="cloglog",
        display_name="Complementary log-log",
        expression=1 - exp(-exp(z)),
        range=Interval.open(0, 1),
        family="sigmoidal",
        source=Source(
            "Gomes and Ludermir",
            2008,
            "Complementary log-log and probit: activation functions implemented in artificial "
            "neural networks",
            "HIS 2008",
        ),
    ),
    Activation(
        name="logsigmoid",
        display_name="Logarithm of the sigmoid",
        expression=-log(1 + exp(-z)),
        range=Interval.open(-oo, 0),
        family="sigmoidal",
        aliases=("log_sigmoid",),
        source=pytorch("nn.functional.logsigmoid"),
    ),
    Activation(
        name="log_normal_cdf",
        display_name="Logarithm of the normal distribution function",
        expression=log((1 + erf(z / sqrt(2))) / 2),
        range=Interval.open(-oo, 0),
        family="sigmoidal",
        aliases=("log_ndtr",),
        source=pytorch("special.log_ndtr"),
    ),
    Activation(
        name="logit",
        display_name="Logit",
        expression=log(z / (1 - z)),
        domain=Interval.open(0, 1),
        range=S.Reals,
        family="sigmoidal",
        source=pytorch("special.logit"),
    ),
)
