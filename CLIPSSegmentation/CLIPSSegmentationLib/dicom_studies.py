"""The PET/CT studies in Slicer's DICOM database: what each is, whether it can be segmented, and loading one.

Needs no widget. Called by dicom_table and from scripts:

    for study in list_database_studies(slicer.dicomDatabase):
        print(study.patient, study.date, study.pet, study.state, study.reason)
    petNode, ctNode = load_database_study(study, answers={"weight_kg": 72})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from CLIPSLib import find_studies
from CLIPSLib.errors import ClipsError, Refusal
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.study import FoundStudies, StudyCandidate, find_studies_in_steps

from CLIPSSegmentationLib.dicom_database import Files, petct_files, studies_with_pet
from CLIPSSegmentationLib.dicom_offers import series_name
from CLIPSSegmentationLib.dicom_volumes import load_candidate


class StudyState(Enum):
    """What is to be done before a study can be segmented."""

    READY = "ready"
    CAUTIONS = "cautions"  # can be loaded; `reason` is to be read
    QUESTION = "question"  # can be loaded once `problem` is answered
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class DatabaseStudy:
    """One PET series of the database with its CT: a row of the study list.

    date: "2024-03-05" or as in the file; ct: "" when there is none or none is chosen; reason: cautions or the problem
    as text; candidate: None when no file of the study can be read; files: all PET and CT files of the DICOM study.
    """

    patient: str
    date: str
    description: str
    pet: str
    ct: str
    state: StudyState
    reason: str = ""
    problem: ClipsError | None = None
    candidate: StudyCandidate | None = None
    files: Files = ()

    @property
    def pet_series(self) -> str | None:
        """Which PET of `files` is meant, as `find_studies(files, pet_series=...)` wants it."""
        return str(self.candidate.pet.details["key"]) if self.candidate else None


def list_database_studies(
    database, *, known: Iterable[DatabaseStudy] = (), reporter: Reporter = SILENT
) -> Iterator[DatabaseStudy]:
    """The studies with a PET, newest first, one row for each PET series, as soon as its headers have been read.

    known: rows of an earlier list; a study whose files are still the same is not read again.

    Raises:
        Cancelled: `reporter.check` said so; what was given before stays valid.
    """
    for row in check_database_studies(database, known=known, reporter=reporter):
        reporter.check()
        if row is not None:
            yield row


def check_database_studies(
    database, *, known: Iterable[DatabaseStudy] = (), reporter: Reporter = SILENT
) -> Iterator[DatabaseStudy | None]:
    """As `list_database_studies`, with None whenever a few files have been read: for a timer in an interface."""
    remembered: dict[Files, list[DatabaseStudy]] = {}
    for row in known:
        remembered.setdefault(row.files, []).append(row)
    studies = studies_with_pet(database, reporter.check)
    for index, study_uid in enumerate(studies):
        reporter.progress("checking studies", index / len(studies))
        files = petct_files(database, study_uid)
        if files in remembered:
            yield from remembered[files]
        else:
            yield from _check(files, database)
    reporter.progress("checking studies", 1.0)


def load_database_study(
    study: DatabaseStudy, *, answers: Mapping[str, object] | None = None, reporter: Reporter = SILENT
):
    """Add a study to the scene: (PET node in SUVbw, CT node in HU or None), filed under patient and study.

    answers: to the study's question, `{study.problem.key: value}`.

    Raises:
        Refusal, Question: the study's problem, or pixel data that cannot be read.
        UsageError: an answer that cannot be meant.
        Cancelled: `reporter.check` said so.
    """
    candidate = study.candidate
    if candidate is None:
        raise study.problem
    if answers:
        found = find_studies(study.files, answers=answers, pet_series=study.pet_series, reporter=reporter)
        (candidate,) = found.candidates
    return load_candidate(candidate, reporter)


def _check(files: Files, database) -> Iterator[DatabaseStudy | None]:
    steps = find_studies_in_steps(files)
    while (found := next(steps)) is None:
        yield None
    if not found.candidates and found.unreadable:
        yield _unreadable_row(files, found, database)
    yield from (_row(candidate, files) for candidate in found.candidates)


def _row(candidate: StudyCandidate, files: Files) -> DatabaseStudy:
    identity = candidate.identity
    problem = next(iter((*candidate.refusals, *candidate.questions)), None)
    if candidate.refusals:
        state = StudyState.REFUSED
    elif candidate.questions:
        state = StudyState.QUESTION
    else:
        state = StudyState.CAUTIONS if candidate.cautions else StudyState.READY
    return DatabaseStudy(
        patient=_patient(identity.patient_name, identity.patient_id),
        date=_date(identity.study_date),
        description=identity.study_description,
        pet=series_name(candidate.pet),
        ct=series_name(candidate.ct) if candidate.ct else "",
        state=state,
        reason=str(problem) if problem else "\n".join(map(str, candidate.cautions)),
        problem=problem,
        candidate=candidate,
        files=files,
    )


def _unreadable_row(files: Files, found: FoundStudies, database) -> DatabaseStudy:
    """A study that the database still knows although its files were moved or damaged: said, not left out."""
    path, reason = found.unreadable[0]
    problem = Refusal(
        "files-unreadable",
        f"{len(found.unreadable)} of {found.file_count} files cannot be read, the first for this reason: {reason}",
        str(path),
        "Import the study into the DICOM database again.",
    )

    def value(tag: str) -> str:
        return database.fileValue(files[0], tag)

    return DatabaseStudy(
        patient=_patient(value("0010,0010"), value("0010,0020")),
        date=_date(value("0008,0020")),
        description=value("0008,1030"),
        pet="",
        ct="",
        state=StudyState.REFUSED,
        reason=str(problem),
        problem=problem,
        files=files,
    )


def _patient(name: str, patient_id: str) -> str:
    """ "Doe Jane (P1)" from "Doe^Jane"."""
    readable = " ".join(name.replace("^", " ").split())
    return f"{readable} ({patient_id})" if readable and patient_id else readable or patient_id


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
