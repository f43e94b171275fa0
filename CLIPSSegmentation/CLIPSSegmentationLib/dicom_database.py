"""Which PET and CT files of a study Slicer's DICOM database holds. Called by DICOMPETCTPlugin and dicom_studies.

Asks the database only: no file is opened here. A series that is neither PET nor CT costs two look-ups.
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
    with_pet: set[str] = set()
    for files in file_lists:
        modality = database.fileValue(files[0], _MODALITY) if files else ""
        if modality in (_PET, _CT):
            study_uid, series_uid = (database.fileValue(files[0], tag) for tag in (_STUDY_UID, _SERIES_UID))
            asked.setdefault(study_uid, {})[series_uid] = tuple(files)
            if modality == _PET:
                with_pet.add(study_uid)
    for study_uid, series in asked.items():
        known = _petct_series(database, study_uid)
        if known or study_uid in with_pet:
            yield _all_files({**known, **series}), set(series)


def studies_with_pet(database, check=lambda: None) -> list[str]:
    """The UIDs of the studies that have a PET, newest first. `check` is called for every study."""
    dates = {}
    for patient in database.patients():
        for study_uid in database.studiesForPatient(patient):
            check()
            pet = next(
                (path for path, modality in _first_files(database, study_uid).values() if modality == _PET), None
            )
            if pet:
                dates[study_uid] = database.fileValue(pet, _STUDY_DATE)
    return sorted(dates, key=dates.get, reverse=True)


def petct_files(database, study_uid: str) -> Files:
    """The files of the PET and CT series of a study; none when it has no PET."""
    return _all_files(_petct_series(database, study_uid))


def database_path(path: Path) -> str:
    """A path as the database spells it: with forward slashes, on Windows too."""
    return path.as_posix()


def _petct_series(database, study_uid: str) -> dict[str, Files]:
    modalities = {uid: modality for uid, (_path, modality) in _first_files(database, study_uid).items()}
    if _PET not in modalities.values():
        return {}
    return {
        uid: tuple(path for path in database.filesForSeries(uid) if path)  # "" for a file on a server only
        for uid, modality in modalities.items()
        if modality in (_PET, _CT)
    }


def _first_files(database, study_uid: str) -> dict[str, tuple[str, str]]:
    """One file of each series of a study, with its modality."""
    found = {}
    for uid in database.seriesForStudy(study_uid):
        path = next(iter(database.filesForSeries(uid, 1)), "")
        found[uid] = (path, database.fileValue(path, _MODALITY))
    return found


def _all_files(series: dict[str, Files]) -> Files:
    return tuple(path for files in series.values() for path in files)
