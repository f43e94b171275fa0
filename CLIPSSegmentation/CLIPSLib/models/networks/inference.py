"""Networks made ready to run without gradients: on a CPU, the blocks of TMTV-Net get faster equivalents.

Results equal the plain layers' up to rounding. Called by the sliding-window engine.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional

from CLIPSLib.models.networks.blocks import ConvNorm, ConvNormAct, Residual, UpBlock
from CLIPSLib.models.networks.frequency_conv import FrequencyConv3d
from CLIPSLib.models.networks.normalize import normalize_
from CLIPSLib.models.networks.upsampled_conv import UpsampledConv3d


def for_inference(network: nn.Module, device: torch.device, *, half: bool = False, optimized: bool = True) -> nn.Module:
    """The network on a device in eval mode; parameters are shared where they need not change.

    half: convolutions in bfloat16 (CPU; on other devices autocast does that). optimized: False keeps every layer as it
    is, for bit-exact comparison with PyTorch's plain layers. Networks without blocks of ours stay as they are.
    """
    network = network.eval().to(device)
    if not optimized:
        return network
    if device.type != "cpu":
        return network.to(memory_format=torch.channels_last_3d)
    if not any(isinstance(module, ConvNormAct) for module in network.modules()):
        return network
    return _Explicit(_faster(network, torch.bfloat16 if half else torch.float32)).eval()


class _Explicit(nn.Module):
    """Runs a network whose layers choose their own precision: autocast is off inside."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self.network(x)


class _Convolution(nn.Module):
    """A convolution in its own precision."""

    def __init__(self, conv: nn.Conv3d, dtype: torch.dtype) -> None:
        super().__init__()
        self.stride, self.padding, self.dtype = conv.stride, conv.padding, dtype
        self.weight = conv.weight.detach().to(dtype)
        self.bias = None if conv.bias is None else conv.bias.detach().to(dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv3d(x.to(self.dtype), self.weight, self.bias, self.stride, self.padding)


class _Block(nn.Module):
    """Convolution, instance norm, and a rectifier unless `slope` is None."""

    def __init__(self, block: ConvNormAct | ConvNorm, dtype: torch.dtype, slope: float | None) -> None:
        super().__init__()
        conv = block.ops[0].ops[0]
        self.conv = FrequencyConv3d(conv) if FrequencyConv3d.suits(conv) else _Convolution(conv, dtype)
        self.norm, self.slope, self.dtype = block.ops[1], slope, dtype

    def forward(self, x: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        return normalize_(self.conv(x), self.norm, slope=self.slope, residual=residual).to(self.dtype)


class _Residual(nn.Module):
    def __init__(self, block: Residual, dtype: torch.dtype) -> None:
        super().__init__()
        self.block_1 = _Block(block.block_1, dtype, block.act.negative_slope)
        self.block_2 = _Block(block.block_2, dtype, block.act.negative_slope)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block_2(self.block_1(x), residual=x)


class _UpBlock(nn.Module):
    """Writes the upsampled half next to the skip, where the second convolution reads both."""

    def __init__(self, block: UpBlock, dtype: torch.dtype) -> None:
        super().__init__()
        _, conv, self.norm, act = block.ops_deconv.ops
        self.slope = act.negative_slope
        self.up = UpsampledConv3d(conv, dtype)
        self.conv = _Block(block.ops_conv, dtype, block.ops_conv.ops[2].negative_slope)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        channels = skip.shape[1]
        both = skip.new_empty((skip.shape[0], channels + self.up.channels_out, *skip.shape[2:]))
        both[:, :channels] = skip
        normalize_(self.up(x, both[:, channels:]), self.norm, slope=self.slope)
        return self.conv(both)


def _faster(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A copy of the module tree with blocks replaced; everything else is shared."""
    if isinstance(module, ConvNormAct):
        last = module.ops[0].ops[0].out_channels <= 2  # logits keep their precision
        return _Block(module, torch.float32 if last else dtype, module.ops[2].negative_slope)
    if isinstance(module, Residual):
        return _Residual(module, dtype)
    if isinstance(module, UpBlock):
        return _UpBlock(module, dtype)
    if isinstance(module, nn.Conv3d):
        return _Convolution(module, torch.float32)
    clone = copy.copy(module)
    clone._modules = {name: _faster(child, dtype) for name, child in module._modules.items()}
    return clone
