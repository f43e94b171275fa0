"""What all plots by matplotlib have in common: figures without global state, quiet axes, SVG that is always the same.

matplotlib is imported when a plot is drawn. Used by `schedules` and `experiment_figures`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#1b6ca8", "#d1495b", "#2e933c", "#8e5aa8", "#e08a1e", "#3aa6a0", "#7a6a53", "#c2417f", "#555555")


def new_figure(width: float, height: float) -> Figure:
    """A figure of that size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def label_axes(axes: Axes, horizontal: str, vertical: str) -> None:
    """Names of the axes, a faint grid, no frame above and on the right."""
    axes.set_xlabel(horizontal)
    axes.set_ylabel(vertical)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)


def legend_beside(figure: Figure, axes: Axes) -> None:
    """The names of what `axes` shows, outside on the right."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=8)


def figure_svg(figure: Figure, *, decimal_comma: bool = False) -> str:
    """The same text every time: no date, and ids from a fixed salt. Letters stay text. decimal_comma: on the axes."""
    import matplotlib

    if decimal_comma:
        _write_commas(figure)
    content = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "clips"}):
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"


def _write_commas(figure: Figure) -> None:
    """0,5 instead of 0.5 on every axis of numbers, whatever the language of the system is."""
    from matplotlib.ticker import ScalarFormatter

    class Comma(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return super().__call__(x, pos).replace(".", ",")

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(Comma())
