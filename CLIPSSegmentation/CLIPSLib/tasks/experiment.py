"""An experiment as a folder: read, checked, frozen. Its runs: `experiment_runs.py`; its result: `experiment_result.py`.

    experiment.toml recipe.toml cases.json    what the user declares
    frozen.json                               what was decided before the first run, hashed
    runs/<name>/                              run folders, which are job folders
    result/                                   scores.csv contrasts.csv result.json report.html

Called by the command, by the panel and by the job "experiment".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.cases import make_split
from CLIPSLib.difficulty import DifficultyTable, read_difficulty
from CLIPSLib.experiments import (
    Design,
    Deviation,
    Frozen,
    PlannedRun,
    ScoredOn,
    Size,
    VarianceComponents,
    check_fairness,
    freeze,
    hardest,
    is_exploratory,
    load_frozen,
    minimum_detectable_effect,
    planned_runs,
)
from CLIPSLib.files import sha256_file
from CLIPSLib.schema import load_toml
from CLIPSLib.training import CaseList, Recipe, read_cases

# What paired differences of Dice vary by in lesion segmentation (facts of the field); a pilot replaces them.
TYPICAL = VarianceComponents(case_sd=0.06, run_sd=0.014, residual_sd=0.08)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A declared experiment with everything that its files name. tables: path in the design -> difficulty table."""

    folder: Path
    design: Design
    recipe: Recipe
    cases: CaseList
    folds: Mapping[str, int]
    tables: Mapping[str, DifficultyTable]

    @property
    def frozen_file(self) -> Path:
        return self.folder / "frozen.json"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def result(self) -> Path:
        return self.folder / "result"


@dataclass(frozen=True, kw_only=True)
class ExperimentCheck:
    """What `clips experiment check` tells. detectable: smallest difference found with power 0.8, at these variances."""

    deviations: tuple[Deviation, ...]
    exploratory: bool
    runs: tuple[PlannedRun, ...]
    steps: int
    reviewer_steps: int
    size: Size
    components: VarianceComponents
    from_pilot: bool
    detectable: float


def open_experiment(folder: str | Path) -> Experiment:
    """Read `experiment.toml` and the files it names.

    Raises:
        Failure: a file is missing or damaged. Refusal: not valid, or too few patients for the folds.
    """
    root = Path(folder).absolute()
    design = load_toml(root / "experiment.toml", Design)
    cases = read_cases(root / design.cases)
    split = make_split(cases.cases, folds=design.folds, seed=design.split_seed)
    named = {arm.table for arm in design.arms} | {design.hard.table}
    return Experiment(
        folder=root,
        design=design,
        recipe=load_toml(root / design.recipe, Recipe),
        cases=cases,
        folds={case: number for number, fold in enumerate(split.folds) for case in fold.validation},
        tables={name: read_difficulty(root / name) for name in sorted(named - {""})},
    )


def check_experiment(experiment: Experiment, *, pilot: VarianceComponents | None = None) -> ExperimentCheck:
    """Is it fair, what will it cost, what can it see? Raises as `check_fairness`."""
    design = experiment.design
    runs = planned_runs(design)
    arms = [design.arm(run.arm) for run in runs if run.part is None]
    tested = sum(fold in design.run_folds for fold in experiment.folds.values())
    size = Size(cases=tested, folds=len(design.run_folds), seeds=len(design.seeds))
    components = pilot or TYPICAL
    reviewers = len(runs) - len(arms)
    return ExperimentCheck(
        deviations=_deviations(experiment),
        exploratory=is_exploratory(design),
        runs=runs,
        steps=sum(arm.steps or design.steps for arm in arms),
        reviewer_steps=reviewers * round(design.cross_review.budget * design.steps),
        size=size,
        components=components,
        from_pilot=pilot is not None,
        detectable=minimum_detectable_effect(components, size),
    )


def freeze_experiment(experiment: Experiment) -> Frozen:
    """Decide and hash everything before the first run; the second time it only compares.

    Raises:
        Refusal: unfair, or changed since it was frozen.
    """
    design = experiment.design
    names = {design.cases, design.recipe, *experiment.tables}
    return freeze(
        experiment.frozen_file,
        design,
        experiment.recipe,
        folds=experiment.folds,
        hard_cases=hardest(hard_order(experiment), design.hard.share),
        files={name: sha256_file(experiment.folder / name) for name in sorted(names)},
        deviations=_deviations(experiment),
    )


def read_frozen(experiment: Experiment) -> Frozen | None:
    """What was frozen, or None when nothing was yet."""
    return load_frozen(experiment.frozen_file) if experiment.frozen_file.exists() else None


def _deviations(experiment: Experiment) -> tuple[Deviation, ...]:
    made_with = {
        name: ScoredOn(measurer=table.measurer, trained_with=frozenset(table.options.get("trained_with", ())))
        for name, table in experiment.tables.items()
    }
    return check_fairness(experiment.design, experiment.recipe, experiment.folds, made_with)


def hard_order(experiment: Experiment) -> dict[str, float | None]:
    """The difficulty by which the hard cases are chosen, higher is harder: of the design's table, else small tumors.

    None for cases without a score (no lesion). Raises Failure: a mask cannot be read.
    """
    table = experiment.design.hard.table
    if table:
        scores = experiment.tables[table].scores
        return {case: scores.get(case) for case in experiment.folds}
    volumes = {case.case_id: _volume_ml(case.mask) for case in experiment.cases.cases}
    return {case: -volume if volume else None for case, volume in volumes.items()}


def _volume_ml(mask: str) -> float:
    from CLIPSLib.formats import read_labels
    from CLIPSLib.imaging import array_view, voxel_volume_ml

    image = read_labels(mask)
    return float((array_view(image) > 0).sum() * voxel_volume_ml(image))
