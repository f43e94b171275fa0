"""Segment Editor effects change voxels, and the module measures what they made."""

import tempfile
import unittest

import slicer


class SegmentEditorScenario(unittest.TestCase):
    def setUp(self) -> None:
        from CLIPSLib.phantom import write_phantom

        from CLIPSSegmentation import CLIPSSegmentationLogic

        slicer.mrmlScene.Clear()
        self.logic = CLIPSSegmentationLogic()
        with tempfile.TemporaryDirectory() as folder:
            write_phantom(f"{folder}/phantom", preset="small")
            self.petNode, _ctNode = self.logic.loadStudy(f"{folder}/phantom")
        self.segmentationNode, _tableNode = self.logic.segment(self.petNode, model="suv4")
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.editor.setMaximumNumberOfUndoStates(10)
        self.editor.setSegmentationNode(self.segmentationNode)
        self.editor.setSourceVolumeNode(self.petNode)

    def tearDown(self) -> None:
        self.editor.setActiveEffect(None)
        self.editor.setSegmentationNode(None)

    def test_the_threshold_effect_makes_a_segment_that_is_measured_voxel_by_voxel(self) -> None:
        segments = self.segmentationNode.GetSegmentation()
        for segment_id in segments.GetSegmentIDs():
            segments.RemoveSegment(segment_id)
        self._threshold(segments.AddEmptySegment("drawn", "Drawn"), 4.0)
        voxels = int((slicer.util.arrayFromVolume(self.petNode) >= 4.0).sum())
        spacing = self.petNode.GetSpacing()
        expected_ml = voxels * spacing[0] * spacing[1] * spacing[2] / 1000.0
        self.assertAlmostEqual(self._total_ml(), expected_ml, places=6)

    def test_undo_brings_the_voxels_back(self) -> None:
        before = self._total_ml()
        first = self.segmentationNode.GetSegmentation().GetNthSegmentID(0)
        self._threshold(first, 1.0)
        self.assertNotAlmostEqual(self._total_ml(), before, places=3)
        self.editor.undo()
        self.assertAlmostEqual(self._total_ml(), before, places=6)

    def _threshold(self, segment_id: str, suv: float) -> None:
        self.editor.setCurrentSegmentID(segment_id)
        self.editor.setActiveEffectByName("Threshold")
        effect = self.editor.activeEffect()
        effect.setParameter("MinimumThreshold", suv)
        effect.setParameter("MaximumThreshold", 1000.0)
        effect.self().onApply()

    def _total_ml(self) -> float:
        table = self.logic.measure(self.segmentationNode, self.petNode)
        return table.GetTable().GetColumnByName("volume_ml").GetValue(table.GetNumberOfRows() - 1)
