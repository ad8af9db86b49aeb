"""The command line's promises: exit codes, streams, JSON that fits its schema."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from symact import cli

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def symact(*arguments: str, cwd: Path | None = None) -> Done:
    """Run a command in this process, which has SymPy loaded already."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(SystemExit) as left,
    ):
        patch.setattr(sys, "argv", ["symact", *arguments])
        patch.setenv("COLUMNS", "200")
        cli.main()
    return Done(int(left.value.code or 0), out.getvalue(), err.getvalue())


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "symact", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)


# Schemas: the contract's objects. Fields may be added, none may be missing.


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string"}
WORDS = {"type": "string", "minLength": 1}
MAYBE_TEXT = {"type": ["string", "null"]}
TEXTS = {"type": "object", "additionalProperties": TEXT}
NULL = {"type": "null"}
KINK = closed(at=WORDS, left=WORDS, right=WORDS, convention=WORDS)
WITNESS = {"type": "array", "items": WORDS, "minItems": 3, "maxItems": 3}
DERIVED = closed(
    name=MAYBE_TEXT,
    formula=WORDS,
    variable={"const": "z"},
    parameters=TEXTS,
    order={"type": "integer", "minimum": 1},
    wrt=WORDS,
    derivative=WORDS,
    simplified=WORDS,
    output_form={
        "anyOf": [
            NULL,
            closed(expr=WORDS, residuals={"const": {}}, proof=WORDS, cases=array(closed(expr=WORDS))),
        ]
    },
    no_output_form={"anyOf": [NULL, closed(reason=WORDS, witness={"anyOf": [NULL, WITNESS]})]},
    mixed_form={"anyOf": [NULL, closed(expr=WORDS, residuals=TEXTS, proof=WORDS)]},
    kinks=array(KINK),
    properties=closed(),
    steps=array(closed(rule=WORDS, subexpression=WORDS, before=WORDS, after=WORDS, note=TEXT)),
    identities=array(closed(relation=WORDS, name=WORDS, parameters=TEXTS, statement=WORDS, proof=WORDS)),
)
LISTED = array(
    closed(
        name=WORDS,
        display_name=WORDS,
        formula=WORDS,
        parameters=TEXTS,
        output_form=MAYBE_TEXT,
        kinks=array(KINK),
        aliases=array(WORDS),
        family=WORDS,
    )
)
RESULT = closed(
    activation=WORDS,
    function=WORDS,
    target={"enum": ["c", "numpy"]},
    dtype={"enum": ["float32", "float64"]},
    points={"type": "integer", "minimum": 1},
    exhaustive={"type": "boolean"},
    max_ulp={"type": "number"},
    at=MAYBE_TEXT,
    got=MAYBE_TEXT,
    want=MAYBE_TEXT,
    bound_ulp={"type": "number"},
    bound={"enum": ["relative", "absolute"]},
    wrong_nan={"type": "integer"},
    wrong_inf={"type": "integer"},
    wrong_signed_zero={"type": "integer"},
    asymmetric={"type": "integer"},
    out_of_range={"type": "integer"},
    not_monotone={"type": "integer"},
    holds={"type": "boolean"},
)
VERIFIED = closed(results=array(RESULT), holds={"type": "boolean"})


