"""The typeset document: numbers, broken lines, plots, structure, and the guards of the build."""

import json
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy as sp

from symact import documents, emission
from symact.activations import Activation, Kink, Parameter, Source, Z
from symact.catalogue import catalogue
from symact.derivatives import differentiate
from symact.documents import escapes, figures, formulas, nodes, scatters
from symact.documents.notation import Notation
from symact.documents.prose import prose
from symact.documents.tables import decimal, points, value_at
from symact.documents.typesetting import compile_pdf
from symact.errors import InvalidActivation, SymactError, ToolMissing
from symact.oracles import Oracle
from symact.pieces import split
from symact.pipeline import derive
from symact.writing import latex

LATEX = Path(__file__).parent.parent / "generated" / "latex"
TOPICS = ("Definition", "Derivative", "Output form", "Kinks", "Values and limits")

# --- text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "typeset"),
    [
        (
            "a_b & 50% #1 $x {y} ~ ^ \\",
            r"a\_b \& 50\% \#1 $\mathdollar$x \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}",
        ),
        (
            "Müller, Łukasiewicz, Čebyšëv, naïve",
            r"M{\"u}ller, \L{}ukasiewicz, {\v{C}}eby{\v{s}}{\"e}v, na{\"\i}ve",
        ),
        ("α ≤ β – “so”", r"$\alpha$ $\leq$ $\beta$ -- ``so''"),
        ("line\nbreak", "line break"),
        ("本", "[cjk unified ideograph-672c]"),
    ],
)
def test_text_is_escaped(plain: str, typeset: str) -> None:
    assert escapes.escape(plain) == typeset
    assert escapes.escape(plain).isascii()


@pytest.mark.parametrize(
    ("note", "typeset"),
    [
        ("u = exp(-z), v = 1 + z", r"$u = e^{- z},\; v = z + 1$"),
        ("each piece on its own", "each piece on its own"),
        ("0 at z = lambd; 1 at z = 2", r"$0$ at $z = \lambda$; $1$ at $z = 2$"),
        ("a proof, not a bug: f'(z) = g", r"a proof, not a bug: $f'(z) = g$"),
        ("100% of a_b", r"100\% of a\_b"),
        ("__import__('os') is text", r"\_\_import\_\_('os') is text"),
        ("z**9**9**9**9 is text", r"z**9**9**9**9 is text"),
        ("1/0 is text", "1/0 is text"),
    ],
)
def test_notes_show_their_formulas(note: str, typeset: str) -> None:
    assert prose(note, Notation(["lambd"])) == typeset


def test_long_constants_get_names_and_short_ones_decimals() -> None:
    notation = Notation()
    long = sp.Rational("1.0507009873554804934193349852946")
    assert notation.latex(sp.Rational(851, 500) * Z) == "1.702 z"
    assert notation.latex(-long * Z) == "- c_{1} z"
    assert notation.constants == (("c_{1}", "1.0507009873554804934193349852946"),)
    assert notation.latex(Z / 3) == r"\frac{z}{3}"


# --- numbers ------------------------------------------------------------------------------------------

NUMBERS = [
    sp.exp(-10), sp.exp(-1000), sp.tanh(10), sp.erf(sp.Rational(1, 3)), sp.log(2), -sp.sqrt(2) / 10**7,
    sp.exp(10 - sp.exp(6)), sp.pi * 10**9, 1 - sp.tanh(20), sp.Rational(1, 3), sp.Rational(-2, 7),
    sp.erfc(10) / 2, sp.atan(sp.Rational(10)), sp.cos(300), sp.Rational(999999, 1) + sp.Rational(1, 3),
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize("digits", [1, 6, 15])
def test_decimals_are_correctly_rounded(number: sp.Expr, digits: int) -> None:
    written = decimal(number, digits).replace(r" \cdot 10^{", "e").rstrip("}")
    with mpmath.workdps(700):
        exact = mpmath.mpf(0) + sp.lambdify((), number, "mpmath")()
        text = mpmath.nstr(exact, 600, strip_zeros=False, min_fixed=0, max_fixed=0)
    want = Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=-(10**6), Emax=10**6).create_decimal(text)
    assert Fraction(written) == Fraction(want), (number, written, want)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (sp.Integer(0), "0"),
        (sp.Rational(1, 4), "0.25"),
        (sp.Integer(-10), "-10"),
        (sp.Integer(10) ** 6, r"1 \cdot 10^{6}"),
        (sp.Rational(1, 10**3), "0.001"),
        (sp.Rational(1234565, 10**6), "1.23456"),
        (sp.oo, r"\infty"),
        (sp.exp(sp.log(3, evaluate=False), evaluate=False) - 3, "0"),
        (sp.tanh(10), "1.00000"),
    ],
)
def test_decimals_are_written_short_where_exact(number: sp.Expr, written: str) -> None:
    assert decimal(number) == written


