"""How one activation's page writes its numbers: short decimals, names for long constants."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from symact.documents.nodes import SPACED
from symact.functions import plain
from symact.writing import latex

PLAIN_DENOMINATOR = 16
"""Fractions with a larger denominator are written as decimals, where that is exact."""
LONGEST = 8
"""Digits of a decimal or of a fraction's parts beyond which a constant gets a name."""


class Constant(sp.Symbol):
    """A number that is written as its name says: ``1.702`` or ``c_{1}``.

    SymPy orders factors by class name first, so this one's puts it before every `Symbol`.
    """

    def _latex(self, printer: Any) -> str:
        return str(self.name)


class Notation:
    """The notation of one page; constants are named in the order in which they are first written."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """``names`` are the parameters': words that are mathematics wherever they stand."""
        self.names = tuple(names)
        self._constants: dict[sp.Rational, str] = {}

    def latex(self, expression: sp.Basic) -> str:
        """Return an expression as LaTeX, its long numbers named."""
        expression = plain(expression)
        numbers = {n for n in expression.atoms(sp.Rational) if not _is_short(n)}
        for number in sorted(numbers, key=abs):
            if not decimal_digits(number):
                self._name(abs(number))
        written = expression.xreplace({n: self._written(n) for n in numbers})
        return chained(spaced(latex(written)))

    def number(self, value: sp.Expr) -> str:
        """Return a parameter's value as LaTeX: a decimal wherever that is exact and short."""
        return (decimal_digits(value) if value.is_Rational else "") or self.latex(value)

    @property
    def constants(self) -> tuple[tuple[str, str], ...]:
        """The named constants and their exact values, both as LaTeX."""
        return tuple((name, exact(value)) for value, name in self._constants.items())

    def _written(self, number: sp.Rational) -> sp.Expr:
        sign = -1 if number < 0 else 1
        name = decimal_digits(number) or self._name(abs(number))
        return sign * Constant(name.removeprefix("-"), positive=True)

    def _name(self, value: sp.Rational) -> str:
        return self._constants.setdefault(value, f"c_{{{len(self._constants) + 1}}}")


WORD = r"\\mathrm\{[^{}]{2,}\}"
BEFORE = re.compile(rf"(\\[A-Za-z]+|[A-Za-z0-9}}]) ({WORD})")
AFTER = re.compile(rf"({WORD}) (\\[A-Za-z]+|[A-Za-z0-9{{])")


def spaced(formula: str) -> str:
    r"""Return a formula with a thin space between a factor that is a word and its neighbours.

    >>> spaced(r"\mathrm{slope} z + z \leq \mathrm{slope}")
    '\\mathrm{slope} \\, z + z \\leq \\mathrm{slope}'
    """

    def joined(match: re.Match[str]) -> str:
        apart = any(word in SPACED for word in match.groups()) or match.string[: match.end(1)].endswith(
            "cases}"
        )
        return match[0] if apart else rf"{match[1]} \, {match[2]}"

    return AFTER.sub(joined, BEFORE.sub(joined, formula))


BETWEEN = re.compile(
    r"(?P<at>\b[zg]) (?P<above>>|\\geq) (?P<low>(?:(?!\\wedge|\\vee|&).)+?) \\wedge "
    r"(?P=at) (?P<below><|\\leq) (?P<high>(?:(?!\\wedge|\\vee|&).)+?)(?= \\\\| \\wedge| \\end|$)"
)
TURNED = {">": "<", r"\geq": r"\leq"}


def chained(formula: str) -> str:
    r"""Return a formula with two bounds of z, or of g, as one chain.

    >>> chained(r"g > 0 \wedge g \leq a")
    '0 < g \\leq a'
    """
    return BETWEEN.sub(
        lambda m: f"{m['low']} {TURNED[m['above']]} {m['at']} {m['below']} {m['high']}", formula
    )


def _is_short(number: sp.Rational) -> bool:
    digits = max(len(str(abs(int(number.p)))), len(str(int(number.q))))
    return int(number.q) <= PLAIN_DENOMINATOR and digits <= LONGEST


def decimal_digits(number: sp.Rational) -> str:
    """Return a number as a short exact decimal, or nothing where it has none.

    >>> decimal_digits(sp.Rational(-851, 500)), decimal_digits(sp.Rational(1, 300))
    ('-1.702', '')
    """
    written = exact(number)
    significant = written.strip("-").replace(".", "").lstrip("0")
    short = len(significant) <= LONGEST and len(written) <= LONGEST + 4
    return written if short and "frac" not in written else ""


def exact(number: sp.Rational) -> str:
    r"""Return a number as an exact decimal where it has one, else as a fraction.

    >>> exact(sp.Rational(1, 400)), exact(sp.Rational(1, 3))
    ('0.0025', '\\frac{1}{3}')
    """
    places, value = 0, Fraction(int(number.p), int(number.q))
    rest = value.denominator
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        places = max(places, count)
    if rest != 1:
        return str(latex(number))
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
