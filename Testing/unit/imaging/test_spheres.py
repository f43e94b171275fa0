"""Sphere neighborhoods and means: voxel counts by hand, borders, against a direct sum."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.imaging import PEAK_RADIUS_MM, sphere_means, sphere_offsets


def test_radius_of_one_cubic_centimeter():
    assert pytest.approx(6.2035, abs=5e-5) == PEAK_RADIUS_MM
    assert 4 / 3 * np.pi * PEAK_RADIUS_MM**3 == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("in_plane_mm", "between_mm", "voxels"),
    # 5.47: the center and its 6 neighbors; 4.69: also (0,0,±3.27) with one in-plane step, 5.72 mm: 7 + 8;
    # 3.91: also the in-plane diagonals, 5.53 mm: 15 + 4.
    [(5.46875, 3.27, 7), (4.6875, 3.27, 15), (3.90625, 3.27, 19), (7.0, 7.0, 1)],
)
def test_voxels_of_the_peak_sphere_on_clinical_grids(in_plane_mm, between_mm, voxels):
    assert len(sphere_offsets((between_mm, in_plane_mm, in_plane_mm), PEAK_RADIUS_MM)) == voxels


def test_a_center_exactly_at_the_radius_belongs_to_the_sphere():
    assert len(sphere_offsets((0.1, 0.1, 0.1), 0.3)) == len(sphere_offsets((1.0, 1.0, 1.0), 3.0)) == 123


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (5.0, 1.5, 2.5)])
def test_means_are_those_of_a_direct_sum_also_at_the_border(spacing):
    volume = np.random.default_rng(1).random((7, 9, 8)).astype(np.float32)
    centers = np.argwhere(np.ones(volume.shape, dtype=bool))
    expected = [_direct_mean(volume, center, spacing, 6.2) for center in centers]
    np.testing.assert_allclose(sphere_means(volume, centers, spacing, 6.2), expected, rtol=1e-12)


def test_no_center_gives_no_mean():
    assert sphere_means(np.ones((3, 3, 3)), np.zeros((0, 3)), (1, 1, 1), 2.0).shape == (0,)


def _direct_mean(volume, center, spacing, radius):
    positions = np.argwhere(np.ones(volume.shape, dtype=bool))
    distance = np.sqrt((((positions - center) * spacing) ** 2).sum(axis=1))
    return volume.ravel()[distance <= radius].mean(dtype=np.float64)
