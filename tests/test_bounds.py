"""Proved bounds: the rules against mpmath with errors injected; proofs against measurements and faults."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from typer.testing import CliRunner

from symact import accuracy, bounds, pipeline, sweeps
from symact.activations import Z
from symact.bounds.definitions import ball
from symact.bounds.losses import LARGE, evaluate, ulps
from symact.bounds.programs import Operation, Program, statements
from symact.bounds.proofs import prove
from symact.bounds.ranges import PRECISION, Range, Unknown
from symact.catalogue import activations
from symact.cli import app
from symact.enclosures import enclose
from symact.errors import NotSupported
from symact.formats import BINARY64
from symact.quotations import FILE

SEED = 64
GENERATED = Path(__file__).parent.parent / "generated"
C = GENERATED / "c"


@cache
def files_of(name: str) -> dict[str, str]:
    return {f"c/{path}": (C / path).read_text("utf-8") for path in ("symact_dd.h", f"{name}.c")}


@cache
def sound(name: str, function: str) -> bounds.Bound:
    return proved(name, function, files_of(name))


def proved(name: str, function: str, files: Mapping[str, str]) -> bounds.Bound:
    activation = activations()[name]
    return prove(activation, function, files, accuracy.form(activation))


# The rules, against mpmath, each step off by as much as it may be.

FUNCTIONS: Mapping[str, Callable[..., mpmath.mpf]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "sqrt": mpmath.sqrt,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "asinh": mpmath.asinh,
    "atan": mpmath.atan,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfcx": lambda a: mpmath.exp(a * a) * mpmath.erfc(a),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
}
EXACT = ("neg",)
BASIC = ("add", "sub", "mul", "div", "sqrt")


def allowed(name: str) -> mpmath.mpf:
    return mpmath.mpf(0) if name in EXACT else mpmath.mpf(2) ** (-100 if name in BASIC else -76)


def fits(name: str, operands: list[mpmath.mpf], value: mpmath.mpf) -> bool:
    """Return whether double-double holds a result exactly: sums and products of binary64, powers of 2."""
    doubles = all(mpmath.mpf(float(x)) == x for x in operands)
    if name in ("add", "sub"):
        return doubles
    if name == "mul":
        return doubles or any(abs(mpmath.frexp(x)[0]) == 0.5 for x in operands)
    return name == "div" and doubles and mpmath.mpf(float(value)) == value


def run(program: Program, z: mpmath.mpf, signs: Callable[[], int]) -> mpmath.mpf:
    """Return what a program gives where each step is off as far as it may be, to one side or the other."""
    found: list[mpmath.mpf] = []
    for step in program:
        if step.name == "input":
            found.append(z)
        elif step.name == "constant":
            exact = Fraction(step.value)
            found.append(mpmath.mpf(exact.numerator) / exact.denominator)
        else:
            operands = [found[i] for i in step.arguments]
            value = FUNCTIONS[step.name](*operands)
            free = fits(step.name, operands, value)
            found.append(value if free else value * (1 + signs() * allowed(step.name)))
    return found[-1]


def number(value: arb) -> mpmath.mpf:
    """Return the midpoint of a ball exactly; the losses and ends of ranges have no radius."""
    if not value.is_finite():
        return mpmath.mpf("inf") if value > 0 else mpmath.mpf("-inf")
    mantissa, exponent = value.man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def random_program(generator: random.Random) -> Program:
    steps = [Operation("input"), Operation("constant", value=Fraction(generator.randint(1, 2**60), 2**57))]
    for _ in range(generator.randint(2, 7)):
        name = generator.choice(list(FUNCTIONS))
        count = 2 if name in ("add", "sub", "mul", "div") else 1
        steps.append(Operation(name, tuple(generator.randrange(len(steps)) for _ in range(count))))
    return tuple(steps)


def test_no_rule_lets_more_through_than_it_says() -> None:
    generator = random.Random(SEED)
    tried = 0
    for _ in range(400):
        program = random_program(generator)
        low = generator.choice([2.0**-40, 0.01, 0.5, 1.0, 3.0, 20.0]) * generator.choice([1, -1])
        high = low * generator.choice([1.0, 1.01, 1.5])
        low, high = sorted((low, high))
        before, ctx.prec = ctx.prec, PRECISION
        try:
            value = evaluate(program, Range(ball(low), ball(high)))
        except Unknown:
            continue
        finally:
            ctx.prec = before
        if value.over < LARGE:
            continue
        tried += 1
        with mpmath.workprec(400):
            for z in (low, high, generator.uniform(low, high)):
                exact = run(program, mpmath.mpf(z), lambda: 0)
                slack = abs(exact) * mpmath.mpf(2) ** -390
                assert number(value.range.low) - slack <= exact <= number(value.range.high) + slack
                most = number(value.relative) * abs(exact) + number(value.lost) + slack
                for _ in range(6):
                    computed = run(program, mpmath.mpf(z), lambda: generator.choice([-1, 1]))
                    assert abs(computed - exact) <= most, (program, z)
    assert tried > 150


def test_a_rule_that_says_too_little_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard itself: with the loss of functions left out the test above fails."""
    from symact.bounds import losses

    monkeypatch.setattr(losses, "FUNCTION", arb(2) ** -78)
    with pytest.raises(AssertionError):
        test_no_rule_lets_more_through_than_it_says()


