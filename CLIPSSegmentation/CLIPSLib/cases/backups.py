"""Copies of the database, which is small: one a day, and one before its tables change. Used by `folder`, `rescue`."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from CLIPSLib.cases.database import Database
from CLIPSLib.errors import Failure
from CLIPSLib.files import atomic_path
from CLIPSLib.provenance import utc_now

DAILY = "daily"
_KEPT = 7
_DAY_S = 24 * 3600.0


def back_up(database: Database, folder: Path, occasion: str) -> Path:
    """Copy the database to `folder`; the name tells when and why. Of one second the latest copy stays."""
    path = folder / f"{re.sub(r'[-:]', '', utc_now())}-{occasion}.sqlite"
    with atomic_path(path, overwrite=True) as temporary:
        database.backup(temporary)
    return path


def back_up_daily(database: Database, folder: Path) -> None:
    """Copy the database unless there is a copy of the last day or nothing to lose; keep the last seven of these."""
    if database.row("SELECT 1 FROM cases LIMIT 1") is None:
        return
    copies = sorted(folder.glob(f"*-{DAILY}.sqlite"))
    if copies and time.time() - copies[-1].stat().st_mtime < _DAY_S:
        return
    with contextlib.suppress(Failure):  # a full disk is no reason not to read; whoever writes next is told
        back_up(database, folder, DAILY)
    for old in copies[: 1 - _KEPT]:
        old.unlink(missing_ok=True)


def newest(folder: Path) -> Path | None:
    """The youngest copy, of whatever occasion."""
    return max(folder.glob("*.sqlite"), default=None, key=lambda path: path.name)
