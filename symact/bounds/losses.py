"""Losses: how far what a step of a program computes may be from its exact value, over an interval.

Beside the range of its exact values v each step carries two numbers: what is computed is within
``relative * abs(v) + absolute`` of v. An operation passes on what its operands have lost, by its condition
number and its slope over their ranges, and adds what it may lose itself: the hypothesis, which
`arithmetics.DOUBLE_DOUBLE` states, 2^-100 for + - * / sqrt and 2^-76 for functions. Sums and products of two
binary64 fit in double-double and are exact, and so are products with powers of 2, and quotients that are
binary64.

*Underflow.* A result is hi + lo, each rounded to a multiple of 2^-1074. Where hi is normal this costs half
of that. Where hi is subnormal it loses its last bits by itself, a tie going to the even neighbour whatever
lo says, and lo, at most a quarter then, is lost too: three quarters in all. Sums lose nothing.

*Overflow.* What is computed may be infinite, with the sign of v, where abs(v) is at least ``over``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb, fmpz

from symact.arithmetics import DOUBLE_DOUBLE
from symact.arithmetics import FUNCTIONS as BALLS
from symact.bounds.programs import Operation, Program
from symact.bounds.ranges import Range, Unknown, above, below
from symact.errors import NotSupported

ROUNDING = arb(2) ** -DOUBLE_DOUBLE.bits
FUNCTION = arb(2) ** -DOUBLE_DOUBLE.elementary

NEGLIGIBLE = arb(2) ** -90
"""An absolute loss that is no more than this of the least value is counted as a relative one."""

LARGE = arb(2) ** 1024 * (1 - arb(2) ** -50)
"""From here on a result may overflow before its rounding does."""

SMALL = arb(2) ** -900
"""Below this underflow is thought of."""

NORMAL = arb(2) ** -1021
"""Below twice the smallest normal number, where hi may be subnormal."""

FINE, COARSE = arb(2) ** -1075, 3 * arb(2) ** -1076
"""What underflow loses where hi is normal, and where it is subnormal."""

VANISHING = arb(2) ** -1076
"""Below this everything is rounded to 0."""

SATURATED = 5000
"""Arguments of exponentials of this size leave no doubt about the result: 0 or infinity."""

HUGE = arb(2) ** 30
"""Exponentials of more than this are not computed: they are far beyond every format."""

ZERO, ONE, NEVER = arb(0), arb(1), arb.pos_inf()


@dataclass(frozen=True)
class Value:
    """The exact values of a step over an interval, and how far from them the computed ones are.

    ``underflows``: the step itself may lose `FINE` or `COARSE` on top, by the size of the result.
    """

    range: Range
    relative: arb = ZERO
    absolute: arb = ZERO
    underflows: bool = False
    over: arb = NEVER
    single: bool = False
    """Whether it is exact, and a binary64: lo is 0."""
    finite: bool = False
    """Whether it is known not to overflow."""

    @property
    def lost(self) -> arb:
        """The absolute loss with what underflow adds."""
        if not self.underflows:
            return self.absolute
        if self.range.most < VANISHING:
            return above(self.absolute + self.range.most)
        return above(self.absolute + (FINE if self.range.least >= NORMAL else COARSE))

    def spread(self) -> Range:
        """Return a range of what is computed."""
        low, high = self.range.low, self.range.high
        return Range(
            below(low - abs(low) * self.relative - self.lost),
            above(high + abs(high) * self.relative + self.lost),
        )


def evaluate(program: Program, inputs: Range, known: Range | None = None) -> Value:
    """Return the result of a program over an interval of inputs; ``known`` is a range of its exact values.

    Raises Unknown where nothing is known over so large an interval, NotSupported for an operation that has
    no rule.
    """
    found: list[Value] = []
    for step in program:
        value = _step(step, [found[i] for i in step.arguments], inputs)
        found.append(value if step.name in EXACT else _settled(value))
    return found[-1] if known is None else replace(found[-1], range=found[-1].range.meet(known))


EXACT = ("input", "constant", "neg", "abs")
"""Steps that lose nothing, and do not overflow."""


def _settled(value: Value) -> Value:
    """Count an absolute loss as a relative one where it is negligible; say what may overflow."""
    if not value.range.low.is_finite() and not value.range.high.is_finite():
        raise Unknown
    least, over = value.range.least, value.over
    relative, absolute, underflows = value.relative, value.absolute, value.underflows
    lost = value.lost
    if lost > 0 and least > 0 and lost < least * NEGLIGIBLE:
        relative, absolute, underflows = above(relative + lost / least), ZERO, False
    if not value.finite and not value.range.most * (1 + relative) + absolute < LARGE:
        over = over.min(below((LARGE - absolute) / (1 + relative)))
    if over > value.range.most:
        over = NEVER
    return Value(value.range, relative, absolute, underflows, over, value.single)


def _step(step: Operation, parts: list[Value], inputs: Range) -> Value:
    match step.name, parts:
        case "input", []:
            return Value(inputs, single=True)
        case "constant", []:
            if not isinstance(step.value, Fraction):
                raise Unknown
            exact = constant(step.value)
            return Value(exact, single=_is_double(exact.low))
        case "neg", [x]:
            return Value(-x.range, x.relative, x.absolute, x.underflows, x.over, x.single)
        case "abs", [x]:
            values = x.range if x.range.sign > 0 else -x.range if x.range.sign else Range(ZERO, x.range.most)
            return Value(values, x.relative, x.absolute, x.underflows, x.over, x.single)
        case "add", [x, y]:
            return _sum(x, y)
        case "sub", [x, y]:
            return _sum(x, Value(-y.range, y.relative, y.absolute, y.underflows, y.over, y.single))
        case "mul", [x, y]:
            return _product(x, y, square=step.arguments[0] == step.arguments[1])
        case "div", [x, y]:
            return _quotient(x, y)
        case "powi", [x]:
            return _power(x, step.count)
        case "ldexp", [x]:
            return _scaled(x, step.count)
        case "pow", [x, y]:
            return _exponential(_settled(_product(y, _settled(_logarithm(x)))), 0)
        case "exp" | "exp_scaled", [x]:
            return _exponential(x, step.count)
        case "log", [x]:
            return _logarithm(x)
        case "sqrt", [x]:
            return _root(x)
        case "sin" | "cos" | "sin_scaled" | "cos_scaled", [x]:
            return _circular(x, step.name[:3], step.count)
        case name, [x] if name in RULES:
            return _function(x, RULES[name])
    raise NotSupported(f"bounds: no rule for {step.name}")


def constant(value: Fraction) -> Range:
    """Return the range of one binary fraction, exactly."""
    exponent = value.denominator.bit_length() - 1
    exact = arb((fmpz(value.numerator), fmpz(-exponent)))
    return Range(exact, exact)


def _is_double(value: arb) -> bool:
    """Return whether an exact number is a binary64."""
    if not value.is_finite():
        return False
    mantissa, exponent = value.man_exp()
    size = int(mantissa).bit_length()
    return int(mantissa) == 0 or (size <= 53 and int(exponent) >= -1074 and int(exponent) + size <= 1024)


def _power_of_two(value: Value) -> bool:
    low = value.range.low
    return value.single and bool(low == value.range.high) and abs(int(low.man_exp()[0])) == 1


def _point(values: Range) -> bool:
    """Return whether a range is one binary64."""
    return bool(values.low == values.high) and _is_double(values.low)


# + - * / and powers.


def _both(first: arb, second: arb) -> arb:
    """Return the relative loss after two: (1 + a)(1 + b) - 1, which would cancel."""
    return above(first + second + first * second)


def _rounded(value: Value, own: arb, *, underflows: bool = True) -> Value:
    """Add what an operation loses itself: ``own`` of what it gets, and the underflow."""
    relative = _both(value.relative, own)
    absolute = above(value.absolute * (1 + own))
    if value.range.most == 0 and absolute == 0:
        return Value(value.range, single=True)
    underflows = underflows and bool(value.range.least < SMALL)
    return Value(value.range, relative, absolute, underflows, value.over, finite=value.finite)


def _sum(x: Value, y: Value) -> Value:
    """Of x + y: what x and y have lost, absolutely; relatively where the sum keeps away from 0.

    ``rx |x| + ry |y| <= rx |x + y| + (rx + ry) |y|``, and the same with x and y exchanged.
    """
    total = x.range + y.range
    over = x.over.min(y.over)
    if over < NEVER and not x.range.sign == y.range.sign != 0:
        pairs = [(a, b.range.most) for a, b in ((x, y), (y, x)) if a.over < NEVER]
        vast, other = pairs[0]
        if len(pairs) > 1 or not (2 * other < over or 4 * (over + other) < vast.range.least):
            raise Unknown
        over = over / 2
    absolute = above(x.lost + y.lost)
    finite = any(a.single and b.range.most < BESIDE for a, b in ((x, y), (y, x)))
    if x.single and y.single:
        return Value(total, over=over, single=_point(total), finite=finite)
    rx, ry = x.relative, y.relative
    if x.range.sign == y.range.sign != 0 or y.range.most == 0 or x.range.most == 0:
        return _rounded(
            Value(total, rx.max(ry), absolute, over=over, finite=finite), ROUNDING, underflows=False
        )
    together = above(rx * x.range.most + ry * y.range.most)
    least = total.least
    if least > 0:
        bounds = [
            above(together / least),
            above(rx + (rx + ry) * y.range.most / least),
            above(ry + (rx + ry) * x.range.most / least),
        ]
        relative = min(bounds, key=float)
        if relative < TOLERABLE:
            return _rounded(
                Value(total, relative, absolute, over=over, finite=finite), ROUNDING, underflows=False
            )
    return _rounded(Value(total, ZERO, above(absolute + together), over=over), ROUNDING, underflows=False)


BESIDE = arb(2) ** 900
"""What is added to the largest binary64, and rounded, without overflow."""

TOLERABLE = arb(2) ** -70
"""Relative losses above this are carried as absolute ones: the next sum may forgive them."""


def _product(x: Value, y: Value, *, square: bool = False) -> Value:
    over = NEVER
    for a, b in ((x, y), (y, x)):
        if a.over < NEVER:
            if not b.range.least > 0:
                raise Unknown
            over = over.min(below(a.over * b.range.least))
    values = x.range.power(2) if square else x.range * y.range
    relative = _both(x.relative, y.relative)
    absolute = above(
        _times(x.range.most, y.lost) * (1 + x.relative)
        + _times(y.range.most, x.lost) * (1 + y.relative)
        + x.lost * y.lost
    )
    exact = (x.single and y.single) or _power_of_two(x) or _power_of_two(y)
    found = _rounded(Value(values, relative, absolute, over=over), ZERO if exact else ROUNDING)
    if x.single and y.single and (_point(values) or values.most == 0):
        return Value(values, single=True)
    if exact and x.single and y.single and (_power_of_two(x) or _power_of_two(y)) and not found.underflows:
        return Value(values, over=found.over, single=not values.most * 2 > LARGE)
    return found


def _times(most: arb, lost: arb) -> arb:
    return ZERO if lost == 0 else most * lost


def _quotient(x: Value, y: Value) -> Value:
    least = y.range.least
    if not least > 0 or (x.over < NEVER and y.over < NEVER):
        raise Unknown
    below_ = above(y.relative + y.lost / least)
    if not below_ < arb(0.5):
        raise Unknown
    if x.single and y.single and x.range.low == x.range.high and y.range.low == y.range.high:
        quotient = _exactly(x.range.low, y.range.low)
        if quotient is not None:
            return Value(Range(quotient, quotient), single=True)
    relative = above((x.relative + below_) / (1 - below_))
    absolute = above(_times(1 / (least * (1 - below_)), x.lost))
    values = x.range * y.range.inverse()
    if y.over < NEVER:  # computed as 0
        absolute = above(absolute + values.most.min(x.range.most / y.over))
    over = NEVER if x.over == NEVER else below(x.over / y.range.most)
    return _rounded(Value(values, relative, absolute, over=over), ROUNDING)


def _exactly(x: arb, y: arb) -> arb | None:
    """Return a quotient of two binary64 that is one; None where it is none."""
    (a, p), (b, q) = x.man_exp(), y.man_exp()
    quotient, rest = divmod(int(a) << 60, int(b))
    if rest:
        return None
    found = arb((fmpz(quotient), p - q - 60))
    return found if _is_double(found) else None


def _power(x: Value, n: int) -> Value:
    """x**n by squaring, as the runtime does it; of 1/x where n is negative."""
    if n < 0:
        return _power(_settled(_quotient(Value(Range(ONE, ONE), single=True), x)), -n)
    found, square, done, reached = Value(Range(ONE, ONE), single=True), x, 0, 1
    while n:
        if n & 1:
            done += reached
            found = _settled(replace(_product(found, square), range=x.range.power(done)))
        if n > 1:
            reached *= 2
            square = _settled(replace(_product(square, square), range=x.range.power(reached)))
        n >>= 1
    return found


def _scaled(x: Value, n: int) -> Value:
    factor = arb(2) ** n
    values = Range(x.range.low * factor, x.range.high * factor)
    lost, single = above(x.lost * factor), x.single and values.least >= SMALL
    if values.most == 0 and lost == 0:
        return Value(values, single=True)
    return Value(values, x.relative, lost, values.least < SMALL, x.over * factor, single)


def _root(x: Value) -> Value:
    if x.range.low < 0 or (x.lost > 0 and not x.range.least > 0):
        raise Unknown
    lost = x.relative if x.lost == 0 else above(x.relative + x.lost / x.range.least)
    over = NEVER if x.over == NEVER else below(x.over.sqrt())
    return _rounded(Value(x.range.rising(arb.sqrt), _grown(lost, arb(0.5)), over=over), ROUNDING)


# Functions.


def _grown(relative: arb, condition: arb, more: arb = ZERO) -> arb:
    """Return the relative loss of F(x) from that of x.

    Where abs(x F'/F) <= c between x and what is computed, abs(log(F(x')/F(x))) <= c abs(log(x'/x)).
    """
    if not relative < arb(0.5):
        raise Unknown
    return above((condition * relative / (1 - relative) + more).expm1())


def _exponential(x: Value, n: int) -> Value:
    """exp(x) 2^n: what x has lost absolutely is lost relatively."""
    scale, spread = arb(2) ** n, x.spread()
    if x.over < SATURATED:
        raise Unknown
    most = x.range.most.min(arb(SATURATED))
    relative = _grown(x.relative, most, x.lost)
    absolute = ZERO
    if not spread.low > -SATURATED:
        absolute = above(arb(-SATURATED + 10).exp() * scale)
    low = ZERO if not x.range.low > -2 * SATURATED else below(x.range.low.min(HUGE).exp() * scale)
    if x.range.high > 2 * SATURATED:
        high = arb.pos_inf()
    else:
        high = above(x.range.high.max(arb(-2 * SATURATED)).exp() * scale)
    return _rounded(Value(Range(low, high), relative, absolute), FUNCTION)


def _logarithm(x: Value) -> Value:
    """log(x): what x has lost relatively is lost absolutely."""
    if x.over < NEVER or not x.range.low > 0:
        raise Unknown
    lost = above(x.relative + x.lost / x.range.least)
    if not lost < arb(0.5):
        raise Unknown
    return _rounded(Value(x.range.rising(arb.log), ZERO, above(-(-lost).log1p())), FUNCTION)


def _circular(x: Value, name: str, n: int) -> Value:
    """sin(x 2^n) and cos(x 2^n), whose slopes are at most 1."""
    if x.over < NEVER:
        raise Unknown
    scale = arb(2) ** n
    most, lost = x.range.most * scale, above(x.lost * scale)
    if name == "sin" and most <= 1:
        values = Range(x.range.low * scale, x.range.high * scale).rising(arb.sin)
        return _rounded(Value(values, _grown(x.relative, ONE), lost), FUNCTION)
    values = Range(-ONE, ONE)
    if most < 2**20 and (x.range.high - x.range.low) * scale < 4:
        ball = (x.range.low.union(x.range.high)) * scale
        found = ball.sin() if name == "sin" else ball.cos()
        values = Range(below(found), above(found)).within(-1, 1)
    return _rounded(Value(values, ZERO, above(lost + _times(most, x.relative))), FUNCTION)


@dataclass(frozen=True)
class Rule:
    """A function F: its values, a bound of abs(x F'/F), and of its slope abs(F') or, ``relatively``, F'/F."""

    values: Callable[[Range], Range]
    condition: Callable[[Range], arb]
    slope: Callable[[Range], arb]
    relatively: bool = False
    far: Callable[[arb], arb] | None = None
    """How far from its limit F still is where its argument has this size; None where it has no limit."""


def _function(x: Value, rule: Rule) -> Value:
    if x.over < NEVER and rule.far is None:
        raise Unknown
    spread = x.spread()
    condition, slope = above(rule.condition(spread)), above(rule.slope(spread))
    if rule.relatively:
        relative, absolute = _grown(x.relative, condition, slope * x.lost), ZERO
    else:
        relative, absolute = _grown(x.relative, condition), above(_times(slope, x.lost))
    if x.over < NEVER and rule.far is not None:
        absolute = above(absolute + rule.far(x.over))
    return _rounded(Value(rule.values(x.range), relative, absolute), FUNCTION)


def _rising(name: str) -> Callable[[Range], Range]:
    return lambda x: x.rising(BALLS[name])


def _bounded(name: str, limit: Callable[[], arb]) -> Callable[[Range], Range]:
    """Values of an increasing odd function with a limit, which it reaches in the rounding of its ends."""

    def values(x: Range) -> Range:
        found = x.rising(BALLS[name])
        most = above(limit())
        return Range(found.low.max(-most), found.high.min(most))

    return values


def _expm1_values(x: Range) -> Range:
    low = below(x.low.min(HUGE).expm1()) if x.low > -2 * SATURATED else -ONE
    high = above(x.high.max(arb(-2 * SATURATED)).expm1()) if x.high < 2 * SATURATED else NEVER
    return Range(low, high)


def _expm1_condition(x: Range) -> arb:
    """x/(1 - exp(-x)), which rises."""
    high = x.high.min(arb(SATURATED)).max(arb(-SATURATED))
    return ONE if high == 0 else high if high > 100 else -high / (-high).expm1()


def _log1p_condition(x: Range) -> arb:
    """x/((1 + x) log(1 + x)), which falls."""
    low = x.low
    if not low > -1:
        raise Unknown
    return ONE if low == 0 else low / ((1 + low) * low.log1p())


def _log1p_slope(x: Range) -> arb:
    return 1 / (1 + x.low)


def _erfc_lean(x: Range) -> arb:
    """-F'/F of erfc is below x + sqrt(x^2 + 2) for x > 0 (DLMF 7.8.3), and below 2/sqrt(pi) else."""
    high = x.high.max(ZERO)
    return high + (high * high + 2).sqrt()


def _erfcx_condition(x: Range) -> arb:
    """For x >= 0 x erfcx(x) rises and erfcx falls: at most 1. Below, F' = 2 x F - 2/sqrt(pi) and F >= 1."""
    if x.low >= 0:
        return ONE
    return (2 * x.low * x.low - 2 * x.low + 1).max(ONE)


def _erfcx_lean(x: Range) -> arb:
    """-F'/F is below that of erfcx at 0 for x >= 0, since F is log-convex; else as above."""
    return arb(2) if x.low >= 0 else 2 - 2 * x.low


def _erfcx_value(x: arb) -> arb:
    return BALLS["erfcx"](x) if x < arb(2) ** 500 else 1 / (x * arb.pi().sqrt()) * (1 + arb(0, 1) / (x * x))


def _even(x: Range) -> Range:
    return Range(below(x.least.cosh()), above(x.most.cosh()))


def _hyperbolic(x: Range) -> arb:
    if not x.most < SATURATED:
        raise Unknown
    return 1 + x.most


def _exponentially(size: arb) -> arb:
    """2 exp(-size) bounds 1 - tanh, 1 - erf and exp itself."""
    return 2 * (-size.min(arb(2 * SATURATED))).exp()


UNIT: Callable[[Range], arb] = lambda x: ONE  # noqa: E731

RULES: Mapping[str, Rule] = {
    "tanh": Rule(_bounded("tanh", lambda: ONE), UNIT, UNIT, far=_exponentially),
    "erf": Rule(_bounded("erf", lambda: ONE), UNIT, lambda x: arb(1.25), far=_exponentially),
    "atan": Rule(_bounded("atan", lambda: arb.pi() / 2), UNIT, UNIT, far=lambda size: 1 / size),
    "asinh": Rule(_rising("asinh"), UNIT, UNIT),
    "expm1": Rule(
        _expm1_values,
        _expm1_condition,
        lambda x: x.high.min(arb(SATURATED)).max(arb(-SATURATED)).exp(),
        far=_exponentially,
    ),
    "log1p": Rule(_rising("log1p"), _log1p_condition, _log1p_slope),
    "sinh": Rule(_rising("sinh"), _hyperbolic, lambda x: x.most.cosh()),
    "cosh": Rule(_even, _hyperbolic, UNIT, relatively=True),
    "erfc": Rule(
        lambda x: x.falling(arb.erfc), lambda x: ONE.max(x.high * _erfc_lean(x)), _erfc_lean, relatively=True
    ),
    "erfcx": Rule(
        lambda x: x.falling(_erfcx_value),
        _erfcx_condition,
        _erfcx_lean,
        relatively=True,
        far=lambda size: 1 / size,
    ),
}
"""Operations of one argument by name. Of tanh, erf, atan, asinh x F'/F is at most 1, since F(x)/x falls."""


# What a result is worth.


def ulps(value: Value) -> arb | None:
    """Return a bound of the error in ulp of a result that is rounded to binary64; None where it overflows.

    Half an ulp for the rounding, which is exact below `NORMAL`: hi and lo are multiples of the spacing there.

    Raises Unknown where the values may be 0 or overflow in a part of the interval.
    """
    values = value.range
    if value.over < NEVER:
        if values.least >= LARGE * (1 - arb(2) ** -49):
            return None
        raise Unknown
    if values.most == 0 and value.lost == 0:
        return arb(0)
    if not values.sign:
        if not values.most < NORMAL:
            raise Unknown
        return above((value.relative * values.most + value.lost) * arb(2) ** 1074)
    relative, found = value.relative * arb(2) ** 53, []
    if values.most >= NORMAL:
        least = values.least.max(NORMAL)
        lost = value.absolute + (FINE if value.underflows else 0)
        found.append(above(0.5 + relative + lost / spacing(least)))
    if values.least < NORMAL:
        found.append(above(relative + value.lost * arb(2) ** 1074))
    return max(found, key=float)


def spacing(size: arb) -> arb:
    """Return the distance of binary64 numbers from a positive exact one upwards."""
    mantissa, exponent = size.man_exp()
    return arb(2) ** max(int(exponent) + int(mantissa).bit_length() - 53, -1074)
