"""The judge: reference values of arbitrary precision, from the definition and from nothing that was derived.

The value of an activation is its defining expression in ball arithmetic (python-flint), at whatever
precision it takes; its derivative is the linear coefficient of the same expression at ``z + x`` in
truncated power series, which shares no rule with `symact.derivatives`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
import sympy as sp
from flint import arb, arb_series, ctx, fmpq

from symact.activations import Activation, Z
from symact.arithmetics import fraction
from symact.enclosures import AtPole, Builder, Node, Point, Undecided, Undefined, rational
from symact.errors import NotSupported
from symact.formats import BINARY64, Format
from symact.functions import plain

LOWEST_BITS, HIGHEST_BITS = 128, 16384
"""The precision that evaluation starts at, and where it gives up."""

GUARD_BITS = 24
"""A reference value is known to 2^-24 of an ulp, so that a measured error is too."""

PRODUCT_BITS = 40
"""Below the smallest spacing values stay exact to this many bits more: a cotangent may scale them up."""

FAR = tuple(2**k for k in range(5, 12))
"""A limit is read off at 2^k for these k, or at 2^-k beside a pole."""

NEAR = (4, 5, 6)
"""Powers of 2 at which a double exponential has vanished, which is beyond FLINT at the others."""

BESIDE = Fraction(1, 2**2400)
"""How far from a value of a parameter its limit is read off: less than any format sees."""

SEQUENCES = (1, Fraction(3, 4))
"""A limit at infinity is read off along 2^k times each: what oscillates may tend anywhere along one."""

MOST_SHIFT = 1000
"""More bits than this make a number beyond binary64's."""

Exact = tuple[int, int] | float | None
"""A reference value: (m, k) for m * 2^k, else inf, -inf, nan; None if it is undecided."""

Number = float | Fraction


@dataclass(frozen=True)
class Truths:
    """Reference values beside a format: each is ``anchor + residual * 2^ulp``, within 2^-24 of an ulp.

    ``anchor`` is a finite value of the format with |residual| <= 1/2; up to 1 where the truth lies
    between the largest value and the next power of two, where it is infinite from ``rounded`` on.
    """

    anchor: np.ndarray
    residual: np.ndarray
    ulp: np.ndarray
    decided: np.ndarray
    fmt: Format

    @property
    def poles(self) -> np.ndarray:
        """Where the truth itself is infinite."""
        return np.isinf(self.anchor) & (self.ulp == 0)

    @property
    def overflows(self) -> np.ndarray:
        """Where the truth is finite and larger than the largest value."""
        largest = (abs(self.anchor) == self.fmt.largest) & (self.residual * np.sign(self.anchor) > 0)
        return (np.isinf(self.anchor) & (self.ulp != 0)) | largest

    @property
    def rounded(self) -> np.ndarray:
        """The correctly rounded values."""
        beyond = (
            np.isfinite(self.anchor) & (np.abs(self.residual) >= 0.5) & (abs(self.anchor) == self.fmt.largest)
        )
        away = np.sign(self.residual) == np.sign(self.anchor)
        return np.where(beyond & away, np.copysign(np.inf, self.anchor), self.anchor)

    def inserted(self, places: Sequence[int], others: "Truths") -> "Truths":
        """Return these with others before some of their places."""
        return Truths(
            np.insert(self.anchor, places, others.anchor),
            np.insert(self.residual, places, others.residual),
            np.insert(self.ulp, places, others.ulp),
            np.insert(self.decided, places, others.decided),
            self.fmt,
        )