@pytest.mark.parametrize(
    ("low", "high", "worst"),
    [(1.0, 2.0, 0.5), (2.0**-1074, 2.0**-1030, 0.75), (2.0**-1022, 2.0**-1021, 0.75), (2.0**-900, 1.0, 0.5)],
)
def test_what_underflow_costs(low: float, high: float, worst: float) -> None:
    program = (Operation("input"), Operation("constant", value=Fraction(3, 4)), Operation("mul", (0, 1)))
    value = evaluate(program, Range(ball(low), ball(high)))
    found = ulps(value)
    assert found is not None
    assert worst <= float(found) < worst + 1e-6


def test_what_may_overflow_is_not_bounded_before_it_surely_does() -> None:
    square = (Operation("input"), Operation("powi", (0,), 2))
    with pytest.raises(Unknown):
        ulps(evaluate(square, Range(ball(2.0**511), ball(2.0**513))))
    assert ulps(evaluate(square, Range(ball(2.0**512), ball(2.0**513)))) is None
    inverse = (*square, Operation("constant", value=Fraction(1)), Operation("div", (2, 1)))
    value = evaluate(inverse, Range(ball(2.0**700), ball(2.0**900)))
    assert value.lost < arb(2) ** -1073


# The C that is read.


def test_c_that_no_kernel_is_written_in_is_refused() -> None:
    for code in (
        "f(double z) { while (z) { } }",
        "f(double z) { return z ? 1 : 2; }",
        "f(double z) { return z",
    ):
        with pytest.raises(NotSupported):
            statements(code)


# Proofs, against what is measured.

CASES = [
    ("silu", "forward", 0.76),
    ("silu", "derivative", 0.9),
    ("gelu", "derivative", 0.9),
    ("tanh", "forward", 0.76),
    ("tanh", "derivative_from_output", 0.51),
    ("sigmoid", "derivative_from_output", 0.76),
    ("softplus", "forward", 0.76),
    ("hardtanh", "derivative", 0.5),
    ("relu", "forward", 0.5),
]


@pytest.mark.parametrize(("name", "function", "most"), CASES)
def test_bounds(name: str, function: str, most: float) -> None:
    found = sound(name, function)
    assert found.ulp is not None, found
    assert found.ulp <= most


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["silu", "tanh", "softplus", "gelu"])
def test_nothing_measured_is_above_its_bound(name: str) -> None:
    """The emitted C and NumPy against the definition in balls, as `symact verify` measures them."""
    results = pipeline.verify([name], dtypes=["float64"], certificates=GENERATED)
    for result in results:
        if result.function in bounds.FUNCTIONS:
            found = sound(name, result.function)
            assert found.ulp is not None
            assert result.max_ulp <= found.ulp or result.parameters, result


@pytest.mark.parametrize("name", ["silu", "tanh"])
def test_nothing_sampled_is_above_its_bound(name: str) -> None:
    """The committed NumPy at random floats, and where results become subnormal, against f in balls."""
    call = accuracy.loaded(GENERATED, "numpy", activations()[name], "forward", "float64")
    generator = np.random.default_rng(SEED)
    logarithms = generator.uniform(-1070, 10, 300)
    points = np.concatenate([2.0**logarithms, -(2.0**logarithms), generator.uniform(-746, -700, 300)])
    bound, expression = sound(name, "forward").ulp, activations()[name].expression
    assert bound is not None
    for z, got in zip(points, call(points), strict=True):
        want = enclose(expression, {Z: ball(float(z))}, 1400)
        error = abs(ball(float(got)) - want) / ball(BINARY64.ulp(_near(want)))
        assert error < bound, (z.hex(), got.hex())


def _near(value: arb) -> Fraction:
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


# Planted faults.


