"""Shrinkage: small inputs become smaller, or 0."""

from sympy import FiniteSet, Interval, Piecewise, Rational, S, Symbol, Union, oo, tanh

from symact.activations import Activation, Kink, Parameter, Z
from symact.catalogue.sources import pytorch

z = Z
lambd = Symbol("lambd", real=True)

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        name="softshrink",
        display_name="Soft shrinkage",
        expression=Piecewise((z - lambd, z > lambd), (z + lambd, z < -lambd), (0, True)),
        parameters=(Parameter("lambd", Rational(1, 2), lambd >= 0, "half the width of the zero"),),
        kinks=(Kink(-lambd, S(0)), Kink(lambd, S(0))),
        range=S.Reals,
        family="shrinkage",
        aliases=("soft_shrink",),
        source=pytorch("nn.functional.softshrink"),
    ),
    Activation(
        name="hardshrink",
        display_name="Hard shrinkage",
        expression=Piecewise((z, z > lambd), (z, z < -lambd), (0, True)),
        parameters=(Parameter("lambd", Rational(1, 2), lambd >= 0, "half the width of the zero"),),
        kinks=(Kink(-lambd, S(0)), Kink(lambd, S(0))),
        range=Union(Interval.open(-oo, -lambd), FiniteSet(0), Interval.open(lambd, oo)),
        family="shrinkage",
        aliases=("hard_shrink",),
        source=pytorch("nn.functional.hardshrink"),
    ),
    Activation(
        name="tanhshrink",
        display_name="Hyperbolic tangent shrinkage",
        expression=z - tanh(z),
        range=S.Reals,
        family="shrinkage",
        aliases=("tanh_shrink",),
        source=pytorch("nn.functional.tanhshrink"),
    ),
)
