"""From a design to its runs: which cases train and test in each, in which order they can be started.

Called by `tasks`, which prepares and starts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from CLIPSLib.experiments.design import Arm, Design
from CLIPSLib.training import TRAIN, VALIDATE, CaseList, Recipe


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One training. arm: "" for a reviewer of the cross-review, whose part of the training cases is `part`."""

    arm: str
    fold: int
    seed: int
    part: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        if self.part is not None:
            return f"cross-review_fold{self.fold}_part{self.part}"
        return f"{self.arm}_fold{self.fold}_seed{self.seed}"


def planned_runs(design: Design) -> tuple[PlannedRun, ...]:
    """All runs, those that others depend on first: reviewers, then arms, then the yoked ones.

    Within that, seed by seed, so that every arm has its first runs early.
    """
    reviewers = [
        PlannedRun(arm="", fold=fold, seed=design.seeds[0], part=part)
        for fold in design.run_folds
        for part in range(design.cross_review.folds)
        if any(arm.difficulty == "cross-review" for arm in design.arms)
    ]
    leading = [arm for arm in design.arms if not arm.follows]
    following = [arm for arm in design.arms if arm.follows]
    runs = [
        PlannedRun(arm=arm.name, fold=fold, seed=seed)
        for arms in (leading, following)
        for seed in design.seeds
        for fold in design.run_folds
        for arm in arms
    ]
    return (*reviewers, *runs)


def depends_on(run: PlannedRun, design: Design) -> tuple[PlannedRun, ...]:
    """The runs that must be finished before this one can start."""
    if run.part is not None:
        return ()
    arm = design.arm(run.arm)
    if arm.follows:
        return (PlannedRun(arm=arm.follows, fold=run.fold, seed=run.seed),)
    if arm.difficulty != "cross-review":
        return ()
    parts = range(design.cross_review.folds)
    return tuple(PlannedRun(arm="", fold=run.fold, seed=design.seeds[0], part=part) for part in parts)


def cases_of_run(
    cases: CaseList, folds: Mapping[str, int], fold: int, scores: Mapping[str, float | None] | None = None
) -> CaseList:
    """Cases of the fold validate (they are the test part: nothing is chosen by them), all others train.

    scores: difficulty of the training cases. Cases of the test part never get one.
    """

    def placed(case):
        if folds[case.case_id] == fold:
            return replace(case, role=VALIDATE, score=None)
        return replace(case, role=TRAIN, score=(scores or {}).get(case.case_id))

    source = f"{cases.source}, fold {fold}".removeprefix(", ")
    return replace(cases, cases=tuple(placed(case) for case in cases.cases), source=source)


def cases_of_reviewer(cases: CaseList, parts: Mapping[str, int], part: int) -> CaseList:
    """The training cases of an outer fold for one reviewer: its part is scored, the other parts train.

    parts: case id -> part, of the outer training cases only; the outer test cases do not appear.
    """
    inside = tuple(case for case in cases.cases if case.case_id in parts)
    return cases_of_run(replace(cases, cases=inside, source=f"{cases.source}, cross-review"), parts, part)


def recipe_of_run(recipe: Recipe, design: Design, arm: Arm, seed: int) -> Recipe:
    """The shared recipe with what the arm and the seed change: curriculum, steps, seed, perhaps the rate."""
    training = replace(recipe.training, steps=design.steps_of(arm), seed=seed)
    optimizer = recipe.optimizer
    if arm.learning_rate is not None:
        optimizer = replace(optimizer, learning_rate=arm.learning_rate)
    curriculum = replace(recipe.curriculum, name=arm.curriculum, options=dict(arm.options))
    return replace(recipe, training=training, optimizer=optimizer, curriculum=curriculum)


def recipe_of_reviewer(recipe: Recipe, design: Design, seed: int, quarantine: Sequence[str] = ()) -> Recipe:
    """The shared recipe without curriculum, at the reviewers' share of the budget, judged once at its end.

    quarantine: cases of the outer fold that no arm draws; reviewers do not, either.
    """
    made = reviewer_recipe(recipe, steps=max(1, round(design.cross_review.budget * design.steps)), seed=seed)
    options = {"quarantine": sorted(quarantine)} if quarantine else {}
    return replace(made, curriculum=replace(made.curriculum, options=options))


def reviewer_recipe(recipe: Recipe, *, steps: int, seed: int) -> Recipe:
    """A recipe for a network that scores what it did not see: all cases alike, judged once at its end, on all of
    them."""
    return replace(
        recipe,
        training=replace(recipe.training, steps=steps, seed=seed),
        curriculum=replace(recipe.curriculum, name="vanilla", options={}),
        validation=replace(recipe.validation, every=0, cases=0),
    )
