"""The command line: arguments in, calls of `pipeline`, words out; no mathematics.

Exit codes: 0 it holds; 1 it does not hold, or the machine failed; 2 the request is wrong.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from symact import __version__
from symact.errors import (
    InvalidActivation,
    NoOutputForm,
    NotSupported,
    SymactError,
    UnknownName,
)

HOLDS, HOLDS_NOT, WRONG_REQUEST, INTERRUPTED = 0, 1, 2, 130
WRONG = (InvalidActivation, NoOutputForm, NotSupported, UnknownName)
"""The errors that a request is to blame for."""

app = typer.Typer(
    name="symact",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

Formula = Annotated[str, typer.Argument(metavar="TARGET", help="A name, or a formula in z.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="All by default.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="A symact.toml: your own activations.")]
Jobs = Annotated[int, typer.Option(min=0, help="Processes; 0: as many as there are cores.")]
Targets = Annotated[
    list[str] | None, typer.Option("--target", help="numpy, c or latex; again for more; all by default.")
]
Dtypes = Annotated[list[str] | None, typer.Option("--dtype", help="float32 or float64; both by default.")]
Kinks = Annotated[
    str,
    typer.Option(
        metavar="PROFILE",
        help="f' at kinks: declared, left, right, zero, one, midpoint, or as a framework: pytorch, jax, ...",
    ),
]


def main() -> None:
    """Run the command line: one message, not a traceback, for what symact foresees."""
    try:
        code = app(standalone_mode=False) or HOLDS
        if code == INTERRUPTED:  # Typer's answer to Ctrl-C
            raise KeyboardInterrupt
    except SymactError as error:
        print(error, file=sys.stderr)
        code = WRONG_REQUEST if isinstance(error, WRONG) else HOLDS_NOT
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; nothing was left half-written", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:  # symact list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = HOLDS_NOT
    except OSError as error:
        print(f"{error.filename or 'symact'}: {error.strerror or error}", file=sys.stderr)
        code = HOLDS_NOT
    except Exception as error:
        # Typer's usage errors, by what they can do: which package holds their class depends on its version.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()
        code = WRONG_REQUEST
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"symact {__version__}")
        raise typer.Exit


@app.callback()
def _symact(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Activation functions from their definition: derivatives, output forms, verified code.

    Example: symact derive sigmoid --steps
    """


@app.command("list")
def list_catalogue(as_json: Json = False, jobs: Jobs = 0) -> None:
    """Show the catalogue: names, formulas, output forms.

    Example: symact list --json
    """
    from symact import pipeline
    from symact.reports import progress, show

    with progress() as report:
        facts = pipeline.survey(jobs=_jobs(jobs), progress=report)
    if as_json:
        _print_json(facts)
    else:
        show.catalogue(facts)


@app.command()
def derive(
    target: Formula,
    wrt: Annotated[str | None, typer.Option(metavar="SYMBOL", help="Differentiate by a parameter.")] = None,
    order: Annotated[int, typer.Option(min=1, help="1 for f', 2 for f'', ...")] = 1,
    kink: Annotated[
        list[str] | None,
        typer.Option(metavar="AT=VALUE", help="f' at a kink, such as 0=1/2; again for more."),
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Show how the derivative comes to be.")] = False,
    properties: Annotated[
        bool, typer.Option("--properties", help="Show what is known of f, each fact with its method.")
    ] = False,
    as_json: Json = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="LaTeX, for mathematics mode.")] = False,
    config: Config = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Give up a formula after so long.")
    ] = 9,
) -> None:
    """Derive f', look for its output form, and say what is known of both.

    Example: symact derive "z*tanh(exp(z))" --steps
    """
    from symact import pipeline
    from symact.reports import show
    from symact.settings import Settings

    if as_json and as_latex:
        raise typer.BadParameter("--json or --latex, not both")
    own = Settings.read(config).activations if config else {}
    conventions = _pairs(kink, "--kink", "AT=VALUE, such as 0=1/2")
    derived = pipeline.derive_within(
        target, timeout, wrt=wrt, order=order, kinks=conventions, own=own, thorough=as_json or properties
    )
    if derived.gave_up:
        print(f"{target}: gave up {derived.gave_up}; what is missing was not reached", file=sys.stderr)
    if as_json:
        _print_json(derived.to_json())
    elif as_latex:
        print(derived.to_latex())
    else:
        show.derived(derived, steps=steps)
        if properties:
            show.properties(derived.properties)


