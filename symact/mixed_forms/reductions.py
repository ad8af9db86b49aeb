"""Reductions: f' over calls, a value and g, by the algebra of ``g = f(z)``, in many equal ways.

f is unwrapped from outside: ``log(u) = g`` gives ``u = exp(g)``. At each level ``u = F`` is a polynomial
relation P in z, the calls, the value's symbol and what u is in g. It serves twice: where P is linear in
one of them, that one is eliminated; and numerators, denominators and single terms of f' are reduced
modulo P in several monomial orders, so that ``z*t`` becomes g, and ``z*t**2`` becomes ``g*t``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symact.activations import G, Z
from symact.mixed_forms.bases import members
from symact.mixed_forms.calls import calls_of
from symact.mixed_forms.costs import rank, total
from symact.output_forms.eliminations import INVERSES, substituted
from symact.output_forms.shapes import cost, tidy
from symact.output_forms.towers import TooLarge, fraction

V = sp.Symbol("_v", real=True)
"""What is known in g at a level; no parameter has such a name."""

_D, _Y = sp.symbols("_d _y", real=True)

MAX_LEVELS = 3
"""Outer functions that are unwrapped."""

MAX_TERMS = 40
"""Of a numerator or denominator, multiplied out: a form over more is not one that anybody would keep."""


@dataclass(frozen=True)
class Reduction:
    """A form not yet proven: ``raw`` as the algebra gives it, ``form`` its cheapest shape.

    ``used`` is what was used of g = f(z), as an equation; None where nothing was.
    """

    form: sp.Expr
    raw: sp.Expr
    used: sp.Eq | None


def levels(f: sp.Expr, moving: Sequence[sp.Symbol]) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """Yield what is known in g: f itself, then what its outer functions are of.

    >>> list(levels(2*sp.log(1 + Z**2), [Z]))
    [(2*log(z**2 + 1), g), (z**2 + 1, exp(g/2))]
    """
    value: sp.Expr = G
    for _ in range(MAX_LEVELS):
        yield f, value
        constant, rest = f.as_independent(*moving, as_Add=True)
        factor, rest = rest.as_independent(*moving, as_Add=False) if rest.is_Mul else (sp.S.One, rest)
        value = (value - constant) / factor
        if rest.func in INVERSES:
            f, value = rest.args[0], INVERSES[rest.func](value)
        elif rest.is_Pow and not rest.exp.has(*moving):
            f, value = rest.base, sp.Pow(value, 1 / rest.exp)
        else:
            return
        if f.is_Symbol:
            return


@dataclass(frozen=True)
class Raw:
    """f' over symbols, and what these mean; ``used`` is what of g = f(z) was used, None where nothing."""

    rational: sp.Expr
    meanings: Mapping[sp.Symbol, sp.Expr]
    used: sp.Eq | None

    @cached_property
    def written(self) -> sp.Expr:
        """The form with its symbols written out."""
        return rebuilt(substituted(self.rational, self.meanings))


def raws(f: sp.Expr, slopes: Sequence[sp.Expr], symbol: sp.Symbol | None) -> list[Raw]:
    """Return f', given in several ways, in g, z, the symbol of a value, and calls; the shortest first.

    >>> s = sp.Symbol("s", real=True)
    >>> [raw.written for raw in raws(Z*s, [s + Z*s*(1 - s)], s)][:2]
    [g*(1 - s) + s, -g*s + g + s]
    """
    moving = [Z] if symbol is None else [symbol, Z]
    found: dict[sp.Expr, Raw] = {}
    for inner, value in levels(f, moving):
        calls = calls_of([inner, *slopes])
        reduced = set[sp.Expr]()
        for slope in slopes:
            meanings = {**calls.meanings, V: value}
            variables = [s for s in (*calls.meanings, *moving) if meanings.get(s, s).has(*moving)]
            try:
                F, D = calls.rational(inner), calls.rational(slope)
                _check_terms(F, D)
                above, below = map(sp.factor, fraction(F))
                used = sp.Eq(value, substituted(above / below, calls.meanings), evaluate=False)
                forms = list(_by_term(D, F, variables))
                above, below = fraction(D)
                if above / below not in reduced:
                    reduced.add(above / below)
                    forms += _reduced(above / below, F, variables)
                for form in dict.fromkeys(forms):
                    for turned, back in _turned(form, meanings):
                        raw = Raw(turned, back, used if form.has(V) else None)
                        found.setdefault(raw.written, raw)
            except (TooLarge, sp.PolynomialError):
                continue
    return sorted(found.values(), key=lambda raw: rank(raw.written))


def _check_terms(*expressions: sp.Expr) -> None:
    """Raise TooLarge where one of some expressions is over too many terms."""
    for side in (side for expression in expressions for side in fraction(expression)):
        if len(sp.Add.make_args(sp.expand(side))) > MAX_TERMS:
            raise TooLarge


