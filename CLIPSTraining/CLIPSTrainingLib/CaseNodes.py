"""Nodes of a case in the scene: outlines instead of filled lesions, and taking all of a case out again.

Called by `OpenCase` (review) and `ComparedCase` (comparison of runs).
"""

from __future__ import annotations

from collections.abc import Sequence

import slicer


def drawOutlines(segmentationNode, width_px: int, color: tuple[float, float, float] | None = None) -> None:
    """Show the segments of a node as outlines. color: of all of them; None: each in its own."""
    display = segmentationNode.GetDisplayNode()
    display.SetVisibility2DFill(False)
    display.SetSliceIntersectionThickness(width_px)
    if color is not None:
        for segmentId in segmentationNode.GetSegmentation().GetSegmentIDs():
            display.SetSegmentOverrideColor(segmentId, *color)


def removeCase(petNode, nodes: Sequence) -> None:
    """Take the nodes of a case out of the scene (None is left out), and the folders of its study if nothing is left."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(petNode) if petNode.GetScene() is not None else 0
    study = hierarchy.GetItemParent(item) if item else 0
    for node in (*nodes, petNode):
        removeNode(node)
    _removeEmptyFolders(hierarchy, study)


def removeNode(node) -> None:
    """Take a node out of the scene with what only shows it; None, or one that has gone, is left alone."""
    if node is None or node.GetScene() is None:
        return
    displays = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    slicer.mrmlScene.RemoveNode(node)  # first: views give a volume without a display a new one
    for display in filter(None, displays):
        if display.IsA("vtkMRMLVolumeRenderingDisplayNode") and display.GetVolumePropertyNode() is not None:
            slicer.mrmlScene.RemoveNode(display.GetVolumePropertyNode())
        slicer.mrmlScene.RemoveNode(display)


def _removeEmptyFolders(hierarchy, item: int) -> None:
    """Take a study's folder, and its patient's, out of the hierarchy when nothing is left in them."""
    while item not in (0, hierarchy.GetSceneItemID()) and hierarchy.GetNumberOfItemChildren(item) == 0:
        parent = hierarchy.GetItemParent(item)
        hierarchy.RemoveItem(item)
        item = parent
