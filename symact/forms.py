"""The forms in which one and the same expression can be computed: rules that move its cancellation.

Each rule takes a smooth expression in t > 0 and returns equal expressions (for all t > 0, or, for a
tail, equal as t grows). None of them knows where it is accurate: `regimes` finds that out by model.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import lcm

import sympy as sp

from symact.functions import cos_scaled, erfcx, exp_scaled, expm1, ldexp, log1p, sin_scaled

T = sp.Symbol("t", positive=True)
"""The magnitude of the input on one side of zero: z = t or z = -t."""
W = sp.Symbol("w", positive=True)
"""The reciprocal of the magnitude, 1/t."""
DISTANCE = sp.Symbol("distance", real=True)
"""The input less the number that is nearest the center of a power series."""
M = sp.Symbol("m", real=True)

TURNS = 64
"""Bits by which the argument of a sine or cosine is scaled down, so that it does not overflow."""

SCALE = 300
"""Bits by which a leading exponential is scaled, so that only the last operation may under- or overflow."""

SCALED = (exp_scaled, sin_scaled, cos_scaled, ldexp)
"""What forms hold that are yielded only where ``scaled`` ones are asked for."""

FAR_TERMS = (1, 2, 6)
"""Terms of the asymptotic series of erfcx that are tried."""

MAX_POWER = 64
"""Exponentials of which one is a higher power of another are not brought together."""

MAX_OPERATIONS = 400
"""Larger expressions are not rewritten: polynomial algebra on them takes longer than it gains."""

TOLLS = {
    "exp": 3,
    "expm1": 3,
    "log": 4,
    "log1p": 4,
    "erfcx": 4,
    "tanh": 4,
    "erf": 6,
    "erfc": 9,
    "Abs": 0,
    "sign": 1,
}
"""What functions cost, in divisions; those that are not here cost twelve."""


@dataclass(frozen=True)
class Form:
    """An expression to compute, and the rule that it comes from. ``side`` 0: in z; +1, -1: in t = z, -z.

    ``far``: it may be used where t is huge only.
    """

    rule: str
    expression: sp.Expr
    side: int = 0
    far: bool = False

    @cached_property
    def cost(self) -> int:
        """Return the number of operations, a function counting as ten."""
        return int(sp.count_ops(self.expression)) + 10 * len(self.expression.atoms(sp.Function))

    @cached_property
    def toll(self) -> float:
        """Return what its functions and divisions cost, each counted once; exp(2 a) beside exp(a) is free."""
        calls = self.expression.atoms(sp.Function)
        exponents = {call.args[0] for call in calls if isinstance(call, sp.exp)}
        doubles = sum(argument / 2 in exponents for argument in exponents)
        divisors = {p.base for p in self.expression.atoms(sp.Pow) if p.exp.could_extract_minus_sign()}
        functions = sum(TOLLS.get(call.func.__name__, 12) for call in calls)
        return functions - doubles * TOLLS["exp"] + len({d for d in divisors if not isinstance(d, sp.exp)})

    def further(self, others: Iterable["Form"]) -> float:
        """Return what its functions cost that none of some others has: branches share their calls."""
        own, known = (
            {call.func for form in forms for call in form.expression.atoms(sp.Function)}
            for forms in ((self,), others)
        )
        return sum(TOLLS.get(function.__name__, 12) for function in own - known)


def protected(expression: sp.Expr) -> sp.Expr:
    """Return the expression with ``exp(x) - 1`` and ``log(1 + x)`` as the functions that do not cancel.

    >>> z = sp.Symbol("z")
    >>> protected(sp.log(1 + sp.exp(z)) + 2*(sp.exp(z) - 1))
    2*expm1(z) + log1p(exp(z))
    """

    def add(node: sp.Add) -> sp.Expr:
        for term in node.args:
            coefficient, rest = term.as_coeff_Mul()
            if isinstance(rest, sp.exp) and -coefficient in node.args:
                others = [a for a in node.args if a not in (term, -coefficient)]
                return sp.Add(coefficient * expm1(rest.args[0]), *others)
            factors = sp.Mul.make_args(term)
            for exponential in [f for f in factors if isinstance(f, sp.exp)]:
                weight = term / exponential
                if -weight in node.args:
                    others = [a for a in node.args if a not in (term, -weight)]
                    return sp.Add(weight * expm1(exponential.args[0]), *others)
        return node

    def logarithm(node: sp.log) -> sp.Expr:
        inner = sp.expand(node.args[0])
        constant_term, rest = inner.as_coeff_Add()
        return log1p(rest) if constant_term == 1 else node

    result = expression.replace(lambda n: n.is_Add, add)
    return result.replace(lambda n: isinstance(n, sp.log), logarithm)


def candidates(expression: sp.Expr, *, scaled: bool) -> Iterator[Form]:
    """Yield the forms of an expression in T, the plainest first; ``scaled`` some for subnormal ones."""
    if sp.count_ops(expression) > MAX_OPERATIONS:
        return
    complement = complemented(expression)
    if complement != expression:
        yield Form("complement", protected(complement))
    yield from _decaying_forms(expression, scaled)
    if (halved := _half_angles(expression)) != expression:
        yield Form("half angle", protected(halved))
    if scaled and (turned := _turned(expression)) != expression:
        yield Form("scaled argument", protected(turned))
    if not expression.has(sp.exp, sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc):
        conjugated = list(_conjugates(expression))
        yield from (Form("conjugate", protected(e)) for e in conjugated)
        for e in (expression, *conjugated):
            yield Form("reciprocal argument", protected(reciprocal(e)))


def identities(expression: sp.Expr) -> Iterator[Form]:
    """Yield forms of an expression in T that equal it and cancel less where erf and erfc are near 1.

    >>> [form.expression for form in identities(1 + sp.erf(-T))]
    [erfc(t), exp(-t**2)*erfcx(t)]
    """
    if expression.has(sp.erf, sp.erfc):
        yield Form("complement", complemented(expression))
        yield from list(_rational_forms(expression, False, ""))[:1]


def _half_angles(expression: sp.Expr) -> sp.Expr:
    """Write c + c sin(x) as 2 c sin(x/2 + pi/4)**2, c - c cos(x) as 2 c sin(x/2)**2: no cancellation.

    >>> _half_angles(1 - sp.cos(T))
    2*sin(t/2)**2
    """

    def rewrite(node: sp.Add) -> sp.Expr:
        for term in node.args:
            c, circular = term.as_coeff_Mul()
            if not isinstance(circular, (sp.sin, sp.cos)):
                continue
            for sign in (1, -1):
                if sign * c not in node.args:
                    continue
                rest = node - term - sign * c
                (x,) = circular.args
                if isinstance(circular, sp.sin):
                    square = sp.sin(sign * x / 2 + sp.pi / 4) ** 2
                else:
                    square = (sp.cos(x / 2) if sign > 0 else sp.sin(x / 2)) ** 2
                return rest + 2 * sign * c * square
        return node

    return expression.replace(lambda n: n.is_Add, rewrite)


def _turned(expression: sp.Expr) -> sp.Expr:
    """sin(c t) with its argument scaled down: c t may overflow where the sine exists."""

    def turn(node: sp.Expr) -> sp.Expr:
        (x,) = node.args
        if (x / T).has(T) or not x.has(T):
            return node
        function = sin_scaled if isinstance(node, sp.sin) else cos_scaled
        return function(x.subs(T, ldexp(T, -TURNS)), TURNS)

    return expression.replace(lambda n: isinstance(n, (sp.sin, sp.cos)), turn)


def complemented(expression: sp.Expr) -> sp.Expr:
    """Return the expression with erf and erfc of negative arguments turned round: 1 + erf(-x) = erfc(x).

    >>> complemented(1 + sp.erf(-T))
    erfc(t)
    """

    def turn(node: sp.Expr) -> sp.Expr:
        x = sp.expand(node.args[0])
        positive = not _negative(x)
        x = x if positive else -x
        if isinstance(node, sp.erf):
            return 1 - sp.erfc(x, evaluate=False) if positive else sp.erfc(x, evaluate=False) - 1
        return node if positive else 2 - sp.erfc(x, evaluate=False)

    turned = expression.replace(lambda n: isinstance(n, (sp.erf, sp.erfc)), turn)
    return turned if turned == expression else _collected(turned)


def _collected(expression: sp.Expr) -> sp.Expr:
    """Let constants meet: inside every sum, products of sums that hold erfc are multiplied out."""
    return expression.replace(
        lambda n: n.is_Add and n.has(sp.erfc), lambda n: sp.Add(*[sp.expand(a) for a in n.args])
    )


def _negative(x: sp.Expr) -> bool:
    return bool(x.is_negative or (x.could_extract_minus_sign() and not x.is_positive))


# Exponentials that decay.


@dataclass(frozen=True)
class _Kernel:
    symbol: sp.Symbol
    base: sp.Expr
    """``symbol = exp(-base)`` with base > 0, so that 0 < symbol < 1."""


def _in_exponentials(expression: sp.Expr) -> sp.Expr:
    """Write hyperbolic functions and erf by exponentials that decay for positive arguments."""

    def rewrite(node: sp.Expr) -> sp.Expr:
        x = node.args[0]
        sign = -1 if _negative(sp.expand(x)) else 1
        x = sp.expand(sign * x)
        if isinstance(node, sp.tanh):
            return sign * (1 - sp.exp(-2 * x)) / (1 + sp.exp(-2 * x))
        if isinstance(node, sp.sinh):
            return sign * (sp.exp(x) - sp.exp(-x)) / 2
        if isinstance(node, sp.cosh):
            return (sp.exp(x) + sp.exp(-x)) / 2
        tail = sp.exp(-sp.expand(x**2)) * erfcx(x)
        if isinstance(node, sp.erf):
            return sign * (1 - tail)
        return tail if sign > 0 else 2 - tail

    kinds = (sp.tanh, sp.sinh, sp.cosh, sp.erf, sp.erfc)
    return expression.replace(lambda n: isinstance(n, kinds), rewrite)


def _with_kernels(expression: sp.Expr) -> tuple[sp.Expr, list[_Kernel]]:
    """Name the exponentials: exp(a), exp(2a), exp(-a/2) become powers of one symbol."""
    kernels: list[_Kernel] = []
    for _ in range(12):
        plain = [e for e in expression.atoms(sp.exp) if not e.args[0].has(sp.exp)]
        if not plain:
            break
        arguments = sorted((sp.expand(e.args[0]) for e in plain), key=sp.default_sort_key)
        first = arguments[0]
        ratios = {e: sp.cancel(sp.expand(e.args[0]) / first) for e in plain}
        family = {e: r for e, r in ratios.items() if r.is_Rational}
        common = sp.Rational(
            sp.gcd([int(r.p) for r in family.values()]), sp.lcm([int(r.q) for r in family.values()])
        )
        base = sp.expand(first * common)
        if _negative(base):
            base = -base
            family = {e: -r for e, r in family.items()}
        symbol = sp.Symbol(f"E{len(kernels)}", positive=True)
        kernels.append(_Kernel(symbol, base))
        expression = expression.xreplace({e: symbol ** (-r / common) for e, r in family.items()})
    return _without_roots(expression, kernels)


def _without_roots(expression: sp.Expr, kernels: list[_Kernel]) -> tuple[sp.Expr, list[_Kernel]]:
    """(1 + 1/E)^(1/2) = (F^2 + 1)^(1/2)/F with F = E^(1/2): whole powers of kernels leave the roots."""
    symbols = {kernel.symbol for kernel in kernels}

    def rooted(node: sp.Expr) -> bool:
        if not (node.is_Pow and node.exp.is_Rational and not node.exp.is_Integer):
            return False
        return bool(node.base.free_symbols & symbols) and node.base.is_rational_function(*symbols)

    root = lcm(*(int(node.exp.q) for node in expression.atoms(sp.Pow) if rooted(node)))
    if root == 1:
        return expression, kernels
    finer = [_Kernel(kernel.symbol, kernel.base / root) for kernel in kernels]
    expression = expression.subs({symbol: symbol**root for symbol in symbols})

    def pulled(node: sp.Pow) -> sp.Expr:
        outside, inner = sp.S.One, sp.cancel(sp.together(node.base))
        for symbol in sorted(symbols, key=lambda s: s.name):
            power, inner = _monomial(inner, symbol)
            outside *= symbol ** (power * node.exp)
        return outside * inner**node.exp

    return expression.replace(rooted, pulled), finer


def _logarithms(expression: sp.Expr, kernels: list[_Kernel]) -> sp.Expr:
    """log(E^m c (1 + E r)) = -m base + log(c) + log1p(E r)."""

    def rewrite(node: sp.log) -> sp.Expr:
        inner = sp.cancel(sp.together(node.args[0]))
        total = sp.Integer(0)
        for kernel in kernels:
            power, inner = _monomial(inner, kernel.symbol)
            total -= power * kernel.base
        leading = inner.subs({kernel.symbol: 0 for kernel in kernels})
        if leading.is_number and leading.is_positive:
            rest = sp.cancel(sp.together(inner / leading - 1))
            return total + sp.log(leading) + log1p(_arranged(rest, kernels))
        return total + sp.log(inner)

    return expression.replace(lambda n: isinstance(n, sp.log), rewrite)


def _monomial(expression: sp.Expr, symbol: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Return (m, r) with ``expression = symbol**m * r`` and r neither 0 nor infinite at symbol = 0."""
    numerator, denominator = sp.fraction(sp.together(expression))
    power = sp.Integer(0)
    parts = []
    for part, sign in ((numerator, 1), (denominator, -1)):
        polynomial = sp.Poly(part, symbol)
        low = min(m[0] for m in polynomial.monoms())
        power += sign * low
        parts.append(sp.Poly({(m[0] - low,): c for m, c in polynomial.terms()}, symbol).as_expr())
    return power, parts[0] / parts[1]


