"""lower: what a target prints. A kernel is cases by parameter, each of guarded straight-line branches."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count, product

import sympy as sp
from flint import arb, ctx

from symact.activations import Activation, G, Kink, Z, samples
from symact.arithmetics import DOUBLE, DOUBLE_DOUBLE, EXACT, Arithmetic, compile_expression
from symact.derivatives import Derivative, differentiate
from symact.evaluations import Setting, evaluate
from symact.formats import BINARY32, BINARY64, Format
from symact.forms import DISTANCE, T, W, protected
from symact.functions import choice
from symact.fusion import fuse
from symact.output_forms import NoOutputForm, OutputForm
from symact.pieces import Case, Piece, same, split, within
from symact.regimes import SERIES, Loss, Regime, Stable, stabilise, true_value

ARITHMETICS = ((DOUBLE, BINARY32), (DOUBLE_DOUBLE, BINARY64))
"""float32 is computed in binary64, float64 in double-double: twice the precision that is promised."""

FAST_ULP = 0.45
"""What the model may leave for the fast grade; beyond it, that is the other one."""

MOST_ABSOLUTE = 2.0**-30
"""The absolute error that binary64 may have for float32; beyond it, double-double serves alone."""

LEAST_ABSOLUTE = 2.0**-148
"""Two values so far apart never round to zeros of two signs."""

FAR = (sp.Integer(2) ** -60, sp.Integer(2) ** 60)
"""What samples of parameters are multiplied by, so that what holds of them holds of far ones too."""

MAX_ORDER = 5
"""Terms at 0 of a higher order than this count as none."""

OUTSIDE = "outside the domain"
"""The rule of a branch that is NaN."""

OVERFLOW = 2.0**128 - 2.0**103
"""From here on a number rounds to an infinite float32."""

WRT = "derivative_wrt_"
"""What the functions that differentiate by a parameter are called, before the parameter's name."""

SOURCES: Mapping[str, str] = {"vjp": "derivative", "vjp_from_output": "derivative_from_output"}
"""A VJP's kernel is that of its derivative."""


@dataclass(frozen=True)
class Branch:
    """``if condition: assignments; return result``; the last of a case has the condition true."""

    condition: sp.Basic
    assignments: tuple[tuple[sp.Symbol, sp.Expr], ...]
    result: sp.Expr
    rule: str


NOWHERE = Branch(sp.true, (), sp.nan, OUTSIDE)

Program = tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], sp.Expr]


@dataclass(frozen=True)
class Kernel:
    """One function in one arithmetic, as `Kernels.functions` names it."""

    function: str
    dtype: str
    arithmetic: Arithmetic
    cases: tuple[tuple[sp.Basic, tuple[Branch, ...]], ...]
    seams: tuple[float, ...]
    loss: Loss
    """What the model leaves, in units of ``dtype``."""

    @property
    def slack(self) -> float:
        """The relative error of its values that is allowed for: a power of 2, twice the model's or more.

        Where all values so near, and by `absolute` nearer, round to one float32, it is the exact value's, and
        otherwise float64's kernel decides (Ziv, "Fast evaluation of elementary mathematical functions with
        correctly rounded last bit", 1991, doi:10.1145/114697.116813). Both are 0 where the kernel is exact.
        """
        return _allowed(self.loss.relative)

    @property
    def absolute(self) -> float:
        """The absolute error that is allowed for: beside roots that depend on a parameter, 0 mostly."""
        return max(_allowed(self.loss.absolute), LEAST_ABSOLUTE) if self.loss.absolute else 0.0

    @property
    def exact(self) -> bool:
        """Return whether nothing is lost before the last rounding."""
        return self.loss == Loss()


def _allowed(error: float) -> float:
    return 2.0 ** (math.ceil(math.log2(error)) + 1) if error else 0.0


