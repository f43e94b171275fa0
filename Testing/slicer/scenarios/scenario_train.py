"""Training sections in a real Slicer: the plot view in the panel draws, and forgets its nodes with the scene."""

import unittest

import numpy as np
import qt
import slicer


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
