"""16-bit formats: every input of a function, judged for correct rounding.

Their values are among float32's: what `expand` certifies of a range of float32 is certified of them,
with 2^-46 where they need 2^-24. What no polynomial decides is left to arbitrary precision.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from importlib import import_module

import numpy as np

from symact import accuracy
from symact.accuracy import Form, Question, Result, Task
from symact.accuracy.judgements import merge
from symact.accuracy.points import cotangents
from symact.accuracy.questions import settings, sign_at_zero
from symact.activations import Activation
from symact.errors import NotSupported
from symact.formats import BFLOAT16, BINARY16, BINARY32, FORMATS, Format
from symact.kernels import SOURCES
from symact.oracles import Exact, Oracle, Truths, product, truths
from symact.sweeps.expansions import Kind, Piece, Smooth, expand, run
from symact.sweeps.subjects import FUNCTIONS, Subject, dyadic, subject

BOUND = 0.5
"""In ulp: the nearest value. What is half way for binary64 only may be either of two, and is counted."""

STRIDE = 61
"""With other parameters than the defaults every 61st input is asked for, a prime."""

FEWEST = 64 * 2 ** (BINARY32.precision - BINARY16.precision)
"""A range of so many float32 has 64 inputs or fewer: arbitrary precision is quicker than a polynomial."""

NEAR, FAR = 2.0**-3, 1024.0
"""Nearer to 0 a series about it is tried first, and farther a leading term; between them a program."""

TINIEST = 2.0**-100
"""Below this a series about 0 is its leading terms, where there is one."""

FIRST, LAST = BINARY32.pattern(BFLOAT16.smallest_subnormal), BINARY32.pattern(BFLOAT16.largest)

NEAR_TIE = 2.0**-40
"""So near half way a fraction is asked for: it tells exactly."""

UNIT = 2.0**-53
TINY = 2.0**-1074

SIZES = 6
"""How many cotangents take turns."""

PRODUCTS = {source: function for function, source in SOURCES.items()}


def verify_activation(task: Task) -> list[Result]:
    """Return a result for every function, target and dtype of one activation, those of 16-bit patterns too.

    Raises UnknownName and NotSupported as `symact.accuracy.verify_activation` does.
    """
    patterns = {target: _formats(target) for target in task.targets}
    every = {dtype for dtypes in patterns.values() for dtype in dtypes}
    able = {dtype for target in task.targets for dtype in accuracy.dtypes(target)}
    usual = tuple(dtype for dtype in accuracy.DTYPES if dtype in able)
    left = tuple(dtype for dtype in task.dtypes or usual if dtype not in every or dtype in able)
    results = accuracy.verify_activation(replace(task, dtypes=left)) if left else []
    for dtype in [dtype for dtype in FORMATS if dtype in every and dtype in (task.dtypes or every)]:
        found: dict[tuple[str, str], list[Result]] = {}
        for question in questions(task.activation, dtype, exhaustive=task.exhaustive):
            for target in (target for target in task.targets if dtype in patterns[target]):
                key = question.function, target
                result = _judged(task, question, target, placed=key not in found)
                found.setdefault(key, []).append(result)
        results += [merge(several) for several in found.values()]
    return results


def _formats(target: str) -> tuple[str, ...]:
    """Return the dtypes of which a target has functions on arrays of bit patterns."""
    if target != accuracy.base(target):
        return ()
    halves = getattr(import_module(f"symact.targets.{target}"), "HALVES", {})
    return tuple(fmt.dtype for fmt in halves.values())


def _judged(task: Task, question: Question, target: str, *, placed: bool) -> Result:
    place = task.folder, target, task.activation, question.function, question.dtype
    call = accuracy.loaded(*place)
    result = accuracy.ask(question, call, target, accuracy.alone(*place))
    return accuracy.placed(result, question, call) if placed else result


def questions(activation: Activation, dtype: str, *, exhaustive: bool = False) -> Iterator[Question]:
    """Yield what there is to ask in a 16-bit format: f, f', f' from the output, and products with cotangents.

    Every input at the defaults, `STRIDE` apart with other parameters but where ``exhaustive``.
    """
    fmt, form = FORMATS[dtype], accuracy.form(activation)
    chosen = settings(activation, fmt)
    signs = _signs(activation, [Oracle(activation, setting, fmt) for setting in chosen])
    for index, setting in enumerate(chosen):
        every = index == 0 or exhaustive
        for function in FUNCTIONS:
            asked = _subject(activation, function, form, setting if index else None, fmt)
            if asked is None:
                continue
            points = _judged_of(asked, inputs(fmt)[:: 1 if every else STRIDE])
            truth = Truth(asked, points, fmt, index == 0)
            plain = Question(
                activation=activation.title,
                function=function,
                dtype=dtype,
                points=points,
                truths=truth.plain,
                parameters={name: float(value) for name, value in setting.items()},
                zero_sign=signs.get(function, 0),
                exhaustive=every,
                bound=BOUND,
                laws=asked.laws,
            )
            yield plain
            if function in PRODUCTS:
                g_bar = _cotangents(plain.truths.rounded, fmt)
                times = truth.times(g_bar)
                yield replace(plain, function=PRODUCTS[function], g_bar=g_bar, truths=times, zero_sign=0)


def _subject(
    activation: Activation,
    function: str,
    form: Form | None,
    setting: dict[str, Fraction] | None,
    fmt: Format,
) -> Subject | None:
    try:
        return subject(activation, function, form, setting, fmt)
    except NotSupported:  # no output form, or none for these parameters
        return None


def _signs(activation: Activation, oracles: Sequence[Oracle]) -> dict[str, int]:
    """Return the signs beside 0 of what passes through it, whatever the parameters."""
    found = {
        "forward": [sign_at_zero(oracle.forward) for oracle in oracles],
        "derivative": [sign_at_zero(oracle.derivative) for oracle in oracles],
    }
    return {function: signs[0] if len(set(signs)) == 1 else 0 for function, signs in found.items()}


@lru_cache(maxsize=2)
def inputs(fmt: Format) -> np.ndarray:
    """Return all values of a 16-bit format in order, -0.0 before 0.0, and one NaN at the end."""
    magnitudes = np.array([fmt.value(pattern) for pattern in range(fmt.pattern(math.inf) + 1)])
    return np.concatenate([-magnitudes[::-1], magnitudes, [math.nan]])


def _judged_of(asked: Subject, points: np.ndarray) -> np.ndarray:
    """Return the points at which there is a truth: outside a range there is none."""
    if not asked.smooth.free:
        return points
    inside = np.zeros(points.shape, bool)
    for low, high in asked.smooth.parts:  # an end that is no float lies between two of them
        inside |= (points >= _float(low, math.inf)) & (points <= _float(high, -math.inf))
    return points[inside]


def _float(end: Fraction | float, side: float) -> float:
    """Return the float nearest an end of a range, from within."""
    found = float(end)
    outside = found < end if side > 0 else found > end
    return math.nextafter(found, side) if outside else found


def _cotangents(slopes: np.ndarray, fmt: Format) -> np.ndarray:
    """Return a g_bar for each f': `cotangents`, on an array."""
    normal = (np.abs(slopes) >= fmt.smallest_normal) & (np.abs(slopes) <= fmt.largest)
    sizes = np.resize(cotangents([1.0] * SIZES, fmt), slopes.shape)
    return np.where(normal, sizes, np.resize(cotangents([0.0] * 2, fmt), slopes.shape))


