"""The table of lesions: what is measured of each, in the order of the segments. Used by ResultsPanel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib import LesionMeasures, Measures
    from CLIPSLib.segmentation import Lesion

_NAME = 0
_NUMBERS = range(2, 6)
_ROW_HEIGHT, _SHOWN_ROWS = 22, 10
_WIDEST_NAME = 120  # beside it kind, volume and SUVmax are seen in a panel of 460 pixels; the rest is a tooltip


class LesionTable:
    """onSelected(): another selection by the user; onRenamed(segmentId, name): a name was typed."""

    def __init__(self, table, onSelected: Callable[[], None], onRenamed: Callable[[str, str], None]) -> None:
        self._table, self._onRenamed = table, onRenamed
        self._ids: list[str] = []
        titles = columnTitles()
        table.columnCount = len(titles)
        table.setHorizontalHeaderLabels(titles)
        table.verticalHeader().visible = False
        table.selectionBehavior = qt.QAbstractItemView.SelectRows
        table.selectionMode = qt.QAbstractItemView.ExtendedSelection
        table.setEditTriggers(qt.QAbstractItemView.DoubleClicked | qt.QAbstractItemView.EditKeyPressed)
        table.alternatingRowColors = True
        table.verticalHeader().defaultSectionSize = _ROW_HEIGHT
        table.minimumHeight = _SHOWN_ROWS * _ROW_HEIGHT
        table.connect("itemSelectionChanged()", onSelected)
        table.connect("itemChanged(QTableWidgetItem*)", self._onItemChanged)

    @property
    def selectedIds(self) -> list[str]:
        """The ids of the selected lesions, from top to bottom."""
        rows = sorted({index.row() for index in self._table.selectionModel().selectedRows()})
        return [self._ids[row] for row in rows]

    def select(self, segmentIds: list[str]) -> None:
        """Select these lesions, as if the user had."""
        self._table.clearSelection()
        model, selection = self._table.selectionModel(), qt.QItemSelectionModel
        for segmentId in segmentIds:
            if segmentId in self._ids:
                row = self._ids.index(segmentId)
                model.select(self._table.model().index(row, 0), selection.Select | selection.Rows)
                self._table.scrollToItem(self._table.item(row, 0))

    def show(self, lesions: Sequence[LesionMeasures | Lesion], segmentationNode) -> None:
        """Show other lesions; what was selected stays selected."""
        selected = self.selectedIds
        self._table.blockSignals(True)
        self._ids = [lesion.lesion_id for lesion in lesions]
        self._table.rowCount = len(lesions)
        for row, lesion in enumerate(lesions):
            for column, text in enumerate(cells(lesion)):
                self._table.setItem(row, column, _item(text, column))
            name = self._table.item(row, _NAME)
            name.setIcon(_icon(segmentationNode, lesion.lesion_id))
            name.setToolTip(lesion.name)
        self._table.resizeColumnsToContents()
        self._table.setColumnWidth(_NAME, min(self._table.columnWidth(_NAME), _WIDEST_NAME))
        self.select(selected)
        self._table.blockSignals(False)

    def text(self, measures: Measures) -> str:
        """The table for a spreadsheet: tabs and lines, with the totals in a last line."""
        patient = measures.patient
        total = (_("Total (tumor)"), "", patient.tmtv_ml, patient.suv_max, patient.suv_peak, patient.tlg_g, "")
        rows = [columnTitles(), *(cells(lesion) for lesion in measures.lesions), [_number(value) for value in total]]
        return "\n".join("\t".join(row) for row in rows)

    def _onItemChanged(self, item) -> None:
        if item.column() == _NAME:
            self._onRenamed(self._ids[item.row()], item.text())


def columnTitles() -> list[str]:
    return [_("Lesion"), _("Kind"), _("mL"), _("SUVmax"), _("SUVpeak"), _("TLG g"), _("Location")]


def cells(lesion: LesionMeasures | Lesion) -> list[str]:
    """The row of a lesion as text; of one without measures, its name and kind."""
    from CLIPSLib import LesionMeasures

    kind = _("tumor") if lesion.kind == "tumor" else _("physiological")
    if not isinstance(lesion, LesionMeasures):
        return [lesion.name, kind, *[_("withheld")] * len(_NUMBERS), ""]
    numbers = (lesion.volume_ml, lesion.suv_max, lesion.suv_peak, lesion.tlg_g)
    return [lesion.name, kind, *(_number(value) for value in numbers), location(lesion)]


def location(lesion: LesionMeasures) -> str:
    """Where the centroid lies, in the letters of Slicer's slice views; no anatomy is known."""
    if lesion.centroid_lps_mm is None:
        return ""
    x, y, z = lesion.centroid_lps_mm
    letters = ("L" if x >= 0 else "R", "P" if y >= 0 else "A", "S" if z >= 0 else "I")
    return " ".join(f"{letter} {abs(value):.0f}" for letter, value in zip(letters, (x, y, z), strict=True))


def _number(value) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _item(text: str, column: int):
    item = qt.QTableWidgetItem(text)
    flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
    item.setFlags(flags | qt.Qt.ItemIsEditable if column == _NAME else flags)
    if column in _NUMBERS:
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    return item


def _icon(segmentationNode, segmentId: str):
    """A square of the lesion's color in the views."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    pixmap = qt.QPixmap(12, 12)
    pixmap.fill(qt.QColor.fromRgbF(*segment.GetColor()) if segment else qt.QColor())
    return qt.QIcon(pixmap)


def writeClipboard(text: str) -> None:
    """Put text on the clipboard."""
    qt.QApplication.clipboard().setText(text)
