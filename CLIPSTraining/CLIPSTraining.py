"""The Slicer module CLIPS Training: metadata, and shells around what is in CLIPSTrainingLib.

    from CLIPSTraining import CLIPSTrainingLogic
    logic = CLIPSTrainingLogic()
    logic.openRegistry("/data/registry", create=True)
    case, _new = logic.addCase(petNode, ctNode)
    version = logic.addMask(case.case_id, segmentationNode, author="A. Reader", reference=True)
    shown = logic.showCase(case.case_id)           # its nodes: shown.petNode, .ctNode, .segmentationNode
    logic.registry.review(case.case_id, status="accepted", reader="A. Reader", mask_id=version.id)

    from CLIPSTrainingLib.CaseChoice import CaseChoice
    run = logic.train("standard", CaseChoice(split="5 parts of 60 cases"), values={"training.steps": 2000})
    logic.useModel(run)                            # chosen in CLIPS Segmentation

The core, CLIPSLib, is not imported before somebody asks for something, so that Slicer starts as fast as without it.
"""

from __future__ import annotations

import sys

import slicer
from CLIPSTrainingLib.Logic import TrainingLogic
from CLIPSTrainingLib.RunLogic import RunLogic
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class CLIPSTraining(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent) -> None:
        super().__init__(parent)
        parent.title = _("CLIPS Training")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["CLIPSSegmentation"]  # whose packages CLIPSLib and CLIPSSegmentationLib are used
        parent.contributors = ["The CLIPS contributors"]
        parent.helpText = _(
            "Turns segmentations of PET/CT studies into a trusted training set: review, correct and rate case after "
            "case; then trains networks with it and compares them. For research use only, not a medical device. "
            "See the <a href='https://github.com/CLIPS-TMTV/SlicerCLIPS'>documentation</a>."
        )
        parent.acknowledgementText = _("Agreement of raters: weighted kappa (Cohen) and alpha (Krippendorff).")
        slicer.app.connect("startupCompleted()", self._onStartupCompleted)

    def _onStartupCompleted(self) -> None:
        from CLIPSTrainingLib import CompareViews

        CompareViews.registerLayout()


class CLIPSTrainingWidget(ScriptedLoadableModuleWidget):
    """The panel: hands on what Slicer says."""

    def setup(self) -> None:
        super().setup()
        from CLIPSTrainingLib.Panel import Panel

        self.logic = CLIPSTrainingLogic()
        self.panel = Panel(self.layout, self.logic, self.resourcePath)
        self.layout.addStretch(1)

    def enter(self) -> None:
        self.panel.enter()

    def exit(self) -> None:
        self.panel.exit()

    def cleanup(self) -> None:
        self.panel.cleanup()

    def onReload(self) -> None:
        """Reload in developer mode takes the package with it: forgotten here, it is imported anew."""
        for name in [name for name in sys.modules if name.split(".")[0] == "CLIPSTrainingLib"]:
            del sys.modules[name]
        super().onReload()
        reloaded = slicer.modules.CLIPSTrainingWidget
        if reloaded.parent.isEntered:  # Slicer sets the new panel up and leaves it to the module to enter it
            reloaded.enter()


class CLIPSTrainingLogic(TrainingLogic, RunLogic, ScriptedLoadableModuleLogic):
    """A registry of cases and the scene, and training with them; needs no window. See `TrainingLogic`, `RunLogic`."""


class CLIPSTrainingTest(ScriptedLoadableModuleTest):
    """Runs by "Reload and Test" and by ctest, on a phantom made on the spot: no network, no download."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_caseFromTheSceneAndBack(self) -> None:
        """A study and its lesions go into a registry, come back into an empty scene, and a correction is a version."""
        import tempfile

        from CLIPSLib import load_study, segment_study
        from CLIPSLib.phantom import write_phantom
        from CLIPSLib.scene import add_segmentation, add_study_volumes

        with tempfile.TemporaryDirectory() as folder, CLIPSTrainingLogic() as logic:
            write_phantom(f"{folder}/phantom", preset="small")
            study = load_study(f"{folder}/phantom")
            petNode, ctNode = add_study_volumes(study)
            lesionNode = add_segmentation(segment_study(study, "suv4"), study, petNode)
            registry = logic.openRegistry(f"{folder}/registry", create=True)
            case, new = logic.addCase(petNode, ctNode)
            self.assertTrue(new)
            first = logic.addMask(case.case_id, lesionNode, author="Tester", reference=True)
            slicer.mrmlScene.Clear()
            shown = logic.showCase(case.case_id)
            segments = shown.segmentationNode.GetSegmentation()
            self.assertEqual(segments.GetNumberOfSegments(), first.lesion_count)
            segments.RemoveSegment(segments.GetNthSegmentID(0))
            second = logic.addMask(case.case_id, shown.segmentationNode, author="Tester", parent=first.id)
            self.assertLess(second.volume_ml, first.volume_ml)
            self.assertEqual([mask.id for mask in registry.masks(case.case_id)], [first.id, second.id])
            self.assertEqual(registry.reference(case.case_id).id, first.id)
