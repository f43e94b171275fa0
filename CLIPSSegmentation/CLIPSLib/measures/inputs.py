"""What can be measured, and what is refused before anything is: the gate of `measure_lesions`.

`measures` must not know the rooms that make studies and segmentations, so it says here what it needs of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.imaging import at_least, same_grid

if TYPE_CHECKING:
    import SimpleITK as sitk


class MeasurableLesion(Protocol):
    """A label of the mask with its identity (`segmentation.Lesion`)."""

    label: int
    lesion_id: str
    name: str
    kind: str


class MeasurableSegmentation(Protocol):
    """A mask on the PET grid (`segmentation.Segmentation`)."""

    labels: sitk.Image
    lesions: Sequence[MeasurableLesion]
    provenance: Mapping[str, Any]
    valid_for: str | None
    reviewed: bool


class MeasurableIdentity(Protocol):
    """What is known of the patient (`study.StudyIdentity`)."""

    weight_kg: float | None
    height_m: float | None
    sex: str
    pet_series_uid: str


class MeasurableStudy(Protocol):
    """A PET in SUVbw (`study.PetCtStudy`)."""

    pet: sitk.Image
    identity: MeasurableIdentity


def check_grids(segmentation: MeasurableSegmentation, study: MeasurableStudy) -> None:
    """Refuse a mask that does not lie on the PET grid voxel by voxel, or whose labels are no integers."""
    labels, pet, where = segmentation.labels, study.pet, study.identity.pet_series_uid
    if not same_grid(labels, pet):
        raise Refusal(
            "grid-differs",
            f"The mask's grid (size {labels.GetSize()}, spacing {_rounded(labels.GetSpacing())} mm, origin "
            f"{_rounded(labels.GetOrigin())} mm) is not the PET's (size {pet.GetSize()}, spacing "
            f"{_rounded(pet.GetSpacing())} mm, origin {_rounded(pet.GetOrigin())} mm)",
            where,
            "Bring the mask onto the PET grid first (nearest neighbor), or choose the PET it was made on.",
        )
    if "integer" not in labels.GetPixelIDTypeAsString():
        raise Refusal(
            "labels-not-integer",
            f"The mask's pixel type is {labels.GetPixelIDTypeAsString()}; labels are integers",
            where,
            "Threshold a probability map before measuring it.",
        )


def check_label_range(found_labels: np.ndarray, where: str) -> None:
    """Refuse voxel values that are no label (1 to 65535); found_labels: those of all voxels that are not 0."""
    for label in (found_labels.min(initial=1), found_labels.max(initial=1)):
        if not 1 <= label <= 65535:
            raise Refusal("label-out-of-range", f"The mask holds the value {label}; labels are 0 to 65535", where)


def check_lesions(found_labels: Sequence[int], lesions: Sequence[MeasurableLesion]) -> None:
    """Refuse voxels that belong to no lesion and labels or ids that are used twice: totals would be wrong."""
    for attribute in ("label", "lesion_id"):
        values = [getattr(lesion, attribute) for lesion in lesions]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise Refusal("lesion-twice", f"Two lesions have the same {attribute}: {twice[0]}", "", "Rename one.")
    unknown = sorted(set(found_labels) - {lesion.label for lesion in lesions})
    if unknown:
        raise Refusal(
            "label-without-lesion",
            f"The mask holds voxels of label {unknown[0]}, which no lesion has",
            "",
            "Add the lesion or clear these voxels.",
        )


def voxels_below(valid_for: str | None, suv_of_lesions: Sequence[np.ndarray]) -> list[int]:
    """Of each lesion, the voxels that break the condition of a mask ("suv >= 4", several joined by "and").

    Raises:
        Refusal: a condition that is not known here.
    """
    if valid_for is None:
        return [0] * len(suv_of_lesions)
    least = max(_least_suv(condition) for condition in valid_for.split(" and "))
    return [int(np.count_nonzero(~at_least(suv, least))) for suv in suv_of_lesions]


def check_validity(valid_for: str | None, suv_of_lesions: Sequence[np.ndarray], names: Sequence[str] = ()) -> None:
    """Refuse a mask that may be measured only under a condition ("suv >= 4") which its voxels do not meet.

    names: of the lesions, for the sentence.
    """
    below = voxels_below(valid_for, suv_of_lesions)
    if any(below):
        named = [f"{count} in '{name}'" for count, name in zip(below, names, strict=False) if count]
        raise Refusal(
            "not-valid-for",
            f"The mask may be measured only where {valid_for.strip()}; {sum(below)} of its voxels lie below",
            ", ".join(named),
            "Take these voxels out of the mask, then measure.",
        )


def _least_suv(condition: str) -> float:
    known = re.fullmatch(r"\s*suv\s*>=\s*(\d+(?:\.\d+)?)\s*", condition, re.IGNORECASE)
    if known is None:
        raise Refusal("valid-for-unknown", f"The mask is valid only for '{condition}', a condition not known here")
    return float(known[1])


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in values)
