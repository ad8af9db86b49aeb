"""Fact: a value, how it is known, and for which parameters; numbers exact or enclosed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp
from flint import arb, ctx

from symact.arithmetics import constant, fraction
from symact.simplification import neat
from symact.writing import text

PRECISION = 128
"""Bits of the ball arithmetic of properties."""

DIGITS = 20
"""Significant digits of an enclosure's ends, which are rounded outwards."""


MAX_OPERATIONS = 60
"""SymPy is not asked whether a larger expression is 0: it has no bound on its time."""


@dataclass(frozen=True, eq=False)
class Enclosure:
    """A real number that is known to lie in a ball."""

    ball: arb

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the ball by its exact ends: python-flint's own objects cannot be sent to another process."""
        return _enclosure, tuple(
            tuple(map(int, part.man_exp())) for part in (self.ball.mid(), self.ball.rad())
        )

    @property
    def lower(self) -> Fraction:
        """A decimal of 20 significant digits that is not above the number."""
        return _decimal(_end(self.ball, -1), up=False)

    @property
    def upper(self) -> Fraction:
        """A decimal of 20 significant digits that is not below the number."""
        return _decimal(_end(self.ball, 1), up=True)

    def to_json(self) -> dict[str, str]:
        """Return the ends as decimals.

        >>> Enclosure(arb(1) / 4).to_json()
        {'lower': '0.25', 'upper': '0.25'}
        """
        return {"lower": written(self.lower), "upper": written(self.upper)}


def _enclosure(middle: tuple[int, int], radius: tuple[int, int]) -> Enclosure:
    return Enclosure(arb(arb(middle), arb(radius)))


Number: TypeAlias = sp.Expr | Enclosure
"""Exact, or enclosed."""


@dataclass(frozen=True)
class Fact:
    """What is known, and how: ``value`` None is "not proven", never "no".

    ``where`` says for which parameters it holds.
    """

    value: Any
    method: str
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fact as JSON: expressions as text, enclosures by their ends.

        >>> Fact(sp.Rational(1, 4), "f' is largest at 0", "all z").to_json()
        {'value': '1/4', 'method': "f' is largest at 0", 'where': 'all z'}
        """
        return {"value": as_json(self.value), "method": self.method, "where": self.where}


def not_proven(where: str, why: str = "") -> Fact:
    """Return a fact that nothing is proven of, and why."""
    return Fact(None, f"not proven: {why}" if why else "not proven", where)


def as_json(value: Any) -> Any:
    """Return a value of a fact as JSON has it."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, sp.Basic):
        return None if value is sp.nan else text(value)
    if isinstance(value, Mapping):
        return {key: as_json(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [as_json(part) for part in value]
    return value.to_json()


@contextmanager
def working_precision() -> Iterator[None]:
    """Do ball arithmetic with `PRECISION` bits inside, and leave what was in force outside."""
    before, ctx.prec = ctx.prec, PRECISION
    try:
        yield
    finally:
        ctx.prec = before


def ball(number: Number) -> arb:
    """Return a ball that holds a number; oo and -oo are themselves."""
    if isinstance(number, Enclosure):
        return number.ball
    if number.is_infinite:
        return arb.pos_inf() if number == sp.oo else arb.neg_inf()
    with working_precision():
        return constant(number)


def vanishes(value: sp.Expr) -> bool:
    """Return whether a number is certainly 0: a ball disproves it, algebra proves it.

    >>> vanishes(sp.sqrt(8) - 2*sp.sqrt(2)), vanishes(sp.exp(-100))
    (True, False)
    """
    if value.has(sp.nan, sp.zoo, sp.oo, sp.I) or value == 0:
        return bool(value == 0)
    if not ball(value).contains(arb(0)):
        return False
    if sp.count_ops(value) > MAX_OPERATIONS:
        return False
    return bool(neat(value) == 0 or sp.simplify(value) == 0)


def written(value: Fraction) -> str:
    """Return a decimal fraction as a decimal.

    >>> written(Fraction(-1, 8)), written(Fraction(3, 10**30)), written(Fraction(12345 * 10**30))
    ('-0.125', '3e-30', '1.2345e+34')
    """
    if value == 0:
        return "0"
    exponent = _exponent(abs(value))
    if -6 <= exponent <= DIGITS:
        places = max(0, DIGITS - 1 - exponent)
        digits = str(int(abs(value) * 10**places)).rjust(places + 1, "0")
        whole, part = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
        return ("-" if value < 0 else "") + whole + ("." + part if part else "")
    digits = str(int(abs(value) * Fraction(10) ** (DIGITS - 1 - exponent)))
    part = digits[1:].rstrip("0")
    return ("-" if value < 0 else "") + digits[0] + ("." + part if part else "") + f"e{exponent:+d}"


def _exponent(value: Fraction) -> int:
    """Return the exponent of ten of a positive number's first digit."""
    exponent = len(str(value.numerator)) - len(str(value.denominator))
    return exponent - 1 if Fraction(10) ** exponent > value else exponent


def _decimal(value: Fraction, *, up: bool) -> Fraction:
    """Round to `DIGITS` significant digits, up or down."""
    if value == 0:
        return value
    unit = Fraction(10) ** (_exponent(abs(value)) - DIGITS + 1)
    steps = value / unit
    return (-(-steps.numerator // steps.denominator) if up else steps.numerator // steps.denominator) * unit


def _end(ball: arb, side: int) -> Fraction:
    """Return the middle of a ball plus or minus its radius."""
    middle, radius = (fraction(arb(part)) for part in (ball.mid(), ball.rad()))
    return middle + side * radius
