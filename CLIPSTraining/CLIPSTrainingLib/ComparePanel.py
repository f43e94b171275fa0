"""The section "Compare": two runs case by case, and cases in the views; experiments are `ExperimentPanel`'s. Made by
Panel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from CLIPSSegmentationLib.Tables import prepareTable
from slicer.i18n import tr as _

from CLIPSTrainingLib import runTexts
from CLIPSTrainingLib.ComparedCase import ComparedCase
from CLIPSTrainingLib.ExperimentPanel import ExperimentPanel
from CLIPSTrainingLib.RunComparison import ComparedDice, compareRuns, means
from CLIPSTrainingLib.saying import saying
from CLIPSTrainingLib.UseModel import useForSegmentation

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job

    from CLIPSTrainingLib.Panel import Panel
    from CLIPSTrainingLib.TrainingRuns import TrainingRun

_TABLE_HEIGHT = 170
_LOOK_EVERY_MS = 300


class ComparePanel:
    """Offers the finished runs of this user and of the experiment that is open."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingCompare")
        self.experiments = ExperimentPanel(panel, self.ui, self.update)
        self.case: ComparedCase | None = None
        self._runs: list[TrainingRun] = []
        self._rows: list[ComparedDice] = []
        self._predicting: tuple[Job, str] | None = None
        self._look = qt.QTimer()
        self._look.interval = _LOOK_EVERY_MS
        self._look.connect("timeout()", self._followPrediction)
        prepareTable(self.ui.comparisonTable, [_("Case"), _("Dice A"), _("Dice B"), _("B − A")], _TABLE_HEIGHT)
        for selector in (self.ui.runASelector, self.ui.runBSelector):
            selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
            selector.minimumContentsLength = 16
        self.ui.compareButton.collapsed = True
        self.say("")
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.showCaseButton, self.onShow),
            (self.ui.useAButton, lambda: self._use(self.runA)),
            (self.ui.useBButton, lambda: self._use(self.runB)),
        ):
            button.connect("clicked()", slot)
        for selector in (self.ui.runASelector, self.ui.runBSelector):
            selector.connect("currentIndexChanged(int)", lambda _index: self._compare())
        self.ui.comparisonTable.connect("itemSelectionChanged()", self._updateButtons)
        self.ui.comparisonTable.connect("cellDoubleClicked(int,int)", lambda _row, _column: self.onShow())
        self.ui.compareButton.connect("contentsCollapsed(bool)", lambda _collapsed: self.update())

    def enter(self) -> None:
        self.update()

    def exit(self) -> None:
        """What is predicted is waited for when the panel is opened again."""

    def stop(self) -> None:
        """The panel goes."""
        self._look.stop()
        self.experiments.stop()

    def forget(self) -> None:
        """The scene is closed, and the case with it."""
        self.case = None

    @property
    def runA(self) -> TrainingRun | None:
        return self._chosen(self.ui.runASelector)

    @property
    def runB(self) -> TrainingRun | None:
        return self._chosen(self.ui.runBSelector)

    def say(self, text: str) -> None:
        """What is wrong."""
        self.ui.compareMessage.text = text
        self.ui.compareMessage.visible = bool(text)

    def update(self) -> None:
        """Offer what has finished by now; nothing while the section is closed."""
        if self.ui.compareButton.collapsed:
            return
        self.ui.predictionBar.visible = self._predicting is not None
        self.say("")
        with saying(self.say):
            self.experiments.update()
            self._offerRuns()
            self._compare()

    def onShow(self) -> None:
        """Show the chosen case with three outlines; predict it first where that was not done."""
        row, runs = self._chosenRow(), (self.runA, self.runB)
        if row is None or None in runs or self._predicting is not None:
            return
        from CLIPSLib.jobs import start_job
        from CLIPSLib.tasks.run_predictions import VERB, prediction_path

        self.say("")
        with saying(self.say, aloud=True):
            if all(prediction_path(run.folder, row.case_id).exists() for run in runs):
                self._show(row.case_id)
                return
            self._panel.train.ensureDependencies()
            arguments = {"runs": [str(run.folder) for run in runs], "cases": [row.case_id]}
            folder = self._panel.runs.runs.predictionFolder(row.case_id)
            self._predicting = (start_job(folder, VERB, arguments), row.case_id)
            self.ui.predictionBar.setRange(0, 100)
            self.ui.predictionBar.value = 0
            self.ui.predictionBar.visible = True
            self._updateButtons()
            self._look.start()

    def _followPrediction(self) -> None:
        job, case = self._predicting
        status = job.status()
        self.ui.predictionBar.value = round(100 * status.fraction)
        if not status.ended:
            return
        self._look.stop()
        self._predicting = None
        self.ui.predictionBar.visible = False
        self._updateButtons()
        with saying(self.say, aloud=True):
            status.raise_for_error()
            self._show(case)

    def _show(self, caseId: str) -> None:
        from CLIPSLib.tasks.run_predictions import case_of_run, prediction_path

        if self.case is not None:
            self.case.remove()
            self.case = None
        runs = {"A": self.runA, "B": self.runB}
        masks = {name: prediction_path(run.folder, caseId) for name, run in runs.items()}
        self.case = ComparedCase(case_of_run(self.runA.folder, caseId), masks)
        self._panel.fusion.show(self.case.petNode, self.case.ctNode)
        self.case.jumpToLargest()

    def _offerRuns(self) -> None:
        own = self._panel.runs.finished()
        runs = [*own, *(self.experiments.chosen.runs() if self.experiments.chosen is not None else ())]
        if [run.folder for run in runs] == [run.folder for run in self._runs]:
            return
        self._runs = runs
        for number, selector in enumerate((self.ui.runASelector, self.ui.runBSelector)):
            chosen = selector.currentData
            selector.blockSignals(True)
            selector.clear()
            for run in runs:
                selector.addItem(run.longTitle, str(run.folder))
            selector.currentIndex = max(selector.findData(chosen), min(number, len(runs) - 1))
            selector.blockSignals(False)

    def _compare(self) -> None:
        a, b = self.runA, self.runB
        self._rows = compareRuns(a.folder, b.folder) if a is not None and b is not None and a is not b else []
        table = self.ui.comparisonTable
        table.rowCount = len(self._rows)
        for row, each in enumerate(self._rows):
            cells = (
                each.case_id,
                _dice(each.a),
                _dice(each.b),
                "" if each.difference is None else f"{each.difference:+.3f}",
            )
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                table.setItem(row, column, item)
        table.resizeColumnsToContents()
        self.ui.comparisonLabel.text = runTexts.comparison(means(self._rows), len(self._runs), a is b)
        self._updateButtons()

    def _chosenRow(self) -> ComparedDice | None:
        row = self.ui.comparisonTable.currentRow()
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def _chosen(self, selector) -> TrainingRun | None:
        return next((run for run in self._runs if str(run.folder) == selector.currentData), None)

    def _updateButtons(self) -> None:
        self.ui.showCaseButton.enabled = self._chosenRow() is not None and self._predicting is None
        self.ui.useAButton.enabled = self.runA is not None and self.runA.hasModel
        self.ui.useBButton.enabled = self.runB is not None and self.runB.hasModel

    def _use(self, run: TrainingRun) -> None:
        with saying(self.say, aloud=True):
            modelId = useForSegmentation(run.folder / "model")
            self.say(_("{model} is installed and chosen in CLIPS Segmentation.").format(model=modelId))


def _dice(value: float | None) -> str:
    return _("no tumor") if value is None else f"{value:.3f}"
