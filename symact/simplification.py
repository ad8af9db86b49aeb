"""neat: the shortest of a few equal forms of a smooth expression, by rational algebra over its kernels."""

from collections.abc import Callable
from functools import lru_cache, reduce
from itertools import islice

import sympy as sp

from symact import quotients
from symact.quotients import NotRational, factorised, quotient
from symact.rules import applied, rewrite
from symact.writing import text

MAX_OPERATIONS = 220
"""Larger expressions are not tried in several forms, but put over one denominator and factored."""

MAX_TERMS = 2000
"""Of a numerator or denominator of what is put over one denominator; larger ones stay as they are."""

GAIN = 2
"""By how much a form must be shorter to be worth a step: z*(1 - tanh(z)**2) stays."""


def cost(expression: sp.Expr) -> int:
    """Return how much there is to read: each node, a function or a root twice, a minus sign not at all.

    >>> z = sp.Symbol("z")
    >>> cost(1 - z**2) < cost((1 - z)*(1 + z)), cost(sp.exp(-z)) == cost(sp.exp(z))
    (True, True)
    """
    if expression.is_Mul and expression.args[0] == -1:
        return cost(-expression)
    weight = 2 if expression.is_Function or (expression.is_Pow and not expression.exp.is_integer) else 1
    return weight + sum(cost(argument) for argument in expression.args)


@lru_cache(maxsize=512)
def neat(expression: sp.Expr) -> sp.Expr:
    """Return an equal form that is shorter to read, or the expression itself.

    Exponentials of commensurable arguments become powers of one symbol, roots and other functions
    symbols of their own; over these the expression is a rational function, which is reduced.

    >>> z = sp.Symbol("z", real=True)
    >>> neat(2*sp.exp(z)/(1 + sp.exp(z)) - 2*sp.exp(2*z)/(1 + sp.exp(z))**2)
    2*exp(z)/(exp(z) + 1)**2
    """
    if expression.is_Atom or expression.has(sp.Piecewise, sp.Derivative, sp.nan, sp.zoo, sp.oo):
        return expression
    if exceeds(expression, MAX_OPERATIONS):
        signs = (1, -1) if any(isinstance(kernel, sp.exp) for kernel in kernels(expression)) else (1,)
        return min(expression, *(_over_one(expression, sign) for sign in signs), key=_length)
    return _neat(expression)


@lru_cache(maxsize=1024)  # the same derivatives are asked for by each of their properties
def _neat(expression: sp.Expr) -> sp.Expr:
    rewritten = rewrite(expression)
    candidates = [rewritten, _rebuilt(sp.factor_terms(rewritten))]
    for sign in (1, -1):
        rational, back, roots = over_kernels(rewritten, sign)
        candidates += [rewrite(_rebuilt(form.xreplace(back))) for form in _reduced(rational, roots)]
        if not any(isinstance(kernel, sp.exp) for kernel in back.values()):
            break
    best = min(candidates, key=_length)
    return best if _length(best) + GAIN <= _length(expression) else expression


def _over_one(expression: sp.Expr, sign: int) -> sp.Expr:
    """Return a large expression as one fraction of factored polynomials over its kernels, or as it is."""
    return _fraction(*over_kernels(expression, sign)) or expression


def _fraction(
    rational: sp.Expr, back: dict[sp.Symbol, sp.Expr], roots: dict[sp.Symbol, sp.Expr]
) -> sp.Expr | None:
    """Return an expression over its kernels as one fraction of factored polynomials; None where too large."""
    rational, numbers = _over_numbers(rational)
    back |= {symbol: base ** sp.Rational(1, n) for symbol, (base, n) in numbers.items()}
    relations = [(s, 2, square) for s, square in roots.items() if square.is_polynomial()]
    relations += [(s, n, base) for s, (base, n) in numbers.items() if base.is_Rational]
    try:
        sides = list(quotient(rational, MAX_TERMS))
        for symbol, n, power in relations:
            lowered = [_lowered(side, symbol, n, power) for side in sides]
            if lowered != sides:
                sides = list(quotient(lowered[0] / lowered[1], MAX_TERMS))
    except NotRational:
        return None
    for i, side in enumerate(sides):
        constant, factors = factorised(side)
        sides[i] = constant * sp.Mul(*(factor**k for factor, k in factors))
    return _rebuilt((sides[0] / sides[1]).xreplace(back))


