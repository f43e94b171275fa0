"""SUV >= 4.0 and >= 2.5: exact voxels, the minimum volume, order, ids, provenance."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import box_of_suv, study_of
from CLIPSLib.errors import Cancelled, Refusal
from CLIPSLib.measures import measure_lesions
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.segmentation import segment_study
from CLIPSLib.study import SuvFactor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SMALL = np.s_[1:3, 1:6, 1:6]  # 50 voxels
LARGE = np.s_[10:14, 10:16, 10:20]  # 240 voxels


def labels_of(segmentation) -> np.ndarray:
    return sitk.GetArrayFromImage(segmentation.labels)


def two_boxes(**kwargs):
    return study_of(box_of_suv((20, 20, 24), 4.0, SMALL, LARGE), spacing_xyz=(2.0, 2.0, 5.0), **kwargs)  # 0.02 mL


def test_exactly_the_voxels_at_or_above_the_threshold():
    suv = np.ones((6, 6, 6))
    suv[1:5, 1:5, 1:5] = 4.0
    suv[1, 1, 1], suv[1, 1, 2] = 3.999, 4.0 - 5e-7
    mask = labels_of(segment_study(study_of(suv, spacing_xyz=(4.0, 4.0, 4.0)))) > 0  # 63 x 0.064 = 4.03 mL
    assert mask.sum() == 63
    assert not mask[1, 1, 1]


def test_components_below_the_minimum_volume_are_left_out_and_reported():
    segmentation = segment_study(two_boxes())  # 50 x 0.02 = 1 mL, 240 x 0.02 = 4.8 mL
    assert [lesion.name for lesion in segmentation.lesions] == ["Lesion 1"]
    assert (labels_of(segmentation)[LARGE] == 1).all()
    assert (labels_of(segmentation) > 0).sum() == 240
    assert segmentation.provenance["discarded"] == {"components": 1, "volume_ml": 1.0}


def test_a_component_of_exactly_the_minimum_volume_is_kept():
    assert len(segment_study(two_boxes(), options={"min_volume_ml": 1.0}).lesions) == 2
    assert len(segment_study(two_boxes(), options={"min_volume_ml": 1.001}).lesions) == 1


def test_lesions_are_numbered_by_volume():
    segmentation = segment_study(two_boxes(), options={"min_volume_ml": 0.0})
    assert [(lesion.label, lesion.name) for lesion in segmentation.lesions] == [(1, "Lesion 1"), (2, "Lesion 2")]
    assert (labels_of(segmentation)[LARGE] == 1).all()
    assert (labels_of(segmentation)[SMALL] == 2).all()


def test_ids_are_stable_and_depend_on_series_parameters_and_place():
    ids = [lesion.lesion_id for lesion in segment_study(two_boxes(), options={"min_volume_ml": 0.0}).lesions]
    again = [lesion.lesion_id for lesion in segment_study(two_boxes(), options={"min_volume_ml": 0}).lesions]
    other_series = segment_study(two_boxes(identity={"pet_series_uid": "1.2.4"}), options={"min_volume_ml": 0.0})
    other_options = segment_study(two_boxes(), options={"min_volume_ml": 0.5})
    assert ids == again
    assert len({*ids, other_series.lesions[0].lesion_id, other_options.lesions[0].lesion_id}) == 4
    assert all(len(i) == len("lesion-") + 12 for i in ids)


@pytest.mark.parametrize(("connectivity", "count"), [(6, 3), (18, 2), (26, 1)])
def test_connectivity_decides_what_is_one_lesion(connectivity, count):
    suv = box_of_suv((12, 12, 12), 5.0, np.s_[0:3, 0:3, 0:3], np.s_[3:6, 3:6, 0:3], np.s_[6:9, 6:9, 3:6])
    segmentation = segment_study(study_of(suv), options={"connectivity": connectivity, "min_volume_ml": 0.0})
    assert len(segmentation.lesions) == count  # joined by an edge, then by a corner
    assert segmentation.provenance["connectivity"] == connectivity


def test_provenance_says_how_the_mask_was_made():
    study = two_boxes()
    suv = SuvFactor(factor=2e-4, formula="SUVbw = Bq/mL x weight / dose")
    segmentation = segment_study(type(study)(pet=study.pet, identity=study.identity, suv=suv), "suv2.5")
    facts = json.loads(json.dumps(dict(segmentation.provenance)))
    assert facts["model"] == "suv2.5"
    assert facts["title"] == "SUV >= 2.5"
    assert facts["parameters"] == {"threshold": 2.5, "min_volume_ml": 3.0, "connectivity": 26}
    assert facts["thresholds"] == [
        {"lesion_id": segmentation.lesions[0].lesion_id, "name": "Lesion 1", "threshold_suv": 2.5}
    ]
    assert (facts["pet_series_uid"], facts["suv_factor"], facts["suv_formula"]) == ("1.2.3", 2e-4, suv.formula)
    assert facts["software"]["name"] == "CLIPS"
    assert facts["created_utc"].endswith("Z")
    assert segmentation.reviewed is False


def test_the_title_follows_the_threshold():
    assert segment_study(two_boxes(), options={"threshold": 3}).provenance["title"] == "SUV >= 3.0"
    assert segment_study(two_boxes(), options={"threshold": 3.25}).provenance["title"] == "SUV >= 3.25"


def test_nothing_found_is_a_valid_result_with_a_caution():
    reporter = RecordingReporter()
    segmentation = segment_study(study_of(np.ones((5, 5, 5))), reporter=reporter)
    assert segmentation.lesions == ()
    assert not labels_of(segmentation).any()
    assert [c.code for c in segmentation.cautions] == ["no-candidate"]
    assert reporter.cautions == list(segmentation.cautions)
    assert measure_lesions(segmentation, study_of(np.ones((5, 5, 5)))).patient.tmtv_ml == 0.0


def test_only_small_candidates_are_mentioned_in_the_caution():
    suv = box_of_suv((20, 20, 24), 5.0, SMALL)
    caution = segment_study(study_of(suv, spacing_xyz=(2.0, 2.0, 5.0))).cautions[0]
    assert str(caution) == "No connected region of at least 3 mL reaches SUV 4; smaller ones: 1 (1.0 mL)"


def test_stages_are_reported_and_it_can_be_cancelled():
    reporter = RecordingReporter()
    segment_study(two_boxes(), reporter=reporter)
    assert reporter.stages[0] == ("Finding candidates", 0.0)
    assert reporter.stages[-1] == ("Finding candidates", 1.0)
    with pytest.raises(Cancelled):
        segment_study(two_boxes(), reporter=RecordingReporter(cancel_after=1))


def test_a_pet_with_nan_is_refused():
    suv = np.ones((5, 5, 5))
    suv[1, 2, 3] = np.nan
    with pytest.raises(Refusal, match=r"NaN or infinite, the first at \(z, y, x\) = \(1, 2, 3\) \(1\.2\.3\)"):
        segment_study(study_of(suv))


def test_more_lesions_than_labels_are_refused():
    suv = np.zeros((82, 82, 82))
    suv[::2, ::2, ::2] = 9.0  # 41^3 = 68921 single voxels
    with pytest.raises(Refusal, match="68921 separate regions"):
        segment_study(study_of(suv), options={"min_volume_ml": 0.0, "connectivity": 6})


volumes = arrays(np.float32, (6, 6, 6), elements=st.floats(0, 8, width=32))


@settings(max_examples=40, deadline=None)
@given(volumes)
def test_tmtv_without_minimum_volume_is_the_voxel_count(suv):
    study = study_of(suv, spacing_xyz=(4.0, 4.0, 4.0))
    patient = measure_lesions(segment_study(study, options={"min_volume_ml": 0.0}), study).patient
    assert patient.tmtv_ml == pytest.approx((suv >= 4.0 - 1e-6).sum() * 0.064)


@settings(max_examples=40, deadline=None)
@given(volumes, st.floats(0.1, 8), st.floats(0.1, 8))
def test_a_higher_threshold_selects_a_subset(suv, a, b):
    low, high = sorted((a, b))
    study = study_of(suv)
    masks = [labels_of(segment_study(study, options={"threshold": t, "min_volume_ml": 0.05})) > 0 for t in (low, high)]
    assert not (masks[1] & ~masks[0]).any()


@settings(max_examples=30, deadline=None)
@given(volumes, st.sampled_from([0, 1, 2]))
def test_flipped_input_gives_the_flipped_mask(suv, axis):
    options = {"min_volume_ml": 0.05}
    mask = labels_of(segment_study(study_of(suv), options=options)) > 0
    flipped = labels_of(segment_study(study_of(np.flip(suv, axis)), options=options)) > 0
    assert (np.flip(flipped, axis) == mask).all()