def _arranged(expression: sp.Expr, kernels: list[_Kernel]) -> sp.Expr:
    """Horner in the first kernel for numerator and denominator; factors where they are found quickly."""
    numerator, denominator = sp.fraction(expression)
    return _nice(numerator, kernels) / _nice(denominator, kernels)


def _nice(polynomial: sp.Expr, kernels: list[_Kernel]) -> sp.Expr:
    if not kernels:
        return polynomial
    symbol = kernels[0].symbol
    if polynomial.free_symbols == {symbol}:
        factored = sp.factor(polynomial)
        if sp.count_ops(factored) < sp.count_ops(polynomial):
            return factored
    try:
        rows = sp.Poly(polynomial, symbol).all_coeffs()
    except sp.PolynomialError:
        return polynomial
    result = sp.Integer(0)
    for row in rows:
        result = sp.Add(row, sp.Mul(symbol, result))
    return result


def _decaying_forms(expression: sp.Expr, scaled: bool) -> Iterator[Form]:
    decaying = expression
    for form in _rational_forms(expression, scaled, ""):
        decaying = form.expression if form.rule == "decaying exponentials" else decaying
        yield form
    linear = _small_arguments(decaying)
    if linear != protected(decaying):
        yield from _rational_forms(linear, scaled, "small argument, ")


