"""Training sections in a real Slicer: charts draw, go with the scene; views side by side; a run stops and goes on."""

import os
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
import qt
import slicer

RUN_S = 600.0  # patience for a tiny run
TINY = {
    "name": "scenario",
    "data.use": "pet",
    "data.spacing_mm": (8.0, 8.0, 8.0),
    "data.patch": (16, 16, 16),
    "data.workers": 0,
    "network.options": {"filters": 8},
    "training.device": "cpu",
    "validation.every": 0,
    "checkpoint.minutes": 0.0,
    "checkpoint.steps": 2,
}


class ChartScenario(unittest.TestCase):
    def setUp(self) -> None:
        slicer.mrmlScene.Clear()
        self.area = qt.QWidget()
        qt.QVBoxLayout(self.area)
        self.area.resize(400, 200)

    def test_a_plot_view_of_a_panel_draws_lines(self) -> None:
        from CLIPSTrainingLib.Chart import Chart, Line

        chart = Chart(self.area, "Loss", "step")
        steps = np.arange(50.0)
        chart.show([Line("loss", steps, np.exp(-steps / 20)), Line("last", steps[:1], steps[:1])])
        self.area.show()
        slicer.app.processEvents()
        image = self.area.grab().toImage()
        colors = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
        self.assertGreater(len(colors), 10, "the plot view is empty")
        chart.forget()
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLPlotChartNode"), [])
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode"), [])

    def test_a_chart_survives_the_end_of_the_scene(self) -> None:
        from CLIPSTrainingLib.Chart import Chart, Line

        chart = Chart(self.area, "Dice", "step")
        chart.show([Line("Dice", np.array([5.0]), np.array([0.5]), points=True)])
        slicer.mrmlScene.Clear()
        chart.forget()
        chart.show([Line("Dice", np.array([5.0, 10.0]), np.array([0.5, 0.6]), points=True)], (0, 1))
        self.assertIsNotNone(chart.chartNode.GetScene())
        chart.forget()


class CompareViewsScenario(unittest.TestCase):
    """Needs slice views, not a main window."""

    def setUp(self) -> None:
        if slicer.app.layoutManager() is None or not slicer.app.layoutManager().sliceViewNames():
            self.skipTest("there are no slice views")
        slicer.mrmlScene.Clear()

    def test_views_side_by_side_move_together_and_show_their_own_outlines(self) -> None:
        from CLIPSLib import load_study, segment_study, write_phantom
        from CLIPSLib.scene import add_segmentation, add_study_volumes
        from CLIPSTrainingLib import CompareViews

        with tempfile.TemporaryDirectory() as folder:
            write_phantom(f"{folder}/phantom", preset="small")
            study = load_study(f"{folder}/phantom")
        petNode, ctNode = add_study_volumes(study)
        found = segment_study(study, "suv4")
        nodes = {name: add_segmentation(found, study, petNode) for name in CompareViews.NAMES}
        manager = slicer.app.layoutManager()
        before = manager.layout
        CompareViews.show(petNode, ctNode, nodes)
        self.assertTrue(CompareViews.isShown())
        slices = {name: manager.sliceWidget(CompareViews.viewName(name, "Axial")) for name in CompareViews.NAMES}
        for name, widget in slices.items():
            self.assertEqual(widget.mrmlSliceCompositeNode().GetForegroundVolumeID(), petNode.GetID())
            for other, node in nodes.items():
                expected = other in (name, "reference")
                shown = node.GetDisplayNode().IsDisplayableInView(widget.mrmlSliceNode().GetID())
                self.assertEqual(shown, expected, (name, other))
        self._move(slices["A"], 10.0)
        offsets = {name: widget.sliceLogic().GetSliceOffset() for name, widget in slices.items()}
        if slicer.util.mainWindow() is not None:  # links work through the interaction of real views
            self.assertAlmostEqual(offsets["reference"], offsets["A"], places=3)
        manager.setLayout(before)

    def _move(self, widget, by_mm: float) -> None:
        logic = widget.sliceLogic()
        logic.StartSliceOffsetInteraction()
        logic.SetSliceOffset(logic.GetSliceOffset() + by_mm)
        logic.EndSliceOffsetInteraction()
        slicer.app.processEvents()


class RunScenario(unittest.TestCase):
    """Needs PyTorch and MONAI, in processes of Slicer's own interpreter."""

    def setUp(self) -> None:
        import importlib.util

        missing = [name for name in ("torch", "monai") if importlib.util.find_spec(name) is None]
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}")
        slicer.mrmlScene.Clear()
        self.folder = tempfile.TemporaryDirectory()
        self.home = os.environ.get("CLIPS_HOME")
        os.environ["CLIPS_HOME"] = f"{self.folder.name}/home"

    def tearDown(self) -> None:
        if self.home is None:
            del os.environ["CLIPS_HOME"]
        else:
            os.environ["CLIPS_HOME"] = self.home
        self.folder.cleanup()

    def test_a_run_is_stopped_resumed_and_its_model_segments(self) -> None:
        from CLIPSTrainingLib.CaseChoice import CaseChoice

        from CLIPSSegmentation import CLIPSSegmentationLogic
        from CLIPSTraining import CLIPSTrainingLogic

        with CLIPSTrainingLogic() as logic:
            self._registry(logic)
            choice = CaseChoice(split="two", fold=0, unreviewed=True)
            run = logic.train("quick", choice, values={**TINY, "training.steps": 40}, wait=False)
            self._wait(lambda: (run.status.facts.get("step") or 0) >= 2 or run.status.ended)
            run.status.raise_for_error()
            run.job.ask_stop()
            logic.waitFor(run)
            self.assertEqual(run.status.result["state"], "stopped")
            logic.resume(run)
            self.assertEqual(run.status.result["state"], "finished")
            model = logic.useModel(run)
        self.assertEqual(CLIPSSegmentationLogic().getParameterNode().model, model)

    def _registry(self, logic) -> None:
        from dataclasses import replace

        from CLIPSLib import load_study, segment_study, write_phantom
        from CLIPSLib.cases import make_split

        write_phantom(f"{self.folder.name}/phantom", preset="small")
        study = load_study(f"{self.folder.name}/phantom")
        registry = logic.openRegistry(str(Path(self.folder.name) / "registry"), create=True)
        for number in (1, 2):
            uids = {"pet_series_uid": f"2.25.{number}", "study_uid": f"2.25.{number}.1"}
            identity = replace(study.identity, patient_id=f"P{number}", **uids)
            own = replace(study, identity=identity, pet=study.pet + 0.001 * number)  # equal voxels: one patient
            case = registry.add_case(own, source="phantom").case_id
            mask = registry.add_mask(case, segment_study(own, "suv4"), origin="predicted", author="suv4")
            registry.set_reference(case, mask.id, author="Scenario")
        registry.save_split("two", make_split(registry.cases(), folds=2, seed=0))

    def _wait(self, condition) -> None:
        end = time.monotonic() + RUN_S
        while not condition():
            self.assertLess(time.monotonic(), end, "not reached in time")
            slicer.app.processEvents()
            time.sleep(0.1)
