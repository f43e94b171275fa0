"""What finished runs left: scores of the test cases, learning curves, cost. Called by `tasks` before the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.curves import Curve
from CLIPSLib.experiments.plan import PlannedRun
from CLIPSLib.experiments.types import CaseScore

_SCORES = ("dice", "fpv_ml", "fnv_ml", "lesion_recall", "lesion_precision", "lesion_f1", "nsd", "hd95_mm")


@dataclass(frozen=True, kw_only=True)
class ArmCost:
    """What an arm took, all its runs together: optimizer steps and the seconds spent on them.

    review_steps, review_seconds: of the whole cross-review that its order comes from. Each arm that needs it is charged
    all of it, since who uses one curriculum pays for its scores alone.
    """

    steps: int
    seconds: float
    review_steps: int = 0
    review_seconds: float = 0.0


def case_scores(
    run: PlannedRun,
    rows: list[Mapping[str, str]],
    step: int,
    *,
    diagonals_mm: Mapping[str, float] | None = None,
    horizon: int | None = None,
) -> list[CaseScore]:
    """The scores of the test cases at a step, from the rows of `validation.csv`.

    diagonals_mm: case -> diagonal of its image, which stands for the Hausdorff distance where nothing was found: to
    leave such a case out would reward the arm that fails on it. None: it has no distance then. horizon: the step up to
    which the area under the learning curve is taken (an arm may train longer), None: all.

    Raises:
        Refusal: the run was not validated at that step (it is not finished, or its file was changed).
    """
    chosen = [row for row in rows if int(row["step"]) == step]
    if not chosen:
        raise Refusal(
            "run-unfinished",
            f"The run has no scores of step {step}",
            run.name,
            "Let it finish (clips experiment run), or repeat it alone.",
        )
    areas = _areas([row for row in rows if horizon is None or int(row["step"]) <= horizon])
    return [
        CaseScore(
            case_id=row["case"],
            arm=run.arm,
            fold=run.fold,
            seed=run.seed,
            scores={**_scores(row, diagonals_mm or {}), "dice_area": areas.get(row["case"])},
        )
        for row in chosen
    ]


def learning_curve(run: PlannedRun, rows: list[Mapping[str, str]]) -> Curve:
    """Mean Dice of the test cases at each validation; cases without a Dice are left out of the mean."""
    by_step: dict[int, list[float]] = {}
    for row in rows:
        by_step.setdefault(int(row["step"]), [])
        if row["dice"]:
            by_step[int(row["step"])].append(float(row["dice"]))
    steps = sorted(step for step, values in by_step.items() if values)
    return Curve(
        arm=run.arm,
        fold=run.fold,
        seed=run.seed,
        steps=np.array(steps, int),
        scores=np.array([np.mean(by_step[step]) for step in steps]),
    )


def found_nothing(score: CaseScore) -> bool:
    """Whether the prediction is empty."""
    reference, difference = score.scores.get("reference_ml"), score.scores.get("tmtv_difference_ml")
    return None not in (reference, difference) and reference + difference == 0


def _areas(rows: list[Mapping[str, str]]) -> dict[str, float | None]:
    """Case -> mean Dice over the training, by trapezoids; None where it lacks one, or with a single validation."""
    by_case: dict[str, dict[int, float | None]] = {}
    for row in rows:
        by_case.setdefault(row["case"], {})[int(row["step"])] = float(row["dice"]) if row["dice"] else None
    areas: dict[str, float | None] = {}
    for case, by_step in by_case.items():
        steps = sorted(by_step)
        values = [by_step[step] for step in steps]
        if len(steps) > 1 and None not in values:
            areas[case] = float(np.trapezoid(values, steps) / (steps[-1] - steps[0]))
    return areas


def _scores(row: Mapping[str, str], diagonals_mm: Mapping[str, float]) -> dict[str, float | None]:
    scores = {name: float(row[name]) if row.get(name) else None for name in _SCORES}
    volumes = [float(row[name]) if row.get(name) else None for name in ("prediction_ml", "reference_ml")]
    known = None not in volumes
    scores["tmtv_difference_ml"] = volumes[0] - volumes[1] if known else None
    scores["reference_ml"] = volumes[1]
    if known and volumes[1] > 0 and volumes[0] == 0:
        scores["hd95_mm"] = diagonals_mm.get(row["case"])
    return scores