@dataclass(frozen=True)
class Kernels:
    """All kernels of an activation; the VJPs are the derivatives times g_bar."""

    activation: Activation
    kernels: tuple[Kernel, ...]
    output_condition: sp.Basic
    """The parameters for which the output form holds; false where there is none."""

    @property
    def functions(self) -> tuple[str, ...]:
        """What is generated: forward, derivative, its VJP, the two from the output, f'', f by parameters."""
        own = list(dict.fromkeys(kernel.function for kernel in self.kernels))
        products = [product for product, source in SOURCES.items() if source in own]
        return tuple(sorted([*own, *products], key=_rank))

    def of(self, function: str, dtype: str) -> Kernel | None:
        """Return a kernel; None for float32 where binary64 is not good enough, and float64's serves."""
        return next((k for k in self.kernels if (k.function, k.dtype) == (function, dtype)), None)

    def fast(self, function: str) -> Kernel | None:
        """Return float32's kernel where it is good enough for the fast grade too, by itself."""
        kernel = self.of(function, BINARY32.dtype)
        return kernel if kernel is not None and kernel.loss.worst <= FAST_ULP else None

    def seams(self) -> tuple[float, ...]:
        """Return all seams between regimes, for whoever chooses test points."""
        return tuple(sorted({seam for kernel in self.kernels for seam in kernel.seams}))


ORDER = (
    "forward", "derivative", "derivative_from_output", "vjp", "vjp_from_output", "second_derivative", WRT
)  # fmt: skip


def _rank(function: str) -> int:
    return ORDER.index(WRT if function.startswith(WRT) else function)


def interface(function: str) -> tuple[str, tuple[str, ...], str]:
    """Return the suffix of a function's name, its inputs and its output.

    >>> interface("forward"), interface("vjp_from_output")
    (('', ('z',), 'g'), ('_vjp_from_output', ('g', 'g_bar'), 'z_bar'))
    """
    suffix = "" if function == "forward" else f"_{function}"
    first = "g" if function.endswith("from_output") else "z"
    if function in SOURCES:
        return suffix, (first, "g_bar"), "z_bar"
    return suffix, (first,), "g" if function == "forward" else "d"


def lower(activation: Activation, derivative: Derivative, form: OutputForm | NoOutputForm) -> Kernels:
    """Return the kernels of an activation for every arithmetic.

    Raises NotSupported where a function has no implementation in an arithmetic.
    """
    functions: list[tuple[str, Activation, tuple[Case, ...]]] = [
        ("forward", activation, split(activation)),
        ("derivative", activation, derivative.cases),
    ]
    condition: sp.Basic = sp.false
    if isinstance(form, OutputForm):
        condition = form.condition
        in_output = Activation(
            activation.name,
            form.expression.subs(G, Z),
            activation.parameters,
            kinks=(Kink(sp.S.Zero, sp.S.Zero),),
        )
        cases = tuple(
            within(case, activation.range, samples(activation, condition)) for case in split(in_output)
        )
        functions.append(("derivative_from_output", in_output, cases))
    functions.append(("second_derivative", activation, differentiate(activation, order=2).cases))
    functions += [
        (WRT + p.name, activation, differentiate(activation, p.symbol).cases) for p in activation.parameters
    ]
    kernels = [
        _kernel(name, owner, cases, arithmetic, fmt)
        for name, owner, cases in functions
        for arithmetic, fmt in ARITHMETICS
    ]
    good = [k for k in kernels if k.arithmetic is DOUBLE_DOUBLE or k.loss.absolute <= MOST_ABSOLUTE]
    return Kernels(activation, tuple(good), condition)


def _kernel(
    name: str, owner: Activation, cases: Sequence[Case], arithmetic: Arithmetic, fmt: Format
) -> Kernel:
    """Return a kernel: of binary64 one straight branch a case, which becomes vector instructions."""
    lowered: list[tuple[sp.Basic, tuple[Branch, ...]]] = []
    seams: set[float] = set()
    left = Loss()
    for case in cases:
        for stable in stabilise(owner, case, arithmetic, fmt):
            branches = _branches(owner, case, stable, arithmetic)
            straight = arithmetic is DOUBLE
            settings = _settings(owner, stable.condition) if straight else []
            held = (_fused(branches, settings),) if straight else tuple(map(_sharing, branches))
            lowered.append((stable.condition, held))
            ends = (regime.upper for regime in stable.regimes)
            seams |= {float(end) for end in ends if end.is_number and end.is_finite}
            left = left | stable.loss
    return Kernel(name, fmt.dtype, arithmetic, tuple(lowered), tuple(sorted(seams)), left)


