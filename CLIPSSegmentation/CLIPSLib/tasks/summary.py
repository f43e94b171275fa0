"""The folder of results: fit to be written to, and its table of all studies. For `segment`."""

from __future__ import annotations

import contextlib
import csv
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Caution, ClipsError, Refusal
from CLIPSLib.files import write_text
from CLIPSLib.formats import write_summary_csv
from CLIPSLib.locks import only_one
from CLIPSLib.progress import Reporter

SUMMARY_NAME = "summary.csv"
_LOCK_NAME = ".summary.lock"
_LEFTOVER_AGE_S = 24 * 3600.0
_WAIT_S = 20.0


def prepare_folder(root: Path, *, anonymous: bool, reporter: Reporter) -> None:
    """Make sure that results can be written, before hours of work; clear what killed runs left a day ago or earlier.

    Raises:
        Failure: the folder cannot be made or written to.
        Refusal: anonymous results and others would stand side by side, which tells who is who.
    """
    identified = {bool(row.get("patient_id")) for row in _read(root / SUMMARY_NAME)}
    if anonymous in identified:
        raise Refusal(
            "mixed-anonymity",
            f"The folder holds results {'with names' if anonymous else 'without names'}; equal numbers in one table "
            "would tell who is who",
            str(root),
            "Choose another folder for these results.",
        )
    write_text(root / ".can-be-written", "", overwrite=True)
    (root / ".can-be-written").unlink(missing_ok=True)
    for leftover in (*root.glob(".writing-*"), *root.glob("*/.writing-*")):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_AGE_S:
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    for aside in root.glob("*/.replaced-*"):
        what = "An interrupted run left the older result in this folder; put its files back or delete it"
        reporter.caution(Caution("interrupted-overwrite", what, str(aside)))


def update_summary(root: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write these rows into the table; rows of other studies stay as long as their results are there.

    Two runs may share a folder: each holds the lock while it reads and writes. On a disk that knows no locks the
    table is written all the same.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ClipsError):
            stack.enter_context(only_one(root / _LOCK_NAME, wait_s=_WAIT_S))
        ours = {row["case"] for row in rows}
        others = [
            row for row in _read(root / SUMMARY_NAME) if row["case"] not in ours and (root / row["case"]).is_dir()
        ]
        write_summary_csv(root / SUMMARY_NAME, [*others, *rows], overwrite=True)


def _read(path: Path) -> list[dict[str, str]]:
    """The rows of a table written before; none where it is missing or not ours."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            return [row for row in csv.DictReader(stream) if row.get("case")]
    except (OSError, ValueError, csv.Error):
        return []
