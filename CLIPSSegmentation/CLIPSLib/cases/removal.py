"""Taking a case out for good, as a patient may ask who withdraws consent. Called by `Registry`.

First, in one transaction, the rows go and a tombstone comes that lists what is still to be deleted; then images, masks,
the entry of the key file and the rows in the backups go, and the list is emptied. A program that dies in between leaves
the case as it was, or a list that whoever opens the registry next works off.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from CLIPSLib.cases import drafts, schema
from CLIPSLib.cases.backups import back_up_last, copies
from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import read_if_allowed, scrubber_of, write_identities
from CLIPSLib.cases.people import require_name
from CLIPSLib.cases.splits import naming
from CLIPSLib.cases.staging import WRITING, remove
from CLIPSLib.cases.tombstones import removal_of, tombstone_hash
from CLIPSLib.cases.types import CaseRecord, Removal
from CLIPSLib.errors import Caution, Failure, Refusal, UsageError
from CLIPSLib.provenance import utc_now


def remove_case(
    database: Database, folder: RegistryFolder, case: CaseRecord, *, reason: str, author: str, discard_drafts: bool
) -> Removal:
    """Take a case out with everything that was made of it. Raises as `Registry.remove_case`."""
    author = require_name(author, "author")
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError("no-reason", "The removal of a case needs a reason", case.case_id, "Say why, without names.")
    database.require_writable()
    _require_key_file(folder)
    tombstone = {
        "case_sha256": tombstone_hash(case.case_id),
        "patient_sha256": tombstone_hash(case.patient_id),
        "series_sha256": tombstone_hash(case.series_key),
        "reason": scrubber_of(folder.identities, case.case_id).text(reason.strip()),
        "author": author,
        "removed_utc": utc_now(),
    }
    with database.transaction():
        if not discard_drafts:
            _refuse_open_work(database, case.case_id)
        pending = {"case_id": case.case_id, "files": list(_files(database, case.case_id))}
        forget_rows(database, case.case_id)
        database.insert("removals", {**tombstone, "pending": json.dumps(pending)})
    problem = finish_removals(database, folder)
    back_up_last(database, folder.backups)
    named = naming(database, case.case_id)
    return Removal(
        case_id=case.case_id,
        removed=removal_of(database, case.case_id),
        splits=named,
        cautions=tuple(_cautions(folder, case, named, problem)),
    )


def finish_removals(database: Database, folder: RegistryFolder) -> str:
    """Delete what interrupted removals left; returns what stood in the way, "" when all is done."""
    if database.read_only or not unfinished(database):
        return ""
    try:
        _require_key_file(folder)
        with database.transaction():  # nobody can be between naming a file and adding its row
            for row in database.rows("SELECT removal_id, pending FROM removals WHERE pending IS NOT NULL"):
                with reading("a removal"):
                    pending = json.loads(row["pending"])
                    files = [str(name) for name in pending["files"]]
                _delete(database, folder, str(pending["case_id"]), files)
                database.execute("UPDATE removals SET pending = NULL WHERE removal_id = ?", (row["removal_id"],))
    except (Failure, Refusal) as error:
        return str(error)
    except OSError as error:
        return f"{error.strerror or error} ({error.filename})"
    return ""


def unfinished(database: Database) -> bool:
    """Whether files of removed cases are still to be deleted."""
    return database.row("SELECT 1 FROM removals WHERE pending IS NOT NULL") is not None


def forget_rows(database: Database, case_id: str) -> None:
    """Delete all rows of a case, in a database of any version."""
    triggers = database.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql IS NOT NULL")
    for trigger in triggers:
        database.execute(f'DROP TRIGGER "{trigger["name"]}"')
    for table in reversed(schema.OF_CASES):
        database.execute(f"DELETE FROM {table} WHERE case_id = ?", (case_id,))
    for trigger in triggers:
        database.execute(trigger["sql"])


def _delete(database: Database, folder: RegistryFolder, case_id: str, files: list[str]) -> None:
    """Everything of a case that is not a row of the database; what is gone already is fine."""
    if (folder.images / case_id).exists():
        remove(folder.images / case_id)
    for name in files:
        if not _used(database, name):
            remove(folder.root / name)
    for path in drafts.set_aside_files(folder, case_id):
        remove(path)
    known = read_if_allowed(folder.identities)
    if known is not None and case_id in known.cases:
        write_identities(folder.identities, known.without_cases([case_id]))
    for path in copies(folder.backups):
        _clean(path, case_id)


def _clean(backup: Path, case_id: str) -> None:
    """Take a case out of a copy of the database; one that cannot be opened stays, see `_cautions`."""
    aside = backup.with_name(WRITING + backup.name)  # the same name again after a crash
    for left in (aside, aside.with_name(aside.name + "-journal")):
        left.unlink(missing_ok=True)
    try:
        shutil.copy2(backup, aside)
        with contextlib.closing(Database(aside)) as database:
            knows_removals = schema.version_of(database) > 1
            if not _holds(database, case_id) and not (knows_removals and unfinished(database)):
                return
            with database.transaction():
                forget_rows(database, case_id)
                if knows_removals:
                    database.execute("UPDATE removals SET pending = NULL")
        os.replace(aside, backup)
    except Failure as error:
        if error.code != "registry-damaged":
            raise
    finally:
        aside.unlink(missing_ok=True)


def _holds(database: Database, case_id: str) -> bool:
    return any(
        database.row(f"SELECT 1 FROM {table} WHERE case_id = ?", (case_id,)) is not None for table in schema.OF_CASES
    )


def _files(database: Database, case_id: str) -> Iterator[str]:
    """Masks, probabilities and drafts of a case, relative to the registry's folder."""
    for row in database.rows("SELECT sha256, probability_sha256 FROM masks WHERE case_id = ?", (case_id,)):
        yield from (f"masks/{sha256}.nii.gz" for sha256 in filter(None, row))
    for row in database.rows("SELECT sha256 FROM drafts WHERE case_id = ?", (case_id,)):
        yield f"drafts/{row['sha256']}.nii.gz"


