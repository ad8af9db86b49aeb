"""The shortest of many equal forms: how a form in g is written.

Candidates are made by rational algebra (reduced, factored, expanded, divided through), the inverse
functions' Pythagorean identities, and functions that do not cancel (expm1). `cost` chooses; signs are
such that a sum's constant is positive: ``1 - g**2``, not ``-(g**2 - 1)``. Of equal cost, the form with the
lower powers comes first, then sums, then the shorter text, then the alphabet.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

import sympy as sp

from symact.activations import G, Z
from symact.functions import expm1, plain
from symact.output_forms.eliminations import V, logarithm, substituted
from symact.output_forms.towers import TooLarge, factored_parts, fraction, product, tower_of
from symact.rules import rewrite
from symact.simplification import commensurable
from symact.writing import text

C = sp.Symbol("_c", positive=True)

STARTS = 6
"""Of the forms found so far, as many as are the shortest, further ones are made."""

LONG = 150
"""Forms that cost more are shaped no further: they stay long, and each round takes seconds."""

PYTHAGORAS: Mapping[type, tuple[sp.Expr, type]] = {
    sp.sinh: (C**2 - 1, sp.cosh),
    sp.tan: (C**-2 - 1, sp.cos),
    sp.sin: (1 - C**2, sp.cos),
    sp.cos: (1 - C**2, sp.sin),
    sp.cosh: (1 + C**2, sp.sinh),
    sp.tanh: (1 - C**-2, sp.cosh),
}
"""For v a function of x: v**2 by c, and of which function of x c is a value, positive where v inverts."""


ARCS = (sp.log, sp.atan, sp.asin, sp.acos, sp.asinh, sp.acosh, sp.atanh)
ARCHED = (sp.exp, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)
"""Inverse functions, and functions that may undo them."""

EXPONENTIAL = (sp.exp, sp.sinh, sp.cosh, sp.tanh)

MAX_OPERATIONS = 60
"""Of a form that is written by the tanh of the half argument."""


def cost(expression: sp.Expr) -> int:
    """Return how much there is to read.

    Each number, symbol and operation is 1, a function or a root 2; a power costs one more than a product
    (so that ``g*(1 - g)`` is shorter than ``g - g**2``), a division one; a minus sign is free.

    >>> from symact.activations import G
    >>> cost(G*(1 - G)) < cost(G - G**2), cost(1 - G**2) < cost((1 - G)*(1 + G))
    (True, True)
    """
    if expression.is_Mul and expression.args[0] == -1:
        return cost(-expression)
    if expression.is_Mul and expression.args[0].is_Number and expression.args[0].is_negative:
        return cost(-expression)
    if expression.is_Rational:
        return 1 if expression.is_Integer else 2
    if expression.is_Pow:
        base, exponent = expression.args
        if exponent.could_extract_minus_sign():
            return 1 + cost(base if exponent == -1 else sp.Pow(base, -exponent))
        if exponent == sp.S.Half:
            return 2 + cost(base)
        return 2 + cost(base) + cost(exponent)
    if isinstance(expression, sp.exp) or expression.is_Function:
        return 2 + sum(cost(argument) for argument in expression.args)
    if expression.is_Atom:
        return 1
    return len(expression.args) - 1 + sum(cost(argument) for argument in expression.args)


def ranked(rational: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    """Return equal forms in g, the shortest first.

    ``rational`` is in symbols whose meaning in g is given.

    >>> from symact.activations import G
    >>> ranked(V - V**2, {V: G})[0]
    g*(1 - g)
    """
    return list(_ranked(rational, tuple(meanings.items())))


@lru_cache(maxsize=64)
def _ranked(rational: sp.Expr, pairs: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> tuple[sp.Expr, ...]:
    meanings = dict(pairs)
    found: dict[sp.Expr, None] = {}
    for form in _variants(rational):
        found[tidy(substituted(form, meanings))] = None
    for form in _pythagorean(rational, meanings):
        found[tidy(form)] = None
    for further in FURTHER if min(map(cost, found)) <= LONG else ():
        for form in sorted(found, key=cost)[:STARTS]:
            for other in further(form):
                found[tidy(other)] = None
    sane = [form for form in found if not form.has(sp.nan, sp.zoo, sp.oo, sp.I)]
    return tuple(sorted(sane, key=_rank))


def _rank(form: sp.Expr) -> tuple[int, sp.Rational, bool, int, str]:
    """Return by what forms are ordered: cost, then low powers, sums before products, the text.

    A sum that begins with a minus sign costs one more.
    """
    powers = sum((abs(e.exp) for e in form.atoms(sp.Pow) if e.exp.is_Rational), sp.S.Zero)
    written = text(form)
    backward = form.is_Add and written.startswith("-")
    return cost(form) + backward, powers, not form.is_Add, len(written), written


def _variants(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield an expression reduced, factored, expanded, divided through."""
    yield form
    forward, back = kernels(form)
    rational = form.xreplace(forward)
    try:
        numerator, denominator = fraction(rational)
        found = factored_parts(numerator), factored_parts(denominator)
    except (TooLarge, sp.PolynomialError):
        return
    factored = [constant * sp.Mul(*(base**k for base, k in parts)) for constant, parts in found]
    reduced = factored[0] / factored[1]
    shapes = [numerator / denominator, reduced, sp.expand(numerator / denominator), numerator / factored[1]]
    if all(isinstance(back.get(symbol), sp.exp) for symbol in numerator.free_symbols):
        shapes.append(1 / sp.expand(denominator / numerator))
    shapes += [factored[0] / denominator]
    paired = [constant * sp.Mul(*(base**k for base, k in conjugates(parts))) for constant, parts in found]
    shapes += [paired[0] / denominator, paired[0] / paired[1]]
    for above in {factored[0], sp.factor_terms(sp.expand(numerator))}:
        shapes += [above / factored[1], *_divided(above, factored[1])]
    with suppress(TooLarge):
        shapes += list(_joined(reduced, forward, back))
    shapes += _by_symbol(numerator, denominator)
    expanded = sp.expand(numerator / denominator)
    if expanded.is_Add and expanded.as_coeff_Add()[0] != 0:
        constant, rest = expanded.as_coeff_Add()
        shapes.append(constant + sp.factor(rest))
    for symbol, meaning in back.items():
        if meaning.is_Pow and meaning.exp == sp.S.Half and meaning.base not in forward:
            shapes += _rationalised(numerator, denominator, symbol, meaning.base.xreplace(forward))
    for shape in shapes:
        yield shape.xreplace(back)