def truths(values: Sequence[Exact], fmt: Format) -> Truths:
    """Return exact values as what results of a format are compared with."""
    anchors: list[float] = []
    residuals: list[float] = []
    ulps: list[int] = []
    precision, lowest, highest = fmt.precision, fmt.lowest_exponent, fmt.highest_exponent
    ldexp = math.ldexp
    for value in values:
        if isinstance(value, tuple):
            mantissa, exponent = value
            shift = mantissa.bit_length() - precision
            ulp = shift + exponent
            if 0 < shift < MOST_SHIFT and lowest < ulp < highest:  # sooner, and nearly always
                count = (mantissa + (1 << shift - 1)) >> shift
                anchor, rest = ldexp(count, ulp), ldexp(mantissa - (count << shift), -shift)
            else:
                rest = -0.5
            if rest == -0.5:  # it may be a tie
                anchor, rest, ulp = _anchored(mantissa, exponent, fmt)
        else:
            anchor, rest, ulp = (math.nan if value is None else value), 0.0, 0
        anchors.append(anchor)
        residuals.append(rest)
        ulps.append(ulp)
    return Truths(
        np.array(anchors, np.float64),
        np.array(residuals, np.float64),
        np.array(ulps, np.int64),
        np.array([value is not None for value in values], bool),
        fmt,
    )


def _anchored(mantissa: int, exponent: int, fmt: Format) -> tuple[float, float, int]:
    """Return the nearest value of a format, what is left in ulp, and the ulp's exponent.

    >>> _anchored(-5, -1, BINARY64), _anchored(2**60 + 2**5, -60, BINARY64)
    ((-2.5, 0.0, -51), (1.0, 0.125, -52))
    >>> tie, above = (2**53 + 1) << 200, ((2**53 + 1) << 200) + 1
    >>> _anchored(tie, -200, BINARY64), _anchored(above, -200, BINARY64)
    ((9007199254740992.0, 0.5, 1), (9007199254740994.0, -0.5, 1))
    """
    ulp, top = fmt.ulp_exponent(mantissa, exponent), fmt.highest_exponent
    if ulp > top:
        return (math.inf if mantissa > 0 else -math.inf), 0.0, top
    shift = ulp - exponent
    if shift <= 0:
        count, rest = mantissa << -shift, 0.0
    elif shift > mantissa.bit_length() + 64:
        return (0.0 if mantissa >= 0 else -0.0), 0.0, ulp
    else:
        half = 1 << (shift - 1)
        count = (mantissa + half) >> shift
        left = mantissa - (count << shift)
        rest = left / (half << 1)
        if left == -half and count % 2:  # a tie goes to the even neighbour
            count, rest = count - 1, 0.5
    if ulp == top and abs(count) >> fmt.precision:
        sign = 1 if count > 0 else -1
        return sign * fmt.largest, sign + rest, ulp
    return math.ldexp(count, ulp), rest, ulp


def product(a: Exact, b: float) -> Exact:
    """Return an exact value times a float, with IEEE's rules for infinities.

    >>> product((3, -1), 0.5), product(math.inf, 0.0)
    ((3, -2), nan)
    """
    if a is None:
        return None
    if isinstance(a, tuple) and math.isfinite(b):
        numerator, denominator = b.as_integer_ratio()
        return a[0] * numerator, a[1] - denominator.bit_length() + 1
    return (float(np.sign(a[0])) if isinstance(a, tuple) else a) * b


