"""Surfaces and distances: by hand, against MONAI, against distance maps, and as properties."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from CLIPSLib.evaluation.surfaces import SurfaceDistances, surface_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

blocks = arrays.arrays(bool, (5, 6, 7))


def distances_of(a: np.ndarray, b: np.ndarray, spacing=(2.0, 2.0, 2.0)) -> SurfaceDistances:
    return SurfaceDistances(surface_of(a, spacing), surface_of(b, spacing))


def ball(shape: tuple[int, int, int], center, radius_mm: float, spacing) -> np.ndarray:
    grid = np.indices(shape).astype(float)
    return sum(((grid[i] - center[i]) * spacing[i]) ** 2 for i in range(3)) <= radius_mm**2


def test_one_voxel_is_an_octahedron():
    surface = surface_of(np.ones((1, 1, 1), bool), (2.0, 2.0, 2.0))
    assert len(surface.corners) == 8
    assert surface.areas_mm2.sum() == pytest.approx(8 * np.sqrt(3) / 8 * 4)


def test_a_mask_at_the_border_of_the_image_is_closed_there():
    inside, at_border = np.zeros((6, 6, 6), bool), np.ones((4, 4, 4), bool)
    inside[1:5, 1:5, 1:5] = True
    assert surface_of(at_border, (1, 2, 3)).areas_mm2.sum() == surface_of(inside, (1, 2, 3)).areas_mm2.sum()


def test_slabs_six_millimeters_apart_by_hand():
    a, b = np.zeros((8, 40, 40), bool), np.zeros((8, 40, 40), bool)
    a[1], b[4] = True, True
    found = distances_of(a, b)
    # Each slab has a near and a far side of nearly the same area: 3 voxels to the nearest side, 2 from the near one.
    assert found.hausdorff_mm(100) == 6.0
    assert found.mean_mm() == pytest.approx(5.0, abs=0.1)
    assert found.nsd(3.9) == 0.0
    assert found.nsd(4.0) == pytest.approx(0.5, abs=0.03)
    assert found.nsd(6.0) == 1.0


def test_a_patch_on_the_other_surface_counts_fully_and_one_at_the_tolerance_not_in_the_hospitals_bji():
    a, b = np.zeros((8, 40, 40), bool), np.zeros((8, 40, 40), bool)
    a[1], b[4] = True, True
    same, apart = distances_of(a, a), distances_of(a, b)
    assert same.border_jaccard(5.0) == 1.0
    assert same.border_jaccard(0.0) == 1.0
    assert apart.border_jaccard(4.0) == pytest.approx(0.0, abs=1e-9)
    assert apart.border_jaccard(8.0) == pytest.approx(0.5 * (1 - 0.25) + 0.5 * (1 - 0.75**2), abs=0.03)


def test_without_a_surface_there_are_no_distances():
    empty, one = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)
    assert not distances_of(empty, one).finite
    assert distances_of(empty, one).nsd(5.0) == distances_of(one, empty).border_jaccard(5.0) == 0.0
    assert distances_of(empty, empty).nsd(5.0) is None


@pytest.mark.filterwarnings("ignore::FutureWarning")  # inside MONAI
@pytest.mark.parametrize("spacing", [(3.0, 2.036, 2.036), (4.0, 4.0, 4.0)])
@pytest.mark.parametrize("tolerance", [1.0, 3.0, 5.0])
def test_nsd_is_that_of_monai(spacing, tolerance):
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(5)
    a = ball((20, 24, 24), (9, 11, 12), 14, spacing) | (rng.random((20, 24, 24)) < 0.01)
    b = ball((20, 24, 24), (10, 12, 11), 12, spacing) | (rng.random((20, 24, 24)) < 0.01)
    theirs = metrics.compute_surface_dice(
        torch.from_numpy(b[None, None].astype(np.uint8)),
        torch.from_numpy(a[None, None].astype(np.uint8)),
        class_thresholds=[tolerance],
        include_background=True,
        spacing=spacing,
        use_subvoxels=True,
    )
    assert distances_of(a, b, spacing).nsd(tolerance) == pytest.approx(float(theirs), abs=1e-5)


def test_distances_are_those_of_a_distance_map():
    spacing = (3.0, 2.036, 2.036)
    rng = np.random.default_rng(6)
    a, b = (surface_of(rng.random((12, 14, 16)) < 0.1, spacing) for _ in range(2))
    away = np.ones((13, 15, 17), bool)
    away[tuple(b.corners.T)] = False
    expected = ndimage.distance_transform_edt(away, sampling=spacing)[tuple(a.corners.T)]
    assert np.array_equal(a.distances_mm(b), expected)


@given(a=blocks, b=blocks)
@settings(max_examples=40)
def test_symmetric_measures_do_not_ask_which_mask_is_the_reference(a, b):
    assume(a.any() and b.any())
    one, other = distances_of(a, b), distances_of(b, a)
    assert one.nsd(3.0) == pytest.approx(other.nsd(3.0))
    assert one.mean_mm() == pytest.approx(other.mean_mm())
    assert one.hausdorff_mm(95) == other.hausdorff_mm(95)
    assert one.mean_to_prediction_mm() == pytest.approx(other.mean_to_reference_mm())


@given(a=blocks, b=blocks, shift=st.tuples(*[st.integers(0, 5)] * 3), factor=st.sampled_from([0.5, 2.0, 4.0]))
@settings(max_examples=40)
def test_a_shift_changes_nothing_and_a_scale_scales(a, b, shift, factor):
    assume(a.any() and b.any())
    spacing = np.array([3.0, 2.0, 1.5])
    found = distances_of(a, b, spacing)
    moved = SurfaceDistances(surface_of(a, spacing, offset=shift), surface_of(b, spacing, offset=shift))
    scaled = distances_of(a, b, spacing * factor)
    assert np.array_equal(moved.to_prediction_mm, found.to_prediction_mm)
    assert scaled.mean_mm() == pytest.approx(factor * found.mean_mm())
    assert scaled.hausdorff_mm(95) == pytest.approx(factor * found.hausdorff_mm(95))
    assert scaled.nsd(2.5 * factor) == pytest.approx(found.nsd(2.5))


@given(a=blocks)
@settings(max_examples=20)
def test_a_mask_agrees_with_itself(a):
    assume(a.any())
    found = distances_of(a, a)
    assert found.nsd(0.0) == 1.0
    assert found.hausdorff_mm(100) == found.mean_mm() == 0.0


@given(a=blocks, b=blocks)
@settings(max_examples=30)
def test_percentiles_rise_and_end_at_the_largest_distance(a, b):
    assume(a.any() and b.any())
    found = distances_of(a, b)
    values = [found.hausdorff_mm(p) for p in (0, 50, 95, 100)]
    assert values == sorted(values)
    assert values[-1] == max(found.to_prediction_mm.max(), found.to_reference_mm.max())
