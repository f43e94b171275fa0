"""The Slicer module CLIPS Segmentation: metadata, an API for Slicer's Python console, a self test.

A thin shell: the work is done in CLIPSLib, which is imported when something is asked for, not when Slicer starts.

    from CLIPSSegmentation import CLIPSSegmentationLogic
    logic = CLIPSSegmentationLogic()
    study = logic.loadStudy("/data/patient", answers={"weight_kg": 72})
    result = logic.showResult(study, logic.segment(study, "suv4"))
    table = logic.measure(result.segmentationNode, result.petNode)   # again, after corrections
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

if TYPE_CHECKING:
    from CLIPSLib import PetCtStudy, Segmentation


class CLIPSSegmentation(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent) -> None:
        super().__init__(parent)
        parent.title = _("CLIPS Segmentation")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = []
        parent.contributors = ["The CLIPS contributors"]
        parent.helpText = _(
            "Total metabolic tumor volume (TMTV) on FDG PET/CT: reads the study from DICOM with a verified SUV, "
            "segments candidate lesions and measures them. For research use only, not a medical device. "
            "See the <a href='https://github.com/CLIPS-TMTV/SlicerCLIPS'>documentation</a>."
        )
        parent.acknowledgementText = _("Measures follow the definitions of the IBSI and of lymphoma imaging groups.")
        parent.hidden = True  # there is no panel: the module is used from the console and from scripts


class ShownResult(NamedTuple):
    """The MRML nodes of a result; `ctNode` is None for a PET without CT."""

    petNode: Any
    ctNode: Any
    segmentationNode: Any
    tableNode: Any


class CLIPSSegmentationLogic(ScriptedLoadableModuleLogic):
    """Study in, segments and measures out; needs no window.

    Errors are `CLIPSLib.ClipsError`: a `Question` names the value that is missing (give it as `answers={key: value}`),
    a `Refusal` says why no trustworthy result can be made and what to do.
    """

    def loadStudy(self, path: str, answers: dict[str, Any] | None = None) -> PetCtStudy:
        """Read the one PET/CT study of a DICOM folder: PET in SUVbw (g/mL), CT in HU."""
        from CLIPSLib import load_study

        return load_study(path, answers=answers)

    def segment(self, study: PetCtStudy, model: str = "suv4", answers: dict[str, Any] | None = None) -> Segmentation:
        """Find candidate lesions. `CLIPSLib.list_segmenters()` tells the models."""
        from CLIPSLib import segment_study

        return segment_study(study, model, answers=answers)

    def showResult(self, study: PetCtStudy, segmentation: Segmentation) -> ShownResult:
        """Add volumes, one segment per lesion and the table of measures to the scene, and show the PET."""
        from CLIPSLib import measure_lesions
        from CLIPSLib.scene import add_measures_table, add_segmentation, add_study_volumes

        petNode, ctNode = add_study_volumes(study)
        segmentationNode = add_segmentation(segmentation, study, petNode)
        tableNode = add_measures_table(measure_lesions(segmentation, study), segmentationNode)
        if slicer.app.layoutManager() is not None:
            slicer.util.setSliceViewerLayers(background=petNode, fit=True)
        return ShownResult(petNode, ctNode, segmentationNode, tableNode)

    def measure(self, segmentationNode, petNode):
        """Measure the segments as they are now and add a new table node with the result."""
        from CLIPSLib import measure_lesions
        from CLIPSLib.scene import add_measures_table, segmentation_from_node, study_from_nodes

        segmentation = segmentation_from_node(segmentationNode, petNode)
        return add_measures_table(measure_lesions(segmentation, study_from_nodes(petNode)), segmentationNode)


class CLIPSSegmentationTest(ScriptedLoadableModuleTest):
    """Runs by "Reload and Test" and by ctest, on a phantom made on the spot: no network, no download."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_phantomFromDicomToTable(self) -> None:
        """A phantom's DICOM becomes the segments and volumes known to be in it; corrections change the total."""
        import tempfile

        from CLIPSLib.phantom import write_phantom

        logic = CLIPSSegmentationLogic()
        with tempfile.TemporaryDirectory() as folder:
            truth = write_phantom(f"{folder}/phantom", preset="small").threshold(4.0)
            study = logic.loadStudy(f"{folder}/phantom")
        result = logic.showResult(study, logic.segment(study, "suv4"))
        segments = result.segmentationNode.GetSegmentation()
        volumes = self._volumesMl(result.tableNode)
        self.assertEqual(segments.GetNumberOfSegments(), truth.preselected_component_count)
        self.assertAlmostEqual(volumes[-1], truth.preselected_volume_ml, places=3)
        segments.RemoveSegment(segments.GetNthSegmentID(0))
        corrected = self._volumesMl(logic.measure(result.segmentationNode, result.petNode))
        self.assertAlmostEqual(corrected[-1], volumes[-1] - volumes[0], places=6)

    @staticmethod
    def _volumesMl(tableNode) -> list[float]:
        column = tableNode.GetTable().GetColumnByName("volume_ml")
        return [column.GetValue(row) for row in range(tableNode.GetNumberOfRows())]