@dataclass
class Function:
    """A function of one variable, evaluated from its expression to a format's accuracy and beyond.

    ``domain`` is where it is defined; elsewhere it is NaN. ``values`` are the parameters', exact.
    Derivatives are by the variable, or by the parameter that ``direction`` names; where two pieces meet
    they are the right one's, or by ``side`` -1 the left one's.
    """

    expression: sp.Expr
    variable: sp.Symbol
    values: Mapping[sp.Symbol, Fraction]
    fmt: Format = BINARY64
    domain: sp.Set = sp.S.Reals
    direction: sp.Symbol | None = None
    side: int = 1

    def __post_init__(self) -> None:
        self._expression = plain(self.expression)
        self._programs: dict[tuple[int, int], Node] = {}
        self._point = Point(side=self.side)
        self._wanted = self.fmt.precision + GUARD_BITS
        self._start = LOWEST_BITS
        self._floor = arb(2) ** (self.fmt.lowest_exponent - GUARD_BITS - PRODUCT_BITS)
        self._limits: dict[tuple[float, int], arb] = {}
        self.ties: set[Number] = set()  # where a series came to ``side`` to be decided
        others = {} if self.direction is None else {self.direction: self.values[self.direction]}
        self._point.exact = self._coordinates = _Coordinates(self.variable, others)
        whole = self.domain == sp.S.Reals
        ends = [] if whole else intervals(self.domain, self.values)
        self._parts = None if whole else [(as_float(low), as_float(high)) for low, high in ends]

    def value(self, z: Number) -> arb:
        """Return f(z) as a small ball; NaN where there is none, an infinity or the limit where that is meant.

        Raises NotSupported where no precision up to 16384 bits tells.
        """
        return self._alone(z, 0)

    def slope(self, z: Number, order: int = 1) -> arb:
        """Return a derivative at z; at a point where two pieces meet, that of the right one."""
        return self._alone(z, order)

    def many(self, points: Iterable[Number], order: int = 0) -> list[Exact]:
        """Return exact values, or derivatives of an order, at many points: quickest where they are sorted."""
        rows = self._soon(points := list(points), (order,))
        bits, cap = ctx.prec, ctx.cap
        try:
            return [
                self._exact(z, order) if row is None else row[0] for z, row in zip(points, rows, strict=True)
            ]
        finally:
            ctx.prec, ctx.cap = bits, cap

    def jets(self, points: Iterable[Number], top: int) -> list[list[Exact]]:
        """Return what `many` does for every order up to ``top``: one power series gives them all."""
        rows = self._soon(points := list(points), tuple(range(top + 1)))
        bits, cap = ctx.prec, ctx.cap
        try:
            jets = [self._jet(z, top) if row is None else row for z, row in zip(points, rows, strict=True)]
        finally:
            ctx.prec, ctx.cap = bits, cap
        return [list(column) for column in zip(*jets, strict=True)]

    def _soon(self, points: Sequence[Number], orders: tuple[int, ...]) -> list[list[Exact] | None]:
        """Return the values of some orders, at all points that one precision after another settles.

        None where none of the first few does, at ties, and where there is something else to say of a point.
        """
        rows: list[list[Exact] | None] = [None] * len(points)
        left = [i for i, z in enumerate(points) if math.isfinite(z) and self._inside(z)]
        bits, before = LOWEST_BITS, (ctx.prec, ctx.cap)
        while bits < self._wanted:
            bits *= 2
        try:
            for precision in (bits, 2 * bits, 4 * bits):
                if left:
                    ctx.prec, ctx.cap = precision, orders[-1] + 1
                    left = self._settle(points, left, orders, rows)
        finally:
            ctx.prec, ctx.cap = before
        return rows

    def _settle(
        self,
        points: Sequence[Number],
        places: Sequence[int],
        orders: tuple[int, ...],
        rows: list[list[Exact] | None],
    ) -> list[int]:
        """Fill in the rows at some places, with the precision in force; return where it does not suffice."""
        top = orders[-1]
        program, point, coordinates = self._program(ctx.prec, top), self._point, self._coordinates
        moved = self._arguments(arb(0), top)[1:]
        left = []
        for i in places:
            z = points[i]
            coordinates.at, point.tied = z, False
            x = arb(z) if isinstance(z, float) else arb(fmpq(z.numerator, z.denominator))
            if top:
                x = arb_series([x] if moved else [x, 1])
            try:
                value = program((x, *moved))
                row: list[Exact] = []
                for order in orders:
                    ball = _derivative(value, order) if top else value
                    if self._spare(ball) is None:
                        left.append(i)
                        break
                    row.append(_middle(ball))
                else:
                    if not point.tied:
                        rows[i] = row
            except (Undefined, AtPole):
                continue
            except (Undecided, ValueError, ZeroDivisionError):
                left.append(i)
        return left

    def _jet(self, z: Number, top: int) -> list[Exact]:
        """Return every order's value; what the series leaves open, and the value at a tie, is found alone."""
        found: dict[int, Exact] = {}
        if math.isfinite(z) and self._inside(z):
            ctx.cap = top + 1
            with suppress(Undefined, AtPole, Undecided):
                found = {k: _as_exact(ball) for k, ball in self._balls(z, range(top + 1)).items()}
        return [found[k] if k in found else self._exact(z, k) for k in range(top + 1)]

    def _alone(self, z: Number, order: int) -> arb:
        bits, cap = ctx.prec, ctx.cap
        try:
            return self._at(z, order)
        except Undecided:
            raise NotSupported(
                f"{self.expression} at {z}: undecided with {HIGHEST_BITS} bits; "
                "write the formula without cancellation"
            ) from None
        finally:
            ctx.prec, ctx.cap = bits, cap

    def _exact(self, z: Number, order: int) -> Exact:
        try:
            return _as_exact(self._at(z, order))
        except Undecided:
            return None

    def _at(self, z: Number, order: int) -> arb:
        ctx.cap = order + 1
        if isinstance(z, float):
            if math.isnan(z):
                return arb.nan()
            if math.isinf(z):
                return self._limit(z, order)
        if not self._inside(z):
            return arb.nan()
        try:
            return self._near(z, order)
        except Undefined:
            return arb.nan()
        except AtPole:
            return self._beside(z, order)

    def _inside(self, z: Number) -> bool:
        return self._parts is None or any(low <= z <= high for low, high in self._parts)

    def _near(self, z: Number, order: int, least: int = 0) -> arb:
        return self._balls(z, (order,), least)[order]

    def _balls(self, z: Number, orders: Sequence[int], least: int = 0) -> dict[int, arb]:
        """Raise the precision until the ball of every order is small.

        Of several orders 0 is left out at a tie: beside it another branch may be the value's.
        """
        self._coordinates.at, self._point.tied = z, False
        top, bits = orders[-1], least or self._start
        found: dict[int, arb] = {}
        missing = list(orders)
        while bits <= HIGHEST_BITS:
            ctx.prec = bits
            try:
                x = arb(z) if isinstance(z, float) else arb(fmpq(z.numerator, z.denominator))
                value = self._program(bits, top)(self._arguments(x, top))
            except (Undecided, ValueError, ZeroDivisionError):
                bits *= 2  # FLINT's own word for a series whose first coefficient may be 0
                continue
            if self._point.tied and top and missing[0] == 0:
                del missing[0]
            spare = bits
            for order in missing.copy():
                ball = _derivative(value, order) if top else value
                known = self._spare(ball)
                if known is not None and ball.is_finite():
                    found[order] = ball
                    missing.remove(order)
                    spare = min(spare, known)
            if self._point.tied:
                self.ties.add(z)
            if not missing:
                if not least:  # the next point may be like this one
                    self._start = bits if spare < bits // 2 else max(LOWEST_BITS, bits // 2)
                return found
            bits *= 2
        self._start = LOWEST_BITS
        raise Undecided

    def _spare(self, ball: arb) -> int | None:
        """Return how many bits more than are wanted a ball tells; None where it tells too little."""
        known = int(ball.rel_accuracy_bits()) - self._wanted
        return known if known >= 0 or ball.rad() < self._floor else None

    def _program(self, bits: int, top: int) -> Node:
        if (bits, top) not in self._programs:
            moved = () if self.direction is None else (self.direction,)
            values = {symbol: value for symbol, value in self.values.items() if symbol not in moved}
            builder = Builder((self.variable, *moved), values, series=top > 0, point=self._point)
            self._programs[bits, top] = builder.build(self._expression)
        return self._programs[bits, top]

    def _arguments(self, x: arb, order: int) -> tuple[arb | arb_series, ...]:
        """Return the variable, and the parameter that is moved, as series where a derivative is wanted."""
        if self.direction is None:
            return (arb_series([x, 1]) if order else x,)
        value = self.values[self.direction]
        other = arb(fmpq(value.numerator, value.denominator))
        return (arb_series([x]), arb_series([other, 1])) if order else (x, other)

    # Limits: no theorem, but the trend over many orders of magnitude.

    def _limit(self, end: float, order: int) -> arb:
        if not any(end in part for part in self._parts or [(-math.inf, math.inf)]):
            return arb.nan()
        if (end, order) not in self._limits:
            sign = 1 if end > 0 else -1
            trends = [self._trend([Fraction(sign * 2**k * m) for k in FAR], order) for m in SEQUENCES]
            found = trends[0] if _agree(*trends) else arb.nan()
            if found.is_nan():
                vanishing = self._trend([Fraction(sign * 2**k) for k in NEAR], order)
                found = vanishing if vanishing.is_zero() else found
            self._limits[end, order] = found
        return self._limits[end, order]

    def _beside(self, z: Number, order: int) -> arb:
        """Return the limit at a pole, from within the domain; at a zero from the side of its sign."""
        signed_zero = isinstance(z, float) and z == 0
        sides = (1, -1) if not signed_zero or math.copysign(1.0, z) > 0 else (-1, 1)
        limits = []
        for side in sides:
            points = [Fraction(z) + side * Fraction(1, 2**k) for k in FAR]
            if all(self._inside(p) for p in points):
                limit = self._trend(points, order)
                if not limit.is_nan():
                    limits.append(limit)
                    if signed_zero:
                        break
        if len(limits) == 1 or (len(limits) == 2 and _agree(*limits)):
            return limits[0]
        return arb.nan()

    def _trend(self, points: Sequence[Fraction], order: int) -> arb:
        values = []
        for point in points:
            try:
                values.append(self._near(point, order, 512))
            except (Undefined, AtPole, Undecided):
                values.append(arb.nan())
        if any(v.is_nan() for v in values):
            return arb.nan()
        ctx.prec = HIGHEST_BITS
        return _tendency(values)


