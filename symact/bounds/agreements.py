"""Agreements: how far a program, computed exactly, is from the definition, over an interval.

Nothing that found the program has a part in it, no rule and no identity. Five ways:

- *the same*: the difference is 0 by algebra, of polynomials, rational functions and sines;
- *Taylor*: both are expanded at one point at high precision, the remainders enclosed over the interval;
  at 0, or beside a root, the errors are relative to the first power that does not vanish there;
  remainders are also taken from the derivative simplified, where that cancels less;
- *decayed*: the same of both sides divided by an exponential, which makes them nearly polynomials;
- *tail*: on a half-line both are the same scale times numbers that are nearly the same;
- *ends*: at one float both are enclosed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import arb, arb_poly

from symact.activations import Z
from symact.bounds.definitions import Part, ball, jet_of
from symact.bounds.ranges import Range, Unknown, above, below
from symact.enclosures.ball_functions import Undecided
from symact.enclosures.jets import Jet
from symact.enclosures.tails import Tails, towards
from symact.errors import NotSupported
from symact.forms import MAX_OPERATIONS, T, decaying
from symact.functions import plain

ORDER = 36
"""Of the expansions."""

PRECISIONS = (256, 1400)
"""Bits of the coefficients; a derivative that cancels takes the second."""

WIDE = 128
"""Bits over an interval."""

FIRST = 4
"""An expansion whose first coefficients all vanish is not relative to a power of the variable."""

BEGIN = 8
"""From here on a tail is tried."""

LARGE = 2.0**20
"""From here on SymPy is not asked for the value of a function at a float."""

SPACING = arb(2) ** -1074


@dataclass(frozen=True)
class Pair:
    """A program's exact function and the part of the definition that it is to be.

    The caller sets `flint.ctx.prec` to the last of `PRECISIONS`.
    """

    program: sp.Expr
    part: Part

    @property
    def same(self) -> bool:
        """Whether algebra tells that they are the same."""
        return _same(self.program, self.part.function)

    def taylor(self, low: float, high: float, centre: arb, *, zero: bool = False) -> arb:
        """Return a bound of the difference in ulp from ``low`` to ``high``, by expansions about ``centre``.

        With ``zero`` the centre is 0 or a root of the definition. Raises Unknown where there is no bound.
        """
        whole = ball(low).union(ball(high)).union(centre)
        distances = [abs(ball(end) - centre) for end in (low, high)]
        near = below(distances[0].min(distances[1])) if zero else arb(0)
        far = above(distances[0].max(distances[1]))
        mine = self._coefficients(0, whole, ORDER + 1, WIDE)
        true = self._truth_over(whole)
        remainder = _Remainder(abs(mine[ORDER]), abs(true[ORDER]), true[0])

        def judge(precision: int) -> arb:
            first, second = (self._coefficients(side, centre, ORDER, precision) for side in (0, 1))
            return _difference(first, second, remainder, near, far, zero=zero)

        return _least(judge)

    def _truth_over(self, whole: arb) -> list[arb]:
        """Return the truth's coefficients over an interval, simplified where that has the least remainder."""
        best = self.part.coefficients(whole, ORDER + 1, WIDE)
        if self.part.other is not None and (jet := jet_of(self.part.other, WIDE)) is not None:
            other = jet(whole, ORDER)
            if best is None or (other is not None and abs(other[ORDER]).upper() < abs(best[ORDER]).upper()):
                best = other
        if best is None:
            raise Unknown
        return best

    def decayed(self, low: float, high: float, centre: arb) -> arb:
        """Return the same as `taylor`, both sides divided by the exponential that they decay with.

        Remainders are those of what SymPy's algebra makes of them; the coefficients, those of the
        definition as it stands. Raises Unknown.
        """
        side = 1 if low > 0 else -1
        found = _decaying(self.program, self.part.function, side)
        if found is None:
            raise Unknown
        exponent, *rests = found
        near, far = sorted((abs(low), abs(high)))
        whole, middle = ball(near).union(ball(far)), abs(centre)
        wide = []
        for rest in rests:
            jet = _jet_in_t(rest, WIDE)
            coefficients = None if jet is None else jet(whole, ORDER)
            if coefficients is None:
                raise Unknown
            wide.append(coefficients)
        remainder = _Remainder(abs(wide[0][ORDER]), abs(wide[1][ORDER]), wide[1][0])
        reach = above((ball(far) - middle).max(middle - ball(near)))

        def judge(precision: int) -> arb:
            jet = _jet_in_t(sp.exp(-exponent), precision)
            factor = None if jet is None else jet(middle, ORDER)
            if factor is None:
                raise Unknown
            first, second = (
                _times(_mirrored(self._coefficients(k, centre, ORDER, precision), side), factor)
                for k in (0, 1)
            )
            return _difference(first, second, remainder, arb(0), reach, scaled=True)

        return _least(judge)

    def _coefficients(self, side: int, point: arb, count: int, precision: int) -> list[arb]:
        if side:
            found = self.part.coefficients(point, count, precision)
        else:
            jet = jet_of(self.program, precision)
            found = None if jet is None else jet(point, count - 1)
        if found is None:
            raise Unknown
        return found

    def tail(self, low: float, high: float) -> arb:
        """Return a bound of the difference in ulp from the end nearer to 0 outwards. Raises Unknown."""
        side = 1 if low > 0 else -1
        start = int(min(abs(low), abs(high)))
        if start < 2:
            raise Unknown
        tails = Tails(start)
        best: arb | None = None
        for expression in (self.part.function, self.part.other):
            if expression is not None:
                try:
                    found = _apart(tails, _outwards(self.program, side), _outwards(expression, side))
                except (Undecided, NotImplementedError, RecursionError):
                    continue
                best = found if best is None or found < best else best
        if best is None:
            raise Unknown
        return best

    def values(self, low: float, high: float, centre: arb) -> tuple[arb, arb]:
        """Return ends of what the program's exact values are: by the middle and the slope. Raises Unknown."""
        whole = ball(low).union(ball(high))
        (middle,) = self._coefficients(0, centre, 1, PRECISIONS[0])[:1]
        slope = self._coefficients(0, whole, 2, WIDE)[1]
        found = middle + slope * (whole - centre)
        return below(found), above(found)

    def point(self, at: float, computed: Range, value: arb | None) -> arb:
        """Return a bound of the difference in ulp at one float, where the program's value is ``computed``.

        ``value`` is the truth if no part tells it. 0 where the truth is infinite. Raises Unknown.
        """
        if value is None:
            found = value_at(self.part.function, at)
            if found.is_infinite:
                return arb(0)
            if found.is_Rational:
                value = ball(Fraction(int(found.p), int(found.q)))
            else:
                coefficients = self.part.coefficients(ball(at), 1, PRECISIONS[1])
                value = None if coefficients is None else coefficients[0]
        if value is None or not value.is_finite():
            raise Unknown
        difference = above(abs(computed.low - value).max(abs(computed.high - value)))
        return _in_ulps(difference, below(abs(value)))


