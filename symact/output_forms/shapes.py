"""The shortest of many equal forms: how a form in g is written.

Candidates are made by rational algebra (reduced, factored, expanded, divided through), the inverse
functions' Pythagorean identities, and functions that do not cancel (expm1). `cost` chooses; signs are
such that a sum's constant is positive: ``1 - g**2``, not ``-(g**2 - 1)``. Of equal cost, the form with the
lower powers comes first, then sums, then the shorter text, then the alphabet.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

import sympy as sp

from symact.functions import expm1
from symact.output_forms.eliminations import V, logarithm, substituted
from symact.output_forms.towers import TooLarge, fraction, product
from symact.rules import rewrite
from symact.writing import text

C = sp.Symbol("c", positive=True)

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
    rounds = (_with_factored_roots, _variants, _doubled, _circular, _circular)
    for further in rounds if min(map(cost, found)) <= LONG else ():
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
        factored = product(numerator), product(denominator)
    except (TooLarge, sp.PolynomialError):
        return
    reduced = factored[0] / factored[1]
    shapes = [numerator / denominator, reduced, sp.expand(numerator / denominator), numerator / factored[1]]
    if all(isinstance(back.get(symbol), sp.exp) for symbol in numerator.free_symbols):
        shapes.append(1 / sp.expand(denominator / numerator))
    shapes += [factored[0] / denominator]
    for above in {factored[0], sp.factor_terms(sp.expand(numerator))}:
        shapes += [above / factored[1], *_divided(above, factored[1])]
    with suppress(TooLarge):
        shapes += list(_joined(reduced, forward, back))
    shapes += _by_symbol(numerator, denominator)
    expanded = sp.expand(numerator / denominator)
    if expanded.is_Add and expanded.as_coeff_Add()[0] != 0:
        constant, rest = expanded.as_coeff_Add()
        shapes.append(constant + sp.factor(rest))
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
    """Yield a form with 2 cosh(x)**2 = cosh(2 x) + 1 and 2 sinh(x)**2 = cosh(2 x) - 1."""
    if form.has(sp.cosh, sp.sinh):
        for function, sign in ((sp.cosh, 1), (sp.sinh, -1)):
            form = form.replace(
                lambda e, f=function: e.is_Pow and e.exp == 2 and isinstance(e.base, f),
                lambda e, s=sign: (sp.cosh(2 * e.base.args[0]) + s) / 2,
            )
        yield sp.expand(form)


def _circular(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield forms with fewer circular functions: tan(x) = sin(x)/cos(x), cos(x)**2 = (1 + cos(2 x))/2."""
    if not form.has(sp.sin, sp.cos, sp.tan):
        return
    form = form.replace(sp.tan, lambda x: sp.sin(x) / sp.cos(x))
    yield rewrite(form)
    squares = form.replace(
        lambda e: e.is_Pow and e.exp == 2 and isinstance(e.base, sp.cos),
        lambda e: (1 + sp.cos(2 * e.base.args[0])) / 2,
    )
    if not (doubled := sp.expand(squares)).is_Add:  # 1/2 + cos(2 x)/2 would cancel
        yield doubled
    if not squares.is_Add:
        yield squares


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


def tidy(form: sp.Expr, terms: int = 1000) -> sp.Expr:
    """Return a form with simple logarithms and roots, functions that do not cancel, and signs in order.

    Sums of more than ``terms`` terms stay as they are.

    >>> from symact.activations import G
    >>> tidy(1 - sp.exp(-G)), tidy(-G*(G - 1)), tidy(sp.log(1/G))
    (-expm1(-g), g*(1 - g), -log(g))
    """
    form = form.replace(sp.log, logarithm)
    form = form.replace(
        lambda e: e.is_Pow and e.base.is_Pow and e.base.exp == -1, lambda e: e.base.base ** (-e.exp)
    )
    form = form.replace(lambda e: e.is_Add and len(e.args) <= terms, lambda e: _sum(*e.args))
    return _signed(form.replace(lambda e: e.is_Mul and e.has(expm1), lambda e: _product(*e.args)))


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
    form = form.func(*(_signed(argument) for argument in form.args))
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
        for base, k in [*free, *((base, k) for base, k in sums if k == -1)][:1]:
            sign, parts[parts.index(sp.Pow(base, k))] = 1, sp.Pow(-base, k)
    return sp.Mul(sign * abs(number), *parts)


def _turned(total: sp.Expr) -> bool:
    constant = total.as_coeff_Add()[0]
    if constant != 0:
        return bool(constant < 0)
    return bool(total.could_extract_minus_sign())
