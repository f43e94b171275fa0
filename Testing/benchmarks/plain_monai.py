"""A training loop as MONAI's tutorials write it, for comparison: CacheDataset, DataLoader, DiceCE, AdamW.

Called by `bench_training.py`. What is deterministic is cached: reading, windows, the indices for sampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from CLIPSLib.formats import read_image, read_labels
from CLIPSLib.imaging import array_view
from CLIPSLib.training import Recipe, TrainingCase
from CLIPSLib.training.data import network_inputs
from monai.data import CacheDataset, DataLoader
from monai.losses import DiceCELoss
from monai.networks.nets import SegResNet
from monai.transforms import (
    Compose,
    ConcatItemsd,
    CopyItemsd,
    DeleteItemsd,
    FgBgToIndicesd,
    RandAdjustContrastd,
    RandAffined,
    RandCropByPosNegLabeld,
    RandFlipd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandScaleIntensityd,
    RandSimulateLowResolutiond,
    ScaleIntensityRanged,
    Transform,
)

_FILES = {"suv": "pet", "hu": "ct"}


def patches(cases: Sequence[TrainingCase], recipe: Recipe) -> CacheDataset:
    """One augmented patch for each index; every case is read and windowed once."""
    files = [{"pet": case.pet, "ct": case.ct, "mask": case.mask} for case in cases]
    return CacheDataset(files, Compose([*_prepared(recipe), *_random(recipe)]), progress=False)


def batches(cases: Sequence[TrainingCase], recipe: Recipe) -> Iterator[dict[str, torch.Tensor]]:
    """Batches without end."""
    workers = recipe.data.workers
    loader = DataLoader(
        patches(cases * recipe.training.batch, recipe),
        batch_size=recipe.training.batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=bool(workers),
    )
    while True:
        yield from loader


class Loop:
    """Network, loss and optimizer."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        filters = recipe.network.options["filters"]
        self.device = device
        self.network = SegResNet(3, filters, 5, 2).to(device).train()
        self.loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=3e-4, weight_decay=1e-5)
        self.clip = recipe.optimizer.clip_norm

    def step(self, batch: dict[str, torch.Tensor]) -> float:
        """One change of the weights; the loss."""
        images, labels = batch["image"].to(self.device), batch["mask"].to(self.device)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.network(images), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimizer.step()
        return loss.item()


def _prepared(recipe: Recipe) -> list[Any]:
    channels = network_inputs(recipe.data).channels
    names = [channel.name + "_window" for channel in channels]
    copies = [CopyItemsd(_FILES[c.image], names=name) for c, name in zip(channels, names, strict=True)]
    windows = [ScaleIntensityRanged(name, *c.clip, 0, 1, clip=True) for c, name in zip(channels, names, strict=True)]
    return [
        _Read(),
        *copies,
        *windows,
        ConcatItemsd(names, "image"),
        DeleteItemsd((*names, "pet", "ct")),
        FgBgToIndicesd("mask"),
    ]


def _random(recipe: Recipe) -> list[Any]:
    """The recipe's changes in MONAI's words; turning and scaling are one there, as likely as either of ours."""
    change, patch = recipe.augmentation, recipe.data.patch
    either = 1 - (1 - change.rotate_p) * (1 - change.scale_p)
    angle = [change.rotate_degrees * torch.pi / 180] * 3
    scale = [change.scale_range[1] - 1] * 3
    blur = {f"sigma_{axis}": change.blur_voxels for axis in "xyz"}
    low = change.brightness_range[0] - 1, change.brightness_range[1] - 1
    return [
        RandCropByPosNegLabeld(
            ("image", "mask"), "mask", patch, fg_indices_key="mask_fg_indices", bg_indices_key="mask_bg_indices"
        ),
        DeleteItemsd(("mask_fg_indices", "mask_bg_indices")),
        RandAffined(
            ("image", "mask"), prob=either, rotate_range=angle, scale_range=scale, mode=("bilinear", "nearest")
        ),
        RandScaleIntensityd("image", low, prob=change.brightness_p),
        RandGaussianSmoothd("image", **blur, prob=change.blur_p),
        RandSimulateLowResolutiond("image", prob=change.low_resolution_p, zoom_range=change.low_resolution_range),
        RandAdjustContrastd("image", prob=change.gamma_p, gamma=change.gamma_range),
        *(RandFlipd(("image", "mask"), prob=change.flip_p, spatial_axis=axis) for axis in range(3)),
        RandGaussianNoised("image", prob=change.noise_p, std=change.noise_sd),
    ]


class _Read(Transform):
    """The images as tensors [1, z, y, x] without metadata, which would slow MONAI down."""

    def __call__(self, files: dict[str, str]) -> dict[str, torch.Tensor]:
        images = {name: read_image(path) if name != "mask" else read_labels(path) for name, path in files.items()}
        return {name: torch.from_numpy(np.array(array_view(image), np.float32))[None] for name, image in images.items()}
