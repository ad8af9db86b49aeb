"""bounds: what a float64 function can be off at most, proved over all finite inputs at the defaults.

The emitted C is read back as a program; interval by interval it is bounded how far the computed value is from
the program's exact value (given what the double-double runtime promises, and nothing else), and that from the
definition (given nothing). What is not covered is named: there is no bound without a proof.

| module | what it does |
|---|---|
| programs | the emitted C as steps |
| ranges | intervals by their ends |
| losses | how far a step may be from its exact value, in double-double |
| definitions | what the function is meant to be, part by part |
| agreements | how far a program, computed exactly, is from the definition |
| proofs | both over all floats: a bound in ulp |
| records | bounds in accuracy.json |

A bound holds where the result rounds to a finite number that is not within 2^-49 of the overflow threshold.
"""

from symact.accuracy.judgements import PROVED as FUNCTIONS
from symact.bounds.proofs import Bound, prove
from symact.bounds.records import Claim, Record, Records, chosen_again, kernel, recheck

__all__ = [
    "FUNCTIONS",
    "Bound",
    "Claim",
    "Record",
    "Records",
    "chosen_again",
    "kernel",
    "prove",
    "recheck",
]
