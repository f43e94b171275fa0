"""`lesion_at_point`: a lesion that the automatic candidates missed, grown from where a person pointed.

Called by Slicer's panel. The rules are those of the methods "suv4" and "41max", from one seed and without a minimum
volume: what a person points at counts however small it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Refusal, UsageError
from CLIPSLib.imaging import (
    array_view,
    at_least,
    image_like,
    label_components,
    lps_mm_to_index,
    spacing_zyx_mm,
    sphere_offsets,
)
from CLIPSLib.segmentation.candidates import Regions
from CLIPSLib.segmentation.growth import SEED_THRESHOLDS_SUV, Seeds
from CLIPSLib.segmentation.relative import MAX41, fallback_cautions, fraction_of_max, grow_lesion

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study import PetCtStudy

FIXED, RELATIVE = "suv4", "41max"
SEARCH_RADIUS_MM = 10.0  # a click is less precise than a voxel


def lesion_at_point(
    study: PetCtStudy, point_lps_mm: Sequence[float], method: str = FIXED, *, taken: np.ndarray | None = None
) -> tuple[sitk.Image, tuple[Caution, ...]]:
    """The lesion around the hottest voxel within 10 mm of a point.

    method: "suv4": its connected region of SUV >= 4.0; "41max": grown from that region (where it does not reach SUV
    4.0: of SUV >= 2.5) to 41 % of SUVmax. taken: bool `[z, y, x]`, voxels of lesions that exist already; they stay
    theirs.

    Returns:
        A mask on the PET grid (uint8), and why growth stopped early, if it did.

    Raises:
        Refusal: the point is outside the PET, too cold, or on a lesion that exists. UsageError: another method.
    """
    if method not in (FIXED, RELATIVE):
        raise UsageError("unknown-method", f"Lesions do not grow by '{method}'", "", f"Use {FIXED} or {RELATIVE}.")
    suv = array_view(study.pet)
    free = np.ones(suv.shape, bool) if taken is None else ~taken
    hottest = _hottest_near(study, suv, point_lps_mm, free)
    thresholds = SEED_THRESHOLDS_SUV[:1] if method == FIXED else SEED_THRESHOLDS_SUV
    seed_threshold = next((t for t in thresholds if at_least(suv[hottest], t)), None)
    if seed_threshold is None:
        raise Refusal(
            "too-cold",
            f"The highest SUV within {SEARCH_RADIUS_MM:g} mm of the point is {_rounded_down(suv[hottest]):.2f}; "
            f"a lesion starts at SUV {thresholds[-1]:.1f}",
            "",
            "Point at the hottest spot, grow by 41 % of SUVmax, or paint the lesion.",
        )
    components = label_components(at_least(suv, seed_threshold) & free, 26)
    number = int(components.labels[hottest])
    region = components.labels == number
    if method == FIXED:
        return image_like(region.astype(np.uint8), study.pet), ()
    seeds = Seeds(Regions(labels=region.astype(np.uint16), boxes=(components.boxes[number - 1],)), seed_threshold)
    grown = grow_lesion(study, seeds, 1, fraction_of_max, MAX41.options)
    mask = np.zeros(suv.shape, np.uint8)
    mask[grown.box][grown.mask] = 1
    mask[~free] = 0
    return image_like(mask, study.pet), fallback_cautions([grown], seed_threshold, MAX41.options["max_growth_mm"])


def _rounded_down(suv: float) -> float:
    """So that 3.999 is not said to be 4.00 and too cold for 4.0."""
    return math.floor(100.0 * float(suv)) / 100.0


def _hottest_near(
    study: PetCtStudy, suv: np.ndarray, point_lps_mm: Sequence[float], free: np.ndarray
) -> tuple[int, int, int]:
    """Index (z, y, x) of the hottest free voxel within the search radius."""
    center = np.rint(lps_mm_to_index(study.pet, np.array(point_lps_mm))[0]).astype(int)
    shape = np.array(suv.shape)
    if ((center < 0) | (center >= shape)).any():
        raise Refusal("outside-pet", "The point lies outside the PET", "", "Point at uptake in the PET.")
    if not free[tuple(center)]:
        raise Refusal("lesion-there", "The point lies in a lesion that exists already", "", "Edit or split that one.")
    voxels = center + sphere_offsets(spacing_zyx_mm(study.pet), SEARCH_RADIUS_MM)
    voxels = voxels[((voxels >= 0) & (voxels < shape)).all(axis=1)]
    voxels = voxels[free[tuple(voxels.T)]]
    z, y, x = voxels[int(suv[tuple(voxels.T)].argmax())]
    return int(z), int(y), int(x)
