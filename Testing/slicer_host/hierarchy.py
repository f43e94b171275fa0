"""Subject hierarchy items for nodes, which in Slicer plugins written with Qt make. Called by `application`."""

from __future__ import annotations

import slicer
import vtk

_WITH_ITEM = (
    "vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLModelNode", "vtkMRMLMarkupsNode", "vtkMRMLTableNode",
    "vtkMRMLTextNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTransformNode", "vtkMRMLSequenceNode",
)  # fmt: skip


class PluginHandler:
    """Settings that DICOM plugins read before they name patients and studies."""

    displayPatientIDInSubjectHierarchyItemName = True
    displayPatientBirthDateInSubjectHierarchyItemName = True
    displayStudyIDInSubjectHierarchyItemName = False
    displayStudyDateInSubjectHierarchyItemName = True
    _instance = None

    @classmethod
    def instance(cls) -> PluginHandler:
        cls._instance = cls._instance or cls()
        return cls._instance


def follow(scene) -> None:
    """From now on every data node has an item, and loses it when the node is removed."""
    slicer.qSlicerSubjectHierarchyPluginHandler = PluginHandler
    scene.AddObserver(scene.NodeAddedEvent, _on_node_added)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _on_node_removed)
    for event in (scene.EndImportEvent, scene.EndBatchProcessEvent):
        scene.AddObserver(event, _on_imported)
    scene.AddObserver(scene.EndCloseEvent, _one_hierarchy)


def _add_item(scene, node) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    wanted = not node.GetHideFromEditors() and any(node.IsA(kind) for kind in _WITH_ITEM)
    if wanted and not hierarchy.GetItemByDataNode(node):
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _on_node_added(scene, _event, node) -> None:
    if node.IsA("vtkMRMLSubjectHierarchyNode"):
        _one_hierarchy(scene)
    elif not scene.IsImporting():  # the scene file brings the items itself
        _add_item(scene, node)


def _one_hierarchy(scene, _event=None) -> None:
    """Merge the hierarchy that came with a file into the scene's own; make a new one after closing."""
    slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)


def _on_imported(scene, _event) -> None:
    if scene.IsBatchProcessing():
        return  # the imported hierarchy is merged only when everything is there
    _one_hierarchy(scene)
    for index in range(scene.GetNumberOfNodes()):
        _add_item(scene, scene.GetNthNode(index))


@vtk.calldata_type(vtk.VTK_OBJECT)
def _on_node_removed(scene, _event, node) -> None:
    if scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
        return
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, False)
