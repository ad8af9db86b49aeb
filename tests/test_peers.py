"""Nothing that PyTorch, oneDNN and NNlib.jl keep by hand is missing here: the engine finds every row."""

from collections import Counter
from dataclasses import replace
from functools import cache

import mpmath as mp
import peers
import pytest
import sympy as sp

from symact.activations import Activation, G, Z
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.functions import plain
from symact.mixed_forms import MixedForm, recover_mixed_form
from symact.output_forms import OutputForm, recover_output_form
from symact.parsing import parse

POINTS = tuple(mp.mpf(k) / 7 + mp.mpf("0.013") for k in range(-40, 47, 3))

CONDITION = {"elu": {"alpha": sp.Rational(5, 3)}, "leaky_relu": {"negative_slope": sp.Rational(1, 3)}}
"""Other values of parameters, inside the peer's conditions."""


DOMAINS = {"1/sqrt(z)": sp.Interval.open(0, sp.oo)}


@cache
def answer(target: str) -> tuple[Activation, OutputForm | MixedForm | None]:
    activation = catalogue().get(target) or parse(target)
    activation = replace(activation, domain=DOMAINS.get(target, activation.domain))
    derivative = differentiate(activation)
    form = recover_output_form(derivative)
    return activation, form if isinstance(form, OutputForm) else recover_mixed_form(derivative)


def disagreements(row: peers.Row, expression: sp.Expr) -> list[tuple[object, ...]]:
    """Return where a peer's derivative and an expression in g and z differ, by mpmath at 40 digits."""
    activation, _ = answer(row.target)
    other = {sp.Symbol(name, real=True): value for name, value in CONDITION.get(row.target, {}).items()}
    found = []
    with mp.workdps(40):
        for setting in (dict(activation.defaults), {**activation.defaults, **other}):
            f = sp.lambdify(Z, plain(activation.expression.subs(setting)), "mpmath")
            want, got = (
                sp.lambdify([G, Z], plain(e.subs(setting)), "mpmath") for e in (row.derivative, expression)
            )
            inside = activation.domain.subs(setting)
            for z in POINTS:
                if inside.contains(sp.Float(str(z), 20)) == sp.true and mp.im(f(z)) == 0:
                    a, b = want(f(z), z), got(f(z), z)
                    if abs(a - b) > mp.mpf(10) ** -14 * max(1, abs(a)):
                        found.append((setting, z, a, b))
    return found


@pytest.mark.parametrize("row", peers.ROWS, ids=lambda row: f"{row.peer}-{row.name}")
def test_what_a_peer_keeps_by_hand_is_found(row: peers.Row) -> None:
    _, form = answer(row.target)
    assert form is not None
    assert isinstance(form, MixedForm) == row.derivative.has(peers.z)
    assert disagreements(row, form.expression.xreplace(dict(form.residuals))) == []


def test_a_wrong_row_would_be_seen() -> None:
    """NNlib.jl's hardσ has the slope 1 outside of 0 < g < 1."""
    row = next(row for row in peers.ROWS if row.name == "hardσ")
    wrong = sp.Piecewise((sp.Rational(1, 6), (peers.g > 0) & (peers.g < 1)), (1, True))
    assert disagreements(row, wrong)


def test_the_tables_have_their_sizes() -> None:
    assert Counter(row.peer for row in peers.ROWS) == {"PyTorch": 18, "oneDNN": 7, "NNlib.jl": 15}