def intervals(domain: sp.Set, values: Mapping[sp.Symbol, Fraction]) -> list[tuple[Number, Number]]:
    """Return the ends of each part of a set, exact where they are rational.

    >>> intervals(sp.Union(sp.Interval.open(-1, 0), sp.FiniteSet(2)), {})
    [(Fraction(-1, 1), Fraction(0, 1)), (Fraction(2, 1), Fraction(2, 1))]
    """
    found: list[tuple[Number, Number]] = []
    for part in domain.args if isinstance(domain, sp.Union) else (domain,):
        if isinstance(part, sp.FiniteSet):
            found += [(_end(point, values), _end(point, values)) for point in part.args]
        else:
            found.append((_end(part.inf, values), _end(part.sup, values)))
    return sorted(found)


def as_float(end: Number) -> Number:
    """Return an end of an interval as a float where it is one: floats are compared sooner."""
    return float(end) if float(end) == end else end


def _end(end: sp.Expr, values: Mapping[sp.Symbol, Fraction]) -> Number:
    if end in (sp.oo, -sp.oo):
        return math.inf if end == sp.oo else -math.inf
    exact = rational(end, values)
    if exact is not None:
        return exact
    if isinstance(end, sp.Piecewise):  # an end that is infinite for some parameters
        numbers = {s: sp.Rational(v.numerator, v.denominator) for s, v in values.items()}
        for value, condition in end.args:
            if condition.subs(numbers) == sp.true:
                return _end(value, values)
    return fraction(Function(end, Z, values).value(Fraction(0)))


