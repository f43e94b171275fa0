"""The weighted mean of overlapping tiles, holding only the planes that tiles can still reach."""

from __future__ import annotations

import numpy as np
import torch

from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid

_NEXT_TO_NOTHING = 1e-4


class SlabAccumulator:
    """Adds tiles that come in the order of their grid (z slowest) and writes finished planes to `result`.

    result: `(channels, z, y, x)` on the grid's volume, numpy; 0 where no tile with weight came. Memory on the device:
    `channels + 1` values per voxel of a slab as thick as one tile.
    """

    dtype = torch.float32
    result_dtype: type = np.float32

    def __init__(self, grid: TileGrid, weight: np.ndarray, channels: int, device: torch.device) -> None:
        self.grid = grid
        self.result = np.zeros((channels, *grid.shape), dtype=self.result_dtype)
        self._first_plane = 0
        self._weight = self._prepare_weight(weight).to(device)
        slab = (grid.tile[0], *grid.padded[1:])
        self._sum = torch.zeros((channels, *slab), dtype=self.dtype, device=device)
        self._weight_sum = torch.zeros(slab, dtype=self.dtype, device=device)

    def to(self, device: torch.device) -> None:
        """Move what is unfinished to another device."""
        self._weight, self._sum, self._weight_sum = (
            tensor.to(device) for tensor in (self._weight, self._sum, self._weight_sum)
        )

    def add(self, start: Index, probabilities: torch.Tensor) -> None:
        """Add one tile, `(channels, *tile)` float32."""
        self._advance(start[0])
        _, tile_y, tile_x = self.grid.tile
        at = (..., slice(start[1], start[1] + tile_y), slice(start[2], start[2] + tile_x))
        self._add_weighted(self._sum[at], self._weight_sum[at], probabilities)

    def finish(self) -> np.ndarray:
        """The result, after the last tile."""
        self._advance(self.grid.padded[0])
        return self.result

    def _prepare_weight(self, weight: np.ndarray) -> torch.Tensor:
        """Voxels with weight 0 in the only tile that covers them would have no value: give them next to none."""
        return torch.from_numpy(np.where(weight > 0, weight, _NEXT_TO_NOTHING).astype(np.float32))

    def _add_weighted(self, total: torch.Tensor, weights: torch.Tensor, probabilities: torch.Tensor) -> None:
        total.addcmul_(probabilities, self._weight)
        weights.add_(self._weight)

    def _advance(self, plane: int) -> None:
        """Write out the planes before `plane` and make room for as many at the end of the slab."""
        count = min(plane - self._first_plane, self.grid.tile[0])
        if count > 0:
            self._write(count)
            for slab in (self._sum, self._weight_sum):
                kept = slab[..., count:, :, :].clone()
                slab.zero_()
                slab[..., : kept.shape[-3], :, :] = kept
        self._first_plane = plane

    def _write(self, count: int) -> None:
        before, shape = self.grid.before, self.grid.shape
        first, last = self._first_plane - before[0], self._first_plane + count - before[0]
        inside = slice(max(first, 0), max(0, min(last, shape[0])))
        if inside.stop <= inside.start:
            return
        planes = slice(inside.start - first, inside.stop - first)
        at = (..., planes, slice(before[1], before[1] + shape[1]), slice(before[2], before[2] + shape[2]))
        weights = self._weight_sum[at]
        covered = weights > 0
        mean = self._sum[at] / torch.where(covered, weights, torch.ones_like(weights))
        self.result[:, inside] = torch.where(covered, mean, torch.zeros_like(mean)).cpu().numpy()


class HalfAccumulator(SlabAccumulator):
    """The arithmetic of the original TMTV-Net: float64 products rounded to float16 at every addition.

    Weights of 0 are kept: voxels that only they cover get 0 in every channel.
    """

    dtype = torch.float16
    result_dtype = np.float16

    def _prepare_weight(self, weight: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.asarray(weight, dtype=np.float64))

    def _add_weighted(self, total: torch.Tensor, weights: torch.Tensor, probabilities: torch.Tensor) -> None:
        total.copy_(total.double() + probabilities.double() * self._weight)
        weights.copy_(weights.double() + self._weight)
