"""stabilise: the regimes of a case, split by the signs of parameters where these decide."""

from dataclasses import dataclass

import sympy as sp

from symact.activations import Activation, samples
from symact.arithmetics import Arithmetic
from symact.formats import Format
from symact.pieces import Case
from symact.regimes.parameters import representable, sign_cases
from symact.regimes.searches import Regime, Search


@dataclass(frozen=True)
class Stable:
    """A case of the parameters with its regimes; ``worst``: the model's largest error in ulp."""

    condition: sp.Basic
    regimes: tuple[Regime, ...]
    worst: float


def stabilise(activation: Activation, case: Case, arithmetic: Arithmetic, fmt: Format) -> tuple[Stable, ...]:
    """Return the regimes of a case for one arithmetic and format, split by parameters' signs if those decide.

    Raises InvalidActivation where no parameter setting lies in the domain.
    """
    results = []
    for condition, signs in sign_cases(activation, case):
        regimes: list[Regime] = []
        worst = 0.0
        settings = tuple(representable(setting) for setting in samples(activation, condition)[:2])
        for piece in case.pieces:
            found, error = Search(activation, piece, settings, signs, arithmetic, fmt).regimes()
            regimes += found
            worst = max(worst, error)
        results.append(Stable(condition, tuple(regimes), worst))
    return tuple(results)
