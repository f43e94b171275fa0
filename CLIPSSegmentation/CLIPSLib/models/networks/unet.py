"""The U-Net of TMTV-Net's first stage (21.6 million parameters): PET and CT at 6 mm to lesion logits.

Sibille et al., AutoPET 2022; weights published with Yousefirizi et al., EJNMMI 2024;51:1937. Written from a
description of its layers. Built by name through `models.build_network("tmtvnet-unet")` and by the ensemble.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from CLIPSLib.models.networks.blocks import ConvNormAct, Named, UpBlock, head

WIDTHS = (32, 64, 96, 128, 156)


class Backbone(nn.Module):
    """Encoder, a wide kernel at the bottom, decoder with skips."""

    def __init__(self, channels_in: int, classes: int, widths: Sequence[int], middle_kernel: int) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.init_block = ConvNormAct(channels_in, widths[0], 3)
        self.downs = nn.ModuleList(Named(ConvNormAct(low, high, 3, stride=2)) for low, high in pairs)
        self.middle_block = Named(ConvNormAct(widths[-1], widths[-1], middle_kernel))
        self.ups = nn.ModuleList(Named(UpBlock(high, low)) for low, high in reversed(pairs))
        # Published weights hold this head; neither training nor inference uses it.
        self.output = head(widths[0], classes, 3)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Features of every decoder level, coarse to fine."""
        skips = [self.init_block(x)]
        for down in self.downs:
            skips.append(down(skips[-1]))
        features = [self.middle_block(skips.pop())]
        for up in self.ups:
            features.append(up.ops(features[-1], skips.pop()))
        return features[1:]


class UNet(nn.Module):
    """`(N, channels_in, z, y, x)`, sizes divisible by 16 -> logits.

    In training mode: the logits of every decoder level, coarse to fine (deep supervision). In eval mode: those of the
    finest only, `(N, classes, z, y, x)`.
    """

    def __init__(
        self, channels_in: int = 5, classes: int = 2, widths: Sequence[int] = WIDTHS, middle_kernel: int = 9
    ) -> None:
        super().__init__()
        self.backbone = Backbone(channels_in, classes, widths, middle_kernel)
        self.outputs = nn.ModuleList(head(width, classes) for width in reversed(widths[:-1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        features = self.backbone(x)
        if self.training:
            return tuple(output(level) for output, level in zip(self.outputs, features, strict=True))
        return self.outputs[-1](features[-1])
