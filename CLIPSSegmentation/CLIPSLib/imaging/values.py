"""Voxel values against limits: the one SUV comparison, the smallest volume in voxels, and no NaN anywhere.

Segmentation and measures both call these, so that a threshold means the same voxels everywhere.
"""

from __future__ import annotations

import math

import numpy as np

from CLIPSLib.errors import Refusal

SUV_TOLERANCE = 1e-6


def at_least(suv: np.ndarray, threshold: float) -> np.ndarray:
    """The voxels with `SUV >= threshold - 1e-6`: inclusive, forgiving the rounding of a stored 4.0.

    suv: any float array. The limit is compared as if in double precision, without copying a float32 array.
    """
    limit = float(threshold) - SUV_TOLERANCE
    if suv.dtype == np.float32:
        nearest = np.float32(limit)
        limit = nearest if float(nearest) >= limit else np.nextafter(nearest, np.float32(np.inf))
    return suv >= limit


def voxels_for_volume(volume_ml: float, voxel_ml: float) -> int:
    """The fewest voxels of `voxel_ml` that hold at least `volume_ml` (an exact multiple is not lost to rounding)."""
    return math.ceil(volume_ml / voxel_ml - 1e-9)


def require_finite(array: np.ndarray, name: str, where: str = "") -> None:
    """Refuse an image that holds NaN or infinity: every number made from it would be wrong.

    Raises:
        Refusal: "not-finite", with how many voxels and the first one as (z, y, x).
    """
    # Minimum and maximum carry NaN and infinity along, at a tenth of the cost of `np.isfinite` and without its memory.
    if array.size == 0 or (math.isfinite(array.min()) and math.isfinite(array.max())):
        return
    bad = np.argwhere(~np.isfinite(array))
    first = tuple(int(i) for i in bad[0])
    raise Refusal(
        "not-finite",
        f"{name} holds {len(bad)} voxels that are NaN or infinite, the first at (z, y, x) = {first}",
        where,
        "Export or convert the series again.",
    )
