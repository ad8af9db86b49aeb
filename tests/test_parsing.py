"""The formula grammar: what it reads, what it refuses and where, and that nothing else can happen."""

import ast
import math
import random
import time
from collections.abc import Callable

import pytest
import sympy as sp

from symact import catalogue
from symact.activations import Activation, Parameter, Z
from symact.errors import InvalidFormula
from symact.parsing import constant, parse, parse_condition, parse_expression, parse_number

z = Z
a, b, beta = (sp.Symbol(name, real=True) for name in ("a", "b", "beta"))
R = sp.Rational

GOOD = [
    ("z", z),
    ("x", z),
    (" z\t+\n1 ", z + 1),
    ("z + 2*z - 1", 3 * z - 1),
    ("z - 1 - 2", z - 3),
    ("z/2/3", z / 6),
    ("6/z*2", 12 / z),
    ("-z**2", -(z**2)),
    ("(-z)**2", z**2),
    ("-z^2", -(z**2)),
    ("2**-z", 2**-z),
    ("z**2**3", z**8),
    ("z^2^3", z**8),
    ("--z", z),
    ("-+-+z", z),
    ("+z", z),
    ("2*-z", -2 * z),
    ("z - -z", 2 * z),
    ("0.044715*z", R(8943, 200000) * z),
    ("1e-3*z", z / 1000),
    ("1.5E+2*z", 150 * z),
    (".5*z", z / 2),
    ("5.*z", 5 * z),
    ("0.1 + 0.2 + z", R(3, 10) + z),
    ("1/3*z", z / 3),
    ("pi*z", sp.pi * z),
    ("e**z", sp.exp(z)),
    ("e*z", sp.E * z),
    ("sqrt(z)", sp.sqrt(z)),
    ("exp(-z)", sp.exp(-z)),
    ("log(z)", sp.log(z)),
    ("sin(z) + cos(z) + tan(z)", sp.sin(z) + sp.cos(z) + sp.tan(z)),
    ("sinh(z) + cosh(z) + tanh(z)", sp.sinh(z) + sp.cosh(z) + sp.tanh(z)),
    ("asin(z) + acos(z) + atan(z)", sp.asin(z) + sp.acos(z) + sp.atan(z)),
    ("asinh(z) + acosh(z)", sp.asinh(z) + sp.acosh(z)),
    ("atanh(z)", sp.atanh(z)),
    ("erf(z) + erfc(z)", sp.erf(z) + sp.erfc(z)),
    ("expm1(z)", sp.exp(z) - 1),
    ("log1p(z)", sp.log(1 + z)),
    ("abs(z) + sign(z)", sp.Abs(z) + sp.sign(z)),
    ("max(z, 0)", sp.Max(z, 0)),
    ("min(max(z, 0), 6)", sp.Min(sp.Max(z, 0), 6)),
    ("max(z, 0, 1)", sp.Max(z, 1)),
    ("where(z > 0, z, -2*z)", sp.Piecewise((z, z > 0), (-2 * z, True))),
    ("where(z >= 0, z, 0)", sp.Piecewise((z, z >= 0), (0, True))),
    ("where(z < 0, 0, z)", sp.Piecewise((0, z < 0), (z, True))),
    ("where(z <= 0, 0, z)", sp.Piecewise((0, z <= 0), (z, True))),
    ("where(2*z > 1, z, 0)", sp.Piecewise((z, 2 * z > 1), (0, True))),
    ("where(z > 1, 1, where(z < -1, -1, z))", sp.Piecewise((1, z > 1), (-1, z < -1), (z, True))),
    ("z*exp(-exp(-z))", z * sp.exp(-sp.exp(-z))),
    ("z*tanh(exp(z))", z * sp.tanh(sp.exp(z))),
    ("z*sigmoid(1.702*z)", z / (1 + sp.exp(-R(851, 500) * z))),
    ("swish(z)", z / (1 + sp.exp(-z))),
    ("sigmoid(sigmoid(z))", 1 / (1 + sp.exp(-1 / (1 + sp.exp(-z))))),
    ("relu(z)**2", sp.Max(z, 0) ** 2),
    ("elu(z)", sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True))),
    ("elu(z, alpha=2)", sp.Piecewise((z, z > 0), (2 * sp.exp(z) - 2, True))),
    ("leaky_relu(z, 0.2)", sp.Piecewise((z, z > 0), (z / 5, True))),
    ("hardtanh(z, -2, max_val=3)", sp.Min(sp.Max(z, -2), 3)),
    ("swish_beta(z, beta)", z / (1 + sp.exp(-beta * z))),
    ("swish_beta(z + 1, beta=b)", (z + 1) / (1 + sp.exp(-b * (z + 1)))),
    ("linear(z, slope=a, intercept=b)", a * z + b),
    ("linear(z, slope=b, intercept=slope)", b * z + sp.Symbol("slope", real=True)),
    ("soft_exponential(z, 2)", (sp.exp(2 * z) - 1) / 2 + 2),
    ("a*z + b", a * z + b),
    ("z**0.5", sp.sqrt(z)),
    ("z**64", z**64),
    ("3**64*z", 3**64 * z),
    ("sqrt(2)*z", sp.sqrt(2) * z),
    ("1e400*z", sp.Integer(10) ** 400 * z),
    ("(" * 48 + "z" + ")" * 48, z),
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_good(text: str, expected: sp.Expr) -> None:
    assert parse_expression(text) == expected
    assert parse(text).expression == expected