def _pairs(options: list[str] | None, hint: str, example: str = "alpha=1/2") -> dict[str, str]:
    pairs = [option.partition("=") for option in options or []]
    for name, sign, value in pairs:
        if not (name.strip() and sign and value.strip()):
            raise typer.BadParameter(f"{name}{sign}{value}: write it as {example}", param_hint=hint)
    return {name: value for name, _, value in pairs}


@app.command()
def generate(
    names: Names = None,
    config: Config = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where generated files go.")] = Path("generated"),
    target: Targets = None,
    kinks: Kinks = "declared",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; show what would change.")] = False,
    jobs: Jobs = 0,
) -> int:
    """Write NumPy, C and LaTeX: whole files or none. With names, only those and what is shared.

    Example: symact generate gelu silu --out build --target c
    """
    from symact import pipeline
    from symact.errors import StaleOutput
    from symact.reports import progress

    try:
        with progress() as report:
            changed = pipeline.generate(
                names or (),
                out=out,
                targets=target or (),
                kinks=kinks,
                config=config,
                check=check,
                jobs=_jobs(jobs),
                progress=report,
            )
    except StaleOutput as stale:
        difference, _, message = str(stale).rpartition("\n")
        print(difference)
        print(message, file=sys.stderr)
        return HOLDS_NOT
    if check:
        print(f"{out}: up to date", file=sys.stderr)
    else:
        print(f"{out}: {len(changed)} files changed" if changed else f"{out}: up to date", file=sys.stderr)
    return HOLDS


@app.command()
def build(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where C and NumPy are generated.")] = Path(
        "generated"
    ),
) -> int:
    """Compile the generated C (CC, or cc) for the generated NumPy package, which then computes with it.

    Its functions return the same bits, sooner, and release the GIL; symact_numpy.backend() says "c". With
    SYMACT_NUMPY_BACKEND=numpy it goes without. What is generated anew must be built anew.

    Example: symact build && PYTHONPATH=generated/numpy python -c "import symact_numpy"
    """
    from symact import pipeline
    from symact.reports import progress

    with progress() as report:
        library = pipeline.build(out, progress=report)
    print(f"{library}: built; symact_numpy computes with it", file=sys.stderr)
    return HOLDS


