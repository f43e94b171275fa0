"""Contours to voxels: centers inside, even-odd, whatever the grid and wherever the planes lie."""

from __future__ import annotations

import builders_result
import numpy as np
import pytest
from builders_rtstruct import contour_of, square
from builders_volume import image_of
from CLIPSLib.errors import Refusal
from CLIPSLib.formats.contours import fill_contours, fill_polygons
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

SHAPE = (6, 12, 14)


def grid(**geometry):
    return image_of(np.zeros(SHAPE, np.uint8), **{"spacing_xyz": (4.0, 4.0, 3.0), **geometry})


def filled(contours, image):
    return fill_contours(contours, image, name="GTV")


def codes(cautions):
    return [caution.code for caution in cautions]


def test_a_square_between_voxel_centers_holds_the_voxels_inside():
    # corners at 2.5 and 5.5: the centers 3, 4 and 5 lie inside, along rows and columns
    mask, cautions = filled([contour_of(grid(), 2, square(4.0, 1.5))], grid())
    expected = np.zeros(SHAPE, bool)
    expected[2, 3:6, 3:6] = True
    assert np.array_equal(mask, expected)
    assert cautions == ()


def test_a_center_on_an_edge_belongs_to_one_side_only():
    left = [(0.5, 0.5), (0.5, 3.0), (4.5, 3.0), (4.5, 0.5)]
    right = [(0.5, 3.0), (0.5, 6.5), (4.5, 6.5), (4.5, 3.0)]
    first, second = (fill_polygons([np.array(polygon)], (6, 8)) for polygon in (left, right))
    assert not np.any(first & second)
    assert np.count_nonzero(first | second) == 4 * 6  # rows 1 to 4, columns 1 to 6


@given(
    st.lists(
        st.tuples(st.floats(-3.0, 14.0, width=32), st.floats(-3.0, 16.0, width=32)), min_size=3, max_size=9, unique=True
    )
)
def test_any_polygon_agrees_with_another_library(corners):
    polygon = np.array(corners, dtype=float) + 0.0137  # off the centers, where every rule for edges is right
    rows, columns = np.mgrid[0:12, 0:14]
    centers = np.stack([rows.ravel(), columns.ravel()], axis=1)
    if _crosses_itself(polygon):
        return  # matplotlib winds, we alternate
    expected = Polygon(np.vstack([polygon, polygon[:1]]), closed=True).contains_points(centers).reshape(12, 14)
    near = _distance_to_edges(centers, polygon).reshape(12, 14) < 1e-6
    assert np.array_equal(fill_polygons([polygon], (12, 14))[~near], expected[~near])


def test_a_contour_within_another_is_a_hole_and_one_within_that_an_island():
    contours = [contour_of(grid(), 1, square(5.0, half)) for half in (4.5, 2.5, 0.5)]
    mask, _ = filled(contours, grid())
    assert np.count_nonzero(mask) == 9 * 9 - 5 * 5 + 1 * 1


def test_a_keyhole_contour_has_a_hole_too():
    # out along row 5.25, around the hole, and back along the same line
    outer = [(0.5, 0.5), (0.5, 9.5), (5.25, 9.5)]
    hole = [(5.25, 6.5), (3.5, 6.5), (3.5, 3.5), (7.5, 3.5), (7.5, 6.5), (5.25, 6.5)]
    keyhole = [*outer, *hole, (5.25, 9.5), (9.5, 9.5), (9.5, 0.5)]
    mask, _ = filled([contour_of(grid(), 0, keyhole)], grid())
    assert np.count_nonzero(mask) == 9 * 9 - 4 * 3


@pytest.mark.parametrize("flip", [True, False])
def test_an_oblique_grid_gives_the_same_voxels(flip):
    image = builders_result.oblique_image(np.zeros(SHAPE, np.uint8), flip=flip)
    mask, cautions = filled([contour_of(image, k, square(5.0, 2.5)) for k in (1, 2, 3)], image)
    expected = np.zeros(SHAPE, bool)
    expected[1:4, 3:8, 3:8] = True
    assert np.array_equal(mask, expected)
    assert cautions == ()


@pytest.mark.parametrize("direction", [(-1, 0, 0, 0, -1, 0, 0, 0, 1), (1, 0, 0, 0, -1, 0, 0, 0, -1)])
def test_a_grid_that_runs_backwards_gives_the_same_voxels(direction):
    image = grid(direction=direction, origin=(10.0, -20.0, 300.0))
    mask, _ = filled([contour_of(image, 4, [(1.5, 2.5), (1.5, 9.5), (7.5, 2.5)])], image)
    upright, _ = filled([contour_of(grid(), 4, [(1.5, 2.5), (1.5, 9.5), (7.5, 2.5)])], grid())
    assert np.array_equal(mask, upright)


