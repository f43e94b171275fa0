"""From a list of scores to paired differences: the same cases, folds and seeds in both arms, or a refusal by name.

Called by `contrasts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.types import CaseScore, Paired


def pair(scores: Sequence[CaseScore], metric: str, arm: str, control: str) -> Paired:
    """Differences arm - control of `metric` for every case where it is defined in all runs of both arms.

    A metric that is undefined for a case (Dice of an empty reference) is so in every arm; a case for which it is
    defined in some runs only (HD95 of a prediction that is empty with one seed) is left out of this metric: both arms
    are compared on the same cases.

    Raises:
        Refusal: an arm has no scores; a case has different folds; a run of one arm has no partner in the other.
    """
    tables = {name: _table(scores, metric, name) for name in (arm, control)}
    _require_same_runs(tables[arm], tables[control], arm, control)
    folds = _folds(scores, (arm, control))
    seeds = tuple(sorted({seed for _, seed in tables[arm]}))
    cases = sorted({case for case, _ in tables[arm]})
    complete = [
        case for case in cases if all(table.get((case, s)) is not None for table in tables.values() for s in seeds)
    ]
    values = {
        name: np.array([[table[case, seed] for seed in seeds] for case in complete], float).reshape(-1, len(seeds))
        for name, table in tables.items()
    }
    return Paired(
        metric=metric,
        arm=arm,
        control=control,
        case_ids=tuple(complete),
        seeds=seeds,
        folds=np.array([folds[case] for case in complete], int),
        arm_scores=values[arm],
        control_scores=values[control],
    )


def _table(scores: Sequence[CaseScore], metric: str, arm: str) -> dict[tuple[str, int], float | None]:
    table: dict[tuple[str, int], float | None] = {}
    for score in scores:
        if score.arm != arm:
            continue
        if (score.case_id, score.seed) in table:
            raise Refusal(
                "two-scores",
                f"case {score.case_id} has two scores with seed {score.seed}",
                f"arm {arm}",
                "A case is tested once per seed, by the network of its fold; check the folds of the experiment.",
            )
        table[score.case_id, score.seed] = score.scores.get(metric)
    if not table:
        raise Refusal("no-scores", f"no finished run of arm '{arm}'", "the experiment", "Run this arm first.")
    return table


def _require_same_runs(first: dict, second: dict, arm: str, control: str) -> None:
    missing = sorted(set(first) ^ set(second))
    if missing:
        case, seed = missing[0]
        owner, other = (arm, control) if missing[0] in first else (control, arm)
        raise Refusal(
            "unpaired-runs",
            f"{len(missing)} scores of one arm have no partner in the other; the first: case {case}, seed {seed} is in "
            f"'{owner}' and not in '{other}'",
            "the experiment",
            "Finish or repeat the missing runs, or compare the seeds and folds that both arms have.",
        )


def _folds(scores: Sequence[CaseScore], arms: tuple[str, str]) -> dict[str, int]:
    folds: dict[str, int] = {}
    for score in scores:
        if score.arm in arms and folds.setdefault(score.case_id, score.fold) != score.fold:
            raise Refusal(
                "case-in-two-folds",
                f"case {score.case_id} is tested in fold {folds[score.case_id]} and in fold {score.fold}",
                "the experiment",
                "Each case belongs to the test part of one fold; check the split.",
            )
    return folds
