"""Connected components of a mask: labels, sizes, boxes. Called by segmentation, measures and evaluation.

scipy's labelling within the box around the mask is four times as fast as SimpleITK's (which knows no
18-neighborhood) and ten times as fast as labelling the whole body volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONNECTIVITIES = (6, 18, 26)
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Components:
    """The connected components of a mask, numbered from 1 in the order of their first voxel.

    labels: int32 `[z, y, x]`, 0 outside. sizes: voxels of component 1, 2, ... boxes: the smallest box around each.
    extent: the box around all of them (empty slices when there are none).
    """

    labels: np.ndarray
    sizes: np.ndarray
    boxes: tuple[Box, ...]
    extent: Box

    @property
    def count(self) -> int:
        return len(self.boxes)


def label_components(mask: np.ndarray, connectivity: int = 26) -> Components:
    """Number the connected components of a boolean mask `[z, y, x]`.

    connectivity: 6 (faces), 18 (faces and edges) or 26 (faces, edges and corners).

    Raises:
        ValueError: another connectivity.
    """
    from scipy import ndimage

    if connectivity not in CONNECTIVITIES:
        raise ValueError(f"connectivity {connectivity} is not one of {CONNECTIVITIES}")
    extent = bounding_box(mask)
    labels = np.zeros(mask.shape, dtype=np.int32)
    if extent[0].stop == 0:
        return Components(labels=labels, sizes=np.zeros(0, dtype=np.intp), boxes=(), extent=extent)
    structure = ndimage.generate_binary_structure(3, CONNECTIVITIES.index(connectivity) + 1)
    inner, count = ndimage.label(np.ascontiguousarray(mask[extent]), structure)
    labels[extent] = inner
    sizes = np.bincount(inner.ravel(), minlength=count + 1)[1:]
    boxes = tuple(shift_box(box, extent) for box in ndimage.find_objects(inner, count))
    return Components(labels=labels, sizes=sizes, boxes=boxes, extent=extent)


def renumber(components: Components, kept: Sequence[int], dtype: type = np.uint16) -> np.ndarray:
    """The labels of the components `kept`, which become 1, 2, ... in that order; all others become 0."""
    lookup = np.zeros(components.count + 1, dtype=dtype)
    lookup[np.asarray(kept, dtype=int)] = np.arange(1, len(kept) + 1)
    labels = np.zeros(components.labels.shape, dtype=dtype)
    labels[components.extent] = lookup[components.labels[components.extent]]
    return labels


def bounding_box(mask: np.ndarray) -> Box:
    """The smallest box around the voxels of a mask that are not 0; empty slices when there are none."""
    planes = np.flatnonzero(mask.any(axis=(1, 2)))
    if planes.size == 0:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    first, last = int(planes[0]), int(planes[-1]) + 1
    shadow = mask[first:last].any(axis=0)
    rows, columns = np.flatnonzero(shadow.any(axis=1)), np.flatnonzero(shadow.any(axis=0))
    return slice(first, last), slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def grow_box(box: Box, margins: Sequence[int], shape: Sequence[int]) -> Box:
    """The box widened by `margins` voxels (z, y, x) on both sides, within an array of `shape`."""
    z, y, x = (
        slice(max(0, s.start - margin), min(size, s.stop + margin))
        for s, margin, size in zip(box, margins, shape, strict=True)
    )
    return z, y, x


def shift_box(box: Box, outer: Box) -> Box:
    """A box given within `outer`, as a box of the array that `outer` was cut from."""
    z, y, x = (slice(int(o.start + s.start), int(o.start + s.stop)) for s, o in zip(box, outer, strict=True))
    return z, y, x
