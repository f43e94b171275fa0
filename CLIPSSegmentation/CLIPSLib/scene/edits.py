"""What a reviewer does to a segmentation node besides painting: kinds, new lesions, masks from elsewhere, the review.

Called by Slicer's panel. Nothing here saves a state for undo: who calls does, once per action of the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view
from CLIPSLib.scene import labelmaps, records
from CLIPSLib.scene.segments import segmentation_from_node
from CLIPSLib.segmentation import Lesion
from CLIPSLib.segmentation.appearance import segment_color, terminology_entry
from CLIPSLib.segmentation.tags import KIND_TAG, LABEL_TAG, REVIEWED_TAG, TERMINOLOGY_TAG, kind_in, review_tags

if TYPE_CHECKING:
    import SimpleITK as sitk


def set_kind(node, segment_id: str, kind: str) -> None:
    """Make a segment tumor or physiological uptake (out of the totals, not deleted): tag, coded meaning, color."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    label = records.tags(segment).get(LABEL_TAG, "")
    index = int(label) if label.isdecimal() else segment.GetLabelValue()
    segment.SetTag(TERMINOLOGY_TAG, terminology_entry(kind))
    segment.SetColor(segment_color(index - 1, kind))
    segment.SetTag(KIND_TAG, kind)


def kind_of(node, segment_id: str) -> str:
    """The kind of a segment; what says nothing counts as tumor."""
    return kind_in(records.tags(node.GetSegmentation().GetSegment(segment_id)))


def set_reviewed(node, reviewed: bool, pet_node) -> None:
    """Say whether a person has checked the whole mask: on the node, and (for files) on each segment.

    The review holds for the voxels and kinds of now. Raises as `segmentation_from_node`.
    """
    found = segmentation_from_node(node, pet_node) if reviewed else None
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()]
    known = [records.tags(segment) for segment in segments]
    for name, text in review_tags(found, reviewed).items():
        node.SetAttribute(name, text)
        for segment, tags in zip(segments, known, strict=True):
            if tags.get(name) != text:
                segment.SetTag(name, text)


def is_reviewed(node) -> bool:
    """Whether a segmentation node or any of its segments (undo brings their tags back) says that a person has checked
    the mask, as it was then.
    """
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()]
    return "true" in (node.GetAttribute(REVIEWED_TAG), *(records.tags(each).get(REVIEWED_TAG) for each in segments))


def segment_mask(node, segment_id: str, pet_node) -> np.ndarray:
    """The voxels of one segment on the PET grid, bool `[z, y, x]`. Raises as `segmentation_from_node`."""
    alone = Lesion(label=1, lesion_id=segment_id, name="")
    return array_view(labelmaps.merge(node, pet_node, [alone]).labels) != 0


def set_segment_mask(node, segment_id: str, mask: sitk.Image, pet_node) -> None:
    """Give a segment other voxels: those of `mask` (on the PET grid) that are not 0. Other segments stay as they are.

    The segment gets a labelmap of its own: merged into a shared one, it would lose where labels compare unfavorably.
    """
    import slicer

    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(labelmaps.shared_labelmap(mask, pet_node), node, segment_id, logic.MODE_REPLACE)


def add_lesion(node, lesion: Lesion, mask: sitk.Image, pet_node) -> str:
    """Add a lesion that a person made, as a segment of its own; returns its segment id.

    lesion: its label is not used: the segment gets a free one when the mask is read back. mask: on the PET grid.
    """
    segmentation = node.GetSegmentation()
    segment_id = segmentation.GenerateUniqueSegmentID(lesion.lesion_id)
    segmentation.AddEmptySegment(segment_id, lesion.name)
    set_kind(node, segment_id, lesion.kind)
    color = segment_color(segmentation.GetNumberOfSegments() - 1, lesion.kind)
    segmentation.GetSegment(segment_id).SetColor(color)
    set_segment_mask(node, segment_id, mask, pet_node)
    return segment_id