def test_the_table_has_a_point_inside_a_narrow_domain() -> None:
    logit = Activation(
        "own", sp.log(Z / (1 - Z)), domain=sp.Interval.open(sp.Rational(1, 4), sp.Rational(3, 4))
    )
    assert sp.Rational(1, 2) in points(logit, [])
    assert points(Activation("own", sp.Max(Z, 0)), [sp.Integer(0), sp.Integer(6)]) == (-10, 0, 6, 10)


@pytest.mark.parametrize(
    ("point", "value", "slope"),
    [(0, sp.Integer(0), None), (10, sp.sqrt(10), sp.sqrt(10) / 20), (-10, None, None)],
)
def test_a_closed_end_has_its_value(point: int, value: sp.Expr | None, slope: sp.Expr | None) -> None:
    root = Activation("own", sp.sqrt(Z), domain=sp.Interval(0, sp.oo))
    assert value_at(split(root)[0], root, sp.Integer(point)) == value
    assert value_at(differentiate(root).cases[0], root, sp.Integer(point)) == slope


# --- broken lines -------------------------------------------------------------------------------------

LONG = [
    sp.Derivative(sp.erf(Z) * sp.tanh(sp.log(1 + sp.exp(Z))) / (1 + Z**2), Z),
    sp.diff(Z * sp.tanh(sp.log(1 + sp.exp(Z))) * sp.exp(-(Z**2)) + sp.erf(Z) / (1 + Z**2) ** 2, Z, 2),
    sp.Piecewise((sp.expand((1 + Z) ** 14), Z > 0), (sp.sin(Z) / sp.expand((2 - Z) ** 15), True)),
    sp.expand((1 + Z) ** 12) / sp.expand((1 + Z**3) ** 13),
    sp.sqrt(sp.expand((3 + Z) ** 15)) + sp.exp(-sp.expand((3 + Z) ** 11)),
    sp.Max(sp.expand((3 + Z) ** 9), sp.expand((2 + Z) ** 9)) * sp.sin(sp.expand((1 + Z) ** 9)),
]


@pytest.mark.parametrize("width", [440.0, 300.0, 180.0])
@pytest.mark.parametrize("expression", LONG, ids=range(len(LONG)))
def test_every_line_fits_and_nothing_is_lost(expression: sp.Expr, width: float) -> None:
    whole = latex(expression)
    broken = formulas.lines(whole, width)
    for index, line in enumerate(broken):
        room = width / nodes.POINTS - (formulas.INDENT if index else 0)
        assert formulas.inline_width(line) <= room + 13, line
    digits = re.findall(r"\d+", whole)
    if not any(opened in " ".join(broken) for opened in (r"\big/", "^{1/", r"\Big", r"\bigl")):
        assert re.findall(r"\d+", " ".join(broken)) == digits
    assert whole.count("z") == " ".join(broken).count("z")


def test_a_fixed_delimiter_opened_is_closed() -> None:
    for expression in LONG:
        joined = " ".join(formulas.lines(latex(expression), 200))
        for size in ("big", "Big"):
            assert len(re.findall(rf"\\{size}l\b", joined)) == len(re.findall(rf"\\{size}r\b", joined))
        assert joined.count(r"\left") == joined.count(r"\right")
        assert joined.count("{") == joined.count("}")


def test_a_short_formula_stays_one_line() -> None:
    assert formulas.display("z + 1", 300, lead="f(z) =").head == "f(z) = z + 1"


