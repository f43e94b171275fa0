"""A button after which one click in a view gives a position. Made by LesionsPanel and by CLIPS Training."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.util import VTKObservationMixin


class PointPicker(VTKObservationMixin):
    """widget: a qSlicerMarkupsPlaceWidget. onPoint(ras): what a click means. hint: said while a click is awaited."""

    def __init__(self, widget, onPoint: Callable[[list[float]], None], hint: str) -> None:
        super().__init__()
        self._widget, self._onPoint, self._hint = widget, onPoint, hint
        self._node = None
        widget.connect("activeMarkupsPlaceModeChanged(bool)", self._onPlacing)

    def start(self) -> None:
        """One hidden list of points, of which each click makes one that goes at once."""
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLMarkupsFiducialNode")
        node.UnRegister(None)
        node.SetName("CLIPS click")
        node.SetHideFromEditors(True)  # before it is added: Slicer puts what is not hidden then into the Data module
        node.SetSaveWithScene(False)
        self._node = slicer.mrmlScene.AddNode(node)
        for display in self._displayNodes():  # made by Slicer
            display.SetSaveWithScene(False)
        self.addObserver(self._node, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._onPlaced)
        self._widget.setCurrentNode(self._node)
        self._widget.buttonsVisible = False
        self._widget.placeButton().show()
        self._widget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup

    def stop(self) -> None:
        """The panel is left, or the scene closes."""
        self.removeObservers()
        self._widget.setPlaceModeEnabled(False)
        self._widget.setCurrentNode(None)
        if self._node is not None and self._node.GetScene() is not None:
            for node in (*self._displayNodes(), self._node):
                slicer.mrmlScene.RemoveNode(node)
        self._node = None

    def _displayNodes(self) -> list:
        return [self._node.GetNthDisplayNode(number) for number in range(self._node.GetNumberOfDisplayNodes())]

    def _onPlaced(self, node, _event) -> None:
        position = [0.0] * 3
        node.GetNthControlPointPositionWorld(node.GetNumberOfControlPoints() - 1, position)
        # After the event: Slicer still works with the point.
        qt.QTimer.singleShot(0, lambda: self._take(position))

    def _take(self, position) -> None:
        if self._node is not None:
            self._node.RemoveAllControlPoints()
            self._onPoint(position)

    def _onPlacing(self, placing: bool) -> None:
        if placing:
            slicer.util.showStatusMessage(self._hint, 5000)
