"""Regions of the parameters: one sign for each, and settings inside at which numbers are asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from symact.activations import Activation, samples
from symact.errors import InvalidActivation
from symact.limits import sign_settings
from symact.output_forms.balls import Setting


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


def signs_condition(signs: Sequence[tuple[sp.Symbol, int]]) -> sp.Basic:
    """Return signs as a condition on the symbols."""
    relations = {1: lambda s: s > 0, -1: lambda s: s < 0, 0: lambda s: sp.Eq(s, 0)}
    return sp.And(*(relations[sign](symbol) for symbol, sign in signs))


def regions(activation: Activation, condition: sp.Basic) -> tuple[list[Region], list[Setting]]:
    """Return the regions of a case, and settings at which some parameter is 0, to be looked at apart.

    >>> from symact.activations import Parameter
    >>> a = Parameter("a", sp.Integer(1))
    >>> [region.signs for region in regions(Activation(None, a.symbol, (a,)), sp.true)[0]]
    [((a, 1),), ((a, -1),)]
    """
    symbols = [parameter.symbol for parameter in activation.parameters]
    if not symbols:
        return [Region((), ({},))], []
    patterns = sign_settings(symbols, activation, condition)
    proper = {signs: setting for signs, setting in patterns.items() if 0 not in signs}
    found = []
    for signs, setting in (proper or patterns).items():
        pairs = tuple(zip(symbols, signs, strict=True))
        inside = sp.And(condition, signs_condition(pairs))
        try:
            settings = list(samples(activation, inside))
        except InvalidActivation:
            settings = [setting]
        defaults = activation.defaults
        if sp.And(inside, *(p.domain for p in activation.parameters)).subs(defaults) == sp.true:
            settings = [defaults, *(s for s in settings if s != defaults)]
        found.append(Region(pairs, tuple(settings[:4])))
    at_zero = [setting for signs, setting in patterns.items() if proper and 0 in signs]
    return found, at_zero
