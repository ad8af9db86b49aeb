"""The order in which a mixed form is written: as one says it, residuals before g, what is added before
what is taken away. SymPy's own order is by name: ``g*(1 - s) + s``.
"""

import sympy as sp

from symact.activations import G, Z
from symact.writing import text


def arranged(form: sp.Basic) -> sp.Basic:
    """Return a form whose sums and products are in order, unevaluated: for text and typesetting only.

    >>> s = sp.Symbol("s", real=True)
    >>> [text(arranged(form), as_is=True) for form in (G*(1 - s) + s, -2*G*Z, (G - Z)**2)]
    ['s + g*(1 - s)', '-2*z*g', '(z - g)**2']
    """
    if form.is_Pow and form.base.is_Add and form.exp.is_Integer and form.exp % 2 == 0:
        turned = -form.base if form.base.coeff(G).is_positive else form.base
        return sp.Pow(arranged(turned), form.exp, evaluate=False)
    if not form.args or form.is_Rational:
        return form
    arguments = [arranged(argument) for argument in form.args]
    if form.is_Add:
        return sp.Add(*sorted(arguments, key=_of_term), evaluate=False)
    if form.is_Mul:
        return sp.Mul(*sorted(arguments, key=_of_factor), evaluate=False)
    if form.is_Pow:
        return sp.Pow(*arguments, evaluate=False)
    return form.func(*arguments)


def written(form: sp.Basic) -> str:
    """Return a form as text."""
    return text(arranged(form), as_is=True)


def _of_term(term: sp.Expr) -> tuple[bool, bool, bool, str]:
    """Return what sums are ordered by: plus before minus, numbers, symbols, the rest by its text."""
    return term.as_coeff_Mul()[0].is_negative, not term.is_Number, not term.is_Symbol, text(term)


def _of_factor(factor: sp.Expr) -> tuple[int, str]:
    """Return what products are ordered by: numbers, parameters, z and residuals, g, sums and functions."""
    if factor.is_number:
        return (0 if factor.is_Rational else 1), text(factor)
    base = factor.as_base_exp()[0]
    if not base.is_Symbol:
        return 5, text(factor)
    return (4 if base == G else 3 if base == Z or len(base.name) == 1 else 2), text(factor)
