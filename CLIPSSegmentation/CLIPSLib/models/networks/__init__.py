"""Networks by name: ordinary `torch.nn.Module`s, built without reading or writing anything.

Called by `models.weights` (to put a state dict into one), `segmentation` (to run it) and `training` (to train it).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

_BUILDERS = {
    "tmtvnet-unet": ("CLIPSLib.models.networks.unet", "UNet"),
    "tmtvnet-ensemble": ("CLIPSLib.models.networks.ensemble", "StackedEnsemble"),
    "tmtvnet-refiner": ("CLIPSLib.models.networks.refiner", "Refiner"),
}


def network_names() -> tuple[str, ...]:
    """The names that `build_network` knows."""
    return tuple(_BUILDERS)


def build_network(name: str, **arguments: Any) -> nn.Module:
    """A network with random weights, in training mode.

    arguments: of the network's class (channels, classes, widths); their defaults are those of the published network.

    Raises:
        UsageError: no such network ("unknown-network"), or an argument that it does not have ("network-argument").
    """
    if name not in _BUILDERS:
        names = ", ".join(network_names())
        raise UsageError("unknown-network", f"There is no network '{name}'", "", f"Choose one of: {names}.")
    module, class_name = _BUILDERS[name]
    network_class = getattr(importlib.import_module(module), class_name)
    try:
        return network_class(**arguments)
    except TypeError as error:
        raise UsageError("network-argument", f"The network '{name}' cannot be built: {error}") from error
