"""The section "Train": which cases, which recipe, which curriculum; check it, start it. Made by Panel.

The recipe is the core's (training/recipe.py): its words are the tooltips here, so that panel and file mean the same.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
from CLIPSSegmentationLib import Dependencies
from CLIPSSegmentationLib import Settings as MachineSettings
from CLIPSSegmentationLib.Devices import devices
from slicer.i18n import tr as _

from CLIPSTrainingLib import RunSettings, runTexts
from CLIPSTrainingLib.BackgroundWork import BackgroundWork
from CLIPSTrainingLib.CaseChoice import listCases, summary
from CLIPSTrainingLib.CasesForm import CasesForm
from CLIPSTrainingLib.CurriculumForm import CurriculumForm
from CLIPSTrainingLib.RecipeForm import RecipeForm
from CLIPSTrainingLib.saying import saying

if TYPE_CHECKING:
    from collections.abc import Callable

    from CLIPSLib.jobs import JobStatus
    from CLIPSLib.training import Recipe

    from CLIPSTrainingLib.Panel import Panel

_FIRST_PRESET = "quick"
_ELSEWHERE = ("data.cases", "curriculum.name", "curriculum.options")  # has a form of its own
_TYPING_MS = 300


class TrainPanel:
    """Its form is made when the section is opened first, so that the panel opens without the core's recipes."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingTrain")
        self.cases: CasesForm | None = None
        self.work = BackgroundWork(self.ui.trainBar, self.ui.cancelTrainButton, self.say, self._updateButtons)
        self._ready = False
        self._typing = qt.QTimer()
        self._typing.setSingleShot(True)
        self._typing.interval = _TYPING_MS
        self._typing.connect("timeout()", self.preview)
        self.ui.trainButton.collapsed = True
        self.say("")
        self.ui.checkLabel.visible = False
        self.ui.trainButton.connect("contentsCollapsed(bool)", self._onCollapsed)

    def enter(self) -> None:
        self.update()

    def exit(self) -> None:
        self._typing.stop()

    def stop(self) -> None:
        """The panel goes."""
        self._typing.stop()
        self.work.stop()

    def forget(self) -> None:
        """The scene is closed: charts consist of nodes."""
        if self.cases is not None:
            self.curriculum.forget()

    def say(self, text: str) -> None:
        """What is wrong."""
        self.ui.trainMessage.text = text
        self.ui.trainMessage.visible = bool(text)

    def update(self) -> None:
        """Offer what is in the registry now; nothing while the section is closed."""
        if self.ui.trainButton.collapsed:
            return
        if self.cases is None:
            self._makeForm()
        with saying(self.say):
            self.cases.update()
        self.preview()

    def recipe(self) -> Recipe:
        """What is set. Raises ValueError: a text that cannot be meant; Refusal: values that do not go together."""
        from CLIPSLib.training import preset
        from CLIPSLib.training.overrides import with_values

        recipe = with_values(preset(self.ui.presetSelector.currentData), self._values())
        curriculum = replace(recipe.curriculum, name=self.curriculum.name, options=self.curriculum.options())
        return replace(recipe, curriculum=curriculum)

    def ensureDependencies(self) -> None:
        """Install what training needs; asks first. Raises RuntimeError when it cannot run."""
        module = Path(slicer.util.modulePath("CLIPSSegmentation"))
        Dependencies.ensureTraining(str(module.parent / "Resources" / "requirements.txt"))

    def onCheck(self) -> None:
        """Look, in the background, whether the recipe can be carried out and what it costs."""
        self._withFrozenCases(self._check)

    def onStart(self) -> None:
        """Freeze the cases, in the background, and put the run into the queue."""
        self._withFrozenCases(self._order)

    def preview(self) -> None:
        """Show what the curriculum would do with the chosen cases."""
        self._ready = False
        with saying(self.say):
            training = self.recipe().training
            self.say("")
            listed = listCases(self._panel.registry, self.cases.choice) if self.cases.choice.made else None
            self._ready = self.curriculum.preview(listed, max(1, training.steps), training.seed, training.batch)
        self._updateButtons()

    def _makeForm(self) -> None:
        from CLIPSLib.training import PRESETS
        from CLIPSLib.training.recipe_toml import field_names

        changed = self._typing.start
        self.cases = CasesForm(self.ui, self._panel, self.preview)
        main = _mainFields()
        self.main = RecipeForm(self.ui.mainFieldsArea, main, changed, _choices())
        others = [name for name in field_names() if name not in main and name not in _ELSEWHERE]
        self.more = RecipeForm(
            self.ui.allFieldsArea, {name: name.replace("_", " ").replace(".", ": ") for name in others}, changed
        )
        self.curriculum = CurriculumForm(self.ui, changed)
        ui = self.ui
        _alignLabels([ui.splitLabel, ui.newSplitLabel, ui.tableLabel, ui.presetLabel], self.main.labels)
        self.ui.allFieldsBox.collapsed = True
        for name, text in PRESETS.items():
            self.ui.presetSelector.addItem(name, name)
            self.ui.presetSelector.setItemData(self.ui.presetSelector.count - 1, text, qt.Qt.ToolTipRole)
        self.ui.presetSelector.currentIndex = self.ui.presetSelector.findData(_FIRST_PRESET)
        self._showPreset()
        self._showLast()
        self.ui.presetSelector.connect("currentIndexChanged(int)", lambda _index: self._onPreset())
        self.ui.checkButton.connect("clicked()", self.onCheck)
        self.ui.startButton.connect("clicked()", self.onStart)

    def _showLast(self) -> None:
        """The recipe that was checked or started last, by whichever Slicer; not one with fields that are gone."""
        from CLIPSLib import ClipsError
        from CLIPSLib.training import PRESETS, preset
        from CLIPSLib.training.overrides import with_values

        last = RunSettings.lastRecipe()
        if last.get("preset") not in PRESETS:
            return
        try:
            recipe = with_values(preset(last["preset"]), last["values"])
        except ClipsError:
            return
        self.ui.presetSelector.currentIndex = self.ui.presetSelector.findData(last["preset"])
        self._showPreset()
        self.main.show(recipe)
        self.more.show(recipe)
        self.curriculum.show(*last["curriculum"])

    def _remember(self) -> None:
        curriculum = (self.curriculum.name, self.curriculum.options())
        preset = self.ui.presetSelector.currentData
        RunSettings.setLastRecipe({"preset": preset, "values": self._values(), "curriculum": curriculum})

    def _onPreset(self) -> None:
        selector = self.ui.presetSelector
        question = _("Replace what you have changed in the recipe by the values of “{preset}”?")
        if self._edited() and not slicer.util.confirmOkCancelDisplay(question.format(preset=selector.currentData)):
            selector.blockSignals(True)
            selector.currentIndex = selector.findData(self._shown[0])
            selector.blockSignals(False)
            return
        self._showPreset()
        self.preview()

    def _edited(self) -> bool:
        """Whether the fields differ from the preset that they were filled from."""
        try:
            return self._values() != self._shown[1]
        except ValueError:
            return True

    def _values(self) -> dict[str, Any]:
        return {**self.more.values(), **self.main.values()}

    def _showPreset(self) -> None:
        from CLIPSLib.training import PRESETS, preset
        from CLIPSLib.training.overrides import with_values

        name = self.ui.presetSelector.currentData
        recipe = with_values(preset(name), {"training.device": MachineSettings.device()})
        self.ui.presetText.text = PRESETS[name]
        self.main.show(recipe)
        self.more.show(recipe)
        self._shown = (name, self._values())

    def _withFrozenCases(self, then: Callable[[Recipe, Path], None]) -> None:
        """Go on with the recipe as it is now when the chosen cases are frozen."""
        from CLIPSLib.schema import to_document
        from CLIPSLib.tasks.freeze_job import VERB

        self.say("")
        with saying(self.say, aloud=True):
            recipe, choice = self.recipe(), self.cases.choice
            self._remember()
            self.ensureDependencies()
            if choice.file:
                then(recipe, Path(choice.file))
                return
            request = choice.request(self._panel.registry, self._panel.runs.runs.keptFolder)
            self.work.start(VERB, to_document(request), lambda status: self._onFrozen(status, recipe, then))

    def _onFrozen(self, status: JobStatus, recipe: Recipe, then: Callable[[Recipe, Path], None]) -> None:
        from CLIPSLib.training import read_cases

        path = Path(status.result["cases"])
        said = [runTexts.cases(*summary(read_cases(path))), *map(str, status.cautions)]
        self.ui.casesLabel.text = " ".join(said)
        then(recipe, path)

    def _order(self, recipe: Recipe, casesFile: Path) -> None:
        self._panel.runs.added(self._panel.runs.runs.order(recipe, casesFile))

    def _check(self, recipe: Recipe, casesFile: Path) -> None:
        from CLIPSLib.schema import to_document
        from CLIPSLib.tasks.check_job import VERB

        folder = str(self._panel.runs.runs.root)
        arguments = {"recipe": to_document(recipe), "cases": str(casesFile), "folder": folder}
        self.work.start(VERB, arguments, lambda status: self._showCheck(runTexts.check(status.result)))
        self._showCheck("")

    def _updateButtons(self) -> None:
        self.ui.checkButton.enabled = self.ui.startButton.enabled = self._ready and not self.work.running

    def _showCheck(self, text: str) -> None:
        self.ui.checkLabel.text, self.ui.checkLabel.visible = text, bool(text)

    def _onCollapsed(self, collapsed: bool) -> None:
        if not collapsed:
            self.update()


def _mainFields() -> dict[str, str]:
    return {
        "name": _("Name"),
        "data.use": _("Images"),
        "network.name": _("Network"),
        "network.start": _("Start from"),
        "training.steps": _("Steps"),
        "data.patch": _("Patch"),
        "training.batch": _("Patches per step"),
        "training.device": _("Device"),
        "training.seed": _("Seed"),
        "validation.every": _("Validate every"),
    }


def _choices() -> dict[str, list[tuple[str, str]]]:
    from CLIPSLib.models import ModelStore

    models = [(model.model_id, model.model_id) for model in ModelStore().contents().models]
    return {
        "network.start": [("scratch", _("random weights")), *models],
        "training.device": devices(),
    }


def _alignLabels(labels: list, others: list) -> None:
    """Forms below each other look like one when their fields begin at one place."""
    width = max(label.fontMetrics().horizontalAdvance(label.text) for label in (*labels, *others))
    for label in (*labels, *others):
        label.minimumWidth = width
