"""`symact plot --bench`: speed against accuracy, one point a contender and function, by matplotlib."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symact.documents.plots import SETTINGS, checked, save
from symact.errors import InvalidActivation

MARKERS = "osD^v<>PXphdH8"
"""One a function, while there are so many; then numbers are."""

DECADES = 9
"""Labelled powers of ten on an axis, at most."""

LEGEND = 24
"""Entries in a column of a legend."""


@dataclass(frozen=True)
class Measured:
    """One object of ``symact bench --json``; an error of None is of what computes nothing."""

    what: str
    size: int
    contender: str
    ns: float
    ulp: float | None


def measured(content: str, source: str) -> list[Measured]:
    """Return what ``symact bench --json`` has printed.

    >>> measured('{"results": []}', "a.json")
    Traceback (most recent call last):
    symact.errors.InvalidActivation: a.json: no timings in it; symact bench --json prints some

    Raises InvalidActivation for any other content.
    """
    try:
        rows = json.loads(content)["results"]
        found = [_measured(row) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InvalidActivation(
            f"{source}: not what symact bench --json prints ({type(error).__name__}: {error}); give it that"
        ) from error
    if not found:
        raise InvalidActivation(f"{source}: no timings in it; symact bench --json prints some")
    return found


def _measured(row: dict[str, Any]) -> Measured:
    ulp, names = row["max_ulp"], [row[key] for key in ("activation", "function", "dtype", "contender")]
    ns, worst = float(row["min_ns"]), None if ulp is None else float(ulp)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{names} are no names")
    if not (0 < ns < math.inf) or not (worst is None or worst >= 0):
        raise ValueError(f"{ns} ns and {ulp} ulp are no measurement")
    return Measured(" ".join(names[:3]), int(row["size"]), names[3], ns, worst)


def plot_bench(found: Sequence[Measured], path: Path) -> Path:
    """Return the picture's file after drawing error against time, a panel for each size.

    Both axes are logarithmic; errors of 0 and infinity are at the lower and upper edge. What has no error,
    memcpy, is a line at its least time.

    Raises as `plot`.
    """
    path = checked(path)
    import matplotlib
    from matplotlib.figure import Figure

    sizes = sorted({one.size for one in found})
    functions = list(dict.fromkeys(one.what for one in found if one.ulp is not None))
    contenders = list(dict.fromkeys(one.contender for one in found))
    markers = {what: MARKERS[k] if k < len(MARKERS) else f"${k + 1}$" for k, what in enumerate(functions)}
    map_of = matplotlib.colormaps["tab10" if len(contenders) <= 10 else "turbo"]
    steps = [k if len(contenders) <= 10 else k / (len(contenders) - 1) for k in range(len(contenders))]
    colours = {name: map_of(step) for name, step in zip(contenders, steps, strict=True)}
    low, high, ticks, labels = scale([one.ulp for one in found if one.ulp is not None])
    columns = -(-(len(contenders) + len(functions) + 1) // LEGEND)
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(4.2 * len(sizes) + 2.2 * columns, 4.6), layout="constrained")
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, size in zip(panels, sizes, strict=True):
            axes.set(xscale="log", yscale="log", xlabel="ns per element", title=f"{size:,} elements")
            axes.set_ylim(low / 2, high * 2)
            axes.set_yticks(ticks, labels)
            axes.minorticks_off()
            axes.grid(color="0.9")
            axes.set_axisbelow(True)
            here = [one for one in found if one.size == size]
            floors = {
                name: [one.ns for one in here if (one.contender, one.ulp) == (name, None)] for name in colours
            }
            for name, times in floors.items():
                if times:
                    axes.axvline(min(times), color=colours[name], linestyle=":")
            for one in here:
                if one.ulp is not None:
                    at = min(max(one.ulp, low), high)
                    look = {"marker": markers[one.what], "color": colours[one.contender]}
                    axes.plot([one.ns], [at], **look, linestyle="", markersize=7, alpha=0.8)
            times = [one.ns for one in here]
            left, right = 10 ** math.floor(math.log10(min(times))), 10 ** math.ceil(math.log10(max(times)))
            axes.set_xlim(left, max(right, 10 * left))
        panels[0].set_ylabel("worst error in ulp")
        figure.legend(handles=_keys(colours, markers, found), loc="outside right upper", ncols=columns)
        save(figure, path)
    return path


def scale(errors: Sequence[float]) -> tuple[float, float, list[float], list[str]]:
    """Return the lowest and highest place on an axis of errors, its ticks and their labels.

    >>> scale([0.0, 0.5, 40.0, math.inf])
    (0.01, 1000.0, [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0], ['0', '0.1', '1', '10', '100', '∞'])
    """
    finite = [math.log10(error) for error in errors if 0 < error < math.inf] or [0.0]
    first, last = math.floor(min(finite)), max(math.ceil(max(finite)), math.floor(min(finite)) + 1)
    ticks = list(range(first, last + 1, -(-(last - first + 1) // DECADES)))
    labels = [str(10**k) if 0 <= k <= 3 else str(10.0**k) if -3 <= k < 0 else f"$10^{{{k}}}$" for k in ticks]
    if 0 in errors:
        first -= 1
        ticks, labels = [first, *ticks], ["0", *labels]
    if math.inf in errors:
        last += 1
        ticks, labels = [*ticks, last], [*labels, "∞"]
    return 10.0**first, 10.0**last, [10.0**tick for tick in ticks], labels


def _keys(colours: dict[str, Any], markers: dict[str, str], found: Sequence[Measured]) -> list[Any]:
    """Return what the legend shows: colours of contenders, then markers of functions."""
    from matplotlib.lines import Line2D

    computing = {one.contender for one in found if one.ulp is not None}
    keys = [
        Line2D([], [], color=colour, marker="s", linestyle="", label=name)
        if name in computing
        else Line2D([], [], color=colour, linestyle=":", label=name)
        for name, colour in colours.items()
    ]
    return keys + [
        Line2D([], [], color="0.3", marker=marker, linestyle="", label=what)
        for what, marker in markers.items()
    ]
