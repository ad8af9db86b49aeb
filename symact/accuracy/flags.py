"""Floating-point exception flags that code raises where IEEE 754 gives no cause, or fails to raise."""

import numpy as np

from symact.oracles import Truths

INVALID, DIVBYZERO, OVERFLOW = 1, 2, 4
"""The flags, as a target's probe reports them; inexact and underflow are anybody's."""


def unfounded(flags: np.ndarray, inputs: tuple[np.ndarray, ...], truth: Truths) -> np.ndarray:
    """Return, for each element, the flags that are raised without a cause, and invalid where it is missing.

    Invalid has one where the result is NaN and no input is; division by zero where the result is exactly
    infinite and the inputs are finite; overflow where a finite result is beyond the largest value. Whether
    an infinity is told by a flag depends on how it came about; a NaN is always.
    """
    nan = np.logical_or.reduce([np.isnan(x) for x in inputs])
    finite = np.logical_and.reduce([np.isfinite(x) for x in inputs])
    causes = np.where(~nan & np.isnan(truth.anchor), INVALID, 0)
    causes |= np.where(finite & truth.poles, DIVBYZERO, 0)
    causes |= np.where(finite & truth.overflows, OVERFLOW, 0)
    return np.where(truth.decided, (flags & ~causes) | (causes & INVALID & ~flags), 0)
