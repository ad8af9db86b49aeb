"""Zero or a line on one side, a line or a parabola on the other; and clipped lines."""

from sympy import FiniteSet, Interval, Max, Min, Piecewise, Rational, S, Symbol, Union, oo, sqrt

from symact.activations import Activation, Kink, Parameter, Source, Z
from symact.catalogue.sources import jax, pytorch

z = Z
alpha = Symbol("alpha", real=True)
b, s = Symbol("b", real=True), Symbol("s", real=True)
min_val, max_val = Symbol("min_val", real=True), Symbol("max_val", real=True)
negative_slope, weight = Symbol("negative_slope", real=True), Symbol("weight", real=True)
threshold, value = Symbol("threshold", real=True), Symbol("value", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="relu",
        display_name="Rectified linear unit",
        expression=Max(z, 0),
        kinks=(Kink(S(0), S(0)),),
        range=Interval(0, oo),
        family="rectifiers",
        aliases=("rectifier",),
        source=Source(
            "Nair and Hinton",
            2010,
            "Rectified linear units improve restricted Boltzmann machines",
            "ICML 2010",
        ),
    ),
    Activation(
        name="leaky_relu",
        display_name="Leaky rectified linear unit",
        expression=Piecewise((z, z > 0), (negative_slope * z, True)),
        parameters=(Parameter("negative_slope", Rational(1, 100), S.true, "slope left of 0"),),
        kinks=(Kink(S(0), negative_slope),),
        range=Interval(Piecewise((-oo, negative_slope > 0), (0, True)), oo),
        family="rectifiers",
        aliases=("leakyrelu", "lrelu"),
        source=Source(
            "Maas, Hannun and Ng",
            2013,
            "Rectifier nonlinearities improve neural network acoustic models",
            "ICML 2013 workshop on deep learning for audio, speech and language processing",
        ),
    ),
    Activation(
        name="prelu",
        display_name="Parametric rectified linear unit",
        expression=Piecewise((z, z > 0), (weight * z, True)),
        parameters=(Parameter("weight", Rational(1, 4), S.true, "slope left of 0, learnt"),),
        kinks=(Kink(S(0), weight),),
        range=Interval(Piecewise((-oo, weight > 0), (0, True)), oo),
        family="rectifiers",
        aliases=("parametric_relu",),
        source=Source(
            "He, Zhang, Ren and Sun",
            2015,
            "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
            "arXiv:1502.01852",
        ),
    ),
    Activation(
        name="relu6",
        display_name="Rectified linear unit up to 6",
        expression=Min(Max(z, 0), 6),
        kinks=(Kink(S(0), S(0)), Kink(S(6), S(0))),
        range=Interval(0, 6),
        family="rectifiers",
        source=Source(
            "Krizhevsky", 2010, "Convolutional deep belief networks on CIFAR-10", "unpublished manuscript"
        ),
    ),
    Activation(
        name="hardtanh",
        display_name="Hard hyperbolic tangent",
        expression=Min(Max(z, min_val), max_val),
        parameters=(
            Parameter("min_val", S(-1), min_val < max_val, "lowest output"),
            Parameter("max_val", S(1), min_val < max_val, "highest output"),
        ),
        kinks=(Kink(min_val, S(0)), Kink(max_val, S(0))),
        range=Interval(min_val, max_val),
        family="rectifiers",
        aliases=("hard_tanh", "clip", "clamp"),
        source=pytorch("nn.functional.hardtanh"),
    ),
    Activation(
        name="hardswish",
        display_name="Hard swish",
        expression=z * Min(Max(z / 6 + Rational(1, 2), 0), 1),
        kinks=(Kink(S(-3), S(0)), Kink(S(3), S(1))),
        range=Interval(Rational(-3, 8), oo),
        family="rectifiers",
        aliases=("hard_swish", "hard_silu", "hardsilu"),
        source=Source("Howard and others", 2019, "Searching for MobileNetV3", "arXiv:1905.02244"),
    ),
    Activation(
        name="threshold",
        display_name="Threshold",
        expression=Piecewise((z, z > threshold), (value, True)),
        parameters=(
            Parameter("threshold", S(0), S.true, "inputs above it pass"),
            Parameter("value", S(0), S.true, "output for all others"),
        ),
        kinks=(Kink(threshold, S(0)),),
        range=Union(Interval.open(threshold, oo), FiniteSet(value)),
        family="rectifiers",
        source=pytorch("nn.functional.threshold"),
    ),
    Activation(
        name="thresholded_relu",
        display_name="Thresholded rectified linear unit",
        expression=Piecewise((z, z > alpha), (0, True)),
        parameters=(Parameter("alpha", S(1), S.true, "inputs above it pass"),),
        kinks=(Kink(alpha, S(0)),),
        range=Union(Interval.open(alpha, oo), FiniteSet(0)),
        family="rectifiers",
        aliases=("trelu",),
        source=Source(
            "Konda, Memisevic and Krueger",
            2014,
            "Zero-bias autoencoders and the benefits of co-adapting features",
            "arXiv:1402.3337",
        ),
    ),
    Activation(
        name="squared_relu",
        display_name="Squared rectified linear unit",
        expression=Max(z, 0) ** 2,
        range=Interval(0, oo),
        family="rectifiers",
        aliases=("relu2", "relu_squared"),
        source=Source(
            "So, Mańke, Liu, Dai, Shazeer and Le",
            2021,
            "Primer: searching for efficient transformers for language modeling",
            "arXiv:2109.08668",
        ),
    ),
    Activation(
        name="star_relu",
        display_name="StarReLU",
        expression=s * Max(z, 0) ** 2 + b,
        parameters=(
            Parameter("s", Rational(8944, 10000), S.true, "scale; the default gives unit variance"),
            Parameter("b", Rational(-4472, 10000), S.true, "shift; the default gives zero mean"),
        ),
        range=Interval(Piecewise((-oo, s < 0), (b, True)), Piecewise((oo, s > 0), (b, True))),
        family="rectifiers",
        source=Source("Yu and others", 2022, "MetaFormer baselines for vision", "arXiv:2210.13452"),
    ),
    Activation(
        name="sparse_plus",
        display_name="Sparse plus",
        expression=Piecewise((0, z <= -1), ((z + 1) ** 2 / 4, z < 1), (z, True)),
        range=Interval(0, oo),
        family="rectifiers",
        source=jax("sparse_plus"),
    ),
    Activation(
        name="isrlu",
        display_name="Inverse square root linear unit",
        expression=Piecewise((z, z >= 0), (z / sqrt(1 + alpha * z**2), True)),
        parameters=(Parameter("alpha", S(1), alpha > 0, "the left asymptote is -1/sqrt(alpha)"),),
        range=Interval.open(-1 / sqrt(alpha), oo),
        family="rectifiers",
        source=Source(
            "Carlile, Delamarter, Kinney, Marti and Whitney",
            2017,
            "Improving deep learning by inverse square root linear units (ISRLUs)",
            "arXiv:1710.09967",
        ),
    ),
)
