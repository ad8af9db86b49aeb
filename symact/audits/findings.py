"""audit: errors point by point as intervals a person can read; kinks; where a monotone function is not."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from symact.accuracy.judgements import Errors, Question, Result, errors, verdict
from symact.accuracy.laws import Laws, laws
from symact.accuracy.points import inputs
from symact.accuracy.questions import odd, settings, zero_sign
from symact.activations import Activation
from symact.audits.calls import Call
from symact.catalogue.frameworks import PROFILES
from symact.derivatives import FoundKink, differentiate
from symact.enclosures import rational
from symact.errors import NotSupported, SymactError, UnknownName
from symact.formats import FORMATS, Format
from symact.oracles import Exact, Number, Oracle, truths
from symact.profiles import POLICIES
from symact.sweeps import judge_all, subject, swept
from symact.writing import text

BOUND = 4.0
"""The error in ulp from which on somebody else's value counts as wrong, unless told otherwise."""

DTYPES = ("float16", "float32", "float64")

GAP = 3
"""Right values in a row that end an interval of wrong ones."""

LANES = 64
"""One input is asked for as so many equal ones: in whole vectors, which may be computed in another way."""

STRIDE, NEIGHBOURS = 357_967, 3
"""A step through binary32's bit patterns, a prime, and floats beside what may be an edge of something: more
than of our own code, of which more is known."""

RUNS, RUN = 512, 128
"""Runs of adjacent floats, and their length, on which a monotone function is watched."""


Progress = Callable[[int, int], None]
"""Called with how many parts of all inputs are judged, and how many there are."""

RIGHT, OFF = "right", "off"
"""Kinds of values; wrong ones are also named by what they are: 0, NaN, inf."""


@dataclass(frozen=True)
class Interval:
    """Inputs from ``first`` to ``last`` with wrong values of one kind, and the worst of them."""

    kind: str
    first: float
    last: float
    at: float
    got: float
    want: float
    ulp: float

    def __str__(self) -> str:
        alone = self.first == self.last
        where = f"at z = {self.first:.9g}" if alone else f"for z in [{self.first:.9g}, {self.last:.9g}]"
        if self.kind == OFF:
            what = f"{self.got:.9g} instead of {self.want:.9g}"
            worst = what if alone else f"{what} at z = {self.at:.9g}"
            return f"{self.ulp:.3g} ulp off {where}: {worst}"
        return f"{_number(self.got)} instead of {'' if alone else 'up to '}{_number(self.want)} {where}"

    def to_json(self) -> dict[str, Any]:
        """Return the interval's object in ``symact audit --json``."""
        numbers = {name: _json(getattr(self, name)) for name in ("first", "last", "at", "got", "want", "ulp")}
        return {"text": str(self), "kind": self.kind, **numbers}


@dataclass(frozen=True)
class SeenKink:
    """What a derivative returns at a kink, and which policies give that; ``inside``: it is a subgradient."""

    at: str
    got: float
    left: str
    right: str
    policies: tuple[str, ...]
    inside: bool

    def to_json(self) -> dict[str, Any]:
        """Return the kink's object in ``symact audit --json``."""
        return {**self.__dict__, "got": _json(self.got), "policies": list(self.policies)}


