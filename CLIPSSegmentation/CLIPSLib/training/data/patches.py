"""`open_patches`: all cases prepared, and `batch` as a pure function of (ids, step, seed). Called by the engine.

Helper processes get a copy of `Patches` that holds paths and facts, no images: arrays are mapped where they are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Caution, Failure
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.training.data.inputs import network_inputs
from CLIPSLib.training.data.intensity import change_channels, change_images
from CLIPSLib.training.data.prepare_all import prepare_all
from CLIPSLib.training.data.prepared import PreparedCase
from CLIPSLib.training.data.randomness import generator
from CLIPSLib.training.data.sampling import choose_start
from CLIPSLib.training.data.spatial import Movement, cut, draw_movement
from CLIPSLib.training.recipe import AugmentationRecipe, DataRecipe
from CLIPSLib.training.types import Batch, CaseFacts, TrainingCase

if TYPE_CHECKING:
    from CLIPSLib.models import Channel


def open_patches(
    cases: Sequence[TrainingCase],
    data: DataRecipe,
    augmentation: AugmentationRecipe | None,
    cache: str | Path,
    *,
    reporter: Reporter = SILENT,
) -> Patches:
    """Prepare all cases (or find them in the cache) and give the source of their patches.

    augmentation: None leaves patches as they are.

    Raises:
        Refusal, Failure: as `prepare_all`, with the case named; the cache cannot be written to. Cancelled: the
            reporter said so; what is made stays.
    """
    inputs = network_inputs(data)
    prepared = {}
    folder = Path(cache)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"The folder for prepared images cannot be made: {error.strerror}"
        raise Failure("cannot-write", what, str(folder), "Choose another one: data.cache.") from error
    reporter.check()
    reporter.progress("Preparing images", 0.0)
    made = prepare_all(cases, inputs, data.classes, folder, workers=data.workers, reporter=reporter)
    for number, case in enumerate(made, start=1):
        prepared[case.case_id] = case
        reporter.check()
        reporter.progress("Preparing images", number / len(cases))
    _tell_masks(prepared.values(), data, reporter)
    return Patches(prepared=prepared, data=data, augmentation=augmentation)


def _tell_masks(prepared: Collection[PreparedCase], data: DataRecipe, reporter: Reporter) -> None:
    """Say where classes of a mask are too small for the voxels that the network works on, or taken for one."""
    names = [each.name for each in data.classes]
    lost = [f"{case.case_id} ({', '.join(names[n - 1] for n in case.lost)})" for case in prepared if case.lost]
    if lost:
        what = f"In {len(lost)} case(s) all of a class is too small for the network's voxels and counts as not there"
        reporter.caution(Caution("lesions-lost", f"{what}: {_some(lost)}", "data.spacing_mm"))
    merged = [case.case_id for case in prepared if case.merged]
    if merged:
        what = f"The masks of {len(merged)} case(s) hold several values, and all of them count as '{names[0]}'"
        reporter.caution(Caution("values-merged", f"{what}: {_some(merged)}", "data.classes"))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


@dataclass(frozen=True, kw_only=True)
class Patches:
    """A `PatchSource` over the cache."""

    prepared: dict[str, PreparedCase]
    data: DataRecipe
    augmentation: AugmentationRecipe | None

    def facts(self, case_id: str) -> CaseFacts:
        """Shape on the network's grid, and voxels of each class."""
        return self.prepared[case_id].facts

    def batch(self, ids: Sequence[str], step: int, seed: int, *, lesion_share: float | None = None) -> Batch:
        """The patches of a step. Raises Failure when a prepared file is missing or damaged."""
        import torch

        share = self.data.lesion_share if lesion_share is None else lesion_share
        pairs = [self.patch(case, generator(seed, step, place, case), share) for place, case in enumerate(ids)]
        batch = Batch(
            images=torch.from_numpy(np.stack([image for image, _ in pairs])),
            labels=torch.from_numpy(np.stack([labels[None] for _, labels in pairs])),
            case_ids=tuple(ids),
        )
        if self.augmentation and self.augmentation.mixup:
            return _mixed(batch, self.augmentation.mixup, generator(seed, step, "mixup"))
        return batch

    def patch(self, case_id: str, random: np.random.Generator, lesion_share: float) -> tuple[np.ndarray, np.ndarray]:
        """One patch: channels float32 [C, z, y, x] and labels uint8 [z, y, x]."""
        prepared, recipe = self.prepared[case_id], self.augmentation
        start = choose_start(prepared, self.data.patch, lesion_share, random)
        movement = draw_movement(recipe, random) if recipe else Movement()
        raw = cut(prepared, start, self.data.patch, movement)
        if recipe:
            change_images(raw, recipe, random)
        channels = network_inputs(self.data).channels
        images = _channels(raw, channels, prepared)
        if not recipe:
            return images, raw["labels"]
        images = change_channels(images, channels, recipe, random)
        images[: len(channels)] *= raw["inside"]  # beyond the image stays 0, as in segmentation
        flipped = [axis for axis in range(3) if random.random() < recipe.flip_p]
        labels = np.flip(raw["labels"], flipped)
        return np.ascontiguousarray(np.flip(images, [axis + 1 for axis in flipped])), np.ascontiguousarray(labels)

    def plain(self) -> Patches:
        """The same source without augmentation."""
        return replace(self, augmentation=None)


def _channels(raw: dict[str, np.ndarray], channels: Sequence[Channel], prepared: PreparedCase) -> np.ndarray:
    """Clipped and scaled as in segmentation; 0 beyond the image, as there. The prior, if any, comes last."""
    from CLIPSLib.segmentation.installed.channels import shift_and_scale

    images = []
    for channel in channels:
        values = np.clip(raw[channel.image], *channel.clip) if channel.clip else raw[channel.image]
        shift, scale = prepared.scaling.get(channel.name) or shift_and_scale(channel, raw[channel.image])
        images.append(((values - np.float32(shift)) / np.float32(scale)) * raw["inside"])
    if "prior" in raw:
        images.append(raw["prior"])
    return np.stack(images)


def _mixed(batch: Batch, alpha: float, random: np.random.Generator) -> Batch:
    """Each patch blended with another of the batch, by shares of a Beta distribution (Zhang et al., ICLR 2018)."""
    import torch

    shares = torch.from_numpy(random.beta(alpha, alpha, len(batch.case_ids)).astype(np.float32))
    others = torch.from_numpy(random.permutation(len(batch.case_ids)))
    weights = shares.view(-1, 1, 1, 1, 1)
    return replace(
        batch,
        images=(1 - weights) * batch.images + weights * batch.images[others],
        mixed_labels=batch.labels[others],
        mixed_share=shares,
    )
