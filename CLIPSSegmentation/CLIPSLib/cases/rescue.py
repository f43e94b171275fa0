"""What can be saved of a damaged database. Called by `folder` for its sentence, and by whoever asks for it.

Rows of a registry are added and never changed, and keep their numbers, so what can still be read of the database and
of its backups adds up.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CLIPSLib.cases import schema
from CLIPSLib.cases.backups import copies
from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.tombstones import tombstone_hash
from CLIPSLib.errors import Failure, UsageError
from CLIPSLib.files import atomic_path
from CLIPSLib.provenance import utc_now

Row = Mapping[str, Any]
Tables = dict[str, dict[int, Row]]  # table -> row number -> row
_MENTIONS = {"masks": ("parent",), "reviews": ("mask_id",), "drafts": ("parent",)}  # what a row can do without


@dataclass(frozen=True, kw_only=True)
class Rescue:
    """What `rescue_registry` saved. rows: by table; dropped: rows whose case was lost; damaged: where
    the damaged file is kept, None where there was none; backup: the newest of those that were read.
    """

    rows: Mapping[str, int]
    dropped: int
    damaged: Path | None
    backup: Path | None

    def __str__(self) -> str:
        return _in_words(self.rows)


def rescue_registry(folder: str | os.PathLike) -> Rescue:
    """Build the database anew from all rows that can be read, in it and in its backups; keep the damaged file beside.

    Close every other program that works on the folder first. Run `Registry.check` afterwards: it tells which images
    no row knows any more.

    Raises:
        UsageError: there is no database and no backup. Failure: no row can be read anywhere; the disk is full.
    """
    place = RegistryFolder(Path(folder).absolute())
    tables = _collected(place)
    if not tables["cases"]:
        raise Failure(
            "nothing-readable",
            "Neither the database nor a backup holds a case that can be read",
            str(place.root),
            "The images are untouched: add them again.",
        )
    name = f"registry-damaged-{re.sub(r'[-:]', '', utc_now())}.sqlite"
    damaged = place.root / name if place.database.exists() else None
    with atomic_path(place.database, overwrite=True) as temporary:
        with contextlib.closing(Database(temporary)) as database:
            dropped = _fill(database, tables)
            rows = {table: database.row(f"SELECT COUNT(*) FROM {table}")[0] for table in schema.TABLES}
        if damaged:
            _keep_damaged(place.database, damaged)
    backups = copies(place.backups)
    return Rescue(rows=rows, dropped=dropped, damaged=damaged, backup=backups[-1] if backups else None)


def readable(folder: Path) -> str:
    """How much `rescue_registry` would save, in words."""
    tables = _collected(RegistryFolder(folder))
    return _in_words({table: len(rows) for table, rows in tables.items()})


def _in_words(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{rows[table]} {table}" for table in ("cases", "masks", "reviews", "ratings"))


def _collected(place: RegistryFolder) -> Tables:
    """All rows of the backups, oldest first, then, over them, all that can be read of the database."""
    sources = [path for path in (*copies(place.backups), place.database) if path.is_file()]
    if not sources:
        raise UsageError("no-registry", "The folder holds neither a registry nor a backup of one", str(place.root))
    tables: Tables = {table: {} for table in schema.TABLES}
    for source in sources:
        with contextlib.suppress(Failure), contextlib.closing(Database(source, read_only=True)) as database:
            for table, rows in tables.items():
                rows.update(_readable_rows(database, table))
    _forget_removed(tables)
    drafts = tables["drafts"].items()  # a draft is the one thing that is replaced: the backup's may be gone
    tables["drafts"] = {number: row for number, row in drafts if place.draft_file(row["sha256"]).is_file()}
    return tables


def _forget_removed(tables: Tables) -> None:
    """A damaged copy may still hold a case that was removed."""
    removed = {row["case_sha256"] for row in tables["removals"].values()}
    for table in schema.OF_CASES:
        rows = tables[table].items()
        tables[table] = {number: row for number, row in rows if tombstone_hash(str(row["case_id"])) not in removed}


def _readable_rows(database: Database, table: str) -> dict[int, Row]:
    """The rows of a table by row number: from the front and from the back, as far as undamaged pages go."""
    found: dict[int, Row] = {}
    for direction in ("ASC", "DESC"):
        with contextlib.suppress(Failure):
            for row in database.each(f"SELECT rowid AS row_number, * FROM {table} ORDER BY rowid {direction}"):
                values = dict(row)
                found[values.pop("row_number")] = values
    return found


def _fill(database: Database, tables: Tables) -> int:
    """Write the rows into an empty database under their numbers, by which backups are matched.

    Returns how many had to go, because their case is lost.
    """
    dropped = 0
    schema.migrate(database)
    with database.transaction():
        for table, rows in tables.items():
            dropped += sum(not _insert(database, table, {"rowid": number, **rows[number]}) for number in sorted(rows))
    return dropped


def _insert(database: Database, table: str, row: Row) -> bool:
    """Add a row; where the mask that it mentions is lost, without mentioning it. False when its case is lost."""
    import sqlite3

    for values in (row, {**row, **dict.fromkeys(_MENTIONS.get(table, ()))}):
        try:
            database.insert(table, values, replace=table == "drafts")
            return True
        except sqlite3.IntegrityError:
            continue
    return False


def _keep_damaged(database: Path, kept: Path) -> None:
    """Copy the damaged file aside, and take away its journal, which must not be played back onto the new one."""
    journal = database.with_name(database.name + "-journal")
    for path, copy in ((database, kept), (journal, kept.with_name(kept.name + "-journal"))):
        if path.exists():
            shutil.copy2(path, copy)
    journal.unlink(missing_ok=True)
