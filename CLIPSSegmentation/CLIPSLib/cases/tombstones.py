"""What remains of removed cases: hashes that recognize them, when, why, by whom. For `removal`, `intake`, `records`.

An id is never given twice, and a series that was taken out is not taken in again unasked: both are told by hashes, so
that nothing of the case itself has to be kept.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from CLIPSLib.cases.database import Database
from CLIPSLib.cases.types import RemovedCase
from CLIPSLib.errors import Refusal

if TYPE_CHECKING:
    import sqlite3


def tombstone_hash(identifier: str) -> str:
    """SHA-256 of a case id, a patient's pseudonym or a series key, as a tombstone keeps it."""
    return hashlib.sha256(f"clips-removed\n{identifier}".encode()).hexdigest()


def removed_cases(database: Database) -> list[RemovedCase]:
    """All removals, oldest first."""
    return [_tombstone(row) for row in database.rows("SELECT * FROM removals ORDER BY removal_id")]


def removal_of(database: Database, identifier: str) -> RemovedCase | None:
    """The removal of a case by its id or its series key; the last one of a series that was removed twice."""
    row = database.row(
        "SELECT * FROM removals WHERE :hash IN (case_sha256, series_sha256) ORDER BY removal_id DESC",
        {"hash": tombstone_hash(identifier)},
    )
    return None if row is None else _tombstone(row)


def gone(identifier: str, removed: RemovedCase) -> Refusal:
    """The sentence for whoever asks for a case that was removed."""
    return Refusal("case-removed", f"The case {identifier!r} was {removed}", "", "It cannot be brought back.")


def _tombstone(row: sqlite3.Row) -> RemovedCase:
    same = ("case_sha256", "patient_sha256", "series_sha256", "reason", "author", "removed_utc")
    return RemovedCase(**{name: row[name] for name in same}, unfinished=row["pending"] is not None)
