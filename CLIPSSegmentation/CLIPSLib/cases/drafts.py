"""Unfinished work, one slot per case and reader: what the panel saves by itself. Called by `Registry`."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import scrubber_of
from CLIPSLib.cases.masks import require_mask_of, whole_file
from CLIPSLib.cases.people import require_effort, require_name
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.segmentation_facts import facts_to_json, measured_lesions, segmentation_from_json
from CLIPSLib.cases.staging import name_by_content, remove, staged_image
from CLIPSLib.cases.types import CaseRecord, Draft
from CLIPSLib.errors import Caution, Failure
from CLIPSLib.files import write_text
from CLIPSLib.formats import read_labels, write_labels
from CLIPSLib.provenance import utc_now
from CLIPSLib.segmentation.types import Segmentation

_DAMAGED = ("mask-missing", "mask-changed", "registry-damaged")
_OF_READER = "FROM drafts WHERE case_id = ? AND reader = ?"


def save(
    database: Database,
    folder: RegistryFolder,
    case: CaseRecord,
    reader: str,
    segmentation: Segmentation,
    *,
    parent: str | None,
    active_s: float,
    edit_count: int,
) -> None:
    """Keep a draft in place of the earlier one, whose file goes last. Probabilities are not kept."""
    database.require_writable()
    lesions = measured_lesions(segmentation, folder.case_files(case).pet, case.case_id)
    require_effort(active_s, edit_count)
    if parent is not None:
        require_mask_of(database, parent, case.case_id)
    row = {
        "case_id": case.case_id,
        "reader": require_name(reader, "reader"),
        "parent": parent,
        "facts": facts_to_json(segmentation, lesions, scrubber_of(folder.identities, case.case_id)),
        "active_s": float(active_s),
        "edit_count": int(edit_count),
        "saved_utc": utc_now(),
    }
    staged = staged_image(folder.drafts, lambda path: write_labels(segmentation.labels, path))
    with staged as (labels, sha256), database.transaction():
        find_case(database, case.case_id)  # it may have been removed since it was asked for
        earlier = _file_hash(database, case.case_id, row["reader"])
        name_by_content(labels, folder.draft_file(sha256))
        database.insert("drafts", {**row, "sha256": sha256}, replace=True)
        database.afterwards(lambda: _forget_file(database, folder, earlier))


def read(database: Database, folder: RegistryFolder, case_id: str, reader: str) -> Draft | None:
    """The draft of a reader. Raises `Failure` when its file is missing or damaged."""
    row = database.row(f"SELECT * {_OF_READER}", (case_id, require_name(reader, "reader")))
    if row is None:
        return None
    labels = read_labels(whole_file(folder.draft_file(row["sha256"]), f"the draft of {case_id}"))
    same = {name: row[name] for name in ("case_id", "reader", "parent", "saved_utc", "active_s", "edit_count")}
    with reading(f"the draft of {case_id}"):
        return Draft(**same, segmentation=segmentation_from_json(row["facts"], labels))


def read_or_set_aside(
    database: Database, folder: RegistryFolder, case_id: str, reader: str
) -> tuple[Draft | None, Caution | None]:
    """The draft of a reader; one that is damaged is put aside, so that it is in nobody's way."""
    try:
        return read(database, folder, case_id, reader), None
    except Failure as error:
        if error.code not in _DAMAGED:
            raise
        if database.read_only:
            what = f"The unfinished work on {case_id} is damaged ({error.what}) and left out"
            return None, Caution("draft-damaged", what, case_id)
    with database.transaction():
        try:  # another program may have saved anew
            return read(database, folder, case_id, reader), None
        except Failure as error:
            return None, _set_aside(database, folder, case_id, reader, error)


def set_aside_files(folder: RegistryFolder, case_id: str) -> list[Path]:
    """What is left of damaged drafts of a case."""
    name = re.compile(rf"damaged-{re.escape(case_id)}-\d{{8}}T\d{{6}}Z\.(json|nii\.gz)")
    there = folder.drafts.iterdir() if folder.drafts.is_dir() else ()
    return sorted(path for path in there if name.fullmatch(path.name))


def _set_aside(database: Database, folder: RegistryFolder, case_id: str, reader: str, error: Failure) -> Caution:
    """Rename the file of a damaged draft, and keep its row as a file beside it."""
    row = database.row(f"SELECT * {_OF_READER}", (case_id, require_name(reader, "reader")))
    kept = folder.drafts / f"damaged-{case_id}-{re.sub(r'[-:]', '', utc_now())}.json"
    write_text(kept, json.dumps(dict(row), indent=2, ensure_ascii=False), overwrite=True)
    if folder.draft_file(row["sha256"]).exists():
        os.replace(folder.draft_file(row["sha256"]), kept.with_suffix(".nii.gz"))
    database.execute(f"DELETE {_OF_READER}", (case_id, row["reader"]))
    what = f"The unfinished work on {case_id} is damaged ({error.what}); it was put aside as drafts/{kept.stem}.*"
    return Caution("draft-damaged", what, case_id)


def discard(database: Database, folder: RegistryFolder, case_id: str, reader: str) -> None:
    """Forget the draft of a reader."""
    reader = require_name(reader, "reader")
    with database.transaction():
        earlier = _file_hash(database, case_id, reader)
        database.execute(f"DELETE {_OF_READER}", (case_id, reader))
        database.afterwards(lambda: _forget_file(database, folder, earlier))


def _file_hash(database: Database, case_id: str, reader: str) -> str | None:
    row = database.row(f"SELECT sha256 {_OF_READER}", (case_id, reader))
    return row and row[0]


def _forget_file(database: Database, folder: RegistryFolder, sha256: str | None) -> None:
    """Delete the file of a draft that no row has any more (two readers may have the same content).

    The change itself is kept already: a file that cannot be deleted is no failure, `check` finds it.
    """
    if sha256 is None:
        return
    with contextlib.suppress(Failure, OSError), database.transaction():
        if database.row("SELECT 1 FROM drafts WHERE sha256 = ?", (sha256,)) is None:
            remove(folder.draft_file(sha256))
