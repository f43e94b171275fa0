"""Where tiles lie and what their voxels weigh."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.segmentation.sliding_window.tiles import (
    centered_grid,
    chessboard_weight,
    covering_grid,
    gaussian_weight,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage


@pytest.mark.parametrize(
    ("shape", "tile", "count"),
    [
        ((326, 400, 400), (96, 96, 96), 567),  # PET 400 x 400 x 326 at 2.04 x 2.04 x 3 mm
        ((163, 136, 136), (128, 96, 96), 27),  # the same at 6 mm
        ((299, 192, 192), (96, 96, 96), 63),
        ((200, 144, 144), (96, 96, 96), 45),
        ((531, 440, 440), (96, 96, 96), 891),
    ],
)
def test_whole_bodies_take_as_many_tiles_as_the_original_program_runs(shape, tile, count):
    assert len(centered_grid(shape, tile).starts) == count


sizes = st.tuples(*[st.integers(1, 30)] * 3)


def covered(grid):
    counts = np.zeros(grid.shape, dtype=int)
    for start in grid.starts:
        counts[grid.image_box(start)] += 1
    return counts


@given(sizes)
def test_every_voxel_of_a_volume_is_covered(shape):
    assert covered(centered_grid(shape, (8, 8, 8))).min() >= 1
    assert covered(covering_grid(shape, (8, 6, 4), overlap=0.4)).min() >= 1


@given(sizes)
def test_boxes_on_volume_and_tile_name_the_same_voxels(shape):
    grid = centered_grid(shape, (8, 8, 8))
    padded = np.full(grid.padded, -1)
    inner = tuple(slice(before, before + size) for before, size in zip(grid.before, shape, strict=True))
    volume = np.arange(np.prod(shape)).reshape(shape)
    padded[inner] = volume
    for start in grid.starts:
        tile = padded[tuple(slice(first, first + 8) for first in start)]
        box, place = grid.image_box(start), grid.tile_box(start)
        assert np.array_equal(tile[place], volume[box])
        assert np.count_nonzero(tile >= 0) == volume[box].size


def test_voxels_inside_are_seen_by_eight_tiles():
    grid = centered_grid((32, 32, 32), (16, 16, 16))
    assert np.all(covered(grid)[8:-8, 8:-8, 8:-8] == 8)


def test_covering_tiles_start_and_end_with_the_volume():
    grid = covering_grid((20, 8, 5), (8, 8, 8), overlap=0.5)
    assert [start[0] for start in grid.starts] == [0, 4, 8, 12]
    assert (grid.padded, grid.before) == ((20, 8, 8), (0, 0, 1))
    with pytest.raises(ValueError, match="overlap"):
        covering_grid((8, 8, 8), (8, 8, 8), overlap=1.0)


@pytest.mark.parametrize("tile", [(96, 96, 96), (128, 96, 96), (16, 8, 12)])
def test_weights_fall_with_the_root_of_the_chessboard_distance_to_the_middle_half(tile):
    """scipy's distance transform as the reference; the box is [T/4, 3T/4)."""
    outside = np.ones(tile, dtype=bool)
    outside[tuple(slice(extent // 4, extent // 4 + 2 * (extent // 4)) for extent in tile)] = False
    root = np.sqrt(ndimage.distance_transform_cdt(outside, metric="chessboard").astype(float))
    np.testing.assert_allclose(chessboard_weight(tile), 1 - root / root.max(), atol=1e-12)


def test_faces_across_the_longest_axis_weigh_nothing():
    weight = chessboard_weight((128, 96, 96))
    assert weight[0].max() == 0.0
    assert weight[64, 0, 48] == pytest.approx(0.134, abs=5e-4)


def test_a_gaussian_weight_is_largest_in_the_middle_and_never_zero():
    weight = gaussian_weight((9, 9, 9))
    assert weight.max() == weight[4, 4, 4] == 1.0
    assert weight.min() > 0
    assert weight[4, 4, 4 + 1] == pytest.approx(np.exp(-0.5 * (1 / (0.125 * 9)) ** 2))
