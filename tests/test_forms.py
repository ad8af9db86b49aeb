"""Every form is the expression that it replaces: checked in balls, over the whole catalogue."""

import pytest
import sympy as sp
from flint import arb, ctx

from symact import forms
from symact.activations import Z, samples
from symact.arithmetics import EXACT, compile_expression
from symact.catalogue import catalogue
from symact.forms import T, W, candidates, protected
from symact.pieces import split

POINTS = (arb(1) / 16, arb(3) / 8, arb(5) / 4, arb(11) / 4)


@pytest.fixture(autouse=True)
def precision():
    old, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = old


def differences(expression: sp.Expr, form: sp.Expr) -> list[bool]:
    """Return, for each point at which the expression has a value, whether the form's differs."""
    exact = compile_expression(expression, (T, W), EXACT)
    other = compile_expression(form, (T, W), EXACT)
    result = []
    for t in POINTS:
        a, b = exact((t, 1 / t)), other((t, 1 / t))
        if a is None or not a.is_finite():
            continue
        result.append(b is None or not a.overlaps(b) or b.rel_accuracy_bits() < 150 < a.rel_accuracy_bits())
    return result


def sides(name: str) -> list[sp.Expr]:
    """Return an activation's smooth pieces on the sides of zero that they reach, its parameters set."""
    activation, found = catalogue()[name], []
    for case in split(activation):
        setting = samples(activation, case.condition)[0]
        for piece in case.pieces:
            for side, end in ((1, piece.upper), (-1, -piece.lower)):
                if end.subs(setting) > 0:
                    found.append(piece.expression.subs(setting).subs(Z, side * T))
    return found


@pytest.mark.parametrize("name", list(catalogue()))
def test_forms_are_identities(name):
    for expression in sides(name):
        found = [form for form in candidates(expression, scaled=True) if "tail" not in form.rule]
        identities = [form.expression for form in found if "small" not in form.rule]
        for form in (protected(expression), *identities):
            assert not any(differences(expression, form)), (expression, form)


def test_a_wrong_form_is_seen(monkeypatch):
    monkeypatch.setattr(
        forms, "complemented", lambda e: e.replace(sp.erf, lambda x: sp.erf(x) + sp.Rational(1, 2**60))
    )
    expression = T * (1 + sp.erf(T / sp.sqrt(2)))
    wrong = next(candidates(expression, scaled=False))
    assert all(differences(expression, wrong.expression))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (1 / (1 + sp.exp(T)), sp.exp(-T) / (1 + sp.exp(-T))),
        (sp.log(sp.cosh(T)), T + forms.log1p(sp.exp(-2 * T)) - sp.log(2)),
        (sp.log(1 + sp.exp(T)), T + forms.log1p(sp.exp(-T))),
        ((sp.sqrt(T**2 + 4) - T) / 2, 2 / (T + sp.sqrt(T**2 + 4))),
    ],
)
def test_textbook_repairs_are_found(expression, expected):
    found = [form.expression for form in candidates(expression, scaled=False)]
    assert any(sp.simplify(form - expected) == 0 for form in found), found
