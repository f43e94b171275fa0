"""The folder of a registry: where everything lies, how it is made and opened. Used by every file of this room.

    registry.sqlite          the database
    identities.json          who is who, readable by its owner alone; the rest carries no names
    images/<case>/           pet_suv.nii.gz, ct_hu.nii.gz, study.json
    masks/<sha256>.nii.gz    label maps and probabilities, named by their content
    drafts/<sha256>.nii.gz   unfinished work
    backups/                 copies of the database

Nothing in it holds a path that leaves it: the folder may be moved as a whole.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from CLIPSLib.cases import schema
from CLIPSLib.cases.backups import back_up, back_up_daily, copies
from CLIPSLib.cases.database import Database, damaged
from CLIPSLib.cases.types import CaseFiles, CaseRecord
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.files import atomic_path

DATABASE, IDENTITIES = "registry.sqlite", "identities.json"
PET, CT, STUDY = "pet_suv.nii.gz", "ct_hu.nii.gz", "study.json"


class RegistryFolder:
    """The paths of a registry, and the way to its database."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def database(self) -> Path:
        return self.root / DATABASE

    @property
    def identities(self) -> Path:
        return self.root / IDENTITIES

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def masks(self) -> Path:
        return self.root / "masks"

    @property
    def drafts(self) -> Path:
        return self.root / "drafts"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def case_files(self, case: CaseRecord) -> CaseFiles:
        """Where the images of a case lie."""
        folder = self.images / case.case_id
        return CaseFiles(pet=folder / PET, ct=folder / CT if case.has_ct else None, study=folder / STUDY)

    def mask_file(self, sha256: str) -> Path:
        return self.masks / f"{sha256}.nii.gz"

    def draft_file(self, sha256: str) -> Path:
        return self.drafts / f"{sha256}.nii.gz"

    def create(self) -> None:
        """Make the folder with an empty database, which appears whole.

        Raises:
            Refusal: there is a registry. Failure: the folder cannot be written to.
        """
        if self.database.exists():
            raise Refusal(
                "registry-exists", "The folder holds a registry already", str(self.root), "Open it, or choose another."
            )
        for place in (self.images, self.masks, self.drafts, self.backups):
            if place.is_dir() and any(place.iterdir()):
                raise Refusal(
                    "folder-taken",
                    f"The folder {place.name} there holds something already, which is not a registry's",
                    str(self.root),
                    "Choose an empty folder.",
                )
        with atomic_path(self.database) as temporary, contextlib.closing(Database(temporary)) as database:
            schema.migrate(database)
        try:
            for folder in (self.images, self.masks, self.drafts):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise Failure("cannot-write", f"Cannot write: {error.strerror}", str(self.root)) from error

    def open_database(self, *, read_only: bool) -> Database:
        """Open and check the database, migrate it, keep a backup a day. Raises as `Registry.open`."""
        if not self.database.is_file() and copies(self.backups):
            raise self._saying_what_is_left(damaged(self.database, "the file is missing"))
        if not self.database.is_file():
            raise UsageError(
                "no-registry",
                f"The folder holds no registry ({DATABASE})",
                str(self.root),
                "Choose the folder of a registry, or create one.",
            )
        writable = _writable(self.root, self.database)
        database = self._checked(read_only or not writable)
        try:
            version = schema.version_of(database)
            if version < len(schema.MIGRATIONS):
                self._upgrade(version, writable)
            elif not database.read_only:
                back_up_daily(database, self.backups)
        except BaseException:
            database.close()
            raise
        return database

    def _checked(self, read_only: bool) -> Database:
        """The database opened, after its pages and references were found whole."""
        try:
            database = Database(self.database, read_only=read_only)
            try:
                self._refuse_strange(database)
                _require_whole(database)
            except BaseException:
                database.close()
                raise
        except Failure as error:
            if error.code == "registry-damaged":
                raise self._saying_what_is_left(error) from error
            raise
        return database

    def _refuse_strange(self, database: Database) -> None:
        if database.row("PRAGMA application_id")[0] != schema.APPLICATION_ID:
            raise Refusal("wrong-format", f"{DATABASE} is no registry of CLIPS", str(self.database))
        version = schema.version_of(database)
        if version > len(schema.MIGRATIONS):
            raise Refusal(
                "newer-format",
                f"The registry has version {version}; this software knows versions up to {len(schema.MIGRATIONS)}",
                str(self.database),
                "Update CLIPS.",
            )

    def _upgrade(self, version: int, writable: bool) -> None:
        """Bring the database to today's version, also for somebody who only wants to read."""
        if not writable:
            raise Failure(
                "read-only",
                f"The registry has version {version} and must be brought to version {len(schema.MIGRATIONS)}, "
                "but cannot be written to",
                str(self.root),
                "Open it once with the right to write.",
            )
        with contextlib.closing(Database(self.database)) as database:
            back_up(database, self.backups, f"before-version-{len(schema.MIGRATIONS)}")
            schema.migrate(database)

    def _saying_what_is_left(self, error: Failure) -> Failure:
        from CLIPSLib.cases.rescue import readable

        found = readable(self.root)
        return Failure("registry-damaged", f"{error.what}; {found} can be saved", error.where, error.remedy)


def _require_whole(database: Database) -> None:
    problems = [row[0] for row in database.rows("PRAGMA integrity_check(1)") if row[0] != "ok"]
    problems += [f"a row of {row[0]} points at nothing" for row in database.rows("PRAGMA foreign_key_check")[:1]]
    if problems:
        raise damaged(database.path, problems[0].splitlines()[-1])


def _writable(*paths: Path) -> bool:
    return all(os.access(path, os.W_OK) for path in paths)
