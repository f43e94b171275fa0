"""Stand-ins for Slicer's widgets that place points. Registered by import; see `stand_ins`.

Placing goes through the genuine interaction and selection nodes: a test clicks with `slicer_host.views.place_point`.
"""

from __future__ import annotations

import slicer
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.mrml_widgets import qSlicerWidget
from slicer_host.node_selectors import qMRMLNodeComboBox
from slicer_host.stand_ins import Following, prop, shown, stand_in


def interaction_node():
    return slicer.app.applicationLogic().GetInteractionNode()


def selection_node():
    return slicer.app.applicationLogic().GetSelectionNode()


@stand_in
class qSlicerMarkupsPlaceWidget(qSlicerWidget):
    """Switches place mode for one markups node."""

    ShowPlaceMultipleMarkupsOption, HidePlaceMultipleMarkupsOption = 0, 1
    ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups = 2, 3
    activeMarkupsPlaceModeChanged = Signal(bool)
    SIGNALS = ("activeMarkupsPlaceModeChanged(bool)",)
    buttonsVisible = prop(bool, True)
    deleteAllControlPointsOptionVisible = prop(bool, True)
    unsetLastControlPointOptionVisible = prop(bool, False)
    unsetAllControlPointsOptionVisible = prop(bool, False)
    placeMultipleMarkups = prop(int, ShowPlaceMultipleMarkupsOption)
    nodeColor = prop(QtGui.QColor, QtGui.QColor())
    defaultNodeColor = prop(QtGui.QColor, QtGui.QColor())

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._node = None
        QtWidgets.QHBoxLayout(self).setContentsMargins(0, 0, 0, 0)
        self._button = QtWidgets.QToolButton()
        self._button.text, self._button.checkable = "Place a control point", True
        self._button.toggled.connect(self.setPlaceModeEnabled)
        self.layout().addWidget(self._button)
        self._following = Following(self, "_show_mode")
        self._following.start(interaction_node(), "ModifiedEvent")

    def currentNode(self):
        return self._node

    currentMarkupsNode = currentNode

    def setCurrentNode(self, node) -> None:
        self._node = node

    def _is_active(self) -> bool:
        return self._node is not None and selection_node().GetActivePlaceNodeID() == self._node.GetID()

    def setCurrentNodeActive(self, active: bool) -> None:
        if active != self._is_active():
            slicer.modules.markups.logic().SetActiveList(self._node if active else None)

    currentNodeActive = Property(bool, _is_active, setCurrentNodeActive)

    def _is_placing(self) -> bool:
        mode = interaction_node().GetCurrentInteractionMode()
        return self._is_active() and mode == slicer.vtkMRMLInteractionNode.Place

    def setPlaceModeEnabled(self, enabled: bool) -> None:
        if not enabled:
            interaction_node().SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
            return
        if self._node is None:
            raise RuntimeError("place mode needs a current node: Slicer logs an error and does nothing")
        self.setCurrentNodeActive(True)
        if self.placeMultipleMarkups in (self.ForcePlaceSingleMarkup, self.ForcePlaceMultipleMarkups):
            self.placeModePersistency = self.placeMultipleMarkups == self.ForcePlaceMultipleMarkups
        interaction_node().SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)

    placeModeEnabled = Property(bool, _is_placing, setPlaceModeEnabled)

    def setPlaceModePersistency(self, persistent: bool) -> None:
        interaction_node().SetPlaceModePersistence(int(persistent))

    placeModePersistency = Property(
        bool, lambda self: bool(interaction_node().GetPlaceModePersistence()), setPlaceModePersistency
    )

    def setPlaceMultipleMarkups(self, option: int) -> None:
        self.placeMultipleMarkups = option

    def placeButton(self):
        return self._button

    def deleteLastPoint(self) -> None:
        self._node.RemoveNthControlPoint(self._node.GetNumberOfControlPoints() - 1)

    def deleteAllPoints(self) -> None:
        self._node.RemoveAllControlPoints()

    def _show_mode(self) -> None:
        placing = self._is_placing()
        if placing != self._button.checked:
            self._button.blockSignals(True)
            self._button.checked = placing
            self._button.blockSignals(False)
            self.activeMarkupsPlaceModeChanged.emit(placing)


@stand_in
class qSlicerSimpleMarkupsWidget(qSlicerWidget):
    """A selector of point lists, a place button and a table of the points."""

    markupsNodeChanged = Signal()
    activeMarkupsPlaceModeChanged = Signal(bool)
    currentMarkupsControlPointSelectionChanged = Signal(int)
    updateFinished = Signal()
    SIGNALS = (
        "markupsNodeChanged()",
        "activeMarkupsPlaceModeChanged(bool)",
        "currentMarkupsControlPointSelectionChanged(int)",
        "updateFinished()",
    )
    enterPlaceModeOnNodeChange = prop(bool, True)
    jumpToSliceEnabled = prop(bool, False)
    optionsVisible = prop(bool, True)
    defaultNodeColor = prop(QtGui.QColor, QtGui.QColor())
    positionStatusColumnVisible = prop(bool, True)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        QtWidgets.QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)
        self._selector = qMRMLNodeComboBox()
        self._selector.nodeTypes = ("vtkMRMLMarkupsFiducialNode",)
        self._place = qSlicerMarkupsPlaceWidget()
        self._table = QtWidgets.QTableWidget()
        for part in (self._selector, self._place, self._table):
            self.layout().addWidget(part)
        self._following = Following(self, "_update")
        self._selector.currentNodeChanged.connect(self._take_node)
        self._place.activeMarkupsPlaceModeChanged.connect(self.activeMarkupsPlaceModeChanged)

    nodeSelectorVisible = shown("_selector")

    def setMRMLScene(self, scene) -> None:
        super().setMRMLScene(scene)
        self._selector.setMRMLScene(scene)
        self._place.setMRMLScene(scene)

    def currentNode(self):
        return self._selector.currentNode()

    def setCurrentNode(self, node) -> None:
        self._selector.setCurrentNode(node)

    def setNodeBaseName(self, name: str) -> None:
        self._selector.baseName = name

    def markupsPlaceWidget(self):
        return self._place

    def markupsSelectorComboBox(self):
        return self._selector

    def tableWidget(self):
        return self._table

    def _take_node(self, node) -> None:
        self._place.setCurrentNode(node)
        markups = slicer.vtkMRMLMarkupsNode
        self._following.start(node, markups.PointAddedEvent, markups.PointModifiedEvent, markups.PointRemovedEvent)
        if node is not None and self.enterPlaceModeOnNodeChange:
            self._place.setPlaceModeEnabled(True)
        self._update()
        self.markupsNodeChanged.emit()

    def _update(self) -> None:
        node = self.currentNode()
        count = node.GetNumberOfControlPoints() if node else 0
        self._table.rowCount, self._table.columnCount = count, 4
        self._table.setHorizontalHeaderLabels(["Label", "R", "A", "S"])
        for row in range(count):
            position = [f"{value:.3f}" for value in node.GetNthControlPointPosition(row)]
            for column, text in enumerate([node.GetNthControlPointLabel(row), *position]):
                self._table.setItem(row, column, QtWidgets.QTableWidgetItem(text))
        self.updateFinished.emit()
