"""The model encloses what is computed, and the regimes that it chooses are good everywhere."""

import math
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, Z
from symact.arithmetics import DOUBLE, DOUBLE_DOUBLE, compile_expression
from symact.catalogue import catalogue
from symact.formats import BINARY32, BINARY64
from symact.functions import expm1
from symact.parsing import parse
from symact.pieces import split
from symact.regimes import Loss, exact_ball, points_between, stabilise
from symact.regimes.losses import LITTLE, constant_loss

GOOD = {DOUBLE.name: 0.02, DOUBLE_DOUBLE.name: 2.6}
"""ulp: what the model may leave, its own pessimism about subnormals included."""

NAMES = (
    "sigmoid",
    "tanh",
    "softplus",
    "logsigmoid",
    "silu",
    "gelu",
    "mish",
    "logcosh",
    "tanhshrink",
    "gaussian",
)
FORMULAS = ("z*exp(-exp(-z))", "1/(1 + exp(-3*z))^2", "log(1 + z^2)", "z/(1 + exp(-z))^(1/2)")


@pytest.mark.parametrize(("arithmetic", "fmt"), [(DOUBLE, BINARY32), (DOUBLE_DOUBLE, BINARY64)], ids=str)
@pytest.mark.parametrize("target", NAMES + FORMULAS)
def test_regimes_are_good_at_every_point(target, arithmetic, fmt):
    activation = catalogue().get(target) or parse(target)
    for case in split(activation):
        for stable in stabilise(activation, case, arithmetic, fmt):
            assert stable.loss.worst <= GOOD[arithmetic.name], [r.rule for r in stable.regimes]
            ends = [stable.regimes[0].lower, *(r.upper for r in stable.regimes)]
            assert ends == sorted(ends)


def test_the_model_sees_cancellation():
    naive = compile_expression(sp.exp(Z) - 1, (Z,), DOUBLE)
    safe = compile_expression(expm1(Z), (Z,), DOUBLE)
    old, ctx.prec = ctx.prec, DOUBLE.bits
    z = arb(2) ** -40
    bits = naive((z,)).rel_accuracy_bits(), safe((z,)).rel_accuracy_bits()
    ctx.prec = old
    assert bits[0] < 20 and bits[1] > 30


@pytest.mark.parametrize("z", [-30.0, -0.7, 1e-9, 0.4, 25.0])
@pytest.mark.parametrize(
    ("expression", "function"),
    [
        (1 / (1 + sp.exp(-Z)), lambda z: 1 / (1 + math.exp(-z))),
        (Z - sp.tanh(Z), lambda z: z - math.tanh(z)),
        (sp.log(1 + sp.exp(Z)), lambda z: math.log(1 + math.exp(z))),
    ],
)
def test_the_model_encloses_a_real_computation(expression, function, z):
    program = compile_expression(expression, (Z,), DOUBLE)
    old, ctx.prec = ctx.prec, DOUBLE.bits
    ball = program((arb(z),))
    ctx.prec = old
    assert ball.contains(arb(function(z)))


def test_points_cover_all_magnitudes_and_stay_inside():
    points = list(points_between(sp.Integer(0), sp.Integer(6), BINARY32))
    assert all(0 < point < 6 for point in points)
    for exponent in range(-126, 3):
        assert any(Fraction(2) ** exponent <= p < Fraction(2) ** (exponent + 3) for p in points)


def test_exact_ball_is_exact():
    point = Fraction(3, 2**1070)
    assert exact_ball(point).is_exact()


def test_naive_form_is_not_chosen_where_it_overflows():
    naive = Activation("f", sp.exp(Z) / (1 + sp.exp(Z)))
    (stable,) = stabilise(naive, split(naive)[0], DOUBLE_DOUBLE, BINARY64)
    assert len(stable.regimes) > 1 and stable.loss.worst <= GOOD[DOUBLE_DOUBLE.name]


def test_a_root_that_is_looked_at_is_a_root():
    """1/2 is one of the points: a power series is tried about it, not where bisection ends beside it."""
    activation = Activation("f", sp.log(Z / (1 - Z)), domain=sp.Interval.open(0, 1))
    (stable,) = stabilise(activation, split(activation)[0], DOUBLE, BINARY32)
    assert sp.Rational(1, 2) in {regime.center for regime in stable.regimes}
    assert stable.loss.worst <= DOUBLE.good


@pytest.mark.parametrize(
    ("formula", "absolute"), [("exp(-a*z)", False), ("z*(1 - a*z)", False), ("1 - a*z^2", True)]
)
def test_beside_a_root_that_depends_on_a_parameter_errors_are_absolute(formula, absolute):
    activation = parse(formula)
    for case in split(activation):
        for stable in stabilise(activation, case, DOUBLE, BINARY32):
            assert (stable.loss.absolute > 0) == absolute
            assert stable.loss.relative <= LITTLE
            assert stable.loss.absolute <= 2.0**-30


def test_a_constant_is_exact_or_rounded():
    constants = {sp.Rational(3, 4): 0.0, sp.Rational(1, 10): 2.0**-53, sp.pi: 2.0**-53}
    for number, relative in constants.items():
        assert constant_loss(number, DOUBLE, BINARY32).relative == relative
    assert constant_loss(sp.Symbol("alpha", real=True), DOUBLE, BINARY32) == Loss()
