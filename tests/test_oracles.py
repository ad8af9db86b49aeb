"""The judge itself: against mpmath, which shares no code with FLINT, and against published values."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from flint import arb

from symact.activations import Activation, G, Kink, Z, samples
from symact.catalogue import activations
from symact.enclosures import enclose
from symact.errors import NotSupported
from symact.formats import BINARY16, BINARY32, BINARY64, Format
from symact.oracles import Function, Oracle, interior_roots, product, truths

CATALOGUE = list(activations().values())
POINTS = [Fraction(n, 7) for n in (-200, -61, -23, -9, -5, -1, 2, 3, 6, 10, 29, 64, 200)]


def number(ball: arb) -> mpmath.mpf:
    """Return a ball's middle with all its bits."""
    mantissa, exponent = ball.mid().man_exp()
    return mpmath.mpf(int(mantissa)) * mpmath.mpf(2) ** int(exponent)


def settings(activation: Activation) -> list[dict[str, Fraction]]:
    chosen = [dict(activation.defaults), *samples(activation)[:2]] if activation.parameters else [{}]
    return [{s.name: Fraction(int(v.p), int(v.q)) for s, v in setting.items()} for setting in chosen]


def by_mpmath(activation: Activation, setting: dict[str, Fraction]):
    """Return f as mpmath computes it, from SymPy's own translation."""
    symbols = [p.symbol for p in activation.parameters]
    compiled = sp.lambdify([Z, *symbols], activation.expression, modules="mpmath")
    values = [mpmath.mpf(setting[s.name].numerator) / setting[s.name].denominator for s in symbols]
    return lambda z: compiled(mpmath.mpf(z), *values)


def near_a_kink(activation: Activation, setting: dict[str, Fraction], z: Fraction) -> bool:
    switches = activation.expression.atoms(sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise)
    exact = {sp.Symbol(n, real=True): sp.Rational(v.numerator, v.denominator) for n, v in setting.items()}
    return bool(switches) and any(
        abs(kink.at.subs(exact) - sp.Rational(z.numerator, z.denominator)) < sp.Rational(1, 50)
        for kink in activation.kinks
    )


@pytest.mark.parametrize("activation", CATALOGUE, ids=lambda a: a.name)
def test_catalogue_against_mpmath(activation: Activation) -> None:
    for setting in settings(activation):
        oracle = Oracle(activation, setting)
        with mpmath.workdps(150):
            f = by_mpmath(activation, setting)
            for z in POINTS:
                point = mpmath.mpf(z.numerator) / z.denominator
                ours = oracle.forward(z)
                if ours.is_nan():
                    assert not _inside(activation, setting, z), (activation.name, setting, z)
                    continue
                theirs = f(point)
                assert (
                    abs(number(ours) - theirs) <= mpmath.mpf(2) ** -70 * abs(theirs) + mpmath.mpf(10) ** -120
                )
                if near_a_kink(activation, setting, z):
                    continue
                theirs = mpmath.diff(f, point, h=mpmath.mpf(10) ** -40)
                slope = number(oracle.derivative(z))
                assert abs(slope - theirs) <= mpmath.mpf(10) ** -20 * abs(theirs) + mpmath.mpf(10) ** -35, (
                    activation.name,
                    setting,
                    z,
                )


def _inside(activation: Activation, setting: dict[str, Fraction], z: Fraction) -> bool:
    exact = {sp.Symbol(n, real=True): sp.Rational(v.numerator, v.denominator) for n, v in setting.items()}
    return activation.domain.subs(exact).contains(sp.Rational(z.numerator, z.denominator)) == sp.true


PUBLISHED = [  # 25 digits: DLMF, OEIS and Abramowitz and Stegun's table 26.1
    ("erf", 1.0, "0.8427007929497148693412206"),
    ("normal_cdf", 1.0, "0.8413447460685429485852325"),
    ("gelu", 1.0, "0.8413447460685429485852325"),
    ("tanh", 1.0, "0.7615941559557648881194583"),
    ("exponential", 1.0, "2.718281828459045235360287"),
    ("softplus", 0.0, "0.6931471805599453094172321"),
    ("arctan", 1.0, "0.7853981633974483096156608"),
    ("arcsinh", 1.0, "0.8813735870195430252326093"),
    ("square_root", 2.0, "1.414213562373095048801689"),
    ("sigmoid", 1.0, "0.7310585786300048792511592"),
    ("log_normal_cdf", 0.0, "-0.6931471805599453094172321"),
]


