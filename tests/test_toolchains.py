"""One C, many compilers and machines: the same bits, no warning, and nothing undefined."""

import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from toolchains import HOST, SANITIZED, TOOLCHAINS, Toolchain, build, differences, driver, misplaced

from symact.catalogue import activations

GENERATED = Path(__file__).parent.parent / "generated" / "c"
CATALOGUE = activations()

MANY = 3000
"""Inputs a function: on this machine."""

FEW = 400
"""The same, where a machine is emulated: a hundred times as slow."""

SMALL = {name: CATALOGUE[name] for name in ("silu", "celu", "squareplus")}
"""What the planted faults are planted in: exponentials, a parameter, a condition, an output form."""

RequireTool = Callable[[str], str]


def require(chain: Toolchain, require_tool: RequireTool) -> None:
    for tool in chain.tools:
        require_tool(tool)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, require_tool: RequireTool) -> Path:
    """Return the host's program of the whole catalogue: made once for all workers."""
    require(HOST, require_tool)
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "host"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "program").exists():
            build(HOST, GENERATED, place, driver(GENERATED, CATALOGUE))
    return place / "program"


@pytest.mark.thorough
@pytest.mark.parametrize("chain", TOOLCHAINS, ids=lambda chain: chain.name)
def test_the_same_bits(chain: Toolchain, host: Path, tmp_path: Path, require_tool: RequireTool) -> None:
    require(chain, require_tool)
    program = build(chain, GENERATED, tmp_path, driver(GENERATED, CATALOGUE))
    count = FEW if chain.runner else MANY
    assert differences((HOST, host), (chain, program), count) == []
    assert misplaced(chain, program, 67) == []


@pytest.mark.thorough
def test_nothing_is_undefined(host: Path, tmp_path: Path, require_tool: RequireTool) -> None:
    """Long, short and no arrays, whose memory ends where they end, in place and not; landmarks are inputs."""
    require(SANITIZED, require_tool)
    program = build(SANITIZED, GENERATED, tmp_path, driver(GENERATED, CATALOGUE))
    assert differences((HOST, host), (SANITIZED, program), MANY) == []
    assert misplaced(SANITIZED, program, MANY) == []


def planted(place: Path, changes: dict[str, tuple[str, str]]) -> Path:
    """Return a folder with the C of `SMALL`, with other text in some file, wherever it is."""
    folder = place / "planted"
    folder.mkdir()
    for file in (
        *(GENERATED / f"{name}{end}.c" for name in SMALL for end in ("", ".f32")),
        *GENERATED.glob("*.h"),
    ):
        text = file.read_text("utf-8")
        old, new = changes.get(file.name, ("\0", ""))
        assert old in text or old == "\0"
        (folder / file.name).write_text(text.replace(old, new), "utf-8")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, require_tool: RequireTool) -> Path:
    """Return the host's program of `SMALL`, as it is."""
    require(HOST, require_tool)
    place = tmp_path_factory.mktemp("small")
    return build(HOST, planted(place, {}), place, driver(GENERATED, SMALL))


@dataclass(frozen=True)
class Fault:
    """What is replaced, wherever it is in a file, and the function, or the words, that show it."""

    name: str
    file: str
    old: str
    new: str
    seen: str
    chain: Toolchain = HOST


AARCH64 = next(chain for chain in TOOLCHAINS if chain.name == "aarch64")

FAULTS = (
    Fault(
        "last bit", "symact_dd.h", "0x1.5555555555555p-5,", "0x1.5555555555556p-5,", "opened_silu_forward_f64"
    ),
    Fault("ties", "symact_halves.h", "- 1 + odd)", "- 1 + 0 * odd)", "symact_celu_.*_f16"),
    Fault("other branch", "celu.f32.c", "symact_choice(0.0 >= z", "symact_choice(-1.0 >= z", "symact_celuf"),
    Fault("contraction", "symact_dd.h", '"fp-contract=off", ', "", "opened_silu_derivative_f64", AARCH64),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(
    fault: Fault, small: Path, tmp_path: Path, require_tool: RequireTool
) -> None:
    require(fault.chain, require_tool)
    folder = planted(tmp_path, {fault.file: (fault.old, fault.new)})
    program = build(fault.chain, folder, tmp_path, driver(folder, SMALL))
    found = differences((HOST, small), (fault.chain, program), FEW)
    assert any(re.match(fault.seen, line) for line in found), found


UNDEFINED = (
    Fault("beside", "celu.f32.c", "i < count", "i < count + (count > 7)", "stack-buffer-overflow"),
    Fault("shift", "symact_halves.h", "> 2 + stored ? 54", "> 2 + stored ? 64", "shift exponent 64"),
    Fault(
        "number", "symact_dd.h", "if (fabs(x.hi) > 5000.0)", "if (0)", "outside the range of representable"
    ),
)


@pytest.mark.parametrize("fault", UNDEFINED, ids=lambda fault: fault.name)
def test_what_is_undefined_is_found(fault: Fault, tmp_path: Path, require_tool: RequireTool) -> None:
    require(SANITIZED, require_tool)
    folder = planted(tmp_path, {fault.file: (fault.old, fault.new)})
    program = build(SANITIZED, folder, tmp_path, driver(folder, SMALL))
    with pytest.raises(AssertionError, match=fault.seen):
        misplaced(SANITIZED, program, FEW)


def test_a_toolchain_that_warns_is_seen(tmp_path: Path, require_tool: RequireTool) -> None:
    require(HOST, require_tool)
    folder = planted(tmp_path, {"celu.f32.c": ("float value = ", "float value = 0.1 + ")})
    with pytest.raises(AssertionError, match="-Werror=float-conversion"):
        build(HOST, folder, tmp_path, driver(folder, SMALL))


@pytest.mark.parametrize("chain", (HOST, *TOOLCHAINS, SANITIZED), ids=lambda chain: chain.name)
def test_our_ci_installs_the_toolchain(chain: Toolchain, root: Path) -> None:
    """A compiler that it does not look for, or does not install, would fail the tests there."""
    script = (root / ".ci" / "run").read_text("utf-8")
    looked_for = re.findall(r"^command -v (\S+) .*missing\+=\((.*)\)$", script, re.MULTILINE)
    assert chain.compiler in {tool for tool, _ in looked_for}
    assert set(chain.packages) <= {word for _, packages in looked_for for word in packages.split()}
