"""How PET, CT and lesions are shown: the layout of the module, windows and colors, the MIP, jumping to a place.

Every function does nothing where there are no views (Slicer without a main window).
"""

from __future__ import annotations

import slicer

FUSION_LAYOUT = 7150  # any number above 100 that no other module has
_MIP_VIEW = "CLIPSMip"
_FUSION_COLORS = "vtkMRMLPETProceduralColorNodePET-Heat"
_PET_COLORS = "vtkMRMLColorTableNodeInvertedGrey"
_PET_RANGE_SUV = (0.0, 6.0)
_MIP_RANGE_SUV = (0.0, 10.0)
FUSION_OPACITY = 0.5
_LAYOUT = """
<layout type="horizontal" split="true">
 <item splitSize="380"><view class="vtkMRMLSliceNode" singletontag="Red">
   <property name="orientation" action="default">Axial</property>
   <property name="viewlabel" action="default">R</property>
   <property name="viewcolor" action="default">#F34A33</property></view></item>
 <item splitSize="250"><view class="vtkMRMLSliceNode" singletontag="Green">
   <property name="orientation" action="default">Coronal</property>
   <property name="viewlabel" action="default">G</property>
   <property name="viewcolor" action="default">#6EB04B</property></view></item>
 <item splitSize="170"><view class="vtkMRMLSliceNode" singletontag="Yellow">
   <property name="orientation" action="default">Sagittal</property>
   <property name="viewlabel" action="default">Y</property>
   <property name="viewcolor" action="default">#EDD54C</property></view></item>
 <item splitSize="200"><view class="vtkMRMLViewNode" singletontag="CLIPSMip">
   <property name="viewlabel" action="default">M</property></view></item>
</layout>
"""


def showFusion(petNode, ctNode=None) -> None:
    """The layout of the module: slices with the PET over the CT (the PET alone in inverted gray), the MIP beside."""
    showSlices(petNode, ctNode)
    showMip(petNode)


def showSlices(petNode, ctNode=None) -> None:
    """The layout of the module, its MIP as it is."""
    if slicer.app.layoutManager() is None or petNode is None:
        return
    showLayout()
    colorPet(petNode, ctNode)
    if ctNode:
        slicer.util.setSliceViewerLayers(
            background=ctNode, foreground=petNode, foregroundOpacity=FUSION_OPACITY, fit=True
        )
    else:
        slicer.util.setSliceViewerLayers(background=petNode, foreground=None, fit=True)


def colorPet(petNode, ctNode=None) -> None:
    """The colors of a PET that is read alone, or over a CT."""
    petNode.GetDisplayNode().SetAndObserveColorNodeID(_FUSION_COLORS if ctNode else _PET_COLORS)


def registerLayout(number: int = FUSION_LAYOUT, description: str = _LAYOUT) -> None:
    """Make a layout known, by default the module's, unless it is. At Slicer's start: a scene that was saved in a layout
    that nobody knows comes back without any view.
    """
    manager = slicer.app.layoutManager()
    if manager is not None:
        manager.layoutLogic().GetLayoutNode().AddLayoutDescription(number, description)


def showLayout() -> None:
    """The layout of the module, with what its views show already."""
    registerLayout()
    slicer.app.layoutManager().setLayout(FUSION_LAYOUT)


def showMip(petNode) -> None:
    """A maximum intensity projection of the PET, dark on white as it is read, in the layout's 3D view."""
    viewNode = slicer.mrmlScene.GetSingletonNode(_MIP_VIEW, "vtkMRMLViewNode")
    if viewNode is None or petNode is None or petNode.GetScene() is None:
        return
    viewNode.SetRaycastTechnique(slicer.vtkMRMLViewNode.MaximumIntensityProjection)
    viewNode.SetBackgroundColor(1.0, 1.0, 1.0)
    viewNode.SetBackgroundColor2(1.0, 1.0, 1.0)
    viewNode.SetBoxVisible(False)
    viewNode.SetAxisLabelsVisible(False)
    logic = slicer.modules.volumerendering.logic()
    display = logic.GetFirstVolumeRenderingDisplayNode(petNode) or logic.CreateDefaultVolumeRenderingNodes(petNode)
    for other in slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode"):
        if other is not display and other.IsDisplayableInView(viewNode.GetID()):
            other.SetVisibility(False)
    display.SetViewNodeIDs([viewNode.GetID()])
    _setMipColors(display.GetVolumePropertyNode().GetVolumeProperty())
    display.SetVisibility(True)


def jumpTo(ras, viewNodes=None) -> None:
    """Show a position (RAS, mm) in slice views, by default all; one that does not hold it is moved sideways too."""
    import vtk

    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode") if viewNodes is None else viewNodes:
        rasToXy = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), rasToXy)
        x, y, _z, _one = rasToXy.MultiplyPoint((*ras, 1.0))
        width, height, _depth = node.GetDimensions()
        jump = node.JumpSliceByOffsetting if 0 <= x <= width and 0 <= y <= height else node.JumpSliceByCentering
        jump(*ras)


def isShown() -> bool:
    """Whether the views are in the layout of the module."""
    manager = slicer.app.layoutManager()
    return manager is not None and manager.layout == FUSION_LAYOUT


def currentLayout() -> int | None:
    """The layout as it is, to be restored."""
    manager = slicer.app.layoutManager()
    return None if manager is None else manager.layout


def restoreLayout(layout: int | None) -> None:
    """Back to the layout of another module, unless the user has chosen a third one meanwhile."""
    if layout is not None and isShown():
        slicer.app.layoutManager().setLayout(layout)


def _setMipColors(volumeProperty) -> None:
    low, high = _MIP_RANGE_SUV
    opacity, color = volumeProperty.GetScalarOpacity(), volumeProperty.GetRGBTransferFunction()
    opacity.RemoveAllPoints()
    opacity.AddPoint(low, 0.0)
    opacity.AddPoint(high, 1.0)
    color.RemoveAllPoints()
    color.AddRGBPoint(low, 1.0, 1.0, 1.0)
    color.AddRGBPoint(high, 0.0, 0.0, 0.0)
    volumeProperty.GetGradientOpacity().RemoveAllPoints()
    volumeProperty.GetGradientOpacity().AddPoint(0.0, 1.0)
    volumeProperty.SetInterpolationTypeToLinear()
