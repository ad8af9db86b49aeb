"""Somebody else's function as a call on NumPy arrays."""

import ctypes
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from symact.errors import NotSupported, ToolMissing, UnknownName

Call = Callable[[np.ndarray], np.ndarray]
"""From one array to another of its shape and dtype."""

FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow")
"""What a callable may be written for: arrays go in, and come out, as the framework has them."""

LIBRARIES = (".so", ".dylib", ".dll")

CTYPES = {"float32": ctypes.c_float, "float64": ctypes.c_double}


def load(
    spec: str | Callable[..., Any],
    *,
    derivative: bool = False,
    dtype: str = "float32",
    keywords: Mapping[str, Any] | None = None,
    framework: str | None = None,
    scalar: bool = False,
) -> Call:
    """Return a function as a call on arrays.

    ``spec`` is ``MODULE:FUNCTION``, ``LIBRARY.so:SYMBOL`` or a callable. A class is made with
    ``keywords`` and then called; a function is called with them. ``derivative`` differentiates what is of
    torch, jax or tensorflow by the framework's own autograd; anything else is taken to be the derivative
    itself. A symbol of a library is ``void f(const T *z, T *g, size_t n)``, or with ``scalar`` ``T f(T)``.

    Raises UnknownName for a function that is not there, ToolMissing for a module that is not.
    """
    if isinstance(spec, str):
        module, name = _parted(spec)
        if module.endswith(LIBRARIES) or ".so." in module:
            return _symbol(module, name, dtype, scalar)
    function = bound(spec, keywords or {})
    chosen = framework or _framework(spec, function)
    if chosen not in FRAMEWORKS:
        raise UnknownName(f"{chosen}: no such framework; there are {', '.join(FRAMEWORKS)}")
    if chosen == "torch":
        return _of_torch(function, derivative)
    if chosen == "jax":
        return _of_jax(function, derivative)
    if chosen == "tensorflow":
        return _of_tensorflow(function, derivative)
    return lambda z: np.asarray(function(z))


def bound(spec: str | Callable[..., Any], keywords: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return a framework's own function of one array, as MODULE:FUNCTION or a callable, with its keywords.

    A class is made with the keywords and then called; a function is called with them.

    Raises UnknownName for a function that is not there, ToolMissing for a module that is not.
    """
    function: Any = spec
    if isinstance(spec, str):
        module, name = _parted(spec)
        function = _imported(module, name)
    return _with(function, keywords, spec)


def _parted(spec: str) -> tuple[str, str]:
    module, colon, name = spec.rpartition(":")
    if not (module and colon and name):
        raise UnknownName(f"{spec}: write MODULE:FUNCTION, such as torch.nn.functional:silu")
    return module, name


def _imported(module: str, name: str) -> Any:
    if "" not in sys.path:
        sys.path.insert(0, "")  # as python -c does: modules of the current folder are found
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        raise ToolMissing(f"{module}: no module {error.name} is installed here") from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise UnknownName(f"{module}:{name}: {module} has no {part}")
        found = getattr(found, part)
    if not callable(found):
        raise UnknownName(f"{module}:{name}: is a {type(found).__name__}, not a function")
    return found


def _with(function: Any, keywords: Mapping[str, Any], spec: object) -> Callable[[Any], Any]:
    if inspect.isclass(function):
        try:
            made: Any = function(**keywords)
        except TypeError as error:
            raise UnknownName(f"{spec}: {error}") from error
        if not callable(made):
            raise UnknownName(f"{spec}: what it makes cannot be called")
        return made
    return (lambda z: function(z, **keywords)) if keywords else function


def _framework(spec: str | Callable[..., Any], function: object) -> str:
    """Return the framework by the root of a function's module, NumPy where none is known."""
    homes = [spec] if isinstance(spec, str) else [getattr(spec, "__module__", None)]
    homes += [getattr(function, "__module__", None), type(function).__module__]
    roots = {home.partition(".")[0].partition(":")[0] for home in homes if home}
    if roots & {"jax", "flax", "equinox", "jaxlib"}:
        return "jax"
    if roots & {"tensorflow", "keras"}:
        return "tensorflow"
    return "torch" if "torch" in roots else "numpy"


def _of_torch(function: Callable[[Any], Any], derivative: bool) -> Call:
    torch = needed("torch")

    def forward(z: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(function(torch.from_numpy(z.copy())).numpy())

    def backward(z: np.ndarray) -> np.ndarray:
        variable = torch.from_numpy(z.copy()).requires_grad_()
        output = function(variable)
        if not output.requires_grad:
            raise NotSupported(
                "torch: the function's output has no gradient; write it with torch's operations"
            )
        output.backward(torch.ones_like(output))
        return np.asarray(variable.grad.numpy())

    return backward if derivative else forward


def _of_jax(function: Callable[[Any], Any], derivative: bool) -> Call:
    jax = needed("jax")
    jax.config.update("jax_enable_x64", True)

    def forward(z: np.ndarray) -> np.ndarray:
        return np.asarray(function(jax.numpy.asarray(z)))

    def backward(z: np.ndarray) -> np.ndarray:
        output, pull = jax.vjp(function, jax.numpy.asarray(z))
        return np.asarray(pull(jax.numpy.ones_like(output))[0])

    return backward if derivative else forward


def _of_tensorflow(function: Callable[[Any], Any], derivative: bool) -> Call:
    tensorflow = needed("tensorflow")

    def forward(z: np.ndarray) -> np.ndarray:
        return np.asarray(function(tensorflow.constant(z)))

    def backward(z: np.ndarray) -> np.ndarray:
        variable = tensorflow.constant(z)
        with tensorflow.GradientTape() as tape:
            tape.watch(variable)
            output = function(variable)
        gradient = tape.gradient(output, variable)
        if gradient is None:
            raise NotSupported(
                "tensorflow: the function's output has no gradient; write it with TensorFlow's operations"
            )
        return np.asarray(gradient)

    return backward if derivative else forward


def needed(module: str) -> Any:
    """Return a module. Raises ToolMissing where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ToolMissing(f"{module} is not installed here; pip install {module}") from error


def _symbol(library: str, name: str, dtype: str, scalar: bool) -> Call:
    try:
        loaded = ctypes.CDLL(library if "/" in library else f"./{library}")
    except OSError:
        try:
            loaded = ctypes.CDLL(library)  # where the system keeps its own
        except OSError as error:
            raise ToolMissing(f"{library}: {error}") from error
    if not hasattr(loaded, name):
        raise UnknownName(f"{library}:{name}: the library has no such symbol")
    if dtype not in CTYPES:
        raise NotSupported(f"{library}:{name}: {dtype} is no C type; choose {' or '.join(CTYPES)}")
    symbol, real = getattr(loaded, name), CTYPES[dtype]
    if scalar:
        symbol.argtypes, symbol.restype = [real], real
        return lambda z: np.array([symbol(float(x)) for x in z], dtype)
    symbol.argtypes, symbol.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], None

    def call(z: np.ndarray) -> np.ndarray:
        z, g = np.ascontiguousarray(z), np.empty_like(z)
        symbol(z.ctypes.data, g.ctypes.data, z.size)
        return g

    return call
