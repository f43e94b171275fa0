"""Stand-in for Slicer's plot view: draws the chart of a plot view node by VTK's charts, as Slicer does.

Registered by import; see `stand_ins`. Scatter series with and without markers are all that it knows.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from PySide6 import QtGui, QtWidgets
from vtk.util.numpy_support import vtk_to_numpy

from slicer_host.mrml_widgets import WithScene
from slicer_host.stand_ins import stand_in

_LINE_WIDTH = 2.0


@stand_in
class qMRMLPlotView(WithScene, QtWidgets.QWidget):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._view_node = None

    def setMRMLPlotViewNode(self, node) -> None:
        self._view_node = node
        self.update()

    def mrmlPlotViewNode(self):
        return self._view_node

    def fitToContent(self) -> None:
        """As Slicer's: what fits goes into the chart node, whether its axes are automatic or not."""
        chart = self._view_node.GetPlotChartNode()
        series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
        for setRange, name in ((chart.SetXAxisRange, "x"), (chart.SetYAxisRange, "y")):
            columns = [vtk_to_numpy(each.GetTableNode().GetTable().GetColumnByName(name)) for each in series]
            setRange(min(map(np.nanmin, columns)), max(map(np.nanmax, columns)))
        self.update()

    def paintEvent(self, _event) -> None:
        node = self._view_node
        chart = node.GetPlotChartNode() if node is not None and node.GetScene() is not None else None
        if chart is None:
            return
        pixels = draw_chart(chart, (self.width, self.height))
        image = QtGui.QImage(pixels.tobytes(), pixels.shape[1], pixels.shape[0], QtGui.QImage.Format_RGB888)
        painter = QtGui.QPainter(self)
        painter.drawImage(0, 0, image)
        painter.end()


def draw_chart(chart_node, size: tuple[int, int]):
    """A vtkMRMLPlotChartNode as a picture [y, x, RGB], size (width, height)."""
    chart = vtk.vtkChartXY()
    for number in range(chart_node.GetNumberOfPlotSeriesNodes()):
        _add_series(chart, chart_node.GetNthPlotSeriesNode(number))
    chart.SetShowLegend(chart_node.GetLegendVisibility())
    titles = {vtk.vtkAxis.BOTTOM: chart_node.GetXAxisTitle(), vtk.vtkAxis.LEFT: ""}
    if chart_node.GetYAxisTitleVisibility():
        titles[vtk.vtkAxis.LEFT] = chart_node.GetYAxisTitle()
    for side, title in titles.items():
        axis = chart.GetAxis(side)
        axis.SetTitle(title)
        axis.GetTitleProperties().SetFontSize(chart_node.GetAxisTitleFontSize())
        axis.GetLabelProperties().SetFontSize(chart_node.GetAxisLabelFontSize())
    if not chart_node.GetYAxisRangeAuto():
        chart.GetAxis(vtk.vtkAxis.LEFT).SetRange(*chart_node.GetYAxisRange())
        chart.GetAxis(vtk.vtkAxis.LEFT).SetBehavior(vtk.vtkAxis.FIXED)
    if not chart_node.GetXAxisRangeAuto():
        chart.GetAxis(vtk.vtkAxis.BOTTOM).SetRange(*chart_node.GetXAxisRange())
        chart.GetAxis(vtk.vtkAxis.BOTTOM).SetBehavior(vtk.vtkAxis.FIXED)
    chart.SetTitle(chart_node.GetTitle())
    chart.GetTitleProperties().SetFontSize(chart_node.GetTitleFontSize())
    return _grab(chart, size)


def _add_series(chart, series) -> None:
    if series.GetPlotType() != slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter:
        raise NotImplementedError("the host draws scatter series only")
    table = series.GetTableNode().GetTable()
    columns = [_index(table, name) for name in (series.GetXColumnName(), series.GetYColumnName())]
    line = chart.AddPlot(vtk.vtkChart.LINE)
    line.SetInputData(table, *columns)
    line.SetLabel(series.GetName())
    line.SetColorF(*series.GetColor())
    line.SetWidth(_LINE_WIDTH)
    if series.GetLineStyle() == series.LineStyleNone:
        line.GetPen().SetLineType(vtk.vtkPen.NO_PEN)
    line.SetMarkerStyle(
        vtk.vtkPlotPoints.CIRCLE if series.GetMarkerStyle() == series.MarkerStyleCircle else vtk.vtkPlotPoints.NONE
    )


def _index(table, name: str) -> int:
    found = [number for number in range(table.GetNumberOfColumns()) if table.GetColumnName(number) == name]
    if not found:
        raise ValueError(f"the table of a series has no column '{name}'")
    return found[0]


def _grab(chart, size: tuple[int, int]):
    view = vtk.vtkContextView()
    view.GetRenderer().SetBackground(1.0, 1.0, 1.0)
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*size)
    view.GetScene().AddItem(chart)
    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _depth = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3].copy()
