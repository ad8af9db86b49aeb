"""What a sweep judges: a function of an activation at its defaults: expression, oracle, laws."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import sympy as sp

from symact.accuracy import Form
from symact.accuracy.judgements import Question
from symact.accuracy.laws import Laws, laws
from symact.accuracy.questions import odd, settings, zero_sign
from symact.activations import Activation, G, Z
from symact.derivatives import differentiate
from symact.enclosures import rational
from symact.errors import NotSupported
from symact.formats import BINARY32, Format
from symact.oracles import Exact, Oracle, intervals, truths
from symact.sweeps.expansions import Smooth

FUNCTIONS = ("forward", "derivative", "derivative_from_output")
"""The functions of one variable that are swept."""

DEEP = Format("deep", "float32", precision=424, emin=-1200, emax=127, bits=0)
"""How well a truth must be known to tell on which side of a midpoint it lies: z/2 + z^2 at 2^-149."""

EVERYWHERE = ((-math.inf, math.inf),)


@dataclass(frozen=True)
class Subject:
    """A function of one float: ``smooth`` for the sieve, ``exact`` for what the sieve leaves."""

    activation: str
    function: str
    smooth: Smooth
    exact: Callable[[Sequence[float]], list[Exact]]
    laws: Laws
    zero_sign: int = 0
    exempt: frozenset[float] = frozenset()
    """Where any value will do."""

    def question(self, points: Sequence[float]) -> Question:
        """Return the truth at points, to be judged as `symact.accuracy` judges."""
        return Question(
            activation=self.activation,
            function=self.function,
            dtype="float32",
            points=np.array(points, np.float64),
            truths=truths(self.values(points), BINARY32),
            zero_sign=self.zero_sign,
            exhaustive=True,
        )

    def values(self, points: Sequence[float]) -> list[Exact]:
        """Return exact values: a tie that is exactly one no ball can tell, but rational arithmetic."""
        return [self._tied(z, value) for z, value in zip(points, self.exact(points), strict=True)]

    def _tied(self, z: float, value: Exact) -> Exact:
        found = self.rational(z, value)
        return value if found is None else dyadic(found, value)

    def rational(self, z: float, value: Exact) -> Fraction | None:
        """Return the value as a fraction where it is one: a check by what is known of it."""
        expression = self.smooth.other if self.smooth.order else self.smooth.expression
        if expression is None or not (isinstance(value, tuple) and value[0] and math.isfinite(z)):
            return None
        found = rational(expression, {self.smooth.variable: Fraction(z)})
        if found is None:  # then the value may be exp(-2^127)
            return None
        near = Fraction(value[0]) * Fraction(2) ** value[1]
        return found if abs(found - near) <= abs(near) / 2**400 else None

    def judged(self, z: float) -> bool:
        """Return whether there is a truth at a float: outside a range there is none."""
        return z not in self.exempt and (
            not self.smooth.free or any(a <= z <= b for a, b in self.smooth.parts)
        )


def dyadic(number: Fraction, otherwise: Exact) -> Exact:
    """Return a fraction as an exact value where it is one.

    >>> dyadic(Fraction(3, 4), None), dyadic(Fraction(1, 3), None)
    ((3, -2), None)
    """
    if number.denominator & (number.denominator - 1):
        return otherwise
    return number.numerator, 1 - number.denominator.bit_length()


def subject(
    activation: Activation,
    function: str,
    form: Form | None = None,
    parameters: Mapping[str, Fraction] | None = None,
    fmt: Format = BINARY32,
) -> Subject:
    """Return a function of an activation at its default parameters, but for those given, as float32 has them.

    It obeys the laws of values of ``fmt``.

    Raises NotSupported for a function of more than one variable, or without an output form.
    """
    oracle = Oracle(activation, {**settings(activation, BINARY32)[0], **(parameters or {})}, DEEP)
    numbers = {s: sp.Rational(v.numerator, v.denominator) for s, v in oracle.values.items()}
    kinks = {float(at) for at in oracle.kinks if BINARY32.round(at) == at}
    if function in ("forward", "derivative"):
        parts = tuple(intervals(activation.domain, oracle.values))
        order = 0 if function == "forward" else 1
        expression = activation.expression.subs(numbers)
        other = differentiate(activation).simplified.subs(numbers) if order else None
        smooth = Smooth(expression, Z, parts, order, alone=frozenset(kinks | _ends(parts)), other=other)
        obeyed = laws(activation, oracle.values, fmt, at_defaults=not parameters)[order]
        exact = oracle.derivative_many if order else oracle.forward_many
        sign = zero_sign(oracle) if order == 0 and odd(activation) else 0
        return Subject(activation.title, function, smooth, exact, obeyed, sign)
    if function != "derivative_from_output":
        raise NotSupported(f"{function}: not a function of one float; swept are {', '.join(FUNCTIONS)}")
    if form is None or form.condition.subs(numbers) != sp.true:
        raise NotSupported(f"{activation.title}: no output form at the default parameters")
    parts = EVERYWHERE if activation.range is None else tuple(intervals(activation.range, oracle.values))
    expression = form.expression.subs(numbers)
    smooth = Smooth(expression, G, parts, free=True, alone=frozenset(_ends(parts)))
    exact_form = replace(oracle.output_form(form.expression, G), domain=activation.range or sp.S.Reals)
    return Subject(activation.title, function, smooth, exact_form.many, Laws())


def _ends(parts: Sequence[tuple[object, object]]) -> set[float]:
    found = {float(end) for ends in parts for end in ends}  # type: ignore[arg-type]
    return {end for end in found if math.isfinite(end) and BINARY32.round(end) == end}
