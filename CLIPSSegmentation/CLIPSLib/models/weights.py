"""Weight files into networks: read without running code from the file, load strictly, explain what does not fit.

Called by the model store and by segmenters. A weight file is a state dict written by `torch.save`, bare or in a
checkpoint under "state_dict" or "model".
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.models.networks import build_network

if TYPE_CHECKING:
    import torch
    from torch import nn

_PARALLEL = "module"  # the level that training on several GPUs puts into every name
_LISTED = 6
# What PyTorch meets in a damaged file, and lets pass.
DAMAGE = (OSError, RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError)
_INNER = ("state_dict", "model")  # where checkpoints of common training programs keep the state dict


def read_state(path: str | Path) -> dict[str, torch.Tensor]:
    """The tensors of a weight file by name, on the CPU. Nothing in the file is executed (`weights_only`).

    Raises:
        Failure: the file cannot be read, or is damaged. Refusal: it holds something else than tensors by name.
    """
    use_large_pages()
    import torch

    path = Path(path)
    remedy = "Copy or download the file again, and compare its size with the one on the publisher's page."
    try:
        open(path, "rb").close()
    except OSError as error:
        raise Failure("weights-unreadable", f"The weight file cannot be read: {error.strerror}", str(path)) from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = "The file is damaged, or holds other objects than tensors, which could run code and are not loaded"
        raise Refusal("weights-not-state", what, str(path), remedy) from error
    except DAMAGE as error:
        raise Failure("weights-damaged", "The file is damaged or is no weight file", str(path), remedy) from error
    for key in _INNER:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if (
        not isinstance(state, Mapping)
        or not state
        or not all(isinstance(value, torch.Tensor) for value in state.values())
    ):
        raise Refusal("weights-not-state", "The file holds no state dict (tensors by name)", str(path), remedy)
    return dict(state)


def use_large_pages() -> None:
    """Let PyTorch ask Linux for memory pages of 2 MB: networks then take about a third less time on a CPU.

    PyTorch looks at this when it first takes much memory, so it is said before anything is loaded.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def state_sha256(path: str | Path) -> str:
    """SHA-256 of a weight file, hexadecimal, as recorded in provenance and compared by the model store."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_network(name: str, state: Mapping[str, torch.Tensor], *, where: str = "", **arguments: Any) -> nn.Module:
    """The network `name` of `models.networks` with these weights, in eval mode.

    Built without initial values, which would take longer than reading the weights. where: the file's name, for
    messages. arguments: as in `build_network`.

    Raises:
        Refusal: as `load_weights`.
    """
    import torch

    with torch.device("meta"):
        network = build_network(name, **arguments)
    return load_weights(network, state, name=name, where=where)


def load_weights(network: nn.Module, state: Mapping[str, torch.Tensor], *, name: str, where: str = "") -> nn.Module:
    """The network with these weights, in eval mode; the tensors of `state` become its parameters, not copies.

    Raises:
        Refusal: names or shapes of the weights are not the network's ("weights-do-not-fit"), with a list.
    """
    expected = network.state_dict()
    state = {key if key in expected else _without_parallel(key): value for key, value in state.items()}
    differences = describe_mismatch(expected, state)
    if differences:
        shown = "; ".join(differences[:_LISTED])
        more = f"; and {len(differences) - _LISTED} more" if len(differences) > _LISTED else ""
        raise Refusal(
            "weights-do-not-fit",
            f"The weights are not those of the network '{name}': {shown}{more}",
            where,
            "Choose the weight file that belongs to this network.",
        )
    floats = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    network.load_state_dict(floats, strict=True, assign=True)
    return network.eval()


def _without_parallel(key: str) -> str:
    return ".".join(part for part in key.split(".") if part != _PARALLEL)


def describe_mismatch(expected: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> list[str]:
    """What differs between two state dicts in names and shapes, one phrase each; empty when they fit."""
    return [
        *(f"{key} is missing" for key in expected if key not in found),
        *(f"{key} is unknown" for key in found if key not in expected),
        *(
            f"{key} has shape {tuple(found[key].shape)} instead of {tuple(value.shape)}"
            for key, value in expected.items()
            if key in found and found[key].shape != value.shape
        ),
    ]
