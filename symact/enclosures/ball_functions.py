"""The functions of definitions on balls and on power series over balls, and where they are defined."""

from collections.abc import Callable, Mapping
from typing import Any

from flint import arb, arb_series, ctx

from symact.arithmetics import integer_power


class Undefined(ArithmeticError):
    """There is no real value here, such as log(-1)."""


class AtPole(ArithmeticError):
    """The value, or the derivative, is exactly at the end of a function's domain: a limit may exist."""


class Undecided(ArithmeticError):
    """The precision in force does not tell; a higher one may."""


# Where a function is defined. A series needs the open domain: at its end there is no derivative.


def nonzero(x: arb, series: bool) -> None:
    """Let pass what is not 0; raise what is known of the rest."""
    if not (x > 0 or x < 0):
        raise AtPole if x.is_zero() else Undecided


def positive(x: arb, series: bool) -> None:
    """Let pass what is above 0; raise what is known of the rest."""
    if not x > 0:
        raise Undefined if x < 0 else AtPole if x.is_zero() else Undecided


def _at_least_0(x: arb, series: bool) -> None:
    if not x > 0 and (series or not x.is_zero()):
        raise Undefined if x < 0 else AtPole if x.is_zero() else Undecided


def _above_minus_1(x: arb, series: bool) -> None:
    positive(1 + x if not -0.5 < x < 0.5 else arb(1), series)


def _at_least_1(x: arb, series: bool) -> None:
    _at_least_0(x - 1, series)


def _within_1(x: arb, series: bool) -> None:
    _at_least_0(1 - abs(x), series)


def _inside_1(x: arb, series: bool) -> None:
    positive(1 - abs(x), series)


def _integrated(
    value: Callable[[arb], arb], slope: Callable[[arb], arb], slopes: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """Compose with a function of which FLINT has no power series: f(u) = f(u_0) + integral of f'(u) u'.

    ``slope`` and ``slopes`` are f' on balls and on series; two terms need the first alone.
    """

    def compose(u: arb_series) -> arb_series:
        if ctx.cap <= 2:
            return arb_series([value(u[0]), slope(u[0]) * u[1]])
        return arb_series([value(u[0])]) + (slopes(u) * u.derivative()).integral()

    return compose


def _sinh(u: arb_series) -> arb_series:
    found = (u.exp() - (-u).exp()) / 2
    return arb_series([u[0].sinh(), *found.coeffs()[1:]])  # the constant term would cancel near 0


def _cosh(u: arb_series) -> arb_series:
    return (u.exp() + (-u).exp()) / 2


def _sech_squared(u: arb_series) -> arb_series:
    return integer_power(_cosh(u), -2)


def _erfc(x: arb) -> arb:
    """Return erfc of a ball; FLINT's bound on how the radius propagates is too wide where erfc is tiny.

    With |t| <= r: erfc(m + t) = erfc(m) e^s for some |s| <= r (2 (m + r) + 2), because for x > 0
    -erfc'(x)/erfc(x) < x + sqrt(x^2 + 2) (DLMF 7.8.3).
    """
    if x < 8 or x.is_exact():
        return x.erfc()
    return arb(x.mid()).erfc() * arb(0, x.rad() * (2 * x.upper() + 2)).exp()


Row = tuple[Callable[[arb, bool], None] | None, Callable[[Any], Any], Callable[[Any], Any]]

FUNCTIONS: Mapping[str, Row] = {
    "exp": (None, arb.exp, arb_series.exp),
    "log": (positive, arb.log, arb_series.log),
    "log1p": (
        _above_minus_1,
        arb.log1p,
        _integrated(arb.log1p, lambda x: 1 / (1 + x), lambda x: 1 / (1 + x)),
    ),
    "sqrt": (_at_least_0, arb.sqrt, arb_series.sqrt),
    "sin": (None, arb.sin, arb_series.sin),
    "cos": (None, arb.cos, arb_series.cos),
    "tan": (None, arb.tan, arb_series.tan),
    "sinh": (None, arb.sinh, _integrated(arb.sinh, arb.cosh, _cosh)),
    "cosh": (None, arb.cosh, _integrated(arb.cosh, arb.sinh, _sinh)),
    "tanh": (None, arb.tanh, _integrated(arb.tanh, lambda x: integer_power(x.sech(), 2), _sech_squared)),
    "asin": (_within_1, arb.asin, arb_series.asin),
    "acos": (_within_1, arb.acos, arb_series.acos),
    "atan": (None, arb.atan, arb_series.atan),
    "asinh": (
        None,
        arb.asinh,
        _integrated(arb.asinh, lambda x: 1 / (1 + x * x).sqrt(), lambda x: 1 / (1 + x * x).sqrt()),
    ),
    "acosh": (
        _at_least_1,
        arb.acosh,
        _integrated(arb.acosh, lambda x: 1 / (x * x - 1).sqrt(), lambda x: 1 / (x * x - 1).sqrt()),
    ),
    "atanh": (
        _inside_1,
        arb.atanh,
        _integrated(arb.atanh, lambda x: 1 / (1 - x * x), lambda x: 1 / (1 - x * x)),
    ),
    "erf": (None, arb.erf, arb_series.erf),
    "erfc": (
        None,
        _erfc,
        _integrated(
            _erfc,
            lambda x: -2 / arb.pi().sqrt() * (-x * x).exp(),
            lambda x: -2 / arb.pi().sqrt() * (-x * x).exp(),
        ),
    ),
}
"""SymPy's class name -> where it is defined, the function on balls, the function on power series."""