def _fused(branches: Sequence[Branch], settings: Sequence[Setting]) -> Branch:
    """Return one branch for all, without those of single numbers that the others give by themselves."""
    program = _program(branches)
    named = {s for b in branches for s in b.result.free_symbols | b.condition.free_symbols}
    at_zero = _at(branches, sp.S.Zero) if named <= {Z, T, W} else None
    if at_zero is not None and not _same_floats(program, ((), at_zero), (0.0, -0.0), settings):
        branches = [Branch(sp.Eq(Z, 0), (), at_zero, "zero, as it is on its side"), *branches]
        program = _program(branches)
    for branch in branches:
        if isinstance(branch.condition, sp.Eq) and branch.condition.rhs.is_number:
            fewer = [b for b in branches if b is not branch]
            shorter, at = _program(fewer), float(branch.condition.rhs)
            if _same_floats(shorter, program, (0.0, -0.0) if at == 0.0 else (at,), settings):
                branches, program = fewer, shorter
    steps, result = program
    if not all(math.isnan(evaluate(*program, math.nan, setting)) for setting in settings):
        result = choice(sp.Ne(Z, Z, evaluate=False), Z, result)
    return Branch(sp.true, steps, result, "one program for all")


def _settings(owner: Activation, condition: sp.Basic) -> list[Setting]:
    """Return settings at which programs are compared: samples, what has their signs and is far, defaults."""
    domain = sp.And(condition, *(p.domain for p in owner.parameters))
    exact = list(samples(owner, condition))
    far = ({s: value * scale for s, value in sample.items()} for sample, scale in product(exact, FAR))
    exact += [setting for setting in (*far, owner.defaults) if domain.subs(setting) == sp.true]
    return [{symbol: float(value) for symbol, value in setting.items()} for setting in exact]


def _at(branches: Sequence[Branch], number: sp.Expr) -> sp.Expr | None:
    """Return the expression in z of the branch that a number belongs to."""
    held = next((b for b in branches if b.condition.subs(Z, number) == sp.true), None)
    if held is None:
        return None
    value = held.result
    for symbol, meaning in reversed(held.assignments):
        value = value.xreplace({symbol: meaning})
    return value


def _program(branches: Sequence[Branch]) -> Program:
    whole = branches if branches[-1].condition == sp.true else [*branches, NOWHERE]
    parts = [
        ((), b.result.xreplace({T: Z}))
        if b.rule == SERIES and b.assignments == ((T, Z),)
        else (b.assignments, b.result)  # elsewhere t is abs(z)
        for b in whole
    ]
    return fuse([b.condition for b in whole], parts)


def _same_floats(a: Program, b: Program, numbers: Sequence[float], settings: Sequence[Setting]) -> bool:
    """Return whether two programs round to the same float32 at numbers, by the sign of a zero too."""
    return all(
        _float(evaluate(*a, z, setting)) == _float(evaluate(*b, z, setting))
        for z in numbers
        for setting in settings
    )


def _float(value: float) -> bytes:
    """Return the float32 nearest a number; every NaN is one."""
    if value != value:
        return b"NaN"
    return struct.pack("<f", math.copysign(math.inf, value) if abs(value) >= OVERFLOW else value)


def _branches(owner: Activation, case: Case, stable: Stable, arithmetic: Arithmetic) -> list[Branch]:
    branches = list(_outside(owner, case, stable))
    zero = _at_zero(owner, case, stable)
    if zero is not None:
        branches.append(Branch(sp.Eq(Z, 0), (), zero, "zero, with its sign"))
    breaks = {cut.at: cut.value for cut in case.breaks}
    left_of = {piece.upper: piece for piece in case.pieces}
    right_of = {piece.lower: piece for piece in case.pieces}
    tail: list[Branch] = []
    for regime in stable.regimes:
        end = regime.upper
        condition: sp.Basic = sp.true
        if regime is not stable.regimes[-1]:
            condition = end > Z
            if end in breaks:
                value = breaks[end]
                if same(left_of[end].expression.subs(Z, end), value):
                    condition = end >= Z
                elif not same(right_of[end].expression.subs(Z, end), value):
                    branches.append(Branch(sp.Eq(Z, end), (), value, "at the kink, by convention"))
        if zero is None and _divides_by(regime, condition):
            value = breaks[sp.S.Zero] if sp.S.Zero in breaks else _value_at_zero(owner, case, stable)
            if value.is_finite is not False and value is not sp.nan:
                branches.append(Branch(sp.Eq(Z, 0), (), value, "zero"))
        tail.append(_branch(regime, condition, arithmetic))
    return branches + tail


def _divides_by(regime: Regime, condition: sp.Basic) -> bool:
    """Return whether a regime computes 1/z and 0 belongs to it."""
    if not (regime.side and regime.expression.has(W)):
        return False
    return regime.lower == 0 if regime.side > 0 else condition == (sp.S.Zero >= Z)


