"""stabilise: where which form is accurate, found by the model of the arithmetic, not by anybody's hand.

The candidates of `forms` are evaluated in the model at points of every magnitude; each point says by
how many ulp each candidate may be off. The regimes are the longest runs over which one candidate is
as good as any needs to be.

| module | what it does |
|---|---|
| parameters | the signs and the settings of parameters that are looked at |
| points | numbers of every magnitude |
| truths | the function's values, to as much precision as that takes |
| terrains | the points of one piece and the truth there |
| judges | errors of forms on a terrain |
| searches | which forms are worth a judgement everywhere; the regimes of a piece |
| losses | what is left of a kernel's values, relative and absolute |
| seams | where one regime ends and the next begins |
| stabilisation | all of it for a case |
"""

from symact.regimes.judges import SERIES
from symact.regimes.losses import Loss
from symact.regimes.points import exact_ball, points_between
from symact.regimes.searches import Regime
from symact.regimes.stabilisation import Stable, stabilise
from symact.regimes.truths import true_value

__all__ = ["SERIES", "Loss", "Regime", "Stable", "exact_ball", "points_between", "stabilise", "true_value"]
