"""The standard, over the whole catalogue: what holds between f, f', what is shown and what is emitted.

What is about numbers of a target (accuracy, thresholds, flags, placements, laws) is `symact verify`'s, and
tests/test_accuracy.py plants its faults. Each check here fails on the fault that is planted below it.
"""

import ctypes
import fcntl
import math
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import emitted
import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from symact import accuracy, sweeps
from symact.accuracy.laws import laws
from symact.accuracy.questions import settings
from symact.activations import Activation, G, Z
from symact.catalogue import activations
from symact.derivatives import differentiate
from symact.enclosures.integrals import analytic, integral
from symact.formats import BINARY32, BINARY64, FORMATS, Format
from symact.functions import plain
from symact.kernels import interface
from symact.oracles import Function, Oracle
from symact.output_forms import OutputForm, recover_output_form
from symact.sweeps.chunks import judge
from symact.targets import c, numpy

CATALOGUE = dict(activations())
GENERATED = Path(__file__).parent.parent / "generated"
SEED = 20_261_125

WIDE = Format("wide", "wide", 300, -(2**20), 2**20, 0)
"""300 bits, and exponents for everybody: an identity that holds to these is no coincidence."""

Setting = Mapping[str, Fraction]


def numbers(activation: Activation) -> list[dict[str, Fraction]]:
    return settings(activation, BINARY64)


def rationals(activation: Activation, setting: Setting, count: int, *seed: object) -> list[Fraction]:
    """Return random rational points of several magnitudes inside the domain, away from kinks."""
    generator = random.Random(repr((SEED, activation.title, *seed)))
    oracle, found = Oracle(activation, setting), []
    for _ in range(100 * count):
        z = Fraction(
            generator.randint(-(10**6), 10**6), generator.choice((10**5, 3 * 10**5, 7 * 10**6, 10**8))
        )
        inside = oracle.function._inside(z) and oracle.function._inside(z - 1) | (abs(z) > 1)
        if oracle.function._inside(z) and z not in oracle.kinks and inside:
            found.append(z)
        if len(found) == count:
            break
    return found


def number(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def at(expression: sp.Expr, oracle: Oracle, z: Fraction, variable: sp.Symbol = Z) -> arb | None:
    """Return an expression's value to 300 bits; None where there is none or it is smaller than all."""
    (found,) = Function(expression, variable, oracle.values, WIDE).many([z])  # type: ignore[list-item]
    if not isinstance(found, tuple):
        return None
    ctx.prec = 400
    return arb(found[0]) * arb(2) ** found[1]


def equal(a: arb, b: arb, bits: int = 280) -> bool:
    return bool(abs(a - b) <= (abs(a) + abs(b)) * arb(2) ** -bits)


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    before, ctx.prec = ctx.prec, 400
    yield
    ctx.prec = before


# The derivative is the derivative: what the rules give, beside the definition's own power series.


def not_the_series(activation: Activation, derived: Callable[[sp.Symbol, int], sp.Expr]) -> list[str]:
    """Return where derivatives, first, second, by parameters, differ from coefficients of f's series."""
    faults = []
    wanted = [(Z, 1), (Z, 2), *((p.symbol, 1) for p in activation.parameters)]
    for index, setting in enumerate(numbers(activation)):
        oracle = Oracle(activation, setting, WIDE)
        for symbol, order in wanted:
            own = oracle.function
            if symbol != Z:
                own = Function(activation.expression, Z, oracle.values, WIDE, direction=symbol)
            expression = derived(symbol, order)
            for z in rationals(activation, setting, 6, index):
                ours, theirs = at(expression, oracle, z), own.many([z], order)[0]  # type: ignore[list-item]
                if ours is None or not isinstance(theirs, tuple):
                    continue
                ctx.prec = 400
                if not equal(ours, arb(theirs[0]) * arb(2) ** theirs[1]):
                    faults.append(f"{symbol}, {order} at {z}, {setting}: {ours.str(20)}")
    return faults


def by_rules(activation: Activation) -> Callable[[sp.Symbol, int], sp.Expr]:
    return lambda symbol, order: differentiate(activation, symbol, order).expression


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_derivative_is_the_coefficient_of_the_series(name: str) -> None:
    assert not_the_series(CATALOGUE[name], by_rules(CATALOGUE[name])) == []
    assert (
        not_the_series(CATALOGUE[name], lambda s, order: differentiate(CATALOGUE[name], s, order).simplified)
        == []
    )


def test_a_derivative_that_is_off_by_2_to_the_minus_270_is_found() -> None:
    good = by_rules(CATALOGUE["silu"])
    found = not_the_series(CATALOGUE["silu"], lambda s, order: good(s, order) * (1 + sp.Integer(2) ** -270))
    assert len(found) == 12


# f and f' agree: the certified integral of f' over random intervals encloses f(b) - f(a).


def not_the_integral(activation: Activation, change: Callable[[sp.Expr], sp.Expr] = lambda e: e) -> list[str]:
    """Return the intervals in smooth pieces over which the integral of f' is not f(b) - f(a), to 2^-80."""
    faults = []
    found = differentiate(activation)
    for index, setting in enumerate(numbers(activation)):
        oracle = Oracle(activation, setting, WIDE)
        exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in oracle.values.items()}
        (case,) = [case for case in found.cases if case.condition.subs(exact) == sp.true][:1]
        for piece in case.pieces:
            slope = analytic(plain(change(piece.expression).subs(exact)), Z)
            for a, b in intervals(
                activation, setting, piece.lower.subs(exact), piece.upper.subs(exact), index
            ):
                area = integral(slope, number(a), number(b), 100)
                ends = [at(activation.expression, oracle, z) for z in (a, b)]
                if None in ends:
                    continue
                rise = ends[1] - ends[0]
                if not (abs(area - rise) <= (abs(rise) + arb(2) ** -10) * arb(2) ** -80):
                    faults.append(f"[{a}, {b}], {setting}: {area.str(20)}, not {rise.str(20)}")
    return faults


