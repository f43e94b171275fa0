"""41 % and 50 % of SUVmax, A50P: thresholds and voxels by hand, territory, leaks, background."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import study_of
from CLIPSLib.segmentation import segment_study
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SPACING = (4.0, 4.0, 4.0)  # 0.064 mL per voxel; 3 mL are 47 voxels


def labels_of(segmentation) -> np.ndarray:
    return sitk.GetArrayFromImage(segmentation.labels)


def cube(volume: np.ndarray, center: tuple[int, int, int], half: int, suv: float) -> None:
    """Fill the cube of 2 half + 1 voxels per side."""
    volume[tuple(slice(c - half, c + half + 1) for c in center)] = suv


def test_threshold_is_a_fraction_of_each_lesions_own_maximum():
    suv = np.ones((20, 20, 40))
    cube(suv, (10, 10, 10), 2, 9.0)  # 125 voxels
    suv[10, 10, 10] = 20.0  # 41 %: 8.2, the whole cube; 50 %: 10, this voxel alone
    cube(suv, (10, 10, 30), 2, 5.0)  # 41 %: 2.05
    study = study_of(suv, spacing_xyz=SPACING)
    by_41 = segment_study(study, "41max")
    assert [(labels_of(by_41) == n).sum() for n in (1, 2)] == [125, 125]
    assert sorted(t["threshold_suv"] for t in by_41.provenance["thresholds"]) == pytest.approx([2.05, 8.2])
    by_50 = segment_study(study, "50max")
    assert [(labels_of(by_50) == n).sum() for n in (1, 2)] == [125, 1]
    assert [t["suv_max"] for t in by_50.provenance["thresholds"]] == [5.0, 20.0]


def test_growth_goes_beyond_the_seed_down_to_the_threshold():
    suv = np.ones((20, 20, 20))
    cube(suv, (10, 10, 10), 3, 3.0)  # 343 voxels at 3.0: below the seed threshold, above 41 % of 5
    cube(suv, (10, 10, 10), 2, 5.0)
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "41max")
    assert (labels_of(segmentation) > 0).sum() == 343
    assert segmentation.cautions == ()


def test_only_what_is_connected_to_the_hottest_voxel_is_kept():
    suv = np.ones((9, 9, 30))
    suv[3:6, 3:6, 3:20] = 4.5  # one seed: 153 voxels
    suv[3:6, 3:6, 4:6] = 12.0
    suv[3:6, 3:6, 16:18] = 10.0  # also above 50 % of 12, but not connected at that level
    mask = labels_of(segment_study(study_of(suv, spacing_xyz=SPACING), "50max")) > 0
    assert mask.sum() == 18
    assert mask[3:6, 3:6, 4:6].all()


def test_a_leak_is_named_and_the_lesion_falls_back_to_its_seed():
    suv = np.full((40, 40, 40), 2.5)  # everything around is above 41 % of 5
    cube(suv, (20, 20, 20), 2, 5.0)
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "41max")
    assert (labels_of(segmentation) > 0).sum() == 125
    assert [c.code for c in segmentation.cautions] == ["growth-leak"]
    assert str(segmentation.cautions[0]) == (
        "Lesion 1: growth leaked farther than 15 mm from the region of SUV >= 4.0 (threshold SUV 2.05); "
        "its volume is that of the region of SUV >= 4.0"
    )
    threshold = segmentation.provenance["thresholds"][0]
    assert (threshold["threshold_suv"], threshold["fallback"]) == (4.0, "leak")
    assert threshold["computed_threshold_suv"] == pytest.approx(2.05)


def test_a_thin_tail_is_cut_at_the_limit_without_giving_up_the_lesion():
    suv = np.ones((30, 30, 40))
    cube(suv, (15, 15, 10), 3, 5.0)  # 343 voxels, ends at x = 13
    suv[15, 15, 14:30] = 3.0  # a vessel one voxel wide; 15 mm are 3 voxels
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "41max")
    assert (labels_of(segmentation) > 0).sum() == 343 + 3
    assert segmentation.cautions == ()


def test_lesions_that_grow_together_stay_two_and_meet_halfway():
    suv = np.ones((20, 20, 40))
    suv[8:13, 8:13, 5:25] = 3.0  # a bridge above 41 % of both
    suv[8:13, 8:13, 8:12] = 5.0
    suv[8:13, 8:13, 17:21] = 6.0
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "41max", options={"max_growth_mm": 30})
    labels = labels_of(segmentation)
    row = labels[10, 10]
    # Seeds end at x = 11 and begin at x = 17: 14 is equally far from both and belongs to neither.
    assert row[14] == 0
    assert set(row[5:14]) == {row[8]}
    assert set(row[15:25]) == {row[17]}
    assert row[8] != row[17]


def test_a_hotter_neighbor_is_not_swallowed():
    suv = np.ones((20, 20, 40))
    cube(suv, (10, 10, 10), 2, 4.5)  # 41 %: 1.85
    cube(suv, (10, 10, 30), 2, 40.0)
    suv[10, 10, 13:28] = 2.0  # a path between them
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "41max", options={"max_growth_mm": 50})
    labels = labels_of(segmentation)
    assert labels[10, 10, 10] != labels[10, 10, 30] > 0
    assert (labels == labels[10, 10, 30]).sum() == 125


def test_seeds_are_tepid_where_nothing_is_hot():
    suv = np.ones((20, 20, 20))
    cube(suv, (10, 10, 10), 2, 3.0)  # never reaches 4.0
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "50max")
    assert segmentation.provenance["seed_threshold_suv"] == 2.5
    assert (labels_of(segmentation) > 0).sum() == 125


def test_a50p_by_hand():
    suv = np.full((30, 30, 30), 1.2)
    cube(suv, (15, 15, 15), 2, 8.0)
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "a50p")
    threshold = segmentation.provenance["thresholds"][0]
    # The sphere of 6.2 mm (19 voxels at 4 mm) fits in the cube of 20 mm: peak 8; shell 10 to 20 mm away: 1.2.
    assert threshold["suv_peak"] == pytest.approx(8.0)
    assert threshold["background_suv"] == pytest.approx(1.2)
    assert threshold["threshold_suv"] == pytest.approx(0.5 * (8.0 + 1.2))
    assert (labels_of(segmentation) > 0).sum() == 125


def test_a50p_background_is_the_shell_alone():
    suv = np.full((30, 30, 30), 1.0)
    z, y, x = np.ogrid[:30, :30, :30]
    outside = [np.maximum(np.abs(a - 15) - 2, 0) * 4.0 for a in (z, y, x)]  # mm beyond the cube, per axis
    distance = np.sqrt(outside[0] ** 2 + outside[1] ** 2 + outside[2] ** 2)
    suv[(distance > 10) & (distance <= 20)] = 2.0
    suv[(distance > 0) & (distance <= 10)] = 3.0  # spill-out of the lesion does not count
    cube(suv, (15, 15, 15), 2, 8.0)
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "a50p")
    assert segmentation.provenance["thresholds"][0]["background_suv"] == pytest.approx(2.0)


def test_a50p_background_leaves_out_other_seeds_and_their_halo():
    suv = np.full((30, 30, 60), 1.0)
    cube(suv, (15, 15, 15), 2, 8.0)
    suv[:, :, 20:24] = 3.5  # halo: within 10 mm of the neighbor
    suv[8:23, 8:23, 22:26] = 20.0
    found = segment_study(study_of(suv, spacing_xyz=SPACING), "a50p").provenance["thresholds"]
    assert {round(t["suv_peak"]): t["background_suv"] for t in found}[8] < 1.2


def test_a50p_without_background_falls_back_and_says_so():
    suv = np.full((7, 7, 7), 1.0)
    cube(suv, (3, 3, 3), 2, 8.0)  # the image ends 4 mm beyond the lesion
    segmentation = segment_study(study_of(suv, spacing_xyz=SPACING), "a50p")
    assert [c.code for c in segmentation.cautions] == ["growth-no-background"]
    assert (labels_of(segmentation) > 0).sum() == 125


def test_a50p_beside_a_hot_bladder_falls_back_and_says_so():
    suv = np.full((30, 30, 40), 1.0)
    suv[11:18, 11:18, 10:14] = 4.5  # 196 voxels of 3 mm
    suv[5:25, 5:25, 15:30] = 200.0  # 6 mm from the lesion's last voxels: inside their peak sphere
    segmentation = segment_study(study_of(suv, spacing_xyz=(3.0, 3.0, 3.0)), "a50p")
    assert [c.code for c in segmentation.cautions] == ["growth-above-max"]
    assert (labels_of(segmentation)[11:18, 11:18, 10:14] == 2).all()
    assert (labels_of(segmentation) == 2).sum() == 196


@pytest.mark.parametrize("model", ["41max", "50max", "a50p", "mv2", "mv3"])
def test_nothing_to_start_from_is_an_empty_result(model):
    segmentation = segment_study(study_of(np.ones((8, 8, 8))), model)
    assert segmentation.lesions == ()
    assert segmentation.cautions[0].code == "no-candidate"
    assert not labels_of(segmentation).any()


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float32, (6, 7, 8), elements=st.floats(0, 9, width=32)),
    st.sampled_from(["41max", "50max", "a50p", "mv2", "mv3"]),
    st.sampled_from([0, 1, 2]),
)
def test_any_volume_gives_disjoint_lesions_that_do_not_depend_on_orientation(suv, model, axis):
    options = {"min_volume_ml": 0.1}
    segmentation = segment_study(study_of(suv, spacing_xyz=(3.0, 4.0, 5.0)), model, options=options)
    labels = labels_of(segmentation)
    assert sorted(set(labels.ravel()) - {0}) == [lesion.label for lesion in segmentation.lesions]
    assert len({lesion.lesion_id for lesion in segmentation.lesions}) == len(segmentation.lesions)
    flipped = segment_study(study_of(np.flip(suv, axis), spacing_xyz=(3.0, 4.0, 5.0)), model, options=options)
    assert (np.flip(labels_of(flipped), axis) > 0).tolist() == (labels > 0).tolist()
