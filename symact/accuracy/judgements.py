"""Results beside the truth: the error in ulp, and NaN, infinities and zeros that are out of place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symact.accuracy.laws import Broken, Laws
from symact.accuracy.thresholds import sizes
from symact.formats import FORMATS
from symact.oracles import Truths

BOUNDS: Mapping[str, float] = {"float16": 1.0, "bfloat16": 1.0, "float32": 1.0, "float64": 4.0}
"""The largest error in ulp that a function may have, by dtype."""

OWN: Mapping[str, float] = {"float32": 0.51}
"""The same for what symact generates, the reproducible grade, where it promises more: products included."""

VJP_EXTRA = 0.5
"""What a vector-Jacobian product may lose beyond its derivative: one rounding."""

NEAR_TIE = 2.0**-24
"""Where the truth is as near as this, in ulp, to half way between two results, either is right.

x/8 in subnormals may be half way but for x**3, 2^-300 of it.
"""

PROVED = ("forward", "derivative", "derivative_from_output")
"""Functions of which a bound may be proved in float64."""

COUNTS = (
    *("wrong_nan", "wrong_inf", "wrong_signed_zero"),
    *("wrong_threshold", "wrong_tie", "asymmetric", "out_of_range", "not_monotone"),
    *("misplaced", "spurious_flags", "warnings"),
)
"""What a function must have none of."""

REPRODUCIBLE = ("wrong_threshold", "wrong_tie", "asymmetric", "not_monotone", "spurious_flags")
"""What the fast grade, of at most 1 ulp, does not promise."""


@dataclass(frozen=True)
class Result:
    """What was measured of one function of one target in one dtype, over all settings of the parameters."""

    activation: str
    function: str
    target: str
    dtype: str
    points: int
    max_ulp: float
    at: str
    got: str
    want: str
    bound_ulp: float
    bound: str = "relative"
    exhaustive: bool = False
    wrong_nan: int = 0
    wrong_inf: int = 0
    wrong_signed_zero: int = 0
    wrong_threshold: int = 0
    """Results beside a threshold that are not infinite, normal, subnormal or 0 as the truth's rounding is:
    where the bound is 1 ulp. Others are judged there by their error, as everywhere."""
    wrong_tie: int = 0
    """Odd results where the truth is half way between two, where the nearest, ties to even, is promised."""
    asymmetric: int = 0
    out_of_range: int = 0
    not_monotone: int = 0
    misplaced: int = 0
    """Elements with other bits alone, and placements of arrays with others: lengths, offsets, in place."""
    spurious_flags: int = 0
    """Elements that raise invalid, division by zero or overflow without a cause, or a NaN without invalid."""
    warnings: int = 0
    undecided: int = 0
    parameters: Mapping[str, float] = field(default_factory=dict)
    g_bar: str | None = None
    faults: tuple[str, ...] = ()
    """The first few wrong NaN, infinities and zeros: ``z -> got, want``."""
    misrounded: int | None = None
    """How many values are not the correctly rounded ones, where that was counted."""
    escalated: int | None = None
    """How many of the points the sieve left to arbitrary precision, where there was a sieve."""
    checksum: str | None = None
    """Of all the values, where all were seen."""
    proved_ulp: float | None = None
    """A bound that is proved of all inputs at the defaults: `bounds`."""

    @property
    def holds(self) -> bool:
        """Whether the bound is kept and nothing else is wrong."""
        return self.max_ulp <= self.bound_ulp and not any(getattr(self, count) for count in COUNTS)

    def lawful(self, broken: Broken) -> "Result":
        """Return the result with how often laws are broken."""
        return replace(
            self,
            asymmetric=broken.asymmetric,
            out_of_range=broken.out_of_range,
            not_monotone=broken.not_monotone,
        )

    def of_grade(self) -> "Result":
        """Return the result without what only the reproducible grade promises; special values stay."""
        none = dict.fromkeys(REPRODUCIBLE, 0)
        return replace(self, bound_ulp=BOUNDS[self.dtype], **none)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``symact verify --json`` prints."""
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shown["parameters"], shown["faults"] = dict(self.parameters), list(self.faults)
        for optional in ("g_bar", "misrounded", "escalated", "checksum"):
            if shown[optional] is None:
                del shown[optional]
        if self.dtype != "float64" or self.function not in PROVED:
            del shown["proved_ulp"]
        return shown | {"holds": self.holds}


