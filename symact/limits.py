"""Limits of smooth expressions, and whether two expressions in the parameters are equal."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product

import sympy as sp
from flint import arb

from symact.activations import SAMPLE_VALUES, Activation, Z
from symact.asymptotics import forms_towards
from symact.errors import NotSupported
from symact.growth import Undecided, X, growth, resolved
from symact.roots import numeric
from symact.simplification import neat
from symact.writing import text

MAX_OPERATIONS = 150
"""SymPy's own limit is asked about nothing larger: it has no bound on its time."""

NO_LIMIT = (sp.AccumBounds, sp.Limit, sp.nan, sp.zoo, sp.I, Z)
"""What stands in an answer that is no limit."""

MAX_TRIES = 2520
"""Choices of values that are tried against the parameters' domains, for each combination of signs."""

FAR = 200
"""Where SymPy's limits are compared with a number."""

Settings = Sequence[Mapping[sp.Symbol, sp.Expr]]


@lru_cache(maxsize=256)
def one_sided(expression: sp.Expr, at: sp.Expr, direction: str) -> sp.Expr:
    """Return the limit of a smooth expression at the end of its interval, from one side.

    >>> one_sided(1/sp.sqrt(Z), sp.Integer(0), "+")
    oo
    """
    value = expression.subs(Z, at)
    if value.is_finite is not False and not value.has(sp.zoo, sp.nan, sp.AccumBounds):
        return value if value.is_number or value.is_Symbol else sp.simplify(value)
    step = 1 / X if direction == "+" else -1 / X
    try:
        found = growth(resolved(expression.subs(Z, at + step))).limit
        if not found.has(X, Z, sp.nan, sp.zoo):
            return found
    except Undecided:
        pass
    try:
        if sp.count_ops(expression) <= MAX_OPERATIONS:
            found = sp.limit(expression, Z, at, direction)
            if isinstance(found, sp.Expr) and not found.has(
                sp.AccumBounds, sp.Limit, sp.nan, sp.zoo, sp.I, Z
            ):
                return found
    except (NotImplementedError, ValueError, TypeError, AttributeError, sp.PoleError):
        pass
    raise NotSupported(f"no limit of {text(expression)} at {text(at)} is found; write the formula otherwise")


def equal(a: sp.Expr, b: sp.Expr, settings: Settings) -> bool:
    """Return whether two expressions in the parameters are equal for all of them.

    A difference at one setting disproves it, also where one of them is not finite there: 0**(p - 1) is
    not 0 for p < 1. Agreement at all of them must be proven.

    Raises NotSupported where the numbers agree and no proof is found.
    """
    if a == b:
        return True
    if sp.nan in (a, b) or any(value.is_infinite for value in (a, b)):
        return False
    if any(abs(numeric((a - b).subs(setting))) > arb(10) ** -20 for setting in settings):
        return False
    if any(_finite(a, setting) != _finite(b, setting) for setting in settings):
        return False
    if sp.simplify(a - b) == 0:
        return True
    raise NotSupported(f"cannot decide whether {text(a)} equals {text(b)}; write the formula otherwise")