def _value_at_zero(owner: Activation, case: Case, stable: Stable) -> sp.Expr:
    setting = samples(owner, stable.condition)[0]
    return next(p for p in case.pieces if _contains_zero(p, setting)).expression.subs(Z, 0)


def _branch(regime: Regime, condition: sp.Basic, arithmetic: Arithmetic) -> Branch:
    first: list[tuple[sp.Symbol, sp.Expr]] = []
    expression = regime.expression
    if regime.rule == SERIES:
        near = sp.Rational(float(regime.center))
        if arithmetic is DOUBLE_DOUBLE or near == regime.center:
            first.append((T, Z - regime.center if regime.center != 0 else Z))
        else:  # beside the center, z less its nearest float is exact: what is left of it counts then
            first += [(DISTANCE, Z - near), (T, DISTANCE - sp.Rational(float(regime.center - near)))]
    elif expression.has(T, W):
        first.append((T, Z if regime.side > 0 else -Z))
        if expression.has(W):
            first.append((W, 1 / T))
    return Branch(condition, tuple(first), expression, regime.rule)


def _sharing(branch: Branch) -> Branch:
    """Return a regime's branch with what occurs more than once in it computed once."""
    if isinstance(branch.condition, sp.Eq) or branch.rule == OUTSIDE:
        return branch
    names = (sp.Symbol(f"s{i}", real=True) for i in count())
    shared, (result,) = sp.cse([branch.result], symbols=names, order="none")
    return replace(branch, assignments=(*branch.assignments, *shared), result=result)


def _outside(owner: Activation, case: Case, stable: Stable) -> list[Branch]:
    """The ends of the line, of the domain, of the range: limits where there are any, NaN outside a domain."""
    branches = []
    lower, upper = case.pieces[0].lower, case.pieces[-1].upper
    for end, piece, direction in ((lower, case.pieces[0], -1), (upper, case.pieces[-1], 1)):
        if end.is_infinite:
            value = _limit(owner, stable, piece, direction)
        else:
            value = _limit_at(owner, stable, piece, end, -direction)
            if owner.domain != sp.S.Reals:
                beyond = end > Z if direction < 0 else end < Z
                branches.append(Branch(beyond, (), sp.nan, OUTSIDE))
                value = value if value is not None and value.is_infinite else None
        if value is not None:
            branches.append(Branch(sp.Eq(Z, end, evaluate=False), (), value, "the limit"))
    return branches


def _limit(owner: Activation, stable: Stable, piece: Piece, direction: int) -> sp.Expr | None:
    settings = samples(owner, stable.condition)
    for near, far in ((300, 1000), (9, 11), (4, 6)):
        pairs = [
            [_value(piece.expression.subs(setting), Fraction(direction * 2**k)) for k in (near, far)]
            for setting in settings
        ]
        if all(a is not None and b is not None for a, b in pairs):
            return _judged(piece.expression, pairs, direction * sp.oo, settings)
    return sp.nan


def _limit_at(owner: Activation, stable: Stable, piece: Piece, end: sp.Expr, side: int) -> sp.Expr | None:
    """Return the limit at a finite end where the expression is not defined; None where it is."""
    if not end.is_Rational or not piece.expression.subs(Z, end).has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        return None
    at = Fraction(int(end.p), int(end.q))
    settings = samples(owner, stable.condition)
    pairs = [
        [_value(piece.expression.subs(setting), at + side * Fraction(1, 2**k)) for k in (300, 1000)]
        for setting in settings
    ]
    if any(a is None or b is None for a, b in pairs):
        return None
    return _judged(piece.expression, pairs, end, settings)


@lru_cache(maxsize=256)
def _value(expression: sp.Expr, point: Fraction) -> arb | None:
    return true_value([(compile_expression(expression, (Z,), EXACT), point)])


