"""Largest distances against brute force, flat and degenerate point sets included; mesh vertices by hand."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.imaging import isosurface_vertices, largest_distance_mm, max_diameter_mm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 400), st.sampled_from(["solid", "plane", "line", "grid"]))
def test_largest_distance_is_exact(seed, count, shape):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3)) * [30, 20, 10]
    if shape == "plane":
        points[:, 2] = 2 * points[:, 0] - points[:, 1]
    if shape == "line":
        points = np.outer(rng.normal(size=count), [1.0, 2.0, -3.0]) + 100
    if shape == "grid":
        points = rng.integers(0, 4, size=(count, 3)).astype(float)
    assert largest_distance_mm(points) == pytest.approx(pdist(points).max(), rel=1e-9)


def test_one_point_and_many_equal_points_are_no_distance():
    assert largest_distance_mm(np.zeros((1, 3))) == 0.0
    assert largest_distance_mm(np.full((100, 3), 7.0)) == 0.0


def test_mesh_of_one_voxel_is_an_octahedron():
    vertices = isosurface_vertices(np.ones((1, 1, 1), dtype=bool))
    expected = [(-0.5, 0, 0), (0.5, 0, 0), (0, -0.5, 0), (0, 0.5, 0), (0, 0, -0.5), (0, 0, 0.5)]
    assert sorted(map(tuple, vertices)) == sorted(expected)


def test_max_diameter_by_hand():
    # One voxel: opposite corners of the octahedron along the longest spacing.
    assert max_diameter_mm(np.ones((1, 1, 1), dtype=bool), (3.0, 2.0, 4.0)) == 4.0
    # A row of 5 voxels of 2 mm: from -0.5 to 4.5 voxels along the row.
    assert max_diameter_mm(np.ones((1, 1, 5), dtype=bool), (2.0, 2.0, 2.0)) == 10.0
    # 3 x 3 x 1 voxels of 1 mm: the farthest vertices are (y -0.5, x 0) and (y 2.5, x 2): sqrt(9 + 4).
    assert max_diameter_mm(np.ones((1, 3, 3), dtype=bool), (1.0, 1.0, 1.0)) == pytest.approx(np.sqrt(13))


def test_an_empty_mask_has_no_diameter():
    assert max_diameter_mm(np.zeros((2, 2, 2), dtype=bool), (1, 1, 1)) is None
