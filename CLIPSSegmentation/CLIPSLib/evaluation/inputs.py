"""What can be compared, and what is refused before anything is; then the two masks cut to the box that holds both.

Used by `case` and `hospital`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.imaging import Box, array_view, at_least, bounding_box, require_finite, same_grid, spacing_zyx_mm
from CLIPSLib.measures.inputs import check_validity

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class Pair:
    """The labels of both masks (0 is background), and the SUV or None, within the smallest box around both masks."""

    reference: np.ndarray
    prediction: np.ndarray
    suv: np.ndarray | None
    box: Box
    grid: sitk.Image

    @property
    def spacing_zyx_mm(self) -> tuple[float, float, float]:
        return spacing_zyx_mm(self.grid)

    @property
    def start_zyx(self) -> np.ndarray:
        """Where the box begins in the image, in voxels."""
        return np.array([side.start for side in self.box])


def pair_of(reference: sitk.Image, prediction: sitk.Image, pet: sitk.Image | None, where: str = "") -> Pair:
    """Check that two label maps (and the PET) can be compared, and cut them to what they hold.

    Raises:
        Refusal: "not-a-volume", "labels-not-integer", "label-out-of-range", "grid-differs", "not-finite".
    """
    _check_labels(reference, "reference", where)
    _check_labels(prediction, "prediction", where)
    _check_grid(prediction, reference, "prediction", "reference", where)
    suv = None
    if pet is not None:
        _check_grid(pet, reference, "PET", "reference", where)
        suv = array_view(pet)
        require_finite(suv, "The PET", where)
    first, second = array_view(reference), array_view(prediction)
    box = _around(bounding_box(first), bounding_box(second))
    return Pair(first[box], second[box], None if suv is None else suv[box], box, reference)


def require_validity(pair: Pair, mask: np.ndarray, valid_for: str | None, where: str, remedy: str) -> None:
    """Refuse to use `mask` (boolean, as it would be compared) where the `valid_for` that came with it does not hold.

    remedy: what to do where there is no PET to check it with.

    Raises:
        Refusal: "not-valid-for", "valid-for-unknown".
    """
    if valid_for is None:
        return
    if pair.suv is None:
        raise Refusal("not-valid-for", f"The mask is valid only for '{valid_for}'", where, remedy)
    check_validity(valid_for, [pair.suv[mask]], [where or "the mask"])


def above_threshold(pair: Pair, threshold: float | None, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Both label arrays, without the voxels below the SUV threshold when there is one.

    Raises:
        Refusal: "pet-needed": a threshold and no PET.
    """
    if threshold is None:
        return pair.reference, pair.prediction
    if pair.suv is None:
        raise Refusal(
            "pet-needed",
            f"Comparing the voxels with SUV >= {threshold:g} needs the PET, and none was given",
            where,
            "Give the PET in SUVbw, or leave out the threshold.",
        )
    kept = at_least(pair.suv, threshold)
    return np.where(kept, pair.reference, 0), np.where(kept, pair.prediction, 0)


def _check_labels(labels: sitk.Image, name: str, where: str) -> None:
    if labels.GetDimension() != 3:
        raise Refusal("not-a-volume", f"The {name} has {labels.GetDimension()} dimensions; a mask has three", where)
    pixel_type = labels.GetPixelIDTypeAsString()
    if "integer" not in pixel_type or "vector" in pixel_type:
        raise Refusal(
            "labels-not-integer",
            f"The {name}'s pixel type is {pixel_type}; a mask holds one whole number per voxel",
            where,
            "Threshold a probability map first.",
        )
    lowest = array_view(labels).min(initial=0)
    if lowest < 0:
        raise Refusal("label-out-of-range", f"The {name} holds the value {lowest}; labels begin at 0", where)


def _check_grid(image: sitk.Image, other: sitk.Image, name: str, other_name: str, where: str) -> None:
    if image.GetDimension() != other.GetDimension() or not same_grid(image, other):
        raise Refusal(
            "grid-differs",
            f"The grid of the {name} ({_described(image)}) is not that of the {other_name} ({_described(other)})",
            where,
            "Bring both onto the PET grid first (nearest neighbor for masks).",
        )


def _described(image: sitk.Image) -> str:
    rounded = [tuple(round(v, 3) for v in values) for values in (image.GetSpacing(), image.GetOrigin())]
    return f"size {image.GetSize()}, spacing {rounded[0]} mm, origin {rounded[1]} mm"


def _around(first: Box, second: Box) -> Box:
    """The box around two boxes; an empty one does not count."""
    boxes = [box for box in (first, second) if box[0].stop > box[0].start]
    if not boxes:
        return first
    z, y, x = (slice(min(s.start for s in sides), max(s.stop for s in sides)) for sides in zip(*boxes, strict=True))
    return z, y, x
