"""The panel as a whole: its sections, the parameter node they share, what happens when the scene closes.

Made by the module's widget, which hands on `enter`, `exit` and `cleanup`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
import slicer
import vtk
from slicer.util import VTKObservationMixin

from CLIPSSegmentationLib.FusionLayout import FusionLayout
from CLIPSSegmentationLib.Inputs import suggestStudy
from CLIPSSegmentationLib.JobsPanel import JobsPanel
from CLIPSSegmentationLib.Logic import petOf
from CLIPSSegmentationLib.ModelPanel import ModelPanel
from CLIPSSegmentationLib.ResultsPanel import ResultsPanel
from CLIPSSegmentationLib.StudyPanel import StudyPanel

if TYPE_CHECKING:
    from CLIPSSegmentationLib.Jobs import SegmentationJob
    from CLIPSSegmentationLib.ParameterNode import CLIPSSegmentationParameterNode


class Panel(VTKObservationMixin):
    """form: the loaded .ui file; logic: the module's; resourcePath: gives the path of one of the module's resources."""

    def __init__(self, form, logic, resourcePath: Callable[[str], str]) -> None:
        super().__init__()
        self.form, self.logic, self.resourcePath = form, logic, resourcePath
        self.ui = slicer.util.childWidgetVariables(form)
        self.parameterNode: CLIPSSegmentationParameterNode | None = None
        self._guiTag = None
        self._entered = False
        self._layout = FusionLayout()
        for box in (self.ui.optionsBox, self.ui.machineBox, self.ui.jobsBox, self.ui.editorBox):
            box.collapsed = True
        self.jobs = JobsPanel(self)
        self.model = ModelPanel(self)
        self.study = StudyPanel(self)
        self.results = ResultsPanel(self)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self._onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self._onSceneEndImport)
        self.jobs.start()

    def enter(self) -> None:
        """The user opens the panel."""
        self._entered = True
        self._setParameterNode(self.logic.getParameterNode())
        self.results.start()
        if self.parameterNode.petVolume is None:
            self.parameterNode.petVolume, self.parameterNode.ctVolume = suggestStudy()
        self._layout.enter()

    def exit(self) -> None:
        """The user goes to another module; jobs go on and are followed."""
        self._entered = False
        self.study.stop()
        self.results.stop()
        self._setParameterNode(None)
        self._layout.exit()

    def cleanup(self) -> None:
        """The panel goes, by a reload or with Slicer. Jobs go on in their own processes."""
        if self._entered:
            self.exit()
        self.jobs.stop()
        self.results.live.stop()
        self.removeObservers()

    def chooseStudy(self, petNode, ctNode) -> None:
        """Make volumes the chosen study and show them."""
        if self.parameterNode is not None:
            self.parameterNode.petVolume = petNode
            self.parameterNode.ctVolume = ctNode
        self.showFusion(petNode, ctNode)

    def showResult(self, segmentationNode, _tableNode) -> None:
        """Open a result for review, with its PET; the choice is the scene's, whatever module is open."""
        parameters = self.parameterNode or self.logic.getParameterNode()
        petNode = petOf(segmentationNode)
        if parameters.petVolume is not petNode:
            parameters.ctVolume = None
            parameters.petVolume = petNode
        parameters.segmentation = segmentationNode
        self.ui.resultsButton.collapsed = False

    def showFusion(self, petNode, ctNode) -> None:
        """Show volumes in the layout of the module; leaving the module brings the user's layout back."""
        self._layout.show(petNode, ctNode)

    def hasPetOf(self, job: SegmentationJob) -> bool:
        """Whether the PET that a job was ordered for is still in this scene."""
        return self.logic.jobs.petNode(job) is not None

    def lastDuration(self, model: str) -> float | None:
        """How many seconds a method took when it last ran on this machine."""
        return self.jobs.lastDuration(model)

    def updateApply(self) -> None:
        """Apply is possible when inputs and options are; its tooltip says what is missing."""
        hasCt = self.parameterNode is not None and self.parameterNode.ctVolume is not None
        problem = self.model.problem(hasCt)
        if not self.study.state.ready:
            problem = self.study.state.frame or self.study.state.suv
        self.jobs.updateApply(problem)

    def setBusy(self, busy: bool) -> None:
        """While a study is read, only Cancel can be pressed."""
        for widget in (self.ui.segmentButton, self.ui.applyArea, self.ui.resultsButton, self.ui.loadArea):
            widget.enabled = not busy
        self.study.database.table.enabled = not busy
        for widget in (self.ui.petSelector, self.ui.ctSelector, self.ui.loadFolderButton, self.ui.convertButton):
            widget.enabled = not busy

    def onDataFolderChanged(self) -> None:
        """Jobs and models are somewhere else now."""
        self.logic.forgetJobs()
        self.jobs.reset()

    def _setParameterNode(self, node) -> None:
        if self.parameterNode is not None:
            self.parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self.parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParametersChanged)
        self.parameterNode = node
        if node is not None:
            self._guiTag = node.connectGui(self.ui)
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onParametersChanged)
        self._update()

    def _onParametersChanged(self, _caller=None, _event=None) -> None:
        self._update()

    def _update(self) -> None:
        self.study.update()
        self.model.update()
        self.results.update()
        self.updateApply()

    def _onSceneStartClose(self, _caller, _event) -> None:
        """Let go of the scene's nodes before they go."""
        if self._entered:
            self.results.stop()
            self._setParameterNode(None)

    def _onSceneEndClose(self, _caller, _event) -> None:
        if self._entered:
            self._setParameterNode(self.logic.getParameterNode())
            self.results.start()

    def _onSceneEndImport(self, _caller, _event) -> None:
        """A scene was loaded; the selectors know its nodes a moment later."""
        qt.QTimer.singleShot(0, self._onImported)

    def _onImported(self) -> None:
        """While it was loaded, the parameter node named nodes that were not there yet: forget what it made of them."""
        if self._entered:
            self._setParameterNode(self.logic.getParameterNode())
