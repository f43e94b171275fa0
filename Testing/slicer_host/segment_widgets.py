"""Stand-ins for Slicer's segmentation widgets. Registered by import; see `stand_ins`.

The Segment Editor keeps its state where Slicer's does, in the vtkMRMLSegmentEditorNode, and has genuine undo. Effects
know their parameters; what they do to voxels needs a real Slicer and is an error here.
"""

from __future__ import annotations

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.ctk_widgets import ctkMenuButton
from slicer_host.mrml_widgets import qMRMLWidget
from slicer_host.stand_ins import Following, prop, stand_in

_EFFECTS = (
    "Threshold", "Paint", "Draw", "Erase", "Level tracing", "Grow from seeds", "Fill between slices", "Margin",
    "Hollow", "Smoothing", "Scissors", "Islands", "Logical operators", "Mask volume",
)  # fmt: skip
_SEGMENTS_CHANGED = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SegmentsOrderModified")


@stand_in
class qMRMLSegmentsTableView(qMRMLWidget):
    """A row per segment: visibility, color, name. Follows the segmentation."""

    selectionChanged = Signal(object, object)
    segmentAboutToBeModified = Signal(str)
    SIGNALS = ("selectionChanged(QItemSelection,QItemSelection)", "segmentAboutToBeModified(QString)")
    headerVisible = prop(bool, True)
    visibilityColumnVisible = prop(bool, True)
    colorColumnVisible = prop(bool, True)
    opacityColumnVisible = prop(bool, True)
    statusColumnVisible = prop(bool, True)
    layerColumnVisible = prop(bool, False)
    readOnly = prop(bool, False)
    filterBarVisible = prop(bool, False)
    textFilter = prop(str, "")
    jumpToSelectedSegmentEnabled = prop(bool, False)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        QtWidgets.QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)
        self._table = QtWidgets.QTableView()
        self.layout().addWidget(self._table)
        self._rows = QtGui.QStandardItemModel(self)
        self._table.setModel(self._rows)
        self._table.selectionBehavior = QtWidgets.QAbstractItemView.SelectRows
        self._table.horizontalHeader().stretchLastSection = True
        self._table.verticalHeader().visible = False
        self._table.selectionModel().selectionChanged.connect(self._tell_selection)
        self._node = None
        self._following = Following(self, "_fill")

    segmentCount = Property(int, lambda self: self._rows.rowCount())

    def segmentationNode(self):
        return self._node

    def setSegmentationNode(self, node) -> None:
        self._node = node
        segmentation = node.GetSegmentation() if node else None
        self._following.start(segmentation, *(getattr(slicer.vtkSegmentation, event) for event in _SEGMENTS_CHANGED))
        self._fill()

    def tableWidget(self):
        return self._table

    def rowForSegmentID(self, segment_id: str) -> int:
        return self._segment_ids.index(segment_id) if segment_id in self._segment_ids else -1

    def segmentIDForRow(self, row: int) -> str:
        return self._segment_ids[row] if 0 <= row < len(self._segment_ids) else ""

    def displayedSegmentIDs(self) -> tuple[str, ...]:
        return tuple(self._segment_ids)

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        return tuple(self._segment_ids[index.row()] for index in self._table.selectionModel().selectedRows())

    def setSelectedSegmentIDs(self, segment_ids) -> None:
        selection = QtCore.QItemSelection()
        for segment_id in segment_ids:
            row = self.rowForSegmentID(segment_id)
            selection.select(self._rows.index(row, 0), self._rows.index(row, self._rows.columnCount() - 1))
        self._table.selectionModel().select(selection, QtCore.QItemSelectionModel.ClearAndSelect)

    def clearSelection(self) -> None:
        self._table.clearSelection()

    def _tell_selection(self, selected, deselected) -> None:
        self.selectionChanged.emit(selected, deselected)

    def _fill(self) -> None:
        selected = self.selectedSegmentIDs() if self.__dict__.get("_segment_ids") else ()
        segmentation = self._node.GetSegmentation() if self._node else None
        self._segment_ids = list(segmentation.GetSegmentIDs()) if segmentation else []
        self._rows.clear()
        self._rows.setHorizontalHeaderLabels(["Color", "Name"])
        for segment_id in self._segment_ids:
            segment = segmentation.GetSegment(segment_id)
            color = QtGui.QStandardItem("")
            color.setBackground(QtGui.QColor.fromRgbF(*segment.GetColor()))
            self._rows.appendRow([color, QtGui.QStandardItem(segment.GetName())])
        self.setSelectedSegmentIDs([each for each in selected if each in self._segment_ids])


