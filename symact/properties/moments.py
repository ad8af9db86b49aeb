"""E[f], E[f**2], E[f'**2] for z with the normal distribution N(0, 1), and the gains of initialisation.

On [-12, 12], piece by piece, by rigorous quadrature. Beyond, abs(h) phi <= c s(x) with a scale s for
which x**2 s(x) decreases: the integral from R on is at most c R s(R).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from flint import acb, arb

from symact.activations import Z
from symact.asymptotics import enclosed_towards
from symact.enclosures import Undecided
from symact.enclosures.integrals import analytic, integral
from symact.enclosures.tails import ONE, Scale, Tails, multiply, towards
from symact.errors import NotSupported
from symact.growth import X
from symact.pieces import Piece
from symact.properties.facts import Enclosure, Fact, ball, not_proven, working_precision
from symact.properties.lines import Line

REACH = 12
"""phi(12) is 2e-32."""

BITS = 90
"""Goal of the quadrature."""

NEAR = (64, 1024)
"""Next to a singular end at a, z = a + 1/x: the quadrature ends at x = one of these."""


DENSITY = sp.exp(-(Z**2) / 2) / sp.sqrt(2 * sp.pi)
"""phi, that of N(0, 1)."""


@dataclass(frozen=True)
class _Integrand:
    """h(z)**power as pieces."""

    pieces: Sequence[Piece]
    power: int


def moments(line: Line) -> dict[str, Fact]:
    """Return the moments of f and f' under N(0, 1) as facts; their values None where they are not proven.

    *Gains.* Weights of variance gain**2/n keep the second moment of the forward pass where
    gain = 1/sqrt(E[f**2]), that of the backward pass where gain = 1/sqrt(E[f'**2]); both are sqrt(2)
    for max(z, 0).

    *Source*: He, Zhang, Ren and Sun (2015), arXiv:1502.01852, equations 10 and 14, for max(z, 0), whose
    two conditions these are for any f; Klambauer, Unterthiner, Mayr and Hochreiter (2017),
    arXiv:1706.02515, for a fixed point with E[f] = 0 and E[f**2] = 1.
    """
    everywhere = line.pieces[0].lower == -sp.oo and line.pieces[-1].upper == sp.oo
    found: dict[str, Fact] = {}
    for name, pieces, power in (
        ("mean", line.pieces, 1),
        ("second_moment", line.pieces, 2),
        ("derivative_second_moment", line.slopes, 2),
    ):
        found[name] = (
            _moment(_Integrand(pieces, power), line)
            if everywhere
            else Fact(None, "f is not defined on the whole line", line.where)
        )
    for name, of, formula in (
        ("gain_forward", "second_moment", "1/sqrt(E[f**2])"),
        ("gain_backward", "derivative_second_moment", "1/sqrt(E[f'**2])"),
    ):
        found[name] = _gain(found[of], formula, line)
    return found


def _gain(moment: Fact, formula: str, line: Line) -> Fact:
    source = f"{formula}, after He et al. (2015), arXiv:1502.01852"
    if not isinstance(moment.value, Enclosure):
        return Fact(None, f"{source}: {moment.method}", line.where)
    if moment.value.ball == 0:
        return Fact(sp.oo, f"{source}: the moment is 0", line.where)
    with working_precision():
        value = moment.value.ball.rsqrt()
    return Fact(Enclosure(value) if value.is_finite() else None, source, line.where)


def _moment(integrand: _Integrand, line: Line) -> Fact:
    method = (
        f"rigorous quadrature of balls on [-{REACH}, {REACH}] piece by piece; "
        "beyond, a bound by leading terms"
    )
    try:
        with working_precision():
            total = arb(0)
            for piece, original in zip(integrand.pieces, line.pieces, strict=True):
                total += _over(piece, original, integrand.power)
    except _Divergent as divergent:
        return Fact(None, f"the integral diverges: {divergent}", line.where)
    except (Undecided, NotSupported) as obstacle:
        return not_proven(line.where, str(obstacle) or "no bound beyond the quadrature")
    return Fact(Enclosure(total), method, line.where)


class _Divergent(Exception):
    """Where the integral is infinite, or two infinite parts have no sum."""


def _over(piece: Piece, original: Piece, power: int) -> arb:
    """Return the integral of h**power phi over one piece."""
    if piece.expression.is_zero:
        return arb(0)
    total, limits = arb(0), []
    for end, side in ((piece.lower, -1), (piece.upper, 1)):
        other = piece.lower if side > 0 else piece.upper
        if end.is_infinite:
            start = REACH if other.is_infinite else max(REACH, int(sp.ceiling(side * other)) + 2)
            limits.append(sp.Integer(side * start))
            total += _remainder(piece.expression, power, original.expression, end, side, start)
        elif _regular(piece.expression, end):
            limits.append(end)
        else:
            start = next(n for n in NEAR if other.is_infinite or n * abs(end - other) > 4)
            limits.append(end - sp.Rational(side, start))
            total += _remainder(piece.expression, power, original.expression, end, side, start)
    lower, upper = limits
    function = analytic(piece.expression, Z)
    scale = 1 / (2 * arb.pi()).sqrt()

    def run(z: acb, flag: bool) -> acb:
        value = function(z, flag)
        return (value if power == 1 else value * value) * (-(z * z) / 2).exp() * scale

    return total + integral(run, ball(lower), ball(upper), BITS)


def _regular(expression: sp.Expr, end: sp.Expr) -> bool:
    value = expression.subs(Z, end)
    if value.is_finite is not True:
        return False
    slope = sp.diff(expression, Z).subs(Z, end)
    return bool(slope.is_finite)


def _remainder(h: sp.Expr, power: int, defined: sp.Expr, end: sp.Expr, side: int, start: int) -> arb:
    """Return a ball around 0 that holds the integral of h**power phi beyond the start.

    At a finite end dz is dx/x**2.
    """
    tails = Tails(start)
    enclosed_towards(tails, defined, Z, end, side)
    weight = towards(DENSITY, Z, end, side)
    factor = enclosed_towards(tails, h, Z, end, side)
    tail = reduce(multiply, [factor] * power, tails.of(weight if end.is_infinite else weight / X**2))
    slower = tail.scale.times(Scale(power=sp.Integer(2)))
    if slower == ONE or tails.decreasing(slower):
        bound = arb(abs(tail.ball).upper()) * arb(tails.at_start(tail.scale).upper()) * start
        if not bound.is_finite():
            raise Undecided
        return arb(0, bound)
    slow = tail.scale.exponent == 0 and (tail.scale.power, tail.scale.logs) >= (-1, -1)
    if tail.sign and (slow or tail.scale.order() >= 0):
        raise _Divergent(f"towards {'+-'[side < 0]}oo" if end.is_infinite else f"at z = {end}")
    raise Undecided
