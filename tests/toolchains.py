"""Compilers and machines that must have the same bits: a table, and C that prints what each function has.

The driver is generated from the prototypes of symact.h: what is declared there is called. So is what float32
is rounded from: rounding hides another last bit there in all but one of half a billion results. The driver
makes its inputs itself, by whole numbers alone: it needs no file and prints little, and an emulated machine
runs it.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symact.activations import Activation, samples
from symact.formats import FORMATS
from symact.targets.c import to_patterns

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
"""What GCC and clang say nothing about. TinyCC knows none of it."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler, its options, what runs what it makes, and Debian's packages, which .ci/run installs."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    runner: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def tools(self) -> tuple[str, ...]:
        return (self.compiler, *self.runner[:1])


CONTRACTED = ("-O1", "-std=gnu99", "-ffp-contract=fast", "-fexpensive-optimizations")
"""A product and a sum become one instruction, from -O2 or by the last of these; the sources forbid it to GCC.

clang obeys, but not with its own -ffp-contract=fast, which disregards them (llvm/llvm-project issue 54925).
"""

NATIVE_GCC, NATIVE_CLANG = ("gcc", "libc6-dev"), ("clang",)

HOST = Toolchain("gcc", "gcc", ("-O1", "-std=c99", "-DSYMACT_PORTABLE", *STRICT), packages=NATIVE_GCC)
"""What the others are compared with; test_standard.py has -O0 to -O3 on this machine."""

TOOLCHAINS = (
    Toolchain("gcc, this machine's", "gcc", (*CONTRACTED, "-march=native", *STRICT), packages=NATIVE_GCC),
    Toolchain(
        "clang, this machine's",
        "clang",
        ("-O1", "-march=native", "-std=gnu99", "-ffp-contract=on", *STRICT),
        packages=NATIVE_CLANG,
    ),
    Toolchain("tcc", "tcc", ("-std=c99",), packages=("tcc",)),
    *(
        Toolchain(
            machine,
            f"{triple}-gcc",
            (*further, *STRICT, "-static"),
            runner,
            (f"gcc-{triple}", f"libc6-dev-{debian}-cross", *("qemu-user" for _ in runner)),
        )
        for machine, triple, debian, runner, further in (
            ("aarch64", "aarch64-linux-gnu", "arm64", ("qemu-aarch64",), CONTRACTED),
            ("riscv64", "riscv64-linux-gnu", "riscv64", ("qemu-riscv64",), CONTRACTED),
            ("s390x", "s390x-linux-gnu", "s390x", ("qemu-s390x",), CONTRACTED),
            ("armhf", "arm-linux-gnueabihf", "armhf", ("qemu-arm",), (*CONTRACTED, "-mfpu=vfpv4")),
            ("i686", "i686-linux-gnu", "i386", ("qemu-i386",), ("-O0", "-std=c99", "-msse2", "-mfpmath=sse")),
        )
    ),
)

SANITIZED = Toolchain(
    "sanitized",
    "gcc",
    (
        *("-O0", "-std=c99", "-g1", "-fno-sanitize-recover=all"),
        "-fsanitize=address,undefined,float-cast-overflow",
    ),
    packages=NATIVE_GCC,
)
"""Undefined behaviour, and every access beside an array, ends the program."""


@dataclass(frozen=True)
class Kind:
    """A dtype in C: its type, its bits, the pattern of infinity, and where common inputs lie, as patterns."""

    ctype: str
    dtype: str
    bits: int
    infinity: int
    near: tuple[int, int]
    """From 2^-12 to 2^7, in binary64 to 2^10: there exponentials are neither 0 nor infinite."""


KINDS = (
    Kind("float", "float32", 32, 0x7F800000, (0x39800000, 0x43000000)),
    Kind("double", "float64", 64, 0x7FF0000000000000, (0x3F30000000000000, 0x4090000000000000)),
    Kind("uint16_t", "float16", 16, 0x7C00, (0x0C00, 0x5800)),
    Kind("uint16_t", "bfloat16", 16, 0x7F80, (0x3980, 0x4300)),
)

WIDENED = len(KINDS)
"""The kind of a kernel of double-double: inputs that are float32's, in binary64."""


@dataclass(frozen=True)
class Call:
    """A function with values of its parameters; ``part`` is what it returns of a double-double."""

    name: str
    kind: int
    inputs: int
    scalar: bool
    returns: bool
    settings: tuple[float, ...]
    part: str = ""

    @property
    def title(self) -> str:
        return f"{self.name}({','.join(value.hex() for value in self.settings)}){self.part}"


