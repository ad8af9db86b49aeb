"""Branches fused into one program: the same numbers as the branches, and fewer calls."""

import math

import pytest
import sympy as sp

from symact import kernels
from symact.activations import Activation, Z, samples
from symact.arithmetics import DOUBLE
from symact.catalogue import activations
from symact.derivatives import differentiate
from symact.evaluations import evaluate
from symact.functions import choice
from symact.fusion import fuse
from symact.output_forms import recover_output_form

NAMES = sorted(activations())
FEW = ("sigmoid", "tanh", "silu", "gelu", "mish", "elu", "softplus", "softsign", "relu")
POINTS = tuple(s * x for x in (0.0, 1e-30, 1e-3, 0.3, 1.3, 1.7, 9.0, 40.0, 300.0, 1e30) for s in (1.0, -1.0))

CALLS = {  # what the best of hands would call, by function
    ("sigmoid", "forward"): {"exp": 1},
    ("sigmoid", "derivative"): {"exp_below": 1},
    ("tanh", "forward"): {"tanh": 1},
    ("tanh", "derivative"): {"exp_below": 1},
    ("silu", "forward"): {"exp": 1},
    ("mish", "forward"): {"exp_below": 1},
    ("mish", "derivative"): {"exp_below": 1},
    ("gelu", "forward"): {"exp_below": 1, "erfcx_above": 1},
    ("gelu", "derivative"): {"exp_below": 1, "erfcx_above": 1},
    ("elu", "forward"): {"expm1": 1},
    ("logsigmoid", "forward"): {"exp_below": 1, "log1p_above": 1},
    ("softsign", "forward"): {},
}


def lowered(activation: Activation) -> list[kernels.Kernel]:
    """Return the kernels of binary64."""
    derivative = differentiate(activation)
    found = kernels.lower(activation, derivative, recover_output_form(derivative)).kernels
    return [kernel for kernel in found if kernel.arithmetic is DOUBLE]


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_no_call_is_made_twice(name: str) -> None:
    for kernel in lowered(activations()[name]):
        if (name, kernel.function) not in CALLS:
            continue
        for _, (branch,) in kernel.cases:
            functions = [v.func.__name__ for _, v in branch.assignments if v.is_Function and not v.is_number]
            called = {f: functions.count(f) for f in functions if f not in ("Abs", "choice")}
            assert called == CALLS[name, kernel.function], kernel.function


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "log_normal_cdf", "smish"])
def test_irrational_numbers_are_constants_and_nothing_is_divided_by_one(name: str) -> None:
    for kernel in lowered(activations()[name]):
        for _, (branch,) in kernel.cases:
            computed = [value for _, value in branch.assignments if not value.is_number]
            after_calls = [
                v for v in (*computed, branch.result) if not v.is_Function or isinstance(v, choice)
            ]
            divisors = [p.base for v in after_calls for p in v.atoms(sp.Pow) if p.exp.is_negative]
            assert not [d for d in divisors if d.is_number and not d.is_Rational], kernel.function


@pytest.mark.parametrize("name", FEW)
def test_the_program_is_the_function(name: str) -> None:
    """Against SymPy's own value of the definition, to 12 digits of what float32 needs 8 of."""
    activation = activations()[name]
    setting = samples(activation)[0]
    kernel = next(k for k in lowered(activation) if k.function == "forward")
    held = [branches for condition, branches in kernel.cases if condition.subs(setting) == sp.true]
    (branch,) = held[0]
    steps = [(symbol, value.subs(setting)) for symbol, value in branch.assignments]
    for z in POINTS:
        got = evaluate(steps, branch.result.subs(setting), z)
        want = float(sp.N(activation.expression.subs(setting).subs(Z, sp.Rational(z)), 30, maxn=2000))
        assert math.isclose(got, want, rel_tol=2.0**-24, abs_tol=2.0**-150), (z, got, want)


def test_of_branches_the_first_counts_whose_condition_holds() -> None:
    conditions = [sp.Lt(Z, -1), sp.Lt(Z, 0), sp.true]
    branches = [((), sp.exp(-Z)), ((), 3 * sp.exp(2 * Z)), ((), sp.exp(Z) + 1 / (1 + sp.exp(Z)))]
    steps, result = fuse(conditions, branches)
    assert sum(value.func is sp.exp for _, value in steps) == 1
    for z in (-3.0, -1.0, -0.5, 0.0, 2.0):
        (value,) = [v for c, (_, v) in zip(conditions, branches, strict=True) if c.subs(Z, z) == sp.true][:1]
        assert math.isclose(evaluate(steps, result, z), float(value.subs(Z, z)), rel_tol=1e-14)


def test_other_numbers_are_found() -> None:
    """The guard fails: branches in the wrong order."""
    steps, result = fuse([sp.true, sp.Lt(Z, 0)], [((), sp.exp(Z)), ((), sp.exp(-Z))])
    assert evaluate(steps, result, -2.0) != math.exp(2.0)


@pytest.mark.parametrize("name", ["sigmoid", "gelu_tanh", "sqrt_softplus"])
def test_nan_passes(name: str) -> None:
    for kernel in lowered(activations()[name]):
        for _, (branch,) in kernel.cases:
            assert math.isnan(evaluate(branch.assignments, branch.result, math.nan)), kernel.function
