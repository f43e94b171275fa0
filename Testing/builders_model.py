"""Small models to install in tests: a MONAI network with random weights and its description. Needs torch and monai."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from CLIPSLib.files import sha256_file

UNET = {"spatial_dims": 3, "channels": [4, 8], "strides": [2], "norm": ["instance", {"affine": True}]}
PET = {"name": "PET", "image": "suv", "clip": [0, 10], "scaling": "unit"}
CT = {"name": "CT", "image": "hu", "clip": [-1000, 1000], "scaling": "standard", "mean": -300, "sd": 400}
BACKGROUND = {"channel": 0, "name": "Background", "kind": "background"}
TUMOR = {"channel": 1, "name": "Tumor", "kind": "tumor"}
BRAIN = {"channel": 2, "name": "Brain", "kind": "physiological"}


def networks(count: int, name: str, arguments: dict[str, Any], *, seed: int = 0) -> list:
    """Networks of MONAI with random weights, in eval mode, one per fold."""
    import torch
    from monai.networks import nets

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [getattr(nets, name)(**arguments).eval() for _ in range(count)]


def make(
    folder: Path,
    *,
    channels: tuple[dict, ...] = (PET, CT),
    labels: tuple[dict, ...] = (BACKGROUND, TUMOR),
    folds: int = 1,
    network: str = "UNet",
    arguments: dict[str, Any] = UNET,
    inputs: dict[str, Any] | None = None,
    sliding: dict[str, Any] | None = None,
    **fields: Any,
) -> tuple[Path, list]:
    """Write a model's folder (`model.json`, `fold_0.pt`, ...); gives it and the networks it was made from.

    inputs, sliding, fields: over the description's `inputs`, `network` and other fields.
    """
    import torch

    complete = {**arguments, "in_channels": len(channels), "out_channels": len(labels)}
    made = networks(folds, network, complete)
    folder.mkdir(parents=True)
    for number, fold in enumerate(made):
        torch.save(fold.state_dict(), folder / f"fold_{number}.pt")
    tiles = {"name": network, "arguments": complete, "patch": [16, 16, 16], **(sliding or {})}
    describe(
        folder,
        inputs={"channels": list(channels), **(inputs or {})},
        labels=list(labels),
        network=tiles,
        **fields,
    )
    return folder, made


def describe(folder: Path, **fields: Any) -> Path:
    """Write the `model.json` of a folder's `fold_*` files."""
    files = [
        {"name": path.name, "role": "fold", "sha256": sha256_file(path), "size_bytes": path.stat().st_size}
        for path in sorted(folder.glob("fold_*"))
    ]
    document = {
        "format": "clips-model",
        "format_version": 1,
        "name": "small",
        "version": "1.0",
        "kind": "monai-sliding-window",
        "title": "Small test network",
        "rule": "Random weights.",
        "source": "none",
        "files": files,
        "licence_of_weights": {"name": "CC0"},
        "licence_of_data": {"name": "none"},
        "training_data": "none",
        **fields,
    }
    path = folder / "model.json"
    path.write_text(json.dumps(document))
    return path


def fake(folder: Path, **fields: Any) -> Path:
    """A model's folder whose weight file is no weight file: for tests of the store, which need no torch."""
    folder.mkdir(parents=True)
    (folder / "fold_0.pt").write_bytes(bytes(range(256)) * 40)
    arguments = {**UNET, "in_channels": 1, "out_channels": 2}
    describe(
        folder,
        **{
            "inputs": {"channels": [PET]},
            "labels": [BACKGROUND, TUMOR],
            "network": {"name": "UNet", "arguments": arguments, "patch": [16, 16, 16]},
            **fields,
        },
    )
    return folder


def pack(folder: Path, target: Path, *, inside: str = "") -> Path:
    """A ZIP of a folder's files, at its top or in a folder `inside`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{inside}{path.name}")
    return target
