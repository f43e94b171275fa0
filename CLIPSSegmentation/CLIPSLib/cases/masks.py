"""Mask versions, which never change: a file named by its content, and a row. Called by `Registry`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.cases.database import Database, reading
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import scrubber_of
from CLIPSLib.cases.people import require_name
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.segmentation_facts import (
    facts_to_json,
    measured_lesions,
    records_from_json,
    segmentation_from_json,
)
from CLIPSLib.cases.staging import name_by_content, staged_image
from CLIPSLib.cases.tombstones import gone, removal_of
from CLIPSLib.cases.types import ORIGINS, CaseRecord, MaskDiff, MaskVersion, Origin
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.files import sha256_file
from CLIPSLib.formats import read_image, read_labels, write_image, write_labels
from CLIPSLib.imaging import array_view, voxel_volume_ml
from CLIPSLib.provenance import software, utc_now
from CLIPSLib.segmentation.types import TUMOR, Segmentation

if TYPE_CHECKING:
    import sqlite3


def add_mask(
    database: Database,
    folder: RegistryFolder,
    case: CaseRecord,
    segmentation: Segmentation,
    *,
    origin: Origin,
    author: str,
    parent: str | None,
    comment: str,
) -> MaskVersion:
    """Keep a mask. Raises as `Registry.add_mask`."""
    database.require_writable()
    if origin not in ORIGINS:
        raise UsageError("origin", f"The origin of a mask is one of {', '.join(ORIGINS)}, not {origin!r}", case.case_id)
    model = _model(segmentation, origin, case.case_id)
    _require_own_series(segmentation, case)
    lesions = measured_lesions(segmentation, folder.case_files(case).pet, case.case_id)
    if parent is not None:
        require_mask_of(database, parent, case.case_id)
    tumor = [record for record in lesions if record.lesion.kind == TUMOR and record.voxel_count]
    scrubber = scrubber_of(folder.identities, case.case_id)
    row = {
        "case_id": case.case_id,
        "parent": parent,
        "origin": origin,
        "author": require_name(author, "author"),
        "model": model,
        "facts": facts_to_json(segmentation, lesions, scrubber),
        "volume_ml": sum(record.volume_ml for record in tumor),
        "lesion_count": len(tumor),
        "comment": scrubber.text(comment),
        "software": json.dumps(software()),
    }
    with contextlib.ExitStack() as aside:
        labels, row["sha256"] = aside.enter_context(
            staged_image(folder.masks, lambda path: write_labels(segmentation.labels, path))
        )
        probability, row["probability_sha256"] = None, None
        if segmentation.probability is not None:
            probability, row["probability_sha256"] = aside.enter_context(
                staged_image(folder.masks, lambda path: write_image(segmentation.probability, path))
            )
        with database.transaction():
            return _publish(database, folder, row, labels, probability)


def _publish(
    database: Database, folder: RegistryFolder, row: dict, labels: Path, probability: Path | None
) -> MaskVersion:
    """Name the files and add the row: under the write lock, so that `check` never sees the one without the other."""
    find_case(database, row["case_id"])  # it may have been removed since it was asked for
    name_by_content(labels, folder.mask_file(row["sha256"]))
    if probability is not None:
        name_by_content(probability, folder.mask_file(row["probability_sha256"]))
    taken = database.rows("SELECT mask_id FROM masks WHERE case_id = ?", (row["case_id"],))
    number = max((int(mask[0].rpartition("-m")[2]) for mask in taken), default=0) + 1
    mask_id = f"{row['case_id']}-m{number}"
    database.insert("masks", {**row, "mask_id": mask_id, "created_utc": utc_now()})
    return find_mask(database, mask_id)


def find_mask(database: Database, mask_id: str) -> MaskVersion:
    """A mask version by its id. Raises `UsageError` when there is none."""
    return _version(_row(database, mask_id))


def require_mask_of(database: Database, mask_id: str, case_id: str) -> None:
    """Raises `UsageError` unless the mask belongs to the case."""
    owner = _row(database, mask_id)["case_id"]
    if owner != case_id:
        raise UsageError("other-case", f"The mask {mask_id} belongs to case {owner}, not to {case_id}", case_id)


def list_masks(database: Database, case_id: str) -> list[MaskVersion]:
    """All versions of a case, oldest first."""
    return [_version(row) for row in database.rows("SELECT * FROM masks WHERE case_id = ? ORDER BY rowid", (case_id,))]


def lineage(database: Database, mask_id: str) -> list[MaskVersion]:
    """A version and those that it was made from, newest first."""
    found = [find_mask(database, mask_id)]
    while found[-1].parent is not None:
        found.append(find_mask(database, found[-1].parent))
    return found


def read_mask(database: Database, folder: RegistryFolder, mask_id: str) -> Segmentation:
    """The segmentation of a version, as it was kept. Raises as `Registry.read_mask`."""
    row = _row(database, mask_id)
    labels = read_labels(whole_file(folder.mask_file(row["sha256"]), mask_id))
    probability = None
    if row["probability_sha256"]:
        probability = read_image(whole_file(folder.mask_file(row["probability_sha256"]), mask_id))
    with reading(mask_id):
        return segmentation_from_json(row["facts"], labels, probability)


def whole_file(path: Path, owner: str) -> Path:
    """A file named by its content, after it was found whole. Raises `Failure` when missing or changed."""
    if not path.is_file():
        raise Failure("mask-missing", f"The file of {owner} is missing", str(path), "Restore it from a copy.")
    if sha256_file(path) != path.name.partition(".")[0]:
        raise Failure(
            "mask-changed",
            f"The file of {owner} is not the one that was kept: its SHA-256 differs",
            str(path),
            "Restore it from a copy.",
        )
    return path


def diff(database: Database, folder: RegistryFolder, mask_a: str, mask_b: str) -> MaskDiff:
    """What turns the tumor of one mask into that of another. Raises as `Registry.diff`."""
    require_mask_of(database, mask_b, find_mask(database, mask_a).case_id)
    a, b = (read_mask(database, folder, mask_id) for mask_id in (mask_a, mask_b))
    voxel_ml = voxel_volume_ml(a.labels)
    tumor_a, tumor_b = _tumor(a), _tumor(b)
    common = int(np.count_nonzero(tumor_a & tumor_b))
    sizes = int(np.count_nonzero(tumor_a)), int(np.count_nonzero(tumor_b))
    return MaskDiff(
        added_ml=(sizes[1] - common) * voxel_ml,
        removed_ml=(sizes[0] - common) * voxel_ml,
        dice=2 * common / sum(sizes) if sum(sizes) else None,
    )


def _tumor(segmentation: Segmentation) -> np.ndarray:
    """Where the labels of tumor lesions are, `[z, y, x]` bool."""
    wanted = np.zeros(2**16, dtype=bool)
    wanted[[lesion.label for lesion in segmentation.lesions if lesion.kind == TUMOR]] = True
    return wanted[array_view(segmentation.labels)]


def _model(segmentation: Segmentation, origin: Origin, case_id: str) -> str:
    """The model of a predicted mask; imported and corrected ones have an author, and a parent that may have one."""
    if origin != "predicted":
        return ""
    model = segmentation.provenance.get("model")
    if not model:
        raise UsageError("no-model", "A predicted mask must name its model in provenance['model']", case_id)
    return str(model)


def _require_own_series(segmentation: Segmentation, case: CaseRecord) -> None:
    """Two PETs of a patient often share a grid: a mask that names another series is not this case's."""
    theirs = segmentation.provenance.get("pet_series_uid")
    if theirs and case.pet_series_uid and theirs != case.pet_series_uid:
        what = f"The mask was made on PET series {theirs}, the case has {case.pet_series_uid}"
        raise Refusal("other-series", what, case.case_id, "Add it to the case of that series.")


def _row(database: Database, mask_id: str) -> sqlite3.Row:
    row = database.row("SELECT * FROM masks WHERE mask_id = ?", (mask_id,))
    if row is None:
        case_id = mask_id.rpartition("-m")[0]
        if removed := removal_of(database, case_id):
            raise gone(case_id, removed)
        remedy = "'clips cases show CASE' lists the masks of a case."
        raise UsageError("no-such-mask", f"There is no mask {mask_id!r}", str(database.path.parent), remedy)
    return row


def _version(row: sqlite3.Row) -> MaskVersion:
    same = ("case_id", "parent", "origin", "author", "model", "created_utc", "sha256", "volume_ml", "lesion_count")
    with reading(row["mask_id"]):
        facts = json.loads(row["facts"])
        return MaskVersion(
            id=row["mask_id"],
            **{name: row[name] for name in (*same, "comment")},
            provenance=facts["provenance"],
            lesions=records_from_json(row["facts"]),
            software=json.loads(row["software"])["version"],
            valid_for=facts["valid_for"],
            reviewed=facts["reviewed"],
        )
