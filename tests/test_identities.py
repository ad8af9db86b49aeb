"""Identities: a table of what is known, checked by mpmath at fifty digits; near misses are not claimed."""

from collections.abc import Callable

import mpmath as mp
import pytest
import sympy as sp

from symact.activations import Z
from symact.catalogue import catalogue
from symact.identities import (
    DERIVATIVE,
    INVERSE,
    RESCALING,
    SAME,
    Identity,
    _equal,
    _exact,
    identities,
)
from symact.jets import OPERATIONS, jets
from symact.parsing import parse

pytestmark = pytest.mark.thorough

TABLE = {
    # catalogue names of one function, of a derivative, of an inverse
    ("sigmoid", DERIVATIVE, "softplus"): "f(z) = d/dz softplus(z)",
    ("sigmoid", INVERSE, "logit"): "logit(f(z)) = z",
    ("sigmoid", RESCALING, "tanh"): "f(z) = tanh(z/2)/2 + 1/2",
    ("logit", INVERSE, "sigmoid"): "sigmoid(f(z)) = z",
    ("softplus_inverse", INVERSE, "softplus"): "softplus(f(z)) = z",
    ("d_silu", DERIVATIVE, "silu"): "f(z) = d/dz silu(z)",
    ("logsigmoid", RESCALING, "softplus"): "f(z) = -softplus(-z)",
    ("quick_gelu", SAME, "swish_beta"): "f(z) = swish_beta(z, beta=851/500)",
    ("quick_gelu", RESCALING, "silu"): "f(z) = 500*silu(851*z/500)/851",
    ("silu", SAME, "swish_beta"): "f(z) = swish_beta(z)",
    ("tanh", DERIVATIVE, "logcosh"): "f(z) = d/dz logcosh(z)",
    ("tanh", SAME, "scaled_tanh"): "f(z) = scaled_tanh(z, a=1, b=1)",
    ("prelu", SAME, "leaky_relu"): "f(z) = leaky_relu(z, negative_slope=weight)",
    ("step", DERIVATIVE, "relu"): "f(z) = d/dz relu(z)",
    ("symexp", INVERSE, "symlog"): "symlog(f(z)) = z",
    ("exponential", INVERSE, "logarithm"): "logarithm(f(z)) = z",
    ("normal_cdf", RESCALING, "erf"): "f(z) = erf(sqrt(2)*z/2)/2 + 1/2",
    # typed formulas
    ("z*tanh(exp(z))", SAME, "tanhexp"): "f(z) = tanhexp(z)",
    ("2/(1+exp(-2*z))-1", SAME, "tanh"): "f(z) = tanh(z)",
    ("2/(1+exp(-2*z))-1", RESCALING, "sigmoid"): "f(z) = 2*sigmoid(2*z) - 1",
    ("log(1+exp(z))", SAME, "softplus"): "f(z) = softplus(z)",
    ("1/(1+exp(-k*z))", RESCALING, "sigmoid"): "f(z) = sigmoid(k*z)",
    ("log(1+exp(k*z))/k", SAME, "softplus"): "f(z) = softplus(z, beta=k) for k > 0",
    ("where(z>0,z,z/5)", SAME, "leaky_relu"): "f(z) = leaky_relu(z, negative_slope=1/5)",
    ("min(max(z,-2),3)", SAME, "hardtanh"): "f(z) = hardtanh(z, min_val=-2, max_val=3)",
    ("z/(1+exp(-1.702*z))", SAME, "quick_gelu"): "f(z) = quick_gelu(z)",
    ("(exp(z)-exp(-z))/(exp(z)+exp(-z))", SAME, "tanh"): "f(z) = tanh(z)",
    ("max(z,0)^2", SAME, "squared_relu"): "f(z) = squared_relu(z)",
    ("3*atan(z/2)+1", RESCALING, "arctan"): "f(z) = 3*arctan(z/2) + 1",
}

STRANGERS = (
    "z*tanh(exp(z)) + exp(-z^2)/10^5",
    "1/(1+exp(-z)) + z/10^9",
    "z*sigmoid(1.7*z)*(1+sigmoid(z)/10^6)",
    "max(z, 0) + z^2/10^8",
)
"""What is none of them, though near."""


def find(target: str) -> tuple[Identity, ...]:
    return identities(catalogue().get(target) or parse(target))


@pytest.mark.parametrize(("target", "relation", "name"), TABLE)
def test_what_is_known(target: str, relation: str, name: str) -> None:
    found = [one for one in find(target) if (one.relation, one.name) == (relation, name)]
    assert [one.statement for one in found] == [TABLE[target, relation, name]]
    assert found[0].proof


def function(expression: sp.Expr) -> Callable[[mp.mpf], mp.mpf]:
    return sp.lambdify(Z, expression, "mpmath")


@pytest.mark.parametrize("name", [n for n in sorted(catalogue()) if not catalogue()[n].parameters])
def test_every_identity_of_the_catalogue_holds(name: str) -> None:
    """By mpmath at fifty digits, from the two definitions: none of our algebra."""
    activation = catalogue()[name]
    for identity in identities(activation):
        other = catalogue()[identity.name]
        values = {p.symbol: identity.parameters[p.name] for p in other.parameters}
        f, h = function(activation.expression), function(other.expression.subs(values))
        with mp.workdps(50):
            for point in ("0.31", "0.77", "-1.3", "2.9"):
                z = mp.mpf(point)
                if activation.domain.contains(sp.Float(point)) != sp.true:
                    continue
                if identity.relation == INVERSE:
                    assert abs(h(f(z)) - z) < mp.mpf(10) ** -40
                elif identity.relation == DERIVATIVE:
                    assert abs(mp.diff(h, z) - f(z)) < mp.mpf(10) ** -15
                elif identity.relation == SAME:
                    assert abs(f(z) - h(z)) < mp.mpf(10) ** -40


@pytest.mark.parametrize("formula", STRANGERS)
def test_what_is_near_is_not_claimed(formula: str) -> None:
    assert find(formula) == ()


def test_floats_do_not_prove() -> None:
    activation = parse("tanh(z)")
    domain = activation.domain
    assert _equal(activation, sp.tanh(Z), 1 - 2 / (1 + sp.exp(2 * Z)), domain)
    assert not _equal(activation, sp.tanh(Z), sp.tanh(Z) + sp.Rational(1, 10**30), domain)
    assert not _equal(activation, sp.tanh(Z), sp.tanh(Z) + sp.exp(-1000 - Z**2), domain)


def test_an_activation_is_not_known_as_itself() -> None:
    for name in ("relu", "mish", "softsign"):
        assert all(one.name != name for one in find(name))


def test_exact_values() -> None:
    assert _exact([1.702], []) == sp.Rational(851, 500)
    assert _exact([2**0.5 / 2], []) == sp.sqrt(2) / 2
    assert _exact([0.7390851332151607], []) is None


@pytest.mark.parametrize("operation", [f for f in OPERATIONS if f not in (sp.Add, sp.Mul, sp.Max, sp.Min)])
def test_jets_against_sympy(operation: type) -> None:
    argument = (Z + 3) / 2 if operation is sp.acosh else Z / 3 + sp.Rational(1, 10)
    expression = operation(argument)
    got = jets(expression)(0.7, {})
    for k, coefficient in enumerate(got):
        want = sp.N(sp.diff(expression, Z, k).subs(Z, sp.Rational(7, 10)), 20) / sp.factorial(k)
        assert abs(coefficient - float(want)) < 1e-12 * max(1, abs(float(want)))
