"""Sweeps of all floats: what pieces promise, what the sieve finds, what certificates are worth."""

import json
import math
import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from typer.testing import CliRunner

from symact import accuracy, pipeline, schedulers, sweeps
from symact.accuracy import form
from symact.activations import Activation, Z
from symact.catalogue import activations
from symact.cli import app
from symact.enclosures.jets import Jet
from symact.errors import SymactError
from symact.formats import BINARY32
from symact.quotations import FILE
from symact.sweeps.branches import branch
from symact.sweeps.certificates import Certificates, certify, recheck
from symact.sweeps.chunks import PATTERNS, _prepared, function_of, judge, merged
from symact.sweeps.conjugates import conjugated
from symact.sweeps.expansions import Kind, Piece, Smooth, expand
from symact.sweeps.programs import program
from symact.sweeps.subjects import FUNCTIONS, Subject, subject

SEED = 20_241_125
z = sp.Symbol("z", real=True)
CORPUS = {
    "tanh": activations()["tanh"],
    "gelu": activations()["gelu"],
    "softplus": activations()["softplus"],
    "log_normal_cdf": activations()["log_normal_cdf"],
    "snake": activations()["snake"],
    "logit": activations()["logit"],
    "hardswish": activations()["hardswish"],
    "isrlu": activations()["isrlu"],
    "half": Activation("half", Z / 2 + sp.tanh(Z) / 4),
    "cancels": Activation("cancels", sp.log(sp.exp(Z) + 1) - sp.log(2) - Z / 2),
    "far ties": Activation("far_ties", sp.Rational(3, 2) * Z - 1 / (1 + Z**2)),
    "e_swish": activations()["e_swish"],
    "tanhshrink": activations()["tanhshrink"],
    "squareplus": activations()["squareplus"],
    "sqrt_softplus": activations()["sqrt_softplus"],
    "logcosh": activations()["logcosh"],
    "line": Activation("line", sp.Rational(5, 8) * Z * (1 + sp.tanh(Z)) + sp.Rational(1, 2)),
    "double exponential": Activation("double_exponential", sp.exp(-sp.exp(-Z))),
}
"""Every kind of piece: about zero and elsewhere, lines, ties, roots, poles, what oscillates, what cancels."""


QUICK = (
    *("tanh", "gelu", "log_normal_cdf", "snake", "hardswish", "far ties", "line", "squareplus", "logcosh"),
    "sqrt_softplus",
)


def patterns(count: int) -> list[int]:
    generator = random.Random(SEED)
    every = [generator.randrange(2**32) for _ in range(count)]
    middle = [BINARY32.pattern(BINARY32.round(generator.uniform(-120, 120))) for _ in range(count)]
    return sorted({*every, *middle, 1, 2, 3, 0x007FFFFF, 0x00800000, 0x3F800000})


def truth(asked: Subject, z: float) -> Fraction | float:
    (value,) = asked.exact([z])
    assert value is not None
    return Fraction(value[0]) * Fraction(2) ** max(value[1], -4000) if isinstance(value, tuple) else value