def _apart(tails: Tails, mine: sp.Expr, true: sp.Expr) -> arb:
    """Return how many ulp two tails may be apart: relatively where they have one scale, else all they are."""
    first, second = tails.of(mine), tails.of(true)
    least = below(abs(second.ball))
    if first.ball != 0 and first.scale == second.scale and least > 0:
        return above(abs(first.ball - second.ball) / least * arb(2) ** 53)
    sizes = arb(0)
    for each in (first, second):
        if each.ball != 0:
            sizes += tails.magnitude(each)
    return above(sizes / SPACING)


LITTLE = arb(2) ** -12
"""A bound in ulp that no more precision needs to make smaller."""


def _least(judge: Callable[[int], arb]) -> arb:
    """Return the bound that the first precision gives that makes it small, or else the last one."""
    best: arb | None = None
    for precision in PRECISIONS:
        try:
            best = judge(precision)
        except Unknown:
            continue
        if best < LITTLE:
            break
    if best is None:
        raise Unknown
    return best


def _in_ulps(difference: arb, least: arb) -> arb:
    unit = (least * arb(2) ** -53).max(SPACING)
    return above(difference / unit)


@dataclass(frozen=True)
class _Remainder:
    """Bounds of the coefficients of t^n over an interval, of both; ``whole``: all values of the truth."""

    mine: arb
    true: arb
    whole: arb


