"""Ties at 0: what is put for f there, rounded by rational arithmetic, is what f rounds to."""

import random
from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, ctx

from symact.activations import Z
from symact.formats import BINARY32
from symact.ties import broken

SEED = 20_261_130

# Each with the function in balls: c z, c a number of few bits, then terms of both parities.
FUNCTIONS = [
    (Z / (1 + sp.exp(-Z)), lambda z: z / (1 + (-z).exp())),
    (-Z / (1 + sp.exp(-Z)), lambda z: -z / (1 + (-z).exp())),
    (Z * (1 - Z) * sp.Rational(3, 4), lambda z: z * (1 - z) * 3 / 4),
    (sp.tanh(Z) / 8, lambda z: z.tanh() / 8),
    (sp.sinh(Z) * 5 / 4, lambda z: z.sinh() * 5 / 4),
    (sp.exp(3 * Z) - 1, lambda z: (3 * z).expm1()),
]


@pytest.mark.parametrize(("expression", "function"), FUNCTIONS, ids=[str(row[0]) for row in FUNCTIONS])
def test_what_is_put_for_f_rounds_as_f_does(expression: sp.Expr, function: Callable[[arb], arb]) -> None:
    found = broken(expression)
    assert found is not None
    reach, put = found
    first = expression.diff(Z).subs(Z, 0)
    generator, ties = random.Random(SEED), 0
    patterns = [*range(1, 40), *(generator.randrange(1, BINARY32.pattern(float(reach))) for _ in range(400))]
    for z in [sign * BINARY32.value(pattern) for pattern in patterns for sign in (1, -1)]:
        ours = fraction(put.subs(Z, sp.Rational(*z.as_integer_ratio())))
        assert BINARY32.round(float(ours)) == BINARY32.round(truth(function, z))
        ties += BINARY32.round(fraction(first) * Fraction(z)) != BINARY32.round(truth(function, z))
    assert ties > 3  # where c z alone, to even, is the wrong float


def fraction(number: sp.Rational) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def truth(function: Callable[[arb], arb], z: float) -> Fraction:
    before, ctx.prec = ctx.prec, 700
    try:
        mantissa, exponent = function(arb(z)).mid().man_exp()
    finally:
        ctx.prec = before
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


@pytest.mark.parametrize(
    "expression",
    [
        sp.tanh(Z),
        Z / 2,
        2 * Z,
        Z**2 / 2,
        sp.exp(Z),
        sp.sinh(Z) / 3,
        Z / 2 + 1000 * Z**2,
        sp.sinh(Z) * 513 / 1024,
    ],
    ids=str,
)
def test_nothing_is_put_where_c_z_is_exact_or_no_tie(expression: sp.Expr) -> None:
    assert broken(expression) is None
