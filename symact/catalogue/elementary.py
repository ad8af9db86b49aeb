"""Elementary functions that networks use as activations, and steps."""

from sympy import Abs, Eq, FiniteSet, Interval, Piecewise, S, Symbol, Union, exp, log, oo, sign, sqrt

from symact.activations import Activation, Kink, Parameter, Source, Z
from symact.catalogue.sources import onnx, pytorch

z = Z
slope, intercept = Symbol("slope", real=True), Symbol("intercept", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="linear",
        display_name="Linear",
        expression=slope * z + intercept,
        parameters=(
            Parameter("slope", S(1), S.true, "factor of the input"),
            Parameter("intercept", S(0), S.true, "output at 0"),
        ),
        range=Interval(
            Piecewise((intercept, Eq(slope, 0)), (-oo, True)),
            Piecewise((intercept, Eq(slope, 0)), (oo, True)),
        ),
        family="elementary",
        aliases=("identity",),
        source=pytorch("nn.Identity"),
    ),
    Activation(
        name="step",
        display_name="Step",
        expression=Piecewise((1, z > 0), (0, True)),
        kinks=(Kink(S(0), S(0)),),
        range=FiniteSet(0, 1),
        family="elementary",
        aliases=("heaviside", "binary_step"),
        source=Source(
            "McCulloch and Pitts",
            1943,
            "A logical calculus of the ideas immanent in nervous activity",
            "doi:10.1007/BF02478259",
        ),
    ),
    Activation(
        name="sign",
        display_name="Sign",
        expression=sign(z),
        kinks=(Kink(S(0), S(0)),),
        range=FiniteSet(-1, 0, 1),
        family="elementary",
        aliases=("signum",),
        source=onnx("Sign"),
    ),
    Activation(
        name="absolute",
        display_name="Absolute value",
        expression=Abs(z),
        kinks=(Kink(S(0), S(0)),),
        range=Interval(0, oo),
        family="elementary",
        aliases=("abs",),
        source=onnx("Abs"),
    ),
    Activation(
        name="square",
        display_name="Square",
        expression=z**2,
        range=Interval(0, oo),
        family="elementary",
        source=pytorch("square"),
    ),
    Activation(
        name="square_root",
        display_name="Square root",
        expression=sqrt(z),
        domain=Interval(0, oo),
        range=Interval(0, oo),
        family="elementary",
        aliases=("sqrt",),
        source=onnx("Sqrt"),
    ),
    Activation(
        name="reciprocal",
        display_name="Reciprocal",
        expression=1 / z,
        domain=Union(Interval.open(-oo, 0), Interval.open(0, oo)),
        range=Union(Interval.open(-oo, 0), Interval.open(0, oo)),
        family="elementary",
        aliases=("inverse",),
        source=onnx("Reciprocal"),
    ),
    Activation(
        name="exponential",
        display_name="Exponential",
        expression=exp(z),
        range=Interval.open(0, oo),
        family="elementary",
        aliases=("exp",),
        source=onnx("Exp"),
    ),
    Activation(
        name="logarithm",
        display_name="Natural logarithm",
        expression=log(z),
        domain=Interval.open(0, oo),
        range=S.Reals,
        family="elementary",
        aliases=("log", "ln"),
        source=onnx("Log"),
    ),
)
