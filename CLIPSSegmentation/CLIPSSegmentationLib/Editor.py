"""Slicer's Segment Editor inside the panel: an editor node of its own, few effects, undo for every change."""

from __future__ import annotations

from collections.abc import Sequence

import slicer

_MODULE = "CLIPSSegmentation"
_EFFECTS = ("Paint", "Erase", "Threshold", "Scissors", "Islands", "Margin")
_UNDO_STATES = 10


class Editor:
    """A qMRMLSegmentEditorWidget that is set up when the panel is entered and let go when it is left.

    module: whose editor it is; each module has an editor node of its own. effects: those it offers, in their order.
    """

    def __init__(self, widget, module: str = _MODULE, effects: Sequence[str] = _EFFECTS) -> None:
        self._widget, self._module = widget, module
        widget.setMaximumNumberOfUndoStates(_UNDO_STATES)
        widget.setEffectNameOrder(list(effects))
        widget.unorderedEffectsVisible = False
        widget.segmentationNodeSelectorVisible = False
        widget.sourceVolumeNodeSelectorVisible = False
        widget.switchToSegmentationsButtonVisible = False

    def start(self) -> None:
        """Make the editor node; it is a singleton, and not the one of Slicer's own module."""
        node = slicer.mrmlScene.GetSingletonNode(self._module, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(self._module)
            node = slicer.mrmlScene.AddNode(node)
        if self._widget.mrmlSegmentEditorNode() is not node:
            self._widget.setMRMLSegmentEditorNode(node)
        self._widget.setMRMLScene(slicer.mrmlScene)
        self._widget.setupViewObservations()
        self._widget.installKeyboardShortcuts()

    def stop(self, *, keepUndo: bool = False) -> None:
        """Leave keys and views to others. keepUndo: stay with the segmentation, since undo goes with another one."""
        if self._widget.mrmlSegmentEditorNode() is not None:
            self._widget.setActiveEffect(None)
        if self._widget.mrmlSegmentEditorNode() is not None and not keepUndo:
            self._widget.setSegmentationNode(None)
            self._widget.setMRMLSegmentEditorNode(None)
        self._widget.uninstallKeyboardShortcuts()
        self._widget.removeViewObservations()

    def setNodes(self, segmentationNode, petNode) -> None:
        """Edit this segmentation on this volume."""
        if self._widget.mrmlSegmentEditorNode() is None:
            return
        self._widget.setSegmentationNode(segmentationNode)
        if segmentationNode is not None:
            self._widget.setSourceVolumeNode(petNode)

    def select(self, segmentId: str) -> None:
        """Edit this lesion."""
        self._widget.setCurrentSegmentID(segmentId)

    def limitToSuv(self, limits: tuple[float, float] | None) -> None:
        """Let the tools change only voxels whose SUV is within limits, both included; None: all voxels."""
        node = self._widget.mrmlSegmentEditorNode()
        if node is None:
            return
        node.SetSourceVolumeIntensityMask(limits is not None)
        if limits is not None:
            node.SetSourceVolumeIntensityMaskRange(*limits)

    def saveState(self) -> None:
        """Remember everything as it is, for one step of undo."""
        self._widget.saveStateForUndo()

    def undo(self) -> None:
        self._widget.undo()

    def redo(self) -> None:
        self._widget.redo()
