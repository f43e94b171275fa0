"""Networks of MONAI by name, for models that others trained. Loads monai; reached only when such a model is loaded."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from monai.networks import nets
from torch import nn

from CLIPSLib.errors import Refusal


def build_monai_network(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """A network of `monai.networks.nets` with these arguments (as JSON holds them) and random weights.

    name: one that a model description may hold; the schema has checked it.

    Raises:
        Refusal: MONAI does not build it with these arguments ("network-arguments"), or it is not three-dimensional.
    """
    if arguments.get("spatial_dims", 3) != 3:
        raise Refusal("network-arguments", f"The network '{name}' must be three-dimensional: spatial_dims = 3")
    try:
        return getattr(nets, name)(**copy.deepcopy(dict(arguments)))
    except Exception as error:  # whatever MONAI and torch raise on arguments they do not like
        raise Refusal(
            "network-arguments",
            f"MONAI cannot build the network '{name}' with these arguments: {error}",
            "",
            "Correct 'network.arguments' in model.json; they are those of the training.",
        ) from error