def _used(database: Database, name: str) -> bool:
    """Whether a row still names the file: masks of equal content (empty ones) share it."""
    table, _, file = name.partition("/")
    columns = ("sha256", "probability_sha256") if table == "masks" else ("sha256",)
    named = " OR ".join(f"{column} = :sha256" for column in columns)
    return database.row(f"SELECT 1 FROM {table} WHERE {named}", {"sha256": file.partition(".")[0]}) is not None


def _refuse_open_work(database: Database, case_id: str) -> None:
    """Raises `Refusal` while a reader has unfinished work on the case."""
    found = database.rows("SELECT reader, saved_utc FROM drafts WHERE case_id = ? ORDER BY saved_utc", (case_id,))
    if found:
        readers = ", ".join(f"{row['reader']} (saved {row['saved_utc']})" for row in found)
        raise Refusal(
            "work-open",
            f"The case has unfinished work of {readers}",
            case_id,
            "Let them save or forget it, or have it deleted with the case.",
        )


def _require_key_file(folder: RegistryFolder) -> None:
    """Raises `Refusal` when the key file is there and closed to this user: the name would stay in it."""
    if folder.identities.exists() and not os.access(folder.identities, os.R_OK | os.W_OK):
        raise Refusal(
            "key-file-closed",
            "Only who may read and write the key file can take a person out of it",
            str(folder.identities),
            "Ask its owner to remove the case.",
        )


def _cautions(folder: RegistryFolder, case: CaseRecord, splits: tuple[str, ...], problem: str) -> Iterator[Caution]:
    """What may still hold something of the case."""
    if problem:
        what = f"Files of the case could not be deleted yet, which is tried again at each opening: {problem}"
        yield Caution("removal-unfinished", what, case.case_id)
    if not folder.identities.exists():
        what = "The key file is not here: take the case out of it where it is ('clips cases check --remove-orphans')"
        yield Caution("key-file-elsewhere", what, folder.identities.name)
    if splits and any(caution.code == "telling-pseudonym" for caution in case.cautions):
        what = f"The splits {', '.join(splits)} name the case by its id, which holds the patient's id or name"
        yield Caution("telling-split", what, case.case_id)
    for path in (*sorted(folder.root.glob("registry-damaged-*.sqlite")), *filter(_unreadable, copies(folder.backups))):
        what = "This damaged copy of the database may hold rows of the case: delete it when it is needed no more"
        yield Caution("damaged-copy", what, path.relative_to(folder.root).as_posix())


def _unreadable(backup: Path) -> bool:
    try:
        with contextlib.closing(Database(backup, read_only=True)) as database:
            return database.row("PRAGMA integrity_check(1)")[0] != "ok"
    except Failure:
        return True