def differentiated(expression: sp.Expr, slope: Callable[[sp.Expr], sp.Expr], x: sp.Symbol) -> sp.Expr | None:
    """Return the derivative of a large expression as one fraction of factored polynomials over its kernels.

    ``slope`` differentiates a kernel: the polynomials of a high order are never written out as functions.
    None where it is no such fraction.

    >>> z = sp.Symbol("z", real=True)
    >>> differentiated(1/(1 + sp.exp(-z)), lambda kernel: sp.diff(kernel, z), z)
    exp(-z)/(1 + exp(-z))**2
    """
    found = kernels(expression)
    exponentials = [kernel for kernel in found if isinstance(kernel, sp.exp)]
    falling = sum(1 if kernel.args[0].could_extract_minus_sign() else -1 for kernel in exponentials)
    slopes = [slope(kernel) for kernel in found]
    whole, back, roots = over_kernels(sp.Tuple(expression, *found, *slopes), -1 if falling > 0 else 1)
    rational, known, changes = whole[0], whole[1 : 1 + len(found)], whole[1 + len(found) :]
    moves = {x: sp.S.One}
    for power, change in zip(known, changes, strict=True):
        symbol, k = power.as_base_exp()  # (s**k)' = k s**(k - 1) s'
        moves[symbol] = change * symbol ** (1 - k) / k
    try:
        above, below = quotients.differentiated(rational, moves, MAX_TERMS)
    except quotients.NotRational:
        return None
    return _fraction(above / below, back, roots)


def exceeds(expression: sp.Expr, operations: int) -> bool:
    """Return whether there are more than so many operations; a large expression is not counted to its end.

    An operation makes three nodes at most: ``-x`` is -1, x and their product.
    """
    nodes = islice(sp.preorder_traversal(expression), 3 * operations + 2)
    return sum(1 for _ in nodes) > 3 * operations + 1 or sp.count_ops(expression) > operations