def test_an_operator_keeps_its_argument() -> None:
    marker = latex(sp.Derivative(sp.expand((1 + Z) ** 20), Z))
    assert formulas.lines(marker, 120)[0].startswith(r"\frac{\mathrm{d}}{\mathrm{d} z}")
    assert r"\cdot" not in formulas.lines(marker, 120)[1]


# --- plots --------------------------------------------------------------------------------------------


def shown(activation: Activation, lower: int = -4, upper: int = 4) -> figures.Curve:
    return figures.curve(split(activation), activation, (Fraction(lower), Fraction(upper)))


def test_a_kink_is_joined_and_a_jump_is_not() -> None:
    assert len(shown(Activation("own", sp.Max(Z, 0))).runs) == 1
    jump = shown(Activation("own", sp.Piecewise((1, Z > 0), (0, True))))
    assert len(jump.runs) == 2
    assert jump.marks == ((0, 0),)


def test_a_pole_leaves_the_picture_on_both_sides() -> None:
    reciprocal = Activation(
        "own", 1 / Z, domain=sp.Union(sp.Interval.open(-sp.oo, 0), sp.Interval.open(0, sp.oo))
    )
    drawn = shown(reciprocal)
    assert len(drawn.runs) == 2
    picture = figures.panel(drawn, 100, 80)
    ends = [float(word) for path in picture.paths for row in path for word in row.split() if word not in "ml"]
    assert min(ends) >= 0 and max(ends[0::2]) <= 100 and max(ends[1::2]) == 80


def test_a_domain_ends_where_it_ends() -> None:
    (run,) = shown(Activation("own", sp.log(Z), domain=sp.Interval.open(0, sp.oo)), -1, 5).runs
    assert 0 < run[0][0] < Fraction(1, 100)


def test_waves_stay_few() -> None:
    wave = Activation("own", sp.sin(30 * Z))
    left, right = figures.window(wave, differentiate(wave).cases, [])
    assert left == -right and right < 1


def test_what_runs_away_is_cut_and_what_is_bounded_is_not() -> None:
    logit = Activation("own", sp.log(Z / (1 - Z)), domain=sp.Interval.open(0, 1))
    steep = figures.curve(differentiate(logit).cases, logit, (Fraction(0), Fraction(1)))
    assert 4 < figures.vertical(steep)[1] < 100
    wave = Activation("own", 30 * sp.sin(Z))
    assert figures.vertical(shown(wave))[1] > 30


@pytest.mark.parametrize(
    ("low", "high"), [(-5, 5), (0, 1), (Fraction(-1, 7), Fraction(1, 9)), (-300, 4), (Fraction(-1, 3000), 0)]
)
def test_ticks_are_few_and_round(low: Fraction, high: Fraction) -> None:
    marks = figures.ticks(Fraction(low), Fraction(high))
    assert 2 <= len(marks) <= 6
    assert all(low <= mark <= high for mark in marks)


def test_a_polyline_is_thinned_within_the_tolerance() -> None:
    (path,) = figures.panel(shown(Activation("own", sp.tanh(Z))), 114, 88).paths
    words = " ".join(path).split()
    placed = [(float(x), float(y)) for x, y in zip(words[0::3], words[1::3], strict=True)]
    assert 10 < len(placed) < 80
    bottom, top = (float(end) for end in figures.vertical(shown(Activation("own", sp.tanh(Z)))))
    for x, y in placed:
        drawn = bottom + y / 88 * (top - bottom)
        assert drawn == pytest.approx(float(mpmath.tanh(x / 114 * 8 - 4)), abs=2e-3)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_plot_is_the_same_twice(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    own = Activation(None, sp.Max(Z, 0) * sp.tanh(Z), kinks=())
    first, second = (documents.plot(own, tmp_path / f"{n}{suffix}") for n in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 1000


def test_a_plot_names_its_formats_and_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidActivation, match=r"a\.gif.*\.svg, \.png, \.pdf"):
        documents.plot(Activation(None, Z), tmp_path / "a.gif")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ToolMissing, match=r"symact\[documents\]"):
        documents.plot(Activation(None, Z), tmp_path / "a.svg")


