"""Stand-ins for Slicer's selectors of nodes and of subject hierarchy items. Registered by import; see `stand_ins`."""

from __future__ import annotations

import slicer
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_host.mrml_widgets import WithScene
from slicer_host.stand_ins import Following, prop, stand_in


@stand_in
class qMRMLNodeComboBox(WithScene, QtWidgets.QWidget):
    """Offers the scene's nodes of some types. Without `noneEnabled` it still selects nothing by itself."""

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    SIGNALS = (
        "currentNodeChanged(vtkMRMLNode*)",
        "currentNodeIDChanged(QString)",
        "nodeActivated(vtkMRMLNode*)",
        "nodeAdded(vtkMRMLNode*)",
        "nodeAddedByUser(vtkMRMLNode*)",
        "nodeAboutToBeRemoved(vtkMRMLNode*)",
    )
    nodeTypes = prop("QStringList", (), "_refresh")
    noneEnabled = prop(bool, False, "_refresh")
    noneDisplay = prop(str, "", "_refresh")
    showChildNodeTypes = prop(bool, True, "_refresh")
    hideChildNodeTypes = prop("QStringList", (), "_refresh")
    showHidden = prop(bool, False, "_refresh")
    addEnabled = prop(bool, True)
    removeEnabled = prop(bool, True)
    editEnabled = prop(bool, False)
    renameEnabled = prop(bool, False)
    selectNodeUponCreation = prop(bool, True)
    baseName = prop(str, "")
    interactionNodeSingletonTag = prop(str, "")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        QtWidgets.QHBoxLayout(self).setContentsMargins(0, 0, 0, 0)
        self._combo = QtWidgets.QComboBox()
        self.layout().addWidget(self._combo)
        self._current_id = ""
        self._attributes: list[tuple] = []
        self._following = Following(self, "_refresh")
        self._renaming = Following(self, "_refresh")
        self._combo.currentIndexChanged.connect(lambda _index: self._take_index())
        self._combo.activated.connect(lambda _index: self.nodeActivated.emit(self.currentNode()))

    def setMRMLScene(self, scene) -> None:
        super().setMRMLScene(scene)
        events = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")
        self._following.start(scene, *(getattr(slicer.vtkMRMLScene, event) for event in events))
        self._refresh()

    def currentNode(self):
        return self._scene.GetNodeByID(self._current_id) if self.mrmlScene() and self._current_id else None

    def setCurrentNode(self, node) -> None:
        """Select a node, or the one with an ID, or none; a node that is not offered clears the selection."""
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        self._refresh()
        self._combo.currentIndex = self._combo.findData(node_id or "")

    currentNodeID = Property(str, lambda self: self._current_id, setCurrentNodeID)

    def setCurrentNodeIndex(self, index: int) -> None:
        self.setCurrentNode(self.nodeFromIndex(index))

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int):
        return self._nodes()[index]

    def addAttribute(self, node_type: str, name: str, value=None) -> None:
        self._attributes.append((node_type, name, value))
        self._refresh()

    def removeAttribute(self, node_type: str, name: str) -> None:
        self._attributes = [each for each in self._attributes if each[:2] != (node_type, name)]
        self._refresh()

    def addNode(self, node_type: str = ""):
        node_type = node_type or self.nodeTypes[0]
        name = self._scene.GenerateUniqueName(self.baseName or node_type.removeprefix("vtkMRML").removesuffix("Node"))
        node = self._scene.AddNewNodeByClass(node_type, name)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAdded.emit(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        self.nodeAboutToBeRemoved.emit(self.currentNode())
        self._scene.RemoveNode(self.currentNode())

    def _nodes(self) -> list:
        scene = self.mrmlScene()
        nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())] if scene else []
        return [node for node in nodes if self._offers(node)]

    def _offers(self, node) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        if any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
            return False
        fits = node.IsA if self.showChildNodeTypes else lambda name: node.GetClassName() == name
        if not any(fits(name) for name in self.nodeTypes):
            return False
        required = [(node.GetAttribute(name), value) for kind, name, value in self._attributes if node.IsA(kind)]
        return all(found is not None and value in (None, found) for found, value in required)

    def _refresh(self) -> None:
        """List the nodes again and keep the selected one; while a scene loads or closes, the end of it counts."""
        scene = self.mrmlScene()
        if scene is not None and scene.IsBatchProcessing():
            return
        self._combo.blockSignals(True)
        self._combo.clear()
        if self.noneEnabled:
            self._combo.addItem(self.noneDisplay or "None", "")
        for node in self._nodes():
            self._combo.addItem(node.GetName() or "", node.GetID())
        self._combo.currentIndex = self._combo.findData(self._current_id)
        self._combo.blockSignals(False)
        self._take_index()

    def _take_index(self) -> None:
        node_id = self._combo.currentData or ""
        if node_id != self._current_id:
            self._current_id = node_id
            self._renaming.start(self.currentNode(), "ModifiedEvent")
            self.currentNodeChanged.emit(self.currentNode())
            self.currentNodeIDChanged.emit(node_id)


@stand_in
class qMRMLCheckableNodeComboBox(qMRMLNodeComboBox):
    checkedNodesChanged = Signal()
    SIGNALS = ("checkedNodesChanged()",)

    def checkedNodes(self) -> tuple:
        checked = self.__dict__.get("_checked_ids", ())
        return tuple(node for node in self._nodes() if node.GetID() in checked)

    def setCheckState(self, node, state) -> None:
        others = [each.GetID() for each in self.checkedNodes() if each is not node]
        self._checked_ids = [*others, node.GetID()] if state.name == "Checked" else others
        self.checkedNodesChanged.emit()


class _ItemSelector(WithScene):
    """The current item of the subject hierarchy, by item or by node."""

    def subjectHierarchyNode(self):
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.mrmlScene())

    def currentItem(self) -> int:
        return self.__dict__.get("_item", 0)

    def setCurrentItem(self, item: int) -> None:
        if item != self.currentItem():
            self._item = item
            self.currentItemChanged.emit(item)

    def currentNode(self):
        return self.subjectHierarchyNode().GetItemDataNode(self.currentItem()) if self.currentItem() else None

    def setCurrentNode(self, node) -> None:
        self.setCurrentItem(self.subjectHierarchyNode().GetItemByDataNode(node) if node else 0)


@stand_in
class qMRMLSubjectHierarchyTreeView(_ItemSelector, QtWidgets.QTreeView):
    """State only: the tree is not drawn."""

    currentItemChanged = Signal(object)
    SIGNALS = ("currentItemChanged(vtkIdType)",)
    nodeTypes = prop("QStringList", ())
    levelFilter = prop("QStringList", ())
    multiSelection = prop(bool, False)
    noneEnabled = prop(bool, False)
    contextMenuEnabled = prop(bool, True)
    idColumnVisible = prop(bool, True)
    transformColumnVisible = prop(bool, True)
    colorColumnVisible = prop(bool, True)
    descriptionColumnVisible = prop(bool, False)


@stand_in
class qMRMLSubjectHierarchyComboBox(_ItemSelector, QtWidgets.QComboBox):
    """State only: the items are not listed."""

    currentItemChanged = Signal(object)
    SIGNALS = ("currentItemChanged(vtkIdType)",)
    nodeTypes = prop("QStringList", ())
    noneEnabled = prop(bool, False)
    noneDisplay = prop(str, "")
    showCurrentItemParents = prop(bool, True)

    def clearSelection(self) -> None:
        self.setCurrentItem(0)
