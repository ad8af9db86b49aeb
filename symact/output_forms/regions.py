"""Regions of the parameters: one sign for each, and settings inside at which numbers are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, permutations, product

import sympy as sp

from symact.activations import Activation
from symact.output_forms.balls import Setting

MAGNITUDES = tuple(
    sp.Rational(p, q)
    for p, q in (
        *((3, 4), (7, 5), (2, 3), (11, 4), (9, 7), (5, 3), (4, 9), (7, 3)),
        *((13, 8), (5, 9), (12, 5), (8, 7), (13, 6), (6, 11)),
    )
)
"""Magnitudes of the parameters at which numbers are asked: generic ones."""

MAX_PARAMETERS = 10
"""Formulas with more have too many regions."""

SETTINGS, TRIED = 4, 200
"""Settings of a region, and tries to find them."""


@dataclass(frozen=True)
class Region:
    """The parameters with these signs; ``settings`` lie inside, the defaults first if they do."""

    signs: tuple[tuple[sp.Symbol, int], ...]
    settings: tuple[Setting, ...]

    @property
    def condition(self) -> sp.Basic:
        """Return the signs as a condition."""
        return signs_condition(self.signs)

    def signed(self, expression: sp.Basic) -> sp.Basic:
        """Return an expression in symbols that have their signs by assumption."""
        return expression.subs({s: sign * sp.Symbol(s.name, positive=True) for s, sign in self.signs if sign})

    def settled(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression with what the signs decide done: 0**p is 0 for p > 0.

        >>> p = sp.Symbol("p", real=True)
        >>> Region(((p, 1),), ()).settled(1 + sp.Pow(0, p, evaluate=False))
        1
        """
        signs = {sp.Symbol(s.name, positive=True): sign * s for s, sign in self.signs if sign}
        return self.signed(expression).xreplace(signs)


def signs_condition(signs: Sequence[tuple[sp.Symbol, int]]) -> sp.Basic:
    """Return signs as a condition on the symbols."""
    relations = {1: lambda s: s > 0, -1: lambda s: s < 0, 0: lambda s: sp.Eq(s, 0)}
    return sp.And(*(relations[sign](symbol) for symbol, sign in signs))


def true_at(condition: sp.Basic, setting: Setting) -> bool:
    """Return whether a condition on parameters holds at a setting; not where it compares what is not real."""
    try:
        return bool(condition.subs(setting) == sp.true)
    except TypeError:
        return False


def regions(activation: Activation, condition: sp.Basic) -> tuple[list[Region], list[Setting]]:
    """Return the regions of a case, those like the defaults first, and settings where one parameter is 0.

    >>> from symact.activations import Parameter
    >>> a = Parameter("a", sp.Integer(1))
    >>> [region.signs for region in regions(Activation(None, a.symbol, (a,)), sp.true)[0]]
    [((a, 1),), ((a, -1),)]
    """
    symbols = [parameter.symbol for parameter in activation.parameters]
    if not symbols:
        return [Region((), ({},))], []
    usual = [-1 if activation.defaults[symbol].is_negative else 1 for symbol in symbols]
    turns = sorted(product((1, -1), repeat=len(symbols)), key=lambda signs: signs.count(-1))
    patterns = [tuple(u * t for u, t in zip(usual, turn, strict=True)) for turn in turns]
    found = [r for pattern in patterns if (r := _region(activation, condition, symbols, pattern))]
    zeros = [
        _region(activation, condition, symbols, [s * (i != k) for i, s in enumerate(usual)])
        for k in range(len(symbols))
    ]
    if not found:
        return [region for region in zeros if region], []
    return found, [region.settings[0] for region in zeros if region]


def _region(
    activation: Activation, condition: sp.Basic, symbols: Sequence[sp.Symbol], signs: Sequence[int]
) -> Region | None:
    pairs = tuple(zip(symbols, signs, strict=True))
    free = condition == sp.true and all(p.domain == sp.true for p in activation.parameters)
    if free and len(set(activation.defaults.values())) < len(symbols):  # no And of many relations
        chosen = islice(permutations(MAGNITUDES, len(symbols)), SETTINGS)
        found = [{s: k * m for (s, k), m in zip(pairs, magnitudes, strict=True)} for magnitudes in chosen]
        return Region(pairs, tuple(found)) if found else None
    inside = sp.And(condition, signs_condition(pairs))
    if inside == sp.false:
        return None
    demand = sp.And(condition, *(parameter.domain for parameter in activation.parameters))
    defaults = dict(activation.defaults)
    # Equal defaults, such as those of two asymptotes in a formula that was typed, are no generic point.
    generic = len(set(defaults.values())) == len(defaults)
    settings: list[Setting] = (
        [defaults] if generic and sp.And(inside, demand).subs(defaults) == sp.true else []
    )
    for magnitudes in islice(permutations(MAGNITUDES, len(symbols)), TRIED):
        values = (sign * magnitude for sign, magnitude in zip(signs, magnitudes, strict=True))
        setting = dict(zip(symbols, values, strict=True))
        if demand.subs(setting) == sp.true:
            settings.append(setting)
        if len(settings) == SETTINGS:
            break
    return Region(pairs, tuple(settings)) if settings else None
