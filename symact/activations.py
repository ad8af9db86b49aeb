"""The types of a definition: Activation, Parameter, Kink, Source. No data, no behaviour by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, permutations

import sympy as sp

from symact.errors import InvalidActivation

Z = sp.Symbol("z", real=True)
"""The input."""
G = sp.Symbol("g", real=True)
"""The output, ``g = f(z)``."""


@dataclass(frozen=True)
class Parameter:
    """A real parameter of an activation.

    ``domain`` is a SymPy condition in the parameter's own symbol and, where it must, in those of
    others (``Symbol("beta", real=True) > 0``); ``sp.true`` means any real number. ``default`` is exact.
    """

    name: str
    default: sp.Expr
    domain: sp.Basic = sp.true
    meaning: str = ""

    @property
    def symbol(self) -> sp.Symbol:
        """The symbol that stands for the parameter in the activation's expression: real, nothing more."""
        return sp.Symbol(self.name, real=True)


@dataclass(frozen=True)
class Kink:
    """A point where f' jumps, and the subgradient that symact takes there by convention.

    Both may depend on parameters (softshrink: at = lambd). A kink may also be a jump of f itself.
    """

    at: sp.Expr
    convention: sp.Expr


@dataclass(frozen=True)
class Source:
    """Where a definition comes from: author, year, title or page, and an arXiv number, DOI or URL."""

    author: str
    year: int
    title: str
    reference: str

    def __str__(self) -> str:
        return f"{self.author} ({self.year}), {self.title}, {self.reference}"


@dataclass(frozen=True)
class Activation:
    """An activation ``g = f(z)``, defined once, as mathematics.

    ``expression`` is in `Z` and the symbols of ``parameters``; ``domain`` and ``range`` are open or
    closed `sympy.Interval`s (their ends may depend on parameters; ``range`` is None where unknown).
    ``name`` is None for a formula that was typed on the command line.
    """

    name: str | None
    expression: sp.Expr
    parameters: tuple[Parameter, ...] = ()
    kinks: tuple[Kink, ...] = ()
    domain: sp.Set = sp.S.Reals
    range: sp.Set | None = None
    display_name: str = ""
    family: str = ""
    aliases: tuple[str, ...] = ()
    source: Source | None = None

    @cached_property
    def defaults(self) -> Mapping[sp.Symbol, sp.Expr]:
        """The parameters' default values by symbol."""
        return {parameter.symbol: parameter.default for parameter in self.parameters}

    @property
    def title(self) -> str:
        """What messages call it: the name, or the formula."""
        return self.name or sp.sstr(self.expression)


SAMPLE_VALUES = (
    sp.Rational(3, 4),
    sp.Rational(-2, 3),
    sp.Rational(7, 5),
    sp.Rational(-9, 7),
    sp.Rational(11, 4),
)


MAX_TRIES = 500
"""Settings of the parameters that are tried against their domains."""


@lru_cache(maxsize=256)
def samples(activation: Activation, condition: sp.Basic = sp.true) -> tuple[Mapping[sp.Symbol, sp.Expr], ...]:
    """Return settings of the parameters inside their domains: exact, generic, always the same.

    The defaults are not among them (a default such as threshold = 0 is a degenerate case of the
    mathematics). ``condition`` narrows the choice to one case. An activation without parameters has
    the one empty setting. Every parameter takes several values, of both signs if it may.

    Raises InvalidActivation where no setting satisfies the declared domains.
    """
    symbols = [parameter.symbol for parameter in activation.parameters]
    demand = sp.And(condition, *(parameter.domain for parameter in activation.parameters))
    if demand.has(sp.Eq):
        fixed = {eq.lhs: eq.rhs for eq in demand.atoms(sp.Eq) if eq in sp.And.make_args(demand)}
        demand = demand.subs(fixed)
    else:
        fixed = {}
    free = [symbol for symbol in symbols if symbol not in fixed]
    found: list[Mapping[sp.Symbol, sp.Expr]] = []
    for values in islice(_settings(len(free)), MAX_TRIES):
        setting = dict(zip(free, values, strict=True)) | fixed
        if demand.subs(setting) == sp.true and setting not in found:
            found.append(setting)
        if len(found) == 4 or not free:
            break
    if not found:
        raise InvalidActivation(
            f"{activation.title}: no parameter values satisfy {demand}; mend the declared domains"
        )
    return tuple(found)


def _settings(count: int) -> Iterator[tuple[sp.Expr, ...]]:
    """Yield tuples of distinct sample values, rotations first."""
    primes = (prime for prime in sp.sieve if prime not in (2, 3, 7, 11, 19, 29))
    further = (sp.Rational(prime, 9) for prime in primes)
    values = [*SAMPLE_VALUES, *islice(further, max(0, count - len(SAMPLE_VALUES)))]
    for start in range(len(values)):
        yield tuple((values * 2)[start : start + count])
    yield from permutations(values, count)
