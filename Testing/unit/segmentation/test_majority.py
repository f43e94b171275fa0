"""MV2 and MV3: the vote by hand."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import study_of
from CLIPSLib.segmentation import segment_study


def nested(*levels: float) -> np.ndarray:
    """A cube in a cube in a cube: half sizes 2, 3, 4, ... with these SUV from the inside out, in background 1."""
    suv = np.ones((30, 30, 30))
    for half, level in reversed(list(enumerate(levels, start=2))):
        suv[15 - half : 16 + half, 15 - half : 16 + half, 15 - half : 16 + half] = level
    return suv


def voxels(model: str, suv: np.ndarray) -> int:
    segmentation = segment_study(study_of(suv, spacing_xyz=(4.0, 4.0, 4.0)), model)
    return int((sitk.GetArrayFromImage(segmentation.labels) > 0).sum())


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # Peak 10, maximum 10. Level 10: all four. Level 4.8: not A50P (0.5 (10 + 1) = 5.5): 41 % (4.1), 2.5, 4.0.
        # Level 4.05: not 41 %: 2.5 and 4.0. Level 3.0: 2.5 alone.
        ("mv3", 7**3),
        ("mv2", 9**3),
    ],
)
def test_votes_of_a_hot_lesion(model, expected):
    assert voxels(model, nested(10.0, 4.8, 4.05, 3.0)) == expected


def test_votes_of_a_tepid_lesion():
    # Maximum 4.5: 41 % is 1.85; A50P: 0.5 (4.5 + 1) = 2.75. Level 3.0: 41 %, A50P, 2.5; level 2.0: 41 % alone.
    suv = nested(4.5, 3.0, 2.0)
    assert voxels("mv3", suv) == 7**3
    assert voxels("mv2", suv) == 7**3


def test_large_tepid_organs_are_not_pulled_in():
    suv = nested(10.0)
    suv[0:8, 0:8, 0:8] = 3.0  # 2.5 votes for it, no one else
    assert voxels("mv2", suv) == 125


def test_small_hot_spots_without_a_seed_are_left_out_and_reported():
    suv = nested(10.0)
    suv[2, 2, 2] = 8.0
    segmentation = segment_study(study_of(suv, spacing_xyz=(4.0, 4.0, 4.0)), "mv2")
    assert len(segmentation.lesions) == 1
    assert segmentation.provenance["discarded"] == {"components": 1, "volume_ml": 0.064}
    assert segmentation.provenance["thresholds"][0]["votes_needed"] == 2


def test_a_method_that_leaks_is_reported():
    suv = nested(5.0)
    suv[suv == 1] = 2.4
    segmentation = segment_study(study_of(suv, spacing_xyz=(4.0, 4.0, 4.0)), "mv3")
    assert [c.code for c in segmentation.cautions] == ["growth-fallback"]
    assert "41 % of SUVmax leaked or had no usable threshold at 1 of 1 lesions" in str(segmentation.cautions[0])
