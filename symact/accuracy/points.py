"""Where accuracy is measured: all over a format's bit patterns, and wherever something changes."""

import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from symact.activations import Activation
from symact.formats import BINARY32, BINARY64, Format
from symact.oracles import Number, Oracle, as_float, interior_roots, intervals

STRIDE, WIDE_STRIDE = 1_000_003, 2_863_309
"""Steps through binary32's bit patterns, odd primes: an even one would test even significands only."""

SEED = 20_240_229
RANDOM, FEW_RANDOM = 1_000, 250
"""How many random binary64 points of each kind, with the default parameters and with others."""

NEIGHBOURS, FEW_NEIGHBOURS = 3, 1
"""On each side of where something changes, and of where something may."""

MOST_ROOTS = 8

GRID = tuple(k / 8 for k in range(-200, 201))
"""Where changes of sign are looked for."""

REACHES = tuple(2.0**k for k in range(-8, 11, 2))
"""Half-widths of the intervals from which random points are drawn uniformly."""

LITERAL = r"-?0x[0-9a-f.]+p[+-]?\d+|-?\d+\.\d*"
NAMED = re.compile(rf'^(\w+) = float\.fromhex\("({LITERAL})"\)', re.M)
COMPARED = re.compile(r"([-+.()\w]+)\s*(?:<=?|>=?|==)\s*([-+.()\w]+)")


def inputs(
    oracle: Oracle,
    fmt: Format,
    seams: Iterable[float],
    *,
    thorough: bool,
    stride: int = STRIDE,
    near: int = FEW_NEIGHBOURS,
) -> list[float]:
    """Return the points at which an activation is judged: sorted, both zeros, infinities and one NaN.

    ``seams`` are where generated code changes its formula; ``thorough`` is for the default parameters.
    ``stride`` is the step through binary32's bit patterns then, ``near`` how many neighbours on each side
    there are of where something may change.
    """
    landmarks: list[Number] = [*seams, *oracle.kinks, *_ends(oracle)]
    landmarks += [root for order in range(3) for root in roots(oracle, order)]
    guessed: list[Number] = [*_thresholds(oracle.values.values()), *(Fraction(k, 2) for k in range(-40, 41))]
    found = [beside for mark in landmarks for beside in fmt.neighbours(mark, NEIGHBOURS)]
    found += [beside for mark in guessed for beside in fmt.neighbours(mark, near)]
    step = 1 if thorough and fmt is not BINARY64 else 7
    powers = fmt.powers_of_two
    middle = [p for p in powers if 2.0**-60 <= p <= 2.0**12] if thorough else []
    for power in (*powers[::step], *middle):
        found += [power, -power, fmt.above(power), -fmt.below(power)]
    found += [*fmt.boundaries, *_spread(fmt, thorough, stride)]
    return _sorted(found)


def outputs(
    activation: Activation, oracle: Oracle, values: Iterable[float], seams: Iterable[float], fmt: Format
) -> list[float]:
    """Return where a derivative from the output is judged: the outputs that occur, and the range's ends."""
    found = [*values, 0.0, *(near for seam in seams for near in fmt.neighbours(seam, 1))]
    if activation.range is None:
        return _sorted(found)
    parts = intervals(activation.range, oracle.values)
    found += [near for ends in parts for end in ends for near in fmt.neighbours(end, NEIGHBOURS)]
    parts = [(as_float(low), as_float(high)) for low, high in parts]
    return [g for g in _sorted(found) if math.isnan(g) or any(low <= g <= high for low, high in parts)]


def roots(oracle: Oracle, order: int = 0) -> tuple[float, ...]:
    """Return the floats below the roots nearest 0 of f, f' or f''; a jump is no root.

    They do not depend on the format: what was found for one is taken for the next.
    """
    setting = tuple(sorted((symbol.name, value) for symbol, value in oracle.values.items()))
    return _roots(oracle.activation, setting, order)


@lru_cache(maxsize=64)
def _roots(
    activation: Activation, setting: tuple[tuple[str, Fraction], ...], order: int
) -> tuple[float, ...]:
    oracle = Oracle(activation, dict(setting))
    function = (oracle.forward, oracle.derivative, oracle.second_derivative)[order]
    values = {z: value for z in GRID if (value := function(z)).is_finite()}
    largest = max((abs(float(value.mid())) for value in values.values()), default=0.0)
    candidates = interior_roots(lambda z: values[z] if z in values else function(z), list(values))
    found = [z for z in candidates if abs(float(function(z).mid())) < 2.0**-20 * largest]
    return tuple(sorted(found, key=abs)[:MOST_ROOTS])