def test_contours_between_slices_go_to_the_nearest_slices_and_keep_their_number():
    contours = [contour_of(grid(), k + 0.4, square(4.0, 1.5)) for k in (1, 2, 3)]
    mask, cautions = filled(contours, grid())
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [1, 2, 3]
    assert codes(cautions) == ["contours-between-slices"]


@pytest.mark.parametrize("offset", [0.5, 0.5003, 0.4997])
def test_contours_half_way_between_slices_leave_no_slice_out_and_add_none(offset):
    noise = (0.0, 0.002, -0.002)  # a few micrometers, as rounding leaves them
    contours = [contour_of(grid(), k + offset + e, square(4.0, 1.5)) for k, e in zip((1, 2, 3), noise, strict=True)]
    occupied = np.flatnonzero(filled(contours, grid())[0].any(axis=(1, 2))).tolist()
    assert occupied in ([1, 2, 3], [2, 3, 4])


def test_finer_contours_of_a_ct_do_not_cancel_one_another():
    contours = [contour_of(grid(), k, square(4.0, 1.5)) for k in np.arange(1.0, 4.01, 1 / 3)]  # 1 mm apart
    mask, cautions = filled(contours, grid())
    assert np.count_nonzero(mask, axis=(1, 2)).tolist() == [0, 9, 9, 9, 9, 0]
    assert codes(cautions) == ["contours-between-slices"]


def test_contours_on_every_second_slice_keep_their_volume():
    contours = [contour_of(grid(), k, square(4.0, 1.5)) for k in (1, 3, 5)]
    mask, cautions = filled(contours, grid())
    assert np.count_nonzero(mask) == 3 * 2 * 9  # three slabs of two slices
    assert codes(cautions) == ["contours-between-slices"]


def test_lesions_far_apart_are_not_joined():
    contours = [contour_of(grid(), k, square(4.0, 1.5)) for k in (0, 4)]
    mask, cautions = filled(contours, grid())
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [0, 4]
    assert cautions == ()


def test_the_same_contour_twice_counts_once():
    contour = contour_of(grid(), 2, square(4.0, 1.5))
    mask, cautions = filled([contour, contour.copy()], grid())
    assert np.count_nonzero(mask) == 9
    assert codes(cautions) == ["contour-twice"]


def test_planes_beyond_the_image_are_left_out_with_a_caution():
    contours = [contour_of(grid(), k, square(4.0, 1.5)) for k in (4, 5, 6, 7)]
    mask, cautions = filled(contours, grid())
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [4, 5]
    assert codes(cautions) == ["contours-outside-pet"]
    assert "2 of 4 planes" in cautions[0].what


def test_a_contour_across_the_edge_is_cut_with_a_caution():
    mask, cautions = filled([contour_of(grid(), 0, square(0.0, 2.5))], grid())
    assert np.count_nonzero(mask) == 9  # rows and columns 0 to 2
    assert codes(cautions) == ["contours-cut"]


@pytest.mark.parametrize("corners", [square(40.0, 1.5), square(-9.0, 3.0)])
def test_contours_wholly_beside_the_image_are_refused(corners):
    with pytest.raises(Refusal) as refusal:
        filled([contour_of(grid(), 2, corners)], grid())
    assert refusal.value.code == "outside-pet"


def test_a_tilted_contour_is_refused():
    points = contour_of(grid(), 2, square(4.0, 3.0))
    points[:, 2] += [0.0, 0.0, 1.5, 1.5]  # half a slice higher on one side
    with pytest.raises(Refusal) as refusal:
        filled([points], grid())
    assert refusal.value.code == "contour-not-parallel"
    assert "0.5 slices" in refusal.value.what


def _crosses_itself(polygon):
    edges = list(zip(polygon, np.roll(polygon, -1, axis=0), strict=True))
    return any(_cross(*a, *b) for i, a in enumerate(edges) for b in edges[i + 1 :])


def _cross(a, b, c, d):
    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    touching = any(np.allclose(p, q) for p in (a, b) for q in (c, d))
    return not touching and side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


def _distance_to_edges(points, polygon):
    nearest = np.full(len(points), np.inf)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        along = end - start
        share = np.clip((points - start) @ along / max(along @ along, 1e-12), 0.0, 1.0)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - share[:, None] * along, axis=1))
    return nearest
