"""Does the folder hold what the database says, and nothing else? Called by `Registry.check`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import CT, PET, STUDY, RegistryFolder
from CLIPSLib.cases.identities import read_if_allowed, write_identities
from CLIPSLib.cases.removal import finish_removals, unfinished
from CLIPSLib.cases.staging import WRITING, remove
from CLIPSLib.cases.types import CheckReport
from CLIPSLib.errors import Caution
from CLIPSLib.files import sha256_file
from CLIPSLib.progress import Reporter

_BY_CONTENT = re.compile(r"[0-9a-f]{64}\.nii\.gz")
STALE_S = 3600.0  # what was being written and did not change for so long belongs to no living program


def check(
    database: Database, folder: RegistryFolder, *, remove_orphans: bool, hashes: bool, reporter: Reporter
) -> CheckReport:
    """Compare folder and database. Raises as `Registry.check`."""
    finish_removals(database, folder)
    missing, changed = [], []
    expected = dict(_expected(database, folder))
    for number, (path, sha256) in enumerate(expected.items()):
        reporter.check()
        reporter.progress("Checking", number / len(expected))
        if not path.is_file():
            missing.append(path)
        elif hashes and sha256_file(path) != sha256:
            changed.append(path)
    reporter.progress("Checking", 1.0)
    if not remove_orphans:
        orphans, removed = _orphans(database, folder), []
    else:
        with database.transaction():  # nobody can be between naming a file and adding its row
            removed = _orphans(database, folder)
            for path in removed:
                remove(path)
            _forget_identities(database, folder)
        orphans = []
    return CheckReport(
        orphans=_relative(folder, orphans),
        missing=_relative(folder, missing),
        changed=_relative(folder, changed),
        removed=_relative(folder, removed),
        cautions=tuple(_cautions(database, folder)),
    )


def _expected(database: Database, folder: RegistryFolder) -> Iterator[tuple[Path, str]]:
    """Every file that a row names, with its SHA-256."""
    for row in database.rows("SELECT case_id, files FROM cases ORDER BY case_id"):
        with reading(row["case_id"]):
            files = json.loads(row["files"]).items()
        yield from ((folder.images / row["case_id"] / name, sha256) for name, sha256 in files)
    for row in database.rows("SELECT sha256, probability_sha256 FROM masks ORDER BY rowid"):
        for sha256 in filter(None, row):
            yield folder.mask_file(sha256), sha256
    for row in database.rows("SELECT sha256 FROM drafts"):
        yield folder.draft_file(row["sha256"]), row["sha256"]


def _orphans(database: Database, folder: RegistryFolder) -> list[Path]:
    """What no row names: whole cases, masks, drafts, and stale files of interrupted writing."""
    known = {path for path, _ in _expected(database, folder)}
    known |= {path.parent for path in known}
    places = (folder.root, folder.images, folder.masks, folder.drafts, folder.backups)
    found = [path for place in places for path in _inside(place) if _ours(path, folder)]
    return sorted(path for path in found if path not in known and not _at_work(path))


def _ours(path: Path, folder: RegistryFolder) -> bool:
    """Whether a registry may have written it; what a person put into the folder is left alone."""
    if path.name.startswith(WRITING):
        return True
    if path.parent == folder.images:
        return path.is_dir() and {part.name for part in path.iterdir()} <= {PET, CT, STUDY}
    return path.parent in (folder.masks, folder.drafts) and _BY_CONTENT.fullmatch(path.name) is not None


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _at_work(path: Path) -> bool:
    """Whether another program may be writing it right now."""
    if not path.name.startswith(WRITING):
        return False
    newest = max(part.stat().st_mtime for part in (path, *path.rglob("*")))
    return time.time() - newest < STALE_S


def _unknown_identities(database: Database, folder: RegistryFolder) -> list[str]:
    identities = read_if_allowed(folder.identities)
    cases = {row[0] for row in database.rows("SELECT case_id FROM cases")}
    return sorted(set(identities.cases) - cases) if identities else []


def _forget_identities(database: Database, folder: RegistryFolder) -> None:
    unknown = _unknown_identities(database, folder)
    if unknown:
        write_identities(folder.identities, read_if_allowed(folder.identities).without_cases(unknown))


def _cautions(database: Database, folder: RegistryFolder) -> Iterator[Caution]:
    if unfinished(database):
        what = "Files of a removed case are still there: whoever may write to the folder and its key file deletes them"
        yield Caution("removal-unfinished", what, folder.root.name)
    unknown = _unknown_identities(database, folder)
    if unknown:
        what = f"The key file names cases that are not in the registry: {', '.join(unknown)}"
        yield Caution("identities-left-over", what, folder.identities.name)
    if not folder.identities.exists() and database.row("SELECT 1 FROM cases LIMIT 1") is not None:
        what = "The key file is missing: cases can be read, and none can be added"
        yield Caution("identities-missing", what, folder.identities.name)


def _relative(folder: RegistryFolder, paths: list[Path]) -> tuple[str, ...]:
    return tuple(path.relative_to(folder.root).as_posix() for path in paths)