def _difference(
    mine: list[arb],
    true: list[arb],
    remainder: _Remainder,
    near: arb,
    far: arb,
    *,
    zero: bool = False,
    scaled: bool = False,
) -> arb:
    """Return a bound in ulp of ``sum (mine_k - true_k) t^k + rest t^n`` for near <= abs(t) <= far.

    With ``zero`` both sides are divided by t^m, m the first power of the truth whose coefficient does not
    vanish. ``scaled`` values have no spacing of their own.
    """
    differences = [abs(a - b) for a, b in zip(mine, true, strict=False)][:ORDER]
    sizes = [abs(b) for b in true][:ORDER]
    first = 0
    if zero:
        vanishing = [not size > VANISHING for size in sizes[:FIRST]]
        first = vanishing.index(False) if False in vanishing else 0
    powers = [far ** (k - first) if k >= first else _inverse(near, first - k) for k in range(ORDER)]
    total = (remainder.mine + remainder.true) * far ** (ORDER - first)
    others = remainder.true * far ** (ORDER - first)
    for k in range(ORDER):
        if not differences[k].is_zero():
            total += differences[k] * powers[k]
        if k != first and not sizes[k].is_zero():
            others += sizes[k] * powers[k]
    if total.is_zero():
        return arb(0)
    least = below(sizes[first] - others)
    if first == 0 and abs(remainder.whole).lower() > least:
        least = abs(remainder.whole).lower()
    found = [above(total / least * arb(2) ** 53)] if least > 0 else []
    if not scaled:
        found.append(above(total * far**first / SPACING))
    if not found:
        raise Unknown
    return min(found, key=lambda x: (not x.is_finite(), float(x)))


def _mirrored(coefficients: list[arb], side: int) -> list[arb]:
    """Return the coefficients in t = side z."""
    return [side**k * c for k, c in enumerate(coefficients)] if side < 0 else coefficients


def _times(a: list[arb], b: list[arb]) -> list[arb]:
    product = (arb_poly(a[:ORDER]) * arb_poly(b[:ORDER])).coeffs()[:ORDER]
    return product + [arb(0)] * (ORDER - len(product))


@lru_cache(maxsize=64)
def _jet_in_t(expression: sp.Expr, precision: int) -> Jet | None:
    try:
        return Jet(expression, T, precision)
    except (NotSupported, ValueError, ZeroDivisionError):
        return None


@lru_cache(maxsize=64)
def _decaying(program: sp.Expr, function: sp.Expr, side: int) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """Return an exponent e, and both expressions in t = side z divided by exp(e)."""
    if max(map(sp.count_ops, (program, function))) > MAX_OPERATIONS:
        return None
    mine, true = (decaying(_in_t(e, side)) for e in (program, function))
    if true is None:
        return None
    if mine is None:
        mine = sp.S.Zero, _in_t(program, side)
    return true[0], mine[1] * sp.exp(mine[0] - true[0]), true[1]


def _in_t(expression: sp.Expr, side: int) -> sp.Expr:
    """Return an expression in `Z` as one in `T`."""
    return expression.subs(Z, side * T)


VANISHING = arb(2) ** -180
"""A coefficient of the truth that is not known to be above this counts as 0 at a root."""


def _inverse(near: arb, power: int) -> arb:
    if not near > 0:
        raise Unknown
    return (1 / near) ** power


@lru_cache(maxsize=256)
def _outwards(expression: sp.Expr, side: int) -> sp.Expr:
    return towards(plain(expression), Z, sp.oo * side, side)


@lru_cache(maxsize=256)
def _same(first: sp.Expr, second: sp.Expr) -> bool:
    if first == second:
        return True
    difference = first - second
    if difference.is_rational_function(Z):
        return bool(sp.cancel(sp.together(difference)) == 0)
    if difference.has(sp.sin, sp.cos):
        return bool(sp.trigsimp(sp.expand(difference)) == 0)
    return False


def sign(part: Part, at: float) -> int:
    """Return the sign of the definition at a float; 0 where it is not told."""
    found = part.coefficients(ball(at), 1, PRECISIONS[1])
    return 0 if found is None else 1 if found[0] > 0 else -1 if found[0] < 0 else 0


def zero(part: Part, at: float) -> bool:
    """Return whether the definition is exactly 0 at a float."""
    return bool(value_at(part.function, at) == 0)


def value_at(function: sp.Expr, at: float) -> sp.Expr:
    """Return the exact value of a function at a float, itself where the float is large."""
    if not abs(at) < LARGE:
        return function
    exact = Fraction(at)
    return function.subs(Z, sp.Rational(exact.numerator, exact.denominator))


def root(part: Part, low: Fraction, high: Fraction, bits: int = 600) -> arb | None:
    """Return a ball around the root between two neighbouring floats; None where it is not told."""
    rising = sign(part, float(high)) > 0
    a, b = ball(low), ball(high)
    for _ in range(bits):
        middle = ((a + b) / 2).mid()
        found = part.coefficients(middle, 1, PRECISIONS[1])
        if found is None:
            return None
        if not (found[0] > 0 or found[0] < 0):
            break
        if bool(found[0] > 0) == rising:
            b = middle
        else:
            a = middle
    return a.union(b)
