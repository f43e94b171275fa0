"""The SUV comparison, volumes in voxels, finite voxels."""

from __future__ import annotations

import numpy as np
import pytest
from CLIPSLib.errors import Refusal
from CLIPSLib.imaging import at_least, require_finite, voxels_for_volume
from hypothesis import given
from hypothesis import strategies as st


def test_threshold_is_inclusive_and_forgives_rounding():
    # 20000 * 0.0002 is 4.000000000000001 or 3.9999998 depending on precision; both are "4".
    suv = np.array([3.99999, 3.9999990, 3.9999995, 4.0, 4.1], dtype=np.float64)
    assert at_least(suv, 4.0).tolist() == [False, True, True, True, True]


@given(st.floats(0.1, 100.0), st.lists(st.floats(0.0, 100.0, width=32), min_size=1))
def test_single_precision_is_compared_as_if_in_double(threshold, values):
    suv = np.array([*values, threshold], dtype=np.float32)
    expected = suv.astype(np.float64) >= threshold - 1e-6
    assert (at_least(suv, threshold) == expected).all()


@pytest.mark.parametrize(
    ("volume_ml", "voxel_ml", "voxels"),
    [(3.0, 0.012, 250), (3.0, 0.0124, 242), (0.0, 0.0124, 0), (0.3, 0.1, 3), (3.0, 4.0, 1)],
)
def test_fewest_voxels_that_hold_a_volume(volume_ml, voxel_ml, voxels):
    assert voxels_for_volume(volume_ml, voxel_ml) == voxels


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_not_finite_is_refused_by_place(bad):
    volume = np.ones((3, 4, 5), dtype=np.float32)
    volume[2, 1, 3] = bad
    with pytest.raises(Refusal, match=r"The PET holds 1 voxels .* \(2, 1, 3\) \(1\.2\.3\)"):
        require_finite(volume, "The PET", "1.2.3")


def test_finite_and_empty_volumes_pass():
    require_finite(np.full((2, 2, 2), -1e30), "The PET")
    require_finite(np.zeros((0, 2, 2)), "The PET")
