"""Contenders: who computes an activation or its VJP here, each made ready for given arrays.

All work on one thread. What a library allocates for its result is its own affair, and in its time; ours write
into an array that is there.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from symact import accuracy
from symact.activations import Activation
from symact.audits.calls import bound, needed
from symact.audits.recipes import onnx_session
from symact.benches.timings import Run
from symact.benches.typed import typed
from symact.catalogue.frameworks import JAX, NUMPY, ONNX, TORCH, Row
from symact.errors import UnknownName
from symact.kernels import interface
from symact.targets import c
from symact.targets import numpy as numpy_target
from symact.targets.c_declarations import SUFFIXES

Array = np.ndarray
Prepared = Callable[[Array, Array], Run]
"""From z and g_bar (which a forward function leaves alone) to a call that returns the result."""

OURS = ("symact c", "symact c-fast", "symact numpy")
FROM_OUTPUT = " from g"
"""What names of ours end in that take the output of the forward pass, as PyTorch's backward passes may."""
PACKAGES = ("numpy", "torch", "jax", "onnxruntime")
TYPED = "cc"
"""The formula as one would type it in C: see typed.py."""

PEERS = (TYPED, *PACKAGES)
MEMCPY = "memcpy"
"""The time that it takes to copy as many bytes as the task reads and writes: a floor."""

FUNCTIONS = ("forward", "vjp")

FLAGS = c.FAST
"""What our C is compiled with: what a user who knows nothing of it takes."""

LIBRARY = Path(".build", "library.so")
"""Where the compiled C lies in the folder of what is generated."""

DTYPES = {"float32": ctypes.c_float, "float64": ctypes.c_double}


@dataclass(frozen=True)
class Task:
    """What is computed: a function of an activation, at its default parameters."""

    activation: Activation
    function: str
    dtype: str

    @property
    def title(self) -> str:
        """What progress calls it."""
        return f"{self.activation.title} {self.function}"


@dataclass(frozen=True)
class Contender:
    """Somebody who does a task."""

    name: str
    prepare: Prepared


def installed() -> tuple[str, ...]:
    """Return the peers that there are here."""
    found = [TYPED]
    for peer in PACKAGES:
        try:
            needed(peer)
        except Exception:  # whatever keeps a package from loading, it is no peer here
            continue
        found.append(peer)
    return tuple(found)


def contenders(task: Task, folder: Path, against: tuple[str, ...]) -> Iterator[Contender]:
    """Yield ours, from a folder that is generated and built, the peers that have the function, and memcpy.

    Raises UnknownName for a peer that does not exist, ToolMissing for one that is not installed.
    """
    kept = task.function == "vjp" and _has_output_form(task.activation)
    for name, grade in zip(OURS, ("", "_fast"), strict=False):
        if task.dtype == "float32" or not grade:
            yield Contender(name, _c(task, folder, grade))
            if kept:
                yield Contender(name + FROM_OUTPUT, _c(task, folder, grade, from_output=True))
    yield Contender(OURS[2], _numpy(task, folder))
    makers: Mapping[str, Callable[[Task], Prepared | None]] = {
        "numpy": _recipe,
        "torch": _torch,
        "jax": _jax,
        "onnxruntime": _onnxruntime,
        TYPED: lambda task: _typed(task, folder),
        MEMCPY: _memcpy,
    }
    for peer in against:
        if peer not in makers:
            raise UnknownName(f"{peer}: no such peer; there are {', '.join(makers)}")
        prepare = makers[peer](task)
        if prepare is not None:
            yield Contender(peer, prepare)


def _has_output_form(activation: Activation) -> bool:
    """Return whether the derivative is a function of the output, at the default parameters."""
    form = accuracy.form(activation)
    return form is not None and form.condition.subs(activation.defaults) == sp.true


def _c(task: Task, folder: Path, grade: str, *, from_output: bool = False) -> Prepared:
    """The C arrays of a grade, called without anything around them, or those from the output."""
    activation, number = task.activation, DTYPES[task.dtype]
    library, long = ctypes.CDLL(str(folder / LIBRARY)), SUFFIXES[task.dtype]
    values = [number(float(p.default)) for p in activation.parameters]

    def called(function: str, arrays: Sequence[Array], grade: str) -> Callable[[], Array]:
        suffix, inputs, _ = interface(function)
        symbol = library[f"symact_{activation.name}{suffix}{grade}{long}"]
        return _symbol(symbol, arrays[: len(inputs)], values)

    def prepare(z: Array, g_bar: Array) -> Run:
        if not from_output:
            return called(task.function, (z, g_bar), grade)
        g = called("forward", (z,), "")()
        return called("vjp_from_output", (g, g_bar), grade)

    return prepare


