"""The input channels of TMTV-Net: windows of CT and SUV, computed tile by tile, nothing kept for the whole body."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid

# Channel: (volume, the values that become 0 and 1), in the order of the networks' first convolution.
WINDOWS: Mapping[str, tuple[str, float, float]] = {
    "ct": ("ct", -150.0, 300.0),
    "suv": ("suv", 0.0, 30.0),
    "ct_lung": ("ct", -1000.0, -200.0),
    "ct_soft": ("ct", -100.0, 100.0),
    "suv_hot": ("suv", 2.0, 10.0),
}


class PetCtTiles:
    """A `TileSource` of the windows above and, for the second stage, the first stage's probability.

    Beyond the volume every channel is 0. rounded: window values are rounded to float16 as the original does.
    """

    def __init__(
        self, grid: TileGrid, suv: np.ndarray, ct: np.ndarray, probability: np.ndarray | None = None, *, rounded: bool
    ) -> None:
        self.grid = grid
        self.rounded = rounded
        self._volumes = {"suv": torch.from_numpy(suv), "ct": torch.from_numpy(ct)}
        self._probability = None if probability is None else torch.from_numpy(probability)
        self._device = torch.device("cpu")

    def to(self, device: torch.device) -> PetCtTiles:
        moved = object.__new__(PetCtTiles)
        moved.grid, moved.rounded, moved._device = self.grid, self.rounded, device
        moved._volumes = {name: volume.to(device) for name, volume in self._volumes.items()}
        moved._probability = None if self._probability is None else self._probability.to(device)
        return moved

    def read(self, start: Index) -> torch.Tensor:
        box, place = self.grid.image_box(start), self.grid.tile_box(start)
        count = len(WINDOWS) + (self._probability is not None)
        tile = torch.zeros((count, *self.grid.tile), device=self._device)
        for channel, (volume, low, high) in enumerate(WINDOWS.values()):
            windowed = self._volumes[volume][box].clamp(low, high).sub_(low).div_(high - low)
            tile[channel][place] = windowed.half().float() if self.rounded else windowed
        if self._probability is not None:
            tile[-1][place] = self._probability[box]
        return tile
