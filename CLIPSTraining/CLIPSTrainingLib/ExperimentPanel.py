"""The part of the section "Compare" about experiments: run one, see its verdict, use its winner. Made by
ComparePanel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import qt
import slicer
from CLIPSSegmentationLib import Settings as MachineSettings
from slicer.i18n import tr as _

from CLIPSTrainingLib import RunSettings
from CLIPSTrainingLib.Chart import FAINT, Chart, Line
from CLIPSTrainingLib.ExperimentView import ExperimentView, armColor
from CLIPSTrainingLib.saying import saying
from CLIPSTrainingLib.UseModel import useArm

if TYPE_CHECKING:
    from CLIPSTrainingLib.BackgroundWork import BackgroundWork
    from CLIPSTrainingLib.Panel import Panel

_LOOK_EVERY_MS = 1000
_SMALL = 0.02  # of a gain: an axis that shows less makes noise look large


class ExperimentPanel:
    """work: of the section, which installs models. onChanged: called when another experiment was chosen, or one has
    ended."""

    def __init__(self, panel: Panel, ui, work: BackgroundWork, onChanged: Callable[[], None]) -> None:
        self._panel, self.ui, self._work, self._onChanged = panel, ui, work, onChanged
        self.chosen: ExperimentView | None = None
        self._gains = Chart(
            ui.gainsArea,
            _("Gain over training without a curriculum, with its interval"),
            _("curriculum, by its number"),
        )
        self._curves = Chart(ui.armCurvesArea, _("Mean Dice while the arms trained; gray: the controls"), _("step"))
        self._look = qt.QTimer()
        self._look.interval = _LOOK_EVERY_MS
        self._look.connect("timeout()", self._follow)
        ui.experimentSelector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        ui.experimentSelector.minimumContentsLength = 16
        ui.experimentSelector.connect("currentIndexChanged(int)", lambda _index: self._onChosen())
        ui.openExperimentButton.connect("clicked()", self.onOpen)
        ui.runExperimentButton.connect("clicked()", self.onRunOrStop)
        ui.openReportButton.connect("clicked()", self.onReport)
        ui.useWinnerButton.connect("clicked()", self.onUseWinner)

    def stop(self) -> None:
        """The panel goes; an experiment that runs goes on."""
        self._look.stop()

    def forget(self) -> None:
        """The scene is closed: charts consist of nodes."""
        self._gains.forget()
        self._curves.forget()

    def update(self) -> None:
        """Offer the experiments that were opened on this machine, and show how the chosen one stands.

        Raises:
            ClipsError: its result is damaged.
        """
        selector, folder = self.ui.experimentSelector, str(self.chosen.folder) if self.chosen else ""
        selector.blockSignals(True)
        selector.clear()
        selector.addItem(_("none"), "")
        for known in RunSettings.experimentFolders():
            selector.addItem(Path(known).name, known)
            selector.setItemData(selector.count - 1, known, qt.Qt.ToolTipRole)
        selector.currentIndex = max(selector.findData(folder), 0)
        selector.blockSignals(False)
        self._show()

    def onOpen(self) -> None:
        """Ask for the folder of an experiment."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Folder of an experiment"), MachineSettings.lastFolder()
        )
        if folder:
            self._choose(folder)

    def onRunOrStop(self) -> None:
        """Carry out what is not done yet, or save and stop."""
        with saying(self._say, aloud=True):
            if self.chosen.running:
                self.chosen.stop()
            else:
                self._panel.train.ensureDependencies()
                self.chosen.start()
            self._show()

    def onReport(self) -> None:
        """Show the report in the browser."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._report())))

    def onUseWinner(self) -> None:
        """Install the networks of the arm that won, and choose them for segmentation."""
        with saying(self._say, aloud=True):
            self._panel.train.ensureDependencies()
            useArm(self.chosen.folder, "", self._work, self._panel.compare.say)

    def updateButtons(self) -> None:
        """What can be done with the chosen experiment now."""
        shown = self.chosen is not None
        running = shown and self.chosen.running
        for button in (self.ui.runExperimentButton, self.ui.openReportButton, self.ui.useWinnerButton):
            button.visible = shown
        self.ui.runExperimentButton.text = _("Stop") if running else _("Run")
        self.ui.openReportButton.enabled = shown and self._report() is not None
        finished = shown and not running and self.chosen.hasResult
        self.ui.useWinnerButton.enabled = finished and not self._work.running

    def _onChosen(self) -> None:
        self._choose(self.ui.experimentSelector.currentData)

    def _choose(self, folder: str) -> None:
        self.chosen = None
        with saying(self._say, aloud=True):
            if folder:
                self.chosen = ExperimentView(folder)
                RunSettings.rememberExperiment(str(self.chosen.folder))
        self._onChanged()

    def _show(self) -> None:
        shown = self.chosen is not None
        self.ui.verdictLabel.text = self.chosen.text() if shown else ""
        self.ui.verdictLabel.visible = shown
        self._plot()
        self.updateButtons()
        if shown and self.chosen.running:
            self._look.start()

    def _plot(self) -> None:
        gains = self.chosen.gains() if self.chosen is not None else []
        bars = [
            Line(gain.arm, np.array([number, number]), np.array([gain.low, gain.high]), armColor(number))
            for number, gain in enumerate(gains, start=1)
        ]
        means = [
            Line(gain.arm, np.array([float(number)]), np.array([gain.mean]), armColor(number), points=True)
            for number, gain in enumerate(gains, start=1)
        ]
        none = Line(_("no gain"), np.array([0.0, len(gains) + 1.0]), np.zeros(2), FAINT)
        limit = 1.1 * max([_SMALL, *(abs(edge) for gain in gains for edge in (gain.low, gain.high))])
        self._gains.show([none, *bars, *means] if gains else (), (-limit, limit), (0, len(gains) + 1))
        curves = self.chosen.curves() if self.chosen is not None else {}
        numbers = {gain.arm: number for number, gain in enumerate(gains, start=1)}
        self._curves.show(
            [
                Line(arm, np.array(steps, float), np.array(dice), armColor(numbers.get(arm, 0)), points=True)
                for arm, (steps, dice) in curves.items()
            ],
            (0, 1),
        )

    def _follow(self) -> None:
        with saying(self._say):
            if self.chosen is not None and self.chosen.running:
                self._show()
                return
        self._look.stop()
        self._onChanged()

    def _report(self) -> Path | None:
        return self.chosen.report(qt.QLocale().name()[:2])

    def _say(self, text: str) -> None:
        self.ui.verdictLabel.text, self.ui.verdictLabel.visible = text, True
