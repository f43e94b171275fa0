"""Trilinear upsampling by two and a 3 x 3 x 3 convolution as one step, for inference on a CPU.

Both are linear, so along z the convolution may come first: its three taps run on the half-size planes (with thrice
the output channels), and one matrix product then interpolates, shifts and sums them. That is half the convolution's
work, and the upsampled input never exists. The four decoder levels of TMTV-Net's U-Net use it.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class UpsampledConv3d(nn.Module):
    """`conv(upsample(x))` for a `Conv3d` with kernel 3, stride 1, padding 1; without its bias.

    The bias is left out because an instance norm follows, which removes it.
    """

    def __init__(self, conv: nn.Conv3d, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        weight = conv.weight.detach().to(dtype)  # out, in, kz, ky, kx
        # Output channels become (out, kz): the three taps of a channel stand next to one another.
        self.weight = weight.permute(0, 2, 1, 3, 4).reshape(-1, weight.shape[1], 1, 3, 3).contiguous()
        self.channels_out = weight.shape[0]

    def forward(self, x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """x: `(N, in, z, y, x)`; out: `(N, out, 2z, 2y, 2x)`, written and returned."""
        x = x.to(self.weight.dtype)
        depth, height, width = x.shape[2:]
        x = torch.matmul(x, interpolation(width, x).mT)
        x = torch.matmul(interpolation(height, x), x)
        taps = functional.conv3d(x, self.weight, padding=(0, 1, 1))
        combine = torch.cat(shifted(interpolation(depth, x)), dim=1).expand(self.channels_out, -1, -1)
        for sample, result in zip(taps, out, strict=True):
            planes = sample.reshape(self.channels_out, 3 * depth, 4 * height * width)
            torch.bmm(combine, planes, out=result.view(self.channels_out, 2 * depth, 4 * height * width))
        return out


def interpolation(extent: int, like: torch.Tensor) -> torch.Tensor:
    """Linear interpolation to twice as many samples (`align_corners=False`) as a matrix `(2 extent, extent)`."""
    eye = torch.eye(extent, dtype=torch.float32, device=like.device)
    return functional.interpolate(eye[None], scale_factor=2, mode="linear")[0].T.to(like.dtype)


def shifted(matrix: torch.Tensor) -> list[torch.Tensor]:
    """The rows that the kernel's taps -1, 0, 1 read; zeros beyond the ends, as in a padded convolution."""
    zeros = torch.zeros_like(matrix[:1])
    return [torch.cat((zeros, matrix[:-1])), matrix, torch.cat((matrix[1:], zeros))]
