"""Automatic candidates: the connected components of a mask that are large enough, largest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.imaging import Box, label_components, renumber, voxels_for_volume

MAX_LESIONS = 65535  # labels are uint16


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Disjoint regions, numbered from 1 by volume (largest first; equal ones in the order of their first voxel).

    labels: uint16 `[z, y, x]`; boxes: the smallest box around region 1, 2, ...; discarded_*: components left out
    because they are smaller than the minimum volume.
    """

    labels: np.ndarray
    boxes: tuple[Box, ...]
    discarded_count: int = 0
    discarded_ml: float = 0.0

    @property
    def discarded(self) -> dict[str, float]:
        """What was left out, for the provenance."""
        return {"components": self.discarded_count, "volume_ml": round(self.discarded_ml, 3)}


def find_candidates(mask: np.ndarray, voxel_ml: float, *, connectivity: int, min_volume_ml: float) -> Regions:
    """The components of a mask with at least `min_volume_ml`.

    Raises:
        Refusal: more than 65535 of them.
    """
    components = label_components(mask, connectivity)
    kept = 1 + np.flatnonzero(components.sizes >= voxels_for_volume(min_volume_ml, voxel_ml))
    _refuse_too_many(len(kept))
    kept = kept[np.argsort(-components.sizes[kept - 1], kind="stable")]
    return Regions(
        labels=renumber(components, kept),
        boxes=tuple(components.boxes[number - 1] for number in kept),
        discarded_count=components.count - len(kept),
        discarded_ml=float(components.sizes.sum() - components.sizes[kept - 1].sum()) * voxel_ml,
    )


def paint_regions(regions: Sequence[tuple[Box, np.ndarray]], shape: tuple[int, int, int]) -> tuple[Regions, list[int]]:
    """Regions from disjoint masks, each given with its box; and which of the given ones became region 1, 2, ..."""
    _refuse_too_many(len(regions))
    sizes = [int(np.count_nonzero(mask)) for _, mask in regions]
    order = sorted(range(len(regions)), key=lambda i: -sizes[i])
    labels = np.zeros(shape, dtype=np.uint16)
    for number, i in enumerate(order, start=1):
        box, mask = regions[i]
        labels[box][mask] = number
    return Regions(labels=labels, boxes=tuple(regions[i][0] for i in order)), order


def _refuse_too_many(count: int) -> None:
    if count > MAX_LESIONS:
        raise Refusal(
            "too-many-lesions",
            f"{count} separate regions were found; a mask holds at most {MAX_LESIONS}",
            "",
            "Raise the threshold or the minimum volume, and check the units of the PET.",
        )