def intervals(
    activation: Activation, setting: Setting, lower: sp.Expr, upper: sp.Expr, *seed: object
) -> list[tuple[Fraction, Fraction]]:
    """Return random intervals inside a piece, on one side of 0, where there may be a pole."""
    points = [
        z
        for z in rationals(activation, setting, 60, *seed, "intervals")
        if lower < sp.Rational(z.numerator, z.denominator) < upper and abs(z) < 30
    ]
    sides = [z for z in points if z < 0][:4], [z for z in points if z > 0][:4]
    return [(min(p), max(p)) for side in sides for p in zip(side[::2], side[1::2], strict=False)]


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_integral_of_the_derivative_is_the_rise(name: str) -> None:
    assert not_the_integral(CATALOGUE[name]) == []


def test_a_derivative_of_another_scale_does_not_integrate() -> None:
    assert len(not_the_integral(CATALOGUE["gelu"], lambda e: e * (1 + sp.Rational(1, 2**60)))) == 4


# Shown = emitted: the text of generated C and Python, read as mathematics, is the formula beside it.

NEAR = {32: (30, 38), 64: (60, 66)}
"""What constants and polynomials may be off, by bits of the dtype: 2^-n of the value, or of the largest."""


def not_as_shown(name: str, target: str, source: str | None = None) -> list[str]:
    """Return where emitted code, every operation exact, gives another value than what is shown."""
    activation, faults = CATALOGUE[name], []
    programs = emitted.READERS[target](name, source)
    for dtype in ("float32", "float64"):
        fmt = FORMATS[dtype]
        for index, setting in enumerate(settings(activation, fmt)):
            oracle = Oracle(activation, setting, WIDE)
            given = [number(value) for value in oracle.values.values()]
            for function, formula in shown(name).items():
                program = programs.get(f"{function}_f{fmt.bits}")
                if program is None:  # there is no kernel of binary64, or no short one
                    continue
                inner = function == "derivative_from_output"
                domain = (activation.range or sp.S.Reals) if inner else activation.domain
                own = Function(formula, Z, oracle.values, WIDE, domain)
                points = [z for z in floats(fmt, name, index) if inner or Fraction(z) not in oracle.kinks]
                values = own.many(points)
                ctx.prec = 400
                known = [
                    (z, arb(v[0]) * arb(2) ** v[1])
                    for z, v in zip(points, values, strict=True)
                    if isinstance(v, tuple)
                ]
                largest = max((abs(w) for z, w in known if abs(z) <= 4), default=arb(0))
                least = arb(2) ** fmt.lowest_exponent
                relative, absolute = (arb(2) ** -bits for bits in NEAR[fmt.bits])
                for z, want in known:
                    got = emitted.ball(program(arb(z), *given))
                    if not abs(got - want) <= max(abs(want) * relative, largest * absolute, least):
                        faults.append(
                            f"{function} {dtype} at {z.hex()}, {setting}: {got.str(9)}, {want.str(9)}"
                        )
    return faults


