"""What a segmentation is besides its voxels, as JSON text in the database. Used by `masks` and `drafts`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.cases.types import LesionRecord
from CLIPSLib.errors import Caution, Failure, Refusal
from CLIPSLib.formats import Scrubber
from CLIPSLib.imaging import array_view, same_grid, voxel_volume_ml
from CLIPSLib.segmentation.types import Lesion, Segmentation

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK as sitk

# names of no person, although they look like dates or UIDs to the scrubber
_KEPT = ("created_utc", "pet_series_uid", "ct_series_uid")


def measured_lesions(segmentation: Segmentation, pet: Path, case_id: str) -> tuple[LesionRecord, ...]:
    """The lesions with their sizes, after a check that the mask fits its case.

    Raises:
        Refusal: labels or probabilities are not on the grid of `pet`; labels are no whole numbers from 0 up; a label
            has no lesion, or two.
    """
    grid = _grid_of(pet)
    _require_grid(segmentation.labels, grid, "mask", case_id)
    if segmentation.probability is not None:
        _require_grid(segmentation.probability, grid, "probability map", case_id)
    counts = _counts(segmentation, case_id)
    voxel_ml = voxel_volume_ml(segmentation.labels)
    return tuple(
        LesionRecord(
            lesion=lesion, voxel_count=int(counts[lesion.label]), volume_ml=float(counts[lesion.label] * voxel_ml)
        )
        for lesion in segmentation.lesions
    )


def _counts(segmentation: Segmentation, case_id: str) -> np.ndarray:
    """How many voxels each label has."""
    voxels = array_view(segmentation.labels)
    if not np.issubdtype(voxels.dtype, np.integer) or voxels.min(initial=0) < 0 or voxels.max(initial=0) >= 2**16:
        what = f"The mask holds {voxels.dtype} values from {voxels.min(initial=0)} to {voxels.max(initial=0)}"
        raise Refusal("labels-range", what, case_id, "Labels are whole numbers from 0 to 65535.")
    counts = np.bincount(voxels[voxels != 0], minlength=2**16)  # most are 0; counting these would take seconds
    labels = [lesion.label for lesion in segmentation.lesions]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        what = f"Several lesions have the same label: {twice}; their volume would count twice"
        raise Refusal("label-twice", what, case_id, "Give each lesion a label of its own.")
    nameless = set(np.flatnonzero(counts).tolist()) - set(labels)
    if nameless:
        raise Refusal(
            "label-without-lesion",
            f"The mask holds values without a lesion: {sorted(nameless)}",
            case_id,
            "Name a lesion for each value.",
        )
    return counts


def _grid_of(pet: Path) -> sitk.ImageFileReader:
    """Size and geometry of an image file, as an image has them, without its voxels. Raises `Failure`."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(pet))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise Failure("cannot-read", "The PET of the case is missing or damaged", str(pet)) from error
    return reader


def _require_grid(image: sitk.Image, grid: sitk.ImageFileReader, name: str, case_id: str) -> None:
    if not same_grid(image, grid):
        raise Refusal(
            "grid-differs",
            f"The {name} ({_described(image)}) is not on the grid of the case's PET ({_described(grid)})",
            case_id,
            "Resample it onto the PET first.",
        )


def facts_to_json(segmentation: Segmentation, lesions: Sequence[LesionRecord], scrubber: Scrubber) -> str:
    """Everything but the voxels, without names of persons."""
    facts = {
        "lesions": [
            {
                **asdict(record.lesion),
                "name": scrubber.text(record.lesion.name),
                "voxel_count": record.voxel_count,
                "volume_ml": record.volume_ml,
            }
            for record in lesions
        ],
        "provenance": _plain(without_names(segmentation.provenance, scrubber)),
        "valid_for": segmentation.valid_for,
        "reviewed": segmentation.reviewed,
        "cautions": [caution.as_dict() for caution in scrubber.cautions(segmentation.cautions)],
    }
    return json.dumps(facts, ensure_ascii=False, allow_nan=False)


def records_from_json(facts: str) -> tuple[LesionRecord, ...]:
    """The lesions that `facts_to_json` wrote."""
    records = []
    for item in json.loads(facts)["lesions"]:
        size = {"voxel_count": item.pop("voxel_count"), "volume_ml": item.pop("volume_ml")}
        records.append(LesionRecord(lesion=Lesion(**item), **size))
    return tuple(records)


def segmentation_from_json(facts: str, labels: sitk.Image, probability: sitk.Image | None = None) -> Segmentation:
    """A segmentation put together again."""
    known = json.loads(facts)
    return Segmentation(
        labels=labels,
        lesions=tuple(record.lesion for record in records_from_json(facts)),
        probability=probability,
        provenance=known["provenance"],
        valid_for=known["valid_for"],
        reviewed=known["reviewed"],
        cautions=tuple(Caution(**item) for item in known["cautions"]),
    )


def without_names(provenance: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    """Provenance without persons and paths; time and series, which lead nowhere without the hospital, stay."""
    kept = {name: provenance[name] for name in _KEPT if name in provenance}
    return {**scrubber.value(provenance), **kept}


def _plain(value: Any) -> Any:
    """Numbers of numpy become Python's; what has no value is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _described(image: sitk.Image | sitk.ImageFileReader) -> str:
    size = " x ".join(map(str, image.GetSize()))
    spacing, origin = ([round(value, 3) for value in values] for values in (image.GetSpacing(), image.GetOrigin()))
    return f"{size} voxels of {spacing} mm from {origin}"