def promises(piece: Piece, z: float, value: Fraction | float) -> bool:
    """Return whether a piece is right at a float, by exact arithmetic beside Horner's rule in binary64."""
    if piece.kind is Kind.NAN:
        return isinstance(value, float) and math.isnan(value)
    if piece.program is not None:
        found, error = piece.program(np.array([z]))
        return abs(Fraction(float(found[0])) - Fraction(value)) <= Fraction(float(error[0]))
    series = piece.series
    assert series is not None
    horner, x = 0.0, (z - series.centre) * series.scale
    for coefficient in reversed(series.coefficients):
        horner = horner * x + coefficient
    if series.divisor:
        horner /= series.divisor
    if isinstance(value, float):
        return math.isinf(value) and abs(horner) >= 2.0**128
    if abs(horner) == 2.0**200:
        return abs(value) >= 2**128
    known = abs(value) / 2**400 + Fraction(2) ** -1500  # the oracle's own accuracy
    off, half = value - Fraction(horner), Fraction(series.relative) * abs(Fraction(horner))
    return abs(off) <= half + Fraction(series.absolute) + known and series.side * off >= -known


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "name",
    [
        *QUICK,
        *(pytest.param(n, marks=pytest.mark.thorough) for n in {**CORPUS, **activations()} if n not in QUICK),
    ],
)
def test_pieces_hold_what_they_promise(name: str, function: str) -> None:
    activation = CORPUS.get(name) or activations()[name]
    found = form(activation)
    if function not in ("forward", "derivative") and found is None:
        return
    asked = subject(activation, function, found)
    wrong, judged = [], 0
    for pattern in patterns(30):
        z = BINARY32.value(pattern)
        (piece,) = expand(asked.smooth, pattern, pattern)
        if piece.kind is Kind.UNKNOWN:  # a range of one float says nothing: take the one around it
            first = max(pattern - 40, pattern // PATTERNS * PATTERNS)
            around = expand(
                asked.smooth, first, min(pattern + 40, first // PATTERNS * PATTERNS + PATTERNS - 1)
            )
            piece = next(p for p in around if p.first <= pattern <= p.last)
        if piece.kind in (Kind.UNKNOWN, Kind.FREE):
            continue
        judged += 1
        if not promises(piece, z, truth(asked, z)):
            wrong.append((z, piece))
    assert not wrong
    points = all(a == b for a, b in asked.smooth.parts)  # step has two outputs
    assert judged > 15 or points


@pytest.mark.parametrize("function", ["forward", "derivative"])
@pytest.mark.parametrize("name", QUICK)
def test_pieces_hold_from_end_to_end(name: str, function: str) -> None:
    """As they are in whole chunks: at both ends and in between."""
    asked, generator = subject(CORPUS[name], function), random.Random(SEED)
    wrong = []
    for index in (0, 14, 15, 16, 20, 47, 48, 52):
        pieces = expand(asked.smooth, index * PATTERNS, (index + 1) * PATTERNS - 1)
        known = [piece for piece in pieces if piece.kind is not Kind.UNKNOWN]
        for piece in generator.sample(known, min(5, len(known))):
            for pattern in (piece.first, piece.last, generator.randint(piece.first, piece.last)):
                z = BINARY32.value(pattern)
                if not promises(piece, z, truth(asked, z)):
                    wrong.append((z, piece))
    assert not wrong


@pytest.mark.parametrize("function", ["forward", "derivative"])
@pytest.mark.parametrize("name", ["sigmoid", "isru", "logit", "snake", "sqrt_softplus"])
def test_pieces_cover_every_float_once(name: str, function: str) -> None:
    asked = subject(activations()[name], function)
    for index in (0, 15, 16, 20, 31, 32, 48, 63):
        pieces = expand(asked.smooth, index * PATTERNS, (index + 1) * PATTERNS - 1)
        ends = [index * PATTERNS - 1, *(piece.last for piece in pieces)]
        assert [piece.first for piece in pieces] == [end + 1 for end in ends[:-1]]
        assert ends[-1] == (index + 1) * PATTERNS - 1
        few = sum(piece.last - piece.first + 1 for piece in pieces if piece.kind is Kind.UNKNOWN)
        assert few < 1000, "too much is left to arbitrary precision"


@pytest.mark.parametrize(
    ("expression", "low", "high", "expected"),
    [
        (sp.Abs(z - 2), 0.5, 1.5, "2 - z"),
        (sp.Max(z, -z, 1), 2.0, 3.0, "z"),
        (sp.sign(z) * sp.exp(sp.Abs(z)), -3.0, -1.0, "-exp(-z)"),
        (sp.Piecewise((z, z > 1), (sp.exp(z), True)), 0.0, 0.5, "exp(z)"),
        (sp.Piecewise((z, (z > 1) & (z < 4)), (0, True)), 2.0, 3.0, "z"),
        (sp.Piecewise((z, z > 1), (sp.exp(z), True)), 0.5, 2.0, "None"),
        (sp.Piecewise((z, z >= 1), (0, True)), 1.0, 2.0, "None"),
        (sp.Piecewise((1, sp.exp(z) > 2), (0, True)), 1.0, 2.0, "1"),
    ],
)
def test_branches_are_taken_only_where_they_hold_throughout(
    expression: sp.Expr, low: float, high: float, expected: str
) -> None:
    assert str(branch(expression, z, low, high)) == expected


# Planted faults: each is found, where it is, and nothing else.

Call = Callable[[np.ndarray], np.ndarray]


def exact(asked: Subject) -> Call:
    def call(points: np.ndarray) -> np.ndarray:
        return asked.question([float(p) for p in points]).truths.rounded.astype(np.float32)

    return call


def planted(
    call: Callable[[np.ndarray], np.ndarray], at: float, value: Callable[[np.float32], float]
) -> object:
    def faulty(points: np.ndarray) -> np.ndarray:
        got = call(points).copy()
        hit = points == np.float32(at)
        got[hit] = [value(g) for g in got[hit]]
        return got

    return faulty


FAULTS = {
    "one ulp up": (lambda g: np.nextafter(g, np.float32(np.inf)), {"misrounded": 1}),
    "one ulp down": (lambda g: np.nextafter(g, np.float32(-np.inf)), {"misrounded": 1}),
    "NaN": (lambda g: np.nan, {"wrong_nan": 1}),
    "infinite": (lambda g: np.inf, {"misrounded": 1, "wrong_inf": 1, "out_of_range": 1}),
    "beyond the range": (lambda g: 1.5, {"misrounded": 1, "out_of_range": 1}),
}
COUNTS = ("misrounded", "wrong_nan", "wrong_inf", "wrong_signed_zero", "out_of_range", "not_monotone")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [0.25, 0.2500001, -3.0], ids=str)
def test_a_planted_fault_is_found(fault: str, at: float) -> None:
    asked = subject(activations()["tanh"], "forward")
    at = float(np.float32(at))
    first = BINARY32.pattern(at) - 500
    value, expected = FAULTS[fault]
    good = judge(asked, exact(asked), first, first + 999)
    assert all(getattr(good, count) == 0 for count in COUNTS)
    found = judge(asked, planted(exact(asked), at, value), first, first + 999)
    counts = {count: getattr(found, count) for count in COUNTS if getattr(found, count)}
    disorder = counts.pop("not_monotone", 0)  # beside an error of one ulp the order may hold
    assert disorder == 1 or "ulp" in fault or fault == "NaN"
    assert counts == expected
    if "misrounded" in expected and "wrong_inf" not in expected:
        assert BINARY32.value(found.at) == at
        assert found.max_ulp > 0.5
    assert found.checksum != good.checksum


@pytest.mark.parametrize("name", ["silu", "gelu", "half"])
def test_ties_among_subnormals_are_decided(name: str) -> None:
    """z/2 + c z^2: every second subnormal lies next to a tie, which only the sign of c decides."""
    asked = subject(CORPUS.get(name) or activations()[name], "forward")
    tally = judge(asked, exact(asked), 1, 4000)
    assert (tally.misrounded, tally.escalated) == (0, 0)
    halved = judge(asked, lambda points: (points.astype(np.float64) / 2).astype(np.float32), 1, 4000)
    assert halved.misrounded == (1000 if name != "half" else 3998)  # 3 z/4 is nearly z/2 twice


@pytest.mark.parametrize("name", ["hardsigmoid", "hardswish", "sqnl"])
def test_ties_of_polynomials_are_decided(name: str) -> None:
    """(z + 3)/6 is a tie for a third of some binades' floats: exact arithmetic tells, nothing escalates."""
    asked = subject(activations()[name], "forward")
    for start in (0.01, -0.3, 0.9):
        first = BINARY32.pattern(BINARY32.round(start)) // 4 * 4
        tally = judge(asked, exact(asked), first, first + 2999)
        assert (tally.misrounded, tally.escalated) == (0, 0)


LINES = [  # activation, function, side of the line, the line
    ("e_swish", "forward", -1, lambda z: 11 * z / 8, (200.0, 2.0**24, 1e30)),
    ("tanhshrink", "forward", 1, lambda z: z - 1, (200.0, 2.0**24 + 2, 2.0**40)),
    ("tanhshrink", "forward", -1, lambda z: z + 1, (-200.0, -(2.0**24) - 2000, -(2.0**40))),
    ("line", "forward", -1, lambda z: 5 * z / 4 + Fraction(1, 2), (200.0, 2.0**22, 2.0**24, 2.0**50)),
    ("sqrt_softplus", "derivative_from_output", -1, lambda z: z / 2, (1e-42, 1e-38, 1.2e-38, 1e-20)),
]


@pytest.mark.parametrize(("name", "function", "side", "line", "starts"), LINES)
def test_ties_of_lines_are_decided_by_what_is_left(
    name: str, function: str, side: int, line: Callable[[Fraction], Fraction], starts: tuple[float, ...]
) -> None:
    """Where exp(-z) is all that tells on which side of a tie a value lies: arbitrary precision gives up."""
    activation = CORPUS.get(name) or activations()[name]
    asked, away = subject(activation, function, form(activation)), Fraction(side, 2**400)
    ties = 0
    for start in starts:

        def rounded(points: np.ndarray, away: Fraction) -> np.ndarray:
            return np.array([BINARY32.round(line(Fraction(float(z))) + away) for z in points], np.float32)

        first = BINARY32.pattern(BINARY32.round(start))
        right = judge(asked, lambda points: rounded(points, away), first, first + 999)
        assert (right.misrounded, right.escalated, right.wrong_nan) == (0, 0, 0)
        even = judge(asked, lambda points: rounded(points, Fraction(0)), first, first + 999)
        other = judge(asked, lambda points: rounded(points, -away), first, first + 999)
        assert even.misrounded <= other.misrounded
        ties += even.misrounded
    assert ties > 100


@pytest.mark.parametrize(
    ("name", "at"), [("squareplus", -(2.0**40)), ("squareplus", -1e37), ("logcosh", 3e4)]
)
def test_what_cancels_far_out_has_pieces(name: str, at: float) -> None:
    """z/2 + sqrt(z^2 + 4)/2 is -1/z, log(cosh(z)) is z - log(2): series over an interval do not tell."""
    asked = subject(CORPUS[name], "forward")
    first = BINARY32.pattern(BINARY32.round(at)) // 2**20 * 2**20
    pieces = expand(asked.smooth, first, first + 2**20 - 1)
    assert all(piece.kind is Kind.SERIES for piece in pieces)
    assert len(pieces) < 10
    tally = judge(asked, exact(asked), first, first + 299)
    assert (tally.misrounded, tally.escalated) == (0, 0)
    off = judge(asked, lambda points: np.nextafter(exact(asked)(points), np.float32(0)), first, first + 299)
    assert off.misrounded == 300


@pytest.mark.parametrize(
    "expression",
    [
        *(sp.sqrt(z**2 + 4) - z, z - sp.tanh(z) - 1, sp.log(sp.cosh(z)) - z, 1 / (1 + sp.exp(-z)) - 1),
        *(z / sp.sqrt(1 + z**2) - 1, z * sp.sqrt(z**2 + 1) - z**2, (sp.sqrt(z) - sp.sqrt(z + 1)) / z),
    ],
    ids=str,
)
def test_conjugates_are_the_same_function(expression: sp.Expr) -> None:
    other = conjugated(expression)
    with mpmath.workprec(2000):
        for at in (0.01, 0.7, 3.0, 40.0, 300.0):
            f, g = (sp.lambdify(z, e, "mpmath")(mpmath.mpf(at)) for e in (expression, other))
            assert abs(f - g) <= abs(f) * mpmath.mpf(2) ** -900


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    "expression",
    [sp.sin(z) / z, (sp.exp(z) - 1) / z, (1 - sp.exp(-(z**2))) / (2 * z), (1 - sp.cos(z)) / z**2],
)
def test_quotients_are_expanded_about_zero(expression: sp.Expr, order: int) -> None:
    """Where a numerator vanishes with its denominator, down to the smallest subnormals."""
    smooth, generator = Smooth(expression, z, ((-math.inf, math.inf),), order), random.Random(SEED)
    derivative = sp.lambdify(z, sp.diff(expression, z, order), "mpmath")
    for sign in (0, 1 << 31):
        *most, _ = expand(smooth, sign | 1, sign | BINARY32.pattern(0.125))
        assert len(most) < 60
        assert all(piece.kind is Kind.SERIES for piece in most)
        for piece in most:
            for pattern in (piece.first, piece.last, generator.randint(piece.first, piece.last)):
                at = BINARY32.value(pattern)
                with mpmath.workprec(2400):
                    value = derivative(mpmath.mpf(at))
                    mantissa, exponent = (int(part) for part in value.man_exp)
                exact_value = int(mpmath.sign(value)) * mantissa * Fraction(2) ** exponent
                assert promises(piece, at, exact_value), at


