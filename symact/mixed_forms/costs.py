"""What a form costs: to read, to evaluate, and to keep values for. The cheapest form is taken."""

import sympy as sp

from symact.activations import G
from symact.output_forms.shapes import cost
from symact.writing import text

CALL = 4
"""A function that has to be evaluated, over what it costs to read; once, however often it stands there."""

KEPT = 4
"""A value that has to be kept from the forward pass: no less than a function is. z is kept anyway."""

CHEAP = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise)
"""Functions that processors compare or mask for."""


def total(form: sp.Expr, kept: int = 0) -> int:
    """Return the cost of a form for which so many values besides z and g are kept.

    >>> from symact.activations import Z
    >>> s = sp.Symbol("s", real=True)
    >>> total((Z - G)**2), total(s**2, kept=1), total(sp.tanh(Z)**2)
    (6, 8, 10)
    """
    roots = {e for e in form.atoms(sp.Pow) if not e.exp.is_Integer and e.free_symbols}
    functions = {e for e in form.atoms(sp.Function) if e.free_symbols and not isinstance(e, CHEAP)}
    return cost(form) + CALL * len(roots | functions) + KEPT * kept


def rank(form: sp.Expr, kept: int = 0) -> tuple[int, int, int, int, str]:
    """Return by what forms are ordered: cost, then how often g is read, then all the others, the text.

    >>> s = sp.Symbol("s", real=True)
    >>> sorted([G + s - G*s, G + s*(1 - G), s + G*(1 - s)], key=rank)[0]
    g*(1 - s) + s
    """
    read = [node for node in sp.preorder_traversal(form) if node.is_Symbol]
    return total(form, kept), read.count(G), len(read), len(text(form)), text(form)
