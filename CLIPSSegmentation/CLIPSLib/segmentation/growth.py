"""Seeds and their surroundings: how a relative method grows one lesion, and when growth counts as a leak.

A seed is a component of SUV >= 4.0 (where there is none, SUV >= 2.5) of at least the minimum volume. Growth from it
stays in its territory: the voxels nearer to it than to any other seed. Voxels as near to another seed belong to
neither, so that the result is the same for every order of seeds and every orientation of the patient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.imaging import Box, array_view, at_least, grow_box, label_components, spacing_zyx_mm
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.candidates import Regions
from CLIPSLib.segmentation.fixed import regions_at_least

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

SEED_THRESHOLDS_SUV = (4.0, 2.5)
LEAK_FRACTION = 0.10


@dataclass(frozen=True)
class Seeds:
    """The seeds of a study and the SUV threshold that made them."""

    regions: Regions
    threshold: float


def find_seeds(study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Seeds:
    """The regions with SUV >= 4.0 and at least the minimum volume; where there is none, those with SUV >= 2.5."""
    for threshold in SEED_THRESHOLDS_SUV:
        regions = regions_at_least(study, threshold, options, reporter)
        if regions.boxes:
            break
    return Seeds(regions, threshold)


@dataclass(frozen=True)
class Surroundings:
    """One seed and what lies around it, cut from the whole volume. Distances are between voxel centers, in mm.

    suv, seed, others: `[z, y, x]` arrays within `box`; `others` are the voxels of all other seeds.
    """

    box: Box
    suv: np.ndarray
    seed: np.ndarray
    others: np.ndarray
    spacing_mm: tuple[float, float, float]
    seed_threshold: float

    @classmethod
    def of(cls, study: PetCtStudy, seeds: Seeds, number: int, reach_mm: float) -> Surroundings:
        """The surroundings of seed 1, 2, ... up to `reach_mm` away from its box."""
        spacing = spacing_zyx_mm(study.pet)
        labels = seeds.regions.labels
        margins = [math.ceil(reach_mm / s) + 1 for s in spacing]
        box = grow_box(seeds.regions.boxes[number - 1], margins, labels.shape)
        inside = labels[box]
        return cls(
            box=box,
            suv=array_view(study.pet)[box],
            seed=inside == number,
            others=(inside != 0) & (inside != number),
            spacing_mm=spacing,
            seed_threshold=seeds.threshold,
        )

    @cached_property
    def distance_mm(self) -> np.ndarray:
        """Distance of every voxel from the seed, 0 within it."""
        return _distance_from(self.seed, self.spacing_mm)

    @cached_property
    def distance_to_others_mm(self) -> np.ndarray:
        """Distance of every voxel from the nearest other seed (infinite where there is none)."""
        if not self.others.any():
            return np.full(self.seed.shape, np.inf)
        return _distance_from(self.others, self.spacing_mm)

    @cached_property
    def voxels(self) -> np.ndarray:
        """Indices `(n, 3)` of the seed's voxels within `box`, in the order of `values`."""
        return np.argwhere(self.seed)

    @cached_property
    def values(self) -> np.ndarray:
        """SUV of the seed's voxels, float64."""
        return self.suv[self.seed].astype(np.float64)

    def grow(self, threshold: float, *, max_growth_mm: float, connectivity: int) -> np.ndarray | None:
        """The voxels with SUV >= threshold that are connected to the hottest voxel, in the seed's territory.

        Growth ends `max_growth_mm` from the seed. None when that cuts off more than a tenth of what remains (seen up
        to the border of `box`): the region has leaked into uptake that is no lesion.
        """
        mask = at_least(self.suv, threshold)
        if threshold >= self.seed_threshold:
            return self._connected_to_hottest(mask & self.seed, connectivity)
        free = self._connected_to_hottest(mask & (self.distance_mm < self.distance_to_others_mm), connectivity)
        grown = self._connected_to_hottest(free & (self.distance_mm <= max_growth_mm), connectivity)
        leaked = np.count_nonzero(free) > (1.0 + LEAK_FRACTION) * np.count_nonzero(grown)
        return None if leaked else grown

    def _connected_to_hottest(self, mask: np.ndarray, connectivity: int) -> np.ndarray:
        labels = label_components(mask, connectivity).labels
        hottest = tuple(self.voxels[self.values == self.values.max()].T)
        return np.isin(labels, labels[hottest])


def _distance_from(mask: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    from scipy import ndimage

    return ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