def first(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def within(text: str, kernel: str, change: Callable[[str], str]) -> str:
    start = text.index(f"static symact_dd {kernel}")
    end = text.index("\n}\n", start)
    return text[:start] + change(text[start:end]) + text[end:]


def doubled(code: str) -> str:
    head, last = code.rsplit("return ", 1)
    value = last.split(";")[0]
    return f"{head}return symact_dd_add({value}, {value});{last.split(';', 1)[1]}"


COEFFICIENT = "symact_dd_make(0x1.b9d98fa5a3215p-2, 0x1.f7c1a23190c7cp-56)"
MOVED = "symact_dd_make(0x1.b9d98fa5a3215p-2, 0x1.0fc1a23190c7cp-55)"
"""The slope of gelu' at its root, and the same off by about 2^-58 of it."""

FAULTS: Mapping[str, tuple[str, str, Callable[[str], str]]] = {
    "a coefficient": ("gelu", "derivative", lambda code: first(code, COEFFICIENT, MOVED)),
    "a seam moved into cancellation": (
        "gelu", "derivative", lambda code: first(code, "if (-0x1p-1 > z)", "if (-0.76 > z)"),
    ),
    "a tail that begins too early": (
        "gelu", "derivative", lambda code: first(code, "if (15.0 > z)", "if (5.0 > z)"),
    ),
    "a constant of binary64": (
        "softplus", "forward", lambda code: code.replace("symact_dd_log1p", "symact_dd_log"),
    ),
    "a value that is doubled": ("tanh", "derivative_from_output", lambda code: doubled(code)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_not_proved(fault: str) -> None:
    name, function, change = FAULTS[fault]
    files = dict(files_of(name))
    path = f"c/{name}.c"
    files[path] = within(files[path], f"{name}_{function}_f64", change)
    assert files[path] != files_of(name)[path]
    before, found = sound(name, function), proved(name, function, files)
    assert before.ulp is not None
    assert found.ulp is None or found.ulp > before.ulp + 0.01, found
    assert (found.where is None) == (found.ulp is not None)


def test_twice_the_error_of_a_function_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    from symact.bounds import losses

    before = sound("tanh", "derivative_from_output").ulp
    monkeypatch.setattr(losses, "ROUNDING", arb(2) ** -60)
    changed = proved("tanh", "derivative_from_output", files_of("tanh")).ulp
    assert before is not None
    assert changed is None or changed > before + 0.005


def test_what_is_not_proved_says_where() -> None:
    found = sound("sine", "forward")
    assert found.ulp is None
    assert found.where is not None
    low, high = (float.fromhex(end) for end in found.where.strip("[]").split(", "))
    assert low <= high
    assert found.why


# Records.


@pytest.fixture
def claim() -> bounds.Claim:
    return bounds.Claim(activations()["relu"], "forward", files_of("relu"), None)


def test_a_bound_stands_as_long_as_its_kernel(claim: bounds.Claim) -> None:
    record = claim.record()
    assert bounds.recheck(claim, record, again=True) == []
    path = "c/relu.c"
    changed = claim.files[path].replace("symact_dd_from_double(0.0)", "symact_dd_from_double(1.0)")
    other = replace(claim, files={**claim.files, path: changed})
    assert "not the one" in bounds.recheck(other, record, again=False)[0]
    forged = replace(record, kernel=other.kernel)
    assert "another bound" in bounds.recheck(other, forged, again=True)[0]


def test_bounds_are_written_beside_certificates(claim: bounds.Claim, tmp_path: Path) -> None:
    recorded = (GENERATED / FILE).read_text("utf-8")
    file = tmp_path / FILE
    file.write_text(recorded, "utf-8")
    before = json.loads(recorded)["results"]
    bounds.Records(file).updated([claim.record()], ["relu"])
    assert json.loads(file.read_text("utf-8"))["results"] == before
    assert bounds.Records(file).known["relu", "forward"] == claim.record()
    sweeps.Certificates(file).updated([], [row["activation"] for row in before])
    assert bounds.Records(file).known["relu", "forward"] == claim.record()


def test_the_command(tmp_path: Path) -> None:
    options = ["verify", "relu", "--prove", "--certify", "--json", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, options, standalone_mode=False)
    answer = json.loads(done.stdout)["bounds"]
    assert [row["proved_ulp"] for row in answer] == [0.5, 0.5, 0.5]
    count, wrong = pipeline.recheck(["relu"], out=tmp_path)
    assert (count, wrong) == (3, [])
    results = pipeline.verify(["relu"], targets=["numpy"], dtypes=["float64"], certificates=tmp_path)
    shown = {row["function"]: row.get("proved_ulp", "absent") for row in (r.to_json() for r in results)}
    assert shown["forward"] == 0.5
    assert shown["vjp"] == "absent"
    table = CliRunner().invoke(app, ["verify", "relu", "--prove"], standalone_mode=False)
    assert "relu forward" in table.stdout


@pytest.mark.thorough
def test_recorded_bounds_are_what_is_proved() -> None:
    known = bounds.Records(GENERATED / FILE).known
    for record in known.values():
        activation = activations()[record.activation]
        claim = bounds.Claim(
            activation, record.function, files_of(record.activation), accuracy.form(activation)
        )
        assert claim.record() == replace(record, kernel=claim.kernel)
    assert sum(record.proved_ulp is not None for record in known.values()) > 150
