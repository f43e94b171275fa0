"""Plots of curricula: how the pool grows, what that costs each patient, and the weights of self-paced learning.

SVG by matplotlib, for `clips curriculum plot`, docs/curriculum.md and reports.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from CLIPSLib.curriculum import Exposure, Regularizer
from CLIPSLib.report.plots import COLORS, figure_svg, label_axes, legend_beside, new_figure

_DASHES = ("-", "--", ":", "-.")
_POINTS = 400
_BINS = 20
_TURN = 5.0  # length of a dash, in line widths


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
    figure = new_figure(9.6, 3.9)
    over_time, by_rank = figure.subplots(1, 2)
    pools = [schedule.exposure.pool for schedule in schedules]
    draws = [_draws_by_difficulty(schedule) for schedule in schedules]
    alike = _told_apart(pools), _told_apart([tuple(np.round(values, 3)) for values, _ in draws])
    for number, schedule in enumerate(schedules):
        steps, shares = zip(*schedule.exposure.pool, (schedule.total_steps, schedule.exposure.pool[-1][1]), strict=True)
        over_time.step(
            100 * np.array(steps) / schedule.total_steps,
            100 * np.array(shares),
            where="post",
            **(_style(number) | alike[0][number]),
        )
        if schedule.foreground:
            steps, ratios = zip(*schedule.foreground, strict=True)
            over_time.plot(100 * np.array(steps) / schedule.total_steps, 100 * np.array(ratios), ":", color="black")
        by_rank.stairs(*draws[number], baseline=None, zorder=2, **(_style(number) | alike[1][number]))
        by_rank.plot([], [], **_style(number), label=schedule.label)  # for the legend, in one piece
    if any(schedule.foreground for schedule in schedules):
        over_time.set_title("dotted: patches on a lesion (%)", fontsize=9)
    label_axes(over_time, "share of the run (%)", "cases that can be drawn (%)")
    over_time.set(xlim=(0, 100), ylim=(0, 104))
    label_axes(by_rank, "difficulty percentile of the patient", "draws relative to no curriculum")
    by_rank.axhline(1.0, color="0.75", linewidth=0.8, zorder=0)
    by_rank.set(xlim=(0, 100), ylim=(0, None))
    legend_beside(figure, by_rank)
    return figure_svg(figure)


def regularizers_svg(regularizers: Mapping[str, Regularizer], *, age: float = 0.8) -> str:
    """The weight of a case by its loss. age: lambda, in the unit of the loss."""
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots()
    losses = np.linspace(0.0, 1.5 * age, _POINTS)
    for number, (name, regularizer) in enumerate(regularizers.items()):
        axes.plot(losses / age, regularizer.weights(losses, age), **_style(number), label=name)
    label_axes(axes, f"loss / lambda   (lambda = {age:g})", "weight v")
    axes.set(xlim=(0, 1.5), ylim=(0, 1.04))
    legend_beside(figure, axes)
    return figure_svg(figure)


def _draws_by_difficulty(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """Mean draws relative to vanilla in 5 % steps of difficulty, and the edges of the steps in percent.

    Means, because in a random order each case for itself is noise.
    """
    draws = np.array([schedule.exposure.by_case[case_id] for case_id in schedule.order])
    parts = np.array_split(draws, min(_BINS, len(draws)))
    edges = np.cumsum([0, *(len(part) for part in parts)])
    return np.array([part.mean() for part in parts]), 100.0 * edges / len(draws)


def _told_apart(curves: Sequence[Hashable]) -> list[dict[str, object]]:
    """Styles that let all of several equal curves be seen: dashes that take turns along the line."""
    found: list[dict[str, object]] = []
    for number, curve in enumerate(curves):
        count, place = curves.count(curve), curves[:number].count(curve)
        turns = {"linestyle": ((count - place) * _TURN, (_TURN, (count - 1) * _TURN))}
        found.append(turns if count > 1 else {})
    return found


def _style(number: int) -> dict[str, object]:
    color = COLORS[number % len(COLORS)]
    return {"color": color, "linestyle": _DASHES[number // len(COLORS) % len(_DASHES)], "linewidth": 1.6}
