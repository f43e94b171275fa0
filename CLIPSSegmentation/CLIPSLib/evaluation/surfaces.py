"""Surfaces of masks as small patches with an area, and the distances between two surfaces. Used by `case`, `hospital`.

After Google DeepMind's surface-distance (Nikolov et al. 2018, arXiv:1809.04430): a patch sits where eight voxels meet
that are not all equal; its area is what marching cubes draws there. Distances are weighted by area, so that they do not
depend on how finely a surface is sampled. A k-d tree finds the nearest patch: exact like a distance map, and without
one of the whole body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from CLIPSLib.evaluation.marching_cubes import CORNERS, areas_by_code_mm2


@dataclass(frozen=True)
class Surface:
    """corners: where eight voxels meet, in voxels (z, y, x), `(n, 3)`; areas_mm2: of the patch there, `(n,)`."""

    corners: np.ndarray
    areas_mm2: np.ndarray
    spacing_zyx_mm: tuple[float, ...]

    @cached_property
    def tree(self) -> Any:
        """A k-d tree of the patches, in mm."""
        from scipy.spatial import cKDTree

        return cKDTree(self.corners * np.asarray(self.spacing_zyx_mm))

    def distances_mm(self, other: Surface) -> np.ndarray:
        """From each patch of this surface to the nearest one of the other; infinite when the other has none."""
        if len(other.corners) == 0 or len(self.corners) == 0:
            return np.full(len(self.corners), np.inf)
        spacing = np.asarray(self.spacing_zyx_mm)
        nearest = other.tree.query(self.corners * spacing)[1]
        # From whole voxels again: 313 * 2.036 - 311 * 2.036 is not 2 * 2.036, and limits are compared exactly.
        return np.sqrt((((self.corners - other.corners[nearest]) * spacing) ** 2).sum(axis=1))


def surface_of(mask: np.ndarray, spacing_zyx_mm: Sequence[float], *, offset: Sequence[int] = (0, 0, 0)) -> Surface:
    """The surface of a boolean mask `[z, y, x]`; beyond the border of the array nothing is in the mask.

    offset: where the array begins in the image that patches are to be counted in, so that surfaces of boxes fit.
    """
    codes = np.zeros(tuple(n + 1 for n in mask.shape), dtype=np.uint8)
    for bit, corner in enumerate(
        CORNERS
    ):  # a patch at p sees the voxels p - 1 (corner 0) and p (corner 1) of each axis
        part = tuple(slice(1 - one, 1 - one + n) for one, n in zip(corner, mask.shape, strict=True))
        codes[part] |= mask.astype(bool, copy=False).view(np.uint8) << bit
    found = np.flatnonzero((codes != 0) & (codes != 255))
    corners = np.stack(np.unravel_index(found, codes.shape), axis=1) + np.asarray(offset)
    spacing = tuple(float(s) for s in spacing_zyx_mm)
    return Surface(corners, areas_by_code_mm2(spacing)[codes.ravel()[found]], spacing)


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between the surfaces of a reference and of a prediction, patch by patch, with their areas."""

    reference: Surface
    prediction: Surface
    to_prediction_mm: np.ndarray = field(init=False)
    to_reference_mm: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "to_prediction_mm", self.reference.distances_mm(self.prediction))
        object.__setattr__(self, "to_reference_mm", self.prediction.distances_mm(self.reference))

    @property
    def finite(self) -> bool:
        """Both masks have a surface: otherwise distances do not exist."""
        return bool(len(self.to_prediction_mm) and len(self.to_reference_mm))

    def mean_to_prediction_mm(self) -> float:
        """The mean way from the reference's surface to the prediction's."""
        return float(np.average(self.to_prediction_mm, weights=self.reference.areas_mm2))

    def mean_to_reference_mm(self) -> float:
        """The mean way from the prediction's surface to the reference's."""
        return float(np.average(self.to_reference_mm, weights=self.prediction.areas_mm2))

    def mean_mm(self) -> float:
        """The mean over both surfaces together, weighted by area: the same whichever mask is the reference."""
        return float(np.average(self._both_mm(), weights=self._areas_mm2()))

    def hausdorff_mm(self, percentile: float) -> float:
        """The larger of both ways' distances that `percentile` % of the surface does not exceed."""
        return max(
            _percentile_mm(self.to_prediction_mm, self.reference.areas_mm2, percentile),
            _percentile_mm(self.to_reference_mm, self.prediction.areas_mm2, percentile),
        )

    def nsd(self, tolerance_mm: float) -> float | None:
        """Normalized surface distance: the share of both surfaces within the tolerance; None without a surface."""
        return self._share(self._both_mm() <= tolerance_mm)

    def border_jaccard(self, tolerance_mm: float) -> float | None:
        """The hospital's "BJI": as `nsd`, where a patch at distance d counts 1 - (d / tolerance)^2."""
        distances = self._both_mm()
        near = distances <= tolerance_mm
        ratio = np.divide(distances, tolerance_mm, out=np.zeros_like(distances), where=near & (distances > 0))
        return self._share(np.where(near, 1.0 - ratio**2, 0.0))

    def _share(self, weights: np.ndarray) -> float | None:
        areas = self._areas_mm2()
        return float((areas * weights).sum() / areas.sum()) if len(areas) else None

    def _both_mm(self) -> np.ndarray:
        return np.concatenate([self.to_prediction_mm, self.to_reference_mm])

    def _areas_mm2(self) -> np.ndarray:
        return np.concatenate([self.reference.areas_mm2, self.prediction.areas_mm2])


def _percentile_mm(distances_mm: np.ndarray, areas_mm2: np.ndarray, percentile: float) -> float:
    """The first distance at which the area so far reaches the percentile."""
    order = np.argsort(distances_mm, kind="stable")
    reached = np.cumsum(areas_mm2[order]) / areas_mm2.sum()
    place = np.searchsorted(reached, percentile / 100.0)
    return float(distances_mm[order][min(place, len(order) - 1)])
