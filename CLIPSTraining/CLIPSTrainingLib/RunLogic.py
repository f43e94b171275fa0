"""Training runs from the console and from scripts: ordered, waited for, used. Part of the module's logic; no widget."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CLIPSTrainingLib.CaseChoice import CaseChoice, frozenCases
from CLIPSTrainingLib.TrainingRuns import TrainingRun, TrainingRuns

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.training import Recipe

_LOOK_EVERY_S = 0.2


class RunLogic:
    """The runs of this user, the same that the panel shows; the registry is the one that the logic has open."""

    registry: Registry | None = None

    def runs(self) -> list[TrainingRun]:
        """All runs, oldest first: `.status`, `.title`, `.folder`."""
        return TrainingRuns().jobs()

    def train(
        self,
        recipe: str | Recipe = "quick",
        choice: CaseChoice | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> TrainingRun:
        """Freeze the chosen cases and train a network in a process of its own.

        recipe: the name of a preset, the path of a recipe file (its cases are then those of the file unless others are
        chosen), or a recipe. choice: which cases (`CaseChoice(split=..., fold=...)`, or `file=` a `cases.json`).
        values: changes by dotted name, such as {"training.steps": 2000, "curriculum.name": "bootstrapping"}. wait:
        come back when it has ended, else at once: `waitFor` it later, or let the panel follow it.

        Raises:
            ValueError: no cases were chosen, or no registry is open. ClipsError: the recipe is not valid, no case is
                left to train with, a file is missing or damaged; with `wait` also what the run failed with.
        """
        from CLIPSLib.progress import SILENT
        from CLIPSLib.training.overrides import with_values

        made, choice = self._recipe(recipe, choice)
        if not choice.made:
            raise ValueError(_("Choose the cases: a split of the open registry, or a list of cases."))
        if self.registry is None and not choice.file:
            raise ValueError(_("Open a registry first."))
        runs = TrainingRuns()
        casesFile = frozenCases(self.registry, choice, runs.keptFolder, SILENT)
        run = runs.order(with_values(made, values or {}), casesFile)
        runs.advance()
        return self.waitFor(run) if wait else run

    def resume(self, run: TrainingRun, wait: bool = True) -> TrainingRun:
        """Go on with a run that stopped, failed or was killed. Raises Refusal: it is finished, or runs."""
        TrainingRuns().resume(run)
        return self.waitFor(run) if wait else run

    def waitFor(self, run: TrainingRun) -> TrainingRun:
        """Come back when a run has ended; Slicer stays alive meanwhile. Raises ClipsError: what it failed with."""
        runs = TrainingRuns()
        while not run.status.ended:
            runs.advance()  # it may wait for others, which may wait for nobody but us
            slicer.app.processEvents()
            time.sleep(_LOOK_EVERY_S)
        run.status.raise_for_error()
        return run

    def useModel(self, run: TrainingRun) -> str:
        """Install the model of a finished run and choose it in CLIPS Segmentation; gives its id.

        Raises:
            ClipsError: the run has no model, a file is damaged, the disk is full.
        """
        from CLIPSLib.tasks.install_job import install_model

        from CLIPSTrainingLib.UseModel import choose

        modelId = install_model(run.folder / "model").model_id
        choose(modelId)
        return modelId

    def _recipe(self, recipe: str | Recipe, choice: CaseChoice | None) -> tuple[Recipe, CaseChoice]:
        from CLIPSLib.schema import load_toml
        from CLIPSLib.training import PRESETS, Recipe, preset

        if not isinstance(recipe, str):
            return recipe, choice or CaseChoice()
        if recipe in PRESETS:
            return preset(recipe), choice or CaseChoice()
        made = load_toml(recipe, Recipe)
        return made, choice or CaseChoice(file=str(Path(recipe).absolute().parent / made.data.cases))
