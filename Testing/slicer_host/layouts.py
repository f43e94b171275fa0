"""`slicer.app.layoutManager()`: layouts, slice views and 3D views as state, without windows. Used by `application`.

Layouts are the genuine vtkMRMLLayoutLogic: it makes the view nodes of a layout, also of one registered as XML. What a
view shows is drawn by `slicer_host.views`.
"""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore
from PySide6.QtCore import Property, Signal

ORIENTATIONS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


class LayoutManager(QtCore.QObject):
    layoutChanged = Signal(int)
    SIGNALS = ("layoutChanged(int)",)

    def __init__(self, application_logic) -> None:
        super().__init__()
        scene = slicer.mrmlScene
        self._application_logic = application_logic
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(scene)
        self._slice_logics, self._widgets = vtk.vtkCollection(), {}
        application_logic.SetSliceLogics(self._slice_logics)
        scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, _refuse_view_without_owner)
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def layoutLogic(self):
        return self._logic

    def mrmlSliceLogics(self):
        return self._slice_logics

    def setLayout(self, layout: int) -> None:
        node = self._logic.GetLayoutNode()
        if not node.IsLayoutDescription(layout):
            raise ValueError(f"there is no layout {layout}: register it with AddLayoutDescription first")
        changed = node.GetViewArrangement() != layout
        node.SetViewArrangement(layout)
        for name in self.sliceViewNames():
            self.sliceWidget(name)
        if changed:
            self.layoutChanged.emit(layout)

    layout = Property(int, lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)

    def _view_nodes(self, kind: str) -> list:
        nodes = self._logic.GetViewNodes()
        return [nodes.GetItemAsObject(i) for i in range(nodes.GetNumberOfItems()) if nodes.GetItemAsObject(i).IsA(kind)]

    threeDViewCount = Property(int, lambda self: len(self._view_nodes("vtkMRMLViewNode")))
    tableViewCount = Property(int, lambda self: 0)
    plotViewCount = Property(int, lambda self: 0)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(node.GetLayoutName() for node in self._view_nodes("vtkMRMLSliceNode"))

    def sliceWidget(self, name: str):
        nodes = {node.GetLayoutName(): node for node in self._view_nodes("vtkMRMLSliceNode")}
        if name not in nodes:
            return None
        if name not in self._widgets:
            self._widgets[name] = SliceWidget(nodes[name], self._application_logic)
            self._slice_logics.AddItem(self._widgets[name].sliceLogic())
        return self._widgets[name]

    def threeDWidget(self, index_or_name):
        nodes = self._view_nodes("vtkMRMLViewNode")
        if isinstance(index_or_name, str):
            return next((ThreeDWidget(node) for node in nodes if node.GetLayoutName() == index_or_name), None)
        return ThreeDWidget(nodes[index_or_name]) if index_or_name < len(nodes) else None

    def resetSliceViews(self) -> None:
        for name in self.sliceViewNames():
            self.sliceWidget(name).fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        """Nothing to move: `views` frames the whole scene when it draws."""

    def setRenderPaused(self, paused: bool) -> None:
        """Nothing to pause: a view is drawn when `views` is asked."""


@vtk.calldata_type(vtk.VTK_OBJECT)
def _refuse_view_without_owner(_scene, _event, node) -> None:
    """Slicer makes a hidden view, with an OpenGL context, for a view node that neither a layout nor an owner has."""
    if node.IsA("vtkMRMLAbstractViewNode") and not node.GetLayoutName() and node.GetParentLayoutNode() is None:
        raise RuntimeError(f"{node.GetID()}: SetAndObserveParentLayoutNodeID comes before a view node is added")


class _Bar(QtCore.QObject):
    """A view's controller bar."""

    def __init__(self) -> None:
        super().__init__()
        self._visible = True

    def setVisible(self, visible: bool) -> None:
        self._visible = visible

    visible = Property(bool, lambda self: self._visible, setVisible)


class _View(QtCore.QObject):
    """A slice or 3D view: rendering is asked for and does nothing here."""

    def __init__(self, node) -> None:
        super().__init__()
        self._node = node

    def forceRender(self) -> None:
        pass

    scheduleRender = forceRender


class SliceView(_View):
    def mrmlSliceNode(self):
        return self._node


class ThreeDView(_View):
    def mrmlViewNode(self):
        return self._node

    def resetFocalPoint(self) -> None:
        pass

    def resetCamera(self, *_reset) -> None:
        pass

    def rotateToViewAxis(self, axis: int) -> None:
        if not 0 <= axis < 6:
            raise ValueError(f"a view has axes 0 to 5, not {axis}")


class SliceWidget(QtCore.QObject):
    def __init__(self, node, application_logic) -> None:
        super().__init__()
        self._node, self._bar = node, _Bar()
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._logic.SetSliceNode(node)
        self._logic.ResizeSliceNode(400, 400)

    def mrmlSliceNode(self):
        return self._node

    def sliceLogic(self):
        return self._logic

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode(self._node)

    def sliceView(self):
        return SliceView(self._node)

    def sliceController(self):
        return self._bar

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()


class ThreeDWidget(QtCore.QObject):
    def __init__(self, node) -> None:
        super().__init__()
        self._node, self._bar = node, _Bar()

    def mrmlViewNode(self):
        return self._node

    def threeDView(self):
        return ThreeDView(self._node)

    def threeDController(self):
        return self._bar
