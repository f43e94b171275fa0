"""One case in the scene with the outlines of its reference and of what two networks find. Made by ComparePanel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSTrainingLib import CompareViews
from CLIPSTrainingLib.CaseNodes import drawOutlines, removeCase

if TYPE_CHECKING:
    import SimpleITK as sitk

# in one view the widest comes first, so that outlines that coincide are all seen
_WIDTHS_BESIDE_PX = {"reference": 4, "A": 2, "B": 2}
_WIDTHS_TOGETHER_PX = {"reference": 4, "A": 2, "B": 1}


class ComparedCase:
    """caseId: a case that the runs validated. runs: folders of A and B, by those names, which have predicted it.
    `remove` takes all out again.

    Raises:
        Failure: an image or a mask is missing or damaged. ValueError: a mask is on another grid.
    """

    def __init__(self, caseId: str, runs: Mapping[str, Path]) -> None:
        from CLIPSLib.formats import read_labels
        from CLIPSLib.scene import add_study_volumes
        from CLIPSLib.tasks.run_predictions import case_of_run, prediction_path, reference_of_case, study_of_case

        self.caseId = caseId
        case = case_of_run(runs["A"], caseId)
        self._study = study_of_case(case)
        labels = {"reference": reference_of_case(runs["A"], case)}
        labels |= {name: read_labels(prediction_path(run, caseId)) for name, run in runs.items()}
        found = {name: self._segmentation(image) for name, image in labels.items()}
        self.petNode, self.ctNode = add_study_volumes(self._study)
        self.petNode.SetName(f"{caseId} PET")
        if self.ctNode is not None:
            self.ctNode.SetName(f"{caseId} CT")
        self.segmentationNodes = {name: self._add(name, segmentation) for name, segmentation in found.items()}

    def remove(self) -> None:
        """Take the case out of the scene."""
        removeCase(self.petNode, (*self.segmentationNodes.values(), self.ctNode))

    def showSideBySide(self) -> None:
        """Reference, A and B beside each other, at the largest lesion."""
        self._setWidths(_WIDTHS_BESIDE_PX)
        CompareViews.show(self.petNode, self.ctNode, self.segmentationNodes)
        self._jumpToLargest(CompareViews.viewNodes())

    def showTogether(self, fusion) -> None:
        """All outlines in the slice views of CLIPS, over the fused images. fusion: the panel's `FusionLayout`."""
        self._setWidths(_WIDTHS_TOGETHER_PX)
        for node in self.segmentationNodes.values():
            node.GetDisplayNode().RemoveAllViewNodeIDs()  # in all views
        fusion.show(self.petNode, self.ctNode)
        self._jumpToLargest(None)

    def _setWidths(self, widths_px: Mapping[str, int]) -> None:
        for name, node in self.segmentationNodes.items():
            node.GetDisplayNode().SetSliceIntersectionThickness(widths_px[name])

    def _jumpToLargest(self, viewNodes: list | None) -> None:
        """To the largest lesion of the reference, or of the first mask that has one."""
        from CLIPSSegmentationLib.Display import jumpTo

        for node in self.segmentationNodes.values():
            if node.GetSegmentation().GetNumberOfSegments():
                jumpTo(node.GetSegmentCenterRAS(node.GetSegmentation().GetNthSegmentID(0)), viewNodes)
                return

    def _segmentation(self, labels: sitk.Image):
        from CLIPSLib import Segmentation
        from CLIPSLib.segmentation.lesions import lesions_from_mask

        image, lesions = lesions_from_mask(labels, self._study)
        return Segmentation(labels=image, lesions=lesions)

    def _add(self, name: str, segmentation):
        from CLIPSLib.scene import add_segmentation

        node = add_segmentation(segmentation, self._study, self.petNode)
        node.SetName(f"{self.caseId} {name}")
        node.SetSaveWithScene(False)
        drawOutlines(node, _WIDTHS_BESIDE_PX[name], CompareViews.COLORS[name])
        return node
