"""2,000 random formulas: no form that is off, no witness that is none, no exception that nobody foresaw."""

import json

import pytest
from fuzzing import SMALL, GaveUp, Outcome, Reader, _Oracle, at_most, distinct, examine, formula

from symact.errors import SymactError
from symact.pipeline import derive

COUNT, CHUNK = 2000, 50
SECONDS = 10
"""Of processor time, for one answer."""

MAX_GIVEN_UP = 1
"""Of a chunk: 2 %."""

MIXED = 4
"""One of so many formulas without an output form is asked for its mixed form."""

DERIVED = 57
"""One of so many formulas goes through all stages."""

PATIENCE = 30
"""Seconds for all stages, properties included."""


@pytest.mark.thorough
@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_answers_hold(first: int) -> None:
    formulas = distinct(COUNT, SMALL)[first : first + CHUNK]
    outcomes = [examine(text, SECONDS, mixed=i % MIXED == 0) for i, text in enumerate(formulas)]
    faults = {one.formula: (one.answer, one.mixed, one.faults) for one in outcomes if one.faults}
    assert not faults
    given_up = [one.formula for one in outcomes if one.kind == "gave up"]
    assert len(given_up) <= MAX_GIVEN_UP, given_up


@pytest.mark.thorough
@pytest.mark.parametrize("first", range(0, COUNT, 10 * CHUNK))
def test_no_stage_of_derive_crashes(first: int) -> None:
    """Whatever a formula is, `derive` answers, down to the facts that are written as JSON, or refuses it."""
    for text in distinct(COUNT, SMALL)[first + 7 : first + 10 * CHUNK : DERIVED]:
        try:
            with at_most(PATIENCE):
                json.dumps(derive(text).to_json())
        except (SymactError, GaveUp):
            continue


FIRST = {3: "exp(-exp(-(z)))", 9: "atan(z)", 11: "sigmoid(2*(z)-1)"}


def test_formulas_are_the_same_everywhere() -> None:
    assert [formula(seed, SMALL) for seed in FIRST] == list(FIRST.values())
    assert len(set(distinct(COUNT, SMALL))) == COUNT


# --- guards: the oracle finds what is planted ----------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "condition", "faulty"),
    [
        ("1 - g**2", "True", False),
        ("1 - g**2 + 10**-15", "True", True),
        ("Piecewise((1 - g**2, g > 0), (1 - g, True))", "True", True),
        ("sqrt(g - 2)", "True", True),
        ("0", "False", False),
    ],
)
def test_a_planted_form_is_found(form: str, condition: str, faulty: bool) -> None:
    assert bool(_Oracle("tanh(z)", []).wrong_form(form, condition)) is faulty


@pytest.mark.parametrize(
    ("form", "residuals", "faulty"),
    [
        ("-2*g*z", {"z": "z"}, False),
        ("2*g*z", {"z": "z"}, True),
        ("g*w", {"w": "-2*z"}, False),
        ("g*w", {"w": "1/z"}, True),
    ],
)
def test_a_planted_mixed_form_is_found(form: str, residuals: dict[str, str], faulty: bool) -> None:
    assert bool(_Oracle("exp(-z^2)", []).wrong_mixed_form(form, residuals)) is faulty


@pytest.mark.parametrize(
    ("witness", "faulty"), [(("-1", "1"), False), (("-1", "2"), True), (("1", "1"), True)]
)
def test_a_planted_witness_is_found(witness: tuple[str, str], faulty: bool) -> None:
    assert bool(_Oracle("z^2", []).wrong_witness(*witness, "at")) is faulty


def test_an_output_on_the_edge_of_its_form_is_on_either_side() -> None:
    oracle = _Oracle("min(z, 0.7)*3", [])
    assert not oracle.wrong_form("Piecewise((0, g >= 21/10), (3, True))", "True")
    assert oracle.wrong_form("Piecewise((0, g >= 22/10), (3, True))", "True")


def test_kinks_and_points_outside_the_domain_are_not_asked() -> None:
    assert not _Oracle("where(z <= a, 1, z^3)", ["a"]).wrong_derivative("where(z <= a, 0, 3*z^2)")
    assert not _Oracle("gelu(z)^a", ["a"]).wrong_sign(1)


def test_planted_derivatives_and_signs_are_found() -> None:
    oracle = _Oracle("a*exp(z)", ["a"])
    assert not oracle.wrong_derivative("a*exp(z)")
    assert oracle.wrong_derivative("exp(z)")
    assert _Oracle("-z", []).wrong_sign(1)


def test_the_evaluator_reads_what_both_sides_write() -> None:
    assert Reader("where(z < 1, 2^z, min(z, 3))")(z=1) == 1
    assert Reader("Piecewise((1/2, (g > 0) & (g < 1)), (Abs(g), True))")(g=-2) == 2


def test_what_takes_too_long_is_given_up() -> None:
    outcome: Outcome = examine("asinh(sinh(z)^3)", 0.05)
    assert outcome.kind == "gave up"
