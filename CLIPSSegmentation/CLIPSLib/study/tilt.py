"""Straightening of a CT acquired with a tilted gantry, whose slices are stacked askew. Called by `read`."""

from __future__ import annotations

import numpy as np

from CLIPSLib.study.grid import Grid


def straighten(values: np.ndarray, grid: Grid, outside: float) -> np.ndarray:
    """The volume `[z, y, x]` on the straight grid: each slice is moved back in its plane by linear interpolation.

    `outside` fills what no slice covers.
    """
    from scipy import ndimage

    straight = np.empty_like(values)
    for index, plane in enumerate(values):
        columns = index * grid.shear_mm[0] / grid.spacing[0]
        rows = index * grid.shear_mm[1] / grid.spacing[1]
        moved = ndimage.shift(plane.astype(np.float32), (rows, columns), order=1, cval=outside)
        straight[index] = np.rint(moved) if np.issubdtype(values.dtype, np.integer) else moved
    return straight