MEASURED = [
    {"activation": what, "function": "vjp", "dtype": "float32", "size": size, "contender": who, "min_ns": ns}
    | {"median_ns": ns, "max_ulp": ulp}
    for what in ("a", "b")
    for size in (64, 4096)
    for who, ns, ulp in (
        ("exact", 2.0, 0.0),
        ("near", 1.5, 0.5),
        ("far", 1.0, "infinity"),
        ("copy", 0.1, None),
    )
]
"""As `symact bench --json` prints it."""


def test_a_scatter_has_a_panel_a_size_and_a_point_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    figures_made: list[Any] = []
    monkeypatch.setattr(scatters, "save", lambda figure, path: figures_made.append(figure))
    found = documents.measured(json.dumps({"results": MEASURED}), "it")
    documents.plot_bench(found, tmp_path / "a.svg")
    (figure,) = figures_made
    assert [axes.get_title() for axes in figure.axes] == ["64 elements", "4,096 elements"]
    for axes in figure.axes:
        bottom, top = axes.get_ylim()
        lines = [(line.get_xdata()[0], line.get_ydata()[0], line) for line in axes.get_lines()]
        points = sorted((x, y) for x, y, line in lines if line.get_marker() != "None")
        zero, *_, infinity = axes.get_yticks()
        assert bottom < zero < 0.5 < infinity < top
        assert points == [(1.0, infinity)] * 2 + [(1.5, 0.5)] * 2 + [(2.0, zero)] * 2
        assert [x for x, _, line in lines if line.get_marker() == "None"] == [0.1]
        assert len({line.get_color() for _, _, line in lines}) == 4
        assert len({line.get_marker() for _, _, line in lines}) == 3
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0", "0.1", "1", "∞"]
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["exact", "near", "far", "copy", "a vjp float32", "b vjp float32"]