def test_a_quotient_with_a_pole_is_not_expanded_about_zero() -> None:
    smooth = Smooth(sp.cos(z) / z, z, ((-math.inf, math.inf),))
    pieces = expand(smooth, 1, 2**20)
    for piece in pieces:
        if piece.series is not None:
            at = BINARY32.value(piece.first)
            assert promises(piece, at, Fraction(1 / at)) or abs(1 / at) > 2.0**127


def test_asymmetry_shows_in_the_sums() -> None:
    asked = subject(activations()["tanh"], "forward")
    first = BINARY32.pattern(0.25)
    sides = [judge(asked, exact(asked), start, start + 99) for start in (first, first + 2**31)]
    assert (sides[0] + sides[1]).mirrored == 0
    odd = judge(asked, planted(exact(asked), -0.25, lambda g: -g), first + 2**31, first + 2**31 + 99)
    assert (sides[0] + odd).mirrored != 0


def test_parts_add_up_to_the_whole() -> None:
    asked = subject(activations()["mish"], "derivative")
    whole = judge(asked, exact(asked), 0x3F000000, 0x3F000000 + 2999)
    cuts = (0, 1, 700, 3000)
    parts = [judge(asked, exact(asked), 0x3F000000 + a, 0x3F000000 + b - 1) for a, b in pairwise(cuts)]
    total = sum(parts, sweeps.Tally())
    assert replace(total, escalated=0, at=0, got=0.0, want=0.0, max_ulp=0.0) == replace(
        whole, escalated=0, at=0, got=0.0, want=0.0, max_ulp=0.0
    )


