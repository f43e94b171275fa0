"""The list of cases: one row each, sorted by any column. Used by CasesPanel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import qt
from CLIPSSegmentationLib.Tables import prepareTable
from slicer.i18n import tr as _

from CLIPSTrainingLib.texts import stateName

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow

_SHOWN_HEIGHT = 220
_ROW_HEIGHT = 22
_DIFFICULTY = 2
_NUMBERS = (_DIFFICULTY, 4, 5)
_MEASURED_ROWS = 60  # whose texts decide how wide a column is


class CaseTable:
    """onOpen(caseId): a case was double-clicked, or Enter pressed. onSorted(): another order was chosen."""

    def __init__(self, table, onOpen: Callable[[str], object], onSorted: Callable[[], None]) -> None:
        self._table, self._onSorted = table, onSorted
        self._rows: list[CaseRow] = []
        self._sortedBy, self._descending = 0, False
        self._asPercent = False
        prepareTable(table, columnTitles(), _SHOWN_HEIGHT)
        table.wordWrap = False
        table.minimumHeight = _SHOWN_HEIGHT
        table.verticalHeader().defaultSectionSize = _ROW_HEIGHT
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(_MEASURED_ROWS)
        header.setSectionsClickable(True)
        header.showSortIndicator = True
        header.connect("sectionClicked(int)", self._onTitle)
        table.connect("cellActivated(int,int)", lambda row, _column: onOpen(self._rows[row].case_id))

    @property
    def caseIds(self) -> list[str]:
        """The cases of the list, from top to bottom."""
        return [row.case_id for row in self._rows]

    @property
    def selectedId(self) -> str | None:
        row = self._table.currentRow()
        return self._rows[row].case_id if 0 <= row < len(self._rows) else None

    def show(self, rows: Sequence[CaseRow], difficulty: str = "") -> None:
        """Show these cases; the selected one stays selected.

        difficulty: the title of the table whose percentiles the rows have, "" where they have ratings.
        """
        selected = self.selectedId
        self._asPercent = bool(difficulty)
        self._table.horizontalHeaderItem(_DIFFICULTY).setToolTip(_difficultyHint(difficulty))
        self._rows = sortedRows(rows, self._sortedBy, self._descending)
        self._table.setUpdatesEnabled(False)
        self._table.blockSignals(True)
        self._table.rowCount = len(self._rows)
        for number, row in enumerate(self._rows):
            for column, text in enumerate(cells(row, self._asPercent)):
                self._setText(number, column, text)
        self._table.resizeColumnsToContents()
        self._table.horizontalHeader().setSortIndicator(
            self._sortedBy, qt.Qt.DescendingOrder if self._descending else qt.Qt.AscendingOrder
        )
        self.select(selected)
        self._table.blockSignals(False)
        self._table.setUpdatesEnabled(True)

    def select(self, caseId: str | None) -> None:
        """Mark a case and bring it into sight."""
        if caseId in self.caseIds:
            self._table.selectRow(self.caseIds.index(caseId))
        else:
            self._table.clearSelection()
            self._table.setCurrentCell(-1, -1)

    def _setText(self, row: int, column: int, text: str) -> None:
        """New items only where there is none: with hundreds of cases that is most of the time."""
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem(text)
            if column in _NUMBERS:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            self._table.setItem(row, column, item)
        elif item.text() != text:
            item.setText(text)

    def _onTitle(self, column: int) -> None:
        self._descending = column == self._sortedBy and not self._descending
        self._sortedBy = column
        self._onSorted()


def columnTitles() -> list[str]:
    return [
        _("Case"),
        _("State"),
        _("Difficulty"),
        _("Readers"),
        _("mL"),
        _("Lesions"),
        _("Models"),
        _("Group"),
        _("Comment"),
    ]


def cells(row: CaseRow, asPercent: bool = False) -> tuple[str, ...]:
    """A case as text; what is not known, or hidden until the reader has rated the case, is empty."""
    difficulty = "{:.0f} %" if asPercent else "{:.1f}"
    return (
        row.case_id,
        stateName(row.status) + (" ⚑" if row.flagged and row.status != "flagged" else ""),
        "" if row.difficulty is None else difficulty.format(row.difficulty),
        ", ".join(row.readers),
        "" if row.reference_ml is None else f"{row.reference_ml:.1f}",
        "" if row.reference_lesions is None else str(row.reference_lesions),
        ", ".join(row.models),
        row.stratum,
        row.comment,
    )


def _difficultyHint(table: str) -> str:
    if not table:
        return _("Mean rating, 1 (easy) to 5 (hard); that of others is hidden until you have rated the case.")
    return _("{table}: the part of the cases that is at most as hard; the hardest one has 100 %.").format(table=table)


def sortedRows(rows: Sequence[CaseRow], column: int, descending: bool) -> list[CaseRow]:
    """Cases by a column, then by id; those without a value there come last either way."""
    byId = sorted(rows, key=lambda row: row.case_id)
    known = [row for row in byId if cells(row)[column]]
    known.sort(key=lambda row: _sortKey(row, column), reverse=descending)
    return known + [row for row in byId if not cells(row)[column]]


def _sortKey(row: CaseRow, column: int):
    numbers = dict(zip(_NUMBERS, (row.difficulty, row.reference_ml, row.reference_lesions), strict=True))
    return numbers[column] if column in numbers else cells(row)[column].casefold()
