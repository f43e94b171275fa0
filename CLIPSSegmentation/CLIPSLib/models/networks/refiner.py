"""TMTV-Net's second stage (0.36 million parameters): PET, CT and the first stage's probability at PET resolution.

Built by name through `models.build_network("tmtvnet-refiner")`; holds the published `r_latest.model`.
"""

from __future__ import annotations

import torch
from torch import nn

from CLIPSLib.models.networks.blocks import ConvNormAct, Ops, Residual


class Refiner(nn.Module):
    """`(N, channels_in, z, y, x)` -> logits `(N, classes, z, y, x)`.

    The logits themselves pass an instance norm and a leaky rectifier, as published: each tile is standardized by its
    own statistics, so results depend on where tiles lie.
    """

    def __init__(
        self, channels_in: int = 6, classes: int = 2, width: int = 32, blocks: int = 4, first_kernel: int = 9
    ) -> None:
        super().__init__()
        self.model = Ops(
            ConvNormAct(channels_in, width, first_kernel, bias=False),
            *(Residual(width) for _ in range(blocks)),
            ConvNormAct(width, classes, 1, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)
