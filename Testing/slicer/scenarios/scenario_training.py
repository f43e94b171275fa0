"""CLIPS Training in a real Slicer: self test; keys, editor, drafts and the next case in the panel."""

import tempfile
import time
import unittest
from dataclasses import replace

import slicer

PATIENCE_S = 60.0
READER = "Scenario"


class TrainingModuleScenario(unittest.TestCase):
    def test_its_self_test_passes(self) -> None:
        slicer.selfTests["CLIPSTraining"]()


@unittest.skipIf(slicer.util.mainWindow() is None, "the panel is opened in the main window")
class TrainingPanelScenario(unittest.TestCase):
    def setUp(self) -> None:
        from CLIPSLib import load_study, segment_study, write_phantom
        from CLIPSLib.cases import Registry
        from CLIPSTrainingLib import Settings

        slicer.mrmlScene.Clear()
        self.folder = tempfile.TemporaryDirectory()
        write_phantom(f"{self.folder.name}/phantom", preset="small")
        study = load_study(f"{self.folder.name}/phantom")
        with Registry.create(f"{self.folder.name}/registry") as registry:
            for number in (1, 2):
                identity = replace(study.identity, patient_id=f"P{number}", pet_series_uid=f"2.25.{number}")
                own = replace(study, identity=identity)
                case = registry.add_case(own, source="phantom")
                registry.add_mask(case.case_id, segment_study(own, "suv4"), origin="predicted", author="suv4")
        Settings.setReader(READER)
        slicer.util.selectModule("CLIPSTraining")
        self.panel = slicer.modules.CLIPSTrainingWidget.panel
        self.assertTrue(self.panel.openRegistry(f"{self.folder.name}/registry"))

    def tearDown(self) -> None:
        self.panel.review.forget()
        self.panel.closeRegistry()
        slicer.util.selectModule("Data")
        self.folder.cleanup()

    def test_the_editor_changes_the_case_and_a_correction_is_saved(self) -> None:
        review = self.panel.review
        self.assertTrue(self.panel.openCase("C0001"))
        self._wait(lambda: not review.lesions.live.pending)
        self.assertFalse(review.work.changed)
        editor = review.ui.editor
        editor.setCurrentSegmentID(review.lesions.live.measures.lesions[0].lesion_id)
        editor.setActiveEffectByName("Islands")
        effect = editor.activeEffect()
        effect.setParameter("Operation", "REMOVE_SMALL_ISLANDS")
        effect.setParameter("MinimumSize", 1_000_000)
        effect.self().onApply()
        self._wait(lambda: review.work.changed)
        review.ui.saveButton.click()
        self.assertEqual([mask.author for mask in self.panel.registry.masks("C0001")], ["suv4", READER])

    def test_what_is_unfinished_is_kept_when_the_module_is_left(self) -> None:
        review = self.panel.review
        self.panel.openCase("C0001")
        self._wait(lambda: not review.lesions.live.pending)
        review.lesions.table.select([review.lesions.live.measures.lesions[0].lesion_id])
        review.ui.deleteButton.click()
        slicer.util.selectModule("Data")
        self.assertEqual(self.panel.registry.read_draft("C0001", READER).edit_count, 1)
        slicer.util.selectModule("CLIPSTraining")
        self.assertTrue(review.work.changed)

    def test_the_neighbor_is_read_while_slicer_waits_for_events(self) -> None:
        self.panel.openCase("C0001")
        self._wait(lambda: not self.panel.imageReader.busy)
        start = time.monotonic()
        self.panel.cases.openNext()
        self.assertEqual(self.panel.review.caseId, "C0002")
        self.assertLess(time.monotonic() - start, 2.0)

    def test_keys_are_there_only_while_the_panel_is_open(self) -> None:
        def keys() -> set[str]:
            shortcuts = slicer.util.findChildren(slicer.util.mainWindow(), className="QShortcut")
            return {shortcut.key.toString() for shortcut in shortcuts}

        self.assertIn("Alt+5", keys())
        slicer.util.selectModule("Data")
        slicer.app.processEvents()
        self.assertNotIn("Alt+5", keys())

    def test_no_key_is_one_of_slicer_s_own(self) -> None:
        actions = slicer.util.findChildren(slicer.util.mainWindow(), className="QAction")
        taken = {key.toString() for action in actions for key in action.shortcuts()}
        keys = ("Ctrl+N", "Ctrl+P", "Ctrl+D", "Ctrl+Return", "Ctrl+Shift+Return", "Alt+1", "Alt+5", "Alt+Return")
        self.assertEqual(taken & set(keys), set())

    def _wait(self, condition) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), give_up, "waited in vain")
            slicer.app.processEvents()
            time.sleep(0.02)
