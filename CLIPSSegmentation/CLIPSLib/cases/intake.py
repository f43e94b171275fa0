"""Taking a study into a registry. Called by `Registry.add_case`.

Images are written aside; then, under the write lock, come the key file, the images' final name and the row. A crash
in between leaves the registry as it was, and leftovers that `check` finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import CT, PET, STUDY, RegistryFolder
from CLIPSLib.cases.identities import Identities, pseudonymous, read_identities, write_identities
from CLIPSLib.cases.people import require_text
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.staging import staged_folder, sync_folder
from CLIPSLib.cases.tombstones import removal_of, removed_cases, tombstone_hash
from CLIPSLib.cases.types import CaseRecord
from CLIPSLib.errors import Caution, Failure, Refusal
from CLIPSLib.files import safe_name, sha256_file
from CLIPSLib.formats import Scrubber, write_image
from CLIPSLib.formats.documents import write_study_json
from CLIPSLib.imaging import array_view, require_finite
from CLIPSLib.progress import Reporter
from CLIPSLib.provenance import utc_now
from CLIPSLib.study.types import PetCtStudy, StudyIdentity


@dataclass(frozen=True)
class _Keys:
    """What a study is recognized by."""

    series: str  # the PET series UID, or the content where there is none
    content: str


def add_case(
    database: Database,
    folder: RegistryFolder,
    study: PetCtStudy,
    *,
    source: str,
    case_id: str | None,
    stratum: str,
    despite_removal: bool,
    reporter: Reporter,
) -> CaseRecord:
    """Take in a study. Raises as `Registry.add_case`."""
    database.require_writable()
    require_text(stratum, "stratum", study.identity.pet_series_uid)
    require_text(source, "source", study.identity.pet_series_uid)
    require_finite(array_view(study.pet), "The PET", study.identity.pet_series_uid)
    if case_id is not None:
        _require_file_name(case_id)
    content = content_sha256(study)
    keys = _Keys(study.identity.pet_series_uid or f"content-{content}", content)
    _refuse_duplicate(database, keys.series)
    if not despite_removal:
        _refuse_removed(database, keys.series)
    bare = pseudonymous(study)
    with staged_folder(folder.images) as aside:
        files = _write_images(aside, bare, reporter)
        reporter.check()
        with database.transaction():
            _refuse_duplicate(database, keys.series)
            given = case_id or _next_id(database, "C", [*_column(database, "case_id"), *_names(folder.images)])
            _refuse_taken(database, folder, given)
            known = _key_file(database, folder)
            patient, doubts = _patient(database, known, study.identity, keys)
            same = _same_pixels(database, keys, patient)
            cautions = (*bare.cautions, *doubts, *same, *_telling(given, study))
            write_identities(folder.identities, known.with_case(given, patient, study.identity, source))
            row = {
                **_facts(bare, keys),
                "case_id": given,
                "patient_id": patient,
                "stratum": stratum,
                "source": Scrubber(study.identity).text(source),
                "files": json.dumps(files),
                "cautions": json.dumps([caution.as_dict() for caution in cautions], ensure_ascii=False),
            }
            _publish(database, aside, folder.images / given, row)
    reporter.progress("Adding the case", 1.0)
    return find_case(database, given)


def content_sha256(study: PetCtStudy) -> str:
    """Hash of the PET's size and its SUV as little-endian float32: the same for equal pixels under any UID."""
    voxels = array_view(study.pet)
    digest = hashlib.sha256(repr(voxels.shape).encode("ascii"))
    digest.update(voxels.astype("<f4", order="C", copy=False).data)
    return digest.hexdigest()


def _write_images(aside: Path, study: PetCtStudy, reporter: Reporter) -> dict[str, str]:
    """Write the files of a case; file name -> SHA-256."""
    reporter.progress("Adding the case", 0.0)
    write_image(study.pet, aside / PET)
    reporter.check()
    reporter.progress("Adding the case", 0.4)
    if study.ct is not None:
        write_image(study.ct, aside / CT)
    write_study_json(aside / STUDY, study, anonymous=True)
    reporter.progress("Adding the case", 0.9)
    return {path.name: sha256_file(path) for path in sorted(aside.iterdir())}


def _publish(database: Database, aside: Path, place: Path, row: dict[str, object]) -> None:
    """Name the images and add the row, which the end of the transaction keeps; undo the first if the rest fails."""
    try:
        os.rename(aside, place)
    except OSError as error:
        raise Failure("cannot-write", f"Cannot write: {error.strerror or error}", str(place)) from error
    try:
        sync_folder(place.parent)
        database.insert("cases", row)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _facts(study: PetCtStudy, keys: _Keys) -> dict[str, object]:
    identity = study.identity
    return {
        "series_key": keys.series,
        "content_sha256": keys.content,
        "pet_series_uid": identity.pet_series_uid,
        "ct_series_uid": identity.ct_series_uid,
        "study_uid": identity.study_uid,
        "scanner": identity.scanner,
        "tracer": identity.tracer,
        "added_utc": utc_now(),
    }


