"""Plots of curricula: how the pool grows, what that costs each patient, and the weights of self-paced learning.

SVG by matplotlib, for `clips curriculum plot`, docs/curriculum.md and reports. matplotlib is imported when a plot is
drawn, and without its global state.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.curriculum import Exposure, Regularizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = ("#1b6ca8", "#d1495b", "#2e933c", "#8e5aa8", "#e08a1e", "#3aa6a0", "#7a6a53", "#c2417f", "#555555")
_DASHES = ("-", "--", ":", "-.")
_POINTS = 400
_BINS = 20


@dataclass(frozen=True)
class Schedule:
    """What is plotted of one curriculum. order: its ranked cases, by difficulty. foreground: (step, ratio), or none."""

    label: str
    total_steps: int
    exposure: Exposure
    order: tuple[str, ...]
    foreground: tuple[tuple[int, float], ...] = ()


def schedules_svg(schedules: Sequence[Schedule]) -> str:
    """Two panels: the share of cases that can be drawn over the run, and draws relative to vanilla by difficulty."""
    figure = _figure(9.6, 3.9)
    over_time, by_rank = figure.subplots(1, 2)
    for number, schedule in enumerate(schedules):
        style = _style(number)
        steps, shares = zip(*schedule.exposure.pool, (schedule.total_steps, schedule.exposure.pool[-1][1]), strict=True)
        over_time.step(100 * np.array(steps) / schedule.total_steps, 100 * np.array(shares), where="post", **style)
        if schedule.foreground:
            steps, ratios = zip(*schedule.foreground, strict=True)
            over_time.plot(100 * np.array(steps) / schedule.total_steps, 100 * np.array(ratios), ":", color="black")
        by_rank.stairs(*_draws_by_difficulty(schedule), baseline=None, zorder=2, **style, label=schedule.label)
    if any(schedule.foreground for schedule in schedules):
        over_time.set_title("dotted: patches on a lesion (%)", fontsize=9)
    _label(over_time, "share of the run (%)", "cases that can be drawn (%)")
    over_time.set(xlim=(0, 100), ylim=(0, 104))
    _label(by_rank, "difficulty percentile of the patient", "draws relative to no curriculum")
    by_rank.axhline(1.0, color="0.75", linewidth=0.8, zorder=0)
    by_rank.set(xlim=(0, 100), ylim=(0, None))
    _legend(figure, by_rank)
    return _svg(figure)


def regularizers_svg(regularizers: Mapping[str, Regularizer], *, age: float = 0.8) -> str:
    """The weight of a case by its loss. age: lambda, in the unit of the loss."""
    figure = _figure(7.2, 3.6)
    axes = figure.subplots()
    losses = np.linspace(0.0, 1.5 * age, _POINTS)
    for number, (name, regularizer) in enumerate(regularizers.items()):
        axes.plot(losses / age, regularizer.weights(losses, age), **_style(number), label=name)
    _label(axes, f"loss / lambda   (lambda = {age:g})", "weight v")
    axes.set(xlim=(0, 1.5), ylim=(0, 1.04))
    _legend(figure, axes)
    return _svg(figure)


def _draws_by_difficulty(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """Mean draws relative to vanilla in 5 % steps of difficulty, and the edges of the steps in percent.

    Means, because in a random order each case for itself is noise.
    """
    draws = np.array([schedule.exposure.by_case[case_id] for case_id in schedule.order])
    parts = np.array_split(draws, min(_BINS, len(draws)))
    edges = np.cumsum([0, *(len(part) for part in parts)])
    return np.array([part.mean() for part in parts]), 100.0 * edges / len(draws)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _style(number: int) -> dict[str, object]:
    color = _COLORS[number % len(_COLORS)]
    return {"color": color, "linestyle": _DASHES[number // len(_COLORS) % len(_DASHES)], "linewidth": 1.6}


def _label(axes: Axes, horizontal: str, vertical: str) -> None:
    axes.set_xlabel(horizontal)
    axes.set_ylabel(vertical)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92", linewidth=0.6)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=8)


def _svg(figure: Figure) -> str:
    """The same text every time: no date, and ids from a fixed salt. Letters stay text."""
    import matplotlib

    content = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "clips"}):
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