@app.command()
def verify(
    names: Names = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="numpy, c or c-fast; all by default.")
    ] = None,
    dtype: Dtypes = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every input of the format: float16, bfloat16 or float32.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="With --exhaustive: go on where an earlier run ended.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="With --exhaustive: a Dask scheduler, or local for one here."),
    ] = None,
    certify: Annotated[
        bool,
        typer.Option(
            "--certify",
            help="With --exhaustive or --prove: record it in DIR/accuracy.json, which generate quotes. "
            "With --recheck: record it for code that changed and gives all 2^32 values as before.",
        ),
    ] = False,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Bound float64 over all inputs: a proof, given the runtime's error."),
    ] = False,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Check the certificates in DIR/accuracy.json, in moments.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where certificates lie.")] = Path("generated"),
    config: Config = None,
    as_json: Json = False,
    jobs: Jobs = 0,
) -> int:
    """Run what is generated against arbitrary precision; exit 1 where a bound is exceeded.

    With --exhaustive, float32 in C unless --target and --dtype say otherwise: all 2^32 inputs of f, of f'
    and of f' from the output, at the default parameters.

    Example: symact verify gelu --target c --dtype float32
    """
    from symact import pipeline
    from symact.reports import progress, show

    if not exhaustive and (resume or scheduler or (certify and not prove and not recheck)):
        raise typer.BadParameter("these go with --exhaustive", param_hint="--resume, --scheduler, --certify")
    if prove:
        if exhaustive or recheck or target or dtype:
            raise typer.BadParameter("it is of float64 in C, whatever is measured", param_hint="--prove")
        with progress() as report:
            records = pipeline.prove(
                names or (),
                config=config,
                certificates=out if certify else None,
                jobs=_jobs(jobs),
                progress=report,
            )
        if as_json:
            _print_json({"bounds": [record.to_json() for record in records]})
        else:
            show.bounds(records)
        return HOLDS
    if recheck:
        if exhaustive or target or dtype:
            raise typer.BadParameter("it checks what is recorded", param_hint="--recheck")
        with progress() as report:
            given: Any = {"out": out, "config": config, "jobs": _jobs(jobs), "progress": report}
            carried = pipeline.carry(names or (), **given)[0] if certify else []
            count, wrong = pipeline.recheck(names or (), **given)
        for title in carried:
            print(f"{title}: all 2^32 values as before; recorded for the code of now", file=sys.stderr)
        if as_json:
            _print_json({"certificates": count, "wrong": wrong, "holds": not wrong})
        else:
            print("\n".join(wrong) or f"{out}: {count} certificates stand")
        return HOLDS_NOT if wrong else HOLDS
    swept = exhaustive and (not dtype or "float32" in dtype)
    others = [name for name in dtype or () if name != "float32"] if swept else dtype or ()
    results: list[Any] = []
    with progress() as report:
        for each in target or ("c",) if swept else ():
            results += pipeline.sweep(
                names or (),
                target=each,
                config=config,
                resume=resume,
                scheduler=scheduler,
                certificates=out if certify else None,
                jobs=_jobs(jobs),
                progress=report,
            )
        if others or not swept:
            results += pipeline.verify(
                names or (),
                targets=target or (),
                dtypes=others,
                exhaustive=exhaustive,
                config=config,
                certificates=out,
                jobs=_jobs(jobs),
                progress=report,
            )
    return _verdict(results, as_json, show.accuracy)


@app.command()
def audit(
    function: Annotated[
        str, typer.Argument(metavar="MODULE:FUNCTION", help="Or LIBRARY.so:SYMBOL, or a package: torch.")
    ],
    against: Annotated[
        str | None, typer.Option(metavar="TARGET", help="What it is meant to be; a package needs none.")
    ] = None,
    derivative: Annotated[
        bool, typer.Option("--derivative", help="Its derivative: by autograd, or the function is it.")
    ] = False,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    bound: Annotated[float, typer.Option(metavar="ULP", min=0.5, help="What error counts as wrong.")] = 4,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of TARGET; again for more.")
    ] = None,
    argument: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A keyword argument of FUNCTION; again for more."),
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="numpy, torch, jax, tensorflow; by default by FUNCTION's module.")
    ] = None,
    scalar: Annotated[bool, typer.Option("--scalar", help="SYMBOL is T f(T), not over arrays.")] = False,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every input: of float32 2^32, in about a minute.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the error over all floats.")] = None,
    as_json: Json = False,
    jobs: Jobs = 0,
) -> int:
    """Judge somebody else's activation as ours are judged; exit 1 where it has faults.

    Example: symact audit torch.nn.functional:silu --against silu --derivative
    """
    from symact import documents, pipeline
    from symact.reports import progress, show

    with progress() as report:
        audits = pipeline.audit(
            function,
            against,
            derivative=derivative,
            dtype=dtype,
            parameters={name: _number(value) for name, value in _pairs(parameter, "--parameter").items()},
            keywords={name: _literal(value) for name, value in _pairs(argument, "--argument").items()},
            framework=framework,
            scalar=scalar,
            exhaustive=exhaustive,
            bound=bound,
            jobs=_jobs(jobs),
            progress=report,
        )
    if plot is not None:
        print(documents.plot_errors(audits, plot), file=sys.stderr)
    return _verdict(audits, as_json, show.audits if against is None else show.audit)


