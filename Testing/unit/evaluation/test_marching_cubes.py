"""Areas of the 256 cubes: known ones by hand, all of them against the table that MONAI ships."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from CLIPSLib.evaluation.marching_cubes import CORNERS, areas_by_code_mm2


def code_of(*corners: tuple[int, int, int]) -> int:
    return sum(1 << CORNERS.index(corner) for corner in corners)


def test_known_shapes_in_a_cube_of_one_millimeter():
    areas = areas_by_code_mm2((1.0, 1.0, 1.0))
    assert areas[0] == areas[255] == 0.0
    assert areas[code_of((0, 0, 0))] == pytest.approx(np.sqrt(3) / 8)  # equilateral, side 1 / sqrt(2)
    assert areas[code_of((0, 0, 0), (0, 0, 1))] == pytest.approx(1 / np.sqrt(2))  # a rectangle, 1 by 1 / sqrt(2)
    half = [corner for corner in CORNERS if corner[0] == 0]
    assert areas[code_of(*half)] == pytest.approx(1.0)
    assert areas[code_of((0, 0, 0), (1, 1, 1))] == pytest.approx(2 * np.sqrt(3) / 8)


def test_a_flat_surface_has_the_area_of_the_voxel_faces():
    z, y, x = 3.0, 2.0, 5.0
    areas = areas_by_code_mm2((z, y, x))
    for axis, face in enumerate((y * x, z * x, z * y)):
        assert areas[code_of(*(c for c in CORNERS if c[axis] == 0))] == pytest.approx(face)


def test_inside_and_outside_have_the_same_surface():
    areas = areas_by_code_mm2((3.0, 2.0, 1.5))
    assert areas == pytest.approx(areas[::-1])


def test_turning_a_cube_keeps_its_area():
    areas = areas_by_code_mm2((1.0, 1.0, 1.0))
    for code in range(256):
        inner = [corner for bit, corner in enumerate(CORNERS) if code >> bit & 1]
        for order in itertools.permutations(range(3)):
            turned = [tuple(corner[axis] for axis in order) for corner in inner]
            assert areas[code_of(*turned)] == pytest.approx(areas[code])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 2.036, 2.036), (0.6, 1.7, 1.0), (5.0, 0.98, 4.0)])
def test_all_256_areas_are_those_of_monai(spacing):
    utils = pytest.importorskip("monai.metrics.utils")
    theirs, kernel = utils.create_table_neighbour_code_to_surface_area(spacing)
    theirs, kernel = np.asarray(theirs), np.asarray(kernel).reshape(2, 2, 2)
    ours = areas_by_code_mm2(spacing)
    for code in range(256):
        inner = [corner for bit, corner in enumerate(CORNERS) if code >> bit & 1]
        assert ours[code] == pytest.approx(theirs[int(sum(kernel[corner] for corner in inner))], rel=1e-5), code