# The pieces' own ground.


def test_programs_of_sines_are_within_their_errors() -> None:
    generator = random.Random(SEED)
    expression = sp.sin(30 * z) * z + sp.cos(z) ** 2 + sp.sin(z / 3)
    run = program(expression, z)
    assert run is not None
    sizes = [2.0 ** generator.uniform(2, 127) for _ in range(1000)]
    points = [float(np.float32(generator.choice((1, -1)) * size)) for size in sizes]
    values, errors = run(np.array(points))
    with mpmath.workprec(600):
        for point, value, error in zip(points, values, errors, strict=True):
            x = mpmath.mpf(point)
            exact_value = mpmath.sin(30 * x) * x + mpmath.cos(x) ** 2 + mpmath.sin(x / 3)
            assert abs(exact_value - value) <= error < 2.0**-40 * (1 + abs(point))


PROGRAMS = [  # expression, the same in mpmath
    (1 / (1 + sp.exp(-z)), lambda x: 1 / (1 + mpmath.exp(-x))),
    (sp.log(1 + sp.exp(z / 3)), lambda x: mpmath.log(1 + mpmath.exp(x / 3))),
    (z / (1 + z**2) ** sp.Rational(3, 2), lambda x: x / (1 + x**2) ** 1.5),
    (sp.sqrt(z**2 + 4) + z, lambda x: mpmath.sqrt(x**2 + 4) + x),
    (z * sp.tanh(z) + sp.asinh(z), lambda x: x * mpmath.tanh(x) + mpmath.asinh(x)),
    (sp.atan(z) * sp.exp(-(z**2)), lambda x: mpmath.atan(x) * mpmath.exp(-(x**2))),
]


