"""The section "Compare": two runs case by case, and cases in the views; experiments are `ExperimentPanel`'s. Made by
Panel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import qt
from slicer.i18n import tr as _

from CLIPSTrainingLib import CompareViews, RunSettings, runTexts
from CLIPSTrainingLib.BackgroundWork import BackgroundWork
from CLIPSTrainingLib.Chart import FAINT, Chart, Line
from CLIPSTrainingLib.ComparedCase import ComparedCase
from CLIPSTrainingLib.ComparisonTable import ComparisonTable
from CLIPSTrainingLib.ExperimentPanel import ExperimentPanel
from CLIPSTrainingLib.LearningCurves import LearningCurves
from CLIPSTrainingLib.RunComparison import Comparison, compareRuns
from CLIPSTrainingLib.saying import saying, waiting
from CLIPSTrainingLib.UseModel import useRun

if TYPE_CHECKING:
    from CLIPSTrainingLib.Panel import Panel
    from CLIPSTrainingLib.TrainingRuns import TrainingRun

_A, _B = CompareViews.COLORS["A"], CompareViews.COLORS["B"]


class ComparePanel:
    """Offers the finished runs of this user and of the experiment that is open."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingCompare")
        self.work = BackgroundWork(self.ui.compareBar, self.ui.cancelCompareButton, self.say, self._updateButtons)
        self.case: ComparedCase | None = None
        self._runs: list[TrainingRun] = []
        self._comparison = Comparison()
        self._compared: tuple = ()  # what the comparison is of: reading the lists of a large cohort takes a moment
        self._comesBack = False
        self.table = ComparisonTable(self.ui.comparisonTable, self._updateButtons, self.onShow)
        self._curves = Chart(self.ui.comparedCurvesArea, _("Mean Dice while they trained: A orange, B blue"), _("step"))
        self._cases = Chart(
            self.ui.comparedCasesArea, _("Dice of each case: A orange, B blue"), _("cases, the lowest Dice first")
        )
        self.experiments = ExperimentPanel(panel, self.ui, self.work, self.update)
        for selector in (self.ui.runASelector, self.ui.runBSelector):
            selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
            selector.minimumContentsLength = 16
        self.ui.sideBySideCheckBox.checked = RunSettings.sideBySide()
        self.ui.compareButton.collapsed = True
        self.say("")
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.showCaseButton, self.onShow),
            (self.ui.closeCaseButton, self.onClose),
            (self.ui.useAButton, lambda: self._use(self.runA)),
            (self.ui.useBButton, lambda: self._use(self.runB)),
        ):
            button.connect("clicked()", slot)
        for selector in (self.ui.runASelector, self.ui.runBSelector):
            selector.connect("currentIndexChanged(int)", lambda _index: self._onRuns())
        self.ui.sideBySideCheckBox.connect("toggled(bool)", self._onSideBySide)
        self.ui.compareButton.connect("contentsCollapsed(bool)", self._onCollapsed)

    def enter(self) -> None:
        if self._comesBack and self.case is not None:
            CompareViews.comeBack()
        self.update()

    def exit(self) -> None:
        """What is predicted is waited for when the panel is opened again."""
        self._comesBack = CompareViews.isShown()
        CompareViews.leave()

    def stop(self) -> None:
        """The panel goes."""
        self.work.stop()
        self.experiments.stop()

    def forget(self) -> None:
        """The scene is closed, and the case and the charts with it."""
        self.case = None
        self._curves.forget()
        self._cases.forget()
        self.experiments.forget()
        CompareViews.leave()
        self._updateButtons()

    @property
    def runA(self) -> TrainingRun | None:
        return self._chosen(self.ui.runASelector)

    @property
    def runB(self) -> TrainingRun | None:
        return self._chosen(self.ui.runBSelector)

    def say(self, text: str) -> None:
        """What was done, or what is wrong."""
        self.ui.compareMessage.text = text
        self.ui.compareMessage.visible = bool(text)

    def update(self) -> None:
        """Offer what has finished by now; nothing while the section is closed."""
        if self.ui.compareButton.collapsed:
            return
        with saying(self.say):
            self.experiments.update()
            self._offerRuns()
            self._compare()

    def onShow(self) -> None:
        """Show the chosen case with the reference and what A and B find; predict it first where that was not done.

        A case that is being reviewed is closed: the outlines of two patients would be over each other.
        """
        row, runs = self.table.chosen, (self.runA, self.runB)
        if row is None or None in runs or self.work.running:
            return
        from CLIPSLib.tasks.run_predictions import VERB, is_predicted

        self.say("")
        with saying(self.say, aloud=True):
            if all(is_predicted(run.folder, row.case_id) for run in runs):
                if self._panel.review.leave():
                    self._panel.rating.update()
                    self._show(row.case_id, *runs)
                return
            self._panel.train.ensureDependencies()
            arguments = {"runs": [str(run.folder) for run in runs], "cases": [row.case_id]}
            self.work.start(VERB, arguments, lambda _status: self._onPredicted(row.case_id, *runs))

    def onClose(self) -> None:
        """Take the case out of the scene, and the side by side views away; also before another is reviewed, since the
        outlines of one patient must not be seen over the images of another.
        """
        CompareViews.leave()
        if self.case is not None:
            self.case.remove()
        self.case = None
        self._updateButtons()

    def _onPredicted(self, caseId: str, runA: TrainingRun, runB: TrainingRun) -> None:
        """Show it, unless the user reviews a case by now or went to another module: the views are theirs."""
        if self._panel.entered and self._panel.review.caseId is None:
            self._show(caseId, runA, runB)
        else:
            self.say(_("Case {case} is predicted: it can be shown now.").format(case=caseId))

    def _show(self, caseId: str, runA: TrainingRun, runB: TrainingRun) -> None:
        with waiting():
            shown = ComparedCase(caseId, {"A": runA.folder, "B": runB.folder})
            if self.case is not None:
                self.case.remove()
            self.case = shown
            self._arrange()
        self._updateButtons()

    def _arrange(self) -> None:
        """The slice views of CLIPS first: from them the user's own layout comes back when the panel is left."""
        CompareViews.leave()
        if self.ui.sideBySideCheckBox.checked:
            self._panel.fusion.showLayout()
            self.case.showSideBySide()
        else:
            self.case.showTogether(self._panel.fusion)

    def _onSideBySide(self, on: bool) -> None:
        RunSettings.setSideBySide(on)
        if self.case is not None:
            self._arrange()

    def _onCollapsed(self, collapsed: bool) -> None:
        if not collapsed:
            self.update()

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
            for row, run in enumerate(runs):
                selector.addItem(run.longTitle, str(run.folder))
                selector.setItemData(row, str(run.folder), qt.Qt.ToolTipRole)
            selector.currentIndex = max(selector.findData(chosen), min(number, len(runs) - 1))
            selector.blockSignals(False)

    def _onRuns(self) -> None:
        self.say("")
        with saying(self.say):
            self._compare()

    def _compare(self) -> None:
        a, b = self.runA, self.runB
        both = a is not None and b is not None and a is not b
        wanted = tuple((run.folder, run.changed_ns) for run in (a, b)) if both else ()
        try:
            if wanted != self._compared:
                self._comparison, self._compared = Comparison(), ()
                if both:
                    self._comparison, self._compared = compareRuns(a.folder, b.folder), wanted
        finally:
            self.table.show(self._comparison.rows)
            self.ui.comparisonLabel.text = runTexts.comparison(self._comparison, len(self._runs), a is b)
            self._plot(a, b)
            self._updateButtons()

    def _plot(self, a: TrainingRun | None, b: TrainingRun | None) -> None:
        known = [row for row in self._comparison.rows if row.difference is not None]
        if not known:
            self._curves.show(())
            self._cases.show(())
            return
        curves = [LearningCurves(run.folder) for run in (a, b)]
        for each in curves:
            each.read()
        self._curves.show(
            [
                Line(name, *each.dice, color, points=True)
                for name, each, color in zip("AB", curves, (_A, _B), strict=True)
            ],
            (0, 1),
        )
        place = np.arange(1.0, len(known) + 1)
        diceA, diceB = np.array([row.a for row in known]), np.array([row.b for row in known])
        gaps = np.full(len(known), np.nan)  # one line for all pairs, interrupted between them
        self._cases.show(
            [
                Line("A, B", np.repeat(place, 3), np.stack([diceA, diceB, gaps], 1).ravel(), FAINT),
                Line("A", place, diceA, _A, points=True, joined=False),
                Line("B", place, diceB, _B, points=True, joined=False),
            ],
            (0, 1),
            (0, len(known) + 1),
        )

    def _chosen(self, selector) -> TrainingRun | None:
        return next((run for run in self._runs if str(run.folder) == selector.currentData), None)

    def _updateButtons(self) -> None:
        free = not self.work.running
        self.ui.showCaseButton.enabled = self.table.chosen is not None and free
        self.ui.closeCaseButton.enabled = self.case is not None
        self.ui.useAButton.enabled = self.runA is not None and self.runA.hasModel and free
        self.ui.useBButton.enabled = self.runB is not None and self.runB.hasModel and free
        self.experiments.updateButtons()

    def _use(self, run: TrainingRun) -> None:
        self.say("")
        with saying(self.say, aloud=True):
            useRun(run.folder, self.work, self.say)