def _finite(value: sp.Expr, setting: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return not value.subs(setting).has(sp.zoo, sp.oo, sp.S.NegativeInfinity, sp.nan)


@lru_cache(maxsize=128)
def limit(
    expression: sp.Expr,
    direction: sp.Expr,
    activation: Activation | None = None,
    condition: sp.Basic = sp.true,
) -> sp.Expr:
    """Return the limit as z tends to oo or -oo: a number, an expression in the parameters, oo, -oo.

    It is nan where there is none, or none is found. Where it depends on the signs that the domains
    leave to the parameters it is a Piecewise in these.

    >>> limit(Z/(1 + sp.exp(-Z)), -sp.oo)
    0
    >>> from symact.activations import Parameter
    >>> slope = sp.Symbol("slope", real=True)
    >>> limit(slope*Z, sp.oo, Activation(None, slope*Z, (Parameter("slope", sp.Integer(1)),)))
    Piecewise((oo, slope > 0), (-oo, slope < 0), (0, True))
    """
    if not expression.has(Z):
        return expression
    constant, rest = expression.as_independent(Z, as_Add=True)
    if constant.free_symbols - rest.free_symbols and constant.is_polynomial():
        # Each parameter makes three times as many combinations of signs: those of the constant need none.
        return _shifted(limit(rest, direction, activation, condition), constant)
    free = (s for s in expression.free_symbols - {Z} if s.is_positive is None)  # others have a sign
    symbols = sorted(free, key=lambda symbol: symbol.name)
    found: dict[tuple[int, ...], sp.Expr] = {}
    for signs in sign_patterns(symbols, activation, condition):
        forward = {s: _with_sign(s, sign) for s, sign in zip(symbols, signs, strict=True)}
        back = {sign * forward[s]: sign * s for s, sign in zip(symbols, signs, strict=True) if sign}
        found[signs] = _limit(expression.subs(forward), direction).xreplace(back)
    return _by_sign(symbols, found)


def _shifted(value: sp.Expr, constant: sp.Expr) -> sp.Expr:
    """Return a limit and a constant, on all pieces of the limit; an infinite one stays."""
    if isinstance(value, sp.Piecewise):
        return sp.Piecewise(*((_shifted(inner, constant), condition) for inner, condition in value.args))
    return value if value.is_infinite or value is sp.nan else sp.simplify(value + constant)


def sign_patterns(
    symbols: Sequence[sp.Symbol], activation: Activation | None = None, condition: sp.Basic = sp.true
) -> tuple[tuple[int, ...], ...]:
    """Return the signs (1, -1, 0) that the symbols can have together, as far as sample values show.

    >>> sign_patterns((sp.Symbol("b", real=True),))
    ((1,), (-1,), (0,))
    """
    return tuple(sign_settings(symbols, activation, condition))


def sign_settings(
    symbols: Sequence[sp.Symbol], activation: Activation | None = None, condition: sp.Basic = sp.true
) -> Mapping[tuple[int, ...], Mapping[sp.Symbol, sp.Expr]]:
    """Return a setting of all parameters for each combination of signs that the domains allow."""
    parameters = activation.parameters if activation else ()
    demand = sp.And(condition, *(parameter.domain for parameter in parameters))
    everything = list(dict.fromkeys([*symbols, *(p.symbol for p in parameters)]))
    found: dict[tuple[int, ...], Mapping[sp.Symbol, sp.Expr]] = {}
    for signs in product((1, -1, 0), repeat=len(symbols)):
        free = len(everything) - len(signs)
        for values in islice(_with_signs((*signs, *[None] * free), _values(len(everything))), MAX_TRIES):
            setting = dict(zip(everything, values, strict=True))
            if demand == sp.true or demand.subs(setting) == sp.true:
                found[signs] = setting
                break
    return found


def _values(count: int) -> tuple[sp.Expr, ...]:
    """Return sample values, at least so many of either sign, and as many zeros."""
    further = (sp.Rational(prime, 13) for prime in islice(sp.sieve, 6, 6 + count))
    signed = (sign * value for value in further for sign in (1, -1))
    return (*SAMPLE_VALUES, *[sp.S.Zero] * max(2, count), *signed)


def _with_signs(signs: Sequence[int | None], values: Sequence[sp.Expr]) -> Iterator[tuple[sp.Expr, ...]]:
    """Yield choices of one value each, none twice, that have these signs; None is any sign.

    >>> list(_with_signs((-1, None), (sp.Integer(2), sp.Integer(-3), sp.Integer(-5))))
    [(-3, 2), (-3, -5), (-5, 2), (-5, -3)]
    """
    if not signs:
        yield ()
        return
    for i, value in enumerate(values):
        if signs[0] is None or sp.sign(value) == signs[0]:
            for rest in _with_signs(signs[1:], (*values[:i], *values[i + 1 :])):
                yield (value, *rest)


def _with_sign(symbol: sp.Symbol, sign: int) -> sp.Expr:
    return sign * sp.Dummy(symbol.name, positive=True) if sign else sp.S.Zero


def _limit(expression: sp.Expr, direction: sp.Expr) -> sp.Expr:
    if not expression.has(Z):
        return sp.nan if expression.has(sp.zoo) else expression  # the parameters have a value that f has not
    result = _by_growth(expression, direction)
    if result is None:
        if sp.count_ops(expression) > MAX_OPERATIONS:
            return sp.nan
        try:
            result = sp.limit(expression, Z, direction)
        except (NotImplementedError, ValueError, TypeError, sp.PoleError):
            return sp.nan
        if _contradicted(expression, direction, result):
            return sp.nan
    if not isinstance(result, sp.Expr) or result.has(sp.AccumBounds, sp.Limit, sp.zoo, sp.nan, sp.I, Z):
        return sp.nan
    if result.is_infinite:
        return result
    result = sp.simplify(result.rewrite(sp.exp) if result.has(sp.tanh, sp.sinh, sp.cosh) else result)
    return sp.nan if result.has(sp.oo, -sp.oo, sp.I) else result


def _by_growth(expression: sp.Expr, direction: sp.Expr) -> sp.Expr | None:
    """Return the limit by leading terms, those of another form where those of the expression cancel."""
    side = 1 if direction == sp.oo else -1
    for shortened in (False, True):
        for near in forms_towards(neat(expression) if shortened else expression, Z, direction, side):
            try:
                return growth(near).limit
            except Undecided:
                continue
    return _of_terms(expression, direction) if expression.is_Add else None


def _of_terms(expression: sp.Expr, direction: sp.Expr) -> sp.Expr | None:
    """Return the limit of a sum as that of its terms, where all are finite: 0 for 1 - exp(-z**-p)."""
    found = [_by_growth(term, direction) if term.has(Z) else term for term in expression.args]
    if not all(value is not None and value.is_finite and not value.has(*NO_LIMIT) for value in found):
        return None
    return sp.Add(*found)


def _contradicted(expression: sp.Expr, direction: sp.Expr, result: sp.Expr) -> bool:
    """Return whether a number far out is far from a limit.

    SymPy 1.14 says 0 of (z*(1 - 1/(1 + exp(-z))) + 1)/(1 + exp(-z)) as z -> oo, which tends to 1.
    """
    if expression.free_symbols != {Z} or result.has(sp.AccumBounds) or result.is_finite is not True:
        return False
    value = sp.N(expression.subs(Z, FAR if direction == sp.oo else -FAR), 30)
    return bool(value.is_finite and abs(value - sp.N(result, 30)) > sp.Float("0.1") * (1 + abs(result)))


def _by_sign(symbols: Sequence[sp.Symbol], found: Mapping[tuple[int, ...], sp.Expr]) -> sp.Expr:
    """Return one expression of the values by sign: one that fits all, or a Piecewise by the first symbol."""
    if not symbols:
        return found[()]
    first, *others = symbols
    groups = {
        sign: _by_sign(others, {signs[1:]: v for signs, v in found.items() if signs[0] == sign})
        for sign in (1, -1, 0)
        if any(signs[0] == sign for signs in found)
    }
    general = next(groups[sign] for sign in (1, -1, 0) if sign in groups)
    at_zero = groups.get(0, general)
    if groups.get(-1, general) == general and at_zero in (general, general.subs(first, 0)):
        return general
    conditions = {1: first > 0, -1: first < 0, 0: sp.Eq(first, 0)}
    zero = groups.get(0)
    if zero is not None:
        for sign in (1, -1):
            if groups.get(sign) == zero:
                groups[sign] = groups.pop(0)  # the zero goes with the side that it agrees with
                break
    same_as_zero = [sign for sign in groups if groups[sign] == zero] if 0 not in groups else []
    order = [sign for sign in groups if sign not in same_as_zero] + same_as_zero
    rows = [(groups[sign], conditions[sign]) for sign in order]
    return sp.Piecewise(*rows[:-1], (rows[-1][0], True))