def _lowered(polynomial: sp.Expr, symbol: sp.Symbol, n: int, power: sp.Expr) -> sp.Expr:
    """Return a polynomial, ``symbol**n`` written as what it is."""
    high = {p: p.exp for p in polynomial.atoms(sp.Pow) if p.base == symbol and p.exp >= n}
    return polynomial.xreplace({p: power ** (k // n) * symbol ** (k % n) for p, k in high.items()})


def _over_numbers(rational: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, tuple[sp.Expr, int]]]:
    """Return an expression with symbols for roots of numbers and pi: the symbol's n-th power is the base."""
    found = {node for node in rational.atoms(sp.Pow, sp.NumberSymbol) if node.is_number}
    parts = {node: node.as_base_exp() for node in found if not node.is_Rational}
    symbols: dict[sp.Symbol, tuple[sp.Expr, int]] = {}
    forward: dict[sp.Expr, sp.Expr] = {}
    for i, base in enumerate({base: None for base, exponent in parts.values() if exponent.is_Rational}):
        n = reduce(sp.ilcm, [exponent.q for other, exponent in parts.values() if other == base])
        symbol = sp.Symbol(f"_number{i}", positive=True)
        symbols[symbol] = base, n
        forward |= {node: symbol ** (n * k) for node, (other, k) in parts.items() if other == base}
    return rational.xreplace(forward), symbols


def explained(before: sp.Expr, after: sp.Expr) -> tuple[str, str]:
    """Return the rule by which one expression became a neater one, and a note.

    >>> z = sp.Symbol("z", real=True)
    >>> explained(2*sp.sin(z)*sp.cos(z), sp.sin(2*z))
    ('identity', 'sin(x)*cos(x) = sin(2*x)/2')
    >>> explained(sp.exp(z)/(sp.exp(z) + 1), 1/(1 + sp.exp(-z)))
    ('simplification', 'numerator and denominator divided by exp(z)')
    """
    if exceeds(before, MAX_OPERATIONS):
        return "simplification", "over one denominator, factored"
    used = applied(before)
    if used and rewrite(before) == after:
        return "identity", ", ".join(f"{text(rule.before)} = {text(rule.after)}" for rule in used)
    (numerator, denominator), (above, below) = _quotient(before), _quotient(after)
    if _has_fraction(numerator) or _has_fraction(denominator):
        return "simplification", "over one denominator"
    for exponential in sorted(before.atoms(sp.exp), key=sp.default_sort_key):
        for divisor in (exponential, exponential**2):
            if _same(numerator, above * divisor) and _same(denominator, below * divisor):
                inverse = divisor.args[0].could_extract_minus_sign()
                verb = f"multiplied by {text(1 / divisor)}" if inverse else f"divided by {text(divisor)}"
                return "simplification", f"numerator and denominator {verb}"
    if not (_same(numerator, above) and _same(denominator, below)):
        return "simplification", "common factors cancelled"
    sums = [sum(factor.has(sp.Add) for factor in sp.Mul.make_args(side)) for side in (numerator, above)]
    return "simplification", "factored" if sums[1] > sums[0] else "expanded" if sums[1] < sums[0] else ""


def _quotient(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return numerator and denominator as they are written: exp(-z) is no denominator."""
    factors = sp.Mul.make_args(expression)
    below = [f for f in factors if (f.is_Pow and f.exp.is_number and f.exp.is_negative)]
    return sp.Mul(*(f for f in factors if f not in below)), 1 / sp.Mul(*below)


def _has_fraction(expression: sp.Expr) -> bool:
    """Return whether a term of a sum has a denominator of its own: ``z - z/(1 + z)``."""
    sums = [factor.as_base_exp()[0] for factor in sp.Mul.make_args(expression)]
    terms = [term for total in sums if total.is_Add for term in total.args]
    return any(_quotient(term)[1].free_symbols or _has_fraction(term) for term in terms)


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    """Return whether two expressions are equal when multiplied out; what differs by number is not tried."""
    values = [_value(side) for side in (a, b)]
    if abs(values[0] - values[1]) > sp.Float("1e-12") * (1 + abs(values[0])):
        return False
    return sp.expand(a - b) == 0


@lru_cache(maxsize=256)
def _value(expression: sp.Expr) -> sp.Expr:
    """Return the value where each symbol is a number between 0 and 1, told by its name."""
    numbers = {s: sp.Rational(1 + sum(map(ord, s.name)) % 97, 98) for s in expression.free_symbols}
    return sp.N(expression.xreplace(numbers), 20)


def _length(form: sp.Expr) -> int:
    """Return the cost of a form; one that begins with a minus sign costs one more."""
    return cost(form) + form.could_extract_minus_sign()


def _rebuilt(expression: sp.Expr) -> sp.Expr:
    """Return the expression as SymPy builds it: ``(a + b)/2``, which factor_terms makes, would not last."""
    if expression.is_Atom:
        return expression
    return expression.func(*(_rebuilt(argument) for argument in expression.args))


def over_kernels(
    expression: sp.Expr, sign: int
) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Return the expression over symbols for its kernels, what these stand for, and the roots' squares."""
    names = (sp.Symbol(f"_kernel{i}", positive=True) for i in range(10**6))
    forward: dict[sp.Expr, sp.Expr] = {}
    back: dict[sp.Symbol, sp.Expr] = {}
    roots: dict[sp.Symbol, sp.Expr] = {}
    found = kernels(expression)
    for base, powers in commensurable([k for k in found if isinstance(k, sp.exp)]):
        symbol = next(names)
        back[symbol] = sp.exp(sign * base)
        forward |= {kernel: symbol ** (sign * power) for kernel, power in powers.items()}
    radicals: dict[sp.Expr, sp.Symbol] = {}
    for kernel in found:
        if isinstance(kernel, sp.exp):
            continue
        if kernel.is_Pow and kernel.exp.is_Rational and kernel.exp.q == 2:
            if kernel.base not in radicals:
                radicals[kernel.base] = symbol = next(names)
                back[symbol], roots[symbol] = sp.sqrt(kernel.base), kernel.base
            forward[kernel] = radicals[kernel.base] ** kernel.exp.p
        else:
            symbol = next(names)
            forward[kernel], back[symbol] = symbol, kernel
    return expression.xreplace(forward), back, roots


def kernels(expression: sp.Expr) -> list[sp.Expr]:
    """Return the kernels of an expression, those inside others left out, in reading order."""
    if expression.is_Function or (
        expression.is_Pow and not expression.exp.is_integer and not expression.is_number
    ):
        return [expression]
    return list(dict.fromkeys(kernel for argument in expression.args for kernel in kernels(argument)))


def commensurable(exponentials: list[sp.Expr]) -> list[tuple[sp.Expr, dict[sp.Expr, sp.Integer]]]:
    """Return ``(base, {exp(k base): k})`` for each group of arguments with rational ratios.

    >>> z = sp.Symbol("z")
    >>> commensurable([sp.exp(z), sp.exp(-2*z)])
    [(z, {exp(z): 1, exp(-2*z): -2})]
    """
    groups: list[tuple[sp.Expr, dict[sp.Expr, sp.Rational]]] = []
    for kernel in exponentials:
        for first, ratios in groups:
            ratio = sp.cancel(kernel.args[0] / first)
            if ratio.is_Rational:
                ratios[kernel] = ratio
                break
        else:
            groups.append((kernel.args[0], {kernel: sp.Integer(1)}))
    result = []
    for first, ratios in groups:
        numerators, denominators = [abs(r.p) for r in ratios.values()], [r.q for r in ratios.values()]
        unit = sp.Rational(reduce(sp.igcd, numerators), reduce(sp.ilcm, denominators))
        base = first * unit
        flip = -1 if base.could_extract_minus_sign() else 1
        result.append((flip * base, {k: flip * r / unit for k, r in ratios.items()}))
    return result


def _reduced(rational: sp.Expr, roots: dict[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    """Return forms of a rational function: over one denominator, reduced, and with its factors apart."""
    together = sp.together(rational)
    forms = [together]
    try:
        numerator, denominator = sp.fraction(sp.cancel(together))
        for symbol, square in roots.items():
            if square.is_polynomial():
                numerator = sp.rem(numerator, symbol**2 - square, symbol)
        reduced = numerator / denominator
        forms += [reduced, sp.factor(numerator) / sp.factor(denominator), numerator / sp.factor(denominator)]
        forms += [-sp.factor(numerator) / sp.factor(-denominator), sp.expand(numerator) / denominator]
    except sp.PolynomialError:
        pass
    return forms