def floats(fmt: Format, *seed: object) -> list[float]:
    generator = random.Random(repr((SEED, *seed)))
    return [fmt.round(generator.uniform(-r, r)) for r in (2**-20, 0.01, 1.0, 1.0, 4.0, 4.0, 20.0, 20.0, 60.0)]


@cache
def shown(name: str) -> Mapping[str, sp.Expr]:
    """Return the displayed formulas, in z throughout, as SymPy reads them."""
    names = {s.name: s for s in (Z, G, *(p.symbol for p in CATALOGUE[name].parameters))}
    names |= {"expm1": lambda x: sp.exp(x) - 1, "log1p": lambda x: sp.log(1 + x)}
    texts = emitted.shown(name)
    return {function: sp.sympify(text, locals=names).subs(G, Z) for function, text in texts.items()}


@pytest.mark.parametrize("target", emitted.READERS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_emitted_is_what_is_shown(name: str, target: str) -> None:
    assert not_as_shown(name, target) == []


def test_every_function_is_shown() -> None:
    assert set(shown("elu")) == {
        "forward", "derivative", "derivative_from_output", "second_derivative", "derivative_wrt_alpha",
    }  # fmt: skip
    for name in CATALOGUE:
        for read in (emitted.in_c, emitted.in_numpy):
            assert {key.removesuffix("_f64") for key in read(name) if key.endswith("64")} == set(shown(name))
            assert {key.removesuffix("_f32") for key in read(name) if key.endswith("32")} <= set(shown(name))


@pytest.mark.parametrize(
    ("name", "target", "old", "new"),
    [
        ("sigmoid", "c, float32", "(1.0 + e0)", "(1.000000002 + e0)"),
        ("leaky_relu", "c, single", "0.0f >= z", "0.25f >= z"),
        ("sigmoid", "numpy", "fn.exp((-z))", "fn.exp((-z) + 2e-9)"),
        ("gelu", "c", "0x1.9884533d43651p-2", "0x1.9884533d43652p-2"),  # an ulp of one coefficient
        ("elu", "c", "if (0.0 >= z)", "if (-0.25 >= z)"),
    ],
)
def test_emitted_code_that_is_not_what_is_shown_is_found(name: str, target: str, old: str, new: str) -> None:
    file = {
        "c": "c/{}.c",
        "c, float32": "c/{}.f32.c",
        "c, single": "c/{}.f32.c",
        "numpy": "numpy/symact_numpy/{}.py",
    }[target]
    place = GENERATED / file.format(name)
    source = place.read_text("utf-8")
    assert old in source
    assert not_as_shown(name, target, source.replace(old, new))


# Laws: wherever the values show symmetry, order or an end, verify holds the code to it.


def shapes(oracle: Oracle, values: Callable[[Fraction], arb]) -> set[str]:
    """Return what some values look like: odd, even, rising, falling."""
    grid = [Fraction(k, 13) for k in range(-200, 201) if k % 5]
    known = {z: v for z in grid if z not in oracle.kinks and (v := values(z)).is_finite()}
    row = list(known.values())
    pairs = [(known[z], known[-z]) for z in known if -z in known]
    found = {
        "odd": all((a + b).contains(0) for a, b in pairs),
        "even": all((a - b).contains(0) for a, b in pairs),
        "rising": all((b - a) > -(arb(2) ** -60) for a, b in pairwise(row)),
        "falling": all((b - a) < arb(2) ** -60 for a, b in pairwise(row)),
    }
    return {shape for shape, holds in found.items() if holds and (pairs or shape.endswith("ing"))}


@pytest.mark.parametrize("name", CATALOGUE)
def test_laws_are_held_wherever_values_show_them(name: str) -> None:
    activation = CATALOGUE[name]
    for index, setting in enumerate(numbers(activation)):
        oracle = Oracle(activation, setting)
        of_f, of_derivative = laws(activation, oracle.values, BINARY32, at_defaults=index == 0)
        seen = shapes(oracle, oracle.forward), shapes(oracle, oracle.derivative) & {"odd", "even"}
        obeyed = held(of_f.parity, of_f.direction), held(of_derivative.parity, 0)
        if index == 0 and name not in DEGENERATE:
            assert obeyed == seen
        assert obeyed[0] <= seen[0] and obeyed[1] <= seen[1]
        if activation.range is not None:
            ends = [end for part in [activation.range.subs(exact(oracle))] for end in (part.inf, part.sup)]
            assert [math.isinf(of_f.lowest), math.isinf(of_f.highest)] == [not e.is_finite for e in ends]


DEGENERATE = ("hardtanh", "soft_exponential", "linear", "step", "sign")
"""At their defaults these have a symmetry that other parameters take away, or f' = 0, or f(0) in two ways."""


def exact(oracle: Oracle) -> dict[sp.Symbol, sp.Expr]:
    return {s: sp.Rational(v.numerator, v.denominator) for s, v in oracle.values.items()}


def held(parity: int, direction: int) -> set[str]:
    return {name for name, holds in {
        "odd": parity == -1, "even": parity == 1, "rising": direction == 1, "falling": direction == -1
    }.items() if holds}  # fmt: skip


# Placements, toolchains, and options of compilers.


@pytest.fixture(scope="module")
def libraries(
    tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]
) -> Mapping[str, c.Library]:
    """Return the catalogue's C as several compilers and options make it: made once for all workers."""
    builds = {
        "gcc -O3": ("gcc", ("-O3", "-std=c99", "-fPIC")),
        "gcc -O0": ("gcc", ("-O0", "-std=c99", "-fPIC")),
        "gcc -O3, this machine's": ("gcc", (*c.NATIVE, "-std=gnu99", "-ffp-contract=fast")),
        "clang -O2": ("clang", ("-O2", "-march=native", "-std=c99", "-fPIC")),
    }
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "libraries"
    place.mkdir(exist_ok=True)
    made = {}
    for k, (build, (cc, flags)) in enumerate(builds.items()):
        path = place / str(k) / "library.so"
        with (place / f"{k}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                c.build(GENERATED / "c", path, compiler=require_tool(cc), flags=flags)
        made[build] = c.load(path, CATALOGUE)
    return made


def functions(activation: Activation) -> Iterator[tuple[str, str, np.ndarray, tuple[np.ndarray, ...]]]:
    """Yield every function and dtype with the arguments for it: all magnitudes, special values."""
    suffixes = [*emitted.shown(str(activation.name)), "vjp", "vjp_from_output"]
    for dtype in ("float32", "float64"):
        fmt, generator = FORMATS[dtype], np.random.default_rng(SEED)
        near = [generator.uniform(-r, r, 150) for r in (1.0, 4.0, 20.0, 100.0, 800.0)]
        powers = np.array(fmt.powers_of_two) * 1.375
        z = np.concatenate([*near, powers, -powers, fmt.boundaries]).astype(dtype)
        for function in suffixes:
            g_bar = (generator.uniform(-2, 2, z.size).astype(dtype),) * function.startswith("vjp")
            yield function, dtype, z, (z, *g_bar)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_same_bits_from_every_toolchain_at_every_length_and_place(
    name: str, libraries: Mapping[str, c.Library]
) -> None:
    activation = CATALOGUE[name]
    defaults = {key: float(value) for key, value in settings(activation, BINARY32)[0].items()}
    package = numpy.load(GENERATED / "numpy")
    for function, dtype, z, arguments in functions(activation):
        first = None
        for build, library in {**libraries, "numpy": package}.items():
            call = library.call(name, function, dtype)
            if call is None:
                assert function == "vjp_from_output" and "derivative_from_output" not in shown(name)
                continue
            answer = call(*arguments, **defaults)
            assert accuracy.misplaced(call, arguments, answer, defaults, every=build != "numpy") == 0, build
            if first is None:
                first = answer
            others = z[accuracy.different(answer, first)]
            assert others.size == 0, f"{function} {dtype}, {build}: {[float(x).hex() for x in others[:4]]}"


def test_other_bits_are_found() -> None:
    a = np.array([1.0, 0.0, np.nan])
    assert not accuracy.different(a, a).any()
    assert accuracy.different(a, np.array([np.nextafter(1.0, 2.0), -0.0, 0.0])).all()


def test_every_source_refuses_fast_math(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    sources = sorted((GENERATED / "c").glob("*.c"))
    assert len(sources) == 2 * len(CATALOGUE)  # the fast grade has its own
    command = [require_tool("cc"), "-ffast-math", "-std=c99", "-fsyntax-only"]
    for source in sources:
        text = source.read_text("utf-8").replace('#include "symact_dd.h"', "")  # which refuses, too
        copy = tmp_path / source.name
        copy.write_text(
            text.split("static ")[0].replace('#include "symact', f'#include "{GENERATED}/c/symact')
        )
        done = subprocess.run([*command, str(copy)], capture_output=True, text=True, check=False)
        assert done.returncode and "-ffast-math breaks NaN" in done.stderr, source.name


# SymPy and mpmath, which share nothing with FLINT, at 1,000 digits.

DIGITS = 1000
LONG = Format("long", "long", math.ceil(DIGITS * math.log2(10)), -(2**20), 2**20, 0)


def not_by_mpmath(name: str, change: sp.Expr = sp.S.Zero) -> list[str]:
    """Return where f, f' or its output form is another number in mpmath than in our balls, to 10^-990."""
    activation, faults = CATALOGUE[name], []
    parameters = [p.symbol for p in activation.parameters]
    found = recover_output_form(differentiate(activation))
    whole = activation.expression.rewrite(sp.Piecewise)
    with mpmath.workdps(DIGITS + 60):
        f = sp.lambdify([Z, *parameters], activation.expression + change, "mpmath")
        slope = sp.lambdify([Z, *parameters], sp.diff(whole + change, Z), "mpmath")
        form = None
        if isinstance(found, OutputForm):
            form = sp.lambdify([G, *parameters], found.expression, "mpmath")
        for setting in numbers(activation):
            oracle = Oracle(activation, setting, LONG)
            values = [mpmath.mpf(v.numerator) / v.denominator for v in oracle.values.values()]
            holds = form and found.condition.subs(exact(oracle)) == sp.true
            for z in rationals(activation, setting, 2, "digits"):
                if abs(z) > 40:
                    continue
                point = mpmath.mpf(z.numerator) / z.denominator
                g = f(point, *values)
                pairs = {"f": (oracle.forward(z), g), "f'": (oracle.derivative(z), slope(point, *values))}
                if holds:
                    pairs["f' from g"] = (pairs["f'"][0], form(g, *values))
                for what, (ours, theirs) in pairs.items():
                    if not agree(ours, mpmath.mpf(theirs)):
                        faults.append(f"{what} at {z}, {setting}: {ours.str(20)}, {mpmath.nstr(theirs, 20)}")
    return faults


def agree(ours: arb, theirs: mpmath.mpf) -> bool:
    mantissa, exponent = ours.mid().man_exp()
    value = mpmath.mpf(int(mantissa)) * mpmath.mpf(2) ** int(exponent)
    return bool(
        abs(value - theirs) <= max(abs(theirs), mpmath.mpf(10) ** -30) * mpmath.mpf(10) ** (10 - DIGITS)
    )


@pytest.mark.thorough
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_thousand_digits(name: str) -> None:
    assert not_by_mpmath(name) == []


def test_a_wrong_990th_digit_is_found() -> None:
    assert not_by_mpmath("tanh") == []
    assert len(not_by_mpmath("tanh", Z * sp.Rational(1, 10**987))) == 6


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> ctypes.CDLL:
    """Return ``clear()`` and ``raised()``, which gives the bits of `c.RAISED`."""
    bits = " | ".join(f"(fetestexcept({flag}) ? {bit} : 0)" for flag, bit in c.RAISED.items())
    source = tmp_path_factory.mktemp("flags") / "flags.c"
    clear = "void clear(void) { feclearexcept(FE_ALL_EXCEPT); }"
    source.write_text(f"#include <fenv.h>\n{clear}\nint raised(void) {{ return {bits}; }}\n")
    library = source.with_suffix(".so")
    subprocess.run(
        [require_tool("cc"), "-fPIC", "-shared", str(source), "-o", str(library), "-lm"], check=True
    )
    return ctypes.CDLL(str(library))


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name, one in CATALOGUE.items() if not one.parameters])
@pytest.mark.parametrize("function", ["forward", "derivative"])
def test_subnormal_results_are_correctly_rounded(
    name: str, function: str, libraries: Mapping[str, c.Library]
) -> None:
    """Every second one of z/2 is a tie, which f's next term decides."""
    call = libraries["gcc -O3"].call(name, function, "float32")
    asked = sweeps.subject(CATALOGUE[name], function)
    for first in (0, 2**31):
        tally = judge(asked, call, first, first + 2**10 - 1)
        assert (tally.misrounded, tally.undecided) == (0, 0)


