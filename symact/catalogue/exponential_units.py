"""A line on the right, an exponential on the left; and other uses of the exponential by pieces."""

from sympy import Abs, Eq, Interval, Ne, Piecewise, Rational, S, Symbol, Union, exp, log, oo, sign

from symact.activations import Activation, Kink, Parameter, Source, Z

z = Z
a, alpha, b = Symbol("a", real=True), Symbol("alpha", real=True), Symbol("b", real=True)

# The fixed point of Klambauer and others, to as many digits as PyTorch's and JAX's sources give.
SELU_ALPHA = Rational("1.6732632423543772848170429916717")
SELU_SCALE = Rational("1.0507009873554804934193349852946")

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="elu",
        display_name="Exponential linear unit",
        expression=Piecewise((z, z > 0), (alpha * (exp(z) - 1), True)),
        parameters=(Parameter("alpha", S(1), S.true, "the left asymptote is -alpha"),),
        # For alpha = 1 there is no kink, and the convention is the derivative.
        kinks=(Kink(S(0), alpha),),
        # The second interval is empty for alpha <= 0.
        range=Union(Interval(0, oo), Interval.open(-alpha, 0)),
        family="exponential_units",
        source=Source(
            "Clevert, Unterthiner and Hochreiter",
            2015,
            "Fast and accurate deep network learning by exponential linear units (ELUs)",
            "arXiv:1511.07289",
        ),
    ),
    Activation(
        name="selu",
        display_name="Scaled exponential linear unit",
        expression=SELU_SCALE * Piecewise((z, z > 0), (SELU_ALPHA * (exp(z) - 1), True)),
        kinks=(Kink(S(0), SELU_SCALE * SELU_ALPHA),),
        range=Interval.open(-SELU_SCALE * SELU_ALPHA, oo),
        family="exponential_units",
        source=Source(
            "Klambauer, Unterthiner, Mayr and Hochreiter",
            2017,
            "Self-normalizing neural networks",
            "arXiv:1706.02515",
        ),
    ),
    Activation(
        name="celu",
        display_name="Continuously differentiable exponential linear unit",
        expression=Piecewise((z, z > 0), (alpha * (exp(z / alpha) - 1), True)),
        parameters=(Parameter("alpha", S(1), Ne(alpha, 0), "where positive, the left asymptote is -alpha"),),
        range=Interval.open(Piecewise((-alpha, alpha > 0), (-oo, True)), oo),
        family="exponential_units",
        source=Source(
            "Barron", 2017, "Continuously differentiable exponential linear units", "arXiv:1704.07483"
        ),
    ),
    Activation(
        name="pelu",
        display_name="Parametric exponential linear unit",
        expression=Piecewise((a / b * z, z >= 0), (a * (exp(z / b) - 1), True)),
        parameters=(
            Parameter("a", S(1), a > 0, "the left asymptote is -a"),
            Parameter("b", S(1), b > 0, "width of the exponential"),
        ),
        range=Interval.open(-a, oo),
        family="exponential_units",
        source=Source(
            "Trottier, Giguère and Chaib-draa",
            2016,
            "Parametric exponential linear unit for deep convolutional neural networks",
            "arXiv:1605.09332",
        ),
    ),
    Activation(
        name="elish",
        display_name="Exponential linear sigmoid squashing",
        expression=Piecewise((z / (1 + exp(-z)), z >= 0), ((exp(z) - 1) / (1 + exp(-z)), True)),
        # The least value, where e^(2z) + 2 e^z = 1, that is at e^z = sqrt(2) - 1.
        range=Interval(2 * S(2) ** Rational(1, 2) - 3, oo),
        family="exponential_units",
        source=Source(
            "Basirat and Roth", 2018, "The quest for the golden activation function", "arXiv:1808.00783"
        ),
    ),
    Activation(
        name="soft_exponential",
        display_name="Soft exponential",
        expression=Piecewise(
            (z, Eq(alpha, 0)),
            (-log(1 - alpha * (z + alpha)) / alpha, alpha < 0),
            ((exp(alpha * z) - 1) / alpha + alpha, True),
        ),
        parameters=(
            Parameter("alpha", S(0), S.true, "logarithm below 0, identity at 0, exponential above 0"),
        ),
        domain=Interval.open(Piecewise((1 / alpha - alpha, alpha < 0), (-oo, True)), oo),
        range=Interval.open(Piecewise((alpha - 1 / alpha, alpha > 0), (-oo, True)), oo),
        family="exponential_units",
        source=Source(
            "Godfrey and Gashler",
            2016,
            "A continuum among logarithmic, linear, and exponential functions, and its potential to "
            "improve generalization in neural networks",
            "arXiv:1602.01321",
        ),
    ),
    Activation(
        name="symlog",
        display_name="Symmetric logarithm",
        expression=sign(z) * log(1 + Abs(z)),
        range=S.Reals,
        family="exponential_units",
        source=Source(
            "Hafner, Pasukonis, Ba and Lillicrap",
            2023,
            "Mastering diverse domains through world models",
            "arXiv:2301.04104",
        ),
    ),
    Activation(
        name="symexp",
        display_name="Symmetric exponential",
        expression=sign(z) * (exp(Abs(z)) - 1),
        range=S.Reals,
        family="exponential_units",
        source=Source(
            "Hafner, Pasukonis, Ba and Lillicrap",
            2023,
            "Mastering diverse domains through world models",
            "arXiv:2301.04104",
        ),
    ),
)
