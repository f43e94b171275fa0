"""Recipe and cases of each planned run: what the design says, and what earlier runs of the experiment left.

Called by `experiment_runs.py` when a run can be started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from CLIPSLib.cases import make_split
from CLIPSLib.difficulty.levels import at_one_level
from CLIPSLib.errors import Failure
from CLIPSLib.experiments import (
    PlannedRun,
    cases_of_reviewer,
    cases_of_run,
    recipe_of_reviewer,
    recipe_of_run,
)
from CLIPSLib.tasks.cross_review_runs import unseen_scores
from CLIPSLib.tasks.experiment import Experiment
from CLIPSLib.training import CaseList, Recipe
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.tables import read_table
from CLIPSLib.training.traces import read_trace


def inputs_of(run: PlannedRun, experiment: Experiment) -> tuple[Recipe, CaseList]:
    """What a run is created from; the runs that it depends on are finished.

    Raises:
        Failure: one of these left no scores or no trace.
    """
    design, recipe = experiment.design, shared_recipe(experiment)
    if run.part is not None:
        parts = _parts(run.fold, experiment)
        made = recipe_of_reviewer(recipe, design, run.seed, [case for case in parts if case in design.quarantine])
        return made, cases_of_reviewer(experiment.cases, parts, run.part)
    arm = design.arm(run.arm)
    made = recipe_of_run(recipe, design, arm, run.seed)
    if arm.follows:
        leading = experiment.runs / PlannedRun(arm=arm.follows, fold=run.fold, seed=run.seed).name
        made = replace(made, curriculum=replace(made.curriculum, options=_replayed(leading, arm.options)))
    return made, cases_of_run(experiment.cases, experiment.folds, run.fold, _scores(run, experiment))


def shared_recipe(experiment: Experiment) -> Recipe:
    """The recipe of all arms; files that it names beside itself as runs in folders of their own find them.

    A cache that it does not name is left to the runs: they share the one beside them, wherever they are moved.
    """
    recipe = experiment.recipe
    beside = (experiment.folder / experiment.design.recipe).parent
    cache = recipe.data.cache and str(beside / recipe.data.cache)
    start = str(experiment.start_file or recipe.network.start)
    return with_values(recipe, {"data.cache": cache, "network.start": start})


def cross_review_scores(fold: int, experiment: Experiment) -> dict[str, float]:
    """What the reviewer that did not see it reached in each training case of an outer fold, higher is harder: the loss
    over the whole image, or 1 - Dice, without what is only the reviewer's level (`difficulty.levels`).

    Lesion-free cases have no score, nor have those in quarantine: a broken image would shift the level of its part.

    Raises:
        Failure: a reviewer left no scores.
    """
    found, parts = {}, {}
    for run in reviewers(fold, experiment):
        folder = RunFolder(experiment.runs / run.name)
        rows = read_table(folder.validation)
        if not rows:
            remedy = "Repeat this run: clips experiment run --retry."
            raise Failure("no-review", "The reviewer left no scores", str(folder.path), remedy)
        last = max(int(row["step"]) for row in rows)
        judged = [row for row in rows if row["case"] not in experiment.design.quarantine]
        own = {row["case"]: row for row in judged if int(row["step"]) == last}
        found |= unseen_scores(own, experiment.design.cross_review.measure)
        parts |= dict.fromkeys(own, run.part)
    return at_one_level(found, parts)


def reviewers(fold: int, experiment: Experiment) -> list[PlannedRun]:
    """The runs of the cross-review inside the training part of an outer fold."""
    parts, seed = range(experiment.design.cross_review.folds), experiment.design.seeds[0]
    return [PlannedRun(arm="", fold=fold, seed=seed, part=part) for part in parts]


def _replayed(leading: Path, options: Mapping) -> dict:
    """The pool sizes that another run really had. They are whole already: no minimum may change them."""
    sizes = read_trace(RunFolder(leading).trace).pool_sizes
    return {"minimum_pool": 1, **options, "pool_sizes": [list(entry) for entry in sizes]}


def _parts(fold: int, experiment: Experiment) -> dict[str, int]:
    """Case id -> part of the cross-review, of the training cases of an outer fold only."""
    inside = [case for case in experiment.cases.cases if experiment.folds[case.case_id] != fold]
    split = make_split(inside, folds=experiment.design.cross_review.folds, seed=experiment.design.split_seed)
    return {case: number for number, part in enumerate(split.folds) for case in part.validation}


def _scores(run: PlannedRun, experiment: Experiment) -> Mapping[str, float | None]:
    arm = experiment.design.arm(run.arm)
    if arm.difficulty == "table":
        return experiment.tables[arm.table].scores
    if arm.difficulty == "cross-review":
        return cross_review_scores(run.fold, experiment)
    return {}
