"""Study in, segments and measures out, on MRML nodes: what the console, scripts and the panel call.

Needs no widget and no window. The segmentation runs as a background job, also when the caller waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import slicer
from slicer.i18n import tr as _

from CLIPSSegmentationLib import Inputs
from CLIPSSegmentationLib.Jobs import SegmentationJob, SegmentationJobs
from CLIPSSegmentationLib.StudySources import StudySource, folderSource, volumeSource

_LOOK_EVERY_S = 0.05


class SegmentationLogic:
    """One per panel or script. jobs: the queue of this user, made when it is first needed."""

    @cached_property
    def jobs(self) -> SegmentationJobs:
        return SegmentationJobs()

    def forgetJobs(self) -> None:
        """Look for the jobs anew, after the folder of data has changed."""
        self.__dict__.pop("jobs", None)

    def loadStudy(self, path: str, answers: Mapping[str, Any] | None = None):
        """Read the one PET/CT study of a DICOM folder into the scene; returns (PET node, CT node or None).

        Raises:
            ClipsError: a `Question` names the value that is missing (answers={key: value}), a `Refusal` the reason.
        """
        return self.loadFrom(folderSource(path), answers)

    def convertToSuv(self, petNode, ctNode=None, answers: Mapping[str, Any] | None = None):
        """Read the own DICOM files of volumes that Slicer loaded; returns (PET node in SUVbw, CT node or None).

        Raises:
            ValueError: the files are not in Slicer's database. ClipsError: as `loadStudy`.
        """
        return self.loadFrom(volumeSource(petNode, ctNode), answers)

    def loadFrom(
        self,
        source: StudySource,
        answers: Mapping[str, Any] | None = None,
        petSeries: str | None = None,
        reporter=None,
    ):
        """Read one study of a source into the scene. petSeries: which of several PET series. Raises as `loadStudy`."""
        from CLIPSLib.study import choose_candidate

        return source.load(choose_candidate(source.find(answers, petSeries, reporter)), reporter)

    def startSegmentation(
        self,
        petNode,
        ctNode=None,
        model: str = "suv4",
        options: Mapping[str, Any] | None = None,
        answers: Mapping[str, Any] | None = None,
    ) -> SegmentationJob:
        """Order a segmentation and return at once: `jobs.advance()` starts it, `showResult` brings the result.

        Raises:
            ValueError: no PET. ClipsError: the inputs cannot be trusted, no such model, an option out of range.
        """
        from CLIPSLib.segmentation import get_segmenter
        from CLIPSLib.segmentation.options import complete_options

        study = Inputs.verifiedStudy(petNode, ctNode)
        description = get_segmenter(model).description
        complete_options(description, options or {}, _rules(model))
        if description.needs_ct and study.ct is None:
            raise ValueError(_("{title} needs the CT of the study.").format(title=description.title))
        return self.jobs.add(study, petNode, ctNode, model=model, options=options, answers=answers)

    def showResult(self, job: SegmentationJob):
        """Bring the result of a finished job into the scene; returns (segmentation node, table node)."""
        return self.jobs.show(job)

    def waitFor(self, job: SegmentationJob) -> None:
        """Wait until a job has ended, and keep Slicer's windows alive meanwhile."""
        while not job.status.ended:
            self.jobs.advance()
            slicer.app.processEvents()
            time.sleep(_LOOK_EVERY_S)

    def measure(self, segmentationNode, petNode=None):
        """Measure the segments as they are now and add a new table node. petNode: by default the PET they lie on.

        Raises:
            ValueError: no PET. ClipsError (`Refusal`): as `segmentation_from_node`, `study_from_nodes`.
        """
        from CLIPSLib import measure_lesions
        from CLIPSLib.scene import add_measures_table, segmentation_from_node, study_from_nodes

        petNode = petNode or petOf(segmentationNode)
        if petNode is None:
            sentence = _("The PET that “{name}” belongs to is not in the scene, or not in SUV: choose it.")
            raise ValueError(sentence.format(name=segmentationNode.GetName()))
        segmentation = segmentation_from_node(segmentationNode, petNode)
        return add_measures_table(measure_lesions(segmentation, study_from_nodes(petNode)), segmentationNode)


def petOf(segmentationNode):
    """The PET volume that a segmentation was made on; where it was drawn on a CT, the PET of that CT's study.

    None when it is gone, or several PETs have that CT.
    """
    node = drawnOn(segmentationNode)
    if node is None or Inputs.isSuv(node):
        return node
    pets = Inputs.petsOf(node)
    if pets:
        return pets[0] if len(pets) == 1 else None
    return None if Inputs.isCt(node) else node


def drawnOn(segmentationNode):
    """The volume whose voxels a segmentation has, whatever that shows; None when it is gone."""
    if segmentationNode is None:
        return None
    return segmentationNode.GetNodeReference(segmentationNode.GetReferenceImageGeometryReferenceRole())


def _rules(model: str):
    from CLIPSLib.segmentation import option_rules

    return option_rules(model)
