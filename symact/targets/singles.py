"""Which kernels binary32 computes by itself: choices among numbers it has, and at most one rounding."""

from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from symact.formats import BINARY32
from symact.functions import choice
from symact.kernels import Kernel


def is_single(kernel: Kernel, roundings: int = 1) -> bool:
    """Return whether binary32 computes an exact kernel: with so many roundings, 1 or none."""
    return kernel.exact and all(
        not branch.assignments and in_floats(choice(condition, branch.result, 0), roundings)
        for condition, (branch,) in kernel.cases
    )


def in_floats(value: sp.Expr, roundings: int = 1) -> bool:
    """Return whether binary32 computes a value with so many roundings, 1 or none: there and of choices.

    >>> z, a = sp.symbols("z a", real=True)
    >>> in_floats(choice(z > 0, z, a * z)), in_floats(choice(z > 0, z, a * z), 0), in_floats(z / 10)
    (True, False, False)
    """
    if isinstance(value, choice):
        condition, *values = value.args
        sides = [side for relation in condition.atoms(Relational) for side in relation.args]
        return all(in_floats(side, 0) for side in sides) and all(in_floats(v, roundings) for v in values)
    if value.is_Symbol or isinstance(value, sp.Abs):
        return value.is_Symbol or in_floats(value.args[0], 0)
    if value.is_number:
        return value.is_finite is not True or (value.is_Rational and _is_float(value))
    if value.is_Mul and value.args[0] == -1:
        return in_floats(-value, roundings)
    return (
        (value.is_Add or value.is_Mul)
        and 2 * roundings == len(value.args)
        and all(in_floats(part, 0) for part in value.args)
    )


def _is_float(number: sp.Rational) -> bool:
    """Return whether binary32 has a number."""
    return bool(
        sp.Rational(*BINARY32.round(Fraction(int(number.p), int(number.q))).as_integer_ratio()) == number
    )