@dataclass
class Truth:
    """The truth at points: by polynomials where ``sieved``, else, and where these fail, exact."""

    asked: Subject
    points: np.ndarray
    fmt: Format
    sieved: bool
    _exact: dict[int, Exact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._value = np.full(self.points.shape, math.nan)
        self._half = np.full(self.points.shape, math.inf)
        self._side = np.zeros(self.points.shape, np.int64)
        if self.sieved:
            self._sift()

    @property
    def plain(self) -> Truths:
        """The truth of the function itself."""
        value = self._value
        with np.errstate(invalid="ignore"):
            low, high = value - self._half, value + self._half
        towards = np.where(self._side > 0, math.inf, -math.inf)
        beside = np.nextafter(value, towards)  # strictly on one side of what may be half way
        value = np.where(self._side == 0, value, beside)
        low, high = np.where(self._side > 0, beside, low), np.where(self._side < 0, beside, high)
        return self._settled(value, low, high, np.ones_like(value))

    def times(self, g_bar: np.ndarray) -> Truths:
        """Return the truth of its product with cotangents."""
        with np.errstate(all="ignore"):
            value = self._value * g_bar
            short = (self._half == 0) & (self._value == self._value.astype(np.float32))  # then it is exact
            half = self._half * np.abs(g_bar) + np.where(short, 0.0, 4 * UNIT * np.abs(value) + TINY)
            low, high = value - half, value + half
        return self._settled(value, low, high, g_bar)

    def _settled(self, value: np.ndarray, low: np.ndarray, high: np.ndarray, g_bar: np.ndarray) -> Truths:
        """Return what bounds decide, and exact values, in arbitrary precision, for what they leave."""
        with np.errstate(all="ignore"):
            anchor, residual, ulp = _nearest(value, self.fmt)
            decided = _rounded(low, self.fmt)[0] == _rounded(high, self.fmt)[0]
        decided &= (np.abs(residual) < BOUND) | (low == high)
        nan = np.isnan(value) & (self._half == 0)
        residual[nan] = 0.0
        left = np.flatnonzero(~decided & ~nan).tolist()
        factors, missing = g_bar.tolist(), [i for i in left if i not in self._exact]
        found = self.asked.exact(self.points[missing].tolist())
        self._exact |= dict(zip(missing, found, strict=True))
        values = [product(self._exact[i], factors[i]) for i in left]
        truth = truths(values, self.fmt)
        near = np.flatnonzero(np.abs(np.abs(truth.residual) - BOUND) < NEAR_TIE).tolist()
        open_ones = []  # of neither side for certain: no ball can tell, nor is it a fraction
        if near:
            for k in near:
                fraction = self.asked.rational(float(self.points[left[k]]), self._exact[left[k]])
                if fraction is None:
                    open_ones.append(k)
                else:
                    values[k] = dyadic(fraction * Fraction(factors[left[k]]), values[k])
            truth = truths(values, self.fmt)
        rest = _halves(values, truth)
        rest[open_ones] = np.clip(rest[open_ones], UNIT - BOUND, BOUND - UNIT)
        anchor[left], residual[left], ulp[left] = truth.anchor, rest, truth.ulp
        known = np.ones(value.shape, bool)
        known[left] = truth.decided
        return Truths(anchor, residual, ulp, known, self.fmt)

    def _sift(self) -> None:
        patterns = self.points.astype(np.float32).view(np.uint32).astype(np.int64)
        order = np.argsort(patterns)
        pieces = _pieces(self.asked.smooth)
        starts = np.searchsorted(patterns[order], [piece.first for piece in pieces])
        ends = np.searchsorted(patterns[order], [piece.last + 1 for piece in pieces])
        for piece, start, end in zip(pieces, starts, ends, strict=True):
            if start < end:
                self._fill(piece, order[start:end])

    def _fill(self, piece: Piece, where: np.ndarray) -> None:
        """Evaluate a piece at the points that are its own."""
        z = self.points[where]
        if piece.kind == Kind.NAN:
            self._half[where] = 0.0
        elif piece.program is not None:
            value, half = piece.program(z)
            self._value[where], self._half[where] = value, half + 4 * UNIT * np.abs(value)
        elif piece.series is not None:
            series = piece.series
            x, value = (z - series.centre) * series.scale, np.zeros_like(z)
            for coefficient in reversed(series.coefficients):
                value = value * x + coefficient
            value = value / series.divisor if series.divisor else value
            self._value[where] = value
            self._half[where] = series.relative * np.abs(value) + series.absolute
            self._side[where] = series.side


@lru_cache(maxsize=len(FUNCTIONS))
def _pieces(smooth: Smooth) -> tuple[Piece, ...]:
    """Return pieces for all that a 16-bit format has but zeros, infinities and NaN."""
    found: list[Piece] = []
    near, far = BINARY32.pattern(NEAR), BINARY32.pattern(FAR)
    for sign in (0, 1 << 31):
        found += _near(smooth, sign | FIRST, sign | near - 1)
        found += _computed(smooth, sign | near, sign | far - 1)
        for piece in expand(smooth, sign | far, sign | LAST, LAST):
            unknown = piece.kind == Kind.UNKNOWN
            found += _computed(smooth, piece.first, piece.last) if unknown else [piece]
    return tuple(found)


def _near(smooth: Smooth, first: int, last: int) -> list[Piece]:
    """Return polynomials where the function has a series about 0, as a program may cancel; else a program."""
    tiny = first & 1 << 31 | BINARY32.pattern(TINIEST)
    least = expand(smooth, first, tiny, LAST)
    if any(piece.kind == Kind.UNKNOWN for piece in least):
        return _computed(smooth, first, last)
    return [*least, *expand(smooth, tiny + 1, last, FEWEST)]


def _computed(smooth: Smooth, first: int, last: int) -> list[Piece]:
    """Return one piece for a range, a program, where there is one; else polynomials."""
    program = run(smooth, first, last)
    if program is None:
        return expand(smooth, first, last, FEWEST)
    return [Piece(first, last, Kind.PROGRAM, program=program)]


def _nearest(value: np.ndarray, fmt: Format) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return anchors, residuals and exponents of ulp of binary64 values, as `Truths` has them."""
    anchor, ulp = _rounded(value, fmt)
    residual = np.where(np.isinf(anchor), 0.0, np.ldexp(value - anchor, -ulp))
    return anchor, residual, ulp.astype(np.int64)


def _rounded(value: np.ndarray, fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """Return anchors, and exponents of ulp, of binary64 values."""
    top = fmt.emax - fmt.precision + 1
    exponents = np.where(value == 0, fmt.lowest_exponent, np.frexp(value)[1] - fmt.precision)
    ulp = np.clip(exponents, fmt.lowest_exponent, top)
    anchor = np.ldexp(np.rint(np.ldexp(value, -ulp)), ulp)
    anchor = np.copysign(np.minimum(np.abs(anchor), fmt.largest), value)
    return np.where(np.abs(value) >= 2.0 ** (fmt.emax + 1), np.copysign(math.inf, value), anchor), ulp


def _halves(values: Sequence[Exact], truth: Truths) -> np.ndarray:
    """Return the residuals, those of exact ties alone 1/2: what is nearly half way is a little less."""
    found = truth.residual.copy()
    for i in np.flatnonzero(np.abs(found) == BOUND).tolist():
        exact, ulp = values[i], Fraction(2) ** int(truth.ulp[i])
        if isinstance(exact, tuple):
            rest = Fraction(exact[0]) * Fraction(2) ** exact[1] - Fraction(float(truth.anchor[i]))
            if abs(rest) != ulp / 2:
                found[i] *= 1 - UNIT
    return found