@dataclass(frozen=True)
class Question:
    """What a function was asked and what is true: points, the cotangents where it has them, the truths.

    ``zero_sign`` is the sign of f(0.0) where zero keeps its sign or turns it, else 0. ``slack`` is, point by
    point, the exponent of the ulp at the largest magnitude near an interior root, else that of the truth's.
    """

    activation: str
    function: str
    dtype: str
    points: np.ndarray
    truths: Truths
    parameters: Mapping[str, float] = field(default_factory=dict)
    g_bar: np.ndarray | None = None
    zero_sign: int = 0
    slack: np.ndarray | None = None
    exhaustive: bool = False
    beside: np.ndarray | None = None
    """Which points lie beside a threshold: `thresholds.located`."""
    bound: float | None = None
    """The error in ulp that is allowed, where it is not the dtype's."""
    laws: Laws = field(default_factory=Laws)

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """What the function is called with, in its dtype or what holds it."""
        both = (self.points,) if self.g_bar is None else (self.points, self.g_bar)
        return tuple(array.astype(FORMATS[self.dtype].held) for array in both)

    @property
    def bound_ulp(self) -> float:
        """The error that is allowed."""
        if self.bound is not None:
            return self.bound
        return BOUNDS[self.dtype] + (VJP_EXTRA if self.g_bar is not None else 0.0)


@dataclass(frozen=True)
class Errors:
    """What is wrong point by point: errors in ulp, and NaN, infinities and signed zeros out of place."""

    got: np.ndarray
    ulp: np.ndarray
    wrong_nan: np.ndarray
    wrong_inf: np.ndarray
    wrong_zero: np.ndarray
    wrong_threshold: np.ndarray
    wrong_tie: np.ndarray


def errors(question: Question, answer: np.ndarray, target: str) -> Errors:
    """Return how the values that a target gave for a question's points differ from the truth.

    Raises TypeError where they have another dtype or shape.
    """
    fmt, truth, z = FORMATS[question.dtype], question.truths, question.points
    got = np.asarray(answer).astype(np.float64).reshape(-1)
    if np.asarray(answer).dtype != np.dtype(fmt.held) or got.shape != z.shape:
        raise TypeError(
            f"{question.activation} {question.function}: {target} returned another dtype or shape"
        )
    want_nan, want_inf = np.isnan(truth.anchor), np.isinf(truth.anchor)
    wrong_nan = truth.decided & (np.isnan(got) != want_nan)
    finite = truth.decided & ~want_nan & ~want_inf & ~np.isnan(got)
    # Between the largest value and the next power of two infinity stands for that power.
    edge = finite & (np.abs(truth.anchor) == fmt.largest) & (truth.residual * np.sign(truth.anchor) > 0)
    overflown = edge & np.isinf(got) & (np.sign(got) == np.sign(truth.anchor))
    wrong_inf = (truth.decided & want_inf & ~np.isnan(got) & (got != truth.anchor)) | (
        finite & np.isinf(got) & ~overflown
    )
    error = np.zeros(got.shape)
    measured = finite & np.isfinite(got)
    with np.errstate(all="ignore"):
        distance = np.ldexp(np.where(measured, got - truth.anchor, 0.0), -truth.ulp) - truth.residual
        error[measured] = np.minimum(np.abs(distance), np.finfo(np.float64).max)[measured]
    error[overflown] = 1 - np.abs(truth.residual[overflown])
    wrong_zero = np.zeros(got.shape, bool)
    if question.zero_sign:
        signs = np.signbit(z) != (question.zero_sign < 0)
        wrong_zero = (z == 0) & (got == 0) & (np.signbit(got) != signs)
    wrong_threshold = np.zeros(got.shape, bool)
    if question.beside is not None and question.bound_ulp <= 1:  # with more ulp a subnormal may well be 0
        tie = np.where(measured | overflown, error, np.inf) <= 0.5 + NEAR_TIE
        other = sizes(got, fmt) != sizes(truth.rounded, fmt)
        wrong_threshold = question.beside & truth.decided & other & ~tie
    wrong_tie = np.zeros(got.shape, bool)
    if question.bound_ulp <= 0.5 and question.g_bar is None:  # a product is of an f' that was rounded before
        wrong_tie = truth.decided & (np.abs(truth.residual) == 0.5) & (error == 0.5) & (got != truth.rounded)
    return Errors(got, error, wrong_nan, wrong_inf, wrong_zero, wrong_threshold, wrong_tie)


