"""Which tiles of TMTV-Net can be left out without changing what is asked of the result.

Every tile is standardized by its own statistics, so a tile that is left out changes only voxels it covers itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from CLIPSLib.imaging import Box, at_least
from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid

TISSUE_HU = -800.0
TISSUE_FRACTION = 1e-3  # fewer voxels than this above TISSUE_HU are noise in air
TISSUE_SUV = 1.0  # uptake shows a body even where the CT ends


def tiles_reaching(grid: TileGrid, suv: np.ndarray, threshold: float) -> list[Index]:
    """Tiles with at least one voxel of `SUV >= threshold`: all that matter when the mask keeps only such voxels."""
    hot = at_least(suv, threshold)
    return [start for start in grid.starts if hot[grid.image_box(start)].any()]


def tiles_with_tissue(grid: TileGrid, suv: np.ndarray, ct: np.ndarray) -> list[Index]:
    """Tiles that hold more than air; leaving out the others changes air only."""
    tissue = ct > TISSUE_HU
    fewest = TISSUE_FRACTION * math.prod(grid.tile)

    def has_tissue(box: Box) -> bool:
        return np.count_nonzero(tissue[box]) >= fewest or bool((suv[box] >= TISSUE_SUV).any())

    return [start for start in grid.starts if has_tissue(grid.image_box(start))]


def tiles_read(coarse: TileGrid, native: TileGrid, needed: Sequence[Index], coarse_per_native: Sequence[float]):
    """Coarse tiles whose result is interpolated into at least one of the `needed` native tiles."""
    read = np.zeros(coarse.shape, dtype=bool)
    for start in needed:
        read[
            tuple(
                slice(
                    min(math.floor(box.start * scale), size - 1), math.floor(max(box.stop - 1, box.start) * scale) + 2
                )
                for box, scale, size in zip(native.image_box(start), coarse_per_native, coarse.shape, strict=True)
            )
        ] = True
    return [start for start in coarse.starts if read[coarse.image_box(start)].any()]
