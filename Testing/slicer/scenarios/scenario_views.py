"""Slicer's views show the PET; needs a main window, for without one there are no views."""

import tempfile
import unittest

import slicer


@unittest.skipIf(slicer.util.mainWindow() is None, "there are no views without a main window")
class ViewsScenario(unittest.TestCase):
    def test_the_slice_views_show_the_pet_of_a_result(self) -> None:
        from CLIPSLib.phantom import write_phantom
        from CLIPSSegmentationLib import Display

        from CLIPSSegmentation import CLIPSSegmentationLogic

        slicer.mrmlScene.Clear()
        logic = CLIPSSegmentationLogic()
        with tempfile.TemporaryDirectory() as folder:
            write_phantom(f"{folder}/phantom", preset="small")
            petNode, _ctNode = logic.loadStudy(f"{folder}/phantom")
        logic.segment(petNode, model="suv4")
        Display.showFusion(petNode)
        slicer.util.forceRenderAllViews()
        slicer.app.processEvents()
        layout = slicer.app.layoutManager()
        for name in ("Red", "Yellow", "Green"):
            self.assertEqual(layout.sliceWidget(name).mrmlSliceCompositeNode().GetBackgroundVolumeID(), petNode.GetID())
            image = layout.sliceWidget(name).sliceView().grab().toImage()
            colors = {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
            self.assertGreater(len(colors), 10, f"the {name} view shows a single color")
