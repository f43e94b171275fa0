"""The list of the DICOM database's PET/CT studies as a table, filled while the interface stays usable.

In a panel:

    self.studies = DicomStudyTable(self.onStudyChosen)   # called with a DatabaseStudy on double click or Enter
    layout.addWidget(self.studies.table)
    self.studies.start()      # in enter(): fills the table and follows the database
    self.studies.stop()       # in exit() and cleanup()

`self.studies.selected` is the selected `DatabaseStudy` or None. Load it with `dicom_studies.load_database_study`, or
treat its `files` and `pet_series` like the files of a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import qt
import slicer
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSSegmentationLib.dicom_studies import DatabaseStudy

_SETTLED_MS = 500  # an import changes the database many times in a row


class DicomStudyTable:
    """A read-only table: date, patient, state, PET, CT, study; the reason for a state is the row's tooltip.

    A few files are read per turn of the event loop. What was checked is remembered until its files change.
    """

    def __init__(self, on_chosen: Callable[[DatabaseStudy], None]) -> None:
        self.table = qt.QTableWidget()
        self.table.objectName = "dicomStudyTable"
        self.table.toolTip = _("PET/CT studies in Slicer's DICOM database. Double-click one to load it.")
        self.table.selectionBehavior = qt.QAbstractItemView.SelectRows
        self.table.selectionMode = qt.QAbstractItemView.SingleSelection
        self.table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        columns = [_("Date"), _("Patient"), _("State"), _("PET"), _("CT"), _("Study")]
        self.table.setColumnCount(len(columns))
        self.table.setHorizontalHeaderLabels(columns)
        self.table.wordWrap = False
        self.table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        self.table.verticalHeader().hide()
        self.table.connect("cellActivated(int,int)", self._on_activated)
        self.studies: list[DatabaseStudy] = []
        self._known: list[DatabaseStudy] = []
        self._rows: Iterator[DatabaseStudy | None] | None = None
        self._on_chosen = on_chosen
        self._step, self._settle = qt.QTimer(), qt.QTimer()
        self._step.connect("timeout()", self._check_some)
        self._settle.setSingleShot(True)
        self._settle.interval = _SETTLED_MS
        self._settle.connect("timeout()", self.refresh)
        self._following = False

    @property
    def selected(self) -> DatabaseStudy | None:
        """The study of the selected row."""
        rows = self.table.selectionModel().selectedRows()
        return self.studies[rows[0].row()] if rows else None

    @property
    def busy(self) -> bool:
        """True while studies are being checked."""
        return self._rows is not None

    def start(self) -> None:
        """Fill the table, and again whenever the database has changed."""
        if not self._following:
            self._following = True
            for signal in ("databaseChanged()", "opened()"):
                slicer.dicomDatabase.connect(signal, self._on_database_changed)
        self.refresh()

    def stop(self) -> None:
        """Follow the database no longer; studies not yet checked stay unchecked."""
        self._settle.stop()
        self._end()
        if self._following:
            self._following = False
            for signal in ("databaseChanged()", "opened()"):
                slicer.dicomDatabase.disconnect(signal, self._on_database_changed)

    def refresh(self) -> None:
        """Fill the table anew."""
        from CLIPSSegmentationLib.dicom_studies import check_database_studies

        self._remember()
        self._end()
        self.table.setRowCount(0)
        self.studies = []
        if slicer.dicomDatabase.isOpen:
            self._rows = check_database_studies(slicer.dicomDatabase, known=self._known)
            self._step.start(0)

    def _on_database_changed(self) -> None:
        self._settle.start()

    def _check_some(self) -> None:
        try:
            study = next(self._rows)
        except StopIteration:
            self._rows = None
            self._remember()
            self._end()
            return
        if study is not None:
            self._append(study)

    def _append(self, study: DatabaseStudy) -> None:
        row = len(self.studies)
        self.studies.append(study)
        self.table.setRowCount(row + 1)
        texts = (study.date, study.patient, _state_text(study), study.pet, study.ct, study.description)
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(study.reason or text)
            self.table.setItem(row, column, item)

    def _remember(self) -> None:
        """Keep what is checked; of a DICOM study with several rows that was interrupted, nothing."""
        interrupted = self.studies[-1].files if self.busy and self.studies else None
        fresh = [study for study in self.studies if study.files != interrupted]
        checked = {study.files for study in fresh}
        self._known = [*fresh, *(study for study in self._known if study.files not in checked)]

    def _end(self) -> None:
        self._step.stop()
        self._rows = None

    def _on_activated(self, row: int, _column: int) -> None:
        self._on_chosen(self.studies[row])


def _state_text(study: DatabaseStudy) -> str:
    return {
        "ready": _("ready"),
        "cautions": _("ready, with cautions"),
        "question": _("needs an answer"),
        "refused": _("refused"),
    }[study.state.value]
