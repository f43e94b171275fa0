"""Means over spheres, as SUVpeak, liver and blood-pool references need them.

The sphere of a voxel holds the voxels whose centers lie within its radius (IBSI's rule for the 1 cm3 peak
neighborhood, features 0F91 and VJGA): only voxels of the image, whether inside the lesion or not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PEAK_RADIUS_MM = 10.0 * (3.0 / (4.0 * np.pi)) ** (1.0 / 3.0)  # a sphere of 1 cm3: 6.2035 mm


def sphere_offsets(spacing_zyx_mm: Sequence[float], radius_mm: float) -> np.ndarray:
    """Voxel offsets `(n, 3)` in (z, y, x) whose distance from the center is at most `radius_mm`."""
    spacing = np.asarray(spacing_zyx_mm, dtype=float)
    reach = np.floor(radius_mm / spacing + 1e-9).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.sqrt(((grid * spacing) ** 2).sum(axis=1))
    return grid[distance <= radius_mm * (1.0 + 1e-9)]


def sphere_means(
    array: np.ndarray, centers_zyx: np.ndarray, spacing_zyx_mm: Sequence[float], radius_mm: float
) -> np.ndarray:
    """The mean of `array` `[z, y, x]` in the sphere around each of the voxels `(n, 3)`, as float64 `(n,)`.

    Spheres that reach over the border of the image are averaged over what lies inside it.
    """
    centers = np.asarray(centers_zyx, dtype=np.intp).reshape(-1, 3)
    if len(centers) == 0:
        return np.zeros(0)
    offsets = sphere_offsets(spacing_zyx_mm, radius_mm)
    values, inside, start = _padded_crop(array, centers, offsets)
    steps = np.array([values.shape[1] * values.shape[2], values.shape[2], 1])
    flat_centers, flat_offsets = (centers - start) @ steps, offsets @ steps
    total = np.zeros(len(centers))
    for offset in flat_offsets:
        total += values.ravel()[flat_centers + offset]
    if inside is None:
        return total / len(offsets)
    count = np.zeros(len(centers))
    for offset in flat_offsets:
        count += inside.ravel()[flat_centers + offset]
    return total / count


def _padded_crop(array, centers, offsets) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """What all spheres can reach, 0 outside the image; a mask of the image's voxels when some is outside; its start."""
    reach = offsets.max(axis=0)
    low, high = centers.min(axis=0) - reach, centers.max(axis=0) + reach + 1
    shape = np.array(array.shape)
    cut_low, cut_high = np.maximum(low, 0), np.minimum(high, shape)
    crop = np.ascontiguousarray(array[tuple(slice(a, b) for a, b in zip(cut_low, cut_high, strict=True))])
    before, after = cut_low - low, high - cut_high
    if not before.any() and not after.any():
        return crop, None, low
    widths = list(zip(before, after, strict=True))
    return np.pad(crop, widths), np.pad(np.ones(crop.shape, dtype=bool), widths), low
