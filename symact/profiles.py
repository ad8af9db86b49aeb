"""DATA: what f' is at a kink, as a policy, and as the frameworks have it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

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


@dataclass(frozen=True)
class Profile:
    """A framework's policies by activation, one for each kink from left to right, and where they are from."""

    source: str
    kinks: Mapping[str, tuple[str, ...]]

    def policies(self, name: str, count: int) -> tuple[str, ...]:
        """Return the policies for an activation of so many kinks; nothing where the framework lacks it."""
        found = self.kinks.get(name, ())
        return found if len(found) == count else ()


ZERO, ZEROS = ("zero",), ("zero", "zero")
INNER = ("right", "left")
"""The slope between two kinks, at both."""
OUTER = ("left", "right")
"""The slopes outside of two kinks."""

PROFILES: Mapping[str, Profile] = {
    "pytorch": Profile(
        "PyTorch 2.13, reverse mode, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "prelu": ("left",),
            "elu": ("left",),
            "selu": ("left",),
            "hardtanh": ZEROS,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "hardshrink": ZEROS,
            "softshrink": ZEROS,
            "threshold": ZERO,
            "absolute": ZERO,
        },
    ),
    "jax": Profile(
        "JAX 0.10.2, measured",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("right",),
            "elu": ("left",),
            "selu": ("left",),
            "hardtanh": INNER,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "sparse_sigmoid": ("midpoint", "midpoint"),
            "absolute": ("right",),
        },
    ),
    "tensorflow": Profile(
        "TensorFlow 2.21",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "selu": ("right",),
            "absolute": ZERO,
        },
    ),
    "keras": Profile(
        "Keras 3.15.1 on TensorFlow",
        {
            "relu": ZERO,
            "relu6": ZEROS,
            "leaky_relu": ("left",),
            "elu": ("left",),
            "selu": ("right",),
            "hardtanh": INNER,
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "hardshrink": ZEROS,
            "softshrink": ZEROS,
            "threshold": ZERO,
            "sparse_sigmoid": ZEROS,
        },
    ),
    "onednn": Profile(
        "oneDNN, src/common/math_utils.hpp, read",
        {
            "relu": ZERO,
            "relu6": ("left", "left"),
            "leaky_relu": ("left",),
            "elu": ("left",),
            "hardtanh": ("left", "left"),
            "hardsigmoid": ZEROS,
            "hardswish": OUTER,
            "absolute": ZERO,
        },
    ),
}
"""ONNX defines no derivatives."""


def names() -> tuple[str, ...]:
    """Return all that a profile of kinks may be called."""
    return (*POLICIES, *ALIASES, *PROFILES)


def policies(profile: str, name: str, count: int) -> tuple[Policy, ...]:
    """Return the policy for each kink of an activation, from left to right.

    What a framework lacks keeps its declared convention. Raises KeyError for a profile that does not exist.

    >>> [policy(0, 1, 0) for policy in policies("jax", "hardtanh", 2)]
    [1, 0]
    """
    if profile in PROFILES:
        chosen = PROFILES[profile].policies(name, count) or ("declared",) * count
    else:
        chosen = (ALIASES.get(profile, profile),) * count
    return tuple(POLICIES[policy] for policy in chosen)