def test_many_functions_have_markers_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [{**MEASURED[0], "activation": f"f{k}", "contender": f"c{k % 12}"} for k in range(40)]
    found = documents.measured(json.dumps({"results": rows}), "it")
    first, second = (documents.plot_bench(found, tmp_path / f"{n}.svg") for n in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"results": []}',
        '{"results": 3}',
        '{"results": [3]}',
        '{"results": {"a": 1}}',
        '{"timings": []}',
        "[" * 100_000,
        *(
            json.dumps({"results": [{**MEASURED[0], key: value}]})
            for key, value in (
                ("min_ns", 0), ("min_ns", "fast"), ("min_ns", math.inf), ("max_ulp", -1),
                ("max_ulp", math.nan), ("max_ulp", []), ("size", "many"), ("size", math.inf),
                ("contender", None), ("activation", {}),
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_bench_is_refused(content: str) -> None:
    with pytest.raises(InvalidActivation, match=r"^it: .*symact bench --json"):
        documents.measured(content, "it")


# --- the document -------------------------------------------------------------------------------------

HOSTILE = Activation(
    "own_name",
    sp.Piecewise((Z * sp.Symbol("long_name", real=True), Z > 0), (sp.Symbol("lambd", real=True) * Z, True)),
    parameters=(
        Parameter(
            "long_name", sp.Integer(2), sp.Symbol("long_name", real=True) > 1, "50% of a_b & {c} \\input{x}"
        ),
        Parameter("lambd", sp.Rational(1, 100), sp.true, "slope, #1"),
    ),
    kinks=(Kink(sp.Integer(0), sp.Symbol("lambd", real=True)),),
    display_name="Own & others' 100% $name$",
    family="my_family",
    aliases=("own_alias",),
    source=Source("Gödel & Čech", 1931, "On #1 {things}", "https://example.org/a_b#c?d=50%25&e=~f"),
)


def rendered(activation: Activation, folder: Path) -> None:
    """Write a document with one activation."""
    derived = derive(activation)
    head = {"header": ("generated by symact",)}
    page = documents.activation_context(derived)
    whole = documents.document_context([documents.summary(derived)])
    make = emission.templates().render
    (folder / f"{activation.name}.tex").write_text(make("latex/ACTIVATION.tex.jinja", {**head, **page}))
    (folder / "symact.tex").write_text(make("latex/symact.tex.jinja", {**head, **whole}))


def test_the_strings_of_a_record_are_escaped(tmp_path: Path) -> None:
    rendered(HOSTILE, tmp_path)
    text = (tmp_path / "own_name.tex").read_text()
    assert r"Own \& others' 100\% $\mathdollar$name$\mathdollar$" in text
    assert r"\input" not in text.replace(r"\textbackslash{}input", "")
    assert r"50\% of a\_b \& \{c\}" in text
    assert r"G{\"o}del \& {\v{C}}ech" in text
    assert r"\operatorname{conv}\{\lambda, \mathrm{long\_name}\}" in text


def test_a_hostile_record_compiles(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("pdflatex")
    rendered(HOSTILE, tmp_path)
    assert compile_pdf(tmp_path).read_bytes().startswith(b"%PDF")


def test_a_long_formula_compiles_without_an_overfull_line(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("pdflatex")
    long = Activation(
        "long", sp.Add(*(sp.sin(k * Z) * sp.exp(-(Z**2)) / (1 + Z**2) ** k for k in range(1, 8)))
    )
    rendered(long, tmp_path)
    compile_pdf(tmp_path)


STEP = re.compile(r"\n  \{(.*?)\}\{")
SLOPES = re.compile(r"At \$z = (.*?)\$ the slope is \$(.*?)\$ from the left and \$(.*?)\$ from the right")
TAKEN = re.compile(r"By convention \$f'\((.*?)\) = (.*?)\$")
ROW = re.compile(r"(?m)^\$(-?\d+)\$ & (.*?) & (.*?) \\\\\n")
NUMBER = re.compile(r"\$(-?[\d.]+)(?: \\cdot 10\^\{(-?\d+)\})?\$")
NAMED = "\nHere $"
"""Where long constants have names, which are the page's own."""


def contradictions(text: str, activation: Activation) -> list[str]:
    """Return what a page says otherwise than mathematics: rules in order, kinks, numbers to six digits."""
    found, faults = differentiate(activation), []
    derivative = text[text.index(r"\topic{Derivative}") : text.index(r"\topic{Output form}")]
    if STEP.findall(derivative) != [escapes.escape(step.rule) for step in found.derivation.steps]:
        faults.append("steps")
    if NAMED not in text:
        kinks = [tuple(map(latex, (kink.at, kink.left, kink.right))) for kink in found.kinks]
        taken = [(latex(kink.at), latex(kink.convention)) for kink in found.kinks]
        faults += ["slopes"] * (SLOPES.findall(text) != kinks) + ["conventions"] * (
            TAKEN.findall(text) != taken
        )
    oracle = Oracle(activation)
    for z, *columns in ROW.findall(text):
        for shown, function in zip(columns, (oracle.forward, oracle.derivative), strict=True):
            want = function(float(z))
            if not (number := NUMBER.fullmatch(shown)):
                faults += [f"z = {z}: {shown}"] * bool(want.is_finite())
            elif abs(float(number[1]) * 10.0 ** int(number[2] or 0) - float(want)) > 6e-6 * abs(float(want)):
                faults.append(f"z = {z}: {shown}")
    return faults


@pytest.mark.skipif(not LATEX.is_dir(), reason="nothing is generated here")
@pytest.mark.parametrize("name", catalogue())
def test_a_page_contradicts_nothing(name: str) -> None:
    assert contradictions((LATEX / f"{name}.tex").read_text("utf-8"), catalogue()[name]) == []


@pytest.mark.parametrize("name", ["hardswish", "elu", "softsign"])
def test_a_page_that_is_typeset_now_contradicts_nothing(name: str, tmp_path: Path) -> None:
    rendered(catalogue()[name], tmp_path)
    assert contradictions((tmp_path / f"{name}.tex").read_text("utf-8"), catalogue()[name]) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("is $0$ from the left", "is $1$ from the left", "slopes"),
        ("f'(3) = 1", "f'(3) = 0", "conventions"),
        ("$-10$ & $0$ & ", "$-10$ & $1$ & ", "z = -10: $1$"),
        ("{piecewise definition}", "{chain rule}", "steps"),
    ],
)
def test_a_contradiction_is_seen(right: str, wrong: str, fault: str, tmp_path: Path) -> None:
    rendered(catalogue()["hardswish"], tmp_path)
    text = (tmp_path / "hardswish.tex").read_text("utf-8")
    assert right in text
    assert fault in contradictions(text.replace(right, wrong), catalogue()["hardswish"])


@pytest.mark.skipif(not LATEX.is_dir(), reason="nothing is generated here")
@pytest.mark.parametrize("name", catalogue())
def test_every_page_has_every_part(name: str) -> None:
    text = (LATEX / f"{name}.tex").read_text("utf-8")
    assert text.isascii()
    places = [text.index(rf"\topic{{{topic}}}") for topic in TOPICS]
    assert places == sorted(places)
    assert text.count(r"\begin{picture}") == 2 and r"\captionof{figure}" in text
    assert ("None: $f$ is differentiable" in text) == (not catalogue()[name].kinks)
    assert text.count("By convention") == len(differentiate(catalogue()[name]).kinks)
    assert (r"\emph{Proof.}" in text) != ("There is none:" in text)
    assert "\n$-10$ & " in text and "\n$0$ & " in text and "\n$10$ & " in text
    assert text.count("\n$\\to ") == 2
    for parameter in catalogue()[name].parameters:
        assert latex(parameter.symbol) in text
    whole = (LATEX / "symact.tex").read_text("utf-8")
    assert rf"\input{{{name}}}" in whole and rf"\hyperref[act:{name.replace('_', '-')}]" in whole


@pytest.mark.skipif(not LATEX.is_dir(), reason="nothing is generated here")
def test_the_whole_document_compiles(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("pdflatex")
    out = tmp_path / "symact.pdf"
    assert compile_pdf(LATEX, out) == out
    assert out.stat().st_size > 100_000


# --- the guards of the build --------------------------------------------------------------------------

MINIMAL = "\\documentclass{article}\\begin{document}\n%s\n\\end{document}\n"


def planted(folder: Path, body: str, **others: str) -> Path:
    for name, text in others.items():
        (folder / f"{name}.tex").write_text(text)
    (folder / "symact.tex").write_text(MINIMAL % body)
    return folder


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (r"\hbox to 1cm{much too long for a centimetre}", r"symact\.tex: Overfull \\hbox .* at line 2"),
        (r"x $" + "+a" * 200 + r"_{" + "b" * 500 + "}$", r"Overfull \\hbox .*in paragraph at lines 2--"),
        (r"see \ref{nowhere}", r"Reference `nowhere' .*undefined"),
        (r"\label{a}x\label{a}", "multiply defined"),
        ("first\n\\input{page}", r"page\.tex: Overfull \\hbox .* at line 3"),
    ],
)
def test_what_a_reader_would_see_fails_the_build(
    tmp_path: Path, require_tool: Callable[[str], str], body: str, message: str
) -> None:
    require_tool("pdflatex")
    planted(tmp_path, body, page="text\n\n\\hbox to 1cm{much too long for a centimetre}\n")
    with pytest.raises(SymactError, match=message):
        compile_pdf(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.tex", "symact.tex"]


def test_an_error_names_file_and_line(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("pdflatex")
    planted(tmp_path, r"\input{page}", page="fine\n\\nonsense\n")
    with pytest.raises(SymactError, match=r"page\.tex:2: Undefined control sequence"):
        compile_pdf(tmp_path)


def test_the_same_sources_give_the_same_pdf(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("pdflatex")
    planted(tmp_path, r"\today")
    first, second = (compile_pdf(tmp_path, tmp_path / f"{n}.pdf").read_bytes() for n in "ab")
    assert first == second


def test_a_missing_pdflatex_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="texlive-latex-recommended"):
        compile_pdf(planted(tmp_path, "x"))


def test_a_missing_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(SymactError, match="symact generate --target latex"):
        compile_pdf(tmp_path)


# --- notebooks ----------------------------------------------------------------------------------------


def test_a_notebook_shows_every_step() -> None:
    found = differentiate(Activation("own", sp.exp(-(Z**2))))
    text = documents.derivation_latex(found.derivation)
    assert text.count("&=") == len(found.derivation.steps)
    assert r"\text{chain rule: $u = - z^{2}$}" in text