class _Coordinates(Mapping[sp.Symbol, Fraction]):
    """The exact coordinates of a point, the variable's made a fraction only when a tie asks for it.

    No dict: unpacking a dict's subclass asks none of its methods.
    """

    def __init__(self, symbol: sp.Symbol, others: Mapping[sp.Symbol, Fraction]) -> None:
        self._symbol, self._others = symbol, others
        self.at: Number = 0.0

    def __iter__(self) -> Iterator[sp.Symbol]:
        yield from (self._symbol, *self._others)

    def __len__(self) -> int:
        return 1 + len(self._others)

    def __getitem__(self, symbol: sp.Symbol) -> Fraction:
        return Fraction(self.at) if symbol == self._symbol else self._others[symbol]


def _derivative(series: arb_series, order: int) -> arb:
    """Return the derivative of an order from a Taylor series."""
    ball = series[order]
    return ball * math.factorial(order) if order > 1 else ball


def _middle(ball: arb) -> tuple[int, int]:
    """Return the middle of a ball that is finite."""
    mantissa, exponent = ball.mid().man_exp()
    return int(mantissa), int(exponent)


def _as_exact(ball: arb) -> Exact:
    """Return the middle of a small ball."""
    if ball.is_finite():
        return _middle(ball)
    if ball.is_nan():
        return math.nan
    return math.inf if ball > 0 else -math.inf


