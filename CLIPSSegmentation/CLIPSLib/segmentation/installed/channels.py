"""The input channels of a described model, computed tile by tile: clipped and scaled SUV and HU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from CLIPSLib.models import Channel
from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid


class ChannelTiles:
    """A `TileSource` of channels from volumes ("suv", "hu") on the grid. Beyond the volume every channel is 0."""

    def __init__(self, grid: TileGrid, volumes: Mapping[str, np.ndarray], channels: Sequence[Channel]) -> None:
        self.grid = grid
        self._channels = [(channel, *shift_and_scale(channel, volumes[channel.image])) for channel in channels]
        self._volumes = {name: torch.from_numpy(volume) for name, volume in volumes.items()}
        self._device = torch.device("cpu")

    def to(self, device: torch.device) -> ChannelTiles:
        moved = object.__new__(ChannelTiles)
        moved.grid, moved._channels, moved._device = self.grid, self._channels, device
        moved._volumes = {name: volume.to(device) for name, volume in self._volumes.items()}
        return moved

    def read(self, start: Index) -> torch.Tensor:
        box, place = self.grid.image_box(start), self.grid.tile_box(start)
        tile = torch.zeros((len(self._channels), *self.grid.tile), device=self._device)
        for number, (channel, shift, scale) in enumerate(self._channels):
            values = self._volumes[channel.image][box]
            values = values.clamp(*channel.clip) if channel.clip else values
            tile[number][place] = (values - shift) / scale
        return tile


def shift_and_scale(channel: Channel, volume: np.ndarray) -> tuple[float, float]:
    """What is subtracted from a channel's clipped values, and what they are divided by. Training scales likewise."""
    if channel.scaling == "unit":
        low, high = channel.clip
        return low, high - low
    if channel.scaling == "standard":
        return channel.mean, channel.sd
    if channel.scaling == "image":
        values = np.clip(volume, *channel.clip) if channel.clip else volume
        sd = float(values.std(dtype=np.float64))
        return float(values.mean(dtype=np.float64)), sd if sd > 0 else 1.0
    return 0.0, 1.0