FAST = "_fast"
"""What the fast grade's names have, whose last bits may differ."""

KERNEL = re.compile(r"^static symact_dd (\w+_f64)\((.*)\)$", re.MULTILINE)
PROTOTYPE = re.compile(r"(void|int|float|double) (symact_\w+)\((.*)\);")


def calls(header: str, catalogue: Mapping[str, Activation]) -> Iterator[Call]:
    """Yield what a header declares of these activations: arrays at the defaults and another setting."""
    activation = None
    for line in header.splitlines():
        if (heading := re.match(r" \* (\w+): g = ", line)) is not None:
            activation = catalogue.get(heading[1])
        if activation is None or (found := PROTOTYPE.fullmatch(line)) is None:
            continue
        returned, name, listed = found.groups()
        if name.endswith(f"{FAST}_f32"):
            continue
        scalar = returned in ("float", "double")
        arguments = listed.split(", ")
        assert name.startswith(f"symact_{activation.name}")
        count = len(activation.parameters)
        of = arguments[: len(arguments) - count]
        dtype = "bfloat16" if name.endswith("_bf16") else "float16" if name.endswith("_f16") else ""
        word = of[0].removeprefix("const ").split(" ")[0]
        kind = next(k for k, row in enumerate(KINDS) if dtype in ("", row.dtype) and word == row.ctype)
        inputs = len(of) if scalar else len(of) - 2
        for values in _settings(activation)[-1 if scalar else 0 :]:
            yield Call(name, kind, inputs, scalar, returned == "int", values)


def _settings(activation: Activation) -> list[tuple[float, ...]]:
    others = samples(activation)[1:2] if activation.parameters else ()  # negative, where one may be
    settings = [{p.symbol: p.default for p in activation.parameters}, *others]
    return [tuple(float(setting[p.symbol]) for p in activation.parameters) for setting in settings]


def kernels(source: str, activation: Activation) -> Iterator[Call]:
    """Yield what a file computes in double-double, by the names that `opened` gives it: the last digits."""
    for name, _ in KERNEL.findall(source):
        for values in _settings(activation):
            yield Call(f"opened_{name}", WIDENED, 1, True, False, values, ".lo")


def opened(file: str, source: str) -> str:
    """Return C that is a generated file, and lets others call what is static in it."""
    parts = [f'#include "{file}"', *declared(source)]
    for name, listed in KERNEL.findall(source):
        passed = ", ".join(part.split()[-1] for part in listed.split(", "))
        parts.append(f"symact_dd opened_{name}({listed})\n{{\n    return {name}({passed});\n}}")
    return "\n\n".join(parts) + "\n"


def declared(source: str) -> list[str]:
    return [f"symact_dd opened_{name}({listed});" for name, listed in KERNEL.findall(source)]


def driver(folder: Path, catalogue: Mapping[str, Activation]) -> str:
    """Return C whose main calls every function of these activations: see `MAIN`."""
    sources = {name: (folder / f"{name}.c").read_text("utf-8") for name in catalogue}
    found = list(calls((folder / "symact.h").read_text("utf-8"), catalogue))
    found += [call for name, text in sources.items() for call in kernels(text, catalogue[name])]
    specials = [
        to_patterns(np.array(FORMATS[kind.dtype].boundaries, FORMATS[kind.dtype].held), kind.dtype).tolist()
        if kind.bits == 16
        else np.array(FORMATS[kind.dtype].boundaries, kind.dtype).view(f"u{kind.bits // 8}").tolist()
        for kind in KINDS
    ]
    (count,) = {len(row) for row in specials}
    return "\n".join(
        (
            "#include <inttypes.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>",
            '#include <string.h>\n\n#include "symact.h"\n#include "symact_dd.h"\n',
            *(line for text in sources.values() for line in declared(text)),
            "typedef struct {\n    size_t size;\n    uint64_t infinity, low, high;\n} kind;\n",
            "static const kind KINDS[] = {",
            *(
                f"    {{{k.bits // 8}, {k.infinity:#x}, {k.near[0]:#x}, {k.near[1]:#x}}},"
                for k in (*KINDS, KINDS[1])
            ),
            f"}};\n#define SPECIALS {count}\nstatic const uint64_t special[][SPECIALS] = {{",
            *(f"    {{{', '.join(f'{pattern:#x}u' for pattern in row)}}}," for row in specials),
            "};\n",
            *(_thunk(k, call) for k, call in enumerate(found)),
            "typedef struct {\n    const char *title;\n    int kind;",
            "    int (*call)(const void *a, const void *b, void *out, size_t n);\n} row;\n",
            "static const row ROWS[] = {",
            *(f'    {{"{call.title}", {call.kind}, call_{k}}},' for k, call in enumerate(found)),
            f"}};\n#define ROWS_COUNT {len(found)}\n{MAIN}",
        )
    )