@pytest.mark.parametrize(("expression", "exact_function"), PROGRAMS, ids=[str(row[0]) for row in PROGRAMS])
def test_programs_are_within_their_errors(expression: sp.Expr, exact_function: Callable) -> None:
    """Where exponentials overflow or vanish, and where sums cancel, too."""
    generator = random.Random(SEED)
    run = program(expression, z)
    assert run is not None
    points = [
        float(np.float32(generator.choice((1, -1)) * 2.0 ** generator.uniform(-3, 11))) for _ in range(400)
    ]
    values, errors = run(np.array(points))
    assert sum(error < 2.0**-40 * (1 + abs(value)) for value, error in zip(values, errors, strict=True)) > 30
    with mpmath.workprec(3200):
        for point, value, error in zip(points, values, errors, strict=True):
            if math.isfinite(value) and math.isfinite(error):
                assert abs(exact_function(mpmath.mpf(point)) - value) <= error


@pytest.mark.parametrize("at", [1.5, 7.0, 1000.0, 2.0**60])
def test_logarithms_of_erfc_are_expanded_far_out(at: float) -> None:
    jet = Jet(sp.log(sp.erfc(z) / 2), z, 256)
    found = jet(arb(at), 3)
    over = jet(arb(at, at / 2**20), 3)
    assert found is not None
    assert over is not None
    with mpmath.workprec(4000):
        expected = mpmath.taylor(lambda x: mpmath.log(mpmath.erfc(x) / 2), at, 3) if at < 2000 else None
    if expected is None:  # -x^2 - log(2 x sqrt(pi)) - 1/(2 x^2)
        assert abs(found[0] + arb(at) ** 2) < 100
        assert abs(found[1] + 2 * arb(at)) < 1
        return
    for ball, wide, value in zip(found, over, expected, strict=True):
        before, ctx.prec = ctx.prec, 300
        try:
            assert abs(ball - arb(mpmath.nstr(value, 60))) < arb(10) ** -25 * (1 + abs(ball))
            assert wide.contains(ball.mid())
        finally:
            ctx.prec = before


