"""A chart inside a panel: lines as MRML plot nodes in a plot view. Used by the sections that train and compare.

Nodes and view are made when something is shown first. They are not saved with the scene and return when it was closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer

COLOR, FAINT = (0.11, 0.42, 0.66), (0.7, 0.7, 0.7)
_HEIGHT = 170
_FONT = 11


@dataclass(frozen=True, eq=False)
class Line:
    """x, y: float arrays of one length. color: RGB, 0 to 1; `FAINT` for what others are compared with. points: mark
    the values; joined: draw the line between them."""

    name: str
    x: np.ndarray
    y: np.ndarray
    color: tuple[float, float, float] = COLOR
    points: bool = False
    joined: bool = True


class Chart:
    """area: an empty widget with a layout, hidden while there is nothing to show. title: says what the y axis shows."""

    def __init__(self, area, title: str, xTitle: str) -> None:
        self._area, self._titles = area, (title, xTitle)
        self._view = None
        self._viewNode = self._chartNode = None
        self._lines: list[tuple] = []  # (table node, series node)
        area.visible = False

    @property
    def chartNode(self):
        """The vtkMRMLPlotChartNode, None before something was shown."""
        return self._chartNode

    def show(
        self,
        lines: Sequence[Line],
        yRange: tuple[float, float] | None = None,
        xRange: tuple[float, float] | None = None,
    ) -> None:
        """Show these lines and no others; without a point of any, nothing. Ranges: of the axes; None: what fits."""
        lines = [line for line in lines if len(line.x)]
        self._area.visible = bool(lines)
        if not lines:
            return
        self._makeView()
        wasModified = self._chartNode.StartModify()
        while len(self._lines) > len(lines):
            self._removeLine(*self._lines.pop())
        while len(self._lines) < len(lines):
            self._lines.append(self._makeLine(len(self._lines)))
        for (tableNode, seriesNode), line in zip(self._lines, lines, strict=True):
            _fill(tableNode, seriesNode, line)
        self._chartNode.EndModify(wasModified)
        self._view.fitToContent()  # both axes, also one of a set range, and the view writes them into the chart node
        self._setRanges(yRange, xRange)

    def _setRanges(self, yRange: tuple[float, float] | None, xRange: tuple[float, float] | None) -> None:
        wasModified = self._chartNode.StartModify()
        self._chartNode.SetYAxisRangeAuto(yRange is None)
        if yRange is not None:
            self._chartNode.SetYAxisRange(*yRange)
        self._chartNode.SetXAxisRangeAuto(xRange is None)
        if xRange is not None:
            self._chartNode.SetXAxisRange(*xRange)
        self._chartNode.EndModify(wasModified)

    def forget(self) -> None:
        """The scene is closed, or the panel goes: take the nodes out."""
        for nodes in self._lines:
            _remove(*nodes)
        _remove(self._chartNode, self._viewNode)
        self._lines, self._chartNode, self._viewNode = [], None, None
        self._area.visible = False

    def _makeView(self) -> None:
        if self._chartNode is not None and self._chartNode.GetScene() is not None:
            return
        self._lines = []
        title, xTitle = self._titles
        self._chartNode = _add("vtkMRMLPlotChartNode", title)
        self._chartNode.SetTitle(title)
        self._chartNode.SetLegendVisibility(False)
        self._chartNode.SetXAxisTitle(xTitle)
        self._chartNode.SetYAxisTitleVisibility(False)  # the title says it, upright and in the full width
        for setSize in ("SetTitleFontSize", "SetAxisTitleFontSize", "SetAxisLabelFontSize"):
            getattr(self._chartNode, setSize)(_FONT)
        self._viewNode = _add("vtkMRMLPlotViewNode", title, owner=self._chartNode)
        self._viewNode.SetPlotChartNodeID(self._chartNode.GetID())
        if self._view is None:
            self._view = slicer.qMRMLPlotView()
            self._view.setMRMLScene(slicer.mrmlScene)
            self._view.minimumHeight = self._view.maximumHeight = _HEIGHT
            self._area.layout().addWidget(self._view)
        self._view.setMRMLPlotViewNode(self._viewNode)

    def _makeLine(self, number: int) -> tuple:
        tableNode = _add("vtkMRMLTableNode", f"{self._titles[0]} {number + 1}")
        seriesNode = _add("vtkMRMLPlotSeriesNode", f"{self._titles[0]} {number + 1}")
        seriesNode.SetAndObserveTableNodeID(tableNode.GetID())
        seriesNode.SetXColumnName("x")
        seriesNode.SetYColumnName("y")
        seriesNode.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)  # the only one with values along X
        self._chartNode.AddAndObservePlotSeriesNodeID(seriesNode.GetID())
        return tableNode, seriesNode

    def _removeLine(self, tableNode, seriesNode) -> None:
        self._chartNode.RemovePlotSeriesNodeID(seriesNode.GetID())
        _remove(seriesNode, tableNode)


def _fill(tableNode, seriesNode, line: Line) -> None:
    single = len(line.x) == 1  # VTK cannot draw a line of one point: it is put there twice
    x, y = (np.repeat(values, 2) if single else values for values in (line.x, line.y))
    slicer.util.updateTableFromArray(tableNode, (x, y), ["x", "y"])
    seriesNode.SetName(line.name)
    seriesNode.SetColor(*line.color)
    seriesNode.SetLineStyle(seriesNode.LineStyleSolid if line.joined else seriesNode.LineStyleNone)
    marked = line.points or single
    seriesNode.SetMarkerStyle(seriesNode.MarkerStyleCircle if marked else seriesNode.MarkerStyleNone)


def _add(className: str, name: str, owner=None):
    """owner: of a view node; without one Slicer's layout manager makes a view of its own for it, which nobody sees."""
    node = slicer.mrmlScene.CreateNodeByClass(className)
    node.UnRegister(None)
    if owner is not None:
        node.SetAndObserveParentLayoutNodeID(owner.GetID())
    node.SetName(slicer.mrmlScene.GenerateUniqueName(f"CLIPS {name}"))
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return slicer.mrmlScene.AddNode(node)


def _remove(*nodes) -> None:
    for node in nodes:
        if node is not None and node.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(node)
