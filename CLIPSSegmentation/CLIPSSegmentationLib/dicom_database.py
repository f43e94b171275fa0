"""Which PET and CT files of a study Slicer's DICOM database holds. Called by DICOMPETCTPlugin and dicom_studies.

Asks the database only: no file is opened here. Series that are neither PET nor CT cost one look-up each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

_MODALITY, _STUDY_UID, _SERIES_UID, _STUDY_DATE = "0008,0060", "0020,000D", "0020,000E", "0008,0020"
_PET, _CT = "PT", "CT"

Files = tuple[str, ...]


def studies_of_file_lists(database, file_lists: Iterable[Files]) -> Iterator[tuple[Files, set[str]]]:
    """For each study with a PET: the files of its PET and CT series, and the UIDs of those among `file_lists`.

    file_lists: one list of files per series, as Slicer hands them to a DICOM plugin.
    """
    asked: dict[str, dict[str, Files]] = {}
    for files in file_lists:
        if files and database.fileValue(files[0], _MODALITY) in (_PET, _CT):
            study_uid, series_uid = (database.fileValue(files[0], tag) for tag in (_STUDY_UID, _SERIES_UID))
            asked.setdefault(study_uid, {})[series_uid] = tuple(files)
    for study_uid, series in asked.items():
        files = petct_files({**_series_files(database, study_uid), **series}, database)
        if files:
            yield files, set(series)


def studies_with_pet(database, check=lambda: None) -> list[Files]:
    """The PET and CT files of each study that has a PET, newest study first. `check` is called for every study."""
    found = []
    for patient in database.patients():
        for study_uid in database.studiesForPatient(patient):
            check()
            files = petct_files(_series_files(database, study_uid), database)
            if files:
                found.append(files)
    return sorted(found, key=lambda files: database.fileValue(files[0], _STUDY_DATE), reverse=True)


def petct_files(series: dict[str, Files], database) -> Files:
    """The files of the PET and CT series, or none when no series is a PET."""
    modalities = {uid: database.fileValue(files[0], _MODALITY) for uid, files in series.items()}
    if _PET not in modalities.values():
        return ()
    return tuple(path for uid, files in series.items() if modalities[uid] in (_PET, _CT) for path in files)


def database_path(path: Path) -> str:
    """A path as the database spells it: with forward slashes, on Windows too."""
    return path.as_posix()


def _series_files(database, study_uid: str) -> dict[str, Files]:
    """The files of each series, without those that are known but not on this machine (empty paths)."""
    found = {
        uid: tuple(path for path in database.filesForSeries(uid) if path) for uid in database.seriesForStudy(study_uid)
    }
    return {uid: files for uid, files in found.items() if files}