@stand_in
class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """State only: a segmentation and one of its segments."""

    currentNodeChanged = Signal(object)
    currentSegmentChanged = Signal(str)
    SIGNALS = ("currentNodeChanged(vtkMRMLNode*)", "currentSegmentChanged(QString)")
    noneEnabled = prop(bool, False)
    segmentationNodeSelectorVisible = prop(bool, True)

    def currentNode(self):
        return self.__dict__.get("_node")

    def setCurrentNode(self, node) -> None:
        self._node = node
        self.currentNodeChanged.emit(node)

    def currentSegmentID(self) -> str:
        return self.__dict__.get("_segment_id", "")

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._segment_id = segment_id
        self.currentSegmentChanged.emit(segment_id)


@stand_in
class qMRMLSegmentationShow3DButton(ctkMenuButton):
    """Checked: the segments have a closed surface."""

    locked = prop(bool, False)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.text, self.checkable = "Show 3D", True
        self.toggled.connect(self._show_surface)

    def segmentationNode(self):
        return self.__dict__.get("_node")

    def setSegmentationNode(self, node) -> None:
        self._node = node

    def _show_surface(self, shown: bool) -> None:
        if self.segmentationNode() and shown:
            self._node.CreateClosedSurfaceRepresentation()
        elif self.segmentationNode():
            self._node.RemoveClosedSurfaceRepresentation()


class _Effect(QtCore.QObject):
    """An effect's parameters, kept as attributes of the editor node as in Slicer: `<Effect>.<parameter>`."""

    def __init__(self, name: str, widget) -> None:
        super().__init__(widget)
        self._name, self._editor = name, widget

    name = property(lambda self: self._name)

    def parameter(self, name: str) -> str:
        return self._editor.mrmlSegmentEditorNode().GetAttribute(f"{self._name}.{name}") or ""

    def doubleParameter(self, name: str) -> float:
        return float(self.parameter(name))

    def integerParameter(self, name: str) -> int:
        return int(self.parameter(name))

    def setParameter(self, name: str, value) -> None:
        self._editor.mrmlSegmentEditorNode().SetAttribute(f"{self._name}.{name}", str(value))

    def saveStateForUndo(self) -> None:
        self._editor.saveStateForUndo()

    def self(self):
        raise NotImplementedError(f"the effect {self._name} works on voxels only in a real Slicer (Testing/slicer)")