BAD = [
    # Nothing, or not all of it.
    ("", 1, "nothing is here"),
    ("   ", 1, "nothing is here"),
    ("z +", 4, "a value is needed"),
    ("*z", 1, "a value is needed"),
    ("z**", 4, "a value is needed"),
    ("(z", 3, "'\\)' is needed"),
    ("z)", 2, "an operator or the end is needed"),
    ("()*z", 2, "a value is missing"),
    ("exp()", 5, "a value is missing"),
    ("max(z, )", 8, "a value is missing"),
    ("z, 1", 2, "an operator or the end is needed"),
    # Products without a sign.
    ("2z", 2, "for a product write \\*"),
    ("z z", 3, "for a product write \\*"),
    ("(z)(z)", 4, "for a product write \\*"),
    ("2(z + 1)", 2, "for a product write \\*"),
    ("z(1 + z)", 1, "not a function; for a product write 'z\\*"),
    ("a*z + a(z)", 7, "not a function; for a product write 'a\\*"),
    ("0x1p-3*z", 2, "for a product write \\*"),
    ("1_000*z", 2, "unexpected '_'"),
    # Names.
    ("sigmiod(z)", 1, "unknown function 'sigmiod'; did you mean 'sigmoid'"),
    ("z + f(z)", 5, "unknown function 'f'"),
    ("z*sigmoid", 3, "write sigmoid\\(z\\)"),
    ("exp", 1, "write exp\\(z\\)"),
    ("where*z", 1, "write where\\(z\\)"),
    ("exp*2 + z", 1, "write exp\\(z\\)"),
    ("g*z", 1, "reserved"),
    ("z + E", 5, "reserved"),
    ("I*z", 1, "reserved"),
    ("lambda*z", 1, "reserved"),
    ("z*double", 3, "reserved"),
    ("z*out", 3, "reserved"),
    ("z*np", 3, "reserved"),
    ("a__b*z", 1, "reserved"),
    ("3", 1, "no z in the formula"),
    ("alpha", 1, "no z in the formula"),
    # Arguments.
    ("exp(z, z)", 1, "takes one value"),
    ("max(z)", 1, "takes two or more"),
    ("exp z", 1, "is a function"),
    ("elu(z, 2, 3)", 11, "too many values"),
    ("tanh(z, 3)", 1, "takes one value"),
    ("mish(z, 3)", 9, "it has no parameters"),
    ("elu(z, beta=1)", 8, "no parameter 'beta'"),
    ("elu(z, alpha=1, alpha=2)", 17, "given twice"),
    ("hardtanh(z, min_val=-2, 3)", 25, "by place come before"),
    ("softplus(z, beta=-1)", 13, "outside its domain, beta > 0"),
    ("softplus(z, 0)", 13, "outside its domain"),
    ("hardtanh(z, 2)", 13, "outside its domain"),
    # Comparisons.
    ("z == 1", 3, "conditions compare with"),
    ("z < 1", 3, "where\\(condition"),
    ("where(z == 1, 1, 0)", 9, "conditions compare with"),
    ("where(z != 1, 1, 0)", 9, "conditions compare with"),
    ("where(0 < z < 1, z, 0)", 13, "nest where"),
    ("where(z, 1, 0)", 8, "a comparison < <= > >= is needed"),
    ("where(z > 0, 1)", 15, "where\\(condition, value, otherwise\\)"),
    ("where(z > 0)", 12, "where\\(condition, value, otherwise\\)"),
    ("where(z > 0, 1, 2, 3)", 18, "to close where"),
    ("(z > 0)*z", 4, "where\\(condition"),
    ("z = 1", 3, "conditions compare with"),
    # Not real, not finite.
    ("log(-1) + z", 1, "not a real number"),
    ("z + sqrt(-2)", 5, "not a real number"),
    ("(-8)**(1/3)*z", 5, "not a real number"),
    ("asin(2) + z", 1, "not a real number"),
    ("acosh(0.5) + z", 1, "not a real number"),
    ("1/0 + z", 2, "division by zero"),
    ("0/0*z", 2, "division by zero"),
    ("0**-1 + z", 2, "division by zero"),
    ("z/(2 - 2)", 2, "division by zero"),
    ("1/(exp(z) - exp(z))", 2, "division by zero"),
    ("log(0) + z", 1, "not finite"),
    ("atanh(1)*z", 1, "not finite"),
    ("tan(pi/2) + z", 1, "not finite"),
    ("log(0*z)", 1, "not finite"),
    # Too large, before it is computed.
    ("9**9**9*z", 2, "a power of 387420489"),
    ("z**65", 2, "a power of 65"),
    ("z**-65", 2, "a power of -65"),
    ("((z**64)**64)", 9, "a power of 4096 arises"),
    ("((7**64)**64)*z", 9, "more than a thousand digits"),
    ("exp(99999999*log(9)) + z", 13, "a logarithm|the logarithm of a constant"),
    ("exp(gelu(atan(2**64*log(64)))) + z", 20, "the logarithm of a constant"),
    ("exp(log(9)*pi*10**6) + z", 14, "the logarithm of a constant"),
    ("swish_beta(z + 900*log(9), 5000)", 1, "the logarithm of a constant|beyond every format"),
    ("e**(10**9)*z", 2, "beyond every format"),
    ("exp(10**9 + z)", 1, "beyond every format"),
    ("silu(z + 10**9)", 1, "beyond every format"),
    ("where(erf(1e20) < 1, z, 0)", 1, "two constants too close"),
    ("max(exp(exp(exp(100))), z)", 9, "beyond every format"),
    ("where(exp(exp(30)) > z, 1, 0)", 7, "beyond every format"),
    ("cosh(10**9) + z", 1, "beyond every format"),
    ("1" * 51 + "*z", 1, "more than 50 digits"),
    ("z + 0." + "3" * 50, 5, "more than 50 digits"),
    ("1e401*z", 1, "beyond every format"),
    ("1e999999999999*z", 1, "beyond every format"),
    ("(" * 51 + "z" + ")" * 51, 51, "levels"),
    ("z**" * 60 + "1", 151, "levels"),
    ("exp(" * 60 + "z" + ")" * 60, 201, "levels"),
    ("mish(" * 20 + "z" + ")" * 20, 66, "grows beyond"),
    ("log_normal_cdf(" * 30 + "z" + ")" * 30, 301, "deeper than"),
    ("z + " * 600, 2001, "characters"),
    # Nothing of Python, nothing but ASCII.
    ("__import__('os').system('true')", 1, "unexpected '_'"),
    ("z.real", 2, "unexpected '.'"),
    ("().__class__", 3, "unexpected '.'"),
    ("[z]", 1, "write \\( and \\)"),
    ("{z}", 1, "write \\( and \\)"),
    ("'z'", 1, "unexpected"),
    ("z; z", 2, "unexpected ';'"),
    ("z if z else 1", 3, "for a product"),
    ("lambda: z", 7, "unexpected ':'"),
    ("z := 1", 3, "unexpected ':'"),
    ("z @ z", 3, "unexpected '@'"),
    ("z // 2", 4, "a value is needed"),
    ("z % 2", 3, "unexpected '%'"),
    ("z!", 2, "unexpected '!'"),
    ("\\z", 1, "unexpected"),
    ("z\0", 2, r"unexpected '\\x00'"),
    ("z\u2028+ 1", 2, r"unexpected '\\u2028'"),
    ("π*z", 1, "write pi"),
    ("z²", 2, r"write \*\*2"),
    ("2×z", 2, r"write \*"),
    ("σ(z)", 1, "write sigmoid"),
    ("\ud800", 1, "unexpected"),
    ("ｚ + 1", 1, "unexpected"),
    ("#z", 1, "unexpected '#'"),
]