def _by_term(D: sp.Expr, F: sp.Expr, variables: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """Yield D, and D with V = F used in each of its terms alone."""
    terms = sp.Add.make_args(D)
    yield D
    yield sp.Add(*(_divided(term, F) for term in terms))
    relation = fraction(V - F)[0]
    for gens in _orders(relation, D, variables):
        yield sp.Add(*(_normal(term, relation, gens) for term in terms))


def _reduced(D: sp.Expr, F: sp.Expr, variables: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """Yield D, one fraction, with V = F used in all of it."""
    relation = fraction(V - F)[0]
    for x in variables:
        if sp.degree(relation, x) == 1:
            rest, factor = relation.subs(x, 0), sp.diff(relation, x)
            above, below = fraction(D.xreplace({x: -rest / factor}))
            yield sp.factor(above) / sp.factor(below)
    for gens in _orders(relation, D, variables):
        yield _normal(D, relation, gens)
    yield from _linear(F, D, next(_orders(relation, D, variables)))


def _orders(relation: sp.Expr, D: sp.Expr, variables: Sequence[sp.Symbol]) -> Iterator[list[sp.Symbol]]:
    """Yield orders of the symbols in which V comes last: what is reduced is written by it."""
    others = (relation.free_symbols | D.free_symbols) - {V, *variables}
    last = [*sorted(others, key=lambda s: s.name), V]
    yield [*variables, *last]
    yield [*variables[::-1], *last]


def _linear(F: sp.Expr, D: sp.Expr, gens: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """Yield D by the members, linear in d, of a Groebner basis of ``{d = D, V = F}``.

    The denominators are inverted by a further variable, so that what they share with V = F falls away.
    """
    (N, M), (A, B) = fraction(D), fraction(F)
    for order in ("lex", "grevlex"):
        for member in members([_D * M - N, V * B - A, 1 - _Y * M * B], [_Y, _D, *gens], order):
            if not member.has(_Y) and sp.degree(member, _D) == 1:
                above, below = fraction(-member.subs(_D, 0) / sp.diff(member, _D))
                yield above / below


def _divided(term: sp.Expr, F: sp.Expr) -> sp.Expr:
    """Return V (term/F) where F is a factor of a term."""
    above, below = fraction(term / F)
    quotient = sp.factor(above) / sp.factor(below)
    return V * quotient if cost(quotient) < cost(term) - 1 else term


def _normal(expression: sp.Expr, relation: sp.Expr, gens: Sequence[sp.Symbol]) -> sp.Expr:
    """Return an expression, numerator and denominator reduced modulo a relation."""
    above, below = (sp.reduced(side, [relation], *gens, order="grevlex")[1] for side in fraction(expression))
    return above / below


def _turned(
    form: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr]
) -> Iterator[tuple[sp.Expr, Mapping[sp.Symbol, sp.Expr]]]:
    """Yield a form, and the same in exp(-u) where it is in exp(u): exp(u)/(1 + exp(u)) = 1/(1 + exp(-u))."""
    yield form, meanings
    turned = {s: e for s, e in meanings.items() if isinstance(e, sp.exp) and form.has(s)}
    if turned:
        opposite = {s: sp.Symbol(f"{s.name}_", positive=True) for s in turned}
        terms = [
            fraction(t.xreplace({s: 1 / o for s, o in opposite.items()})) for t in sp.Add.make_args(form)
        ]
        back = {**meanings, **{opposite[s]: 1 / e for s, e in turned.items()}}
        yield sp.Add(*(above / below for above, below in terms)), back


def shaped(raw: Raw) -> list[Reduction]:
    """Return the cheapest shapes of a form: as it is, factored, with one symbol before a bracket."""
    form = raw.rational
    shapes = {form}
    try:
        above, below = fraction(form)
        shapes |= {sp.factor(above) / sp.factor(below), above / below, sp.expand(above / below)}
    except TooLarge:
        pass
    shapes |= {sp.Add(*map(sp.factor, sp.Add.make_args(form)))}
    for shape in [shape for shape in shapes if shape.is_Add]:
        for x in shape.free_symbols:
            rest, dependent = shape.as_independent(x, as_Add=True)
            shapes |= {one + sp.factor(dependent) for one in (rest, sp.factor(rest))}
    forms = {rebuilt(tidy(substituted(shape, raw.meanings))) for shape in shapes}
    costs = {form: total(form) for form in forms}
    cheap = [form for form, paid in costs.items() if paid <= min(costs.values()) + 1]
    return [Reduction(form, raw.written, raw.used) for form in sorted(cheap, key=rank)]


def rebuilt(expression: sp.Expr) -> sp.Expr:
    """Return an expression as SymPy builds it, a product of exponentials as one.

    >>> rebuilt(sp.exp(-G)*sp.exp(-Z**2))
    exp(-g - z**2)
    """
    if not expression.args:
        return expression
    expression = expression.func(*map(rebuilt, expression.args))
    if not expression.is_Mul:
        return expression
    exponents = [part.args[0] for part in expression.args if isinstance(part, sp.exp)]
    others = [part for part in expression.args if not isinstance(part, sp.exp)]
    return sp.Mul(*others, sp.exp(sp.Add(*exponents))) if len(exponents) > 1 else expression
