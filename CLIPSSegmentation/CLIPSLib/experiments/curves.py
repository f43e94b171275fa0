"""Learning curves: the area under them, and how many steps until a target, with runs that never reach it.

Called by `tasks` with the validation scores that each run wrote (`metrics.csv`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from CLIPSLib.errors import Refusal


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Validation score of one run at global steps (ascending)."""

    arm: str
    fold: int
    seed: int
    steps: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, kw_only=True)
class StepsToTarget:
    """When a run reached the target; `reached` False means not until `steps`, its last evaluation (censored)."""

    steps: int
    reached: bool


def until(curve: Curve, step: int) -> Curve:
    """The curve up to a step: an arm that trains longer is compared over the same length."""
    inside = curve.steps <= step
    return replace(curve, steps=curve.steps[inside], scores=curve.scores[inside])


def area_under_curve(curve: Curve) -> float:
    """Mean validation score over the training, by trapezoids (AULC); the unit is that of the score.

    Raises:
        Refusal: fewer than two evaluations.
    """
    if len(curve.steps) < 2:
        raise Refusal(
            "curve-too-short",
            f"{len(curve.steps)} evaluation(s); an area needs at least two",
            f"arm {curve.arm}, fold {curve.fold}, seed {curve.seed}",
            "Evaluate more often (validation.every_steps in the recipe).",
        )
    return float(np.trapezoid(curve.scores, curve.steps) / (curve.steps[-1] - curve.steps[0]))


def require_same_grid(curves: Sequence[Curve]) -> None:
    """All runs were evaluated at the same steps, or areas and targets cannot be compared. Raises Refusal."""
    for curve in curves[1:]:
        if not np.array_equal(curve.steps, curves[0].steps):
            raise Refusal(
                "evaluation-grids-differ",
                f"evaluated at other steps than arm {curves[0].arm}, fold {curves[0].fold}, seed {curves[0].seed}",
                f"arm {curve.arm}, fold {curve.fold}, seed {curve.seed}",
                "Compare runs that were validated at the same steps.",
            )


def steps_to_target(curve: Curve, target: float, *, stay: int = 2) -> StepsToTarget:
    """The first evaluation from which `stay` evaluations in a row are at or above `target`."""
    above = curve.scores >= target
    for index in range(len(above) - stay + 1):
        if above[index : index + stay].all():
            return StepsToTarget(steps=int(curve.steps[index]), reached=True)
    return StepsToTarget(steps=int(curve.steps[-1]), reached=False)


def restricted_mean_steps(times: Sequence[StepsToTarget], horizon: int) -> float:
    """Mean steps to the target within `horizon`: the area under the Kaplan-Meier curve, nobody dropped."""
    surviving, area, before = 1.0, 0.0, 0
    for step in sorted({time.steps for time in times if time.reached and time.steps < horizon}):
        area += surviving * (step - before)
        at_risk = sum(time.steps >= step for time in times)
        surviving *= 1 - sum(time.reached and time.steps == step for time in times) / at_risk
        before = step
    return area + surviving * (horizon - before)
