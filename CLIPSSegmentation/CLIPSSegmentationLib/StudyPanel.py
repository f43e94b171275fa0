"""The section "Study": which volumes, whether they can be trusted, and loading from DICOM. Made by Panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CLIPSSegmentationLib import Settings
from CLIPSSegmentationLib.dicom_table import DicomStudyTable
from CLIPSSegmentationLib.Inputs import InputState, inputState
from CLIPSSegmentationLib.PanelReporter import PanelReporter
from CLIPSSegmentationLib.QuestionForm import QuestionForm
from CLIPSSegmentationLib.StudySources import StudySource, databaseSource, folderSource, volumeSource
from CLIPSSegmentationLib.Tables import prepareTable

if TYPE_CHECKING:
    from CLIPSLib.study import FoundStudies, StudyCandidate

    from CLIPSSegmentationLib.Panel import Panel

_LIST_HEIGHT = 140
_SETTLED_MS = 100  # another module changes a volume many times in a row


class StudyPanel(VTKObservationMixin):
    """Other places that studies can come from call `open(source)`: the list, the questions and the bar are here."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel, self.ui = panel, panel.ui
        self.state = InputState(ready=False, suv="")
        self._observed: tuple = ()
        self._settle = qt.QTimer()
        self._settle.setSingleShot(True)
        self._settle.interval = _SETTLED_MS
        self._settle.connect("timeout()", self._onSettled)
        self._source: StudySource | None = None
        self._candidates: tuple[StudyCandidate, ...] = ()
        self._reporter: PanelReporter | None = None
        self.questions = QuestionForm(self.ui.questionArea, self._updateLoadButton)
        prepareTable(self.ui.studyTable, [_("Patient"), _("Date"), _("PET"), _("CT"), _("State")], _LIST_HEIGHT)
        self.database = DicomStudyTable(lambda study: self.open(databaseSource(study)))
        qt.QVBoxLayout(self.ui.databaseBox).addWidget(self.database.table)
        self.database.table.maximumHeight = _LIST_HEIGHT
        self.ui.databaseBox.collapsed = True  # not in the .ui file: it has to hide what it holds
        self.ui.databaseBox.connect("toggled(bool)", self._onDatabaseToggled)
        self.ui.loadArea.visible = self.ui.readingArea.visible = False
        for button, slot in (
            (self.ui.loadFolderButton, self.onLoadFolder),
            (self.ui.convertButton, self.onConvert),
            (self.ui.showFusionButton, self.onShowFusion),
            (self.ui.loadChosenButton, self.onLoadChosen),
            (self.ui.closeLoadButton, self.close),
            (self.ui.cancelReadingButton, self._onCancelReading),
        ):
            button.connect("clicked()", slot)
        self.ui.studyTable.connect("itemSelectionChanged()", self._onChosen)
        self.ui.studyTable.connect("cellDoubleClicked(int,int)", lambda _row, _column: self.onLoadChosen())

    def update(self) -> None:
        """Say what is true of the chosen volumes."""
        parameters = self._panel.parameterNode
        petNode, ctNode = (parameters.petVolume, parameters.ctVolume) if parameters else (None, None)
        self._observe(petNode, ctNode)
        self.state = inputState(petNode, ctNode)
        frame = self.state.frame  # can be a caution itself
        cautions = [text for text in self.state.cautions if not frame or frame not in text]
        self.ui.suvState.text = "\n".join([self.state.suv, *(f"• {text}" for text in cautions)])
        self.ui.frameState.text = self.state.frame
        self.ui.frameState.visible = self.ui.frameLabel.visible = bool(self.state.frame)
        self.ui.convertButton.visible = self.state.convertible
        self.ui.showFusionButton.enabled = petNode is not None

    def stop(self) -> None:
        """The panel is left: look no more into the database."""
        self.database.stop()
        if self._reporter is not None:
            self._reporter.cancel()

    def onLoadFolder(self) -> None:
        """Ask for a folder and open what it holds."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Folder of a PET/CT study"), Settings.lastFolder()
        )
        if folder:
            Settings.setLastFolder(folder)
            self.open(folderSource(folder))

    def onConvert(self) -> None:
        """Read the chosen PET's own files, to have it in SUV."""
        with slicer.util.tryWithErrorDisplay(_("The files of this volume cannot be read.")):
            parameters = self._panel.parameterNode
            self.open(volumeSource(parameters.petVolume, parameters.ctVolume))

    def onShowFusion(self) -> None:
        """Show the chosen volumes in the layout of the module."""
        self._panel.showFusion(self._panel.parameterNode.petVolume, self._panel.parameterNode.ctVolume)

    def open(self, source: StudySource) -> None:
        """Look for studies; load the only one there is, or let the user choose, answer, or read why not."""
        self._source = source
        found = self._read(lambda reporter: source.find(reporter=reporter))
        if found is None:
            return
        self._show(found)
        if len(self._candidates) == 1 and self._candidates[0].usable:
            self.onLoadChosen()

    def onLoadChosen(self) -> None:
        """Load the selected study with the answers that were given; ask what is still missing."""
        candidate = self._chosen()
        if candidate is None:
            return
        if self.questions.answers():
            candidate = self._withAnswers(candidate)
        if candidate is None or not candidate.usable:
            return
        nodes = self._read(lambda reporter: self._source.load(candidate, reporter))
        if nodes is not None:
            self.close()
            self._panel.chooseStudy(*nodes)

    def close(self) -> None:
        """Close the list."""
        self._source, self._candidates = None, ()
        self.questions.setQuestions(())
        self.ui.loadArea.visible = False

    def _observe(self, *nodes) -> None:
        """What was true of a volume ends when any module changes its units, place or voxels."""
        if nodes == self._observed:
            return
        self._settle.stop()
        self.removeObservers()
        self._observed = nodes
        volume = slicer.vtkMRMLVolumeNode
        for node in {node for node in nodes if node is not None}:
            for event in (vtk.vtkCommand.ModifiedEvent, volume.ImageDataModifiedEvent, volume.TransformModifiedEvent):
                self.addObserver(node, event, self._onVolumeChanged)

    def _onVolumeChanged(self, _caller, _event) -> None:
        self._settle.start()

    def _onSettled(self) -> None:
        self.update()
        self._panel.updateApply()

    def _withAnswers(self, candidate: StudyCandidate) -> StudyCandidate | None:
        """The candidate anew, with answers; what it asks then is asked."""
        answers = {key: value for key, value in self.questions.answers().items() if value}
        series = str(candidate.pet.details["key"])
        found = self._read(lambda reporter: self._source.find(answers, series, reporter))
        if found is None:
            return None
        (answered,) = found.candidates
        self._candidates = tuple(answered if each is candidate else each for each in self._candidates)
        if not answered.usable:
            self._onChosen()
        return answered

    def _read(self, work):
        """Do work with a bar and a Cancel button; None when it was cancelled or could not be done, which is said."""
        from CLIPSLib import Cancelled, ClipsError

        self._reporter = PanelReporter(self.ui.readingBar)
        self.ui.readingArea.visible = True
        self._panel.setBusy(True)
        try:
            return work(self._reporter)
        except Cancelled:
            return None
        except ClipsError as error:
            self.ui.loadArea.visible = True
            self._say(str(error))
            return None
        finally:
            self._reporter = None
            self.ui.readingArea.visible = False
            self._panel.setBusy(False)

    def _onDatabaseToggled(self, expanded: bool) -> None:
        """The headers of a whole database are read only for who wants to see them."""
        if expanded:
            self.database.start()
        else:
            self.database.stop()

    def _onCancelReading(self) -> None:
        if self._reporter is not None:
            self._reporter.cancel()

    def _show(self, found: FoundStudies) -> None:
        self._candidates = found.candidates
        self.ui.loadTitle.text = self._source.title
        self.ui.loadArea.visible = True
        table = self.ui.studyTable
        table.rowCount = len(found.candidates)
        for row, candidate in enumerate(found.candidates):
            for column, text in enumerate(_cells(candidate)):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        table.resizeColumnsToContents()
        self._say("" if found.candidates else _("No PET series among {n} files.").format(n=found.file_count))
        self._onChosen()
        if found.candidates:
            table.selectRow(0)

    def _chosen(self) -> StudyCandidate | None:
        row = self.ui.studyTable.currentRow()
        return self._candidates[row] if 0 <= row < len(self._candidates) else None

    def _onChosen(self) -> None:
        """Say of the selected study what stands in its way."""
        candidate = self._chosen()
        refusals = candidate.refusals if candidate else ()
        if candidate is not None:
            notes = refusals or candidate.cautions
            self._say("\n".join(str(note) for note in notes))
        self.questions.setQuestions(candidate.questions if candidate and not refusals else ())
        self._updateLoadButton()

    def _say(self, text: str) -> None:
        self.ui.loadMessage.text = text
        self.ui.loadMessage.visible = bool(text)

    def _updateLoadButton(self) -> None:
        candidate = self._chosen()
        self.ui.loadChosenButton.enabled = candidate is not None and not candidate.refusals and self.questions.complete


def _cells(candidate: StudyCandidate) -> tuple[str, ...]:
    identity = candidate.identity
    state = _("ready")
    if candidate.refusals:
        state = _("refused")
    elif candidate.questions:
        state = _("needs an answer")
    return (
        identity.patient_id or candidate.pet.patient_id,
        identity.study_date,
        candidate.pet.description or candidate.pet.series_uid,
        candidate.ct.description or _("yes") if candidate.ct else _("none"),
        state,
    )
