"""`measure_lesions` by hand on boxes of known SUV, its invariances, and what it refuses."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from builders_volume import box_of_suv, image_of, segmentation_of, study_of
from CLIPSLib.body_size import bsa_m2
from CLIPSLib.errors import Refusal
from CLIPSLib.measures import measure_lesions
from CLIPSLib.segmentation import PHYSIOLOGICAL, TUMOR
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

FIRST = np.s_[2:4, 2:6, 3:8]  # 2 x 4 x 5 = 40 voxels
SECOND = np.s_[10:11, 12:14, 12:15]  # 1 x 2 x 3 = 6 voxels


def two_lesions(**geometry):
    suv = box_of_suv((14, 18, 20), 6.0, FIRST, SECOND)
    suv[SECOND] = 9.0
    suv[10, 12, 12] = 12.0
    labels = np.zeros(suv.shape, np.uint16)
    labels[FIRST], labels[SECOND] = 1, 2
    study = study_of(suv, identity={"weight_kg": 70.0, "height_m": 1.75}, **geometry)
    return study, segmentation_of(labels, study, provenance={"title": "drawn", "connectivity": 26})


def test_volume_uptake_and_glycolysis_by_hand():
    study, segmentation = two_lesions(spacing_xyz=(4.0, 4.0, 5.0))  # 80 mm3 = 0.08 mL
    first, second = measure_lesions(segmentation, study).lesions
    assert (first.voxel_count, second.voxel_count) == (40, 6)
    assert (first.volume_ml, second.volume_ml) == pytest.approx((3.2, 0.48))
    assert (first.suv_max, first.suv_mean, first.tlg_g) == pytest.approx((6.0, 6.0, 19.2))
    assert (second.suv_max, second.suv_mean) == pytest.approx((12.0, (5 * 9 + 12) / 6))
    assert second.tlg_g == pytest.approx(57 * 0.08)


def test_centroid_and_diameter_by_hand():
    study, segmentation = two_lesions(spacing_xyz=(4.0, 4.0, 5.0), origin=(-10.0, 20.0, 100.0))
    first, second = measure_lesions(segmentation, study).lesions
    # Index centers x = (3+7)/2, y = (2+5)/2, z = (2+3)/2.
    assert first.centroid_lps_mm == pytest.approx((-10 + 5 * 4, 20 + 3.5 * 4, 100 + 2.5 * 5))
    # The farthest mesh vertices of a 1 x 2 x 3 box lie on opposite x faces, one voxel apart in y: 3*4 and 1*4 mm.
    assert second.max_diameter_mm == pytest.approx(math.hypot(12, 4))


def test_peak_takes_voxels_outside_the_lesion():
    # 7 mm voxels: the 1 cm3 sphere holds the center alone; 6 mm voxels: the center and its six face neighbors.
    suv = box_of_suv((5, 5, 5), 8.0, np.s_[2:3, 2:3, 2:3])
    labels = (suv > 1).astype(np.uint16)
    for spacing, peak in ((7.0, 8.0), (6.0, (8.0 + 6 * 1.0) / 7)):
        study = study_of(suv, spacing_xyz=(spacing,) * 3)
        lesion = measure_lesions(segmentation_of(labels, study), study).lesions[0]
        assert lesion.suv_peak == lesion.suv_peak_local == pytest.approx(peak)


def test_global_peak_may_lie_off_the_hottest_voxel_and_ties_take_the_higher_one():
    # A row of 6 mm voxels, 1 elsewhere: 1 9 1 1 9 8.8 1. Sphere: voxel, its two neighbors in the row, four 1s beside.
    suv = np.ones((3, 3, 7), np.float32)
    suv[1, 1] = [1, 9, 1, 1, 9, 8.8, 1]
    labels = np.zeros(suv.shape, np.uint16)
    labels[1, 1, 1:6] = 1
    study = study_of(suv, spacing_xyz=(6.0, 6.0, 6.0))
    lesion = measure_lesions(segmentation_of(labels, study), study).lesions[0]
    assert lesion.suv_peak_local == pytest.approx((9 + 1 + 8.8 + 4) / 7)
    suv[1, 1, 6] = 8.9  # now the mean around 8.8 is higher than around either 9
    study = study_of(suv, spacing_xyz=(6.0, 6.0, 6.0))
    lesion = measure_lesions(segmentation_of(labels, study), study).lesions[0]
    assert lesion.suv_peak_local == pytest.approx((9 + 1 + 8.8 + 4) / 7)
    assert lesion.suv_peak == pytest.approx((9 + 8.8 + 8.9 + 4) / 7)


def test_patient_totals_by_hand():
    study, segmentation = two_lesions(spacing_xyz=(4.0, 4.0, 5.0))
    measures = measure_lesions(segmentation, study)
    patient = measures.patient
    assert patient.tmtv_ml == pytest.approx(46 * 0.08)
    assert patient.tlg_g == pytest.approx((40 * 6 + 57) * 0.08)
    assert patient.suv_mean == pytest.approx((40 * 6 + 57) / 46)  # weighted by volume, not the mean of two means
    assert patient.suv_max == 12.0
    assert (patient.lesion_count, patient.lesion_count_3ml) == (2, 1)
    # Centroids (x, y, z) = (5, 3.5, 2.5) and (13, 12.5, 10) in voxels of 4, 4, 5 mm.
    d_max_mm = math.sqrt((8 * 4) ** 2 + (9 * 4) ** 2 + (7.5 * 5) ** 2)
    assert patient.d_max_mm == pytest.approx(d_max_mm)
    # Du Bois: 0.007184 * 70^0.425 * 175^0.725 = 1.8481 m2
    assert patient.sd_max_per_m == pytest.approx(d_max_mm / 1000 / 1.8481, rel=1e-4)
    assert (patient.method, patient.connectivity, patient.reviewed) == ("drawn", 26, False)


def test_body_surface_by_hand():
    # 60^0.425 = 5.6979, 174^0.725 = 42.111: 0.007184 * 5.6979 * 42.111 = 1.7238 m2
    assert bsa_m2(60.0, 1.74) == pytest.approx(1.7238, abs=1e-4)


def test_without_height_there_is_no_standardized_distance():
    study, segmentation = two_lesions()
    study = dataclasses.replace(study, identity=dataclasses.replace(study.identity, height_m=None))
    patient = measure_lesions(segmentation, study).patient
    assert patient.d_max_mm > 0
    assert patient.sd_max_per_m is None


def test_physiological_uptake_is_measured_but_not_counted():
    study, _ = two_lesions(spacing_xyz=(4.0, 4.0, 5.0))
    labels = np.zeros((14, 18, 20), np.uint16)
    labels[FIRST], labels[SECOND] = 1, 2
    tagged = segmentation_of(labels, study, kinds={1: PHYSIOLOGICAL, 2: TUMOR})
    measures = measure_lesions(tagged, study)
    assert [lesion.kind for lesion in measures.lesions] == [PHYSIOLOGICAL, TUMOR]
    assert measures.lesions[0].volume_ml == pytest.approx(3.2)
    assert measures.patient.tmtv_ml == pytest.approx(0.48)
    assert (measures.patient.lesion_count, measures.patient.suv_max, measures.patient.d_max_mm) == (1, 12.0, 0.0)


def test_an_empty_mask_has_no_uptake_and_no_distance():
    study = study_of(np.ones((4, 4, 4)), identity={"weight_kg": 70.0, "height_m": 1.75})
    measures = measure_lesions(segmentation_of(np.zeros((4, 4, 4)), study), study)
    patient = measures.patient
    assert measures.lesions == ()
    assert (patient.tmtv_ml, patient.tlg_g, patient.lesion_count, patient.lesion_count_3ml) == (0.0, 0.0, 0, 0)
    assert {patient.suv_max, patient.suv_mean, patient.suv_peak, patient.d_max_mm, patient.sd_max_per_m} == {None}
    assert (patient.method, patient.connectivity) == ("not stated", None)


def test_a_lesion_erased_to_nothing_stays_in_the_list():
    study, _ = two_lesions()
    labels = np.zeros((14, 18, 20), np.uint16)
    labels[FIRST] = 1
    measures = measure_lesions(segmentation_of(labels, study, kinds={1: TUMOR, 2: TUMOR}), study)
    erased = measures.lesions[1]
    assert (erased.volume_ml, erased.tlg_g, erased.suv_max, erased.centroid_lps_mm) == (0.0, 0.0, None, None)
    assert measures.patient.lesion_count == 1


def test_three_milliliters_count_as_three():
    # 250 voxels of 2 x 2 x 3 mm are 3 mL in the books and 2.9999999999999996 in the computer.
    suv = box_of_suv((12, 12, 12), 5.0, np.s_[0:10, 0:5, 0:5])
    study = study_of(suv, spacing_xyz=(2.0, 2.0, 3.0))
    assert measure_lesions(segmentation_of(suv > 1, study), study).patient.lesion_count_3ml == 1


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flipping_array_and_direction_together_changes_nothing(axis):
    study, segmentation = two_lesions(spacing_xyz=(4.0, 3.0, 5.0), origin=(-10.0, 20.0, 100.0))
    expected = measure_lesions(segmentation, study)
    direction = np.eye(3)
    direction[2 - axis, 2 - axis] = -1
    origin = np.array([-10.0, 20.0, 100.0])
    origin[2 - axis] += (np.array([20, 18, 14])[2 - axis] - 1) * np.array([4.0, 3.0, 5.0])[2 - axis]
    flipped = study_of(
        np.flip(np.array(_array(study.pet)), axis),
        identity={"weight_kg": 70.0, "height_m": 1.75},
        spacing_xyz=(4.0, 3.0, 5.0),
        origin=origin.tolist(),
        direction=direction.ravel().tolist(),
    )
    labels = np.flip(_array(segmentation.labels), axis)
    found = measure_lesions(segmentation_of(labels, flipped, provenance=segmentation.provenance), flipped)
    for a, b in zip(found.lesions, expected.lesions, strict=True):
        for name in ("volume_ml", "suv_mean", "suv_peak", "suv_peak_local", "max_diameter_mm", "centroid_lps_mm"):
            assert getattr(a, name) == pytest.approx(getattr(b, name)), name
    assert found.patient.d_max_mm == pytest.approx(expected.patient.d_max_mm)


def test_distances_do_not_depend_on_an_oblique_direction():
    study, segmentation = two_lesions(spacing_xyz=(4.0, 3.0, 5.0))
    angle = 0.3
    oblique = (math.cos(angle), -math.sin(angle), 0.0, math.sin(angle), math.cos(angle), 0.0, 0.0, 0.0, 1.0)
    tilted, tilted_segmentation = two_lesions(spacing_xyz=(4.0, 3.0, 5.0), direction=oblique)
    straight = measure_lesions(segmentation, study).patient
    assert measure_lesions(tilted_segmentation, tilted).patient.d_max_mm == pytest.approx(straight.d_max_mm)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.uint16, (4, 5, 6), elements=st.integers(0, 3)),
    arrays(np.float32, (4, 5, 6), elements=st.floats(0, 50, width=32)),
)
def test_totals_are_voxel_arithmetic(labels, suv):
    study = study_of(suv, spacing_xyz=(2.0, 3.0, 4.0))
    measures = measure_lesions(segmentation_of(labels, study), study)
    assert measures.patient.tmtv_ml == pytest.approx((labels > 0).sum() * 0.024)
    assert measures.patient.tlg_g == pytest.approx(suv[labels > 0].sum(dtype=np.float64) * 0.024)
    for lesion in measures.lesions:
        assert lesion.suv_mean <= lesion.suv_max + 1e-9
        assert lesion.suv_peak_local <= lesion.suv_peak


def test_a_mask_on_another_grid_is_refused_with_both_grids():
    study, segmentation = two_lesions(spacing_xyz=(4.0, 4.0, 5.0))
    shifted = image_of(_array(segmentation.labels), spacing_xyz=(4.0, 4.0, 5.0), origin=(0.0, 0.0, 2.5))
    with pytest.raises(Refusal, match=r"origin \(0\.0, 0\.0, 2\.5\) mm\) is not the PET's") as refused:
        measure_lesions(dataclasses.replace(segmentation, labels=shifted), study)
    assert refused.value.code == "grid-differs"


def test_a_probability_map_is_not_measured_as_labels():
    study, segmentation = two_lesions()
    as_float = image_of(_array(segmentation.labels).astype(np.float32))
    with pytest.raises(Refusal, match="32-bit float"):
        measure_lesions(dataclasses.replace(segmentation, labels=as_float), study)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_pet_with_nan_is_refused_even_outside_the_lesions(bad):
    study, segmentation = two_lesions()
    suv = _array(study.pet)
    suv[0, 0, 0] = bad
    with pytest.raises(Refusal, match="The PET holds 1 voxels that are NaN or infinite"):
        measure_lesions(segmentation, study_of(suv))


def test_voxels_without_a_lesion_and_double_labels_are_refused():
    study, segmentation = two_lesions()
    first, second = segmentation.lesions
    with pytest.raises(Refusal, match="voxels of label 2, which no lesion has"):
        measure_lesions(dataclasses.replace(segmentation, lesions=(first,)), study)
    with pytest.raises(Refusal, match="Two lesions have the same label: 1"):
        measure_lesions(dataclasses.replace(segmentation, lesions=(first, dataclasses.replace(second, label=1))), study)


def test_negative_labels_are_refused():
    study, segmentation = two_lesions()
    labels = _array(segmentation.labels).astype(np.int16)
    labels[0, 0, 0] = -1
    with pytest.raises(Refusal, match="the value -1"):
        measure_lesions(dataclasses.replace(segmentation, labels=image_of(labels)), study)


def test_a_mask_valid_only_above_a_threshold_is_measured_only_there():
    study, segmentation = two_lesions()
    assert measure_lesions(dataclasses.replace(segmentation, valid_for="suv >= 4"), study).patient.lesion_count == 2
    with pytest.raises(Refusal, match=r"only where suv >= 7; 40 of its voxels lie below") as refused:
        measure_lesions(dataclasses.replace(segmentation, valid_for="suv >= 7"), study)
    assert refused.value.code == "not-valid-for"
    with pytest.raises(Refusal, match="'full moon'"):
        measure_lesions(dataclasses.replace(segmentation, valid_for="full moon"), study)


def _array(image) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(image)