def _apart(a: Exact, b: Exact) -> bool:
    """Return whether two values differ, and by more than their last digits.

    >>> _apart((2**90, -90), (2**90 + 1, -90)), _apart((1, 0), (1, 1)), _apart((0, 0), math.inf)
    (False, True, True)
    """
    if isinstance(a, tuple) and isinstance(b, tuple):
        return not abs(arb(a) - arb(b)) <= abs(arb(a)) * arb(2) ** -BINARY64.precision
    return a != b


def _agree(a: arb, b: arb) -> bool:
    return bool(a == b) or bool(abs(a - b) < arb(2) ** -60)


def _tendency(values: Sequence[arb]) -> arb:
    """Return what a sequence tends to as its index doubles: a number, an infinity, or NaN.

    >>> _tendency([1 / arb(2) ** k for k in FAR]), _tendency([arb(k) for k in FAR]) > 0
    (0, True)
    """
    last, before = values[-1], values[-2]
    steps = [b - a for a, b in pairwise(values)]
    if abs(last) < arb(2) ** -500 and abs(last) <= abs(before):
        return arb(0)
    if abs(steps[-1]) < arb(2) ** -60 * (1 + abs(last)) and abs(steps[-2]) < arb(2) ** -60 * (1 + abs(last)):
        return arb(last.mid())
    rising, falling = all(s > 0 for s in steps[-4:]), all(s < 0 for s in steps[-4:])
    if not (rising or falling) or not abs(steps[-1]) > abs(steps[-2]) * arb(0.99):
        return arb.nan()
    return arb.pos_inf() if rising else arb.neg_inf()


