"""What f' is at a kink: a policy, or as a framework has it."""

from collections.abc import Callable, Mapping

import sympy as sp

from symact.catalogue.frameworks import PROFILES

Policy = Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr]
"""The value at a kink from the slopes on its left and right, and the declared convention."""

POLICIES: Mapping[str, Policy] = {
    "declared": lambda left, right, convention: convention,
    "left": lambda left, right, convention: left,
    "right": lambda left, right, convention: right,
    "zero": lambda left, right, convention: sp.S.Zero,
    "one": lambda left, right, convention: sp.S.One,
    "midpoint": lambda left, right, convention: (left + right) / 2,
}
"""Declared is PyTorch's value where PyTorch has the function."""

ALIASES: Mapping[str, str] = {"mean": "midpoint"}


def names() -> tuple[str, ...]:
    """Return all that a profile of kinks may be called."""
    return (*POLICIES, *ALIASES, *PROFILES)


def policies(profile: str, name: str, count: int) -> tuple[Policy, ...]:
    """Return the policy for each kink of an activation, from left to right.

    What a framework lacks keeps its declared convention. Raises KeyError for a profile that does not exist.

    >>> [policy(0, 1, 0) for policy in policies("right", "", 2)]
    [1, 1]
    """
    if profile in PROFILES:
        chosen = PROFILES[profile].policies(name, count) or ("declared",) * count
    else:
        chosen = (ALIASES.get(profile, profile),) * count
    return tuple(POLICIES[policy] for policy in chosen)
