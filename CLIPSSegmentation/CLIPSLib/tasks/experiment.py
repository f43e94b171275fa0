"""An experiment as a folder: read, checked, frozen. Its runs: `experiment_runs.py`; its result: `experiment_result.py`.

    experiment.toml recipe.toml cases.json    what the user declares
    frozen.json                               what was decided before the first run, hashed
    ledger.jsonl                              which runs ended when, with which scores
    runs/<name>/                              run folders, which are job folders
    result/                                   scores.csv contrasts.csv result.json report.html

Called by the command, by the panel and by the job "experiment".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from CLIPSLib.cases import make_split
from CLIPSLib.difficulty import DifficultyTable, read_difficulty
from CLIPSLib.difficulty.leakage import COMPLETE, TRAINED_WITH
from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.experiments import (
    Design,
    Deviation,
    Frozen,
    ScoredOn,
    check_fairness,
    freeze,
    hardest,
    load_frozen,
    read_frozen_documents,
)
from CLIPSLib.files import sha256_file
from CLIPSLib.models import ModelStore
from CLIPSLib.schema import load_toml
from CLIPSLib.tasks.cross_review import require_ignorant
from CLIPSLib.tasks.frozen import reference_volume_ml
from CLIPSLib.training import CaseList, Recipe, read_cases
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.recipe import SCRATCH

FROZEN_FILE, START_MAY_KNOW = "frozen.json", "start-may-know"


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
        return self.folder / FROZEN_FILE

    @property
    def start_file(self) -> Path | None:
        """The weight file that all networks begin from, where the recipe names one: beside itself, or anywhere."""
        start = self.recipe.network.start
        path = (self.folder / self.design.recipe).parent / start
        return path if start != SCRATCH and path.is_file() else None

    @property
    def ledger_file(self) -> Path:
        return self.folder / "ledger.jsonl"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def result(self) -> Path:
        return self.folder / "result"


def open_experiment(folder: str | Path) -> Experiment:
    """Read `experiment.toml` and the files it names.

    Once it is frozen, what these files leave out is what it was then: defaults may change with the next version, and a
    newer version of the model to begin from may be installed.

    Raises:
        Failure: a file is missing or damaged. Refusal: not valid, too few patients for the folds, or one scan under the
            names of two.
    """
    root = Path(folder).absolute()
    if not (root / "experiment.toml").is_file():
        what = "There is no experiment in the folder: it has no experiment.toml"
        raise Failure("no-experiment", what, str(root), "Make one with 'clips experiment new'.")
    frozen = read_frozen_documents(root / FROZEN_FILE)
    design = load_toml(root / "experiment.toml", Design, left_out=frozen.get("design"))
    cases = read_cases(root / design.cases)
    _require_own_images(cases, root / design.cases)
    split = make_split(cases.cases, folds=design.folds, seed=design.split_seed)
    named = {arm.table for arm in design.arms} | {design.hard.table}
    return Experiment(
        folder=root,
        design=design,
        recipe=_pinned(load_toml(root / design.recipe, Recipe, left_out=frozen.get("recipe")), frozen),
        cases=cases,
        folds={case: number for number, fold in enumerate(split.folds) for case in fold.validation},
        tables={name: read_difficulty(root / name) for name in sorted(named - {""})},
    )


def _pinned(recipe: Recipe, frozen: Mapping[str, Any]) -> Recipe:
    """The recipe with the version of the model to begin from: the frozen one; before that, the newest of today."""
    start, store = recipe.network.start, ModelStore()
    then = frozen["recipe"]["network"]["start"] if frozen else ""
    if then.partition("@")[0] == start:
        start = then
    elif not frozen and start != SCRATCH and store.has(start):
        start = store.get(start).model_id
    return replace(recipe, network=replace(recipe.network, start=start))


def _require_own_images(cases: CaseList, path: Path) -> None:
    """A scan under two patients' names would be trained with and tested."""
    seen: dict[str, str] = {}
    for case in cases.cases:
        image = case.sha256.get("pet", case.pet)
        if seen.setdefault(image, case.patient_id) != case.patient_id:
            raise Refusal(
                "same-pet",
                f"The PET of case '{case.case_id}' of patient '{case.patient_id}' is one of patient '{seen[image]}'",
                str(path),
                "Give both the same patient, or leave one out when the cases are frozen.",
            )


