"""Cases found again: by id, by PET series, with their images. Called by `Registry` and its neighbours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import CT, RegistryFolder
from CLIPSLib.cases.identities import read_if_allowed
from CLIPSLib.cases.people import require_text
from CLIPSLib.cases.tombstones import gone, removal_of
from CLIPSLib.cases.types import CaseRecord
from CLIPSLib.errors import Caution, UsageError
from CLIPSLib.formats import read_saved_study
from CLIPSLib.study.types import PetCtStudy, StudyIdentity

if TYPE_CHECKING:
    import sqlite3


def find_case(database: Database, case_id: str) -> CaseRecord:
    """A case by its id, which is text. Raises `UsageError` when there is none, `Refusal` when it was removed."""
    if not isinstance(case_id, str):
        raise UsageError("case-id", f"The case id {case_id!r} is no text", remedy='Ids are text: "007" is not 7.')
    row = database.row("SELECT * FROM cases WHERE case_id = ?", (case_id,))
    if row is None and (removed := removal_of(database, case_id)):
        raise gone(case_id, removed)
    if row is None:
        remedy = "'clips cases list' shows all cases."
        raise UsageError("no-such-case", f"There is no case {case_id!r}", str(database.path.parent), remedy)
    return _record(row)


def case_of_series(database: Database, pet_series_uid: str) -> CaseRecord | None:
    """The case made from a PET series."""
    row = database.row("SELECT * FROM cases WHERE series_key = ?", (pet_series_uid,))
    return None if row is None else _record(row)


def find_cases(database: Database, folder: RegistryFolder, identifier: str) -> tuple[str, ...]:
    """Ids of the cases meant by a case id, pseudonym, UID or hospital's patient id, sorted; "" means none."""
    if not identifier:
        return ()
    known = read_if_allowed(folder.identities)
    people = known.known_as(identifier) if known else set()
    rows = database.rows("SELECT case_id, patient_id, pet_series_uid, study_uid FROM cases ORDER BY case_id")
    return tuple(row["case_id"] for row in rows if identifier in tuple(row) or row["patient_id"] in people)


def find_identity(database: Database, folder: RegistryFolder, case_id: str) -> StudyIdentity | None:
    """Who is behind a case, as far as the key file says."""
    known = read_if_allowed(folder.identities)
    return known and known.identity_of(find_case(database, case_id).case_id)


def set_stratum(database: Database, case_id: str, stratum: str) -> None:
    """Change the group that a case belongs to."""
    require_text(stratum, "stratum", case_id)
    with database.transaction():
        database.execute(
            "UPDATE cases SET stratum = ? WHERE case_id = ?", (stratum, find_case(database, case_id).case_id)
        )


def read_study(database: Database, folder: RegistryFolder, case_id: str) -> PetCtStudy:
    """The images of a case, under the pseudonym of its patient. Raises as `formats.read_saved_study`."""
    case = find_case(database, case_id)
    study = read_saved_study(folder.images / case.case_id)
    identity = replace(study.identity, patient_id=case.patient_id)
    return replace(study, identity=identity, cautions=case.cautions)


def _record(row: sqlite3.Row) -> CaseRecord:
    fields = {name: row[name] for name in row.keys() if name not in ("files", "cautions")}  # noqa: SIM118
    with reading(row["case_id"]):
        return CaseRecord(
            **fields,
            has_ct=CT in json.loads(row["files"]),
            cautions=tuple(Caution(**item) for item in json.loads(row["cautions"])),
        )
