"""One case in the scene: its volumes, the lesions under review, and another version of them to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CLIPSTrainingLib.CaseNodes import drawOutlines, removeCase, removeNode

if TYPE_CHECKING:
    from CLIPSLib import Segmentation

    from CLIPSTrainingLib.CaseContent import CaseContent

_OTHER_COLOR = (0.2, 0.75, 1.0)
_OUTLINE_PX, _OTHER_OUTLINE_PX = 2, 1  # both are seen where they coincide


class OpenCase:
    """Adds the nodes of a case to the scene; `remove` takes them, and only them, out again."""

    def __init__(self, content: CaseContent) -> None:
        from CLIPSLib.scene import add_segmentation, add_study_volumes

        self.content = content
        self.petNode, self.ctNode = add_study_volumes(content.study)
        self.segmentationNode = add_segmentation(content.shown, content.study, self.petNode)
        for node, name in ((self.petNode, "PET"), (self.ctNode, "CT"), (self.segmentationNode, "lesions")):
            if node is not None:
                node.SetName(f"{self.caseId} {name}")
        self.otherNode = None
        self._study = content.study
        drawOutlines(self.segmentationNode, _OUTLINE_PX)

    @property
    def caseId(self) -> str:
        return self.content.record.case_id

    @property
    def isWhole(self) -> bool:
        """Whether what is reviewed is still in the scene."""
        return all(node is not None and node.GetScene() is not None for node in (self.segmentationNode, self.petNode))

    @property
    def isCompared(self) -> bool:
        """Whether another version is in the scene."""
        return self.otherNode is not None and self.otherNode.GetScene() is not None

    def compareWith(self, segmentation: Segmentation | None) -> None:
        """Show the outlines of another mask of the case, or none."""
        from CLIPSLib.scene import add_segmentation

        removeNode(self.otherNode)
        self.otherNode = None
        if segmentation is None:
            return
        self.otherNode = add_segmentation(segmentation, self._study, self.petNode)
        self.otherNode.SetName(f"{self.caseId} other version")
        self.otherNode.SetSaveWithScene(False)
        drawOutlines(self.otherNode, _OTHER_OUTLINE_PX, _OTHER_COLOR)

    def remove(self) -> None:
        """Take the case out of the scene."""
        removeCase(self.petNode, (self.otherNode, self.segmentationNode, self.ctNode))
