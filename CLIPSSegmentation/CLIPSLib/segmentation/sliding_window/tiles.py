"""Where tiles lie on a volume, and how much each of their voxels counts where tiles overlap.

Called by the engine and by segmenters that leave tiles out. Plain numpy: no network, no device.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CLIPSLib.imaging import Box

Index = tuple[int, int, int]


@dataclass(frozen=True)
class TileGrid:
    """Tiles of one size over a volume that is padded where tiles reach beyond it. All triples are (z, y, x) voxels.

    before: padding in front of the volume; padded: its size with all padding; starts: first voxel of every tile on
    the padded volume, z changing slowest.
    """

    shape: Index
    tile: Index
    before: Index
    padded: Index
    starts: tuple[Index, ...]

    def image_box(self, start: Index) -> Box:
        """The voxels of the volume that a tile covers (empty where it lies in the padding)."""
        z, y, x = (
            slice(min(max(0, first - before), size), max(0, min(size, first - before + tile)))
            for first, before, size, tile in zip(start, self.before, self.shape, self.tile, strict=True)
        )
        return z, y, x

    def tile_box(self, start: Index) -> Box:
        """The same voxels, counted within the tile."""
        z, y, x = (
            slice(box.start + before - first, box.stop + before - first)
            for box, first, before in zip(self.image_box(start), start, self.before, strict=True)
        )
        return z, y, x


def centered_grid(shape: Sequence[int], tile: Sequence[int]) -> TileGrid:
    """Tiles at half-tile steps on a volume padded on both sides to a multiple of the tile (as TMTV-Net does)."""
    padded = tuple(math.ceil(size / extent) * extent for size, extent in zip(shape, tile, strict=True))
    before = tuple((total - size) // 2 for total, size in zip(padded, shape, strict=True))
    axes = [range(0, total - extent + 1, extent // 2) for total, extent in zip(padded, tile, strict=True)]
    return TileGrid(tuple(shape), tuple(tile), before, padded, tuple(itertools.product(*axes)))


def covering_grid(shape: Sequence[int], tile: Sequence[int], *, overlap: float = 0.5) -> TileGrid:
    """The fewest tiles that overlap by at least `overlap` (0 to below 1); the last one ends with the volume.

    The volume is padded, on both sides, only where it is smaller than a tile.

    Raises:
        ValueError: the overlap is out of range.
    """
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap {overlap} is not in [0, 1)")
    padded = tuple(max(size, extent) for size, extent in zip(shape, tile, strict=True))
    before = tuple((total - size) // 2 for total, size in zip(padded, shape, strict=True))
    axes = [_even_starts(total, extent, overlap) for total, extent in zip(padded, tile, strict=True)]
    return TileGrid(tuple(shape), tuple(tile), before, padded, tuple(itertools.product(*axes)))


def _even_starts(total: int, tile: int, overlap: float) -> list[int]:
    last = total - tile
    step = max(1, math.floor(tile * (1 - overlap)))
    count = math.ceil(last / step) + 1
    return [round(i * last / (count - 1)) for i in range(count)] if count > 1 else [0]


def chessboard_weight(tile: Sequence[int]) -> np.ndarray:
    """1 in the middle half of a tile, falling with the root of the chessboard distance to it; float64 (TMTV-Net).

    The outermost voxels along the longest axis have weight 0.
    """
    distance = np.zeros(tuple(tile))
    for axis, extent in enumerate(tile):
        half = (extent // 2) // 2
        first, last = extent // 2 - half, extent // 2 + half - 1
        index = np.arange(extent)
        beyond = np.maximum(np.maximum(first - index, index - last), 0)
        distance = np.maximum(distance, beyond.reshape([-1 if i == axis else 1 for i in range(3)]))
    root = np.sqrt(distance)
    return 1.0 - root / root.max()


def gaussian_weight(tile: Sequence[int], *, sigma: float = 0.125) -> np.ndarray:
    """A bell around the tile's middle, largest value 1, float64. sigma: as a fraction of the tile's size."""
    weight = np.ones(tuple(tile))
    for axis, extent in enumerate(tile):
        position = (np.arange(extent) - (extent - 1) / 2) / (sigma * extent)
        weight = weight * np.exp(-0.5 * position**2).reshape([-1 if i == axis else 1 for i in range(3)])
    return np.maximum(weight / weight.max(), 1e-6)
