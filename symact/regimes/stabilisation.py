"""stabilise: the regimes of a case, split by the signs of parameters where these decide."""

from dataclasses import dataclass

import sympy as sp

from symact.activations import Activation, samples
from symact.arithmetics import Arithmetic
from symact.formats import Format
from symact.pieces import Case
from symact.regimes.losses import Loss
from symact.regimes.parameters import representable, sign_cases
from symact.regimes.searches import Regime, Search


@dataclass(frozen=True)
class Stable:
    """A case of the parameters with its regimes, and what the model leaves of their values."""

    condition: sp.Basic
    regimes: tuple[Regime, ...]
    loss: Loss


def stabilise(activation: Activation, case: Case, arithmetic: Arithmetic, fmt: Format) -> tuple[Stable, ...]:
    """Return the regimes of a case for one arithmetic and format, split by parameters' signs if those decide.

    Raises InvalidActivation where no parameter setting lies in the domain.
    """
    results = []
    for condition, signs in sign_cases(activation, case):
        regimes: list[Regime] = []
        left = Loss()
        settings = tuple(representable(setting, fmt) for setting in samples(activation, condition)[:2])
        for piece in case.pieces:
            found, lost = Search(activation, piece, settings, signs, arithmetic, fmt).regimes()
            regimes += found
            left = left | lost
        results.append(Stable(condition, tuple(regimes), left))
    return tuple(results)