@stand_in
class qMRMLSegmentEditorWidget(qMRMLWidget):
    """The Segment Editor's state and order of calls: editor node first, then the segmentation, then the volume."""

    currentSegmentIDChanged = Signal(str)
    segmentationNodeChanged = Signal(object)
    sourceVolumeNodeChanged = Signal(object)
    SIGNALS = (
        "currentSegmentIDChanged(QString)",
        "segmentationNodeChanged(vtkMRMLSegmentationNode*)",
        "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)",
    )
    segmentationNodeSelectorVisible = prop(bool, True)
    sourceVolumeNodeSelectorVisible = prop(bool, True)
    switchToSegmentationsButtonVisible = prop(bool, True)
    addRemoveSegmentButtonsVisible = prop(bool, True)
    show3DButtonVisible = prop(bool, True)
    specifyGeometryButtonVisible = prop(bool, True)
    maskingSectionVisible = prop(bool, True)
    autoShowSourceVolumeNode = prop(bool, True)
    unorderedEffectsVisible = prop(bool, True)
    effectColumnCount = prop(int, 2)
    undoEnabled = prop(bool, True)
    readOnly = prop(bool, False)
    jumpToSelectedSegmentEnabled = prop(bool, False)
    defaultTerminologyEntry = prop(str, "")
    defaultTerminologyEntrySettingsKey = prop(str, "")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.minimumHeight = 60
        self._node = None
        self._order: tuple[str, ...] = ()
        self._effects = {name: _Effect(name, self) for name in _EFFECTS}
        self._history = slicer.vtkSegmentationHistory()
        self._shortcuts = self._observing_views = False

    def _write_undo_states(self, count: int) -> None:
        self._history.SetMaximumNumberOfStates(count)

    maximumNumberOfUndoStates = Property(int, lambda self: self._history.GetMaximumNumberOfStates(), _write_undo_states)

    def setMaximumNumberOfUndoStates(self, count: int) -> None:
        self.maximumNumberOfUndoStates = count

    def mrmlSegmentEditorNode(self):
        return self._node

    def setMRMLSegmentEditorNode(self, node) -> None:
        self._node = node

    def _editor_node(self):
        if self._node is None:
            raise RuntimeError("setMRMLSegmentEditorNode comes first: Slicer ignores what is set before, with an error")
        return self._node

    def segmentationNode(self):
        return self._node.GetSegmentationNode() if self._node else None

    def setSegmentationNode(self, node) -> None:
        if node is self.segmentationNode():
            return
        self._editor_node().SetAndObserveSegmentationNode(node)
        self._history.SetSegmentation(node.GetSegmentation() if node else None)
        self.segmentationNodeChanged.emit(node)
        ids = node.GetSegmentation().GetSegmentIDs() if node else ()
        self.setCurrentSegmentID(ids[0] if ids else "")

    def sourceVolumeNode(self):
        return self._node.GetSourceVolumeNode() if self._node else None

    def setSourceVolumeNode(self, node) -> None:
        if node is not None and self.segmentationNode() is None:
            raise RuntimeError("setSegmentationNode comes before setSourceVolumeNode")
        if node is not self.sourceVolumeNode():
            self._editor_node().SetAndObserveSourceVolumeNode(node)
            self.sourceVolumeNodeChanged.emit(node)

    def currentSegmentID(self) -> str:
        return (self._node.GetSelectedSegmentID() if self._node else None) or ""

    def setCurrentSegmentID(self, segment_id: str) -> None:
        if segment_id != self.currentSegmentID():
            self._editor_node().SetSelectedSegmentID(segment_id)
            self.currentSegmentIDChanged.emit(segment_id)

    def availableEffectNames(self) -> tuple[str, ...]:
        return _EFFECTS

    def effectNameOrder(self) -> tuple[str, ...]:
        return self._order

    def setEffectNameOrder(self, names) -> None:
        self._order = tuple(names)

    def effectByName(self, name: str):
        return self._effects.get(name)

    def activeEffect(self):
        return self._effects.get(self._node.GetActiveEffectName()) if self._node else None

    def setActiveEffect(self, effect) -> None:
        self._editor_node().SetActiveEffectName(effect.name if effect else "")

    def setActiveEffectByName(self, name: str) -> None:
        if name and name not in self._effects:
            raise ValueError(f"Slicer has no effect {name!r}")
        self.setActiveEffect(self._effects.get(name))

    def saveStateForUndo(self) -> None:
        self._history.SaveState()

    def undo(self) -> None:
        self._history.RestorePreviousState()

    def redo(self) -> None:
        self._history.RestoreNextState()

    def installKeyboardShortcuts(self, parent=None) -> None:
        self._shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts = False

    def setupViewObservations(self) -> None:
        self._observing_views = True

    def removeViewObservations(self) -> None:
        self._observing_views = False

    def rotateSliceViewsToSegmentation(self) -> None:
        if self.segmentationNode() is None:
            raise RuntimeError("no segmentation is selected")
