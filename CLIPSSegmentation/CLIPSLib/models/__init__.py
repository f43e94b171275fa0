"""Networks by name and the weights that belong to them; knows nothing of studies, files of patients or windows."""

from CLIPSLib.models.networks import build_network, network_names
from CLIPSLib.models.weights import load_network, read_state, state_sha256

__all__ = ["build_network", "load_network", "network_names", "read_state", "state_sha256"]
