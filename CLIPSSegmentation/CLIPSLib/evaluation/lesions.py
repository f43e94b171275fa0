"""The lesions of two masks and which of them share voxels; scores between them. Used by `case` and `hospital`.

Lesions are counted from 1 here; `numbers` are the ones that people see.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from CLIPSLib.evaluation.overlap import dice_of_counts
from CLIPSLib.evaluation.surfaces import Surface, SurfaceDistances, surface_of
from CLIPSLib.imaging import Box, label_components

# The score, 0 to 1, between the union of some lesions of the reference and the union of some of the prediction.
Score = Callable[[tuple[int, ...], tuple[int, ...]], float]


@dataclass(frozen=True)
class LesionSet:
    """labels: int32 `[z, y, x]`, lesion i has the value i; sizes, boxes and numbers: those of lesion 1, 2, ..."""

    labels: np.ndarray
    sizes: np.ndarray
    boxes: tuple[Box, ...]
    numbers: np.ndarray

    @property
    def count(self) -> int:
        return len(self.boxes)


def connected_lesions(mask: np.ndarray, connectivity: int) -> LesionSet:
    """One lesion per connected component of a boolean mask, numbered in the order of their first voxels."""
    components = label_components(mask, connectivity)
    return LesionSet(components.labels, components.sizes, components.boxes, np.arange(1, components.count + 1))


def labeled_lesions(labels: np.ndarray) -> LesionSet:
    """One lesion per value of a label array that is not 0; `numbers` are the values."""
    from scipy import ndimage

    inside = labels > 0
    numbers, places, sizes = np.unique(labels[inside], return_inverse=True, return_counts=True)
    renumbered = np.zeros(labels.shape, dtype=np.int32)
    renumbered[inside] = places + 1
    boxes = ndimage.find_objects(renumbered, len(numbers)) if len(numbers) else ()
    return LesionSet(renumbered, sizes, tuple(boxes), numbers)


@dataclass(frozen=True)
class Links:
    """Which lesions of the reference share voxels with which of the prediction: number -> partners, and how many."""

    voxels: dict[tuple[int, int], int]
    of_reference: dict[int, tuple[int, ...]]
    of_prediction: dict[int, tuple[int, ...]]


def link(reference: LesionSet, prediction: LesionSet) -> Links:
    """Find the pairs of lesions that share a voxel, from the voxels that both masks hold."""
    both = (reference.labels > 0) & (prediction.labels > 0)
    base = prediction.count + 1
    codes, counts = np.unique(
        reference.labels[both].astype(np.int64) * base + prediction.labels[both], return_counts=True
    )
    voxels = {(int(code // base), int(code % base)): int(n) for code, n in zip(codes, counts, strict=True)}
    of_reference: dict[int, tuple[int, ...]] = dict.fromkeys(range(1, reference.count + 1), ())
    of_prediction: dict[int, tuple[int, ...]] = dict.fromkeys(range(1, prediction.count + 1), ())
    for i, j in voxels:
        of_reference[i] += (j,)
        of_prediction[j] += (i,)
    return Links(voxels, of_reference, of_prediction)


def dice_score(reference: LesionSet, prediction: LesionSet, links: Links) -> Score:
    """Dice between unions of lesions, from voxel counts alone."""

    def score(some: tuple[int, ...], others: tuple[int, ...]) -> float:
        return dice_of_counts(*_union_counts(reference, prediction, links, some, others)) or 0.0

    return score


def iou_score(reference: LesionSet, prediction: LesionSet, links: Links) -> Score:
    """Intersection over union between unions of lesions, from voxel counts alone."""

    def score(some: tuple[int, ...], others: tuple[int, ...]) -> float:
        shared, size, other_size = _union_counts(reference, prediction, links, some, others)
        return shared / (size + other_size - shared)

    return score


def nsd_score(
    reference: LesionSet, prediction: LesionSet, spacing_zyx_mm: Sequence[float], tolerance_mm: float
) -> Score:
    """Normalized surface distance between unions of lesions; each surface is made once, in its own box."""

    @functools.cache
    def surface(of_reference: bool, numbers: tuple[int, ...]) -> Surface:
        return _union_surface(reference if of_reference else prediction, numbers, spacing_zyx_mm)

    def score(some: tuple[int, ...], others: tuple[int, ...]) -> float:
        return SurfaceDistances(surface(True, some), surface(False, others)).nsd(tolerance_mm) or 0.0

    return score


def pair_scores(links: Links, score: Score) -> dict[tuple[int, int], float]:
    """The score of each pair of lesions that share a voxel."""
    return {(i, j): score((i,), (j,)) for i, j in links.voxels}


def union_scores(links: Links, score: Score) -> tuple[dict[int, float], dict[int, float]]:
    """Each lesion against all its partners together, 0 without any: the lesions of the reference, of the prediction."""
    of_reference = {i: score((i,), partners) if partners else 0.0 for i, partners in links.of_reference.items()}
    of_prediction = {j: score(partners, (j,)) if partners else 0.0 for j, partners in links.of_prediction.items()}
    return of_reference, of_prediction


def _union_counts(
    reference: LesionSet, prediction: LesionSet, links: Links, some: tuple[int, ...], others: tuple[int, ...]
) -> tuple[int, int, int]:
    shared = sum(links.voxels.get((i, j), 0) for i in some for j in others)
    return shared, sum(int(reference.sizes[i - 1]) for i in some), sum(int(prediction.sizes[j - 1]) for j in others)


def _union_surface(lesions: LesionSet, numbers: tuple[int, ...], spacing_zyx_mm: Sequence[float]) -> Surface:
    sides = list(zip(*(lesions.boxes[number - 1] for number in numbers), strict=True))
    box = tuple(slice(min(s.start for s in side), max(s.stop for s in side)) for side in sides)
    within = lesions.labels[box]
    mask = within == numbers[0] if len(numbers) == 1 else np.isin(within, numbers)
    return surface_of(mask, spacing_zyx_mm, offset=[side.start for side in box])