def judge(question: Question, answer: np.ndarray, target: str, warnings: int = 0) -> Result:
    """Return the verdict on the values that a target gave for a question's points."""
    return verdict(question, errors(question, answer, target), target, warnings)


def verdict(question: Question, found: Errors, target: str, warnings: int = 0) -> Result:
    """Return the verdict on errors that are known point by point."""
    fmt, truth, z = FORMATS[question.dtype], question.truths, question.points
    got, error, bound = found.got, found.ulp, "relative"
    if question.slack is not None and error.max(initial=0.0) > question.bound_ulp:
        error, bound = np.ldexp(error, np.minimum(truth.ulp - question.slack, 0)), "absolute"
    wrong = np.flatnonzero(
        found.wrong_nan | found.wrong_inf | found.wrong_zero | found.wrong_threshold | found.wrong_tie
    )
    worst = int(np.argmax(error)) if error.size else 0
    rounded = truth.rounded
    others = truth.decided & (got != rounded) & ~np.isnan(got) & ~np.isnan(rounded)
    return Result(
        activation=question.activation,
        function=question.function,
        target=target,
        dtype=question.dtype,
        points=int(got.size),
        max_ulp=round(float(error[worst]), 6),
        at=fmt.hex(float(z[worst])),
        got=fmt.hex(float(got[worst])),
        want=fmt.hex(float(rounded[worst])),
        bound_ulp=question.bound_ulp,
        bound=bound,
        exhaustive=question.exhaustive,
        wrong_nan=int(found.wrong_nan.sum()),
        wrong_inf=int(found.wrong_inf.sum()),
        wrong_signed_zero=int(found.wrong_zero.sum()),
        wrong_threshold=int(found.wrong_threshold.sum()),
        wrong_tie=int(found.wrong_tie.sum()),
        warnings=warnings,
        undecided=int((~truth.decided).sum()),
        parameters=question.parameters,
        g_bar=None if question.g_bar is None else fmt.hex(float(question.g_bar[worst])),
        faults=tuple(
            f"{fmt.hex(float(z[i]))} -> {fmt.hex(float(got[i]))}, want {fmt.hex(float(rounded[i]))}"
            for i in wrong[:4]
        ),
        misrounded=int(others.sum()) if question.bound_ulp <= 0.5 else None,
    )


def merge(results: Sequence[Result]) -> Result:
    """Return one result for several settings of the parameters: the worst error, the sums of the rest."""
    worst = max(results, key=lambda r: r.max_ulp / r.bound_ulp)
    return replace(
        worst,
        points=sum(r.points for r in results),
        bound="absolute" if any(r.bound == "absolute" for r in results) else "relative",
        **{count: sum(getattr(r, count) for r in results) for count in COUNTS},
        undecided=sum(r.undecided for r in results),
        misrounded=None if worst.misrounded is None else sum(r.misrounded or 0 for r in results),
        exhaustive=all(r.exhaustive for r in results),
        faults=tuple(fault for r in results for fault in r.faults)[:4],
    )
