"""Networks by name, the weights that belong to them, and the store of installed models; knows nothing of studies."""

from CLIPSLib.models.description import (
    CASCADE,
    SLIDING_WINDOW,
    Channel,
    Inputs,
    Label,
    ModelDescription,
    ModelFile,
    Network,
    read_description,
)
from CLIPSLib.models.loading import build_described, load_networks, missing_package, require_packages
from CLIPSLib.models.location import user_folder
from CLIPSLib.models.networks import build_network, network_names
from CLIPSLib.models.networks.architectures import architecture, network_arguments, patch_divisor
from CLIPSLib.models.store import InstalledModel, ModelStore, StoreContents, check_files
from CLIPSLib.models.tmtvnet import HOW_TO_INSTALL, TMTVNET_NAME, WHERE_TO_GET, install_tmtvnet
from CLIPSLib.models.weights import load_network, read_state, state_sha256

__all__ = [
    "CASCADE",
    "HOW_TO_INSTALL",
    "SLIDING_WINDOW",
    "TMTVNET_NAME",
    "WHERE_TO_GET",
    "Channel",
    "Inputs",
    "InstalledModel",
    "Label",
    "ModelDescription",
    "ModelFile",
    "ModelStore",
    "Network",
    "StoreContents",
    "architecture",
    "build_described",
    "build_network",
    "check_files",
    "install_tmtvnet",
    "load_network",
    "load_networks",
    "missing_package",
    "network_arguments",
    "network_names",
    "patch_divisor",
    "read_description",
    "read_state",
    "require_packages",
    "state_sha256",
    "user_folder",
]
