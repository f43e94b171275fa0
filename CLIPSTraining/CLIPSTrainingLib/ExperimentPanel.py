"""The part of the section "Compare" about experiments: run one, read its verdict, open its report. Made by
ComparePanel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer
from CLIPSSegmentationLib import Settings as MachineSettings
from slicer.i18n import tr as _

from CLIPSTrainingLib import RunSettings
from CLIPSTrainingLib.ExperimentView import ExperimentView
from CLIPSTrainingLib.saying import saying

if TYPE_CHECKING:
    from CLIPSTrainingLib.Panel import Panel

_LOOK_EVERY_MS = 1000


class ExperimentPanel:
    """onChanged: called when another experiment was chosen, or one has ended."""

    def __init__(self, panel: Panel, ui, onChanged: Callable[[], None]) -> None:
        self._panel, self.ui, self._onChanged = panel, ui, onChanged
        self.chosen: ExperimentView | None = None
        self._look = qt.QTimer()
        self._look.interval = _LOOK_EVERY_MS
        self._look.connect("timeout()", self._follow)
        ui.experimentSelector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        ui.experimentSelector.minimumContentsLength = 16
        ui.experimentSelector.connect("currentIndexChanged(int)", lambda _index: self._onChosen())
        ui.openExperimentButton.connect("clicked()", self.onOpen)
        ui.runExperimentButton.connect("clicked()", self.onRunOrStop)
        ui.openReportButton.connect("clicked()", self.onReport)

    def stop(self) -> None:
        """The panel goes; an experiment that runs goes on."""
        self._look.stop()

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
        running = shown and self.chosen.running
        self.ui.verdictLabel.text = self.chosen.text() if shown else ""
        self.ui.verdictLabel.visible = shown
        self.ui.runExperimentButton.visible = self.ui.openReportButton.visible = shown
        self.ui.runExperimentButton.text = _("Stop") if running else _("Run")
        self.ui.openReportButton.enabled = shown and self._report() is not None
        if running:
            self._look.start()

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
