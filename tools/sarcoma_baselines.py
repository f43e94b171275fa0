"""What the networks of docs/training/sarcoma are compared with: thresholds, and what the crop alone gives away.

The IBSI publishes these patients cropped 5 cm around the tumor. Thresholds gain by it (no bladder, no brain), and so
does whoever knows the rule: the tumor ends 5 cm before the image does. Called by sarcoma_result.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from CLIPSLib.evaluation import dice
from CLIPSLib.imaging import at_least, label_components

MARGIN_MM = 50.0  # between the tumor and the edge of the published images
LEFT_MM = 10.0  # of that margin on the sides that are cut away
THRESHOLDS = np.round(np.arange(0.5, 10.01, 0.1), 1)  # SUV, tried out for the chosen threshold
_FRACTION = 0.41


@dataclass(frozen=True, eq=False)
class Tumor:
    """A patient. suv: float32 [z, y, x]; mask: bool, GTV_Mass; spacing_mm: z, y, x."""

    suv: np.ndarray
    mask: np.ndarray
    spacing_mm: tuple[float, float, float]


def threshold_dice(tumor: Tumor, threshold: float) -> float:
    """Dice of SUV >= threshold, everywhere in the image."""
    return dice(at_least(tumor.suv, threshold), tumor.mask)


def fraction_dice(tumor: Tumor) -> float:
    """Dice of 41 % of SUVmax, grown from the hottest voxel of the *true* tumor: no click is that good."""
    hottest = np.where(tumor.mask, tumor.suv, -np.inf)
    labels = label_components(at_least(tumor.suv, _FRACTION * float(hottest.max()))).labels
    return dice(labels == labels[np.unravel_index(hottest.argmax(), hottest.shape)], tumor.mask)


def dice_by_threshold(tumor: Tumor) -> np.ndarray:
    """Dice of each of `THRESHOLDS`, float64."""
    return np.array([threshold_dice(tumor, threshold) for threshold in THRESHOLDS])


def chosen_threshold(curves: Iterable[np.ndarray]) -> float:
    """The threshold with the highest mean Dice in other patients. curves: theirs, of `dice_by_threshold`."""
    return float(THRESHOLDS[np.mean(list(curves), axis=0).argmax()])


def ellipsoid_dice(tumor: Tumor) -> float:
    """Dice of the ellipsoid 5 cm inside the image: what one finds who looks at the size of the image only."""
    shape = tumor.mask.shape
    distance = np.zeros(shape)
    for axis, (count, spacing) in enumerate(zip(shape, tumor.spacing_mm, strict=True)):
        place = (np.arange(count) + 0.5) * spacing - count * spacing / 2
        radius = max(count * spacing / 2 - MARGIN_MM, spacing)
        distance += np.moveaxis((place / radius).reshape(-1, 1, 1) ** 2, 0, axis)
    return dice(distance <= 1.0, tumor.mask)


def uneven_cut(tumor: Tumor, seed: int) -> tuple[slice, slice, slice]:
    """The image without most of its margin on one side of each axis, drawn by the seed; the tumor stays whole.

    Who segments the tumor finds the same; who goes by the edges of the image is misled by 2 cm along each axis.
    """
    sides = np.random.default_rng(seed).integers(0, 2, 3)
    box = []
    for axis, (side, spacing) in enumerate(zip(sides, tumor.spacing_mm, strict=True)):
        count = tumor.mask.shape[axis]
        other = tuple(each for each in range(3) if each != axis)
        inside = np.flatnonzero(tumor.mask.any(axis=other))
        keep = int(np.ceil(LEFT_MM / spacing))
        low, high = max(0, inside[0] - keep), min(count, inside[-1] + 1 + keep)
        box.append(slice(low, count) if side == 0 else slice(0, high))
    return box[0], box[1], box[2]


def cut(tumor: Tumor, box: tuple[slice, slice, slice]) -> Tumor:
    """The part of a patient within a box."""
    return Tumor(tumor.suv[box], tumor.mask[box], tumor.spacing_mm)


def baselines(tumor: Tumor, others: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Dice by name. others: the curves of the patients that the network was trained with."""
    return {
        "suv_4": threshold_dice(tumor, 4.0),
        "suv_2.5": threshold_dice(tumor, 2.5),
        "41_percent": fraction_dice(tumor),
        "chosen_threshold": threshold_dice(tumor, chosen_threshold(others.values())),
        "best_threshold": float(dice_by_threshold(tumor).max()),
        "ellipsoid": ellipsoid_dice(tumor),
    }
