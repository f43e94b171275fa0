"""TMTV-Net with seeded random weights, as the reference vectors were made with, and those vectors.

The published weights may not be redistributed. Here every tensor is drawn by a generator of its own, seeded from the
SHA-256 of its name; two heads are then scaled as the vectors' `calibration.json` says.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import reference_data
import SimpleITK as sitk
import torch
from CLIPSLib.models import build_network

CHANNELS = ("ct", "suv", "ct_lung", "ct_soft", "suv_hot")


def golden(*parts: str) -> Path:
    """A file of the reference vectors; skips the test where they are absent."""
    return reference_data.path("tmtvnet_golden", *parts)


@cache
@torch.inference_mode(False)
def seeded_states() -> tuple[dict, dict]:
    """State dicts of ensemble and refiner."""
    calibration = json.loads(golden("calibration.json").read_text())
    ensemble = _random_state("tmtvnet-ensemble", "tmtvnet-e")
    for key, head in calibration["ensemble"].items():
        ensemble[key + "weight"] *= head["scale"]
        ensemble[key + "bias"] = ensemble[key + "bias"] * head["scale"] + torch.tensor(
            [0.0, head["lesion_bias_offset"]]
        )
    ensemble["staking_blocks.weight"] = torch.tensor(calibration["staking_blocks.weight"]).view(2, 4, 1, 1, 1)
    ensemble["staking_blocks.bias"] = torch.tensor(calibration["staking_blocks.bias"])
    refiner = _random_state("tmtvnet-refiner", "tmtvnet-r")
    refiner.update({key: torch.tensor(value) for key, value in calibration["refiner"].items()})
    return ensemble, refiner


def _random_state(network: str, seed: str) -> dict:
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in build_network(network).state_dict().items()}
    return {key: _draw(f"{seed}:{key}", key, shape) for key, shape in shapes.items()}


def _draw(seed: str, key: str, shape: torch.Size) -> torch.Tensor:
    digest = hashlib.sha256(seed.encode()).digest()
    value = torch.randn(shape, generator=torch.Generator().manual_seed(int.from_bytes(digest[:6], "big")))
    if len(shape) == 5:
        return value * math.sqrt(2.0 / math.prod(shape[1:]))
    return 1.0 + 0.15 * value if key.endswith(("ops.1.weight", "ops.2.weight")) else 0.1 * value


def network_input(name: str) -> torch.Tensor:
    """The random tile that went into a network: "unet" (5 channels) or "refiner" (6)."""
    arrays = np.load(golden("net", f"{name}_in.npz"))
    channels = [*CHANNELS, *(key for key in arrays.files if key not in CHANNELS)]
    return torch.from_numpy(np.concatenate([arrays[key] for key in channels], axis=1))


def golden_mask(case: str) -> np.ndarray:
    stored = np.load(golden(case, "mask.npz"))
    shape = tuple(stored["shape"])
    return np.unpackbits(stored["bits"])[: math.prod(shape)].reshape(shape).astype(bool)


def read_case(case: str) -> tuple[sitk.Image, sitk.Image]:
    """PET (SUV) and CT (HU) of "small" or "flip"."""
    folder = golden(case, "input")
    return sitk.ReadImage(str(folder / "PT" / "pet.nii.gz")), sitk.ReadImage(str(folder / "CT" / "ct.nii.gz"))