@pytest.mark.parametrize(
    ("text", "column", "words"), BAD, ids=[text[:30].encode("ascii", "replace") for text, *_ in BAD]
)
def test_bad(text: str, column: int, words: str) -> None:
    with pytest.raises(InvalidFormula, match=words) as refusal:
        parse(text)
    message = str(refusal.value)
    assert message.startswith(f"column {column}: ")
    assert len(message.splitlines()) == 1
    assert len(message) < 200


# Each took SymPy minutes, or for ever, before its conditions were kept free of pieces and of constants.
SLOW = [
    "elu(elu(z))",
    "elu(leaky_relu(z) - 1)",
    "where(elu(z) > leaky_relu(z), z, softshrink(z))",
    "hardshrink(elu(2*z), 0.25)",
    "where(2 > erf(1e20), z, 0)",
    "sin(elu(min(where(hardtanh(erf(tan(2*z))) > elu(gelu(2*z)), z, hardtanh(erf(tan(2*z)))), erf(z))))",
    "erf(where(sign(max(z - 3, 64, 1e20)) > erf(1), min(1e20, max(pi, 2, 0)), sign(z)))",
]


@pytest.mark.parametrize("text", SLOW)
def test_pieces_of_pieces_are_quick_and_right(text: str) -> None:
    started = time.process_time()
    expression = parse(text).expression
    assert time.process_time() - started < 2
    assert not any(c.has(sp.Piecewise) for p in expression.atoms(sp.Piecewise) for _, c in p.args)
    for point in (R(-7, 3), R(-1, 9), R(1, 7), R(5, 3)):
        want = evaluate(ast.parse(text, mode="eval").body, float(point))
        assert float(expression.subs(z, point)) == pytest.approx(want, rel=1e-12)


