"""The panel in a real Slicer: it opens, applies in the background, and its table follows what the editor does."""

import time
import unittest

import slicer

PATIENCE_S = 120.0


@unittest.skipIf(slicer.util.mainWindow() is None, "the panel is opened in the main window")
class PanelScenario(unittest.TestCase):
    def setUp(self) -> None:
        slicer.mrmlScene.Clear()
        slicer.util.selectModule("CLIPSSegmentation")
        self.widget = slicer.modules.CLIPSSegmentationWidget

    def test_apply_fills_the_table_and_the_editor_changes_it(self) -> None:
        from CLIPSSegmentationLib import SampleStudies

        panel, ui = self.widget.panel, self.widget.ui
        panel.chooseStudy(*SampleStudies.load())
        ui.applyButton.click()
        self.assertEqual(ui.applyButton.text, "Cancel")
        self._wait(lambda: panel.parameterNode.segmentation is not None)
        before = panel.results.live.measures.patient.tmtv_ml
        panel.results.table.select([panel.results.live.measures.lesions[0].lesion_id])
        effect = self._effect("Threshold")
        effect.setParameter("MinimumThreshold", 6.0)
        effect.setParameter("MaximumThreshold", 1000.0)
        effect.self().onApply()
        self._wait(lambda: panel.results.live.measures.patient.tmtv_ml != before)
        ui.undoButton.click()
        self._wait(lambda: panel.results.live.measures.patient.tmtv_ml == before)

    def test_leaving_the_panel_gives_the_layout_back(self) -> None:
        from CLIPSSegmentationLib import Display, SampleStudies

        before = slicer.app.layoutManager().layout
        self.widget.panel.chooseStudy(*SampleStudies.load())
        self.assertTrue(Display.isShown())
        slicer.util.selectModule("Data")
        self.assertEqual(slicer.app.layoutManager().layout, before)

    def _effect(self, name: str):
        self.widget.ui.editor.setActiveEffectByName(name)
        return self.widget.ui.editor.activeEffect()

    def _wait(self, condition) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), give_up, "waited in vain")
            slicer.app.processEvents()
            time.sleep(0.02)
