"""TMTV-Net's first stage: U-Nets whose lesion probabilities a learned 1x1x1 convolution combines.

Built by name through `models.build_network("tmtvnet-ensemble")`; holds the published `e_latest.model`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from CLIPSLib.models.networks.unet import WIDTHS, UNet


class Member(nn.Module):
    """One U-Net under the name `model`: a level of nesting that the published weights have."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


class StackedEnsemble(nn.Module):
    """`(N, channels_in, z, y, x)`, sizes divisible by 16 -> logits `(N, 2, z, y, x)`.

    Only the combining convolution learns here: the members are trained before, one by one, and always run in eval
    mode without gradients.
    """

    def __init__(
        self, members: int = 4, channels_in: int = 5, widths: Sequence[int] = WIDTHS, middle_kernel: int = 9
    ) -> None:
        super().__init__()
        self.base_models = nn.ModuleList(Member(UNet(channels_in, 2, widths, middle_kernel)) for _ in range(members))
        self.staking_blocks = nn.Conv3d(members, 2, 1)  # spelled as in the published weights
        nn.init.constant_(self.staking_blocks.weight, 1.0 / members)

    def train(self, mode: bool = True) -> StackedEnsemble:
        super().train(mode)
        self.base_models.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            lesion = [lesion_probability(member.model(x)) for member in self.base_models]
        return self.staking_blocks(torch.cat(lesion, dim=1))


def lesion_probability(logits: torch.Tensor) -> torch.Tensor:
    """The probability of class 1 of two, `(N, 1, z, y, x)`."""
    return torch.softmax(logits.float(), dim=1)[:, 1:]
