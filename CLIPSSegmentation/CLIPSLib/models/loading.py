"""The networks of an installed model with their weights, ready to run. Called by the store and by segmenters.

Importing this file does not import torch or monai; loading does, after saying in one sentence if they are missing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import Failure
from CLIPSLib.models.description import CASCADE, ModelDescription, Network
from CLIPSLib.models.networks import build_network
from CLIPSLib.models.networks.architectures import ARCHITECTURES
from CLIPSLib.models.weights import load_network, load_weights, read_state

if TYPE_CHECKING:
    from torch import nn

_CASCADE_NETWORKS = {"ensemble": "tmtvnet-ensemble", "refiner": "tmtvnet-refiner"}
_WITH_EINOPS = ("SwinUNETR", "UNETR")  # MONAI loads it when they run, not when it is installed


def missing_package(description: ModelDescription) -> str | None:
    """The first package that the model needs and this Python does not have; nothing is imported."""
    needed = ["torch"]
    if description.network is not None and description.network.name not in ARCHITECTURES:
        needed += ["monai", *(["einops"] if description.network.name in _WITH_EINOPS else [])]
    return next((name for name in needed if importlib.util.find_spec(name) is None), None)


def load_networks(description: ModelDescription, folder: Path) -> dict[str, tuple[nn.Module, ...]]:
    """The networks by the role of their files, in eval mode on the CPU, with exactly the weights of the files.

    Raises:
        Failure: torch or monai is missing ("package-missing"), a file cannot be read or is damaged.
        Refusal: the weights are not those of the network, or the network cannot be built with its arguments.
    """
    require_packages(description)
    if description.kind == CASCADE:
        return {
            role: tuple(
                load_network(network, read_state(folder / file.name), where=str(folder / file.name))
                for file in description.weight_files(role)
            )
            for role, network in _CASCADE_NETWORKS.items()
        }
    name = description.network.name
    return {
        "fold": tuple(
            load_weights(
                build_described(description.network),
                read_state(folder / file.name),
                name=name,
                where=str(folder / file.name),
            )
            for file in description.weight_files("fold")
        )
    }


def build_described(network: Network) -> nn.Module:
    """The network of a description, with random weights.

    Raises:
        Refusal, UsageError: it cannot be built with the described arguments.
    """
    if network.name in ARCHITECTURES:  # TMTV-Net's own; those of MONAI are described by the names of their classes
        return build_network(network.name, **network.arguments)
    from CLIPSLib.models.monai_networks import build_monai_network

    return build_monai_network(network.name, network.arguments)


def require_packages(description: ModelDescription) -> None:
    """Raise Failure ("package-missing") when the model cannot run in this Python."""
    if package := missing_package(description):
        raise Failure(
            "package-missing",
            f"The model '{description.model_id}' needs {package}, which is not installed",
            "",
            "Install it: pip install 'slicer-clips[networks]'; in 3D Slicer: install the extension PyTorch.",
        )
