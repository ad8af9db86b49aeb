"""What holds between values, whatever their errors: symmetry bit for bit, the range, the order."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp

from symact.activations import Activation
from symact.derivatives import differentiate
from symact.formats import Format
from symact.oracles import intervals
from symact.pieces import split
from symact.properties import Properties, properties
from symact.properties.monotonicity import DECREASING, INCREASING, everywhere
from symact.properties.symmetry import Symmetry, symmetry


class Broken(NamedTuple):
    """How many values are not mirrored, out of the range, or below the one before."""

    asymmetric: int = 0
    out_of_range: int = 0
    not_monotone: int = 0


@dataclass(frozen=True)
class Laws:
    """What a function obeys, proven: ``parity`` 1 for even, -1 for odd; ``direction`` 1 where it never falls,
    -1 where it never rises; its values between ``lowest`` and ``highest``, as the format has them.
    """

    parity: int = 0
    direction: int = 0
    lowest: float = -math.inf
    highest: float = math.inf

    def broken(self, call: Callable[[np.ndarray], np.ndarray], z: np.ndarray, got: np.ndarray) -> "Broken":
        """Return how often the values for z, which is sorted, break a law."""
        numbers = got[~np.isnan(z) & ~np.isnan(got)]
        before, after = numbers[:-1], numbers[1:]
        turned = {1: after < before, -1: after > before}.get(self.direction, np.zeros(0))
        return Broken(
            asymmetric=int((~self._mirrored(call(-z), got)).sum()) if self.parity else 0,
            out_of_range=int(((numbers < self.lowest) | (numbers > self.highest)).sum()),
            not_monotone=int(turned.sum()),
        )

    def _mirrored(self, other: np.ndarray, got: np.ndarray) -> np.ndarray:
        want = self.parity * got
        return np.asarray((other == want) | (np.isnan(other) & np.isnan(want)))


def laws(
    activation: Activation, values: Mapping[sp.Symbol, Fraction], fmt: Format, *, at_defaults: bool
) -> tuple[Laws, Laws]:
    """Return what f and f' obey for some values of the parameters; f' of a monotone f has one sign."""
    known = _properties(activation)
    parity = -1 if known.odd else 1 if known.even else 0
    direction = 0
    if known.monotonic_for == everywhere(activation) or at_defaults:
        direction = {INCREASING: 1, DECREASING: -1}.get(known.monotonic or "", 0)
    lowest, highest = -math.inf, math.inf
    if activation.range is not None:
        ends = [end for part in intervals(activation.range, values) for end in part]
        lowest, highest = (_rounded(end, fmt) for end in (min(ends), max(ends)))
    turned = -parity or int(_about_zero(activation))
    of_derivative = Laws(
        turned if _mirrored(activation, values, turned) else 0,
        lowest=0.0 if direction > 0 else -math.inf,
        highest=0.0 if direction < 0 else math.inf,
    )
    return Laws(parity, direction, lowest, highest), of_derivative


def _mirrored(activation: Activation, values: Mapping[sp.Symbol, Fraction], parity: int) -> bool:
    """Return whether what is taken for f' at kinks is even, or odd, too: the right slope of Abs is 1 at 0."""
    setting = {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in values.items()}
    taken = {kink.at.subs(setting): kink.convention.subs(setting) for kink in activation.kinks}
    return all(taken.get(-at) == parity * value for at, value in taken.items())


@lru_cache(maxsize=4)
def _properties(activation: Activation) -> Properties:
    return properties(differentiate(activation))


@lru_cache(maxsize=4)
def _about_zero(activation: Activation) -> bool:
    """Return whether f is an odd function plus a constant: then f' is even."""
    known = _properties(activation)
    found = symmetry(activation, split(activation), known.odd, known.even).value
    return isinstance(found, Symmetry) and found.kind == "point" and found.centre == 0


def _rounded(end: float | Fraction, fmt: Format) -> float:
    return end if isinstance(end, float) and math.isinf(end) else fmt.round(end)
