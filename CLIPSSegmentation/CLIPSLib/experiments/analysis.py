"""The whole analysis of an experiment from the scores of its runs: arms, contrasts, verdicts.

Pure: called by `tasks.experiment_result` with what the runs left, and by simulations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from CLIPSLib.errors import Refusal
from CLIPSLib.experiments.arms import ArmSummary, final_dice, summarize_arm
from CLIPSLib.experiments.contrasts import Contrast, Family, compare, compare_family
from CLIPSLib.experiments.curves import Curve, until
from CLIPSLib.experiments.design import Design
from CLIPSLib.experiments.endpoints import ENDPOINTS, Endpoint, endpoint
from CLIPSLib.experiments.fairness import is_exploratory
from CLIPSLib.experiments.families import families
from CLIPSLib.experiments.results import ArmCost
from CLIPSLib.experiments.types import CaseScore
from CLIPSLib.experiments.verdict import Judgement, judge

TARGET_SHARE = 0.9  # of vanilla's final Dice: the target of "steps to target"


@dataclass(frozen=True, kw_only=True)
class FamilyResult:
    """One curriculum. primary: role -> contrast that decides, p adjusted by Holm; secondary: endpoint -> role ->
    contrast, descriptive; undefined: endpoint -> why it has none."""

    arm: str
    primary: Mapping[str, Contrast]
    secondary: Mapping[str, Mapping[str, Contrast]]
    undefined: Mapping[str, str]
    judgement: Judgement


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """exploratory: no tests, since there are too few runs or (finished False) some are still to come. seeds: those that
    all arms finished in all folds; only they count. incomplete: the others. target: Dice."""

    exploratory: bool
    finished: bool
    primary: Endpoint
    margin: float
    seeds: tuple[int, ...]
    incomplete: tuple[int, ...]
    target: float | None
    arms: tuple[ArmSummary, ...]
    families: tuple[FamilyResult, ...]


def analyze(
    design: Design,
    scores: Sequence[CaseScore],
    curves: Sequence[Curve],
    *,
    hard_cases: frozenset[str],
    costs: Mapping[str, ArmCost],
    finished: bool = True,
) -> Analysis:
    """Analyze what the finished runs left. costs: by arm. finished: no run is still to come, though some may
    have failed.

    An exploratory design gets no p values, nor does a look before the end; seeds that some arm did not finish are left
    out of all arms.

    Raises:
        Refusal: no seed is finished in all arms and folds; otherwise as `compare_family`.
    """
    seeds = _complete_seeds(design, scores)
    scores = [score for score in scores if score.seed in seeds]
    curves = [until(curve, design.steps) for curve in curves if curve.seed in seeds]
    exploratory = is_exploratory(replace(design, seeds=seeds)) or not finished
    primary = endpoint(design.primary)
    reached = final_dice([curve for curve in curves if curve.arm == design.vanilla.name])
    target = None if reached is None else TARGET_SHARE * reached
    arms = tuple(
        summarize_arm(
            arm.name,
            [score for score in scores if score.arm == arm.name],
            [curve for curve in curves if curve.arm == arm.name],
            hard_cases=hard_cases,
            target=target,
            cost=costs[arm.name],
        )
        for arm in design.arms
    )
    judged = tuple(
        _analyze_family(family, scores, primary, design.margin, hard_cases, exploratory, finished)
        for family in families(design)
    )
    return Analysis(
        exploratory=exploratory,
        finished=finished,
        primary=primary,
        margin=design.margin,
        seeds=seeds,
        incomplete=tuple(sorted(set(design.seeds) - set(seeds))),
        target=target,
        arms=arms,
        families=judged,
    )


def _complete_seeds(design: Design, scores: Sequence[CaseScore]) -> tuple[int, ...]:
    there = {(score.arm, score.fold, score.seed) for score in scores}
    complete = tuple(
        seed
        for seed in design.seeds
        if all((arm.name, fold, seed) in there for arm in design.arms for fold in design.run_folds)
    )
    if not complete:
        raise Refusal(
            "unfinished",
            "No seed is finished in all arms and folds, so that nothing can be compared yet",
            design.name,
            "Let the runs finish: clips experiment run.",
        )
    return complete


def _analyze_family(
    family: Family,
    scores: Sequence[CaseScore],
    primary: Endpoint,
    margin: float,
    hard_cases: frozenset[str],
    exploratory: bool,
    finished: bool,
) -> FamilyResult:
    contrasts = compare_family(scores, family, primary, hard_cases=hard_cases)
    secondary: dict[str, dict[str, Contrast]] = {}
    undefined: dict[str, str] = {}
    for name, each in ENDPOINTS.items():
        if name == primary.name:
            continue
        try:
            secondary[name] = {
                role: compare(scores, family.arm, control, each, role=role, hard_cases=hard_cases)
                for role, control in family.controls.items()
            }
        except Refusal as refusal:  # too few cases have it (lesion F1 of a single lesion-free case, ...)
            undefined[name] = refusal.what
    judgement = judge(contrasts, margin=margin, exploratory=exploratory, finished=finished)
    if exploratory:
        contrasts = {role: _without_p(contrast) for role, contrast in contrasts.items()}
    return FamilyResult(
        arm=family.arm,
        primary=contrasts,
        secondary={
            name: {role: _without_p(contrast) for role, contrast in by_role.items()}
            for name, by_role in secondary.items()
        },
        undefined=undefined,
        judgement=judgement,
    )


def _without_p(contrast: Contrast) -> Contrast:
    """The contrast as a description: effects and intervals, no test."""
    effect = replace(contrast.effect, p=None, adjusted_p=None)
    return replace(contrast, effect=effect, rank=replace(contrast.rank, p=None))
