"""What holds between values, whatever their errors: symmetry bit for bit, the range, the order."""

import math
from collections.abc import Callable, Mapping, Sequence
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
from symact.properties import Properties, properties
from symact.properties.monotonicity import DECREASING, INCREASING, everywhere


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


def misplaced(call: Callable[..., np.ndarray], arguments: Sequence[np.ndarray], got: np.ndarray) -> int:
    """Return for how many elements it matters where they stand: all elsewhere, one alone, in place.

    ``call`` takes the arguments, and ``out``, which may be one of them; ``got`` is what it gave for them.

    >>> z = np.array([1.0, 2.0, math.nan])
    >>> misplaced(lambda x, out=None: np.negative(x, out=out), [z], -z)
    0
    >>> misplaced(lambda x, out=None: np.cumsum(x, out=out), [z], np.cumsum(z))
    2
    """
    turn = got.size // 3  # so that neither end is NaN or an infinity
    turned, want = [np.roll(array, turn) for array in arguments], np.roll(got, turn)
    wrong = ~_alike(call(*turned), want)
    wrong[turn : turn + 1] |= ~_alike(call(*(array[:1] for array in arguments)), got[:1])
    for k in range(len(arguments)):
        taken = [array.copy() for array in turned]
        call(*taken, out=taken[k])
        wrong |= ~_alike(taken[k], want)
    return int(wrong.sum())


def _alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return where two arrays have the same bits, all NaN being one."""
    return np.asarray(((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b)))


def laws(
    activation: Activation, values: Mapping[sp.Symbol, Fraction], fmt: Format, *, at_defaults: bool
) -> tuple[Laws, Laws]:
    """Return what f and f' obey for some values of the parameters."""
    known = _properties(activation)
    parity = -1 if known.odd else 1 if known.even else 0
    direction = 0
    if known.monotonic_for == everywhere(activation) or at_defaults:
        direction = {INCREASING: 1, DECREASING: -1}.get(known.monotonic or "", 0)
    lowest, highest = -math.inf, math.inf
    if activation.range is not None:
        ends = [end for part in intervals(activation.range, values) for end in part]
        lowest, highest = (_rounded(end, fmt) for end in (min(ends), max(ends)))
    return Laws(parity, direction, lowest, highest), Laws(
        -parity if _mirrored(activation, values, -parity) else 0
    )


def _mirrored(activation: Activation, values: Mapping[sp.Symbol, Fraction], parity: int) -> bool:
    """Return whether what is taken for f' at kinks is even, or odd, too: the right slope of Abs is 1 at 0."""
    setting = {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in values.items()}
    taken = {kink.at.subs(setting): kink.convention.subs(setting) for kink in activation.kinks}
    return all(taken.get(-at) == parity * value for at, value in taken.items())


@lru_cache(maxsize=4)
def _properties(activation: Activation) -> Properties:
    return properties(differentiate(activation))


def _rounded(end: float | Fraction, fmt: Format) -> float:
    return end if isinstance(end, float) and math.isinf(end) else fmt.round(end)
