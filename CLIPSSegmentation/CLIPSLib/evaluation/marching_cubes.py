"""How much surface lies in each cube of 2x2x2 voxels: 256 cases, derived here and not looked up. Used by `surfaces`.

A cube has a voxel at each corner, in the mask or not. Marching cubes (Lorensen and Cline, SIGGRAPH 1987) cuts every
edge between an inner and an outer corner at its middle; on each face the cuts are joined, and the closed loops are
filled with triangles. Two choices are left, and are made so that the areas equal those of Google DeepMind's
surface-distance (Nikolov et al. 2018, arXiv:1809.04430), which the hospital and MONAI use:

- Where a face has inner corners on one diagonal only, the corners that are fewer in the cube are kept apart.
- A loop of five or six cuts is not flat: of all triangulations, the one with the largest area in a cube of side 1.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

Corner = tuple[int, int, int]
Cut = frozenset[Corner]  # the two corners of the edge that is cut
CORNERS: tuple[Corner, ...] = tuple(itertools.product((0, 1), repeat=3))  # bit i of a code stands for corner i


@functools.lru_cache(maxsize=16)
def areas_by_code_mm2(spacing_zyx_mm: tuple[float, ...]) -> np.ndarray:
    """The area of the surface in a cube, mm2, for each of the 256 codes; spacing in (z, y, x).

    Bit i of a code: the voxel at `CORNERS[i]` (z, y, x) is in the mask.
    """
    spacing = np.asarray(spacing_zyx_mm, dtype=float)
    return np.array([_areas(triangles, spacing).sum() for triangles in _triangles_by_code()])


@functools.cache
def _triangles_by_code() -> tuple[np.ndarray, ...]:
    """Triangles `(n, 3 vertices, 3)` in a cube of side 1, for each code."""
    return tuple(_triangles(code) for code in range(256))


def _triangles(code: int) -> np.ndarray:
    inner = {corner for bit, corner in enumerate(CORNERS) if code >> bit & 1}
    fewer = inner if len(inner) <= 4 else set(CORNERS) - inner
    filled = [_fill(loop) for loop in _loops(fewer)]
    return np.concatenate(filled) if filled else np.zeros((0, 3, 3))


def _loops(inner: set[Corner]) -> list[np.ndarray]:
    """The closed polygons `(n, 3)` that separate the inner corners from the others."""
    neighbors = defaultdict(list)
    for face in _faces():
        for first, second in _joins(face, inner):
            neighbors[first].append(second)
            neighbors[second].append(first)
    loops = []
    left = set(neighbors)
    while left:
        cut: Cut | None = left.pop()
        loop = [cut]
        while (cut := next((other for other in neighbors[cut] if other in left), None)) is not None:
            left.remove(cut)
            loop.append(cut)
        loops.append(np.array([np.mean(sorted(edge), axis=0) for edge in loop]))
    return loops


@functools.cache
def _faces() -> tuple[tuple[Corner, ...], ...]:
    """The six faces of the cube, the corners of each in the order around it."""
    around = ((0, 0), (0, 1), (1, 1), (1, 0))
    return tuple(tuple((*pair[:axis], side, *pair[axis:]) for pair in around) for axis in range(3) for side in (0, 1))


def _joins(face: Sequence[Corner], inner: set[Corner]) -> list[tuple[Cut, Cut]]:
    """The pairs of cuts that a line joins on this face; on an ambiguous one, a line around each inner corner."""
    edges = [frozenset((face[place - 1], face[place])) for place in range(4)]  # edge i ends at corner i
    cuts = [edge for edge in edges if len(edge & inner) == 1]
    if len(cuts) == 4:
        return [(edges[i], edges[(i + 1) % 4]) for i in range(4) if face[i] in inner]
    return [(cuts[0], cuts[1])] if cuts else []


def _fill(polygon: np.ndarray) -> np.ndarray:
    """The triangulation `(n, 3, 3)` of a polygon `(n + 2, 3)` that has the largest area."""
    unit = np.ones(3)
    candidates = (polygon[list(triangles)] for triangles in _triangulations(0, len(polygon) - 1))
    return max(candidates, key=lambda triangles: _areas(triangles, unit).sum())


def _triangulations(first: int, last: int) -> list[tuple[tuple[int, int, int], ...]]:
    """All ways to cut the polygon of the vertices `first` to `last` into triangles."""
    if last - first < 2:
        return [()]
    return [
        (*left, (first, apex, last), *right)
        for apex in range(first + 1, last)
        for left in _triangulations(first, apex)
        for right in _triangulations(apex, last)
    ]


def _areas(triangles: np.ndarray, scale: np.ndarray) -> np.ndarray:
    corners = triangles * scale
    sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.linalg.norm(sides, axis=1) / 2.0
