"""Measures that follow whatever a person does to a segmentation. Made by ResultsPanel.

Voxel edits fire `SourceRepresentationModified`, names and tags `SegmentModified`; both only say that something
happened, and a short while after the last of them everything is compared with what was measured before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CLIPSSegmentationLib.LesionEdits import voxelAt

if TYPE_CHECKING:
    from CLIPSLib import LesionMeasures, Measures, Segmentation
    from CLIPSLib.segmentation import Lesion

DELAY_MS = 150  # a stroke of the brush ends in several events; with the measuring, the table follows in half a second


class LiveMeasures(VTKObservationMixin):
    """Calls `onChanged()` when there are new measures, or a reason why there are none.

    segmentation, measures: of the nodes as they were last looked at, None when there is `error` or nothing to measure.
    partial: the measures or, where lesions break the condition under which the mask may be measured, those of the
    other lesions; then `error` names the lesions. study: the PET that was measured. edited: whether the segments were
    edited since.
    """

    def __init__(self, onChanged: Callable[[], None]) -> None:
        super().__init__()
        self._onChanged = onChanged
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.interval = DELAY_MS
        self._timer.connect("timeout()", self.update)
        self._clear(None, None)

    def setNodes(self, segmentationNode, petNode, *, soon: bool = False) -> None:
        """Follow these nodes, or none. What was edited last is measured first: it may end a review.

        soon: they are measured a moment later, or when somebody needs it before, so that the views come first.
        """
        if self.edited and all(_isInScene(node) for node in (self.segmentationNode, self.petNode)):
            self.update()
        self.stop()
        self._clear(segmentationNode, petNode)
        if segmentationNode is not None:
            self._observe()
        if soon:
            self._onChanged()
            self._timer.start()
        else:
            self.update()

    def stop(self) -> None:
        """Follow nothing any more."""
        self._timer.stop()
        self.removeObservers()

    def update(self) -> None:
        """Measure now."""
        from CLIPSLib import ClipsError

        self._timer.stop()
        self.edited = False
        self.error = None
        try:
            self._measure()
        except ClipsError as error:
            self.segmentation = self.measures = self.partial = None
            self.error = error
        self._onChanged()

    @property
    def pending(self) -> bool:
        """Whether something waits to be measured."""
        return self._timer.active

    def updateIfPending(self) -> None:
        """Measure now if something waits to be measured: before anything is exported."""
        if self.pending:
            self.update()

    @property
    def rows(self) -> list[LesionMeasures | Lesion]:
        """Every lesion, in the order of the segments: its measures, or the bare lesion where these are withheld."""
        if self.partial is None:
            return []
        measured = {lesion.lesion_id: lesion for lesion in self.partial.lesions}
        return [measured.get(lesion.lesion_id, lesion) for lesion in self.segmentation.lesions]

    @property
    def withheld(self) -> list[Lesion]:
        """The lesions that are not measured because they break the condition of the mask."""
        if self.partial is None or self.partial is self.measures:
            return []
        measured = {lesion.lesion_id for lesion in self.partial.lesions}
        return [lesion for lesion in self.segmentation.lesions if lesion.lesion_id not in measured]

    def lesionAt(self, ras) -> str | None:
        """The id of the lesion at a position (RAS, mm)."""
        index = voxelAt(self.segmentation.labels, ras) if self.segmentation else None
        if index is None:
            return None
        label = self.segmentation.labels.GetPixel(*reversed(index))
        return next((lesion.lesion_id for lesion in self.segmentation.lesions if lesion.label == label), None)

    def _clear(self, segmentationNode, petNode) -> None:
        self.segmentationNode, self.petNode = segmentationNode, petNode
        self.edited = False
        self.segmentation: Segmentation | None = None
        self.measures: Measures | None = None
        self.partial: Measures | None = None
        self.error = None
        self.study = None
        self._meter = None
        self._petState = None

    def _observe(self) -> None:
        node, events = self.segmentationNode, slicer.vtkSegmentation
        for event in (
            events.SourceRepresentationModified,
            events.SegmentAdded,
            events.SegmentRemoved,
            events.SegmentModified,
            events.SegmentsOrderModified,
        ):
            self.addObserver(node.GetSegmentation(), event, self._onEdited)
        if self.petNode is None:
            return
        for moved in (node, self.petNode):
            self.addObserver(moved, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self._onEdited)
        self.addObserver(self.petNode, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._onEdited)
        self.addObserver(self.petNode, vtk.vtkCommand.ModifiedEvent, self._onEdited)

    def _onEdited(self, caller, _event) -> None:
        from CLIPSLib import Refusal

        self.edited = self.edited or caller is not self.petNode
        if self.petNode is not None:
            self._timer.start()
            return
        what = _("The segments were edited while their PET was gone")
        remedy = _("Load the study again and choose its PET.")
        self.error = Refusal("no-pet", what, self.segmentationNode.GetName(), remedy)
        self._onChanged()

    def _measure(self) -> None:
        from CLIPSLib import Refusal
        from CLIPSLib.scene import segmentation_from_node

        if self.segmentationNode is None or self.petNode is None:
            return
        self._followPet()
        self.segmentation = segmentation_from_node(self.segmentationNode, self.petNode)
        self.measures = None
        try:
            self.measures = self.partial = self._meter.measure(self.segmentation)
        except Refusal as refusal:
            if refusal.code != "not-valid-for":
                raise
            self.partial = self._meter.measure(self.segmentation, valid_only=True)
            self.error = refusal
        self._withdrawReview()

    def _followPet(self) -> None:
        """Read the PET again when it is not what it was: voxels, place or units can be changed by any module."""
        from CLIPSLib.measures import LesionMeter
        from CLIPSLib.scene import pet_state, study_from_nodes

        state = pet_state(self.petNode)
        if self._meter is None or state != self._petState:
            self._meter = None  # if the PET is refused now
            self.study = study_from_nodes(self.petNode)
            self._meter, self._petState = LesionMeter(self.study), state

    def _withdrawReview(self) -> None:
        """What was reviewed is not what is there now: names may change, voxels and kinds may not."""
        from CLIPSLib.scene import is_reviewed, set_reviewed

        if is_reviewed(self.segmentationNode) and not self.segmentation.reviewed:
            set_reviewed(self.segmentationNode, False, self.petNode)


def _isInScene(node) -> bool:
    return node is not None and node.GetScene() is not None
