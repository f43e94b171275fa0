"""Analytic shapes: painted volumes against the formulas of solid geometry."""

import math

import numpy as np
import pytest
from CLIPSLib.phantom.grid import ORIENTATIONS, Grid
from CLIPSLib.phantom.rendering import coverage
from CLIPSLib.phantom.shapes import Ellipsoid, Hollow, Loft, Tube, Union, along, sphere, tilted

GRID = Grid(size=(48, 48, 48), spacing_mm=(4.0, 4.0, 3.0), center_mm=(0.0, 0.0, 0.0))


def painted_ml(shape, grid=GRID):
    return float(coverage(shape, grid)[1].sum(dtype=np.float64)) * grid.voxel_ml


def ball_ml(diameter_mm):
    return math.pi / 6.0 * diameter_mm**3 / 1000.0


@pytest.mark.parametrize("diameter_mm", [6.0, 10.0, 17.0, 37.0, 80.0])
def test_a_sphere_has_its_volume_wherever_it_lies_between_the_voxels(diameter_mm):
    for center in ((0.0, 0.0, 0.0), (1.3, -0.7, 1.1)):
        assert painted_ml(sphere(center, diameter_mm)) == pytest.approx(ball_ml(diameter_mm), rel=0.02)


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_a_tilted_ellipsoid_keeps_its_volume_in_every_orientation(orientation):
    grid = Grid(size=(48, 48, 48), spacing_mm=(4.0, 4.0, 3.0), center_mm=(0, 0, 0), direction=orientation.direction)
    shape = Ellipsoid((3.0, -4.0, 2.0), (30.0, 12.0, 20.0), tilted(25.0, 40.0, -10.0))
    assert painted_ml(shape, grid) == pytest.approx(4.0 / 3.0 * math.pi * 30 * 12 * 20 / 1000.0, rel=0.01)


def test_a_tube_is_a_cylinder_with_two_half_balls():
    slanted = Tube(((-20.0, 5.0, -30.0), (20.0, -15.0, 30.0)), (9.0,))  # sqrt(40^2 + 20^2 + 60^2) = 74.83 mm long
    assert painted_ml(slanted) == pytest.approx(math.pi * 81.0 * 74.833 / 1000.0 + ball_ml(18.0), rel=0.01)


def test_a_hollow_loses_its_core_and_a_union_counts_an_overlap_once():
    ring = Hollow(sphere((0, 0, 0), 50.0), sphere((0, 0, 0), 24.0))
    assert painted_ml(ring) == pytest.approx(ball_ml(50.0) - ball_ml(24.0), rel=0.01)
    assert painted_ml(Union((sphere((0, 0, 0), 30.0), sphere((0, 0, 0), 30.0)))) == pytest.approx(
        ball_ml(30.0), rel=0.01
    )


def test_a_trunk_of_equal_sections_is_an_elliptic_cylinder():
    trunk = Loft(((-50.0, 60.0, 40.0, 0.0), (0.0, 60.0, 40.0, 0.0), (50.0, 60.0, 40.0, 0.0)), power=2.0)
    assert painted_ml(trunk) == pytest.approx(math.pi * 60.0 * 40.0 * 100.0 / 1000.0, rel=0.02)


def test_along_turns_the_third_axis():
    direction = np.array([0.66, -0.56, 0.50])
    turned = np.array(along(tuple(direction))).reshape(3, 3) @ np.array([0.0, 0.0, 1.0])
    assert turned == pytest.approx(direction / np.linalg.norm(direction))


def test_signed_distance_is_exact_for_spheres_and_tubes():
    point = [np.array([v], dtype=np.float32) for v in (3.0, 4.0, 0.0)]
    assert sphere((0, 0, 0), 4.0).distance_mm(*point)[0] == pytest.approx(3.0, abs=1e-4)
    assert Tube(((0.0, 0.0, -9.0), (0.0, 0.0, 9.0)), (1.0,)).distance_mm(*point)[0] == pytest.approx(4.0, abs=1e-4)


def test_a_shape_outside_the_grid_covers_nothing():
    assert coverage(sphere((500.0, 0.0, 0.0), 20.0), GRID) is None