def _rational_forms(expression: sp.Expr, scaled: bool, prefix: str) -> Iterator[Form]:
    try:
        in_exponentials = _in_exponentials(expression)
        written, kernels = _with_kernels(in_exponentials)
        if not kernels:
            if in_exponentials != expression:
                yield Form(prefix + "decaying exponentials", in_exponentials)
                yield from _far(in_exponentials, prefix)
            return
        names: dict[sp.Expr, sp.Expr] = {}
        rational = sp.cancel(sp.together(_named(_logarithms(written, kernels), kernels, names)))
        power, rest = sp.Integer(1), rational
        exponent = sp.Integer(0)
        for kernel in kernels:
            m, rest = _monomial(rest, kernel.symbol)
            power *= kernel.symbol**m
            exponent -= m * kernel.base
    except sp.PolynomialError:
        return
    values = [(name, value) for value, name in reversed(names.items())]
    values += [(kernel.symbol, sp.exp(-kernel.base)) for kernel in reversed(kernels)]

    def restored(e: sp.Expr) -> sp.Expr:
        for symbol, value in values:
            e = e.xreplace({symbol: value})
        return e

    arranged = _arranged(rest, kernels)
    whole = restored(power * arranged)
    yield Form(prefix + "decaying exponentials", whole)
    if (expanded := sp.expand_mul(whole)) != whole:
        yield Form(prefix + "decaying exponentials, expanded", expanded)
    for kernel in kernels:
        shifted = _shifted(rest, kernel.symbol)
        if shifted != rest:
            yield Form(
                prefix + "decaying expm1", restored(power * shifted.xreplace({M: expm1(-kernel.base)}))
            )
    exponent = sp.expand(restored(exponent))
    if scaled and exponent != 0:
        for scale in (SCALE,) if _negative(exponent) else (SCALE, -SCALE):
            front = exp_scaled(exponent, scale)
            yield Form(prefix + "scaled exponential", ldexp(front * restored(arranged), -scale))
    yield from _far(whole, prefix)
    unnamed = rational.xreplace({name: value for value, name in names.items()})
    for chosen in [*([k] for k in kernels), *([kernels] if len(kernels) > 1 else [])]:
        dropped = _dropped(unnamed, chosen)
        if dropped is not None:
            yield Form(prefix + "tail", restored(sp.cancel(dropped) if not names else dropped))