# Certificates.


def emitted(name: str, function: str = "forward", target: str = "c") -> sweeps.Sweep:
    activation = activations()[name]
    asked = pipeline.request([name], targets=[target])
    return sweeps.Sweep(activation, function, target, pipeline.emit(asked, asked), form(activation))


def without_all_inputs(sweep: sweeps.Sweep) -> sweeps.Certificate:
    """A certificate as a sweep gives it, of a few inputs: its facts are right where they are rechecked."""
    asked = subject(sweep.activation, sweep.function, sweep.form)
    tally = judge(asked, function_of(sweep), 0x3F000000, 0x3F000FFF)
    return certify(sweep, merged(sweep, [tally]))


@pytest.fixture(scope="module")
def sigmoid() -> sweeps.Sweep:
    return emitted("sigmoid")


@pytest.mark.parametrize("target", ["c", "numpy"])
@pytest.mark.parametrize(
    ("name", "function", "at"),
    [("silu", "forward", 2.0**-149), ("softplus", "forward", -1.0), ("mish", "derivative", -1.1924)],
)
def test_where_binary64_does_not_suffice(name: str, function: str, at: float, target: str) -> None:
    """Among ties of subnormals, beside a root, and anywhere: what is in doubt is right all the same."""
    sweep, first = emitted(name, function, target), BINARY32.pattern(BINARY32.round(at)) // 2**16 * 2**16
    asked = subject(sweep.activation, function, sweep.form)
    tally = judge(asked, function_of(sweep), max(first, 1), first + 2**16 - 1)
    assert (tally.misrounded, tally.undecided) == (0, 0)


@pytest.mark.parametrize("name", ["softplus", "gelu", "tanh"])
def test_arrays_are_what_single_numbers_are(name: str) -> None:
    """They start with short functions, whose errors the bound of what is in doubt must cover."""
    sweep = emitted(name)
    folder = _prepared(sweep.kernel, sweep.target, sweep.activation, tuple(sorted(sweep.files.items())))
    alone = accuracy.alone(folder, "c", sweep.activation, "forward", "float32")
    assert alone is not None
    points = np.random.default_rng(SEED).uniform(-8, 8, 2**19).astype(np.float32)
    assert np.array_equal(alone(points)[0], function_of(sweep)(points))