def _judged(
    expression: sp.Expr,
    pairs: list[list[arb]],
    end: sp.Expr,
    settings: Sequence[Mapping[sp.Symbol, sp.Expr]],
) -> sp.Expr | None:
    """Tell growth from convergence by two far values; None where the parameters decide, NaN where neither."""
    old, ctx.prec = ctx.prec, 420
    try:
        if all(abs(b) > abs(a) + 1 for a, b in pairs):
            signs = {bool(b > 0) for _, b in pairs}
            return None if len(signs) > 1 else (sp.oo if signs.pop() else -sp.oo)
        if any(not abs(b - a) < arb(2) ** -50 for a, b in pairs):
            converges = all(abs(b - a) < arb(2) ** -3 for a, b in pairs)
            return _symbolic_limit(expression, end, settings) if converges else sp.nan
        for guess in (0, 1, -1, sp.Rational(1, 2), 2, -2, 3, 6):
            if all(abs(b - arb(int(sp.Integer(2) * guess)) / 2) < arb(2) ** -50 for _, b in pairs):
                return sp.Rational(guess)
    finally:
        ctx.prec = old
    return _symbolic_limit(expression, end, settings)


def _symbolic_limit(
    expression: sp.Expr, end: sp.Expr, settings: Sequence[Mapping[sp.Symbol, sp.Expr]]
) -> sp.Expr | None:
    """Return SymPy's limit, the parameters' signs told; None where it has none."""
    signs = {
        symbol: sp.Symbol(symbol.name, positive=True) * (1 if settings[0][symbol] > 0 else -1)
        for symbol in settings[0]
        if len({setting[symbol] > 0 for setting in settings}) == 1
    }
    value = _sympy_limit(expression.subs(signs), end)
    if value is None:
        return None
    back = {
        sp.Symbol(symbol.name, positive=True): symbol * (1 if settings[0][symbol] > 0 else -1)
        for symbol in signs
    }
    return None if value.has(sp.Limit, sp.AccumBounds) else value.subs(back)


@lru_cache(maxsize=64)
def _sympy_limit(expression: sp.Expr, end: sp.Expr) -> sp.Expr | None:
    try:
        return sp.limit(expression, Z, end)
    except NotImplementedError:
        return None


def _at_zero(owner: Activation, case: Case, stable: Stable) -> sp.Expr | None:
    """Return f(+-0) where f(0) = 0: the sign of zero follows c z^n for odd n.

    None where f(0) is not 0, or where parameters decide: then the branch that holds 0 decides as it computes.
    """
    if any(cut.at == 0 and cut.value != 0 for cut in case.breaks):
        return None
    settings = samples(owner, stable.condition)
    leading = [_leading(e) for e in _around_zero(owner, case, stable)]
    if not leading:
        return None
    if any(not c.is_finite for _, c in leading):
        return None
    flat = all(coefficient == 0 or order == 0 for order, coefficient in leading)
    if flat and _odd(case):
        return Z
    if any(order == 0 and c != 0 for order, c in leading):
        return None
    first = leading[0]
    if any(order % 2 == 0 or coefficient == 0 for order, coefficient in leading):
        return sp.S.Zero
    ratios = {bool((c / first[1]).subs(setting) > 0) for _, c in leading for setting in settings}
    if len(ratios) > 1:
        left, *_, right = (c for _, c in leading)
        return sp.S.Zero if all((left / right).subs(setting) < 0 for setting in settings) else None
    return first[1] * Z if ratios.pop() else sp.S.Zero


def _around_zero(owner: Activation, case: Case, stable: Stable) -> list[sp.Expr]:
    settings = samples(owner, stable.condition)
    return [p.expression for p in case.pieces if all(_contains_zero(p, s) for s in settings)]


@lru_cache(maxsize=64)
def _leading(expression: sp.Expr) -> tuple[int, sp.Expr]:
    """Return (n, c) of c z^n, the first term at 0 that is not 0; c is 0 where none is up to `MAX_ORDER`."""
    expression = protected(expression)
    for order in range(MAX_ORDER + 1):
        coefficient = sp.simplify(expression.subs(Z, 0)) / sp.factorial(order)
        if coefficient != 0:
            return order, coefficient
        expression = sp.diff(expression, Z)
    return MAX_ORDER, sp.S.Zero


def _odd(case: Case) -> bool:
    """Return whether f(-z) = -f(z) and f is not zero everywhere: then f(-0) is -0."""
    mirrored = [Piece(-p.upper, -p.lower, -p.expression.subs(Z, -Z)) for p in reversed(case.pieces)]
    pairs = zip(case.pieces, mirrored, strict=True)
    return any(p.expression != 0 for p in case.pieces) and all(
        same(a.lower, b.lower) and same(a.upper, b.upper) and same(a.expression, b.expression)
        for a, b in pairs
    )


def _contains_zero(piece: Piece, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return bool(piece.lower.subs(setting) <= 0) and bool(piece.upper.subs(setting) >= 0)
