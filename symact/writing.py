"""How an expression is written: text that SymPy reads back, and LaTeX. One order for both, our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sympy as sp
from sympy.core.alphabets import greeks
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

GREEK = frozenset(greeks) - {"lamda", "omicron"} | {"lambda"}
VARIABLES = frozenset({"z", "g"})


class _ShortSumsFirst:
    """Of a product's factors that are sums the shortest comes first: ``(1 - g)*(1 - 2*g)``."""

    _settings: dict[str, Any]
    usual_order: str | None = None

    def _print(self, expr: Any, **settings: Any) -> str:
        with self._ordered(self.usual_order):
            return str(super()._print(expr, **settings))  # type: ignore[misc]

    def _print_Mul(self, expr: sp.Mul) -> str:
        if self.usual_order == "none":
            return str(super()._print_Mul(expr))  # type: ignore[misc]
        number, rest = expr.as_coeff_Mul()
        factors = rest.as_ordered_factors()
        places = [i for i, factor in enumerate(factors) if factor.is_Add]
        sums = sorted((factors[i] for i in places), key=sp.count_ops)
        if sums == [factors[i] for i in places]:
            return str(super()._print_Mul(expr))  # type: ignore[misc]
        for i, total in zip(places, sums, strict=True):
            factors[i] = total
        factors = factors if number == 1 else [number, *factors]
        with self._ordered("none"):  # as they are
            return str(super()._print_Mul(sp.Mul(*factors, evaluate=False)))  # type: ignore[misc]

    @contextmanager
    def _ordered(self, order: str | None) -> Iterator[None]:
        before, self._settings["order"] = self._settings["order"], order
        try:
            yield
        finally:
            self._settings["order"] = before


class _TextPrinter(_ShortSumsFirst, StrPrinter):
    """Text in SymPy's grammar; what holds arguments in a set prints them sorted."""

    def _print_Max(self, expr: sp.Expr) -> str:
        return self._sorted_call("Max", expr)

    def _print_Min(self, expr: sp.Expr) -> str:
        return self._sorted_call("Min", expr)

    def _sorted_call(self, name: str, expr: sp.Expr) -> str:
        arguments = sorted(expr.args, key=sp.default_sort_key)
        return f"{name}({', '.join(self._print(a) for a in arguments)})"

    def _print_And(self, expr: sp.Basic) -> str:
        return self._junction(expr, " & ")

    def _print_Or(self, expr: sp.Basic) -> str:
        return self._junction(expr, " | ")

    def _junction(self, expr: sp.Basic, sign: str) -> str:
        return sign.join(f"({self._print(a)})" for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Relational(self, expr: sp.Basic) -> str:
        return str(super()._print_Relational(_variable_first(expr)))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        """Return ``1/(1 + z)**2`` where SymPy writes ``(1 + z)**(-2)``."""
        if expr.exp.is_Rational and expr.exp.is_negative and expr.exp not in (-1, -sp.S.Half):
            return f"1/{self._print(sp.Pow(expr.base, -expr.exp, evaluate=False))}"
        return str(super()._print_Pow(expr, rational))

    def _print_Float(self, expr: sp.Float) -> str:
        raise TypeError(f"{expr} is a float; expressions hold exact numbers")


class _LatexPrinter(_ShortSumsFirst, LatexPrinter):
    """LaTeX in which d/dz is upright in intent and a parameter's name is one word."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        name = str(expr.name)
        if name == "lambd":
            return r"\lambda"
        if len(name) == 1:
            return name
        if name in GREEK:
            return rf"\{name}"
        return r"\mathrm{" + name.replace("_", r"\_") + "}"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        """Return d/dz in front of a bracket: the marker of what is still to be differentiated."""
        (variable, count) = expr.variable_count[0]
        d, power = r"\mathrm{d}", "" if count == 1 else f"^{{{self._print(count)}}}"
        inner = self._print(expr.expr)
        head = rf"\frac{{{d}{power}}}{{{d} {self._print(variable)}{power}}}"
        return rf"{head}\left({inner}\right)"

    def _print_Relational(self, expr: sp.Basic) -> str:
        return str(super()._print_Relational(_variable_first(expr)))

    def _print_sign(self, expr: sp.Expr, exp: str | None = None) -> str:
        body = rf"\operatorname{{sign}}\left({self._print(expr.args[0])}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"

    def _print_expm1(self, expr: sp.Expr, exp: str | None = None) -> str:
        body = rf"\operatorname{{expm1}}\left({self._print(expr.args[0])}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


def _variable_first(relation: sp.Basic) -> sp.Basic:
    """Return the relation with z, or g, on its left: ``0 < z`` reads ``z > 0``, ``-z > 1`` ``z < -1``."""
    if any(getattr(-side, "name", None) in VARIABLES for side in relation.args):
        relation = relation.reversedsign
    left, right = relation.args
    if getattr(right, "name", None) in VARIABLES and getattr(left, "name", None) not in VARIABLES:
        return relation.reversed
    return relation


def text(expression: sp.Basic, *, as_is: bool = False) -> str:
    """Return an expression as text that SymPy reads back, the same on every machine.

    ``as_is`` keeps the order in which sums and products hold what is in them.

    >>> z = sp.Symbol("z", real=True)
    >>> text(1/(1 + sp.exp(-z)))
    '1/(1 + exp(-z))'
    >>> text(z*(1 - z)*(1 - 2*z))
    'z*(1 - z)*(1 - 2*z)'
    >>> text(sp.Piecewise((z, sp.Lt(0, z, evaluate=False)), (0, True)))
    'Piecewise((z, z > 0), (0, True))'

    Raises TypeError on a float: nothing here is inexact.
    """
    printer = _TextPrinter()
    printer.usual_order = "none" if as_is else None
    return str(printer.doprint(expression))


def latex(expression: sp.Basic, **settings: Any) -> str:
    r"""Return an expression as LaTeX, for mathematics mode.

    >>> latex(sp.Symbol("negative_slope", real=True)*sp.Symbol("z", real=True))
    '\\mathrm{negative\\_slope} z'
    """
    return str(_LatexPrinter({"fold_short_frac": False, **settings}).doprint(expression))
