"""A small scripted module that the host's own tests run: parameters of every kind, a panel, a logic, a self test."""

from __future__ import annotations

import enum
import pathlib
from typing import Annotated

import qt
import slicer
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class HostExample(ScriptedLoadableModule):
    def __init__(self, parent) -> None:
        super().__init__(parent)
        parent.title = _("Host Example")
        parent.categories = ["Examples"]
        slicer.app.connect("startupCompleted()", self.onStartupCompleted)

    def onStartupCompleted(self) -> None:
        self.startupSeen = True


class Method(enum.Enum):
    FIXED = "fixed"
    RELATIVE = "relative"

    def label(self) -> str:
        return _("Fixed threshold") if self is Method.FIXED else _("Share of the maximum")


@parameterNodeWrapper
class HostExampleParameterNode:
    volume: vtkMRMLScalarVolumeNode
    other: vtkMRMLScalarVolumeNode | None = None
    threshold: Annotated[float, WithinRange(0.0, 10.0)] = 4.0
    method: Method = Method.FIXED
    invert: bool = False
    comment: str = "none"
    folder: pathlib.Path = pathlib.Path("models")
    chosen: list[str]
    weights: dict[str, float]


class HostExampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.parameterNode, self.guiTag = None, None

    def setup(self) -> None:
        ScriptedLoadableModuleWidget.setup(self)
        form = slicer.util.loadUI(self.resourcePath("UI/HostExample.ui"))
        self.layout.addWidget(form)
        self.ui = slicer.util.childWidgetVariables(form)
        form.setMRMLScene(slicer.mrmlScene)
        self.logic = HostExampleLogic()
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.layout.addStretch(1)

    def enter(self) -> None:
        self.parameterNode = self.logic.getParameterNode()
        self.guiTag = self.parameterNode.connectGui(self.ui)

    def exit(self) -> None:
        if self.parameterNode:
            self.parameterNode.disconnectGui(self.guiTag)
        self.parameterNode = None

    def cleanup(self) -> None:
        self.exit()
        self.removeObservers()

    def onSceneStartClose(self, _caller, _event) -> None:
        self.exit()

    def onSceneEndClose(self, _caller, _event) -> None:
        self.enter()

    def onApply(self) -> None:
        with slicer.util.tryWithErrorDisplay(_("It failed."), waitCursor=True):
            count = self.logic.count(self.parameterNode.volume, self.parameterNode.threshold)
            self.ui.resultLabel.text = _("{count} voxels").format(count=count)
            qt.QSettings().setValue("HostExample/LastCount", count)


class HostExampleLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return HostExampleParameterNode(super().getParameterNode())

    def count(self, volume, threshold: float) -> int:
        """The number of voxels at or above a threshold."""
        if volume is None:
            raise ValueError(_("Choose a volume."))
        return int((slicer.util.arrayFromVolume(volume) >= threshold).sum())


class HostExampleTest(ScriptedLoadableModuleTest):
    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_countsVoxels(self) -> None:
        import numpy as np

        volume = slicer.util.addVolumeFromArray(np.arange(8.0).reshape(2, 2, 2))
        self.assertEqual(HostExampleLogic().count(volume, 4.0), 4)
