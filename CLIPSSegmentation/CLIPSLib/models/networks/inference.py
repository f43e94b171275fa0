"""Networks made ready to run without gradients."""

from __future__ import annotations

import torch
from torch import nn


def for_inference(network: nn.Module, device: torch.device, precision: str = "float32") -> nn.Module:
    """The network on a device, in eval mode, its weights in the memory layout that convolutions like there."""
    return network.eval().to(device).to(memory_format=torch.channels_last_3d)
