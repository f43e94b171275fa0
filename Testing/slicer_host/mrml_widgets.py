"""Stand-ins for Slicer's general MRML widgets: containers, numbers with units, tables. Registered by import."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Signal

from slicer_host.ctk_inputs import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from slicer_host.ctk_widgets import ctkCollapsibleButton
from slicer_host.stand_ins import Following, prop, stand_in

_EDITABLE = QtCore.Qt.ItemIsEditable


class WithScene:
    """`setMRMLScene`, `mrmlScene`: what all MRML widgets share."""

    def setMRMLScene(self, scene) -> None:
        self._scene = scene

    def mrmlScene(self):
        return self.__dict__.get("_scene")


@stand_in
class qMRMLWidget(WithScene, QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)
    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)

    def setMRMLScene(self, scene) -> None:
        super().setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)


@stand_in
class qSlicerWidget(qMRMLWidget):
    pass


@stand_in
class qMRMLCollapsibleButton(ctkCollapsibleButton):
    mrmlSceneChanged = Signal(object)
    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def setMRMLScene(self, scene) -> None:
        self.mrmlSceneChanged.emit(scene)


@stand_in
class qMRMLSliderWidget(WithScene, ctkSliderWidget):
    quantity = prop(str, "")


@stand_in
class qMRMLSpinBox(WithScene, ctkDoubleSpinBox):
    quantity = prop(str, "")


@stand_in
class qMRMLRangeWidget(WithScene, ctkRangeWidget):
    quantity = prop(str, "")


@stand_in
class qMRMLTableView(WithScene, QtWidgets.QTableView):
    """Shows a vtkMRMLTableNode, follows its changes, and writes edited cells back into it."""

    mrmlSceneChanged = Signal(object)
    _selectionChanged_signal = Signal()
    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)", "selectionChanged()")
    firstRowLocked = prop(bool, False)
    firstColumnLocked = prop(bool, False)
    transposed = prop(bool, False)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._table_node = None
        self._filling = False
        self._cells = QtGui.QStandardItemModel(self)
        self._sorted = QtCore.QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._cells)
        self.setModel(self._sorted)
        self._cells.itemChanged.connect(self._write_cell)
        self.selectionModel().selectionChanged.connect(lambda *_: self._selectionChanged_signal.emit())
        self._following = Following(self, "_fill")

    def setMRMLScene(self, scene) -> None:
        super().setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)

    def setMRMLTableNode(self, node) -> None:
        self._table_node = node
        self._following.start(node, "ModifiedEvent")
        self._fill()

    def mrmlTableNode(self):
        return self._table_node

    def tableModel(self):
        return self._cells

    def sortFilterProxyModel(self):
        return self._sorted

    def _fill(self) -> None:
        if self._filling:
            return  # the change is an edit of this table: its item must not be replaced while Qt sets it
        self._filling = True
        self._cells.clear()
        node = self._table_node
        for column in range(node.GetNumberOfColumns() if node else 0):
            for row in range(node.GetNumberOfRows()):
                self._cells.setItem(row, column, self._item(node, row, column))
            self._cells.setHorizontalHeaderItem(column, QtGui.QStandardItem(_column_title(node, column)))
        self._filling = False

    @staticmethod
    def _item(node, row: int, column: int):
        item = QtGui.QStandardItem(node.GetCellText(row, column))
        if node.GetLocked():
            item.setFlags(item.flags() & ~_EDITABLE)
        return item

    def _write_cell(self, item) -> None:
        if not self._filling:
            self._filling = True
            self._table_node.SetCellText(item.row(), item.column(), item.text())
            self._filling = False


def _column_title(node, column: int) -> str:
    if not node.GetUseColumnTitleAsColumnHeader():
        return node.GetColumnName(column)
    title, unit = node.GetColumnTitle(node.GetColumnName(column)), node.GetColumnUnitLabel(node.GetColumnName(column))
    return f"{title} ({unit})" if unit else title