class Oracle:
    """The reference values of an activation with its parameters set.

    ``parameters`` are exact: a float stands for the number that it is, 0.1 for 3602879701896397/2^55.

    >>> from symact.catalogue import activations
    >>> oracle = Oracle(activations()["relu"], {})
    >>> oracle.forward(-2.0) == 0, oracle.derivative(0.0) == 0, oracle.derivative(3.0) == 1
    (True, True, True)
    """

    def __init__(
        self, activation: Activation, parameters: Mapping[str, Number] | None = None, fmt: Format = BINARY64
    ) -> None:
        self.activation = activation
        given = dict(parameters or {})
        self.values = {p.symbol: _setting(given.pop(p.name, None), p.default) for p in activation.parameters}
        if given:
            raise NotSupported(f"{activation.title}: no parameter is called {', '.join(given)}")
        self.function = Function(activation.expression, Z, self.values, fmt, activation.domain)
        self.kinks: dict[Fraction, Function] = {}
        for kink in activation.kinks:
            at = rational(kink.at, self.values)  # no float is at an irrational kink
            if at is not None:
                self.kinks[at] = Function(kink.convention, Z, self.values, fmt)

    def forward(self, z: Number) -> arb:
        """Return f(z): a ball within 2^-24 ulp, NaN outside the domain, the limit at an infinity."""
        return self.function.value(z)

    def derivative(self, z: Number) -> arb:
        """Return f'(z), the declared convention at a kink, the limit at an infinity."""
        if self._at_kink(z):
            return self.kinks[Fraction(z)].value(Fraction(0))
        return self.function.slope(z)

    def output_form(self, expression: sp.Expr, variable: sp.Symbol) -> Function:
        """Return f' as a function of g, from an output form: exact relative to the g that it is given."""
        return Function(expression, variable, self.values, self.function.fmt)

    def jets(self, points: Sequence[float]) -> tuple[list[Exact], list[Exact], list[Exact]]:
        """Return f, f' and f'' at many points."""
        values, slopes, curvatures = self.function.jets(points, 2)
        return values, self._by_convention(points, slopes), self._settled(points, curvatures)

    def forward_many(self, points: Iterable[float]) -> list[Exact]:
        """Return f at many points."""
        return self.function.many(points)

    def derivative_many(self, points: Sequence[float]) -> list[Exact]:
        """Return f' at many points."""
        return self._by_convention(points, self.function.many(points, 1))

    def _by_convention(self, points: Sequence[float], slopes: list[Exact]) -> list[Exact]:
        if self.kinks:
            floats = {float(at) for at in self.kinks}
            for index, z in enumerate(points):
                if z in floats and self._at_kink(z):
                    slopes[index] = self.kinks[Fraction(z)].many([0.0])[0]
        return slopes

    def second_derivative(self, z: Number) -> arb:
        """Return f''(z), NaN at a kink."""
        return arb.nan() if self._at_kink(z) else self.function.slope(z, 2)

    def second_derivative_many(self, points: Sequence[float]) -> list[Exact]:
        """Return f'' at many points; undecided at kinks and where it jumps: there it is what one likes."""
        return self._settled(points, self.function.many(points, 2))

    def _settled(self, points: Sequence[float], curvatures: list[Exact]) -> list[Exact]:
        values = self._but_at_kinks(points, curvatures)
        ties = self.function.ties
        simple = [i for i, z in enumerate(points) if z in ties and abs(z) <= 64 and z * 8 == round(z * 8)]
        left = self._left.many([points[i] for i in simple], 2)
        for i, value in zip(simple, left, strict=True):
            if _apart(value, values[i]):
                values[i] = None
        return values

    @cached_property
    def _left(self) -> Function:
        return replace(self.function, side=-1)

    def wrt_many(self, parameter: sp.Symbol, points: Sequence[float]) -> list[Exact]:
        """Return the derivative of f by a parameter at many points; undecided at kinks.

        Where the definition has a case for one value of the parameter, the derivative is its limit there.
        """
        return self._but_at_kinks(points, self._moved[parameter].many(points, 1))

    def wrt(self, parameter: sp.Symbol, z: Number) -> arb:
        """Return the derivative of f by a parameter, NaN at a kink."""
        return arb.nan() if self._at_kink(z) else self._moved[parameter].slope(z)

    @cached_property
    def _moved(self) -> dict[sp.Symbol, Function]:
        """For each parameter f as a function of it, too."""
        found = {}
        for parameter, value in self.values.items():
            alone = [e for e in self.activation.expression.atoms(sp.Eq) if e.lhs == parameter]
            special = any(rational(e.rhs, self.values) == value for e in alone)
            values = {**self.values, parameter: value + BESIDE * special}
            found[parameter] = replace(self.function, direction=parameter, values=values)
        return found

    def _but_at_kinks(self, points: Sequence[float], values: list[Exact]) -> list[Exact]:
        if not self.kinks:
            return values
        floats = {float(at) for at in self.kinks}
        return [None if z in floats and self._at_kink(z) else v for z, v in zip(points, values, strict=True)]

    def _at_kink(self, z: Number) -> bool:
        return bool(self.kinks) and math.isfinite(z) and Fraction(z) in self.kinks


def _setting(given: Number | None, default: sp.Expr) -> Fraction:
    if given is not None:
        return Fraction(given)
    exact = rational(default, {})
    return exact if exact is not None else fraction(Function(default, Z, {}).value(Fraction(0)))


def interior_roots(function: Callable[[float], arb], points: Sequence[float]) -> list[float]:
    """Return where a function changes its sign between points: the float below each root, by bisection.

    >>> interior_roots(lambda x: arb(x) - arb(0.1), [0.0, 1.0])
    [0.09999999999999999]
    """
    roots, left, below = [], None, 0
    for right in points:
        value = function(right)
        sign = 1 if value > 0 else -1 if value < 0 else 0
        if left is not None and sign * below < 0:
            roots.append(_bisect(function, left, right, below))
        if sign:
            left, below = right, sign
    return roots


def _bisect(function: Callable[[float], arb], left: float, right: float, sign: int) -> float:
    while True:
        middle = left + (right - left) / 2
        if not left < middle < right:
            return left
        if function(middle) * sign > 0:
            left = middle
        else:
            right = middle
