"""The cases that two runs validated, sorted by any column; at first the lowest Dice is on top. Used by ComparePanel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import qt
from CLIPSSegmentationLib.Tables import prepareTable
from slicer.i18n import tr as _

from CLIPSTrainingLib import runTexts

if TYPE_CHECKING:
    from CLIPSTrainingLib.RunComparison import ComparedDice

_HEIGHT, _ROW_HEIGHT = 190, 22
_MEASURED_ROWS = 60  # whose texts decide how wide a column is


class ComparisonTable:
    """onChosen(): another case was selected. onOpen(): a case was double-clicked, or Enter pressed."""

    def __init__(self, table, onChosen: Callable[[], None], onOpen: Callable[[], None]) -> None:
        self._table = table
        self._rows: list[ComparedDice] = []
        self._sortedBy: int | None = None  # None: as they came, the lowest Dice first
        self._descending = False
        prepareTable(table, [_("Case"), _("Dice A"), _("Dice B"), _("B − A")], _HEIGHT)
        table.wordWrap = False
        table.minimumHeight = _HEIGHT
        table.verticalHeader().defaultSectionSize = _ROW_HEIGHT
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(_MEASURED_ROWS)
        header.stretchLastSection = False
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        header.setSectionsClickable(True)
        header.connect("sectionClicked(int)", self._onTitle)
        table.connect("itemSelectionChanged()", onChosen)
        table.connect("cellActivated(int,int)", lambda _row, _column: onOpen())

    @property
    def chosen(self) -> ComparedDice | None:
        """The case of the selected row."""
        row = self._table.currentRow()
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def show(self, rows: Sequence[ComparedDice]) -> None:
        """Show these cases, the lowest Dice first; the selected one stays selected."""
        chosen = self.chosen
        self._rows = self._sorted(rows)
        self._table.blockSignals(True)
        self._table.rowCount = len(self._rows)
        for number, row in enumerate(self._rows):
            for column, text in enumerate(_cells(row)):
                self._setText(number, column, text)
        ids = [row.case_id for row in self._rows]
        if chosen is not None and chosen.case_id in ids:
            self._table.selectRow(ids.index(chosen.case_id))
        else:
            self._table.clearSelection()
            self._table.setCurrentCell(-1, -1)
        self._table.blockSignals(False)

    def _setText(self, row: int, column: int, text: str) -> None:
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem(text)
            if column:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            self._table.setItem(row, column, item)
        elif item.text() != text:
            item.setText(text)

    def _sorted(self, rows: Sequence[ComparedDice]) -> list[ComparedDice]:
        """Cases without a value come last either way."""
        if self._sortedBy is None:
            return list(rows)
        known = [row for row in rows if _value(row, self._sortedBy) is not None]
        known.sort(key=lambda row: _value(row, self._sortedBy), reverse=self._descending)
        return known + [row for row in rows if _value(row, self._sortedBy) is None]

    def _onTitle(self, column: int) -> None:
        self._descending = column == self._sortedBy and not self._descending
        self._sortedBy = column
        header = self._table.horizontalHeader()
        header.showSortIndicator = True
        header.setSortIndicator(column, qt.Qt.DescendingOrder if self._descending else qt.Qt.AscendingOrder)
        self.show(self._rows)


def _value(row: ComparedDice, column: int) -> str | float | None:
    return (row.case_id, row.a, row.b, row.difference)[column]


def _cells(row: ComparedDice) -> tuple[str, ...]:
    return (
        row.case_id,
        runTexts.dice(row.a),
        runTexts.dice(row.b),
        "" if row.difference is None else runTexts.signed(row.difference),
    )
