"""Higher orders without another elimination: d/dx D(g) = D'(g) h(g), for f' = h(g).

What comes out is written as a product: its factors over the rationals, conjugate ones together.
"""

from collections.abc import Iterator
from itertools import combinations

import sympy as sp

from symact.activations import G, Z
from symact.functions import expm1, plain
from symact.output_forms.shapes import conjugates, cost, kernels, tidy
from symact.writing import text

MAX_OPERATIONS = 3000
"""Larger expressions are not factored."""

COMPLETED: tuple[tuple[type, type, int], ...] = ((sp.sin, sp.cos, 1), (sp.sinh, sp.cosh, -1))
"""``(s, c, sign)`` with s**2 = sign (1 - c**2) and c**2 = 1 - sign s**2."""


def next_order(form: sp.Expr, first: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    """Return d/dx of a form in g, for df/dx = first: the chain rule, nothing simplified.

    >>> next_order(1 - G**2, 1 - G**2, Z)
    -2*g*(1 - g**2)
    """
    form = plain(form)
    result = sp.diff(form, G) * first
    return result if variable == Z else result + sp.diff(form, variable)


def factored(form: sp.Expr) -> sp.Expr:
    """Return a form in g as a product, or the form itself where it is none.

    >>> text(factored(6*G**4 - 8*G**2 + 2)), text(factored(G - 3*G**2 + 2*G**3))
    ('2*(1 - g**2)*(1 - 3*g**2)', 'g*(1 - g)*(1 - 2*g)')
    """
    if sp.count_ops(form) > MAX_OPERATIONS:
        return form
    found = [_led(tidy(product, terms=2)) for product in _products(plain(form))]
    sane = [one for one in found if not one.has(sp.nan, sp.zoo, sp.oo)]
    return min(sane, key=lambda one: (_mixed(one), cost(one)), default=form)


def _products(form: sp.Expr) -> Iterator[sp.Expr]:
    """Yield products, over both directions of the exponentials, of sine or cosine."""
    forward, back = kernels(form)
    rational = form.xreplace(forward)
    exponentials = [symbol for symbol, meaning in back.items() if isinstance(meaning, sp.exp)]
    turned = {symbol: 1 / symbol for symbol in exponentials}
    inverse = {**back, **{symbol: sp.exp(-back[symbol].args[0]) for symbol in exponentials}}
    for directed, meanings in ((rational, back), (rational.xreplace(turned), inverse))[: 1 + bool(turned)]:
        try:
            numerator, denominator = sp.fraction(sp.cancel(sp.together(directed)))
        except (sp.PolynomialError, NotImplementedError):
            continue
        for above in _completed(numerator, meanings):
            yield _product(above, denominator).xreplace(meanings)


def _completed(numerator: sp.Expr, back: dict[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    """Return the numerator, and it with the even powers of a sine or a cosine written by the other."""
    found = [numerator]
    for first, second in combinations(back, 2):
        for sine, cosine, sign in COMPLETED:
            for s, c in ((first, second), (second, first)):
                if (back[s].func, back[c].func) == (sine, cosine) and back[s].args == back[c].args:
                    found.append(sp.rem(numerator, s**2 - sign * (1 - c**2), s))
                    found.append(sp.rem(numerator, c**2 - 1 + sign * s**2, c))
    return found


def _product(numerator: sp.Expr, denominator: sp.Expr) -> sp.Expr:
    above, below = sp.factor_list(numerator), sp.factor_list(denominator)
    result = sp.Mul(above[0] / below[0], *(base**k for base, k in conjugates(above[1])))
    return result / sp.Mul(*(base**k for base, k in conjugates(below[1])))


def _mixed(form: sp.Expr) -> bool:
    """Return whether exponentials of both signs occur: one of them may overflow."""
    return len({e.args[0].could_extract_minus_sign() for e in form.atoms(sp.exp, expm1)}) > 1


def _led(form: sp.Expr) -> sp.Expr:
    """Return a product of several sums with each beginning by a positive term: the minus in front."""
    sums = [factor for factor in sp.Mul.make_args(form) if factor.is_Add]
    wrong = [total for total in sums if text(total).startswith("-")]
    if len(sums) < 2 or not wrong:
        return form
    return (-1) ** len(wrong) * form / sp.Mul(*wrong) * sp.Mul(*(-total for total in wrong))