def _patient(
    database: Database, known: Identities, identity: StudyIdentity, keys: _Keys
) -> tuple[str, tuple[Caution, ...]]:
    """The pseudonym of the study's patient, old or new. Whose study, or whose very pixels, are known is the same
    patient, whatever id he has here: a copy made anonymous must not be tested on what was trained on.
    """
    patient, cautions = known.patient_of(identity)
    for column, value in (("study_uid", identity.study_uid), ("content_sha256", keys.content)):
        if patient is None and value:
            same = database.row(f"SELECT patient_id FROM cases WHERE {column} = ? ORDER BY rowid", (value,))
            patient = same and same[0]
    if patient is None:
        patient = _next_id(database, "P", [*_column(database, "patient_id"), *known.patients])
        if not identity.patient_id:
            caution = Caution(
                "patient-unknown",
                "The study names no patient: it counts as a patient of its own, also if another study is of the same",
            )
            cautions = (*cautions, caution)
    return patient, cautions


def _key_file(database: Database, folder: RegistryFolder) -> Identities:
    known = read_identities(folder.identities)
    if known is None and database.row("SELECT 1 FROM cases LIMIT 1") is not None:
        raise Refusal(
            "identities-missing",
            "The key file is missing: without it nobody can tell whether a new study is of a known patient",
            str(folder.identities),
            "Put the file back, or work with the copy of the registry that has it.",
        )
    return known or Identities()


def _refuse_duplicate(database: Database, series_key: str) -> None:
    there = database.row("SELECT case_id FROM cases WHERE series_key = ?", (series_key,))
    if there is not None:
        raise Refusal(
            "duplicate-case",
            f"This PET is in the registry already, as case {there[0]}",
            series_key,
            f"Use case {there[0]}.",
        )


def _refuse_removed(database: Database, series_key: str) -> None:
    removed = removal_of(database, series_key)
    if removed is not None:
        raise Refusal(
            "case-removed",
            f"This PET was {removed}",
            series_key,
            "Leave it out; take it in again only if the reason is gone ('clips cases add --despite-removal').",
        )


def _refuse_taken(database: Database, folder: RegistryFolder, case_id: str) -> None:
    there = database.row("SELECT case_id FROM cases WHERE case_id = ? COLLATE NOCASE", (case_id,))
    if removed := removal_of(database, case_id):
        what = f"The id {case_id} was that of a case that was {removed}, and is given once"
        raise Refusal("case-id-taken", what, case_id, "Choose another pseudonym.")
    if there is not None:
        raise Refusal("case-id-taken", f"There is a case {there[0]} already", case_id, "Choose another pseudonym.")
    if (folder.images / case_id).exists():
        raise Refusal(
            "leftover",
            f"The folder images/{case_id} is left over from interrupted work",
            str(folder.root),
            "Check the registry and let it remove what is left over, or choose another pseudonym.",
        )


def _require_file_name(case_id: str) -> None:
    if not isinstance(case_id, str) or not case_id or safe_name(case_id) != case_id:
        raise Refusal(
            "case-id",
            f"The pseudonym {case_id!r} cannot name a folder",
            remedy="Use up to 64 letters, digits, '-', '_' and '.', as text.",
        )


def _same_pixels(database: Database, keys: _Keys, patient: str) -> tuple[Caution, ...]:
    rows = database.rows("SELECT case_id, patient_id FROM cases WHERE content_sha256 = ?", (keys.content,))
    if not rows:
        return ()
    same, others = (", ".join(sorted({row[name] for row in rows})) for name in ("case_id", "patient_id"))
    what = f"The PET has the very pixels of case {same}, under another series UID"
    if others != patient:
        what += f", and belongs to another patient ({patient}, not {others}): one of them must leave, or splits leak"
    return (Caution("same-pixels", what, same),)


def _telling(case_id: str, study: PetCtStudy) -> tuple[Caution, ...]:
    """A pseudonym that is made of the patient's name or id is none."""
    if Scrubber(study.identity).text(case_id) == case_id and case_id != study.identity.patient_id:
        return ()
    what = "The case id holds the patient's id or name: the registry is not pseudonymous"
    return (Caution("telling-pseudonym", what),)


def _next_id(database: Database, letter: str, taken: Iterable[str]) -> str:
    """The id after the highest of the form "C0001" that ever was: one of a removed case is not given again."""
    numbers = [int(name[1:]) for name in taken if name[:1].upper() == letter and name[1:].isdecimal()]
    removed = {sha256 for row in removed_cases(database) for sha256 in (row.case_sha256, row.patient_sha256)}
    number = max(numbers, default=0) + 1
    while tombstone_hash(f"{letter}{number:04d}") in removed:
        number += 1
    return f"{letter}{number:04d}"


def _column(database: Database, name: str) -> list[str]:
    return [row[0] for row in database.rows(f"SELECT {name} FROM cases")]


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
