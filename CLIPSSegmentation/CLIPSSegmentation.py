"""The Slicer module CLIPS Segmentation: metadata, and shells around what is in CLIPSSegmentationLib.

    from CLIPSSegmentation import CLIPSSegmentationLogic
    logic = CLIPSSegmentationLogic()
    petNode, ctNode = logic.loadStudy("/data/patient", answers={"weight_kg": 72})
    segmentationNode, tableNode = logic.segment(petNode, ctNode, model="suv4")
    tableNode = logic.measure(segmentationNode)   # again, after corrections

The core, CLIPSLib, is not imported before somebody asks for something, so that Slicer starts as fast as without it.
"""

from __future__ import annotations

import sys

import slicer
from CLIPSSegmentationLib import Settings
from CLIPSSegmentationLib.Logic import SegmentationLogic
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class CLIPSSegmentation(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent) -> None:
        super().__init__(parent)
        parent.title = _("CLIPS Segmentation")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "SubjectHierarchy", "VolumeRendering", "Volumes"]
        parent.contributors = ["The CLIPS contributors"]
        parent.helpText = _(
            "Total metabolic tumor volume (TMTV) on FDG PET/CT: reads the study from DICOM with a verified SUV, "
            "segments candidate lesions and measures them while you correct them. For research use only, not a medical "
            "device. See the <a href='https://github.com/CLIPS-TMTV/SlicerCLIPS'>documentation</a>."
        )
        parent.acknowledgementText = _("Measures follow the definitions of the IBSI and of lymphoma imaging groups.")
        Settings.applyDataFolder()  # for scripts too, which open no panel
        slicer.app.connect("startupCompleted()", self._onStartupCompleted)

    def _onStartupCompleted(self) -> None:
        from CLIPSSegmentationLib import Display, SampleStudies

        Display.registerLayout()
        SampleStudies.register(self.resourcePath("Icons/CLIPSSegmentation.png"))


class CLIPSSegmentationWidget(ScriptedLoadableModuleWidget):
    """The panel: loads the form and hands on what Slicer says."""

    def setup(self) -> None:
        super().setup()
        from CLIPSSegmentationLib.Panel import Panel

        form = slicer.util.loadUI(self.resourcePath("UI/CLIPSSegmentation.ui"))
        self.layout.addWidget(form)
        form.setMRMLScene(slicer.mrmlScene)
        self.logic = CLIPSSegmentationLogic()
        self.panel = Panel(form, self.logic, self.resourcePath)
        self.ui = self.panel.ui
        self.layout.addStretch(1)

    def enter(self) -> None:
        self.panel.enter()

    def exit(self) -> None:
        self.panel.exit()

    def cleanup(self) -> None:
        self.panel.cleanup()

    def onReload(self) -> None:
        """Reload in developer mode takes the packages with it: forgotten here, they are imported anew."""
        for name in [name for name in sys.modules if name.split(".")[0] in ("CLIPSSegmentationLib", "CLIPSLib")]:
            del sys.modules[name]
        super().onReload()
        reloaded = slicer.modules.CLIPSSegmentationWidget
        if reloaded.parent.isEntered:  # Slicer sets the new panel up and leaves it to the module to enter it
            reloaded.enter()


class CLIPSSegmentationLogic(SegmentationLogic, ScriptedLoadableModuleLogic):
    """Study in, segments and measures out; needs no window. What it can do besides is in `SegmentationLogic`.

    Errors are `CLIPSLib.ClipsError`: a `Question` names the value that is missing (give it as `answers={key: value}`),
    a `Refusal` says why no trustworthy result can be made and what to do.
    """

    def getParameterNode(self):
        """The choices of the scene, typed."""
        from CLIPSSegmentationLib.ParameterNode import CLIPSSegmentationParameterNode

        return CLIPSSegmentationParameterNode(super().getParameterNode())

    def segment(self, petNode, ctNode=None, model: str = "suv4", options=None, answers=None, wait: bool = True):
        """Segment a PET in a background job; returns (segmentation node, table node), or with wait=False the job.

        model: `CLIPSLib.list_segmenters()` tells them. Raises what stopped the job.
        """
        job = self.startSegmentation(petNode, ctNode, model, options, answers)
        if not wait:
            self.jobs.advance()
            return job
        self.waitFor(job)
        return self.showResult(job)


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
            segmentationNode, tableNode = logic.segment(*logic.loadStudy(f"{folder}/phantom"), model="suv4")
        segments, volumes = segmentationNode.GetSegmentation(), self._volumesMl(tableNode)
        self.assertEqual(segments.GetNumberOfSegments(), truth.preselected_component_count)
        self.assertAlmostEqual(volumes[-1], truth.preselected_volume_ml, places=3)
        segments.RemoveSegment(segments.GetNthSegmentID(0))
        corrected = self._volumesMl(logic.measure(segmentationNode))
        self.assertAlmostEqual(corrected[-1], volumes[-1] - volumes[0], places=6)

    @staticmethod
    def _volumesMl(tableNode) -> list[float]:
        column = tableNode.GetTable().GetColumnByName("volume_ml")
        return [column.GetValue(row) for row in range(tableNode.GetNumberOfRows())]