@pytest.mark.parametrize("flag", ["-O2", "-O3"])
def test_a_new_nan_is_told_by_a_constant_too(
    flag: str, tmp_path: Path, flags: ctypes.CDLL, require_tool: Callable[[str], str]
) -> None:
    """Outside the domain a float64 function returns NAN, which raises nothing by itself."""
    for file in [*(GENERATED / "c").glob("*.h"), GENERATED / "c" / "logit.c"]:
        shutil.copy(file, tmp_path)
    options = (flag, "-std=c99", "-fPIC")
    built = c.build(tmp_path, tmp_path / "library.so", compiler=require_tool("cc"), flags=options)
    library = ctypes.CDLL(str(built))
    for value, told in ((2.0, True), (0.25, False), (math.nan, False)):
        z, g = np.full(5, value), np.empty(5)
        flags.clear()
        library.symact_logit_f64(*(ctypes.c_void_p(a.ctypes.data) for a in (z, g)), ctypes.c_size_t(5))
        assert (flags.raised() & c.RAISED["FE_INVALID"] != 0) == told


@pytest.mark.thorough
@pytest.mark.parametrize("name", CATALOGUE)
def test_arrays_raise_the_flags_that_their_elements_raise(
    name: str, libraries: Mapping[str, c.Library], flags: ctypes.CDLL
) -> None:
    library = libraries["gcc -O3, this machine's"]
    invalid, infinite = c.RAISED["FE_INVALID"], c.RAISED["FE_OVERFLOW"] | c.RAISED["FE_DIVBYZERO"]
    loaded = ctypes.CDLL(str(library.path))
    activation = CATALOGUE[name]
    values = [float(value) for value in settings(activation, BINARY32)[0].values()]
    for function, dtype, _, arguments in functions(activation):
        if library.call(name, function, dtype) is None:
            continue
        alone, raised = library.alone(name, function, dtype)(*arguments)
        new_nan = np.isnan(alone) & ~np.logical_or.reduce([np.isnan(x) for x in arguments])
        new_infinity = np.isinf(alone) & np.logical_and.reduce([np.isfinite(x) for x in arguments])
        assert np.array_equal(raised & invalid != 0, new_nan), f"{function} {dtype}"
        suffix, number = ("_f32", ctypes.c_float) if dtype == "float32" else ("_f64", ctypes.c_double)
        array = loaded[f"symact_{name}{interface(function)[0]}{suffix}"]
        out = np.empty_like(arguments[0])
        for part in (slice(0, None, 3), slice(1, None, 3), slice(2, 3)):
            inputs = [np.ascontiguousarray(argument[part]) for argument in arguments]
            pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*inputs, out)]
            size = ctypes.c_size_t(inputs[0].size)
            flags.clear()
            array(*pointers, size, *map(number, values))
            found = flags.raised()
            assert (found & invalid != 0) == new_nan[part].any(), f"{function} {dtype}"
            # whether an infinity raises one of the two is its code's affair: a limit is a constant
            assert not found & infinite or new_infinity[part].any(), f"{function} {dtype}"
