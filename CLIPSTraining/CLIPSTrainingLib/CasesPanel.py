"""The section "Cases": the registry, adding the study of the scene, the list with its filters. Made by Panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
import slicer
from CLIPSSegmentationLib import Settings as MachineSettings
from CLIPSSegmentationLib.Inputs import suggestStudy
from slicer.i18n import tr as _

from CLIPSTrainingLib import Settings, texts
from CLIPSTrainingLib.CaseFilters import CaseFilters
from CLIPSTrainingLib.CaseRemoval import CaseRemoval
from CLIPSTrainingLib.CaseTable import CaseTable
from CLIPSTrainingLib.DifficultyScores import DifficultyScores, DifficultyTables
from CLIPSTrainingLib.saying import saying, waiting

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow

    from CLIPSTrainingLib.Panel import Panel

_TYPING_MS = 200


class CasesPanel:
    """What the list shows is asked from the registry each time, so that it is what everybody has done."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ui = panel.load("CLIPSTrainingCases")
        self.table = CaseTable(self.ui.caseTable, panel.openCase, self.list)
        self._typing = qt.QTimer()
        self._typing.setSingleShot(True)
        self._typing.interval = _TYPING_MS
        self._typing.connect("timeout()", self.list)
        self._filters = CaseFilters(self.ui, self.list)
        self._tables = DifficultyTables()
        self._removal = CaseRemoval(panel, self)
        self.ui.addBox.collapsed = self.ui.removeBox.collapsed = True
        self.ui.readerEdit.text = Settings.reader()
        self._total = 0
        self._row = 0  # of the case that was open last
        self.say("")
        self._connect()

    def _connect(self) -> None:
        for button, slot in (
            (self.ui.openRegistryButton, self.onOpenRegistry),
            (self.ui.createRegistryButton, self.onCreateRegistry),
            (self.ui.addButton, self.onAdd),
            (self.ui.refreshButton, self.onRefresh),
            (self.ui.previousButton, self.openPrevious),
            (self.ui.nextButton, self.openNext),
            (self.ui.removeCaseButton, self._removal.ask),
        ):
            button.connect("clicked()", slot)
        self.ui.searchBox.connect("textChanged(QString)", lambda _text: self._typing.start())
        self.ui.readerEdit.connect("editingFinished()", self._onReader)
        self.ui.petSelector.connect("currentNodeChanged(vtkMRMLNode*)", lambda _node: self._updateButtons())

    def enter(self) -> None:
        """Open the registry of the last time, and look what is new in it."""
        if self._panel.registry is None and Settings.registryFolder():
            self._panel.openRegistry(Settings.registryFolder())
        else:
            self._panel.refresh()
        if self.ui.petSelector.currentNode() is None:
            petNode, ctNode = suggestStudy()
            self.ui.petSelector.setCurrentNode(petNode)
            self.ui.ctSelector.setCurrentNode(ctNode)

    def exit(self) -> None:
        self._typing.stop()

    def say(self, text: str) -> None:
        """What is wrong with the registry."""
        self.ui.registryMessage.text = text
        self.ui.registryMessage.visible = bool(text)

    def onOpenRegistry(self) -> None:
        """Ask for the folder of a registry."""
        self._open(_("Folder of a registry"), create=False)

    def onCreateRegistry(self) -> None:
        """Ask for a folder to make a registry in."""
        self._open(_("Folder for a new registry"), create=True)

    def onRefresh(self) -> None:
        """Look again what is in the registry."""
        self.say("")
        self._panel.refresh()

    def onAdd(self) -> None:
        """Put the chosen study, and its lesions, into the registry."""
        self.say("")
        if not self.hasReader():
            return
        with saying(self.say), waiting():
            said = self._added(self.ui.petSelector.currentNode(), self.ui.maskSelector.currentNode())
            self._panel.refresh()
            self.say(said)

    def _added(self, petNode, maskNode) -> str:
        logic, ctNode = self._panel.logic, self.ui.ctSelector.currentNode()
        case, new = logic.addCase(petNode, ctNode, self.ui.stratumEdit.text.strip())
        said = _("Added as case {case}.") if new else _("The study is in the registry already, as case {case}.")
        said = said.format(case=case.case_id)
        if maskNode is not None:
            reference = self.ui.referenceCheckBox.checked
            version = logic.addMask(case.case_id, maskNode, self._panel.reader, petNode=petNode, reference=reference)
            said += " " + _("Lesions added: {n}.").format(n=version.lesion_count)
        return said

    def openNext(self) -> None:
        """Open the case below the open one."""
        self._openNeighbor(1)

    def openPrevious(self) -> None:
        """Open the case above the open one."""
        self._openNeighbor(-1)

    def neighbor(self, step: int) -> str | None:
        """The case so many rows below the open one, or below its place when the filters have taken it out."""
        cases, opened = self.table.caseIds, self._panel.review.caseId
        if opened in cases:
            self._row = cases.index(opened)
            row = self._row + step
        else:
            row = self._row + min(step, 0)  # the next one has moved up
        return cases[row] if 0 <= row < len(cases) else None

    def onOpened(self, caseId: str) -> None:
        """Mark the open case, and read its neighbors while the user looks at it."""
        self.table.select(caseId)
        self._updateButtons()
        qt.QTimer.singleShot(0, self._expectNeighbors)  # the views first

    def _expectNeighbors(self) -> None:
        if self._panel.imageReader is not None:
            self._panel.imageReader.expect([each for each in (self.neighbor(1), self.neighbor(-1)) if each])

    def refresh(self) -> None:
        """Ask what is in the registry, and what can be filtered by; the chosen filters stay."""
        registry = self._panel.registry
        self.ui.registryState.text = registry.folder.name if registry else _("None is open.")
        self.ui.registryState.toolTip = str(registry.folder) if registry else ""
        with saying(self.say):
            if registry is not None:
                counts = registry.counts()
                self._total = counts.cases
                self._filters.offer(counts, self._tables.names(registry))
                self.ui.agreementLabel.text = texts.agreement(registry.ratings(history=True))
            self._show()

    def list(self) -> None:
        """Show the cases that the filters leave."""
        with saying(self.say):
            self._show()

    def _show(self) -> None:
        scores = self._scores()
        rows = self._found(scores)
        self.table.show(rows, scores.title if scores else "")
        if self._panel.review.caseId:
            self.table.select(self._panel.review.caseId)
        self.ui.countLabel.text = texts.count(len(rows), self._total, self._hiddenCount(scores))
        self._updateButtons()

    def _scores(self) -> DifficultyScores | None:
        """Those of the chosen table, None for the mean rating; one that cannot be read is told, and knows no case."""
        table = self._filters.table
        if self._panel.registry is None or not table:
            return None
        with saying(self.say):
            return self._tables.scores(self._panel.registry, table)
        return DifficultyScores(title=table, percents={}, isOpen=True)

    def _found(self, scores: DifficultyScores | None) -> list[CaseRow]:
        asked = {"text": self.ui.searchBox.text.strip(), **self._filters.query, **(scores.query if scores else {})}
        return self._asked(**asked)

    def _hiddenCount(self, scores: DifficultyScores | None) -> int:
        """Of how many cases the difficulty that is asked for is hidden, because the reader has not rated them."""
        if scores.isOpen if scores else not self._filters.narrowsDifficulty:
            return 0
        return len(self._asked(rated=False))

    def _asked(self, **fields) -> list[CaseRow]:
        if self._panel.registry is None:
            return []
        from CLIPSLib.cases import CaseQuery

        viewer = self._panel.reader  # without a name, one who has rated nothing
        return self._panel.registry.cases(CaseQuery(viewer=viewer, **fields))

    def _updateButtons(self) -> None:
        opened = self._panel.registry is not None
        self.ui.addBox.enabled = self.ui.refreshButton.enabled = opened
        self.ui.removeBox.enabled = opened and not self._panel.registry.read_only
        self.ui.addButton.enabled = opened and self.ui.petSelector.currentNode() is not None
        self.ui.nextButton.enabled = self.neighbor(1) is not None
        self.ui.previousButton.enabled = self.neighbor(-1) is not None

    def _open(self, title: str, create: bool) -> None:
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), title, Settings.registryFolder() or MachineSettings.lastFolder()
        )
        if folder:
            self._panel.openRegistry(folder, create)

    def _openNeighbor(self, step: int) -> None:
        caseId = self.neighbor(step)
        if caseId is not None:
            self._panel.openCase(caseId)

    def _onReader(self) -> None:
        if self.ui.readerEdit.text.strip() != self._panel.reader:
            Settings.setReader(self.ui.readerEdit.text.strip())
            self._panel.review.onReader()
            self._panel.refresh()

    def hasReader(self) -> bool:
        """Whether there is a name to keep things under; asks for one otherwise."""
        if self._panel.reader:
            return True
        self.say(_("Type your name first: it is kept with what you add."))
        self.ui.readerEdit.setFocus()
        return False
