"""The panel as a whole: its sections, the registry and the reader they share, what happens when the scene closes.

Made by the module's widget, which hands on `enter`, `exit` and `cleanup`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import slicer
from CLIPSSegmentationLib.FusionLayout import FusionLayout
from slicer.util import VTKObservationMixin

from CLIPSTrainingLib import Settings
from CLIPSTrainingLib.CaseReader import CaseReader
from CLIPSTrainingLib.CasesPanel import CasesPanel
from CLIPSTrainingLib.ComparePanel import ComparePanel
from CLIPSTrainingLib.RatingPanel import RatingPanel
from CLIPSTrainingLib.ReviewPanel import ReviewPanel
from CLIPSTrainingLib.RunsPanel import RunsPanel
from CLIPSTrainingLib.saying import saying
from CLIPSTrainingLib.Shortcuts import Shortcuts
from CLIPSTrainingLib.TrainPanel import TrainPanel

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry


class Panel(VTKObservationMixin):
    """layout: of the module's widget; logic: the module's; resourcePath: gives the path of one of its resources.

    A section is a form with its class, loaded by `load` and told `enter` and `exit`.
    """

    def __init__(self, layout, logic, resourcePath: Callable[[str], str]) -> None:
        super().__init__()
        self._moduleLayout, self.logic, self._resourcePath = layout, logic, resourcePath
        self.entered = False
        self.imageReader: CaseReader | None = None
        self.fusion = FusionLayout()
        self.cases = CasesPanel(self)
        self.review = ReviewPanel(self)
        self.rating = RatingPanel(self)
        self.train = TrainPanel(self)
        self.runs = RunsPanel(self)
        self.compare = ComparePanel(self)
        self._sections = (self.cases, self.review, self.rating, self.train, self.runs, self.compare)
        self._shortcuts = Shortcuts(
            {
                "Ctrl+N": self.cases.openNext,
                "Ctrl+P": self.cases.openPrevious,
                **self.review.keys,
                **self.rating.keys,
            }
        )
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self._onSceneEndClose)

    @property
    def registry(self) -> Registry | None:
        return self.logic.registry

    @property
    def reader(self) -> str:
        """Who reads; "" until a name was typed."""
        return Settings.reader()

    def load(self, name: str):
        """The widgets of a form of this module, by name; the form is put below those that are there."""
        form = slicer.util.loadUI(self._resourcePath(f"UI/{name}.ui"))
        self._moduleLayout.addWidget(form)
        form.setMRMLScene(slicer.mrmlScene)
        return slicer.util.childWidgetVariables(form)

    def enter(self) -> None:
        """The user opens the panel."""
        self.entered = True
        self.fusion.enter()
        self._shortcuts.install()
        for section in self._sections:
            section.enter()

    def exit(self) -> None:
        """The user goes to another module; what is unfinished is kept."""
        self.entered = False
        self._shortcuts.remove()
        for section in self._sections:
            section.exit()
        self.fusion.exit()

    def cleanup(self) -> None:
        """The panel goes, by a reload or with Slicer."""
        if self.entered:
            self.exit()
        self.review.forget()
        self._forgetCharts()
        for section in (self.train, self.runs, self.compare):
            section.stop()
        self.closeRegistry()
        self.removeObservers()

    def openRegistry(self, folder: str, create: bool = False) -> bool:
        """Work in the registry of a folder from now on; returns whether that could be done, and says why not."""
        if not self.review.leave():
            return False
        self._stopReading()
        opened = False
        self.cases.say("")
        with saying(self.cases.say):
            Settings.setRegistryFolder(str(self.logic.openRegistry(folder, create).folder))
            opened = True
        if self.registry is not None:  # the new one, or still that of before
            self.imageReader = CaseReader(self.registry)
        self.refresh()
        return opened

    def closeRegistry(self) -> None:
        """Work in no registry."""
        self._stopReading()
        self.logic.closeRegistry()

    def openCase(self, caseId: str) -> bool:
        """Show a case for review; returns False when the user stays with the open one, or it cannot be read."""
        if not self.review.open(caseId):
            return False
        self.rating.update()
        self.cases.onOpened(caseId)
        return True

    def refresh(self) -> None:
        """Show what is in the registry now, whoever put it there."""
        self.cases.refresh()
        self.review.update()
        self.rating.update()
        self.train.update()

    def onReviewed(self, goOn: bool) -> None:
        """A case was reviewed or rated. goOn: nothing is left to do on it."""
        following = self.cases.neighbor(1)
        self.refresh()
        if goOn and following is not None and Settings.goesOn():
            self.openCase(following)

    def _stopReading(self) -> None:
        if self.imageReader is not None:
            self.imageReader.stop()
        self.imageReader = None

    def _onSceneStartClose(self, _caller, _event) -> None:
        """Let go of the scene's nodes before they go."""
        self.review.forget()
        self._forgetCharts()
        if self.entered:
            self.review.exit()

    def _onSceneEndClose(self, _caller, _event) -> None:
        if self.entered:
            self.review.enter()
            self.rating.update()
            self.train.update()
            self.runs.update()
            self.compare.update()

    def _forgetCharts(self) -> None:
        """Charts, and the case that two runs are compared on, consist of nodes."""
        for section in (self.train, self.runs, self.compare):
            section.forget()
