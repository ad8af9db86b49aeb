"""Ties at 0: where f is c z so nearly that its arithmetic cannot tell, what says to which side a tie goes."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import sympy as sp

from symact.activations import Z
from symact.forms import protected

MAX_ORDER = 5
"""Terms of a higher order than this count as none."""

STEP = sp.Rational(1, 2**52)
"""An ulp of binary64, relative: what c z is moved by."""

NEAREST = 40
"""A term that is less than 2^-40 of c z moves it past no number of 33 bits, nor does `STEP`; at more than
that, it is 2^12 times what binary64 loses."""

MOST_BITS, LARGEST_RATIO = 8, 16
"""Of c, and of the next term's coefficient by c, so that it is as `NEAREST` says."""


def terms(expression: sp.Expr) -> Iterator[tuple[int, sp.Expr]]:
    """Yield (n, c) of the terms c z^n at 0 that are not 0, up to an order of `MAX_ORDER`.

    >>> list(islice(terms(Z / (1 + sp.exp(-Z))), 2))
    [(1, 1/2), (2, 1/4)]
    """
    expression = protected(expression)
    for order in range(MAX_ORDER + 1):
        coefficient = sp.simplify(expression.subs(Z, 0)) / sp.factorial(order)
        if coefficient != 0:
            yield order, coefficient
        expression = sp.diff(expression, Z)


@lru_cache(maxsize=64)
def broken(expression: sp.Expr) -> tuple[sp.Rational, sp.Expr] | None:
    """Return r and h so that h rounds as f does where abs z < r; None where c z is no tie, or exact.

    f is c z + d z^m + ..., c a number of few bits that is no power of 2 from 1 on: for some z, all of the
    subnormal ones say, c z lies half way between two floats, and d tells on which side of it f is.

    >>> broken(Z / (1 + sp.exp(-Z)))
    (1/1099511627776, z/2 + Abs(z)/9007199254740992)
    >>> broken(sp.tanh(Z) / 2)[0], broken(sp.tanh(Z)), broken(Z / 2)
    (1/1048576, None, None)
    """
    first = list(islice(terms(expression), 2))
    if len(first) < 2 or first[0][0] != 1:
        return None
    (_, c), (m, d) = first
    if not c.is_Rational or d.free_symbols or not abs(d / c) <= LARGEST_RATIO:
        return None
    odd = int(abs(c.p)) >> ((c.p & -c.p).bit_length() - 1)
    if c.q & (c.q - 1) or odd.bit_length() > MOST_BITS or (odd == 1 and c.q == 1):
        return None
    moved = abs(c) * sp.sign(d) * STEP * (Z if m % 2 else sp.Abs(Z))
    return sp.Rational(1, 2 ** (NEAREST // (m - 1))), c * Z + moved
