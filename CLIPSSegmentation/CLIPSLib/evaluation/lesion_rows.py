"""The lesions of one mask as rows: where each is, how large, and what the other mask has there. Used by `case`."""

from __future__ import annotations

import numpy as np

from CLIPSLib.evaluation.inputs import Pair
from CLIPSLib.evaluation.lesions import LesionSet
from CLIPSLib.evaluation.matching import Side
from CLIPSLib.evaluation.types import LesionEvaluation
from CLIPSLib.imaging import index_to_lps_mm, voxel_volume_ml


def lesion_rows(of: str, lesions: LesionSet, others: LesionSet, side: Side, pair: Pair) -> list[LesionEvaluation]:
    """A row per lesion of the mask `of` (reference or prediction); what needs voxels is done once for all lesions."""
    if lesions.count == 0:
        return []
    voxels = np.nonzero(lesions.labels)
    labels = lesions.labels[voxels]
    means = np.stack([np.bincount(labels, axis)[1:] / lesions.sizes for axis in voxels], axis=1)
    centroids = index_to_lps_mm(pair.grid, means + pair.start_zyx)
    shared = np.bincount(labels, others.labels[voxels] > 0)[1:]
    hottest = None if pair.suv is None else _maxima(labels, pair.suv[voxels], lesions.count)
    voxel_ml = voxel_volume_ml(pair.grid)
    return [
        LesionEvaluation(
            of=of,
            number=int(lesions.numbers[i]),
            volume_ml=float(lesions.sizes[i]) * voxel_ml,
            found=side.found[i + 1],
            score=side.scores.get(i + 1),
            partners=tuple(int(others.numbers[j - 1]) for j in side.partners[i + 1]),
            overlap_ml=float(shared[i]) * voxel_ml,
            centroid_lps_mm=tuple(centroids[i].tolist()),
            suv_max=None if hottest is None else float(hottest[i]),
        )
        for i in range(lesions.count)
    ]


def _maxima(labels: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The largest value of each label 1, 2, ... `count`."""
    maxima = np.full(count + 1, -np.inf)
    np.maximum.at(maxima, labels, values)
    return maxima[1:]