def evaluate(node: ast.expr, at: float) -> float:
    """Return a formula's value in floats, read by Python's own grammar: no code is shared with the parser."""
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return {"z": at, "pi": math.pi}[node.id]
    if isinstance(node, ast.BinOp):
        left, right = evaluate(node.left, at), evaluate(node.right, at)
        return {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}[type(node.op)]
    if isinstance(node, ast.Compare):
        return float(evaluate(node.left, at) > evaluate(node.comparators[0], at))
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return FLOATS[node.func.id](*(evaluate(argument, at) for argument in node.args))


FLOATS: dict[str, Callable[..., float]] = {
    "where": lambda condition, value, otherwise: value if condition else otherwise,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "softshrink": lambda x: math.copysign(max(abs(x) - 0.5, 0), x),
    "hardshrink": lambda x, lambd: x if abs(x) > lambd else 0.0,
    "hardtanh": lambda x: min(max(x, -1), 1),
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
    "sign": lambda x: math.copysign(1, x),
    **{"sin": math.sin, "tan": math.tan, "erf": math.erf, "max": max, "min": min},
}


def test_parameters_come_in_the_order_typed() -> None:
    formula = parse("b*exp(-c*exp(-a*z)) + b")
    assert formula.name is None
    assert formula.kinks == ()
    assert formula.parameters == tuple(Parameter(name, sp.Integer(1)) for name in "bca")


def test_own_functions_go_before_the_catalogues() -> None:
    own = {
        "relu": Activation("relu", 2 * z),
        "twice": Activation("twice", beta * z, (Parameter("beta", sp.S(2)),)),
    }
    assert parse("relu(z) + twice(z, beta=3) + twice(z)", functions=own).expression == 7 * z
    with pytest.raises(InvalidFormula, match="did you mean 'twice'"):
        parse("twise(z)", functions=own)


@pytest.mark.parametrize("name", catalogue.activations())
def test_the_catalogue_can_be_used_by_name(name: str) -> None:
    activation = catalogue.activations()[name]
    given = parse_expression(f"{name}(z)")
    at = sp.Rational(1, 3)
    difference = given.subs(z, at) - activation.expression.subs(activation.defaults).subs(z, at)
    assert abs(sp.N(difference, 40)) < sp.Float("1e-35")