def test_a_certificate_stands_as_long_as_its_kernel(sigmoid: sweeps.Sweep, tmp_path: Path) -> None:
    certificate = without_all_inputs(sigmoid)
    assert recheck(sigmoid, certificate) == []
    path = "c/sigmoid.c"
    commented = sigmoid.files[path].replace("/* as it is */", "/* the formula\n * itself */")
    assert commented != sigmoid.files[path]
    assert recheck(replace(sigmoid, files={**sigmoid.files, path: commented}), certificate) == []
    path = "c/sigmoid.f32.c"
    changed = sigmoid.files[path].replace("exp((-z))", "exp((-z)) * 1.00001")
    assert changed != sigmoid.files[path]
    other = replace(sigmoid, files={**sigmoid.files, path: changed})
    assert "not the one that was certified" in recheck(other, certificate)[0]
    forged = replace(certificate, kernel=other.kernel)
    assert any("other values" in fault for fault in recheck(other, forged))
    assert any("worse than certified" in fault for fault in recheck(other, forged))
    assert "no certificate" in recheck(sigmoid, None)[0]
    saturated = sigmoid.files[path].replace("return e1", "return z > 16.0 ? 1.0 : e1")  # right from 16.7 on
    early = replace(sigmoid, files={**sigmoid.files, path: saturated})
    assert any("other values" in fault for fault in recheck(early, replace(certificate, kernel=early.kernel)))


