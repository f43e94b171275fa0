"""Before hours are spent: is an experiment fair, what will it cost, what can it detect, whom will its arms draw?

Called by `clips experiment check` and by panels; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from CLIPSLib.curriculum import CurriculumCase, build_curriculum, expected_exposure, without_held_back
from CLIPSLib.errors import Refusal
from CLIPSLib.experiments import (
    ALPHA,
    PLANNED,
    Arm,
    Design,
    Deviation,
    PlannedRun,
    Size,
    VarianceComponents,
    endpoint,
    families,
    hardest,
    is_exploratory,
    minimum_detectable_effect,
    on_endpoint,
    pair,
    planned_runs,
    variance_components,
)
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.experiment import Experiment, deviations_of, hard_order, tumor_volumes_ml
from CLIPSLib.tasks.experiment_inputs import shared_recipe

# What paired differences of Dice vary by in lesion segmentation, from published spreads; a pilot replaces it.
TYPICAL = VarianceComponents(case_sd=0.06, run_sd=0.014, residual_sd=0.08)
_LIKE_DICE = ("dice", "dice_hard")
_SECONDS = 15.0  # to measure steps for


@dataclass(frozen=True, kw_only=True)
class ArmExposure:
    """What an arm does to the hardest patients. hardest: draws of the hardest tenth relative to drawing all alike; None
    where only training will tell."""

    arm: str
    hardest: float | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class ExperimentCheck:
    """size: cases: those that have the primary endpoint. detectable: smallest difference in it that one contrast finds
    with power 0.8 at these variances; detectable_corrected: at the strictest step of Holm's correction; None where no
    pilot tells the variances. hours: of all steps one after another, None: not measured."""

    deviations: tuple[Deviation, ...]
    exploratory: bool
    runs: tuple[PlannedRun, ...]
    arm_runs: int
    steps: int
    reviewer_steps: int
    size: Size
    primary: str
    components: VarianceComponents | None
    from_pilot: bool
    detectable: float | None
    detectable_corrected: float | None
    exposures: tuple[ArmExposure, ...]
    hours: float | None = None


def check_experiment(
    experiment: Experiment, *, pilot: Experiment | None = None, timed: bool = False, reporter: Reporter = SILENT
) -> ExperimentCheck:
    """Look at everything before the first run. pilot: a finished experiment whose variances are like those to come.

    timed: measure some steps, for the hours.

    Raises:
        Refusal: unfair beyond repair (`check_fairness`); a pilot too small to tell cases from runs.
    """
    design, deviations = experiment.design, deviations_of(experiment)
    runs = planned_runs(design)
    arms = [design.arm(run.arm) for run in runs if run.part is None]
    volumes = tumor_volumes_ml(experiment)
    size = Size(cases=len(_tested(experiment, volumes)), folds=len(design.run_folds), seeds=len(design.seeds))
    components = _typical(design) if pilot is None else pilot_components(pilot, design.primary)
    contrasts = max(len(set(family.controls) & set(PLANNED)) for family in families(design))
    steps = sum(design.steps_of(arm) for arm in arms)
    review = (len(runs) - len(arms)) * max(1, round(design.cross_review.budget * design.steps))
    return ExperimentCheck(
        deviations=deviations,
        exploratory=is_exploratory(design),
        runs=runs,
        arm_runs=len(arms),
        steps=steps,
        reviewer_steps=review,
        size=size,
        primary=design.primary,
        components=components,
        from_pilot=pilot is not None,
        detectable=_detectable(components, size, 1),
        detectable_corrected=_detectable(components, size, contrasts),
        exposures=tuple(_exposure(arm, experiment, volumes) for arm in design.arms),
        hours=_hours(experiment, steps + review, reporter) if timed else None,
    )


def _tested(experiment: Experiment, volumes: Mapping[str, float]) -> list[str]:
    """The cases that have the primary endpoint: those with a tumor (the rest has no Dice), or the hard ones."""
    design = experiment.design
    cases = [case for case, volume in volumes.items() if volume]
    if endpoint(design.primary).hard_only:
        cases = list(hardest(hard_order(experiment, volumes), design.hard.share))
    return [case for case in cases if experiment.folds[case] in design.run_folds]


def _typical(design: Design) -> VarianceComponents | None:
    return TYPICAL if design.primary in _LIKE_DICE else None


def _detectable(components: VarianceComponents | None, size: Size, contrasts: int) -> float | None:
    if components is None or size.cases < 2:
        return None
    return minimum_detectable_effect(components, size, alpha=ALPHA / contrasts)


def pilot_components(pilot: Experiment, primary: str = "dice") -> VarianceComponents:
    """The variances of the difference in an endpoint between the first curriculum of a finished experiment and vanilla.

    Raises:
        Refusal: it has no curriculum, is not finished, or is too small.
    """
    from CLIPSLib.tasks.experiment_result import collect

    found = families(pilot.design)
    if not found:
        what = "The pilot compares no curriculum with vanilla"
        raise Refusal("no-curriculum", what, str(pilot.folder), "Choose another pilot.")
    chosen, hard = endpoint(primary), frozenset(hardest(hard_order(pilot), pilot.design.hard.share))
    scores = on_endpoint(collect(pilot).scores, chosen, hard)
    return variance_components(pair(scores, primary, found[0].arm, found[0].controls["vanilla"]))


def _exposure(arm: Arm, experiment: Experiment, volumes: Mapping[str, float]) -> ArmExposure:
    """Of the first fold that is run. Where networks will order the cases, the share of the hardest tenth is the same
    whoever they are: tumor size stands in for the scores."""
    fold = experiment.design.run_folds[0]
    order = experiment.tables[arm.table].scores if arm.table else hard_order(experiment, volumes)
    scores = {c: s for c, s in order.items() if s is not None and experiment.folds[c] != fold}
    cases = [
        CurriculumCase(
            case_id=case.case_id,
            stratum=case.stratum,
            empty=not volumes[case.case_id],
            volume_ml=volumes[case.case_id],
        )
        for case in experiment.cases.cases
        if experiment.folds[case.case_id] != fold
    ]
    if arm.follows:
        return ArmExposure(arm=arm.name, hardest=None, sentence=f"repeats the pool sizes of '{arm.follows}'")
    tested = [case for case, own in experiment.folds.items() if own == fold]
    options = {"batch_size": experiment.recipe.training.batch, **without_held_back(arm.options, tested)}
    steps, seed = experiment.design.steps_of(arm), experiment.design.seeds[0]
    curriculum = build_curriculum(arm.curriculum, cases, scores=scores, total_steps=steps, seed=seed, **options)
    if curriculum.description.adaptive:
        return ArmExposure(arm=arm.name, hardest=None, sentence="whom it draws, training will decide")
    exposure = expected_exposure(curriculum, scores)
    return ArmExposure(arm=arm.name, hardest=exposure.hardest_decile, sentence=exposure.sentence())


def _hours(experiment: Experiment, steps: int, reporter: Reporter) -> float | None:
    from CLIPSLib.training.check import check_recipe

    report = check_recipe(
        shared_recipe(experiment), experiment.cases, experiment.runs, seconds=_SECONDS, reporter=reporter
    )
    return None if report.seconds_per_step is None else report.seconds_per_step * steps / 3600.0
