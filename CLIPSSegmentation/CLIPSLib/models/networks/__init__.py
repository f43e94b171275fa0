"""Networks by name: ordinary `torch.nn.Module`s, built without reading or writing anything.

Called by `models.weights` (to put a state dict into one), `segmentation` (to run it) and `training` (to train it).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import UsageError
from CLIPSLib.models.networks.architectures import ARCHITECTURES, network_arguments

if TYPE_CHECKING:
    from torch import nn

_BUILDERS = {
    "tmtvnet-unet": ("CLIPSLib.models.networks.unet", "UNet"),
    "tmtvnet-ensemble": ("CLIPSLib.models.networks.ensemble", "StackedEnsemble"),
    "tmtvnet-refiner": ("CLIPSLib.models.networks.refiner", "Refiner"),
}


def network_names() -> tuple[str, ...]:
    """The names that `build_network` knows."""
    return tuple(dict.fromkeys((*_BUILDERS, *ARCHITECTURES)))


def build_network(name: str, **arguments: Any) -> nn.Module:
    """A network with random weights, in training mode: `build_network("segresnet", channels_in=2, filters=16)`.

    arguments: of TMTV-Net's networks those of their classes, by default as published; of MONAI's the options in
    `architectures`, `channels_in` (default 1) and `classes` (default 2, background included).

    Raises:
        UsageError: no such network ("unknown-network"), or an argument that it does not have ("network-argument").
        Refusal: MONAI does not build it with these.
    """
    if name in ARCHITECTURES and name not in _BUILDERS:
        from CLIPSLib.models.monai_networks import build_monai_network

        options = dict(arguments)
        counts = {"channels_in": options.pop("channels_in", 1), "classes": options.pop("classes", 2)}
        complete = network_arguments(name, **counts, options=options)
        return build_monai_network(ARCHITECTURES[name].class_name, complete)
    if name not in _BUILDERS:
        names = ", ".join(network_names())
        raise UsageError("unknown-network", f"There is no network '{name}'", "", f"Choose one of: {names}.")
    module, class_name = _BUILDERS[name]
    network_class = getattr(importlib.import_module(module), class_name)
    try:
        return network_class(**arguments)
    except TypeError as error:
        raise UsageError("network-argument", f"The network '{name}' cannot be built: {error}") from error