def kernels(form: sp.Expr) -> tuple[dict[sp.Expr, sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Return symbols for the functions and roots of an expression, and what they stand for."""
    forward: dict[sp.Expr, sp.Expr] = {}
    back: dict[sp.Symbol, sp.Expr] = {}
    roots: dict[sp.Expr, sp.Symbol] = {}
    whole: list[tuple[sp.Symbol, sp.Expr, int]] = []  # symbols of which a root occurs: its powers
    outermost = [
        node
        for node in sp.preorder_traversal(form)
        if isinstance(node, sp.exp)
        or node.is_Function
        or (node.is_Pow and not node.exp.is_Integer)
        or node.is_NumberSymbol
    ]
    for node in outermost:
        base, exponent = node, sp.S.One
        if isinstance(node, sp.exp):
            ratio, direction = node.args[0].as_coeff_Mul()
            if ratio.is_Integer:
                base, exponent = sp.exp(direction), ratio
        elif node.is_Pow and node.exp.is_Rational:
            base, exponent = node.base ** sp.Rational(1, node.exp.q), sp.Integer(node.exp.p)
            if node.base.is_Symbol and node.base not in forward:
                whole.append((node.base, base, node.exp.q))
        if base not in roots:
            roots[base] = sp.Symbol(f"_r{len(roots)}", positive=True)
            back[roots[base]] = base
        forward[node] = roots[base] ** exponent
    for symbol, base, n in whole:
        if sum(symbol == other for other, _, _ in set(whole)) == 1:
            forward[symbol] = roots[base] ** n
    return forward, back


def _rationalised(
    numerator: sp.Expr, denominator: sp.Expr, root: sp.Symbol, square: sp.Expr
) -> Iterator[sp.Expr]:
    """Yield a quotient without the square root below: 1/(sqrt(v) - 1) = (sqrt(v) + 1)/(v - 1)."""
    if not square.is_polynomial(*square.free_symbols):
        return
    relation = root**2 - square
    below = sp.rem(denominator, relation, root)
    other = below.subs(root, -root)
    above = sp.rem(sp.expand(numerator * other), relation, root)
    below = sp.rem(sp.expand(below * other), relation, root)
    if below == 0:
        return
    quotient = sp.cancel(above / below)
    yield quotient
    yield sp.factor(quotient)


def conjugates(factors: Sequence[tuple[sp.Expr, int]]) -> list[tuple[sp.Expr, int]]:
    """Return the factors with ``(p + q)**k (p - q)**k`` as ``(p**2 - q**2)**k``."""
    waiting, found = list(factors), []
    while waiting:
        base, k = waiting.pop(0)
        for other, n in waiting:
            if n == k and _conjugate(base, other):
                waiting.remove((other, n))
                base = sp.expand(base * other)
                break
        found.append((base, k))
    return found


def _conjugate(one: sp.Expr, other: sp.Expr) -> bool:
    """Return whether the two are ``p + q`` and ``p - q``, or its negative."""
    if not (one.is_Add and other.is_Add and len(one.args) == len(other.args) == 2):
        return False
    p, q = one.args
    return other in (p - q, q - p)


def _divided(numerator: sp.Expr, denominator: sp.Expr) -> Iterator[sp.Expr]:
    """Yield quotients, a divisor drawn into a sum: ``b*(a - g**2/a)``, ``g**2/(g**2 + b/4)``."""
    above, below = list(sp.Mul.make_args(numerator)), list(sp.Mul.make_args(denominator))
    divisors = [part for part in below if not part.is_Add]
    for i, factor in enumerate(above):
        if factor.is_Add:
            others = sp.Mul(*above[:i], *above[i + 1 :])
            for divisor in {*divisors, *(d.base for d in divisors if d.is_Pow), sp.Mul(*divisors)}:
                rest = denominator / divisor
                yield others * sp.expand(factor / divisor) / rest
    for i, factor in enumerate(below):
        if factor.is_Add:
            others = sp.Mul(*below[:i], *below[i + 1 :])
            for term in factor.args:
                number = term.as_coeff_Mul()[0]
                if abs(number) != 1:
                    yield numerator / number / (others * sp.expand(factor / number))


def _by_symbol(numerator: sp.Expr, denominator: sp.Expr) -> Iterator[sp.Expr]:
    """Yield a quotient as a polynomial in a symbol that the denominator lacks: ``(v*u - x*u - x)/(u + 1)``
    is ``v*u/(u + 1) - x``.
    """
    for symbol in sorted(numerator.free_symbols - denominator.free_symbols, key=lambda s: s.name):
        terms = sp.Poly(numerator, symbol).terms()
        if len(terms) > 1:
            yield sp.Add(*(sp.factor(above / denominator) * symbol**k for (k,), above in terms))


def _joined(
    reduced: sp.Expr, forward: Mapping[sp.Expr, sp.Expr], back: Mapping[sp.Symbol, sp.Expr]
) -> Iterator[sp.Expr]:
    """Yield products in which a root meets its own base: ``r*(1 - v)`` is ``(1 - v)**(3/2)``."""
    for symbol, meaning in back.items():
        if not (meaning.is_Pow and meaning.exp.is_Rational):
            continue
        base, n = meaning.base.xreplace(forward), meaning.exp.q
        if base.has(sp.Function) or not base.free_symbols:
            continue
        for sign in (1, -1):
            constant = sp.expand(sign * base)
            for power in (1, 2):
                for turn in (1, -1):
                    above, below = fraction(reduced / constant ** (turn * power))
                    rest = product(above) / product(below)
                    if sp.count_ops(rest) < sp.count_ops(reduced):
                        yield rest * sign**power * symbol ** (turn * n * power)


def _pythagorean(rational: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]) -> Iterator[sp.Expr]:
    """Yield forms in which v**2 is written by the function that completes it to 1."""
    value = meanings.get(V)
    if value is None or value.func not in PYTHAGORAS:
        return
    square, function = PYTHAGORAS[value.func]
    for form in (rational, sp.factor(rational), sp.expand(rational)):
        written = form.replace(
            lambda e: e.is_Pow and e.base == V and e.exp.is_Integer and e.exp % 2 == 0,
            lambda e: square ** (e.exp / 2),
        )
        written = _positive_powers(written)
        for shape in {written, sp.factor(written)}:
            yield substituted(shape, {**meanings, C: function(value.args[0])})


def _doubled(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield forms with one tanh(x), with 2 cosh(x)**2 = cosh(2 x) + 1 and 2 sinh(x)**2 = cosh(2 x) - 1."""
    if form.has(sp.cosh, sp.sinh):
        yield rewrite(form)
        for function, sign in ((sp.cosh, 1), (sp.sinh, -1)):
            form = form.replace(
                lambda e, f=function: e.is_Pow and e.exp == 2 and isinstance(e.base, f),
                lambda e, s=sign: (sp.cosh(2 * e.base.args[0]) + s) / 2,
            )
        yield sp.expand(form)


def _contracted(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield a form with area functions for logarithms, and functions of inverse functions done.

    log((1 + x)/(1 - x)) = 2 atanh(x), and cosh(asinh(x)) = sqrt(1 + x**2).
    """
    if form.has(sp.log):
        yield form.replace(sp.log, _area)
    if any(node.args[0].has(*ARCS) for node in form.atoms(*ARCHED)):
        with suppress(TooLarge):
            tower, (rational,) = tower_of([plain(form).subs(G, Z)], lambda e: None, apart=True)
            yield tower.meaning(rational).subs(Z, G)


def _area(argument: sp.Expr) -> sp.Expr:
    below, above = sp.fraction(sp.cancel((argument - 1) / (argument + 1)))[::-1]
    return 2 * sp.atanh(sp.expand(above / below)) if not below.free_symbols else sp.log(argument)


def _halved(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield a form in exp(u/2), and one in t = tanh(u/2) with exp(u) = (1 + t)/(1 - t)."""
    written = plain(form)
    found = sorted(written.atoms(*EXPONENTIAL), key=sp.default_sort_key)
    groups = commensurable([sp.exp(node.args[0]) for node in found])
    if len(groups) != 1 or sp.count_ops(form) > MAX_OPERATIONS:
        return
    ((direction, powers),) = groups
    root, t = sp.Symbol("_root", positive=True), sp.Symbol("_t", real=True)
    forward = {
        node: sp.exp(node.args[0]) if isinstance(node, sp.exp) else node.rewrite(sp.exp) for node in found
    }
    whole = {
        sp.exp(sign * k * direction): root ** (2 * sign * k) for k in powers.values() for sign in (1, -1)
    }
    written = written.xreplace(forward).xreplace(whole)
    if written.has(sp.exp):
        return
    written = _positive_powers(written)
    try:
        written = sp.factor(sp.cancel(written)) if written.is_rational_function(root) else written
        if written.has(G) or not written.is_rational_function(root):
            yield written.subs(root, sp.exp(direction / 2))
            return
        numerator, denominator = (sp.Poly(part, root) for part in sp.fraction(written))
    except sp.PolynomialError:
        return
    if any(power % 2 for part in (numerator, denominator) for (power,) in part.monoms()):
        return
    halved = sp.factor(sp.cancel(written.subs(root, sp.sqrt((1 + t) / (1 - t)))))
    for shape in (halved, sp.expand(halved)):
        yield shape.subs(t, sp.tanh(direction / 2))


def _circular(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield forms with fewer circular functions: tan(x) = sin(x)/cos(x), cos(x)**2 = (1 + cos(2 x))/2."""
    if not form.has(sp.sin, sp.cos, sp.tan):
        return
    form = form.replace(sp.tan, lambda x: sp.sin(x) / sp.cos(x))
    yield rewrite(form)
    cosines = [e for e in form.atoms(sp.Pow) if e.exp == 2 and isinstance(e.base, sp.cos)]
    squares = form.xreplace({e: (1 + sp.cos(2 * e.base.args[0])) / 2 for e in cosines})
    if not (doubled := sp.expand(squares)).is_Add:  # 1/2 + cos(2 x)/2 would cancel
        yield doubled
    if not squares.is_Add:
        yield squares
    sines = [e for e in form.atoms(sp.Pow) if e.exp == 2 and isinstance(e.base, sp.sin)]
    yield sp.expand(form.xreplace({e: 1 - sp.cos(e.base.args[0]) ** 2 for e in sines}))


def _positive_powers(expression: sp.Expr) -> sp.Expr:
    """Reduce the base of every root: it may be a power of the positive c."""
    return expression.replace(
        lambda e: e.is_Pow and not e.exp.is_Integer, lambda e: sp.Pow(sp.factor(sp.cancel(e.base)), e.exp)
    )


def _with_factored_roots(form: sp.Expr) -> Iterator[sp.Expr]:
    yield form.replace(
        lambda e: e.is_Pow and e.exp.is_Rational and not e.exp.is_Integer,
        lambda e: sp.Pow(_signed(sp.factor(e.base)), e.exp),
    )


FURTHER: tuple[Callable[[sp.Expr], Iterator[sp.Expr]], ...] = (
    *(_with_factored_roots, _contracted, _variants, _doubled, _halved, _circular, _circular, _circular),
)
"""What makes further forms, each of the shortest found so far."""


def tidy(form: sp.Expr, terms: int = 1000) -> sp.Expr:
    """Return a form with simple logarithms and roots, functions that do not cancel, and signs in order.

    Sums of more than ``terms`` terms stay as they are.

    >>> from symact.activations import G
    >>> tidy(1 - sp.exp(-G)), tidy(-G*(G - 1)), tidy(sp.log(1/G))
    (-expm1(-g), g*(1 - g), -log(g))
    """
    form = form.replace(sp.log, _logarithm)
    form = form.replace(lambda e: e.is_Pow and not e.exp.is_Integer, lambda e: _upright(*e.args))
    form = form.replace(lambda e: e.is_Add and len(e.args) <= terms, lambda e: _sum(*e.args))
    return _signed(form.replace(lambda e: e.is_Mul and e.has(expm1), lambda e: _product(*e.args)))


def _logarithm(argument: sp.Expr) -> sp.Expr:
    """Return log(x); log(x + sqrt(x**2 + 1)) as asinh(x)."""
    for root in sp.Add.make_args(argument):
        rest = argument - root
        if root.is_Pow and root.exp == sp.S.Half and sp.expand(root.base - rest**2) == 1:
            return sp.asinh(rest)
    return logarithm(argument)


def _upright(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Return a power; a negative one of a quotient, or one of 1/x, as a power of the inverse.

    >>> from symact.activations import G
    >>> _upright(1/(1 - G), -C), _upright(G/(1 - G), -C)
    ((1 - g)**_c, ((1 - g)/g)**_c)
    """
    if base.is_Pow and not base.exp.is_number:  # x > 0, or x**a is no real number
        return sp.Pow(base.base, sp.cancel(base.exp * exponent))
    above, below = base.as_numer_denom()
    turned = exponent.could_extract_minus_sign() and below.free_symbols
    if (above in (1, -1) and below != 1) or turned:
        inverse = sp.expand(above * below) if above in (1, -1) else below / above
        return sp.Pow(inverse, -exponent)
    return sp.Pow(base, exponent)


def _merged(product: sp.Expr) -> sp.Expr:
    """Return a product with a power and its own base as one: g*g**(-1/p) = g**(1 - 1/p)."""
    parts = list(sp.Mul.make_args(product))
    for power in [part for part in parts if part.is_Pow and not part.exp.is_Rational]:
        base, exponent = power.args
        for other in [part for part in parts if part is not power]:
            factor, k = other.as_base_exp()
            sign = 1 if factor == base else -1 if sp.expand(factor + base) == 0 else 0
            if k.is_Integer and sign:
                parts.remove(power)
                parts.remove(other)
                return _merged(sp.Mul(sign**k, *parts, sp.Pow(base, sp.expand(exponent + k))))
            if factor == base and not k.is_Rational:  # x > 0, or x**a is no real number
                parts.remove(power)
                parts.remove(other)
                return _merged(sp.Mul(*parts, sp.Pow(base, sp.factor(sp.cancel(exponent + k)))))
    return product


def _sum(*terms: sp.Expr) -> sp.Expr:
    """Add up, by c - c exp(x) = -c expm1(x) and c exp(x) + c exp(-x) = 2 c cosh(x)."""
    rest = list(terms)
    exponentials = [(term, *term.as_independent(sp.exp, as_Add=False)) for term in terms if term.has(sp.exp)]
    result: list[sp.Expr] = []
    for i, (term, factor, exponential) in enumerate(exponentials):
        if not isinstance(exponential, sp.exp) or term not in rest:
            continue
        for other, factor2, exponential2 in exponentials[i + 1 :]:
            if other in rest and exponential2 == 1 / exponential and factor2 in (factor, -factor):
                function = sp.cosh if factor2 == factor else sp.sinh
                result.append(2 * factor * function(exponential.args[0]))
                rest = [t for t in rest if t not in (term, other)]
                break
        else:
            if -factor in rest:
                result.append(factor * expm1(exponential.args[0]))
                rest = [t for t in rest if t not in (term, -factor)]
    return sp.Add(*rest, *result)


def _product(*factors: sp.Expr) -> sp.Expr:
    """Multiply, by exp(-x) expm1(x) = -expm1(-x)."""
    rest = list(factors)
    for factor in factors:
        if isinstance(factor, expm1) and (exponential := sp.exp(-factor.args[0])) in rest:
            rest.remove(factor)
            rest[rest.index(exponential)] = -expm1(-factor.args[0])
    return sp.Mul(*rest)


def _signed(form: sp.Expr) -> sp.Expr:
    """Turn the sums of a product so that their constants, or else their first terms, are positive."""
    if form.is_Atom or isinstance(form, sp.Piecewise):
        return form
    form = _merged(form.func(*(_signed(argument) for argument in form.args)))
    if form.is_Pow and form.base.is_Add and form.exp.is_Integer and form.exp % 2 == 0 and _turned(form.base):
        return sp.Pow(-form.base, form.exp)
    if not form.is_Mul:
        return form
    number, *_ = form.as_coeff_Mul()
    sign, parts = sp.sign(number), list(sp.Mul.make_args(form / number))
    for i, part in enumerate(parts):
        base, exponent = part.as_base_exp()
        if base.is_Add and exponent.is_Integer and _turned(base):
            sign *= -1 if exponent % 2 else 1
            parts[i] = sp.Pow(-base, exponent)
    if sign < 0:  # a/(b - c) rather than -a/(c - b), s*(g - b) rather than -s*(b - g)
        sums = [part.as_base_exp() for part in parts if part.as_base_exp()[0].is_Add]
        free = [(base, k) for base, k in sums if k in (1, -1) and base.as_coeff_Add()[0] == 0]
        below = [(base, k) for base, k in sums if k == -1 and any(map(_negative, base.args))]
        for base, k in [*free, *below][:1]:
            sign, parts[parts.index(sp.Pow(base, k))] = 1, sp.Pow(-base, k)
    return sp.Mul(sign * abs(number), *parts)


def _negative(term: sp.Expr) -> bool:
    return bool(term.could_extract_minus_sign())


def _turned(total: sp.Expr) -> bool:
    constant = total.as_coeff_Add()[0]
    if constant != 0:
        return bool(constant < 0)
    return _negative(total)
