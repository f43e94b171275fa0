"""Copies of the database, which is small: one a day, one before its tables change, and the last two states that
programs left behind. Used by `folder`, `registry` and `rescue`.
"""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from CLIPSLib.cases.database import Database
from CLIPSLib.errors import Failure
from CLIPSLib.files import atomic_path
from CLIPSLib.provenance import utc_now

DAILY, LAST = "daily", "last"
_KEPT, _KEPT_LAST = 7, 2
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
    daily = sorted(folder.glob(f"*-{DAILY}.sqlite"))
    if daily and time.time() - daily[-1].stat().st_mtime < _DAY_S:
        return
    with contextlib.suppress(Failure):  # a full disk is no reason not to read; whoever writes next is told
        back_up(database, folder, DAILY)
    for old in daily[: 1 - _KEPT]:
        old.unlink(missing_ok=True)


def back_up_last(database: Database, folder: Path) -> None:
    """Copy the database if this connection changed it: a file that is lost today costs no work of today."""
    if database.read_only or not database.changed:
        return
    with contextlib.suppress(Failure, OSError):  # every change is kept already; no copy of it is no error
        back_up(database, folder, LAST)
        for old in sorted(folder.glob(f"*-{LAST}.sqlite"))[:-_KEPT_LAST]:  # two: the younger may be of a damaged file
            old.unlink(missing_ok=True)


def copies(folder: Path) -> list[Path]:
    """All copies, of whatever occasion, oldest first."""
    return sorted(folder.glob("*.sqlite"))
