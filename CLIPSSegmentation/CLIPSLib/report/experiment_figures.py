"""The pictures of an experiment as SVG: effects, patients, learning curves, gain and difficulty, subgroups, draws.

Each says its message without the text around it. Differences are turned so that right or up is better. Called by
`experiment`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.experiments import Analysis, Curve, Endpoint, FamilyResult
from CLIPSLib.experiments.contrasts import VANILLA
from CLIPSLib.experiments.types import Effect, Paired
from CLIPSLib.report.experiment_subgroups import (
    THIRDS,
    CaseFacts,
    difficulty_percentiles,
    effect_in,
    subgroups,
    third_of,
)
from CLIPSLib.report.plots import COLORS, figure_svg, label_axes, legend_beside, new_figure
from CLIPSLib.report.text import Language
from CLIPSLib.training.traces import RunTrace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

HARD, PLAIN, ZONE = "#d9782d", "#0b4f6c", "#e7ecef"
_NAMED = 5  # patients that are named in a plot
_CONTROL = "#555555"
_DASHES = ("-", (0, (5, 3)), (2, (2, 3)), (0, (6, 2, 1, 2)))  # arms with the same pacing lie on one another


def arm_colors(arms: Sequence[str], vanilla: str) -> dict[str, str]:
    """Vanilla in gray, the others in colors that stay theirs in all pictures."""
    others = [arm for arm in arms if arm != vanilla]
    return {vanilla: _CONTROL} | {arm: COLORS[number % (len(COLORS) - 1)] for number, arm in enumerate(others)}


def effects_svg(analysis: Analysis, say: Language) -> str:
    """Every planned contrast as point and interval, the margin shaded: the picture of the verdict."""
    rows = [(family, role) for family in analysis.families for role in family.primary]
    figure = new_figure(7.6, 1.15 + 0.36 * len(rows))
    axes = figure.subplots()
    axes.axvspan(-analysis.margin, analysis.margin, color=ZONE, zorder=0)
    names = []
    for place, (family, role) in enumerate(rows):
        mean, low, high = family.primary[role].benefit
        color = PLAIN if role == VANILLA else _CONTROL
        axes.plot([low, high], [place, place], color=color, linewidth=2.2 if role == VANILLA else 1.3)
        axes.plot(mean, place, "o", color=color, markersize=7 if role == VANILLA else 5)
        names.append(say["against"].format(arm=family.arm, role=say[role]))
    axes.axvline(0, color="0.3", linewidth=0.9)
    label_axes(axes, "", "")
    for x, side, text in ((0, "left", f"← {say['worse']}"), (1, "right", f"{say['better']} →")):
        axes.annotate(
            text, (x, 0), xycoords="axes fraction", xytext=(0, -32), textcoords="offset points", ha=side, fontsize=9
        )
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", nbins=7)
    edges = [abs(edge) for family, role in rows for edge in family.primary[role].benefit]
    widest = 1.1 * (max(edges) or analysis.margin)  # networks of a few steps may all find the same: nothing
    axes.set_xlim(-widest, widest)
    _in_factors(axes.xaxis, analysis.primary, say)
    axes.annotate(
        say["margin_zone"],
        (0, 1.0),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="bottom",
        fontsize=8,
        color="0.4",
    )
    return figure_svg(figure, decimal_comma=say.code == "fr")


def patients_svg(families: Sequence[FamilyResult], hard: frozenset[str], say: Language) -> str:
    """Score with the curriculum against score without, one panel per curriculum."""
    figure = new_figure(3.5 * len(families), 3.6)
    panels = figure.subplots(1, len(families), squeeze=False)[0]
    for axes, family in zip(panels, families, strict=True):
        paired = family.primary[VANILLA].paired
        score_against_score(axes, paired, np.isin(paired.case_ids, list(hard)))
        label_axes(axes, say["vanilla"], family.arm)
        axes.set_aspect("equal")
    return figure_svg(figure, decimal_comma=say.code == "fr")


def score_against_score(axes: Axes, paired: Paired, marked: np.ndarray | None = None) -> None:
    """Each case as a point: control to the right, arm upwards, the line of no difference. marked: other color, bool."""
    without, with_it = paired.control_scores.mean(axis=1), paired.arm_scores.mean(axis=1)
    marked = np.zeros(len(without), bool) if marked is None else marked
    low, high = min(without.min(), with_it.min()), max(without.max(), with_it.max())
    room = 0.05 * (high - low or 1.0)
    axes.plot([low - room, high + room], [low - room, high + room], color="0.6", linewidth=0.9)
    for chosen, color in ((~marked, PLAIN), (marked, HARD)):
        axes.plot(without[chosen], with_it[chosen], "o", color=color, alpha=0.75, markersize=5)
    far = np.argsort(-np.abs(with_it - without))[:_NAMED]
    for index in far[np.abs(with_it - without)[far] > 0.1]:
        place = (without[index], with_it[index])
        axes.annotate(paired.case_ids[index], place, fontsize=7, xytext=(4, 2), textcoords="offset points")


def curves_svg(curves: Sequence[Curve], colors: Mapping[str, str], target: float | None, say: Language) -> str:
    """Mean Dice of the tested patients over the training: each run thin, the mean of an arm thick."""
    figure = new_figure(7.6, 3.4)
    axes = figure.subplots()
    for arm, color in colors.items():
        own = [curve for curve in curves if curve.arm == arm]
        for curve in own:
            axes.plot(curve.steps, curve.scores, color=color, linewidth=0.6, alpha=0.35)
        if own:
            mean = np.mean([curve.scores for curve in own], axis=0)
            axes.plot(own[0].steps, mean, color=color, linewidth=2.2, marker="o", markersize=3, label=arm)
    if target is not None:
        axes.axhline(target, color="0.4", linestyle="--", linewidth=0.9)
    label_axes(axes, say["steps"], say["dice"])
    legend_beside(figure, axes)
    return figure_svg(figure, decimal_comma=say.code == "fr")


def gain_svg(families: Sequence[FamilyResult], facts: Mapping[str, CaseFacts], endpoint: str, say: Language) -> str:
    """Difference to no curriculum by difficulty, with the mean of each third."""
    percentiles = difficulty_percentiles(facts)
    figure = new_figure(3.6 * len(families), 3.1)
    panels = figure.subplots(1, len(families), squeeze=False, sharey=True)[0]
    for axes, family in zip(panels, families, strict=True):
        contrast = family.primary[VANILLA]
        sign = 1.0 if contrast.endpoint.higher_is_better else -1.0
        values = dict(zip(contrast.paired.case_ids, sign * contrast.paired.differences.mean(axis=1), strict=True))
        known = [case for case in values if case in percentiles]
        axes.plot(
            [percentiles[c] for c in known], [values[c] for c in known], "o", color=PLAIN, alpha=0.5, markersize=4
        )
        for number, third in enumerate(THIRDS):
            effect = effect_in(contrast.paired, [case for case in known if third_of(percentiles[case]) == third])
            if effect is not None:
                _interval(axes, 100 * (number + 0.5) / 3, effect, sign)
        axes.axhline(0, color="0.3", linewidth=0.9)
        label_axes(axes, say["difficulty"], say["gain"].format(endpoint=say[endpoint]) if axes is panels[0] else "")
        axes.set_title(family.arm, fontsize=10)
        axes.set_xlim(0, 102)
        _in_factors(axes.yaxis, contrast.endpoint, say)
    return figure_svg(figure, decimal_comma=say.code == "fr")


def subgroups_svg(families: Sequence[FamilyResult], facts: Mapping[str, CaseFacts], say: Language) -> str:
    """Difference to no curriculum in each group of patients."""
    found = [(family, subgroups(family.primary[VANILLA].paired, facts, say)) for family in families]
    names = [name for name, _ in found[0][1]]
    figure = new_figure(2.0 + 2.8 * len(families), 0.9 + 0.32 * len(names))
    panels = figure.subplots(1, len(families), squeeze=False, sharey=True, sharex=True)[0]
    for axes, (family, groups) in zip(panels, found, strict=True):
        sign = 1.0 if family.primary[VANILLA].endpoint.higher_is_better else -1.0
        for name, effect in groups:
            edges = sorted((sign * effect.low, sign * effect.high))
            place = names.index(name) if name in names else None
            if place is not None:
                axes.plot(edges, [place, place], color=PLAIN, linewidth=1.6)
                axes.plot(sign * effect.mean, place, "o", color=PLAIN, markersize=5)
        axes.axvline(0, color="0.3", linewidth=0.9)
        label_axes(axes, "", "")
        axes.locator_params(axis="x", nbins=4)
        axes.set_yticks(range(len(names)), _with_counts(names, found[0][1]))
        axes.set_ylim(len(names) - 0.5, -0.5)
        _in_factors(axes.xaxis, family.primary[VANILLA].endpoint, say)
        axes.set_title(family.arm, fontsize=10)
    return figure_svg(figure, decimal_comma=say.code == "fr")


def draws_svg(
    traces: Mapping[tuple[str, int, int], RunTrace],
    facts: Mapping[str, CaseFacts],
    colors: Mapping[str, str],
    steps: int,
    say: Language,
) -> str:
    """The pool that each arm really had, and how often easy and hard patients were really drawn."""
    figure = new_figure(9.6, 3.3)
    over_time, by_third = figure.subplots(1, 2)
    percentiles = difficulty_percentiles(facts)
    width = 0.8 / max(len(colors), 1)
    for number, (arm, color) in enumerate(colors.items()):
        own = [trace for (name, _, _), trace in traces.items() if name == arm]
        if not own:
            continue
        at = np.linspace(0, steps, 200)
        pool = np.mean([_pool_at(trace, at) for trace in own], axis=0)
        over_time.plot(at, pool, color=color, linewidth=1.8, linestyle=_DASHES[number % len(_DASHES)])
        shares = np.nanmean([_relative_draws(trace, percentiles) for trace in own], axis=0)
        by_third.bar(np.arange(3) + (number - (len(colors) - 1) / 2) * width, shares, width, color=color, label=arm)
    label_axes(over_time, say["steps"], say["pool"])
    over_time.set_ylim(0, None)
    over_time.locator_params(axis="y", integer=True)
    label_axes(by_third, "", say["relative_draws"])
    by_third.axhline(1.0, color="0.3", linewidth=0.9)
    by_third.set_xticks(range(3), [say[third] for third in THIRDS])
    legend_beside(figure, by_third)
    return figure_svg(figure, decimal_comma=say.code == "fr")


def _interval(axes: Axes, x: float, effect: Effect, sign: float) -> None:
    axes.plot([x, x], sorted((sign * effect.low, sign * effect.high)), color=HARD, linewidth=2.0, zorder=3)
    axes.plot([x - 14, x + 14], [sign * effect.mean] * 2, color=HARD, linewidth=2.0, zorder=3)


def _in_factors(axis: Axis, endpoint: Endpoint, say: Language) -> None:
    """Differences of logarithms, which nobody reads, as the factors that the tables tell."""
    sign = 1.0 if endpoint.higher_is_better else -1.0
    if endpoint.scale == "log1p":
        axis.set_major_formatter(lambda value, _: f"×{say.number(np.exp(sign * value), 2)}")


def _with_counts(names: Sequence[str], groups: Sequence[tuple[str, Effect]]) -> list[str]:
    counts = {name: effect.case_count for name, effect in groups}
    return [f"{name} ({counts[name]})" for name in names]


def _pool_at(trace: RunTrace, steps: np.ndarray) -> np.ndarray:
    starts, sizes = np.array(trace.pool_sizes).T
    return sizes[np.searchsorted(starts, steps, side="right") - 1]


def _relative_draws(trace: RunTrace, percentiles: Mapping[str, float]) -> list[float]:
    """Mean draws of the cases of each third, divided by the mean of all ranked cases of the run; NaN: none of it."""
    known = {case: count for case, count in trace.draws.items() if case in percentiles}
    everyone = max(np.mean(list(known.values()) or [1.0]), 1e-9)
    means = []
    for third in THIRDS:
        counts = [count for case, count in known.items() if third_of(percentiles[case]) == third]
        means.append(float(np.mean(counts) / everyone) if counts else np.nan)
    return means
