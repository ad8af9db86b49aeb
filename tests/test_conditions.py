"""Where a form holds for some parameters only, it says so, and is refused for others: everywhere."""

import ctypes
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from symact.activations import Activation
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.output_forms import NoOutputForm, OutputForm, recover_output_form

GENERATED = Path(__file__).parent.parent / "generated"
VALUES = (sp.Integer(0), sp.Integer(-1), sp.Integer(2), sp.Rational(-1, 2), sp.Rational(1, 2), sp.Integer(1))
Setting = dict[sp.Symbol, sp.Expr]

PARAMETRIC = [name for name, activation in catalogue().items() if activation.parameters]


@cache
def form_of(name: str) -> OutputForm | NoOutputForm:
    return recover_output_form(differentiate(catalogue()[name]))


@cache
def outside(name: str) -> tuple[Setting, ...]:
    """Return settings that the parameters' domains allow and the form's condition does not."""
    activation, form = catalogue()[name], form_of(name)
    if isinstance(form, NoOutputForm) or form.condition == sp.true:
        return ()
    demand = sp.And(sp.Not(form.condition), *(p.domain for p in activation.parameters))
    symbols = [p.symbol for p in activation.parameters]
    settings = (dict(zip(symbols, values, strict=True)) for values in product(VALUES, repeat=len(symbols)))
    return tuple(setting for setting in settings if demand.subs(setting) == sp.true)[:3]


CONDITIONAL = ("leaky_relu", "prelu", "elu", "threshold", "thresholded_relu", "star_relu")
"""The activations of the catalogue whose form does not hold for all parameters in their domains."""


@pytest.mark.thorough
def test_which_forms_have_conditions() -> None:
    assert {name for name in PARAMETRIC if outside(name)} == set(CONDITIONAL)


@pytest.mark.parametrize("name", PARAMETRIC)
def test_a_form_in_parameters_says_where_it_holds(name: str) -> None:
    form = form_of(name)
    if isinstance(form, NoOutputForm):
        return
    assert form.condition.free_symbols <= {p.symbol for p in catalogue()[name].parameters}
    defaults = catalogue()[name].defaults
    assert form.condition.subs(defaults) == sp.true
    assert any(condition.subs(defaults) == sp.true for condition, _ in form.cases)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_derive_has_no_such_form_outside(name: str) -> None:
    """With a value outside put in there is none; at 0, where it may be relu, one of its own."""
    for setting in outside(name):
        given = Activation(None, catalogue()[name].expression.subs(setting))
        there = recover_output_form(differentiate(given))
        assert isinstance(there, NoOutputForm) or 0 in setting.values(), setting


@pytest.mark.parametrize("name", CONDITIONAL)
def test_numpy_refuses_values_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GENERATED / "numpy"))
    import symact_numpy

    g = np.array([0.25, 0.5])
    derivative = getattr(symact_numpy, f"{name}_derivative_from_output")
    vjp = getattr(symact_numpy, f"{name}_vjp_from_output")
    assert derivative(g).shape == vjp(g, g).shape == g.shape
    for setting in outside(name):
        values = {symbol.name: float(value) for symbol, value in setting.items()}
        with pytest.raises(ValueError, match="the output form holds where"):
            derivative(g, **values)
        with pytest.raises(ValueError, match="the output form holds where"):
            vjp(g, g, **values)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Return the generated C of the activations with conditions, compiled."""
    place = tmp_path_factory.mktemp("checked") / "checked.so"
    sources = [str(GENERATED / "c" / f"{name}{end}.c") for name in CONDITIONAL for end in ("", ".f32")]
    command = ["cc", "-std=c99", "-O1", "-shared", "-fPIC", *sources, "-o", str(place), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    return ctypes.CDLL(str(place))


SYMACT_OK, SYMACT_OUTSIDE = 0, 1


@pytest.mark.parametrize("name", CONDITIONAL)
@pytest.mark.parametrize(("long", "kind"), [("_f32", ctypes.c_float), ("_f64", ctypes.c_double)])
def test_c_reports_values_outside(name: str, long: str, kind: type, library: ctypes.CDLL) -> None:
    parameters = catalogue()[name].parameters
    for function, inputs in (("derivative_from_output", 1), ("vjp_from_output", 2)):
        checked = getattr(library, f"symact_{name}_{function}_checked{long}")
        for setting in ({p.symbol: p.default for p in parameters}, *outside(name)):
            g, written = (kind * 2)(0.25, 0.5), (kind * 2)(7.0, 7.0)
            values = [kind(float(setting[p.symbol])) for p in parameters]
            code = checked(*[g] * inputs, written, ctypes.c_size_t(2), *values)
            refused = setting in outside(name)
            assert code == (SYMACT_OUTSIDE if refused else SYMACT_OK), setting
            assert (list(written) == [7.0, 7.0]) == refused


def test_the_header_names_the_codes() -> None:
    header = (GENERATED / "c/symact.h").read_text("utf-8")
    assert f"#define SYMACT_OK {SYMACT_OK}" in header
    assert f"#define SYMACT_OUTSIDE {SYMACT_OUTSIDE}" in header
