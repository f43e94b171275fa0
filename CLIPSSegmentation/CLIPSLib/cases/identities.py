"""Who is who: the key file `identities.json`, and studies without names. Used by `intake` and what keeps free text.

Names, ids, birth and study dates stand in the key file alone, which only its owner may read; whoever gets the folder
without it gets pseudonyms. DICOM UIDs stay in the database: they are what a case is recognized by, and lead to a
person only inside the hospital. Changes are made while the database's write lock is held.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from CLIPSLib.cases.staging import WRITING, sync_folder
from CLIPSLib.errors import Caution, Failure
from CLIPSLib.files import read_json
from CLIPSLib.formats import Scrubber, anonymous_study
from CLIPSLib.study.types import PetCtStudy, StudyIdentity

FORMAT, VERSION = "clips-identities", 1
_PERSON = ("patient_id", "patient_name", "birth_date")
_EXAMINATION = ("study_date", "study_description", "pet_description", "ct_description")
_PSEUDONYMOUS = ("sex", "study_uid", "pet_series_uid", "ct_series_uid", "frame_of_reference_uid")


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The key file: patients by pseudonym, and what is personal of each case by its id."""

    patients: dict[str, dict[str, str]] = field(default_factory=dict)
    cases: dict[str, dict[str, str]] = field(default_factory=dict)

    def patient_of(self, identity: StudyIdentity) -> tuple[str | None, tuple[Caution, ...]]:
        """The pseudonym of the patient if he is known: the same id, and no other date of birth."""
        if not identity.patient_id:
            return None, ()
        same_id = {p: known for p, known in self.patients.items() if known["patient_id"] == identity.patient_id}
        for pseudonym, known in same_id.items():
            if not (known["birth_date"] and identity.birth_date) or known["birth_date"] == identity.birth_date:
                return pseudonym, ()
        under = [case["patient"] for case in self.cases.values() if case.get("patient_id") == identity.patient_id]
        if under:
            return under[0], ()
        others = ", ".join(same_id)
        caution = Caution(
            "patient-id-twice",
            f"The patient id is that of {others} too, with another date of birth: taken for two persons",
        )
        return None, (caution,) if same_id else ()

    def known_as(self, patient_id: str) -> set[str]:
        """The pseudonyms of patients with this id, in any of their studies."""
        of_persons = {p for p, known in self.patients.items() if known["patient_id"] == patient_id}
        return of_persons | {c["patient"] for c in self.cases.values() if c.get("patient_id") == patient_id}

    def with_case(self, case_id: str, patient: str, identity: StudyIdentity, source: str) -> Identities:
        """The same with one case more, and its patient when new; of a known one the id that he has in this study."""
        person = {name: getattr(identity, name) for name in _PERSON}
        case = {"patient": patient, "source": source, **{name: getattr(identity, name) for name in _EXAMINATION}}
        known = self.patients.get(patient, person)
        case |= {name: value for name, value in person.items() if value and value != known[name]}
        return Identities(patients={patient: person, **self.patients}, cases={**self.cases, case_id: case})

    def without_cases(self, case_ids: Iterable[str]) -> Identities:
        """The same without these cases, and without patients that have no other."""
        gone = set(case_ids)
        cases = {case_id: known for case_id, known in self.cases.items() if case_id not in gone}
        needed = {known["patient"] for known in cases.values()}
        return Identities(patients={p: k for p, k in self.patients.items() if p in needed}, cases=cases)

    def identity_of(self, case_id: str) -> StudyIdentity:
        """What is known of the person behind a case; empty where it is not known."""
        case = self.cases.get(case_id, {})
        person = {**self.patients.get(case.get("patient", ""), {}), **case}
        return StudyIdentity(**{name: person.get(name, "") for name in (*_PERSON, *_EXAMINATION)})


def read_identities(path: Path) -> Identities | None:
    """The key file; None where it is absent. Raises `Failure` when damaged, `Refusal` when a newer version's."""
    if not path.exists():
        return None
    document = read_json(path, format_name=FORMAT, version=VERSION)
    try:
        return Identities(patients=dict(document["patients"]), cases=dict(document["cases"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(
            "damaged-document", f"The key file lacks {error}", str(path), "Restore it from a copy."
        ) from error


def read_if_allowed(path: Path) -> Identities | None:
    """The key file; None also for those who may not read it: they review, rate and correct all the same."""
    return read_identities(path) if os.access(path, os.R_OK) else None


def write_identities(path: Path, identities: Identities) -> None:
    """Write the key file in place of the old one, readable by its owner alone from the first byte (POSIX).

    Raises:
        Failure: it cannot be written; the old one stays.
    """
    content: dict[str, Any] = {"format": FORMAT, "format_version": VERSION}
    content |= {"patients": identities.patients, "cases": identities.cases}
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=WRITING, suffix="-" + path.name, dir=path.parent)  # mode 0600
        with open(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=2, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Failure(
            "cannot-write", f"Cannot write the key file: {error.strerror or error}", str(path), "Check the disk."
        ) from error


def scrubber_of(path: Path, case_id: str) -> Scrubber:
    """Takes the names behind a case out of free text; for whoever may not know them, only dates, paths and UIDs."""
    known = read_if_allowed(path)
    return Scrubber(known.identity_of(case_id) if known else StudyIdentity())


def pseudonymous(study: PetCtStudy) -> PetCtStudy:
    """The study without names and dates; UIDs, sex and the age in whole years stay."""
    kept: dict[str, Any] = {name: getattr(study.identity, name) for name in _PSEUDONYMOUS}
    age = study.identity.age_years
    kept["age_years"] = None if age is None else float(int(age))
    bare = anonymous_study(study)
    return replace(bare, identity=replace(bare.identity, **kept))
