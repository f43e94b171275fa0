"""Building blocks of the TMTV-Net networks; their nesting gives parameters the names that published weights use.

Every block is convolution, instance norm (affine, statistics of the tile itself), leaky rectifier. Zero padding.
"""

from __future__ import annotations

import torch
from torch import nn

NORM_EPS = 1e-5
NEGATIVE_SLOPE = 0.01


class Ops(nn.Module):
    """Layers in sequence under the name `ops`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.ops = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ops(x)


class Named(nn.Module):
    """One block under the name `ops`: a level of nesting that the published weights have."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.ops = block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ops(x)


def conv3d(channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, bias: bool = True) -> nn.Conv3d:
    """A convolution that keeps the size (divided by the stride)."""
    return nn.Conv3d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=bias)


def instance_norm(channels: int) -> nn.InstanceNorm3d:
    return nn.InstanceNorm3d(channels, eps=NORM_EPS, affine=True)


def leaky_relu() -> nn.LeakyReLU:
    return nn.LeakyReLU(NEGATIVE_SLOPE)


class ConvNormAct(Ops):
    """Convolution, instance norm, leaky rectifier."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, bias: bool = True) -> None:
        super().__init__(
            Ops(conv3d(channels_in, channels_out, kernel, stride=stride, bias=bias)),
            instance_norm(channels_out),
            leaky_relu(),
        )


class ConvNorm(Ops):
    """Convolution without bias, instance norm: the half of a residual block before the sum."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__(Ops(conv3d(channels, channels, kernel, bias=False)), instance_norm(channels))


class Residual(nn.Module):
    """Two convolutions around which the input passes: `act(x + block_2(act(block_1(x))))`."""

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.block_1 = ConvNorm(channels, kernel)
        self.block_2 = ConvNorm(channels, kernel)
        self.act = leaky_relu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.block_2(self.act(self.block_1(x))))


class UpBlock(nn.Module):
    """Twice the size: trilinear upsampling and convolution, then a convolution over the skip and the result."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.ops_deconv = Ops(
            nn.Upsample(scale_factor=2, mode="trilinear", align_corners=False),
            conv3d(channels_in, channels_out, 3),
            instance_norm(channels_out),
            leaky_relu(),
        )
        self.ops_conv = ConvNormAct(2 * channels_out, channels_out, 3)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return self.ops_conv(torch.cat((skip, self.ops_deconv(x)), dim=1))


def head(channels_in: int, classes: int, kernel: int = 1) -> Ops:
    """Logits from features: one convolution."""
    return Ops(Ops(conv3d(channels_in, classes, kernel)))