def seams(source: str) -> list[float]:
    """Return the numbers with which generated code compares z.

    >>> seams("if (z < 0x1.8p+1) { } else if (-2.0 >= z)")
    [-2.0, 3.0]
    """
    names = {name: float.fromhex(text) for name, text in NAMED.findall(source)}
    names |= {f"-{name}": -value for name, value in names.items()}
    found = set()
    for pair in COMPARED.findall(source):
        sides = {side.strip("()") for side in pair}
        if "z" in sides and len(sides) == 2:
            (text,) = sides - {"z"}
            if text in names:
                found.add(names[text])
            elif re.fullmatch(LITERAL, text):
                found.add(float.fromhex(text) if "x" in text else float(text))
    return sorted(found)


def _ends(oracle: Oracle) -> list[Number]:
    parts = intervals(oracle.activation.domain, oracle.values)
    return [end for ends in parts for end in ends if abs(end) != math.inf]


def _thresholds(parameters: Iterable[Fraction]) -> list[float]:
    """Where exp(z), and exp of what activations make of z, overflows, underflows or is absorbed by 1."""
    depths = []
    for fmt in (BINARY32, BINARY64):
        powers = (fmt.emax + 1, -fmt.emin, -fmt.lowest_exponent, 1 - fmt.lowest_exponent, fmt.precision)
        depths += [power * math.log(2) for power in powers]
    depths += [math.sqrt(2 * depth) for depth in depths] + [math.sqrt(depth) for depth in depths]
    scales = [1.0, 0.5, 2.0, *(1 / abs(float(p)) for p in parameters if p)]
    return [sign * scale * depth for depth in depths for scale in scales for sign in (1, -1)]


def _spread(fmt: Format, thorough: bool, stride: int) -> list[float]:
    if fmt is not BINARY64:
        if fmt is BINARY32:
            patterns = np.arange(0, 2**32, stride if thorough else WIDE_STRIDE).astype(np.uint32)
            return [float(x) for x in patterns.view(np.float32)]
        return [fmt.value(pattern) for pattern in range(0, 2**fmt.bits, 1 if thorough else 61)]
    generator, count = np.random.default_rng(SEED), RANDOM if thorough else FEW_RANDOM
    exponents = generator.integers(fmt.lowest_exponent, fmt.emax, count)
    found = np.ldexp(generator.uniform(-2, 2, count), exponents)
    near = [generator.uniform(-reach, reach, count // 5) for reach in REACHES]
    return [float(x) for x in np.concatenate([found, *near])]


def _sorted(values: Iterable[float]) -> list[float]:
    """Sort by value, each once: -0.0 before 0.0, one NaN at the end."""
    numbers = np.fromiter(values, np.float64)
    patterns = numbers[~np.isnan(numbers)].view(np.int64)
    lowest = np.iinfo(np.int64).min
    ordered = np.unique(np.where(patterns < 0, lowest - patterns - 1, patterns))
    patterns = np.where(ordered < 0, lowest - (ordered + 1), ordered)
    return [*patterns.view(np.float64).tolist(), math.nan]


def cotangents(slopes: Sequence[float], fmt: Format) -> list[float]:
    """Return a g_bar for each f': of many sizes, but of size 1 where f' itself is not a normal number.

    There the product says more of g_bar than of f'. Where binary32 alone has no f' so large, it is small: the
    product may be finite.
    """
    sizes = (1.0, -0.75, 3.0, -1e-3, 1 / 3, -17.0) + ((1e10, -1e-10) if fmt is BINARY32 else ())
    sizes, ones = tuple(fmt.round(size) for size in sizes), (1.0, -1.0)
    small = (fmt.round(0.1), fmt.round(-1e-3)) if fmt is BINARY32 else ones
    found = []
    for index, slope in enumerate(slopes):
        normal = fmt.smallest_normal <= abs(slope) <= fmt.largest
        others = small if math.isinf(slope) else ones
        found.append(sizes[index % len(sizes)] if normal else others[index % 2])
    return found
