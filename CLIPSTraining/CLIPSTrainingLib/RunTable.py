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

_HEIGHT, _ROW_HEIGHT = 150, 22
_MEASURED_ROWS = 30  # whose texts decide how wide a column is
_FIRST_NUMBER = 2
_FACTS = ("step", "left", "loss", "dice", "speed", "wait")


class RunTable:
    """Knows which run is chosen."""

    def __init__(self, table) -> None:
        self._table = table
        self._runs: list[TrainingRun] = []
        titles = [_("Run"), _("State"), _("Step"), _("Left"), _("Loss"), _("Dice"), _("Steps/s"), _("Waits")]
        prepareTable(table, titles, _HEIGHT)
        table.wordWrap = False
        table.verticalHeader().defaultSectionSize = _ROW_HEIGHT
        table.horizontalHeader().setResizeContentsPrecision(_MEASURED_ROWS)
        for column, text in enumerate(
            (
                _("The recipe’s name, its curriculum, its seed; rest the mouse on it for date and folder."),
                _("What the run does."),
                _("How often the weights were changed, of how many times."),
                _("Time left, as it goes now."),
                _("Of the last step: what the network is punished for."),
                _("Mean over the cases that validate, at the last validation."),
                _("Steps per second."),
                _("Share of the time that the network waits for images. Much: more helper processes."),
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
        if chosen not in self._runs:
            chosen = self._runs[0] if self._runs else None
        self._table.blockSignals(True)
        self._table.rowCount = len(self._runs)
        changed = [self._fill(row, run, statuses[run]) for row, run in enumerate(self._runs)]
        if chosen is not self.chosen and chosen is not None:
            self._table.selectRow(self._runs.index(chosen))
        self._table.blockSignals(False)
        if any(changed):
            self._table.resizeColumnsToContents()

    def _fill(self, row: int, run: TrainingRun, status: JobStatus) -> bool:
        """Returns whether anything is new: most looks find nothing."""
        told = runTexts.facts(status)
        texts = (run.title, runTexts.state(status), *(told[name] for name in _FACTS))
        changed = [self._setText(row, column, text) for column, text in enumerate(texts)]
        if any(changed):
            self._table.item(row, 0).setToolTip(f"{run.ordered} (UTC)\n{run.folder}")
        return any(changed)

    def _setText(self, row: int, column: int, text: str) -> bool:
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            if column >= _FIRST_NUMBER:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            self._table.setItem(row, column, item)
        elif item.text() == text:
            return False
        item.setText(text)
        return True