def validate(content: Any, schema: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(content, schema)


# What holds.


@pytest.mark.parametrize(
    "target",
    [
        "sigmoid",
        "swish",
        "elu",
        "z*exp(-exp(-z))",
        "where(z > 0, z, -2*z)",
        "abs(z)",
        "0.044715*x^2 + alpha*x",
        "z - tanh(z)",
    ],
)
def test_derive_json_is_the_contracts_object(target: str) -> None:
    done = symact("derive", target, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    validate(content, DERIVED)
    assert (content["output_form"] is None) == (content["no_output_form"] is not None)


def test_the_schema_refuses_a_missing_field() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    content = json.loads(symact("derive", "relu", "--json").stdout)
    for field in list(content):
        with pytest.raises(jsonschema.ValidationError):
            validate({key: value for key, value in content.items() if key != field}, DERIVED)


def test_the_forms_that_everybody_knows() -> None:
    assert "g*(1 - g)" in symact("derive", "sigmoid").stdout
    assert "1 - g**2" in symact("derive", "tanh").stdout


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (["relu", "--kink", "0=1/2"], "kinks", [{"at": "0", "left": "0", "right": "1", "convention": "1/2"}]),
        (["elu", "--wrt", "alpha"], "wrt", "alpha"),
        (["square", "--order", "2"], "simplified", "2"),
        (["gelu", "--order", "2"], "order", 2),
    ],
)
def test_options_of_derive(options: list[str], key: str, value: Any) -> None:
    done = symact("derive", *options, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[key] == value


def test_steps_and_latex() -> None:
    steps = symact("derive", "silu", "--steps")
    assert steps.returncode == 0
    assert "quotient rule" in steps.stdout or "product rule" in steps.stdout
    latex = symact("derive", "silu", "--latex")
    assert latex.returncode == 0
    assert r"\begin{aligned}" in latex.stdout


def test_standard_output_is_json_in_a_process_too() -> None:
    done = process("derive", "relu", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    validate(json.loads(done.stdout), DERIVED)


@pytest.mark.parametrize(
    "command", ["derive", "document", "generate", "init", "list", "plot", "report", "verify"]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = symact(command, "--help")
    assert done.returncode == 0
    assert f"Example: symact {command}" in done.stdout


def test_help_takes_nothing_heavy() -> None:
    heavy = ("sympy", "numpy", "jinja2", "flint", "mpmath", "symact.pipeline")
    code = (
        "import sys\nfrom symact import cli\nsys.argv = ['symact', '--help']\n"
        f"try:\n    cli.main()\nfinally:\n"
        f"    print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_import_takes_nothing_heavy() -> None:
    heavy = ("sympy", "numpy", "jinja2", "typer", "rich", "flint", "mpmath")
    code = f"import sys, symact; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["derive", "sigmiod"], "did you mean 'sigmoid'"),
        (["derive", "nosuchthing"], "symact list"),
        (["derive", "1/(1 + exp(-z)"], "column"),
        (["derive", "__import__('os').system('true')"], "column"),
        (["derive", "z**z**z**z**9**9**9"], ""),
        (["derive", ""], ""),
        (["derive", "elu", "--wrt", "beta"], "alpha"),
        (["derive", "relu", "--kink", "nonsense"], "AT=VALUE"),
        (["derive", "relu", "--order", "0"], ""),
        (["derive", "relu", "--json", "--latex"], "not both"),
        (["derive"], "TARGET"),
        (["generate", "sigmiod"], "did you mean 'sigmoid'"),
        (["generate", "z*tanh(z)"], "needs a name"),
        (["generate", "relu", "--target", "fortran"], "numpy"),
        (["generate", "relu", "--kinks", "upside"], "declared, left, right, zero"),
        (["generate", "--config", "nowhere.toml"], "nowhere.toml"),
        (["verify", "relu", "--target", "latex"], "c"),
        (["verify", "relu", "--dtype", "float8"], "float32"),
        (["document", "relu", "--format", "docx"], "tex"),
        (["fly"], "fly"),
        (["audit", "numpy:tanh"], "--against"),
        (["audit", "numpy:tanhh", "--against", "tanh"], "no tanhh"),
        (["audit", "numpy:tanh", "--against", "tanh", "--parameter", "a"], "alpha=1/2"),
        (["list", "--fast"], "--fast"),
    ],
)
def test_a_wrong_request_is_one_message_and_exit_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = symact(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(("holds", "code"), [((True, True), 0), ((True, False), 1), ((False,), 1)])
def test_what_does_not_hold_is_exit_1(
    holds: tuple[bool, ...], code: int, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `verify` and `audit` end: whoever runs them in CI reads nothing else."""
    results = [SimpleNamespace(holds=one, to_json=lambda one=one: {"holds": one}) for one in holds]
    assert cli._verdict(results, as_json, lambda found: print(len(found))) == code
    out = capsys.readouterr().out
    assert (json.loads(out)["holds"] if as_json else int(out)) == (all(holds) if as_json else len(holds))


CONFIGS = {
    "generated code has a backend of its own": '[activations.backend]\nformula = "z*sigmoid(2*z)"\n',
    "generated code has a lambda of its own": '[activations.lambda]\nformula = "z*sigmoid(2*z)"\n',
    "not TOML": "= [",
    "no such entry": "colour = 'red'",
    "no such entry as formul": "[activations.a]\nformul = 'z'",
    "column": "[activations.a]\nformula = 'z +'",
    "the formula has no b": "[activations.a]\nformula = 'z*c'\nparameters.b = { default = '1' }",
    "outside": "[activations.a]\nformula = 'z*c'\nparameters.c = { default = '-1', domain = 'c > 0' }",
    "a name is": "[activations.'A b']\nformula = 'z'",
    "claimed by": "[activations.gelu]\nformula = 'z'",
    "in quotes": "[activations.a]\nformula = 'z*c'\nparameters.c = { default = 1 }",
    "both": "[activations.a]\nformula = 'abs(z)'\nkinks = [{ at = '0' }]",
    "nothing to generate": "generate = []",
}


@pytest.mark.parametrize("words", CONFIGS)
def test_a_wrong_configuration_is_named(words: str, tmp_path: Path) -> None:
    (tmp_path / "symact.toml").write_text(CONFIGS[words])
    done = symact("generate", "--config", "symact.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "symact.toml" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# Generating, end to end.


def test_generate_check_and_mend(tmp_path: Path) -> None:
    assert symact("generate", "relu", "square", "--out", "out", cwd=tmp_path).returncode == 0
    assert symact("generate", "relu", "square", "--out", "out", "--check", cwd=tmp_path).returncode == 0
    file = tmp_path / "out/c/relu.c"
    good = file.read_text()
    file.write_text(good.replace("return", "return 2 *", 1))
    before = file.read_text()
    done = symact("generate", "relu", "square", "--out", "out", "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert "--- a/c/relu.c" in done.stdout
    assert "run `symact generate relu square --out=out`" in done.stderr
    assert file.read_text() == before
    assert symact("generate", "relu", "square", "--out=out", cwd=tmp_path).returncode == 0
    assert file.read_text() == good


def test_names_add_to_what_is_there(tmp_path: Path) -> None:
    together, apart = tmp_path / "together", tmp_path / "apart"
    for place, names in ((together, ["relu", "square"]), (apart, ["square"]), (apart, ["relu"])):
        assert symact("generate", *names, "--out", str(place), "--jobs", "1").returncode == 0
    assert texts(together) == texts(apart)


def texts(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file() and "__pycache__" not in f.parts
    }


def test_headers_say_what_made_a_file_and_nothing_else(tmp_path: Path) -> None:
    symact("generate", "relu", "--out", str(tmp_path))
    import symact as package
    from symact.emission import formula_hash

    for name, content in texts(tmp_path).items():
        text = content.decode()
        assert text.endswith("\n") and "\r" not in text, name
        if name == "MANIFEST.json":
            continue
        head = "\n".join(text.splitlines()[:12])
        assert f"generated by symact {package.__version__} from templates/" in head, name
        assert "SPDX-License-Identifier: MIT-0" in head, name
        assert "Do not edit" in head, name
        if "relu" in name:
            assert formula_hash("Max(0, z)") in head, name
        for private in (str(ROOT), str(tmp_path), os.uname().nodename, time.strftime("%Y-%m-%d")):
            assert private not in text, name


def test_a_full_disk_is_nobodys_request(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with full.open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "symact", "derive", "relu", "--json"],
            stdout=stream, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_own_activations(tmp_path: Path) -> None:
    assert symact("init", cwd=tmp_path).returncode == 0
    assert symact("init", cwd=tmp_path).returncode == 2
    done = symact("generate", "--config", "symact.toml", "--target", "c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"gelu.c", "gompertz.c", "symact.h"} <= {f.name for f in (tmp_path / "generated/c").iterdir()}
    check = symact("generate", "--config", "symact.toml", "--target", "c", "--check", cwd=tmp_path)
    assert check.returncode == 0, check.stdout
    derived = symact("derive", "gompertz", "--config", "symact.toml", "--json", cwd=tmp_path)
    assert list(json.loads(derived.stdout)["parameters"]) == ["b", "c"]


def test_ctrl_c_is_one_message(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symact", "generate", "--out", "out", "--jobs", "2"]
    env = {**os.environ, "SYMACT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while running.poll() is None and not any((tmp_path / "cache").rglob("*.*")):
        time.sleep(0.05)  # until the first activation is done: all the others are under way or to come
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()