@dataclass(frozen=True)
class Audit:
    """What was found of one function: the verdict, and all that helps to mend it."""

    result: Result
    beyond: int
    """Points with an error beyond the bound, or NaN or infinity out of place."""
    intervals: tuple[Interval, ...]
    kinks: tuple[SeenKink, ...]
    profiles: tuple[str, ...]
    """Frameworks whose kinks are like these."""
    swallowed_nan: bool
    disorder: str
    """Adjacent floats whose values are out of order though f is monotone; empty where none are seen."""
    repair: str
    points: np.ndarray = field(repr=False, compare=False)
    ulp: np.ndarray = field(repr=False, compare=False)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong: errors within the bound, NaN kept, subgradients at kinks, monotone."""
        return self.result.holds and not self.disorder and all(kink.inside for kink in self.kinks)

    def to_json(self) -> dict[str, Any]:
        """Return one of the results that ``symact audit --json`` prints: that of verify, and the findings."""
        return self.result.to_json() | {
            "beyond": self.beyond,
            "intervals": [interval.to_json() for interval in self.intervals],
            "swallowed_nan": self.swallowed_nan,
            "kinks": [kink.to_json() for kink in self.kinks],
            "profiles": list(self.profiles),
            "disorder": self.disorder,
            "repair": self.repair,
            "holds": self.holds,
        }


def audit(
    call: Call,
    against: Activation,
    *,
    name: str = "function",
    derivative: bool = False,
    dtype: str = "float32",
    parameters: Mapping[str, Number] | None = None,
    exhaustive: bool = False,
    bound: float = BOUND,
    progress: Progress = lambda done, total: None,
) -> Audit:
    """Return what is wrong with a function that is meant to be an activation, or its derivative.

    The truth is the activation's definition in arbitrary precision; an error is in ulp of ``dtype``, final
    rounding included. float32 is judged at an odd stride of all bit patterns and wherever something changes.

    Raises UnknownName for a dtype or a parameter that does not exist, NotSupported for 2^32 inputs.
    """
    if dtype not in DTYPES:
        raise UnknownName(f"{dtype}: no dtype of arrays; there are {', '.join(DTYPES)}")
    if exhaustive and FORMATS[dtype].bits > 32:
        raise NotSupported(f"{dtype}: nobody can try all its inputs; leave out --exhaustive")
    known = [parameter.name for parameter in against.parameters]
    for given in parameters or {}:
        if given not in known:
            raise UnknownName(
                f"{against.title}: no parameter {given}; there are {', '.join(known) or 'none'}"
            )
    auditor = _Auditor(call, against, name, derivative, dtype, dict(parameters or {}), bound)
    found = auditor.run()
    if not exhaustive:
        return found
    if FORMATS[dtype].bits == 16:  # they are all asked anyway
        return replace(found, result=replace(found.result, exhaustive=True))
    return auditor.on_all_inputs(found, progress)


def float_kinks(oracle: Oracle) -> dict[float, FoundKink]:
    """Return the kinks that are floats; what a derivative is there is a convention, not right or wrong."""
    places = [(rational(k.at, oracle.values), k) for k in differentiate(oracle.activation).kinks]
    return {float(at): kink for at, kink in places if at is not None and Fraction(float(at)) == at}


def question(oracle: Oracle, dtype: str, derivative: bool, points: Sequence[float] | None = None) -> Question:
    """Return what somebody else's f, or f', is asked, with the truth: at points, or wherever it matters."""
    fmt = FORMATS[dtype]
    if points is None:
        exempt = float_kinks(oracle) if derivative else {}
        chosen = inputs(oracle, fmt, (), thorough=True, stride=STRIDE, near=NEIGHBOURS)
        points = [z for z in chosen if z not in exempt]
    values: list[Exact] = oracle.derivative_many(points) if derivative else oracle.forward_many(points)
    return Question(
        activation=oracle.activation.title,
        function="derivative" if derivative else "forward",
        dtype=dtype,
        points=np.array(points),
        truths=truths(values, fmt),
    )


@dataclass
class _Auditor:
    call: Call
    activation: Activation
    name: str
    derivative: bool
    dtype: str
    parameters: dict[str, Number]
    bound: float

    def run(self) -> Audit:
        question = self._question()
        if not self.derivative and odd(self.activation):
            question = replace(question, zero_sign=zero_sign(self._oracle))
        answer = self._asked(question.points)
        found = errors(question, answer, self.name)
        result = verdict(question, found, self.name).lawful(
            self._laws.broken(self._asked, question.points, found.got)
        )
        kinds, kinks = self._kinds(found), tuple(self._kinks())
        return Audit(
            result=result,
            beyond=int((kinds != RIGHT).sum()),
            intervals=tuple(self._intervals(question, found, kinds)),
            kinks=kinks,
            profiles=tuple(self._profiles(kinks)),
            swallowed_nan=bool((np.isnan(question.points) & ~np.isnan(found.got)).any()),
            disorder=self._disorder(),
            repair=self._repair(),
            points=question.points,
            ulp=np.where(found.wrong_nan | found.wrong_inf, np.inf, found.ulp),
        )

    def on_all_inputs(self, found: Audit, progress: Progress) -> Audit:
        """Return the findings with counts and the worst error of all 2^32 inputs instead of a sample's."""
        given = {key: Fraction(self._fmt.round(Fraction(value))) for key, value in self.parameters.items()}
        function = "derivative" if self.derivative else "forward"
        asked = subject(self.activation, function, parameters=given)
        if self.derivative:
            asked = replace(asked, exempt=frozenset(self._at_kinks))
        tally = judge_all(asked, self._asked, self.bound, progress)
        return replace(found, result=swept(found.result, tally), beyond=tally.beyond)

    @cached_property
    def _fmt(self) -> Format:
        return FORMATS[self.dtype]

    @cached_property
    def _oracle(self) -> Oracle:
        given = {key: Fraction(self._fmt.round(Fraction(value))) for key, value in self.parameters.items()}
        return Oracle(self.activation, {**settings(self.activation, self._fmt)[0], **given}, self._fmt)

    @cached_property
    def _laws(self) -> Laws:
        both = laws(self.activation, self._oracle.values, self._fmt, at_defaults=not self.parameters)
        return both[self.derivative]

    @cached_property
    def _setting(self) -> dict[sp.Symbol, sp.Rational]:
        """The parameters' values, exact."""
        return {s: sp.Rational(v.numerator, v.denominator) for s, v in self._oracle.values.items()}

    @cached_property
    def _at_kinks(self) -> dict[float, FoundKink]:
        """The kinks that are floats; what is returned there is a convention, not right or wrong."""
        return float_kinks(self._oracle)

    def _question(self, points: Sequence[float] | None = None) -> Question:
        given = {key: float(value) for key, value in self.parameters.items()}
        found = question(self._oracle, self.dtype, self.derivative, points)
        return replace(found, parameters=given, bound=self.bound)

    def _asked(self, points: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                answer = np.asarray(self.call(points.astype(self.dtype)))
            except SymactError:
                raise
            except Exception as error:  # whatever somebody else's function raises
                what = f"raises {type(error).__name__} for {points.size} values of {self.dtype}"
                raise NotSupported(f"{self.name}: {what}: {error}") from error
        if answer.dtype != np.dtype(self.dtype) or answer.shape != points.shape:
            raise NotSupported(
                f"{self.name}: returns {answer.dtype} of shape {answer.shape} for {self.dtype} of shape "
                f"{points.shape}; it must keep both"
            )
        return answer

    # --- intervals ---

    def _intervals(self, question: Question, found: Errors, kinds: np.ndarray) -> Iterator[Interval]:
        """Yield runs of wrong values of one kind, their ends found to the float by bisection."""
        z, rounded = question.points, question.truths.rounded
        for run in _runs(kinds[~np.isnan(z)]):
            kind, first, last = kinds[run[0]], run[0], run[-1]
            inside = np.array(run)
            size = found.ulp[inside] if kind == OFF else np.nan_to_num(np.abs(rounded[inside]))
            worst = inside[int(np.argmax(size))]
            yield Interval(
                kind=str(kind),
                first=self._edge(kind, float(z[first]), float(z[first - 1])) if first else float(z[0]),
                last=self._edge(kind, float(z[last]), float(z[min(last + 1, z.size - 1)])),
                at=float(z[worst]),
                got=float(found.got[worst]),
                want=float(rounded[worst]),
                ulp=float(found.ulp[worst]) if kind == OFF else math.inf,
            )

    def _kinds(self, found: Errors) -> np.ndarray:
        """Return of what kind each value is."""
        bad = (found.ulp > self.bound) | found.wrong_nan | found.wrong_inf
        named = [np.isnan(found.got), np.isinf(found.got), found.got == 0]
        return np.select([~bad, *named], [RIGHT, "NaN", "inf", "0"], OFF)

    def _edge(self, kind: str, wrong: float, other: float) -> float:
        """Return the last float with a value of a kind on the way from one to a float that has another."""
        if math.isnan(other):
            return wrong
        a, b = self._fmt.index(wrong), self._fmt.index(other)
        while abs(a - b) > 1:
            middle = (a + b) // 2
            if self._kind(self._fmt.at_index(middle)) == kind:
                a = middle
            else:
                b = middle
        return self._fmt.at_index(a)

    def _kind(self, z: float) -> str:
        if self.derivative and z in self._at_kinks:
            return RIGHT
        answer = self._asked(np.full(LANES, z))[:1]
        return str(self._kinds(errors(self._question([z]), answer, self.name))[0])

    # --- kinks ---

    def _kinks(self) -> Iterator[SeenKink]:
        if not self.derivative:
            return
        for at, kink in self._at_kinks.items():
            got = float(self._asked(np.full(LANES, at))[0])
            left, right, convention = (
                side.subs(self._setting) for side in (kink.left, kink.right, kink.convention)
            )
            policies = tuple(
                name for name, policy in POLICIES.items() if self._like(got, policy(left, right, convention))
            )
            ends = [float(left), float(right)]
            slack = 4 * float(self._fmt.ulp(max(map(abs, ends)))) if all(map(math.isfinite, ends)) else 0.0
            inside = min(ends) - slack <= got <= max(ends) + slack
            yield SeenKink(text(kink.at), got, text(kink.left), text(kink.right), policies, inside)

    def _like(self, got: float, value: Any) -> bool:
        if value.is_finite is False or not value.is_number:
            return False
        want = float(value)
        return abs(got - want) <= 2 * float(self._fmt.ulp(want)) if want else got == 0

    def _profiles(self, kinks: Sequence[SeenKink]) -> Iterator[str]:
        """Yield the frameworks whose derivative is like this at every kink."""
        if not kinks:
            return
        for name, profile in PROFILES.items():
            wanted = profile.policies(str(self.activation.name), len(kinks))
            if wanted and all(w in kink.policies for w, kink in zip(wanted, kinks, strict=True)):
                yield name

    # --- order ---

    def _disorder(self) -> str:
        """Return adjacent floats whose values are out of order though f is monotone, if any are seen."""
        sign = self._laws.direction
        if sign == 0:
            return ""
        generator = np.random.default_rng(RUNS)
        lowest, highest = (self._fmt.index(side * self._fmt.largest) for side in (-1, 1))
        near = [self._fmt.index(z) for z in np.linspace(-20, 20, RUNS // 2).astype(self.dtype).tolist()]
        starts = [*near, *map(int, generator.integers(lowest, highest - RUN, RUNS // 2))]
        runs = np.array([[self._fmt.at_index(start + k) for k in range(RUN)] for start in starts])
        values = self._asked(runs.reshape(-1)).astype(np.float64).reshape(runs.shape)
        with np.errstate(invalid="ignore"):
            drops = np.argwhere(sign * np.diff(values, axis=1) < 0)
        if not len(drops):
            return ""
        i, j = drops[0]
        pair = f"{values[i, j]:.9g} at z = {runs[i, j]:.9g}, {values[i, j + 1]:.9g} at {runs[i, j + 1]:.9g}"
        return f"{pair}; {len(drops)} of {len(starts) * (RUN - 1)} adjacent pairs seen"

    def _repair(self) -> str:
        name = self.activation.name
        if name is None:
            return "symact init, and the formula in symact.toml: symact generate writes it for NumPy and C"
        suffix = "_derivative" if self.derivative else ""
        real = {"float32": "_f32", "float64": "_f64"}.get(self.dtype)
        c = f" or {'symact_' + name + suffix + real} (C)" if real else ""
        return f"symact_numpy.{name}{suffix} (NumPy){c}; symact verify {name} says how exact"


def _runs(kinds: np.ndarray) -> Iterator[list[int]]:
    """Yield the places of wrong values of one kind; a few right ones between do not part them.

    >>> list(_runs(np.array(["0", "right", "0", "NaN", "right", "right", "right", "right", "NaN"])))
    [[0, 2], [3], [8]]
    """
    run: list[int] = []
    for index in np.flatnonzero(kinds != RIGHT).tolist():
        if run and (kinds[index] != kinds[run[0]] or index - run[-1] > GAP):
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.6g}"


def _json(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)