# SymPy writes the others by names that no formula has.
SMOOTH = [
    name
    for name, activation in catalogue.activations().items()
    if not activation.expression.has(sp.Piecewise, sp.Abs, sp.Max, sp.Min)
]


@pytest.mark.parametrize("name", SMOOTH)
def test_what_sympy_prints_is_read_back(name: str) -> None:
    expression = catalogue.activations()[name].expression
    assert parse_expression(sp.sstr(expression)) == expression


def test_numbers_and_constants() -> None:
    assert parse_number("2/3 + 0.1") == R(23, 30)
    assert parse_number("-sqrt(2)") == -sp.sqrt(2)
    assert constant("-lambd") == -sp.Symbol("lambd", real=True)
    for text, words in (("z", "is the input"), ("a", "a number is needed")):
        with pytest.raises(InvalidFormula, match=words):
            parse_number(text)
    with pytest.raises(InvalidFormula, match="is the input"):
        constant("z + 1")


def test_conditions() -> None:
    names = ["a", "b"]
    assert parse_condition("a > 0", names) == (a > 0)
    assert parse_condition("a != 0", names) == sp.Ne(a, 0)
    assert parse_condition("a < b and b <= 2", names) == ((a < b) & (b <= 2))
    for text, column, words in (
        ("c > 0", 1, "unknown name 'c'; the names here are a, b"),
        ("z > 0", 1, "is the input"),
        ("a", 2, "a comparison"),
        ("a > 0 and", 10, "a value is needed"),
        ("a > 0 or b > 0", 7, "for a product"),
        ("0 < a < 1", 7, "where"),
        ("a == 1", 3, "compare"),
        ("", 1, "nothing is here"),
    ):
        with pytest.raises(InvalidFormula, match=words) as refusal:
            parse_condition(text, names)
        assert str(refusal.value).startswith(f"column {column}: ")


WORDS = (
    "z x z z 1 2 0 -1 0.5 1e3 1e-9 64 9 pi e a beta + - * / ** ^ ( ( ( ) ) ) , , < > <= = == exp( log( sqrt( "
    "tan( max( min( abs( sign( where( where(z>0, erf( atanh( acosh( relu( elu( mish( softplus( hardtanh( "
    "alpha= beta= g E lambda f( . _ [ ' π \0 \u200b"
)
PIECES = [*WORDS.split(), " "]


@pytest.mark.parametrize("seed", range(12))
def test_any_text_is_read_or_refused(seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(120):
        text = "".join(generator.choices(PIECES, k=generator.randint(1, 24)))
        started = time.process_time()
        try:
            expression = parse(text).expression
        except InvalidFormula as refusal:
            assert len(str(refusal).splitlines()) == 1, (seed, text)
            assert str(refusal).startswith("column "), (seed, text)
        else:
            assert not expression.has(sp.I, sp.zoo, sp.nan, sp.oo), (seed, text)
        assert time.process_time() - started < 2, (seed, text)


def formula(generator: random.Random, depth: int) -> str:
    """Return a random formula that is well formed: the constructions behind the grammar are tried."""
    if depth == 0:
        return generator.choice(["z", "z", "a", "2", "0.5", "pi", "(-1)", "0", "1e20", "64"])
    inner = [formula(generator, depth - 1) for _ in range(3)]
    shapes = ["({0} + {1})", "({0} - {1})", "{0}*{1}", "({0})/({1})", "({0})**({1})", "exp({0})", "log({0})"]
    shapes += [
        "sqrt({0})",
        "tanh({0})",
        "max({0}, {1})",
        "abs({0})",
        "sign({0})",
        "where({0} > {1}, {2}, {0})",
    ]
    shapes += ["erf({0})", "gelu({0})", "elu({0})", "hardtanh({0})", "atan({0})", "sin({0})", "acosh({0})"]
    return generator.choice(shapes).format(*inner)


@pytest.mark.parametrize("seed", range(12))
def test_any_formula_is_read_or_refused(seed: int) -> None:
    generator = random.Random(1000 + seed)
    for _ in range(25):
        text = formula(generator, generator.randint(1, 4))
        started = time.process_time()
        try:
            parse(text)
        except InvalidFormula as refusal:
            assert len(str(refusal).splitlines()) == 1, (seed, text)
        assert time.process_time() - started < 5, (seed, text)
