"""Faults that are planted, and whether something notices: python benchmarks/mutants.py.

Each mutant of tests/faults.py is one change in a copy of this checkout; `symact verify` or the tests that it
names must fail there. Prints the score by kind, and exits 1 where a mutant survives. `--constants NAME` makes
mutants by itself: the constants of an activation's C, each off by so much.
"""

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))  # the faults are those of this checkout

from faults import MUTANTS
from mutation import KILLED, ROOT, Mutant, Outcome, constants, judged, standing


def generic(name: str, shift: float, count: int, seed: int) -> list[Mutant]:
    """Return so many mutants of an activation's C, chosen by a seed, one a constant."""
    file = f"generated/c/{name}.c"
    found = constants((ROOT / file).read_text("utf-8"), file, standing(name, "c"), shift, f"{name} {shift:g}")
    return random.Random(seed).sample(found, min(count, len(found)))


def chosen(options: argparse.Namespace) -> list[Mutant]:
    if options.constants:
        return [
            mutant
            for name in options.constants
            for mutant in generic(name, options.shift, options.count, options.seed)
        ]
    known = {mutant.name for mutant in MUTANTS} | {mutant.kind for mutant in MUTANTS}
    for word in (*options.only, *options.kind):
        if word not in known:
            sys.exit(f"{word}: no such mutant or kind; see --list")
    wanted = {*options.only, *options.kind}
    return [one for one in MUTANTS if not wanted or one.name in wanted or one.kind in wanted]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="This one; or again.")
    parser.add_argument("--kind", action="append", default=[], help="Those of a kind; or again.")
    parser.add_argument("--list", action="store_true", help="Print the mutants and do nothing.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--constants", nargs="+", metavar="NAME", help="Constants of activations' C instead.")
    parser.add_argument("--shift", type=float, default=1e-7, help="Relative; 1.2e-16 is an ulp or two.")
    parser.add_argument("--count", type=int, default=10, help="Of one activation.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    mutants = chosen(options)
    if options.list:
        print("\n".join(f"{one.kind:10}{one.name}" for one in mutants))
        return 0

    def tell(outcome: Outcome) -> None:
        one = outcome.mutant
        line = f"{outcome.fate:9}{outcome.seconds:6.1f} s  {one.kind}: {one.name}"
        why = "" if outcome.fate == KILLED else f" ({one.file}): {outcome.words}"
        print(line + why, file=sys.stderr, flush=True)

    outcomes = judged(mutants, tell)
    killed = sum(outcome.fate == KILLED for outcome in outcomes)
    if options.json:
        shown = [
            {
                "name": one.mutant.name,
                "kind": one.mutant.kind,
                "file": one.mutant.file,
                "killer": list(one.mutant.killer.words),
                "fate": one.fate,
                "seconds": round(one.seconds, 1),
                "words": one.words,
            }
            for one in outcomes
        ]
        print(json.dumps(shown, indent=2))
    else:
        all_of = Counter(outcome.mutant.kind for outcome in outcomes)
        dead = Counter(outcome.mutant.kind for outcome in outcomes if outcome.fate == KILLED)
        for kind, count in all_of.items():
            print(f"{kind:20}{dead[kind]:4} of {count:3} killed")
        print(f"{'all':20}{killed:4} of {len(outcomes):3} killed in {sum(o.seconds for o in outcomes):.0f} s")
        for one in outcomes:
            if one.fate != KILLED:
                print(f"{one.fate}: {one.mutant.kind}: {one.mutant.name} ({one.mutant.file})")
    return 0 if killed == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