def decaying(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return e and r, ``expression = exp(e)*r``, r in exponentials that decay; None where that fails.

    >>> decaying(T/(1 + sp.exp(T)))
    (-t, t/(1 + exp(-t)))
    """
    try:
        written, kernels = _with_kernels(_in_exponentials(expression))
        powers = [
            power for kernel in kernels for power in written.atoms(sp.Pow) if power.base == kernel.symbol
        ]
        if not kernels or any(abs(power.exp) > MAX_POWER for power in powers):
            return None
        names: dict[sp.Expr, sp.Expr] = {}
        rest = sp.cancel(sp.together(_named(_logarithms(written, kernels), kernels, names)))
        exponent = sp.Integer(0)
        for kernel in kernels:
            power, rest = _monomial(rest, kernel.symbol)
            exponent -= power * kernel.base
        rest = _arranged(rest, kernels)
    except sp.PolynomialError:
        return None
    values = [(name, value) for value, name in reversed(names.items())]
    values += [(kernel.symbol, sp.exp(-kernel.base)) for kernel in reversed(kernels)]
    for symbol, value in values:
        exponent, rest = (e.xreplace({symbol: value}) for e in (exponent, rest))
    return sp.expand(exponent), rest


def _far(expression: sp.Expr, prefix: str) -> Iterator[Form]:
    """Replace erfcx(u) by some terms of its asymptotic series: what remains of it where u is large."""
    if not expression.has(erfcx):
        return
    for terms in FAR_TERMS:
        far = expression.replace(erfcx, lambda u, n=terms: _asymptotic(u, n))
        if far.is_rational_function(T):
            far = reciprocal(sp.cancel(sp.together(far)))
        yield Form(prefix + "tail", far)


def _asymptotic(u: sp.Expr, terms: int) -> sp.Expr:
    """Return erfcx(u) as 1/(sqrt(pi) u) (1 - 1/(2 u^2) + 3/(4 u^4) - ...) (DLMF 7.12.1)."""
    rows = [sp.factorial2(2 * k - 1) / (-2 * u**2) ** k for k in range(terms)]
    return sp.Add(*rows) / (sp.sqrt(sp.pi) * u)


def _small_arguments(expression: sp.Expr) -> sp.Expr:
    """Replace F(u) by F'(0) u where u is an exponential that decays: what remains of F in the far tail."""

    def linear(node: sp.Expr) -> sp.Expr:
        (u,) = node.args
        exponents = [e.args[0] for e in u.atoms(sp.exp)]
        if not exponents or not all(_negative(sp.expand(x)) for x in exponents):
            return node
        return (2 / sp.sqrt(sp.pi) if isinstance(node, sp.erf) else 1) * u

    kinds = (log1p, expm1, sp.tanh, sp.sinh, sp.asinh, sp.atan, sp.erf, sp.sin)
    return protected(expression).replace(lambda n: isinstance(n, kinds), linear)


def _named(expression: sp.Expr, kernels: list[_Kernel], names: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """Name what is not rational in the kernels (a logarithm of one, say), so that algebra can go on."""
    symbols = {kernel.symbol for kernel in kernels}

    def opaque(node: sp.Expr) -> bool:
        power = node.is_Pow and not node.exp.is_Integer
        return bool(node.free_symbols & symbols) and (power or isinstance(node, sp.Function))

    def name(node: sp.Expr) -> sp.Expr:
        return names.setdefault(node, sp.Symbol(f"L{len(names)}", real=True))

    return expression.replace(opaque, name)


def _dropped(expression: sp.Expr, kernels: list[_Kernel]) -> sp.Expr | None:
    value = expression.subs({kernel.symbol: 0 for kernel in kernels})
    return None if value.has(sp.nan, sp.zoo, sp.oo) else value


def _shifted(rest: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Write a rational function of E in M = E - 1, which keeps its digits where E is near 1."""
    numerator, denominator = sp.fraction(rest)
    parts = []
    for part in (numerator, denominator):
        rows = sp.Poly(sp.expand(part.subs(symbol, 1 + M)), M).all_coeffs()
        result = sp.Integer(0)
        for row in rows:
            result = sp.Add(row, sp.Mul(M, result))
        parts.append(result)
    return parts[0] / parts[1]


# Algebraic functions.


def _conjugates(expression: sp.Expr) -> Iterator[sp.Expr]:
    """(a + b s)/d with s = sqrt(c): multiply by (a - b s)/(a - b s), and a difference is gone."""
    roots = {p for p in expression.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q == 2}
    s = sp.Symbol("s", positive=True)
    for base in sorted({p.base for p in roots}, key=sp.default_sort_key):
        rational = expression.replace(
            lambda n, base=base: n.is_Pow and n.base == base and n.exp.is_Rational and n.exp.q == 2,
            lambda n: s ** (2 * n.exp),
        )
        numerator, denominator = sp.fraction(sp.together(rational))
        try:
            reduced = sp.Poly(sp.rem(sp.Poly(numerator, s), sp.Poly(s**2 - base, s)), s)
        except sp.PolynomialError:
            continue
        if reduced.degree() != 1:
            continue
        b, a = reduced.all_coeffs()
        product = sp.expand(a**2 - b**2 * base)
        yield sp.cancel(product / denominator).subs(s, sp.sqrt(base)) / (a - b * sp.sqrt(base))


def reciprocal(expression: sp.Expr) -> sp.Expr:
    """Return the expression in w = 1/t, powers of w pulled out of sums and roots.

    >>> reciprocal(sp.sqrt(T**2 + 4))
    t*sqrt(4*w**2 + 1)
    """

    def tidy(node: sp.Expr) -> sp.Expr:
        numerator, denominator = sp.fraction(sp.together(node.base))
        power, numerator = _lowest(numerator)
        low, denominator = _lowest(denominator)
        return W ** ((power - low) * node.exp) * (numerator / denominator) ** node.exp

    turned = expression.subs(T, 1 / W)
    turned = turned.replace(lambda n: n.is_Pow and n.exp.is_Rational and not n.exp.is_Integer, tidy)
    turned = turned.replace(lambda n: isinstance(n, sp.log), _reciprocal_logarithm)
    numerator, denominator = sp.fraction(sp.together(turned))
    power, numerator = _lowest(numerator)
    low, denominator = _lowest(denominator)
    result = W ** (power - low) * numerator / denominator
    # t itself where 1/w is meant: the reciprocal of a huge t is subnormal.
    return result.replace(lambda n: n.is_Pow and n.base == W and n.exp.is_negative, lambda n: T ** (-n.exp))


def _reciprocal_logarithm(node: sp.log) -> sp.Expr:
    """log(w^k r) = log(r) - k log(t)."""
    numerator, denominator = sp.fraction(sp.together(node.args[0]))
    power, numerator = _lowest(numerator)
    low, denominator = _lowest(denominator)
    return sp.log(numerator / denominator) - (power - low) * sp.log(T)


def _lowest(part: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return (k, rest) with ``part = w**k * rest`` for the lowest power of w in a sum."""
    expanded = sp.expand(part)
    terms = sp.Add.make_args(expanded)
    powers = [term.as_coeff_exponent(W)[1] for term in terms]
    low = min(powers)
    return low, sp.Add(*[sp.expand(term / W**low) for term in terms])