def _typed(task: Task, folder: Path) -> Prepared | None:
    library = typed(task.activation, task.function, task.dtype, folder)
    if library is None:
        return None
    symbol, count = library[task.function], 1 if task.function == "forward" else 2
    return lambda z, g_bar: _symbol(symbol, (z, g_bar)[:count])


def _symbol(symbol: Any, arrays: Sequence[Array], values: Sequence[Any] = ()) -> Callable[[], Array]:
    """A function of C on arrays, and on values after their length."""
    symbol.restype = None
    given = (*arrays, np.empty_like(arrays[0]))
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in given]
    arguments = (*pointers, ctypes.c_size_t(given[0].size), *values)

    def run() -> Array:
        symbol(*arguments)
        return given[-1]  # and so all of them live as long as the pointers to them

    return run


def _numpy(task: Task, folder: Path) -> Prepared:
    call = numpy_target.load(folder / "numpy").call(str(task.activation.name), task.function, task.dtype)
    assert call is not None, "the package has every function that there is a task for"
    function = call

    def prepare(z: Array, g_bar: Array) -> Run:
        if task.function != "forward":
            return lambda: function(z, g_bar)
        out = np.empty_like(z)
        return lambda: function(z, out=out)

    return prepare


def _recipe(task: Task) -> Prepared | None:
    """What people write by hand."""
    rows = {name: (forward, slope) for name, _, forward, slope in NUMPY}
    if task.activation.name not in rows:
        return None
    forward, slope = rows[task.activation.name]
    if task.function == "forward":
        return lambda z, g_bar: lambda: forward(np, z)
    return lambda z, g_bar: lambda: g_bar * slope(np, z)


def _row(rows: tuple[Row, ...], task: Task) -> Row | None:
    """Return the row of an activation at its defaults."""
    return next((r for r in rows if r.activation == task.activation.name and not r.parameters), None)


def _torch(task: Task) -> Prepared | None:
    row = _row(TORCH, task)
    if row is None:
        needed("torch")
        return None
    torch = needed("torch")
    torch.set_num_threads(1)
    function = bound(row.function, row.keywords)

    def forward(z: Array, g_bar: Array) -> Run:
        tensor = torch.from_numpy(z)

        def run() -> Any:
            with torch.no_grad():
                return function(tensor)

        return run

    def vjp(z: Array, g_bar: Array) -> Run:
        variable, cotangent = torch.from_numpy(z.copy()).requires_grad_(), torch.from_numpy(g_bar)
        output = function(variable)
        return lambda: torch.autograd.grad(output, variable, cotangent, retain_graph=True)[0]

    return forward if task.function == "forward" else vjp


def _jax(task: Task) -> Prepared | None:
    # Read when jax starts; later it has its threads already.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    jax = needed("jax")
    row = _row(JAX, task)
    if row is None:
        return None
    jax.config.update("jax_enable_x64", True)
    function = bound(row.function, row.keywords)
    compiled = jax.jit(
        function if task.function == "forward" else lambda z, g_bar: jax.vjp(function, z)[1](g_bar)[0]
    )

    def prepare(z: Array, g_bar: Array) -> Run:
        arguments = [jax.numpy.asarray(a) for a in (z, g_bar)[: 1 + (task.function != "forward")]]
        return lambda: compiled(*arguments).block_until_ready()

    return prepare


def _onnxruntime(task: Task) -> Prepared | None:
    row = _row(ONNX, task)
    needed("onnxruntime")
    if row is None or task.function != "forward" or task.dtype != "float32":
        return None
    session = onnx_session(row, threads=1)
    return lambda z, g_bar: lambda: session.run(["g"], {"z": z})[0]


@cache
def _move() -> Any:
    return ctypes.CDLL(None).memcpy


def _memcpy(task: Task) -> Prepared:
    def prepare(z: Array, g_bar: Array) -> Run:
        size = z.nbytes if task.function == "forward" else 3 * z.nbytes // 2
        arrays = np.zeros(size, np.uint8), np.ones(size, np.uint8)
        copy = _move()
        arguments = (*(ctypes.c_void_p(a.ctypes.data) for a in arrays), ctypes.c_size_t(size))

        def run() -> Array:
            copy(*arguments)
            return arrays[0]

        return run

    return prepare
