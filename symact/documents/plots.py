"""`symact plot`: f and f' in one picture, by matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symact.activations import Activation
from symact.documents.figures import curve, vertical, window
from symact.errors import InvalidActivation, ToolMissing
from symact.pieces import split

if TYPE_CHECKING:
    from symact.derivatives import Derivative

FORMATS = (".svg", ".png", ".pdf")
COLOURS = ("#1f3f77", "#b5442b")
SETTINGS: Any = {"svg.hashsalt": "symact", "svg.fonttype": "path", "font.size": 10}
"""matplotlib's, under which a picture has the same bytes every time."""


def plot(activation: Activation, path: Path, derivative: "Derivative | None" = None) -> Path:
    """Return the picture's file after drawing f and f' over the part of the axis worth showing.

    The same samples as in the document; no date goes into the file.

    Raises InvalidActivation for an ending that is not .svg, .png or .pdf, ToolMissing without matplotlib.
    """
    path = checked(path)
    import matplotlib

    from symact.derivatives import differentiate

    found = derivative if derivative is not None else differentiate(activation)
    kinks = [kink.at for kink in found.kinks]
    shown = window(activation, found.cases, kinks)
    curves = (curve(split(activation), activation, shown), curve(found.cases, activation, shown))
    with matplotlib.rc_context(SETTINGS):
        figure = _figure(activation, curves)
        save(figure, path)
    return path


def plot_errors(audits: Sequence[Any], path: Path) -> Path:
    """Return the picture's file after drawing errors in ulp over all floats, one line a function.

    Both axes are by magnitude: floats by their place among all, errors by their logarithm.

    Raises as `plot`.
    """
    path = checked(path)
    import matplotlib
    import numpy as np
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(7.5, 4.0), layout="constrained")
        axes = figure.add_subplot()
        axes.set_xscale("symlog", linthresh=1e-38, linscale=0.5)
        axes.set_yscale("log")
        for audit in audits:
            finite = np.isfinite(audit.points)
            ulp = np.clip(np.nan_to_num(audit.ulp[finite], posinf=1e17), 1e-3, 1e17)
            axes.plot(audit.points[finite], ulp, ".", markersize=2, label=audit.result.target)
        axes.axhline(audits[0].result.bound_ulp, color=COLOURS[1], linewidth=0.8)
        axes.set_xlabel("z")
        axes.set_ylabel("error in ulp")
        axes.set_xticks([s * 10.0**e for e in (-30, -20, -10, 0, 10, 20, 30) for s in (-1, 1)])
        axes.tick_params(axis="x", rotation=60)
        axes.legend(frameon=False)
        save(figure, path)
    return path


def checked(path: Path) -> Path:
    """Return a picture's file where matplotlib can draw it; raises as `plot`."""
    path = Path(path)
    if path.suffix not in FORMATS:
        raise InvalidActivation(
            f"{path.name}: a plot is {', '.join(FORMATS)}; end the file's name with one of them"
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ToolMissing("plot: matplotlib is not installed; pip install 'symact[documents]'") from error
    return path


def save(figure: Any, path: Path) -> None:
    """Write a picture without a date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata=_no_date(path.suffix), dpi=160)


def _figure(activation: Activation, curves: tuple[Any, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(0, color="0.75", linewidth=0.8)
    axes.axvline(0, color="0.75", linewidth=0.8)
    for drawn, colour, style, label in zip(curves, COLOURS, ("-", "--"), ("f(z)", "f'(z)"), strict=True):
        for index, run in enumerate(drawn.runs):
            x, y = zip(*((float(a), float(b)) for a, b in run), strict=True)
            axes.plot(x, y, style, color=colour, label=label if index == 0 else None)
        if drawn.marks:
            x, y = zip(*((float(a), float(b)) for a, b in drawn.marks), strict=True)
            axes.plot(x, y, "o", color=colour, markersize=4)
    ends = [vertical(drawn) for drawn in curves]
    axes.set_xlim(*(float(end) for end in curves[0].window))
    axes.set_ylim(float(min(low for low, _ in ends)), float(max(high for _, high in ends)))
    axes.set_xlabel("z")
    axes.set_title(activation.display_name or activation.title, loc="left")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _no_date(suffix: str) -> dict[str, None]:
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}[suffix]
