"""What a network is punished for, case by case: Dice + cross-entropy, Dice + focal, Tversky, TMTV-Net's own.

Called by the engine. All of it is computed in float32, whatever precision the network ran in, and is defined where a
patch holds no lesion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from CLIPSLib.training.recipe import LossRecipe
from CLIPSLib.training.types import Batch

_SMOOTH = 1.0  # voxels: Dice of an empty patch is 1 where nothing was found, and falls with each false voxel

Outputs = torch.Tensor | Sequence[torch.Tensor]


def case_losses(outputs: Outputs, batch: Batch, recipe: LossRecipe) -> torch.Tensor:
    """The loss of each patch, float32 `(N,)`.

    outputs: logits `(N, K, z, y, x)`; where a network judges coarse levels too: a sequence of them, coarse to fine, or
    MONAI's stack `(N, levels, K, z, y, x)`, fine first. batch: on the device of the outputs. Patches that were blended
    with others (mixup) are judged against both labels, by their shares.
    """
    with torch.autocast(batch.labels.device.type, enabled=False):
        levels = _levels(outputs, recipe.name)
        losses = _deep(levels, batch.labels, recipe)
        if batch.mixed_labels is None:
            return losses
        other = _deep(levels, batch.mixed_labels, recipe)
        return torch.lerp(losses, other, batch.mixed_share.to(losses))


def _levels(outputs: Outputs, loss: str) -> list[tuple[float, torch.Tensor]]:
    """Weight and float32 logits of each level. Each coarser level counts half; the weights sum to 1, but in TMTV-Net's
    loss, where the finest counts 1."""
    if isinstance(outputs, torch.Tensor):
        fine_first = [outputs] if outputs.dim() == 5 else list(outputs.unbind(1))
    else:
        fine_first = list(reversed(outputs))
    weights = [0.5**level for level in range(len(fine_first))]
    total = 1.0 if loss == "tmtvnet" else sum(weights)
    return [(weight / total, logits.float()) for weight, logits in zip(weights, fine_first, strict=True)]


def _deep(levels: list[tuple[float, torch.Tensor]], labels: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    """labels: uint8 `(N, 1, z, y, x)`; coarser levels are compared with the nearest labels."""
    total = None
    for weight, logits in levels:
        size = logits.shape[2:]
        at_level = labels if labels.shape[2:] == size else functional.interpolate(labels.float(), size, mode="nearest")
        losses = weight * _LOSSES[recipe.name](logits, at_level[:, 0].long(), recipe)
        total = losses if total is None else total + losses
    return total


def _dice_ce(logits: torch.Tensor, labels: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    return _dice(logits, labels) + functional.cross_entropy(logits, labels, reduction="none").mean((1, 2, 3))


def _dice_focal(logits: torch.Tensor, labels: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    return _dice(logits, labels) + _focal(logits, labels, recipe.focal_gamma)


def _dice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Soft Dice loss `(N,)`, the mean over all classes but the background (Milletari et al., 3DV 2016)."""
    true, found, reference = _overlap(logits, labels)
    return (1.0 - (2.0 * true + _SMOOTH) / (found + reference + _SMOOTH)).mean(1)


def _tversky(logits: torch.Tensor, labels: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    """1 - TP / (TP + a FN + (1 - a) FP), soft (Salehi et al., MLMI 2017; there beta is the weight of misses)."""
    true, found, reference = _overlap(logits, labels)
    misses, alarms = reference - true, found - true
    weight = recipe.tversky_misses
    return (1.0 - (true + _SMOOTH) / (true + weight * misses + (1.0 - weight) * alarms + _SMOOTH)).mean(1)


def _tmtvnet(logits: torch.Tensor, labels: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    """Dice + half a focal cross-entropy (gamma 1) + sensitivity: the mean error within the lesion.

    As the released training program of TMTV-Net computes it (its paper names other terms, which no code contains).
    """
    true, found, reference = _overlap(logits, labels)
    dice = 1.0 - (2.0 * true + 1e-3) / (found + reference + 1e-5 + 1e-3)
    missed = (reference - true) / (reference + 1e-4)
    return (dice + recipe.sensitivity * missed).mean(1) + 0.5 * _focal(logits, labels, 1.0)


def _focal(logits: torch.Tensor, labels: torch.Tensor, gamma: float) -> torch.Tensor:
    """Cross-entropy `(N,)` with each voxel weighted by (1 - p)^gamma (Lin et al., ICCV 2017)."""
    entropy = functional.cross_entropy(logits, labels, reduction="none")
    return ((1.0 - torch.exp(-entropy)).clamp_min(0.0) ** gamma * entropy).mean((1, 2, 3))


def _overlap(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Soft true positives, voxels found and voxels of the reference, each `(N, classes but the background)`."""
    found = torch.softmax(logits, dim=1)[:, 1:]
    reference = functional.one_hot(labels, logits.shape[1])[..., 1:].movedim(-1, 1).to(found)
    axes = (2, 3, 4)
    return (found * reference).sum(axes), found.sum(axes), reference.sum(axes)


_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor, LossRecipe], torch.Tensor]] = {
    "dice-ce": _dice_ce,
    "dice-focal": _dice_focal,
    "tversky": _tversky,
    "tmtvnet": _tmtvnet,
}
