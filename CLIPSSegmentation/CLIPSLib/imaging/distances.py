"""Largest distances: between points, across a mask. Called by measures and evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def largest_distance_mm(points_mm: np.ndarray) -> float:
    """The largest distance between any two of the points `(n, 3)`; 0 for fewer than two.

    Exact: the two farthest points are corners of the convex hull, so only these are compared.
    """
    from scipy.spatial.distance import pdist

    points = np.asarray(points_mm, dtype=float).reshape(-1, 3)
    if len(points) > 64:
        points = points[_hull_corners(points)]
    return float(pdist(points).max()) if len(points) > 1 else 0.0


def isosurface_vertices(mask: np.ndarray) -> np.ndarray:
    """The vertices of the surface that marching cubes draws at 0.5 around a boolean mask, as indices `(n, 3)`.

    On a mask of zeros and ones these are the midpoints between face neighbors of which one is in the mask; beyond
    the border of the array nothing is in it. The order is (z, y, x), in voxels.
    """
    padded = np.pad(np.asarray(mask, dtype=bool), 1)
    vertices = []
    for axis in range(3):
        changes = np.argwhere(np.diff(padded, axis=axis)).astype(float) - 1.0
        changes[:, axis] += 0.5
        vertices.append(changes)
    return np.concatenate(vertices)


def max_diameter_mm(mask: np.ndarray, spacing_zyx_mm: Sequence[float]) -> float | None:
    """IBSI's maximum 3D diameter (L0JK): the largest distance between two vertices of the mesh around the mask.

    None for an empty mask.
    """
    vertices = isosurface_vertices(mask)
    if len(vertices) == 0:
        return None
    return largest_distance_mm(vertices * np.asarray(spacing_zyx_mm, dtype=float))


def _hull_corners(points: np.ndarray) -> np.ndarray:
    """Indices of the corners of the convex hull, also of points that lie in one plane or on one line."""
    from scipy.spatial import ConvexHull

    centered = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
    flat = centered @ axes[sizes > 1e-9 * max(sizes[0], 1.0)].T  # drop the directions in which nothing extends
    if flat.shape[1] == 0:
        return np.array([0])
    if flat.shape[1] == 1:
        return np.array([flat[:, 0].argmin(), flat[:, 0].argmax()])
    return ConvexHull(flat).vertices