@pytest.mark.parametrize(("name", "z", "digits"), PUBLISHED)
def test_published_values(name: str, z: float, digits: str) -> None:
    with mpmath.workdps(40):
        assert (
            abs(number(Oracle(activations()[name]).forward(z)) - mpmath.mpf(digits)) < mpmath.mpf(10) ** -23
        )


LIMITS = [  # f(-inf), f(inf), f'(-inf), f'(inf)
    ("sigmoid", 0, 1, 0, 0),
    ("silu", 0, math.inf, 0, 1),
    ("gelu", 0, math.inf, 0, 1),
    ("mish", 0, math.inf, 0, 1),
    ("softsign", -1, 1, 0, 0),
    ("relu", 0, math.inf, 0, 1),
    ("relu6", 0, 6, 0, 0),
    ("elu", -1, math.inf, 0, 1),
    ("logsigmoid", -math.inf, 0, 1, 0),
    ("log_normal_cdf", -math.inf, 0, math.inf, 0),
    ("squared_relu", 0, math.inf, 0, math.inf),
    ("logcosh", math.inf, math.inf, -1, 1),
    ("symlog", -math.inf, math.inf, 0, 0),
    ("sine", math.nan, math.nan, math.nan, math.nan),
    ("snake", -math.inf, math.inf, math.nan, math.nan),
    ("square_root", math.nan, math.inf, math.nan, 0),
    ("logarithm", math.nan, math.inf, math.nan, 0),
    ("reciprocal", 0, 0, 0, 0),
    ("exponential", 0, math.inf, 0, math.inf),
    ("tanhshrink", -math.inf, math.inf, 1, 1),
    ("bent_identity", -math.inf, math.inf, 0.5, 1.5),
]


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0])
def test_limits(row: tuple[str, float, float, float, float]) -> None:
    oracle = Oracle(activations()[row[0]])
    found = oracle.forward_many([-math.inf, math.inf]) + oracle.derivative_many([-math.inf, math.inf])
    rounded = truths(found, BINARY64).rounded.tolist()
    assert [str(x + 0.0) for x in rounded] == [str(float(x)) for x in row[1:]]


POLES = [  # the infinite values at the end of a domain, from within it
    ("logarithm", 0.0, -math.inf, math.inf),
    ("logarithm", -0.0, -math.inf, math.inf),
    ("logit", 0.0, -math.inf, math.inf),
    ("logit", 1.0, math.inf, math.inf),
    ("softplus_inverse", 0.0, -math.inf, math.inf),
    ("square_root", 0.0, 0.0, math.inf),
    ("square_root", -0.0, 0.0, math.inf),
    ("reciprocal", 0.0, math.inf, -math.inf),
    ("reciprocal", -0.0, -math.inf, -math.inf),
    ("logarithm", -1.0, math.nan, math.nan),
    ("logit", 1.5, math.nan, math.nan),
]


@pytest.mark.parametrize(("name", "z", "value", "slope"), POLES)
def test_ends_of_domains(name: str, z: float, value: float, slope: float) -> None:
    oracle = Oracle(activations()[name])
    found = truths(oracle.forward_many([z]) + oracle.derivative_many([z]), BINARY64).rounded.tolist()
    assert [str(x) for x in found] == [str(value), str(slope)]


@pytest.mark.parametrize("activation", [a for a in CATALOGUE if a.kinks], ids=lambda a: a.name)
def test_kinks_take_the_declared_convention(activation: Activation) -> None:
    for setting in settings(activation):
        exact = {sp.Symbol(n, real=True): sp.Rational(v.numerator, v.denominator) for n, v in setting.items()}
        for kink in activation.kinks:
            at, convention = sp.sympify(kink.at).subs(exact), sp.sympify(kink.convention).subs(exact)
            ours = Oracle(activation, setting).derivative(Fraction(int(at.p), int(at.q)))
            with mpmath.workdps(40):
                assert (
                    abs(number(ours) - mpmath.mpf(int(convention.p)) / int(convention.q))
                    < mpmath.mpf(10) ** -30
                )


def test_ties_are_decided_exactly() -> None:
    hardswish = Oracle(activations()["hardswish"])
    assert hardswish.forward(-3.0) == 0  # where z/6 + 1/2 is 0 and no binary ball of it is
    assert hardswish.forward(math.nextafter(-3.0, 0)) < 0
    shrink = Oracle(activations()["softshrink"], {"lambd": 0.1})
    assert shrink.forward(0.1) == 0
    assert shrink.forward(math.nextafter(0.1, 1)) > 0


