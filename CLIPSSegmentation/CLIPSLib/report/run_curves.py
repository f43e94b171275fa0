"""The learning curves of training runs as one picture: the loss of the steps, the Dice of the cases validated.

Called by `clips runs curves`, and by tools/sarcoma_result.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.report.plots import COLORS, figure_svg, label_axes, legend_beside, new_figure
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table

_POINTS = 100  # of the loss; a longer run is averaged over equally many steps


@dataclass(frozen=True, eq=False, kw_only=True)
class RunCurves:
    """What one run wrote so far.

    losses: float64 [step]; dice: of every case validated (NaN: undefined), float64 [validation, case]; steps,
    validated_at: the global steps that these belong to.
    """

    name: str
    steps: np.ndarray
    losses: np.ndarray
    validated_at: np.ndarray
    dice: np.ndarray


def read_run_curves(folder: str | Path) -> RunCurves:
    """The curves of a run, finished or not.

    Raises:
        Refusal: the run has made no step yet, or it is no run.
    """
    run = RunFolder(folder)
    run.identity()
    rows, validated = read_table(run.metrics), read_table(run.validation)
    if not rows:
        raise Refusal("no-steps", "The run has made no step yet", str(run.path), "Wait until it trains.")
    scores: dict[int, dict[str, float]] = {}
    for row in validated:
        scores.setdefault(int(row["step"]), {})[row["case"]] = float(row["dice"] or "nan")
    # While a validation is being written it lacks cases: its mean would be that of other patients.
    cases = max(map(len, scores.values()), default=0)
    whole = {step: found for step, found in scores.items() if len(found) == cases}
    return RunCurves(
        name=run.path.name,
        steps=np.array([int(row["step"]) for row in rows]),
        losses=np.array([float(row["loss"] or "nan") for row in rows]),
        validated_at=np.array(list(whole), dtype=int),
        dice=np.array([list(found.values()) for found in whole.values()]).reshape(len(whole), cases),
    )


def run_curves_svg(runs: Sequence[RunCurves]) -> str:
    """Left the mean loss, right the Dice: its mean thick, a thin line per case where there is one run only."""
    figure = new_figure(9.6, 3.4)
    losses, dice = figure.subplots(1, 2)
    for run, color in zip(runs, _colors(len(runs)), strict=True):
        losses.plot(*_averaged(run), color=color, linewidth=1.6, label=run.name)
        known = np.isfinite(run.dice).all(axis=0)  # a case without tumor has no Dice, ever
        if not known.any():
            continue
        if len(runs) == 1:
            dice.plot(run.validated_at, run.dice[:, known], color=color, linewidth=0.6, alpha=0.4)
        mean = run.dice[:, known].mean(axis=1)
        dice.plot(run.validated_at, mean, color=color, linewidth=2.2, marker="o", markersize=3)
    label_axes(losses, "step", "mean loss of the pieces trained with")
    label_axes(dice, "step", "Dice of the cases validated")
    dice.set_ylim(0, 1)
    legend_beside(figure, losses)
    return figure_svg(figure)


def _colors(count: int) -> list[str]:
    return [COLORS[number % len(COLORS)] for number in range(count)]


def _averaged(run: RunCurves) -> tuple[list[float], list[float]]:
    parts = min(_POINTS, len(run.steps))
    return (
        [float(part.mean()) for part in np.array_split(run.steps, parts)],
        [float(part.mean()) for part in np.array_split(run.losses, parts)],
    )
