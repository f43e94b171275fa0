"""The list of runs: one row each, the newest first. Used by RunsPanel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import qt
from CLIPSSegmentationLib.Tables import prepareTable
from slicer.i18n import tr as _

from CLIPSTrainingLib import runTexts

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSTrainingLib.TrainingRuns import TrainingRun

_HEIGHT = 150
_FACTS = ("step", "loss", "dice", "speed", "wait", "left")


class RunTable:
    """Knows which run is chosen."""

    def __init__(self, table) -> None:
        self._table = table
        self._runs: list[TrainingRun] = []
        titles = [_("Run"), _("State"), _("Step"), _("Loss"), _("Dice"), _("Steps/s"), _("Waits"), _("Left")]
        prepareTable(table, titles, _HEIGHT)
        for column, text in enumerate(
            (
                _("The recipe's name and its curriculum; rest the mouse on it for the folder."),
                _("What the run does."),
                _("How often the weights were changed, of how many times."),
                _("Of the last step: what the network is punished for."),
                _("Mean over the cases that validate, at the last validation."),
                _("Steps per second."),
                _("Share of the time that the network waits for images. Much: more helper processes."),
                _("Time left, as it goes now."),
            )
        ):
            table.horizontalHeaderItem(column).setToolTip(text)

    @property
    def chosen(self) -> TrainingRun | None:
        """The run of the selected row."""
        row = self._table.currentRow()
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def choose(self, run: TrainingRun) -> None:
        """Select a run's row."""
        self._table.selectRow(self._runs.index(run))

    def show(self, statuses: Mapping[TrainingRun, JobStatus]) -> None:
        """Show the runs as they are; the chosen one stays chosen, else the newest is."""
        chosen = self.chosen
        self._runs = list(reversed(statuses))
        self._table.blockSignals(True)
        self._table.rowCount = len(self._runs)
        for row, run in enumerate(self._runs):
            self._fill(row, run, statuses[run])
        if chosen not in self._runs and self._runs:
            chosen = self._runs[0]
        if chosen is not None and self._runs:
            self._table.selectRow(self._runs.index(chosen))
        self._table.blockSignals(False)
        self._table.resizeColumnsToContents()

    def _fill(self, row: int, run: TrainingRun, status: JobStatus) -> None:
        told = runTexts.facts(status)
        for column, text in enumerate((run.title, runTexts.state(status), *(told[name] for name in _FACTS))):
            item = self._table.item(row, column)
            if item is None:
                item = qt.QTableWidgetItem()
                self._table.setItem(row, column, item)
            if item.text() != text:
                item.setText(text)
        self._table.item(row, 0).setToolTip(str(run.folder))