def test_a_certificate_is_carried_over_to_code_of_the_same_values(
    sigmoid: sweeps.Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symact.sweeps.chunks.PATTERNS", 2**17)
    for index in (0, 3):  # beginning with subnormal inputs
        chunk = sweeps.Chunk(sigmoid, index)
        assert sweeps.sum_chunk(chunk) == sweeps.judge_chunk(chunk).checksum
    chunks = [sweeps.Chunk(sigmoid, index) for index in range(sweeps.CHUNKS)]
    total = sum(map(sweeps.sum_chunk, chunks))
    facts = {**without_all_inputs(sigmoid).facts, "checksum": f"{total % 2**64:016x}"}
    before = replace(without_all_inputs(sigmoid), facts=facts, kernel="0" * 64)
    assert sweeps.carried(sigmoid, before, total) == replace(before, kernel=sigmoid.kernel)
    assert sweeps.carried(sigmoid, before, total + 1) is None
    assert sweeps.carried(sigmoid, replace(before, sample="0" * 16), total) is None
    Certificates(tmp_path / "accuracy.json").updated([before], [])
    assert pipeline.carry(["sigmoid"], out=tmp_path) == (["sigmoid forward (c)"], [])
    assert Certificates(tmp_path / "accuracy.json").known[before.key].kernel == sigmoid.kernel
    assert pipeline.carry(["sigmoid"], out=tmp_path) == ([], [])
    taken = pipeline.sweep(["sigmoid"], functions=["forward"], resume=True, certificates=tmp_path)
    assert taken == [before.result]
    assert [result.to_json()[name] for result in taken for name in facts] == list(facts.values())
    other = replace(before, facts={**facts, "checksum": "1" * 16})
    Certificates(tmp_path / "accuracy.json").updated([other], [])
    assert pipeline.carry(["sigmoid"], out=tmp_path) == ([], ["sigmoid forward (c)"])
    assert Certificates(tmp_path / "accuracy.json").known[before.key] == other


def test_what_is_not_of_all_inputs_is_not_certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symact.sweeps.chunks.PATTERNS", 2**16)
    monkeypatch.setenv("SYMACT_CACHE", str(tmp_path / "cache"))
    (found,) = pipeline.sweep(["relu"], functions=["forward"], certificates=tmp_path)
    assert (found.points, found.exhaustive) == (sweeps.CHUNKS * 2**16, False)
    assert Certificates(tmp_path / "accuracy.json").known == {}


def test_certificates_are_written_whole_and_read_back(sigmoid: sweeps.Sweep, tmp_path: Path) -> None:
    known = Certificates(tmp_path / "accuracy.json")
    assert known.known == {}
    certificate = without_all_inputs(sigmoid)
    other = replace(certificate, activation="relu")
    known.updated([certificate], ["relu", "sigmoid"])
    known.updated([other], ["relu", "sigmoid"])
    assert list(Certificates(known.file).known.values()) == [other, certificate]
    assert [file.name for file in tmp_path.iterdir()] == ["accuracy.json"]
    known.file.write_text('{"results": [{}]}')
    with pytest.raises(SymactError, match="not certificates"):
        _ = Certificates(known.file).known


def test_what_is_recorded_stands() -> None:
    """The committed certificates, by the command that continuous integration runs."""
    recorded = Certificates(Path(__file__).parent.parent / "generated" / FILE).known
    names = sorted({activation for activation, _, _ in recorded})[:3]
    count, wrong = pipeline.recheck(names, out=Path(__file__).parent.parent / "generated")
    assert wrong == []
    assert count >= len(names) > 0


def test_every_function_is_certified() -> None:
    """Of those that the committed header declares: none is changed by dropping what was certified."""
    generated = Path(__file__).parent.parent / "generated"
    header = (generated / "c" / "symact.h").read_text("utf-8")
    declared = {
        (name, function, "c")
        for name in activations()
        for function in FUNCTIONS
        if f"void symact_{name}{'' if function == 'forward' else '_' + function}_f32(" in header
    }
    assert set(Certificates(generated / FILE).known) == declared


def test_recheck_tells_what_does_not_stand(sigmoid: sweeps.Sweep, tmp_path: Path) -> None:
    certificate = replace(without_all_inputs(sigmoid), kernel="0" * 64)
    Certificates(tmp_path / FILE).updated([certificate], [])
    done = CliRunner().invoke(
        app, ["verify", "--recheck", "--json", "--out", str(tmp_path)], standalone_mode=False
    )
    answer = json.loads(done.stdout)
    assert (done.return_value, answer["certificates"], answer["holds"]) == (1, 1, False)


@pytest.mark.parametrize(
    "options", [["--resume"], ["--certify"], ["--scheduler", "local"], ["--recheck", "--exhaustive"]], ids=str
)
def test_options_that_say_nothing_are_refused(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["verify", "sigmoid", *options])
    assert done.exit_code == 2


# Long runs.


@pytest.mark.thorough
def test_all_floats_of_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 2^32 inputs, twice: the second time nothing is left to do."""
    monkeypatch.setenv("SYMACT_CACHE", str(tmp_path / "cache"))
    seen: list[str] = []
    options = {"functions": ["forward"], "certificates": tmp_path, "resume": True}
    (result,) = pipeline.sweep(["sign"], **options, jobs=2, progress=lambda what, done, of: seen.append(what))
    assert (result.points, result.exhaustive, result.misrounded) == (2**32, True, 0)
    assert len(seen) > sweeps.CHUNKS
    written = (tmp_path / FILE).read_text()
    monkeypatch.setattr(schedulers, "scheduled", lambda *rest: iter(rest[1]))
    assert pipeline.sweep(["sign"], **options) == [result]
    assert (tmp_path / FILE).read_text() == written


def dies_once(file: Path) -> str:
    if not file.exists():
        file.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return file.name


@pytest.mark.thorough
@pytest.mark.parametrize("scheduler", [None, "local"])
def test_a_worker_that_dies_changes_nothing(scheduler: str | None, tmp_path: Path) -> None:
    if scheduler:
        pytest.importorskip("distributed")
    work = [tmp_path / f"piece {index}" for index in range(5)]
    for file in work[1:]:
        file.touch()
    found = dict(schedulers.scheduled(dies_once, work, 2, scheduler=scheduler))
    assert found == {file: file.name for file in work}


def test_a_scheduler_that_does_not_answer_is_named() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(SymactError, match="no scheduler answers"):
        list(schedulers.scheduled(str, [1, 2], 2, scheduler="tcp://127.0.0.1:1"))