def test_where_smooth_pieces_meet_the_derivative_is_theirs() -> None:
    for name, z, slope in (("squared_relu", 0.0, 0), ("softsign", 0.0, 1), ("sparse_plus", 1.0, 1)):
        assert Oracle(activations()[name]).derivative(z) == slope
    assert Oracle(activations()["sparse_plus"]).derivative(-1.0) == 0


def test_a_parameter_is_the_number_that_it_is() -> None:
    leaky = Oracle(activations()["leaky_relu"], {"negative_slope": 0.1})
    assert leaky.forward(-1.0) == arb(-0.1)
    assert leaky.forward(-1.0) != Oracle(
        activations()["leaky_relu"], {"negative_slope": Fraction(1, 10)}
    ).forward(-1.0)
    with pytest.raises(NotSupported, match="no parameter is called slope"):
        Oracle(activations()["leaky_relu"], {"slope": 1.0})


TAILS = [  # where the definition cancels completely
    ("log_normal_cdf", -1e5, lambda z: mpmath.log(mpmath.erfc(-z / mpmath.sqrt(2)) / 2)),
    (
        "log_normal_cdf",
        -1e12,
        lambda z: -z * z / 2 - mpmath.log(-z) - mpmath.log(2 * mpmath.pi) / 2 - 1 / z**2,
    ),
    ("gelu", -14.0, lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2),
    ("softplus", -300.0, lambda z: mpmath.log1p(mpmath.exp(z))),
    ("tanhshrink", 1e-100, lambda z: z**3 / 3),
    ("elu", -1e-300, lambda z: mpmath.expm1(z)),
    ("sqrt_softplus", -1000.0, lambda z: mpmath.exp(z / 2)),
]


@pytest.mark.parametrize(("name", "z", "safe"), TAILS)
def test_tails(name: str, z: float, safe) -> None:
    with mpmath.workdps(60):
        want = safe(mpmath.mpf(z))
        assert abs(number(Oracle(activations()[name]).forward(z)) / want - 1) < mpmath.mpf(10) ** -22


def test_an_undecidable_value_is_said_to_be() -> None:
    cancelling = Function(sp.log(sp.cosh(Z) - sp.sinh(Z)), Z, {})
    with pytest.raises(NotSupported, match="undecided with 16384 bits"):
        cancelling.value(1e6)
    assert cancelling.many([1e6]) == [None]
    assert not truths([None], BINARY64).decided[0]


def test_output_forms_are_exact_relative_to_g() -> None:
    oracle = Oracle(activations()["sigmoid"])
    form = oracle.output_form(G * (1 - G), G)
    g = 1 - 2.0**-53
    assert number(form.value(g)) == mpmath.mpf(g) * mpmath.mpf(2) ** -53
    assert form.value(1.0) == 0
    softplus = oracle.output_form(1 - sp.exp(-G), G)
    assert truths(softplus.many([math.inf, 0.0]), BINARY64).rounded.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("fmt", [BINARY16, BINARY32, BINARY64], ids=lambda f: f.name)
def test_truths_round_as_the_format_does(fmt: Format) -> None:
    scales = [fmt.lowest_exponent - 3, fmt.lowest_exponent, fmt.emin, -3, 0, 11, fmt.emax, fmt.emax + 1]
    values = [
        (m, k - 70) for k in scales for m in (2**70, -(2**70) - 1, 2**71 - 1, 3**44, -(2**71) + 2**45, 12345)
    ]
    found = truths(values, fmt)
    for (mantissa, exponent), rounded, anchor, residual, ulp in zip(
        values, found.rounded, found.anchor, found.residual, found.ulp, strict=True
    ):
        exact = Fraction(mantissa) * Fraction(2) ** exponent
        assert rounded == fmt.round(exact)
        if math.isfinite(anchor):
            assert abs(
                Fraction(float(anchor)) + Fraction(float(residual)) * Fraction(2) ** int(ulp) - exact
            ) < Fraction(2) ** int(ulp - 24)


def test_products_are_exact() -> None:
    mantissa, exponent = product((5, -3), -0.1)
    assert Fraction(mantissa) * Fraction(2) ** exponent == Fraction(5, 8) * Fraction(-0.1)
    assert product(math.inf, -2.0) == -math.inf
    assert product((-1, 0), math.inf) == -math.inf
    assert math.isnan(product((0, 0), math.inf))