def _thunk(k: int, call: Call) -> str:
    ctype = "double" if call.kind == WIDENED else KINDS[call.kind].ctype
    number = "double" if call.kind == 1 else "float"
    settings = [f"({number}){value.hex()}" for value in call.settings]
    places = [f"(const {ctype} *)a", f"(const {ctype} *)b"][: call.inputs]
    if call.scalar:
        listed = ", ".join([*(f"({place})[i]" for place in places), *settings])
        value = f"{call.name}({listed}){call.part}"
        body = f"for (size_t i = 0; i < n; ++i) {{ (({ctype} *)out)[i] = {value}; }} return 0;"
    else:
        listed = ", ".join([*places, f"({ctype} *)out", "n", *settings])
        body = f"return {call.name}({listed});" if call.returns else f"{call.name}({listed}); return 0;"
    declared = "const void *a, const void *b, void *out, size_t n"
    return f"static int call_{k}({declared}) {{ {'' if call.inputs > 1 else '(void)b; '}{body} }}"


MAIN = """
/* Input k: landmarks, then by turns any pattern, at an odd stride, and one of a common magnitude. */
static uint64_t input(const kind *of, const uint64_t *landmarks, size_t k)
{
    const int width = 8 * (int)of->size;
    const uint64_t far = (uint64_t)k * 0x9e3779b97f4a7c15u >> (64 - width);
    if (k < SPECIALS) {
        return landmarks[k];
    }
    return k & 1 ? far : (of->low + far % (of->high - of->low)) | (uint64_t)(k >> 1 & 1) << (width - 1);
}

static void put(const kind *of, void *place, size_t k, uint64_t pattern)
{
    const uint16_t two = (uint16_t)pattern;
    const uint32_t four = (uint32_t)pattern;
    const void *from = of->size == 2 ? (const void *)&two : of->size == 4 ? (const void *)&four : &pattern;
    memcpy((char *)place + k * of->size, from, of->size);
}

static uint64_t got(const kind *of, const void *place, size_t k)
{
    const char *from = (const char *)place + k * of->size;
    uint16_t two = 0;
    uint32_t four = 0;
    uint64_t pattern = 0;
    memcpy(of->size == 2 ? (void *)&two : of->size == 4 ? (void *)&four : &pattern, from, of->size);
    pattern += two + (uint64_t)four;
    const uint64_t magnitude = pattern & (((uint64_t)1 << (8 * of->size - 1)) - 1);
    return magnitude > of->infinity ? of->infinity + 1 : pattern; /* every NaN is one */
}

static void *fresh(size_t size)
{
    void *place = malloc(size ? size : 1);
    if (!place) {
        abort();
    }
    return memset(place, 0, size ? size : 1);
}

/* Whether short arrays, whose memory ends where they end, in place and not, have what the whole has. */
static int placed(const row *one, const void *a, const void *b, const void *whole)
{
    static const size_t lengths[] = {0, 1, 2, 3, 7, 8, 33}, offsets[] = {0, 1, 3};
    const kind *of = &KINDS[one->kind];
    const size_t size = of->size;
    int same = 1;
    one->call(NULL, NULL, NULL, 0);
    for (size_t l = 0; l < 7; ++l) {
        const size_t n = lengths[l], offset = offsets[l % 3] * size;
        for (int place = 0; place < 3; ++place) { /* beside, instead of a, instead of b */
            const size_t bytes = offset + n * size;
            char *first = fresh(bytes), *second = fresh(bytes), *out = fresh(bytes);
            char *outs[3] = {out, first, second};
            memcpy(first + offset, a, n * size);
            memcpy(second + offset, b, n * size);
            const int refused = one->call(first + offset, second + offset, outs[place] + offset, n);
            for (size_t k = 0; k < n && !refused; ++k) { /* which writes nothing */
                same &= got(of, outs[place] + offset, k) == got(of, whole, k);
            }
            free(first);
            free(second);
            free(out);
        }
    }
    return same;
}

/* driver N places: a line for each function, its checksum over N inputs, and with places 1 whether `placed`.
   driver N places TITLE: the inputs and the result of that function, a line each. */
int main(int argc, char **argv)
{
    const size_t n = argc > 1 ? (size_t)atol(argv[1]) : 0;
    const int places = argc > 2 && argv[2][0] == '1';
    void *a[5], *b[5], *out = fresh(8 * n);
    for (size_t k = 0; k < 5; ++k) {
        a[k] = fresh(8 * n);
        b[k] = fresh(8 * n);
        for (size_t i = 0; i < n && k == 4; ++i) {
            ((double *)a[k])[i] = ((float *)a[0])[i];
        }
        for (size_t i = 0; i < n && k < 4; ++i) {
            put(&KINDS[k], a[k], i, input(&KINDS[k], special[k], i));
            put(&KINDS[k], b[k], i, input(&KINDS[k], special[k], (5 * i + 1) % n));
        }
    }
    for (size_t r = 0; r < ROWS_COUNT; ++r) {
        const row *one = &ROWS[r];
        const kind *of = &KINDS[one->kind];
        if (argc > 3 && strcmp(argv[3], one->title) != 0) {
            continue;
        }
        memset(out, 0, 8 * n);
        uint64_t sum = (uint64_t)one->call(a[one->kind], b[one->kind], out, n);
        for (size_t k = 0; k < n; ++k) {
            sum = sum + (2 * (uint64_t)k + 3) * got(of, out, k);
            if (argc > 3) {
                const uint64_t x = got(of, a[one->kind], k), y = got(of, b[one->kind], k);
                printf("%" PRIx64 " %" PRIx64 " -> %" PRIx64 "\\n", x, y, got(of, out, k));
            }
        }
        if (argc <= 3) {
            const int well = places && placed(one, a[one->kind], b[one->kind], out);
            printf("%s %016" PRIx64 "%s\\n", one->title, sum, well ? " placed" : places ? " misplaced" : "");
        }
    }
    for (size_t k = 0; k < 5; ++k) {
        free(a[k]);
        free(b[k]);
    }
    free(out);
    return 0;
}
"""


