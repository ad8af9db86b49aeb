"""verify: what generated code returns, beside the truth."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import numpy as np

import symact.targets
from symact.accuracy.flags import unfounded
from symact.accuracy.judgements import BOUNDS, Question, Result, judge, merge
from symact.accuracy.placements import different, misplaced
from symact.accuracy.points import seams
from symact.accuracy.questions import Form, questions
from symact.activations import Activation
from symact.errors import NotSupported, UnknownName
from symact.formats import FORMATS

__all__ = [
    "BOUNDS",
    "Form",
    "Question",
    "Result",
    "Task",
    "alone",
    "ask",
    "base",
    "different",
    "dtypes",
    "form",
    "judge",
    "loaded",
    "misplaced",
    "placed",
    "prepare",
    "questions",
    "targets",
    "variants",
    "verify_activation",
]

DTYPES = ("float32", "float64")
"""What is measured where nothing else is asked for."""

SPARSE = 3
"""Of code that is not compiled every third length is enough for `verify_activation`."""

Call = Callable[..., np.ndarray]
Alone = Callable[..., tuple[np.ndarray, np.ndarray]]
Key = tuple[str, str, str]
"""Function, target, dtype."""


@dataclass(frozen=True)
class Task:
    """One activation to be verified: as it lies generated in ``folder``, after `prepare`.

    ``dtypes`` empty means float32 and float64.
    """

    activation: Activation
    folder: Path
    targets: tuple[str, ...]
    dtypes: tuple[str, ...] = ()
    exhaustive: bool = False


def targets() -> tuple[str, ...]:
    """Return the targets whose code can be run from here: those that know how to load it."""
    names = sorted(module.name for module in iter_modules(symact.targets.__path__))
    return tuple(name for name in names if hasattr(_module(name), "load"))


def variants() -> tuple[str, ...]:
    """Return the targets and, behind a hyphen, the grades that they have beside their own: ``c-fast``."""
    return tuple(name for target in targets() for name in (target, *_grades(target)))


def _grades(target: str) -> list[str]:
    return [f"{target}-{grade}" for grade in getattr(_module(target), "GRADES", ())]


def base(variant: str) -> str:
    """Return the target that a variant is of."""
    return variant.partition("-")[0]


def prepare(folder: Path, chosen: tuple[str, ...], *, native: bool = False) -> None:
    """Build what must be built before it runs, once for all activations; what was loaded is loaded anew.

    ``native`` is for this machine alone.
    """
    _package.cache_clear()
    for target in dict.fromkeys(map(base, chosen)):
        module = _module(target)
        if hasattr(module, "build"):
            flags = module.NATIVE if native else module.FLAGS
            module.build(folder / target, _library(folder, target), flags=flags)


def verify_activation(task: Task) -> list[Result]:
    """Return a result for every function, target and dtype of one activation.

    Raises UnknownName for a dtype that no target has, NotSupported for a sweep that is not feasible yet.
    """
    with uncollected():
        return [merge(results) for results in _measured(task).values()]


def _measured(task: Task) -> dict[Key, list[Result]]:
    activation = task.activation
    packages = {target: _load(task.folder, target, activation) for target in task.targets}
    marks = {mark for target in task.targets for mark in _seams(task.folder / base(target), activation)}
    recovered = form(activation)
    found: dict[Key, list[Result]] = {}
    for dtype, able in [(dtype, _able(task, dtype)) for dtype in task.dtypes or DTYPES]:
        for question in questions(activation, dtype, recovered, marks, exhaustive=task.exhaustive):
            for target in able:
                call = _call(packages[target], target, activation, question.function, dtype)
                if call is None:
                    continue
                key = (question.function, target, dtype)
                alone = _alone(packages[target], activation.name, key)
                result = ask(question, call, target, alone)
                if key not in found:  # once, at the defaults
                    result = placed(result, question, call, step=1 if alone else SPARSE)
                found.setdefault(key, []).append(result)
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python not look for cycles: a million numbers have none, and looking takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def loaded(folder: Path, target: str, activation: Activation, function: str, dtype: str = "float32") -> Call:
    """Return a function of a target, from a folder that `prepare` has made ready.

    Raises NotSupported where the target has no such function.
    """
    return _function(_load(folder, target, activation), target, activation, function, dtype)


def alone(folder: Path, target: str, activation: Activation, function: str, dtype: str) -> Alone | None:
    """Return what calls a function of a target on single elements, where the target has that."""
    return _alone(_load(folder, target, activation), activation.name, (function, target, dtype))


def _function(package: Any, target: str, activation: Activation, function: str, dtype: str) -> Call:
    call = _call(package, target, activation, function, dtype)
    if call is None:
        raise NotSupported(f"{activation.title}: {target} has no {function}; generate again")
    return call


def _call(package: Any, target: str, activation: Activation, function: str, dtype: str) -> Call | None:
    """Return a function of a variant of a target; None where it has none."""
    grade = target.partition("-")[2]
    found: Call | None = (
        package.call(activation.name, function, dtype, grade)
        if grade
        else package.call(activation.name, function, dtype)
    )
    return found


def ask(question: Question, call: Call, target: str, alone: Alone | None = None) -> Result:
    """Call a function with a question's points, count its warnings, and judge what it returns.

    ``alone`` calls it on one element after another and returns the flags that each raises, too.
    """
    with warnings.catch_warnings(record=True) as heard, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        answer = call(*question.arguments, **question.parameters)
        result = judge(question, answer, target, len(heard))
        if alone is not None:
            values, flags = alone(*question.arguments, **question.parameters)
            raised = unfounded(flags, question.arguments, question.truths)
            others = int(different(values, np.asarray(answer)).sum())
            result = replace(result, misplaced=others, spurious_flags=int((raised != 0).sum()))
        if question.g_bar is not None:
            return result if target == base(target) else result.of_grade()
        broken = question.laws.broken(
            lambda z: call(z, **question.parameters), question.arguments[0], np.asarray(answer)
        )
    result = result.lawful(broken)
    return result if target == base(target) else result.of_grade()


def placed(result: Result, question: Question, call: Call, *, every: bool = False, step: int = 1) -> Result:
    """Return the result with how many placements of arrays give other bits: `misplaced`."""
    with np.errstate(all="ignore"):
        answer = call(*question.arguments, **question.parameters)
        found = misplaced(call, question.arguments, answer, question.parameters, every=every, step=step)
    return replace(result, misplaced=result.misplaced + found)


def _alone(package: Any, name: str | None, key: Key) -> Alone | None:
    """Return what calls a function on single elements, where a target has that."""
    function, target, dtype = key
    if target != base(target):
        return None  # a grade has arrays alone
    return package.alone(name, function, dtype) if hasattr(package, "alone") else None


def _able(task: Task, dtype: str) -> list[str]:
    """Return the targets of a task that have a dtype."""
    if dtype not in BOUNDS:
        raise UnknownName(f"{dtype}: no such dtype; there are {', '.join(BOUNDS)}")
    able = [target for target in task.targets if dtype in dtypes(target)]
    if not able:
        raise NotSupported(f"{dtype}: none of {', '.join(task.targets)} has it; choose another target")
    if task.exhaustive and FORMATS[dtype].bits > 16:
        raise NotSupported(
            f"{dtype}: nobody can try all its inputs; leave out --exhaustive, or take another --dtype"
        )
    return able


@lru_cache(maxsize=4)
def form(activation: Activation) -> Form | None:
    """Return the output form of an activation, None where it has none."""
    from symact.derivatives import differentiate
    from symact.output_forms import OutputForm, recover_output_form

    found = recover_output_form(differentiate(activation))
    return Form(found.expression, found.condition) if isinstance(found, OutputForm) else None


def _seams(folder: Path, activation: Activation) -> list[float]:
    """Return where the generated code of an activation changes its formula, read from the code itself."""
    sources = sorted(path for path in folder.rglob(f"{activation.name}*") if _is_of(path, activation))
    return [seam for path in sources for seam in seams(path.read_text("utf-8"))]


def _is_of(path: Path, activation: Activation) -> bool:
    """Return whether a file is code of an activation, of whichever grade."""
    return path.suffix in (".c", ".py") and path.stem in (activation.name, f"{activation.name}.f32")


def _module(target: str) -> ModuleType:
    return import_module(f"symact.targets.{base(target)}")


def _library(folder: Path, target: str) -> Path:
    return folder / ".build" / base(target) / "library.so"


def dtypes(target: str) -> tuple[str, ...]:
    """Return what `verify_activation` judges of a target: its table of types, or what NumPy computes with."""
    if target != base(target):
        return ("float32",)
    return tuple(getattr(_module(target), "DTYPES", ("float16", "float32", "float64")))


def _load(folder: Path, target: str, activation: Activation) -> Any:
    module = _module(target)
    if hasattr(module, "build"):
        return module.load(_library(folder, target), {str(activation.name): activation})
    return _package(module, folder / base(target))


@lru_cache(maxsize=1)
def _package(module: ModuleType, folder: Path) -> Any:
    """Return what a target's folder holds, all activations of it: loaded once for as many as are asked."""
    return module.load(folder)