@app.command()
def bench(
    names: Names = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="PEER,PEER...",
            help="cc (C as typed, -Ofast), numpy, torch, jax, onnxruntime, memcpy; all if none.",
        ),
    ] = None,
    function: Annotated[list[str] | None, typer.Option(help="forward or vjp; without it both.")] = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    size: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Elements; again for more. 4096 and 262144 if none.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
    jobs: Jobs = 0,
) -> int:
    """Time generated functions beside other libraries', in one run, in turns, and say how exact each is.

    Example: symact bench sigmoid gelu --against numpy,torch
    """
    from symact import pipeline
    from symact.reports import progress, show

    peers = [peer.strip() for peer in against.split(",")] if against else []
    with progress() as report:
        timings = pipeline.bench(
            names or (),
            against=peers,
            functions=function or (),
            dtype=dtype,
            sizes=size or (),
            config=config,
            jobs=_jobs(jobs),
            progress=report,
        )
    if as_json:
        _print_json({"results": [timing.to_json() for timing in timings]})
    else:
        show.timings(timings)
    return HOLDS


def _verdict(results: Sequence[Any], as_json: bool, shown: Callable[[Sequence[Any]], None]) -> int:
    """Print results, and return the exit code."""
    holds = all(result.holds for result in results)
    if as_json:
        _print_json({"results": [result.to_json() for result in results], "holds": holds})
    else:
        shown(results)
    return HOLDS if holds else HOLDS_NOT


def _number(value: str) -> Fraction:
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter(f"{value}: not a number", param_hint="--parameter") from error


def _literal(value: str) -> float | int | bool | str:
    """Return what a word most likely means: a number, true or false, or itself."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


@app.command()
def report(
    names: Names = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where generated files go.")] = Path("generated"),
    jobs: Jobs = 0,
) -> int:
    """Derive, generate and verify: one table of output forms and worst errors.

    Example: symact report --out /tmp/symact
    """
    from symact import pipeline
    from symact.reports import progress, show

    with progress() as report:
        changed = pipeline.generate(names or (), out=out, jobs=_jobs(jobs), progress=report)
        facts = pipeline.survey(names or (), jobs=_jobs(jobs), progress=report)
        results = pipeline.verify(names or (), jobs=_jobs(jobs), progress=report)
    show.summary(facts, results)
    print(f"{out}: {len(changed)} files changed")
    return HOLDS if all(result.holds for result in results) else HOLDS_NOT


@app.command()
def document(
    names: Names = None,
    fmt: Annotated[str, typer.Option("--format", help="tex or pdf.")] = "tex",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the document goes.")] = Path("generated"),
    config: Config = None,
    jobs: Jobs = 0,
) -> None:
    """Typeset derivations, output forms, values and kinks.

    Example: symact document sigmoid tanh --format pdf --out build
    """
    from symact import pipeline
    from symact.reports import progress

    with progress() as report:
        made = pipeline.document(
            names or (), fmt=fmt, out=out, config=config, jobs=_jobs(jobs), progress=report
        )
    print(made)


@app.command()
def plot(
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", help="A name, or a formula in z; with --bench a file, or nothing."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=".svg, .png or .pdf.")] = None,
    bench: Annotated[
        bool,
        typer.Option(
            "--bench",
            help="Speed against accuracy, of what symact bench --json prints: TARGET, or standard input.",
        ),
    ] = False,
) -> None:
    """Draw f and f', or timings. Needs matplotlib: pip install 'symact[documents]'.

    Example: symact plot gelu --out gelu.svg

    Example: symact bench gelu silu --json | symact plot --bench --out bench.svg
    """
    from symact import documents, pipeline

    if bench:
        file = out or Path("bench.svg")
        content = sys.stdin.read() if target is None else Path(target).read_text("utf-8")
        documents.plot_bench(documents.measured(content, target or "standard input"), file)
    elif target is None:
        raise typer.BadParameter("nothing to draw: a name, a formula in z, or --bench", param_hint="TARGET")
    else:
        activation = pipeline.resolve(target)
        file = out or Path(f"{activation.name or 'activation'}.svg")
        documents.plot(activation, file)
    print(file)


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path()) -> None:
    """Write a symact.toml to start from, and a workflow that checks what it generates.

    Example: symact init my-project
    """
    from symact.settings import starting_files

    files = {folder / name: text for name, text in starting_files(__version__).items()}
    for file in files:
        if file.exists():
            raise InvalidActivation(f"{file}: is there already; move it away or choose another folder")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
        print(file)


def _jobs(asked: int) -> int:
    """Return how many processes to use: those asked for, else one for each core that we may use."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print_json(content: Any) -> None:
    json.dump(content, sys.stdout, indent=2)
    print()
