"""Who may import whom: a total order of modules, and a home for each heavy dependency."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symact"

ORDER = (
    *("errors", "formats", "functions", "derivations", "activations", "writing"),
    *("arithmetics", "columns", "growth", "enclosures", "roots", "pieces", "guards", "catalogue", "parsing"),
    *("rules", "quotients", "simplification", "asymptotics", "limits", "signs"),
    *(
        "derivatives",
        "output_forms",
        "mixed_forms",
        "properties",
        "jets",
        "identities",
        "derived",
        "quotations",
    ),
    *(
        "forms",
        "power_series",
        "polynomials",
        "regimes",
        "evaluations",
        "fusion",
        "kernels",
        "targets",
        "emission",
    ),
    *(
        "oracles",
        "profiles",
        "accuracy",
        "sweeps",
        "bounds",
        "audits",
        "benches",
        "documents",
        "targets.latex",
    ),
    *(
        "caches",
        "processes",
        "schedulers",
        "confinement",
        "settings",
        "pipeline",
        "reports",
        "cli",
        "__main__",
    ),
)
"""A module imports from those before it, and from its own folder."""

HOMES = {
    "numpy": {"targets", "oracles", "accuracy", "sweeps", "bounds", "audits", "benches", "documents"},
    "matplotlib": {"documents"},
    "jinja2": {"emission"},
    "typer": {"cli"},
    "rich": {"reports", "cli"},
    "platformdirs": {"caches"},
    "distributed": {"schedulers"},
    "mpmath": {"guards", "oracles", "output_forms", "properties", "polynomials", "accuracy"},
}
"""Who may import a library; SymPy and python-flint (certified numbers) are anybody's."""


def layer(module: str) -> str:
    """Return the entry of ORDER to which a module belongs: itself, or its folder."""
    name = module.removeprefix("symact.").removeprefix("symact")
    return name if name in ORDER else name.split(".")[0]


def imports(source: str) -> Iterator[str]:
    """Yield what a source imports, inside functions too; names of `from symact import x` as symact.x."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "symact":
                yield from (f"symact.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def faults(module: str, source: str) -> list[str]:
    """Return what a module imports and may not."""
    mine = layer(module)
    found = []
    for name in imports(source):
        top = name.split(".")[0]
        if top == "symact" and name != "symact.__version__":
            other = layer(name)
            if other not in ORDER:
                found.append(f"{module}: {other} has no place in ORDER")
            elif other != mine and ORDER.index(other) > ORDER.index(mine):
                found.append(f"{module} imports {name}, which comes later")
        elif top in HOMES and mine not in HOMES[top]:
            found.append(f"{module} imports {top}, which belongs to {sorted(HOMES[top])}")
    return found


def modules() -> dict[str, Path]:
    files = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


@pytest.mark.parametrize("module", [name for name in modules() if name != "symact"])
def test_imports_go_one_way(module: str) -> None:
    assert layer(module) in ORDER, f"{module} has no place in ORDER"
    assert faults(module, modules()[module].read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("symact.errors", "import symact.cli"),
        ("symact.pieces", "def late():\n    from symact import pipeline"),
        ("symact.kernels", "from symact.targets.c import Doubles"),
        ("symact.targets.c", "from symact.documents import plot"),
        ("symact.derivatives", "import numpy as np"),
        ("symact.targets.numpy", "from jinja2 import Template"),
        ("symact.pipeline", "import symact.nowhere"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str) -> None:
    assert faults(module, source)


FORBIDDEN = ("eval", "exec", "sympify", "parse_expr")


def evaluations(source: str) -> list[str]:
    """Return the calls that make code or expressions of text: we have a parser for that, with limits."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            of_text = name == "S" and any(
                isinstance(n, ast.Name | ast.JoinedStr) for n in ast.walk(node.args[0])
            )
            of_text |= name == "S" and isinstance(getattr(node.args[0], "value", None), str)
            strict = name == "sympify" and any(key.arg == "strict" for key in node.keywords)
            if (name in FORBIDDEN and not strict) or of_text or "pickle" in ast.unparse(node.func):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("module", modules())
def test_no_text_is_evaluated(module: str) -> None:
    assert evaluations(modules()[module].read_text("utf-8")) == []


@pytest.mark.parametrize("source", ["eval(t)", "sp.sympify(t)", "S(t)", "S('z')", "pickle.loads(t)"])
def test_a_planted_evaluation_is_found(source: str) -> None:
    assert evaluations(source)
    assert not evaluations("S(-1)/2 + sympify(n, strict=True)")


def test_only_the_catalogue_names_activations() -> None:
    """An engine that knows a name has a special case: names are for the catalogue, examples and help."""
    import symact.catalogue

    names = set(symact.catalogue.catalogue()) - {
        "sign",
        "exponential",
        "linear",
        "square",
        "step",
        "erf",
        "tanh",
    }
    names -= {"threshold", "reciprocal", "absolute", "arctan", "arcsinh"}
    names -= {"symlog"}  # a scale of matplotlib's
    found = [
        f"{module}:{node.lineno} {node.value}"
        for module, file in modules().items()
        if layer(module) != "catalogue"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
    assert found == []