def test_interior_roots_of_derivatives() -> None:
    grid = [k / 8 for k in range(-64, 65)]
    known = {"silu": -1.27846454, "gelu": -0.75179152, "gelu_tanh": -0.75246142, "mish": -1.19243121}
    for name, root in known.items():
        (found,) = interior_roots(Oracle(activations()[name]).derivative, grid)
        assert abs(found - root) < 1e-8
    assert interior_roots(Oracle(activations()["tanh"]).derivative, grid) == []


SHAPES = [
    sp.Max(Z, 0) + sp.exp(-Z),
    sp.Piecewise((Z**2, Z > 0), (sp.sin(Z), True)),
    sp.Abs(Z - 1) * sp.tanh(Z),
    sp.Min(sp.Max(Z, -1), 1) / (2 + sp.sign(Z)),
    sp.sqrt(1 + Z**2) * sp.erf(Z),
]


@pytest.mark.parametrize("expression", SHAPES, ids=str)
def test_enclosures_hold_every_value(expression: sp.Expr) -> None:
    for middle in (-2.0, -0.25, 0.0, 0.5, 1.0):
        ball = enclose(expression, {Z: arb(middle, 0.75)})
        for k in range(-12, 13):
            z = middle + k / 16
            assert ball.contains(enclose(expression, {Z: arb(z)}))
            assert ball.overlaps(Function(expression, Z, {}).value(z))


def test_enclosures_know_where_nothing_is() -> None:
    assert enclose(sp.log(Z), {Z: arb(0, 1)}).is_nan()
    assert enclose(sp.sqrt(Z), {Z: arb(-1)}).is_nan()
    assert enclose(1 / Z, {Z: arb(0.5, 1)}).is_nan()


def test_a_kink_that_no_float_hits_is_no_kink() -> None:
    activation = Activation(None, sp.Abs(Z - sp.sqrt(2)), kinks=(Kink(sp.sqrt(2), sp.S.Zero),))
    assert Oracle(activation).derivative(math.sqrt(2)) in (1, -1)


def test_an_unknown_function_is_named() -> None:
    with pytest.raises(NotSupported, match="gamma"):
        Function(sp.gamma(Z), Z, {}).value(1.0)


def test_outside_a_domain_there_is_no_value_though_the_formula_has_one() -> None:
    oracle = Oracle(Activation("boxed", Z**2, domain=sp.Interval(0, 1)), {})
    for z in (-0.5, 1.5, 2.0):
        assert oracle.forward(z).is_nan()
        assert oracle.derivative(z).is_nan()
    assert oracle.forward(0.5) == 0.25


# All orders at once.


@pytest.mark.parametrize("activation", CATALOGUE, ids=lambda a: a.name)
def test_one_series_gives_what_each_order_gives_alone(activation: Activation) -> None:
    """At kinks too, where a series looks from the right, and a value does not."""
    for setting in settings(activation):
        oracle, alone = Oracle(activation, setting), Oracle(activation, setting)
        points = [-math.inf, -1e30, -3.7, -1e-12, -0.0, 0.0, 0.5, 1.1, 3.0, 1e4, math.inf, math.nan]
        points += [near for at in oracle.kinks for near in BINARY64.neighbours(at, 1)]
        each = alone.forward_many(points), alone.derivative_many(points), alone.second_derivative_many(points)
        for together, apart in zip(oracle.jets(points), each, strict=True):
            found, want = truths(together, BINARY64), truths(apart, BINARY64)
            assert found.rounded.tolist() == pytest.approx(want.rounded.tolist(), rel=0, abs=0, nan_ok=True)
            assert found.decided.tolist() == want.decided.tolist()


def test_a_value_at_a_tie_is_not_the_series() -> None:
    """A series at 0 is of the branch on the right; the function's value there is of neither."""
    step = Function(sp.Piecewise((0, Z < 0), (sp.Rational(1, 2), sp.Eq(Z, 0)), (1 + Z, True)), Z, {})
    assert truths([values[0] for values in step.jets([0.0], 1)], BINARY64).rounded.tolist() == [0.5, 1.0]
    assert step.ties == {0.0}


def test_a_tie_is_told_from_exact_coordinates() -> None:
    """The ball of z/3 - 1/3 at 1 holds 0 at any precision, and rational arithmetic tells that it is 0."""
    largest = Function(sp.Max(Z / 3, sp.Rational(1, 3)), Z, {})
    assert largest.value(1.0).overlaps(arb(1) / 3)
    assert max(bits for bits, _ in largest._programs) == 128


def test_where_there_is_no_value_there_is_no_second_derivative() -> None:
    oracle = Oracle(activations()["logarithm"])
    assert truths(oracle.second_derivative_many([-1.0]), BINARY64).decided.tolist() == [True]
