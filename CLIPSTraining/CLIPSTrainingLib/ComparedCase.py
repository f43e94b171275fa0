"""One case in the scene with the outlines of its reference and of what two networks find. Made by ComparePanel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSTrainingLib.CaseNodes import drawOutlines, removeCase

if TYPE_CHECKING:
    from CLIPSLib.training import TrainingCase

# widest first, so that outlines that coincide are all seen
_STYLES = {"reference": (3, (0.2, 0.75, 0.2)), "A": (2, (1.0, 0.55, 0.0)), "B": (1, (0.2, 0.75, 1.0))}


class ComparedCase:
    """masks: files of A and B on the grid of the case's PET, by those names. `remove` takes all out again.

    Raises:
        Failure: an image or a mask is missing or damaged. Refusal: a mask is on another grid.
    """

    def __init__(self, case: TrainingCase, masks: dict[str, Path]) -> None:
        from CLIPSLib.scene import add_study_volumes
        from CLIPSLib.tasks.run_predictions import study_of_case

        self._study = study_of_case(case)
        self.petNode, self.ctNode = add_study_volumes(self._study)
        self.petNode.SetName(f"{case.case_id} PET")
        if self.ctNode is not None:
            self.ctNode.SetName(f"{case.case_id} CT")
        self.segmentationNodes: dict[str, object] = {}
        for name, path in {"reference": Path(case.mask), **masks}.items():
            self.segmentationNodes[name] = self._add(f"{case.case_id} {name}", path, *_STYLES[name])

    def remove(self) -> None:
        """Take the case out of the scene."""
        removeCase(self.petNode, (*self.segmentationNodes.values(), self.ctNode))

    def jumpToLargest(self) -> None:
        """Show the place of the largest lesion of the reference, or of the first mask that has one."""
        from CLIPSSegmentationLib.Display import jumpTo

        for node in self.segmentationNodes.values():
            if node.GetSegmentation().GetNumberOfSegments():
                jumpTo(node.GetSegmentCenterRAS(node.GetSegmentation().GetNthSegmentID(0)))
                return

    def _add(self, name: str, path: Path, width_px: int, color: tuple[float, float, float]):
        from CLIPSLib import Segmentation
        from CLIPSLib.formats import read_labels
        from CLIPSLib.scene import add_segmentation
        from CLIPSLib.segmentation.lesions import lesions_from_mask

        labels, lesions = lesions_from_mask(read_labels(path), self._study)
        node = add_segmentation(Segmentation(labels=labels, lesions=lesions), self._study, self.petNode)
        node.SetName(name)
        node.SetSaveWithScene(False)
        drawOutlines(node, width_px, color)
        return node
