"""ctkDICOMDatabase and ctkDICOMIndexer over pydicom headers, kept in memory. Offered in `ctk`.

As in ctk, values are texts, several values are joined by a backslash, and only the top level of a file is seen: what
is inside a sequence (the radiopharmaceutical) must be read from the file.
"""

from __future__ import annotations

import os

from PySide6 import QtCore
from PySide6.QtCore import Property, Signal


class ctkDICOMDatabase(QtCore.QObject):
    databaseChanged = Signal()
    instanceAdded = Signal(str)
    opened = Signal()
    closed = Signal()
    SIGNALS = ("databaseChanged()", "instanceAdded(QString)", "opened()", "closed()")

    def __init__(self) -> None:
        super().__init__()
        self._filename, self._is_open, self._headers = "", False, {}

    isOpen = Property(bool, lambda self: self._is_open)
    databaseFilename = Property(str, lambda self: self._filename)
    databaseDirectory = Property(str, lambda self: os.path.dirname(self._filename))

    def openDatabase(self, filename: str, _connection: str = "") -> bool:
        self._filename, self._is_open, self._headers = filename, True, {}
        self.opened.emit()
        return True

    def closeDatabase(self) -> None:
        self._is_open, self._headers = False, {}
        self.closed.emit()

    def initializeDatabase(self) -> bool:
        self._headers = {}
        self.databaseChanged.emit()
        return True

    def patients(self) -> tuple[str, ...]:
        """Numbers of the database, not DICOM's patient IDs."""
        return tuple(str(number) for number in range(1, len(self._values("PatientID")) + 1))

    def studiesForPatient(self, patient: str) -> tuple[str, ...]:
        return self._values("StudyInstanceUID", PatientID=self._patient_id(patient))

    def seriesForStudy(self, study: str) -> tuple[str, ...]:
        return self._values("SeriesInstanceUID", StudyInstanceUID=study)

    def studyForSeries(self, series: str) -> str:
        return _first(self._values("StudyInstanceUID", SeriesInstanceUID=series))

    def patientForStudy(self, study: str) -> str:
        found = self._values("PatientID", StudyInstanceUID=study)
        return str(self._values("PatientID").index(found[0]) + 1) if found else ""

    def nameForPatient(self, patient: str) -> str:
        return _first(self._values("PatientName", PatientID=self._patient_id(patient)))

    def descriptionForStudy(self, study: str) -> str:
        return _first(self._values("StudyDescription", StudyInstanceUID=study))

    def descriptionForSeries(self, series: str) -> str:
        return _first(self._values("SeriesDescription", SeriesInstanceUID=series))

    def filesForSeries(self, series: str, hits: int = -1) -> tuple[str, ...]:
        found = tuple(path for path, header in self._headers.items() if header.SeriesInstanceUID == series)
        return found[:hits] if hits > 0 else found

    def instancesForSeries(self, series: str, hits: int = -1) -> tuple[str, ...]:
        return tuple(self.instanceForFile(path) for path in self.filesForSeries(series, hits))

    def fileForInstance(self, instance: str) -> str:
        return _first([path for path, header in self._headers.items() if header.SOPInstanceUID == instance])

    def instanceForFile(self, path: str) -> str:
        return str(self._headers[path].SOPInstanceUID)

    def seriesForFile(self, path: str) -> str:
        return str(self._headers[path].SeriesInstanceUID) if path in self._headers else ""

    def allFiles(self) -> tuple[str, ...]:
        return tuple(self._headers)

    def fileValue(self, path: str, tag: str) -> str:
        """The value of "gggg,eeee" as text; "" when it is missing, empty or a sequence."""
        element = self._element(path, tag)
        if element is None or element.VR == "SQ" or element.value is None:
            return ""
        return "\\".join(map(str, element.value)) if element.VM > 1 else str(element.value)

    def fileValueExists(self, path: str, tag: str) -> bool:
        return self._element(path, tag) is not None

    def instanceValue(self, instance: str, tag: str) -> str:
        return self.fileValue(self.fileForInstance(instance), tag)

    def insert(self, path: str) -> None:
        """Add a file; what is no DICOM image or document is left out."""
        import pydicom

        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            return
        if "SOPInstanceUID" in header and "SeriesInstanceUID" in header:
            self._headers[path] = header
            self.instanceAdded.emit(str(header.SOPInstanceUID))

    def removeSeries(self, series: str) -> bool:
        for path in self.filesForSeries(series):
            del self._headers[path]
        self.databaseChanged.emit()
        return True

    def removePatient(self, patient: str) -> bool:
        for study in self.studiesForPatient(patient):
            for series in self.seriesForStudy(study):
                self.removeSeries(series)
        return True

    def _element(self, path: str, tag: str):
        header = self._headers.get(path)
        group, element = (int(part, 16) for part in tag.split(","))
        return None if header is None else header.get((group, element))

    def _values(self, keyword: str, **where: str) -> tuple[str, ...]:
        """The different values of a keyword in the headers that fit, in order of import."""
        fitting = (
            header
            for header in self._headers.values()
            if all(str(header.get(key, "")) == value for key, value in where.items())
        )
        return tuple(dict.fromkeys(str(header.get(keyword, "")) for header in fitting))

    def _patient_id(self, patient: str) -> str:
        known = self._values("PatientID")
        return known[int(patient) - 1] if patient in self.patients() else "no such patient"


class ctkDICOMIndexer(QtCore.QObject):
    """Adds files and folders to a database, at once."""

    def addDirectory(self, database, directory: str, copyFile: bool = False) -> None:
        for folder, _folders, names in sorted(os.walk(directory)):
            for name in sorted(names):
                database.insert(os.path.join(folder, name))
        database.databaseChanged.emit()

    def addFile(self, database, path: str, copyFile: bool = False) -> None:
        database.insert(path)
        database.databaseChanged.emit()

    def waitForImportFinished(self, _timeout: int = -1) -> None:
        pass


def _first(values) -> str:
    return values[0] if values else ""
