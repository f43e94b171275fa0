"""What the buttons of the lesion table do to the segmentation. Made by ResultsPanel, works without it.

Each method is one action of the user and saves one state for undo first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK as sitk
    from CLIPSLib import Caution, PetCtStudy


class LesionEdits:
    """Edits of one segmentation node on its PET. saveState: called before the first change of each action."""

    def __init__(self, segmentationNode, petNode, study: PetCtStudy, saveState: Callable[[], None]) -> None:
        self._node, self._petNode, self._study = segmentationNode, petNode, study
        self._saveState = saveState

    def toggleKind(self, segmentIds: Sequence[str]) -> None:
        """Tumor becomes physiological and the other way round; what is mixed becomes physiological."""
        from CLIPSLib.scene import kind_of, set_kind
        from CLIPSLib.segmentation import PHYSIOLOGICAL, TUMOR

        allPhysiological = all(kind_of(self._node, segmentId) == PHYSIOLOGICAL for segmentId in segmentIds)
        self._saveState()
        for segmentId in segmentIds:
            set_kind(self._node, segmentId, TUMOR if allPhysiological else PHYSIOLOGICAL)

    def split(self, segmentId: str) -> list[str]:
        """Make a lesion of each 26-connected component; the largest keeps the id. Returns the ids, largest first.

        Raises:
            ValueError: it is in one piece.
        """
        from CLIPSLib.imaging import array_view, image_like
        from CLIPSLib.scene import add_lesion, kind_of, segment_mask, set_segment_mask
        from CLIPSLib.segmentation import lesions_from_mask

        name, kind = self._name(segmentId), kind_of(self._node, segmentId)
        mask = segment_mask(self._node, segmentId, self._petNode)
        labels, parts = lesions_from_mask(mask, self._study, model="split", parameters={"of": segmentId})
        if len(parts) < 2:
            raise ValueError(_("“{name}” is in one piece.").format(name=name))
        self._saveState()
        ids = [segmentId]
        for number, part in enumerate(parts, start=1):
            own = image_like((array_view(labels) == part.label).astype("uint8"), self._study.pet)
            if number == 1:
                set_segment_mask(self._node, segmentId, own, self._petNode)
                continue
            lesion = _lesion(part.lesion_id, f"{name}.{number}", kind)
            ids.append(add_lesion(self._node, lesion, own, self._petNode))
        return ids

    def merge(self, segmentIds: Sequence[str]) -> str:
        """Make one lesion of several: the first takes the voxels of the others, which go. Returns its id.

        Raises:
            ValueError: fewer than two, or of different kinds.
        """
        from CLIPSLib.imaging import image_like
        from CLIPSLib.scene import kind_of, segment_mask, set_segment_mask

        if len(segmentIds) < 2:
            raise ValueError(_("Select two or more lesions to merge."))
        if len({kind_of(self._node, segmentId) for segmentId in segmentIds}) > 1:
            raise ValueError(_("Tumor and physiological uptake are not merged: give them the same kind first."))
        self._saveState()
        first, *others = segmentIds
        mask = segment_mask(self._node, first, self._petNode)
        for other in others:
            mask |= segment_mask(self._node, other, self._petNode)
            self._node.GetSegmentation().RemoveSegment(other)
        set_segment_mask(self._node, first, image_like(mask.astype("uint8"), self._study.pet), self._petNode)
        return first

    def remove(self, segmentIds: Sequence[str]) -> None:
        """Delete lesions."""
        self._saveState()
        for segmentId in segmentIds:
            self._node.GetSegmentation().RemoveSegment(segmentId)

    def removeComponentAt(self, ras: Sequence[float]) -> None:
        """Take the 26-connected part of a lesion that holds a position (RAS, mm) away; the last part with the lesion.

        Raises:
            ValueError: no lesion there.
        """
        from CLIPSLib.imaging import array_view, image_like, label_components
        from CLIPSLib.scene import segmentation_from_node, set_segment_mask

        shown = segmentation_from_node(self._node, self._petNode)
        labels, index = array_view(shown.labels), voxelAt(shown.labels, ras)
        label = int(labels[index]) if index else 0
        if not label:
            raise ValueError(_("There is no lesion at this place."))
        segmentId = next(lesion.lesion_id for lesion in shown.lesions if lesion.label == label)
        parts = label_components(labels == label, 26).labels
        rest = (parts != 0) & (parts != parts[index])
        self._saveState()
        if rest.any():
            set_segment_mask(self._node, segmentId, image_like(rest.astype("uint8"), self._study.pet), self._petNode)
        else:
            self._node.GetSegmentation().RemoveSegment(segmentId)

    def rename(self, segmentId: str, name: str) -> None:
        """Give a lesion another name; its id stays."""
        self._saveState()
        self._node.GetSegmentation().GetSegment(segmentId).SetName(name)

    def addAt(self, ras: Sequence[float], method: str) -> tuple[str, tuple[Caution, ...]]:
        """Add a missed lesion, grown from a position (RAS, mm) by "suv4" or "41max"; returns its id, and cautions.

        Raises:
            ClipsError (`Refusal`): nothing to grow there.
        """
        from CLIPSLib.imaging import array_view
        from CLIPSLib.scene import add_lesion
        from CLIPSLib.segmentation import lesion_at_point, lesions_from_mask

        lps = (-ras[0], -ras[1], ras[2])
        mask, cautions = lesion_at_point(self._study, lps, method, taken=self._taken())
        _labels, (grown, *_rest) = lesions_from_mask(
            array_view(mask) != 0, self._study, model="pointed", parameters={"method": method}
        )
        self._saveState()
        lesion = _lesion(grown.lesion_id, self._newName(), "tumor")
        return add_lesion(self._node, lesion, mask, self._petNode), cautions

    def _taken(self) -> np.ndarray:
        from CLIPSLib.imaging import array_view
        from CLIPSLib.scene import segmentation_from_node

        return array_view(segmentation_from_node(self._node, self._petNode).labels) != 0

    def _name(self, segmentId: str) -> str:
        return self._node.GetSegmentation().GetSegment(segmentId).GetName()

    def _newName(self) -> str:
        segmentation = self._node.GetSegmentation()
        names = {self._name(segmentId) for segmentId in segmentation.GetSegmentIDs()}
        number = len(names) + 1
        while f"Lesion {number}" in names:
            number += 1
        return f"Lesion {number}"


def voxelAt(image: sitk.Image, ras: Sequence[float]) -> tuple[int, int, int] | None:
    """The array index (z, y, x) of the voxel at a position (RAS, mm), None outside of the image."""
    from CLIPSLib.imaging import lps_mm_to_index

    z, y, x = (round(float(v)) for v in lps_mm_to_index(image, (-ras[0], -ras[1], ras[2]))[0])
    inside = all(0 <= i < size for i, size in zip((x, y, z), image.GetSize(), strict=True))
    return (z, y, x) if inside else None


def _lesion(lesionId: str, name: str, kind: str):
    from CLIPSLib.segmentation import Lesion

    return Lesion(label=0, lesion_id=lesionId, name=name, kind=kind)
