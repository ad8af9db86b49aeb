"""bench: our functions and those of other libraries side by side, in time and in worst error."""

from symact.benches.comparisons import SIZES, Timing, compare
from symact.benches.contenders import DTYPES, FLAGS, FUNCTIONS, LIBRARY, MEMCPY, OURS, PEERS, Task, installed

__all__ = [
    "DTYPES",
    "FLAGS",
    "FUNCTIONS",
    "LIBRARY",
    "MEMCPY",
    "OURS",
    "PEERS",
    "SIZES",
    "Task",
    "Timing",
    "compare",
    "installed",
]