def build(chain: Toolchain, folder: Path, place: Path, code: str) -> Path:
    """Return the program that a toolchain makes of a folder's C and a driver; fails with what it says."""
    quick = tuple(flag for flag in chain.flags if not flag.startswith(("-O", "-W")))
    files = {"driver.c": code}
    own = sorted(folder.glob("*.c"))
    files |= {f"opened_{c.name}": opened(c.name, c.read_text("utf-8")) for c in own}
    place.mkdir(parents=True, exist_ok=True)
    commands, objects = [], []
    for name, text in files.items():
        (place / name).write_text(text, "utf-8")
        objects.append(str(place / f"{name}.o"))
        flags = (*quick, "-O0") if name == "driver.c" else chain.flags
        commands.append([*flags, f"-I{folder}", "-c", str(place / name), "-o", objects[-1]])
    with ThreadPoolExecutor(2) as pool:
        for said in pool.map(_words, ([chain.compiler, *command] for command in commands)):
            assert said == "", said
    said = _words([chain.compiler, *quick, *objects, "-lm", "-o", str(place / "program")])
    assert said == "", said
    return place / "program"


def _words(command: Sequence[str]) -> str:
    """Return what a command that fails, or warns, says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{shlex.join(command)}: {done.stderr[:2000]}" if done.returncode or done.stderr else ""


def run(chain: Toolchain, program: Path, *arguments: str) -> list[str]:
    """Return the lines that a program prints."""
    command = [*chain.runner, str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.returncode}: {done.stderr[:3000]}"
    return done.stdout.splitlines()


def differences(one: tuple[Toolchain, Path], other: tuple[Toolchain, Path], count: int) -> list[str]:
    """Return where two programs have other bits over so many inputs, four functions at most."""
    want, got = (run(*program, str(count)) for program in (one, other))
    assert [line.split()[0] for line in want] == [line.split()[0] for line in got]
    found = []
    for title in [a.split()[0] for a, b in zip(want, got, strict=True) if a != b][:4]:
        lines = zip(*(run(*program, str(count), "0", title) for program in (one, other)), strict=True)
        first = next(((a, b) for a, b in lines if a != b), ("what it returns", "-"))
        found.append(f"{title}: inputs and result {first[0]} in {one[0].name}, {first[1]} in {other[0].name}")
    return found


def misplaced(chain: Toolchain, program: Path, count: int) -> list[str]:
    """Return the functions of which short, offset or in-place arrays have not what the whole has."""
    return [line for line in run(chain, program, str(count), "1") if not line.endswith(" placed")]