def freeze_experiment(experiment: Experiment) -> Frozen:
    """Decide and hash everything before the first run; the second time it only compares. Design and recipe count by
    what they say, other files byte by byte.

    Raises:
        Refusal: unfair, or changed since it was frozen.
    """
    design = experiment.design
    files = {
        name: experiment.folder / name for name in (design.cases, *experiment.tables)
    }  # the recipe is frozen as a whole
    if experiment.start_file is not None:
        files[experiment.recipe.network.start] = experiment.start_file
    return freeze(
        experiment.frozen_file,
        design,
        experiment.recipe,
        folds=experiment.folds,
        hard_cases=hardest(hard_order(experiment), design.hard.share),
        files={name: sha256_file(path) for name, path in sorted(files.items())},
        deviations=deviations_of(experiment),
    )


def require_frozen(experiment: Experiment) -> Frozen:
    """What was decided before the first run, which is still what the files say.

    Raises:
        Refusal: nothing was run yet; or something changed since.
    """
    if not experiment.frozen_file.exists():
        remedy = "Start it: clips experiment run."
        raise Refusal("not-frozen", "Nothing of this experiment was run yet", str(experiment.folder), remedy)
    return freeze_experiment(experiment)


def deviations_of(experiment: Experiment) -> tuple[Deviation, ...]:
    """What readers must know of a design that may run. Raises as `check_fairness`."""
    predicted = [case.case_id for case in experiment.cases.cases if case.origin == "pseudo"]
    made_with = {name: _scored_on(table) for name, table in experiment.tables.items()}
    found = check_fairness(experiment.design, experiment.recipe, experiment.folds, made_with, predicted=predicted)
    return (*found, *_of_first_weights(experiment))


def _of_first_weights(experiment: Experiment) -> tuple[Deviation, ...]:
    """Networks that begin as one that saw the tested cases know the answers, in every arm. Raises Refusal: it did.

    Once frozen it is what was found then: who reports elsewhere needs no model that was to begin from.
    """
    if experiment.frozen_file.exists():
        return tuple(each for each in load_frozen(experiment.frozen_file).deviations if each.code == START_MAY_KNOW)
    start = experiment.recipe.network.start
    recipe = with_values(experiment.recipe, {"network.start": str(experiment.start_file or start)})
    if start == SCRATCH or require_ignorant(recipe, experiment.cases.cases, ModelStore()):
        return ()
    what = (
        f"Nobody knows all cases that '{start}', from which all networks begin, was trained with: tested ones may be "
    )
    return (Deviation(code=START_MAY_KNOW, what=f"{what}among them.", values={"start": start}),)


def _scored_on(table: DifficultyTable) -> ScoredOn:
    by_networks = TRAINED_WITH in table.options
    return ScoredOn(
        measurer=table.measurer,
        trained_with=frozenset(table.options.get(TRAINED_WITH, ())),
        complete=not by_networks or table.options.get(COMPLETE) is True,
        by_networks=by_networks,
    )


def hard_order(experiment: Experiment, volumes_ml: Mapping[str, float] | None = None) -> dict[str, float | None]:
    """The difficulty by which the hard cases are chosen, higher is harder: of the design's table, else small tumors.

    volumes_ml: `tumor_volumes_ml`, where they are known already. None for cases without a score (no lesion). Raises
    Failure: a mask cannot be read.
    """
    table = experiment.design.hard.table
    if table:
        scores = experiment.tables[table].scores
        return {case: scores.get(case) for case in experiment.folds}
    volumes_ml = volumes_ml or tumor_volumes_ml(experiment)
    return {case: -volume if volume else None for case, volume in volumes_ml.items()}


def tumor_volumes_ml(experiment: Experiment) -> dict[str, float]:
    """Case id -> volume of its reference mask. Raises Failure: a mask cannot be read."""
    return {case.case_id: reference_volume_ml(case.mask) for case in experiment.cases.cases}
