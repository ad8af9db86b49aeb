"""pdflatex: run until the references stand, and refuse what a reader would see as a fault."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from symact.errors import SymactError, ToolMissing

DOCUMENT = "symact.tex"
MAX_RUNS = 4
TIMEOUT = 300
FAULTS = re.compile(
    r"^(Overfull \\[hv]box .*|LaTeX Warning: (?:Reference|Citation|Hyper reference) .* undefined.*"
    r"|LaTeX Warning: There were undefined references\.|LaTeX Warning: Label .* multiply defined.*"
    r"|Missing character: .*|LaTeX Font Warning: .*not available.*)$",
    re.MULTILINE,
)
RERUN = re.compile(r"Rerun to get|Rerun LaTeX|Table widths have changed|\(re\)run")


def compile_pdf(folder: Path, out: Path | None = None) -> Path:
    """Return the PDF of the document in a folder, written beside it or to ``out``.

    Nothing else is left behind: pdflatex works in a folder of its own. The PDF holds no date, so equal
    sources give equal bytes with the same TeX.

    Raises ToolMissing without pdflatex, SymactError where LaTeX stops, a line is too wide or a reference
    undefined; the message names the file and the line.
    """
    source = folder / DOCUMENT
    if not source.is_file():
        raise SymactError(f"{source}: no such file; run `symact generate --target latex` first")
    program = shutil.which("pdflatex")
    if program is None:
        raise ToolMissing(
            "pdflatex: not found; install texlive-latex-recommended (Debian) or another TeX Live"
        )
    target = out if out is not None else source.with_suffix(".pdf")
    with tempfile.TemporaryDirectory(prefix="symact-latex-") as name:
        work = Path(name)
        for file in sorted(folder.glob("*.tex")):
            shutil.copyfile(file, work / file.name)
        log = _run_until_settled(program, work)
        faults = _faults(log)
        if faults:
            shown = "\n  ".join(faults[:10])
            more = f"\n  and {len(faults) - 10} more" if len(faults) > 10 else ""
            raise SymactError(f"{source}: {len(faults)} faults in what pdflatex set:\n  {shown}{more}")
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(work / source.with_suffix(".pdf").name, fresh)
        fresh.replace(target)
    return target


def _run_until_settled(program: str, work: Path) -> str:
    """Run twice, and again while LaTeX asks for it; return the last log."""
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000",  # the log unwrapped: a message is one line
        "openin_any": "a",
    }
    command = [
        program,
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-file-line-error",
        "-no-shell-escape",
        DOCUMENT,
    ]
    log = ""
    for run in range(MAX_RUNS):
        try:
            done = subprocess.run(
                command,
                cwd=work,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SymactError(
                f"pdflatex: not done after {TIMEOUT} s; look for a loop in the macros"
            ) from error
        file = work / Path(DOCUMENT).with_suffix(".log")
        log = file.read_text("latin-1") if file.is_file() else done.stdout.decode("latin-1")
        if done.returncode != 0:
            raise SymactError(f"pdflatex: {_error(log)}")
        if run > 0 and not RERUN.search(log):
            break
    return log


def _error(log: str) -> str:
    """Return the first error of a log: file, line, message, and the line that TeX was reading."""
    rows = log.splitlines()
    for index, row in enumerate(rows):
        if re.match(r"^(\./)?[^:\s]+:\d+: ", row) or row.startswith("! "):
            context = next((r for r in rows[index + 1 :] if r.startswith("l.")), "")
            return f"{row.removeprefix('./')} {context}".strip()
    return "stopped without a message; see its log"


def _faults(log: str) -> list[str]:
    """Return each fault with the file that was being read when it arose."""
    faults: list[str] = []
    files: list[str] = []
    for row in log.splitlines():
        if FAULTS.match(row):
            faults.append(f"{files[-1] if files else DOCUMENT}: {row}")
            continue
        for opened, closed in re.findall(r"\((?:\./)?([\w.-]+\.tex)\b|([()])", row):
            if opened:
                files.append(opened)
            elif closed == "(":
                files.append(files[-1] if files else DOCUMENT)
            elif files:
                files.pop()
    return faults


def build(folder: Path) -> Path:
    """Return the PDF of the document under an output folder, ``latex/symact.pdf``; see `compile_pdf`."""
    return compile_pdf(folder / "latex")
