"""Random formulas against the oracle, for as long as one likes: python benchmarks/fuzz.py [FIRST] [COUNT].

Prints what the engine answered, how often, and everything that is wrong; exit 1 where anything is.
"""

import sys
from collections import Counter
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fuzzing import KINDS, Outcome, examine, formula

MAX_GIVEN_UP = 0.02


def main() -> int:
    first, count = (int(word) for word in (*sys.argv[1:3], *("0", "2000")[len(sys.argv) - 1 :]))
    outcomes: list[Outcome] = []
    for seed in range(first, first + count):
        outcome = examine(formula(seed))
        outcomes.append(outcome)
        if outcome.faults or outcome.kind == "gave up":
            print(f"seed {seed}: {outcome.formula}: {outcome.kind} ({outcome.seconds:.1f} s)", flush=True)
            for fault in outcome.faults:
                print(f"    {fault}", flush=True)
    kinds = Counter(outcome.kind for outcome in outcomes)
    times = sorted(outcome.seconds for outcome in outcomes)
    wrong = sum(bool(outcome.faults) for outcome in outcomes)
    print(f"{count} formulas from seed {first}: {wrong} with faults")
    for kind in KINDS:
        print(f"    {kind:28}{kinds[kind]:6}  {100 * kinds[kind] / count:5.1f} %")
    print(f"seconds: median {median(times):.3f}, all {sum(times):.0f}, slowest {times[-1]:.1f}")
    return 1 if wrong or kinds["gave up"] > MAX_GIVEN_UP * count else 0


if __name__ == "__main__":
    sys.exit(main())
