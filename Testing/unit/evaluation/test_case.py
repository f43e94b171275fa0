"""One prediction against its reference: autoPET's volumes, empty masks, refusals, lesions, properties."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of
from CLIPSLib.errors import Refusal
from CLIPSLib.evaluation import PREDICTION, REFERENCE, CaseEvaluation, EvaluationOptions, evaluate
from hypothesis import given, settings
from hypothesis import strategies as st

SHARES = ("dice", "iou", "nsd", "lesion_recall", "lesion_precision", "lesion_f1")


def mask_of(shape: tuple[int, int, int], *boxes: tuple[slice, slice, slice]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    for box in boxes:
        mask[box] = 1
    return mask


def compared(reference: np.ndarray, prediction: np.ndarray, **arguments) -> CaseEvaluation:
    geometry = {"spacing_xyz": arguments.pop("spacing_xyz", (2.0, 2.0, 2.0))}
    if (suv := arguments.pop("suv", None)) is not None:
        arguments["pet"] = image_of(np.asarray(suv, np.float32), **geometry)
    return evaluate(image_of(reference, **geometry), image_of(prediction, **geometry), **arguments)


A, B, FAR = np.s_[1:3, 1:3, 1:3], np.s_[1:3, 1:3, 2:4], np.s_[7:9, 7:9, 7:9]
SHAPE = (10, 10, 10)


def test_two_overlapping_cubes_by_hand():
    found = compared(mask_of(SHAPE, A), mask_of(SHAPE, B, FAR))
    voxel_ml = 0.008
    assert found.dice == pytest.approx(2 * 4 / (8 + 16))
    assert found.iou == pytest.approx(4 / 20)
    assert (found.reference_ml, found.prediction_ml) == pytest.approx((8 * voxel_ml, 16 * voxel_ml))
    assert found.tmtv_difference_ml == pytest.approx(8 * voxel_ml)
    assert (found.fpv_ml, found.fnv_ml) == pytest.approx((8 * voxel_ml, 0.0))
    assert (found.lesion_recall, found.lesion_precision) == (1.0, 0.5)
    assert found.lesion_f1 == pytest.approx(2 / 3)
    assert found.undefined == {}


def test_the_difference_of_the_largest_distances_between_lesions_by_hand():
    three = mask_of(SHAPE, A, FAR, np.s_[1:3, 7:9, 7:9])
    found = compared(three, mask_of(SHAPE, A, FAR))
    assert found.d_max_difference_mm == pytest.approx(0.0)
    one = compared(three, mask_of(SHAPE, A))
    assert one.d_max_difference_mm == pytest.approx(-2.0 * 6.0 * np.sqrt(3))  # 6 voxels of 2 mm along each axis
    assert compared(three, mask_of(SHAPE)).d_max_difference_mm is None


def flood_filled(mask: np.ndarray) -> list[set[tuple[int, int, int]]]:
    """The 18-connected components of a mask, voxel by voxel: neighbors differ by one in one or two coordinates."""
    steps = [s for s in itertools.product((-1, 0, 1), repeat=3) if 1 <= sum(map(abs, s)) <= 2]
    left = set(map(tuple, np.argwhere(mask).tolist()))
    components = []
    while left:
        component, border = set(), [left.pop()]
        while border:
            voxel = border.pop()
            component.add(voxel)
            around = {tuple(a + b for a, b in zip(voxel, step, strict=True)) for step in steps} & left
            left -= around
            border += around
        components.append(component)
    return components


@pytest.mark.parametrize("seed", range(6))
def test_autopet_volumes_are_those_of_an_independent_flood_fill(seed):
    rng = np.random.default_rng(seed)
    reference, prediction = rng.random((2, 9, 11, 10)) < (0.02 + 0.02 * seed)
    shared = {tuple(voxel) for voxel in np.argwhere(reference & prediction).tolist()}
    voxel_ml = 4.0 * 3.0 * 2.5 / 1000
    expected = [
        sum(len(c) for c in flood_filled(mask) if not c & shared) * voxel_ml for mask in (prediction, reference)
    ]
    found = compared(reference.astype(np.uint8), prediction.astype(np.uint8), spacing_xyz=(4.0, 3.0, 2.5))
    assert [found.fpv_ml, found.fnv_ml] == pytest.approx(expected)


def test_autopet_volumes_connect_18_neighbors_whatever_the_options():
    edge, corner = mask_of(SHAPE), mask_of(SHAPE)
    edge[1, 1, 1] = edge[1, 2, 2] = 1
    corner[1, 1, 1] = corner[2, 2, 2] = 1
    touched = mask_of(SHAPE, np.s_[1:2, 1:2, 1:2])
    for connectivity in (6, 18, 26):
        options = EvaluationOptions(connectivity=connectivity)
        assert compared(touched, edge, options=options).fpv_ml == 0.0
        assert compared(touched, corner, options=options).fpv_ml == pytest.approx(0.008)


def test_an_empty_reference_leaves_shares_undefined_and_counts_what_was_predicted():
    found = compared(mask_of(SHAPE), mask_of(SHAPE, A, FAR))
    assert found.fpv_ml == pytest.approx(16 * 0.008)
    assert found.lesion_precision == 0.0
    for name in ("dice", "iou", "nsd", "fnv_ml", "lesion_recall", "lesion_f1", "hd95_mm", "mean_surface_distance_mm"):
        assert getattr(found, name) is None
        assert found.undefined[name] == "the reference is empty"


def test_an_empty_prediction_has_dice_0_and_no_distances():
    found = compared(mask_of(SHAPE, A), mask_of(SHAPE))
    assert (found.dice, found.iou, found.nsd, found.lesion_recall, found.lesion_f1) == (0.0,) * 5
    assert (found.fpv_ml, found.fnv_ml) == (0.0, pytest.approx(8 * 0.008))
    for name in ("lesion_precision", "hd95_mm", "mean_surface_distance_mm"):
        assert getattr(found, name) is None
        assert found.undefined[name] == "the prediction is empty"


def test_two_empty_masks_are_neither_right_nor_wrong():
    found = compared(mask_of(SHAPE), mask_of(SHAPE))
    assert (found.reference_ml, found.prediction_ml, found.fpv_ml) == (0.0, 0.0, 0.0)
    assert all(getattr(found, name) is None for name in SHARES)
    assert found.undefined["dice"] == "the reference is empty, and so is the prediction"
    assert found.lesions == ()


@given(pair=arrays.arrays(bool, (2, 5, 6, 4)))
@settings(max_examples=40)
def test_every_missing_value_has_a_reason_and_no_other_has(pair):
    found = compared(*pair.astype(np.uint8))
    missing = {field.name for field in fields(found) if getattr(found, field.name) is None}
    assert missing == set(found.undefined)
    assert all(0.0 <= getattr(found, name) <= 1.0 for name in SHARES if name not in missing)


@given(mask=arrays.arrays(bool, (5, 6, 4)))
@settings(max_examples=20)
def test_a_mask_is_perfect_against_itself(mask):
    found = compared(mask.astype(np.uint8), mask.astype(np.uint8))
    if mask.any():
        assert [getattr(found, name) for name in SHARES] == [1.0] * 6
        assert (found.hd95_mm, found.mean_surface_distance_mm, found.fpv_ml, found.fnv_ml) == (0.0, 0.0, 0.0, 0.0)


@given(pair=arrays.arrays(bool, (2, 4, 5, 4)), where=st.tuples(*[st.integers(0, 5)] * 3))
@settings(max_examples=25)
def test_the_place_in_the_image_changes_nothing_but_the_centroids(pair, where):
    def placed(mask, start):
        image = np.zeros((10, 11, 10), np.uint8)
        image[tuple(slice(s, s + n) for s, n in zip(start, mask.shape, strict=True))] = mask
        return image

    here, there = (compared(*(placed(mask, start) for mask in pair)) for start in ((0, 0, 0), where))
    assert replace(here, lesions=()) == replace(there, lesions=())
    for a, b in zip(here.lesions, there.lesions, strict=True):
        assert np.subtract(b.centroid_lps_mm, a.centroid_lps_mm) == pytest.approx(2.0 * np.array(where[::-1]))


def test_each_lesion_says_where_it_is_and_what_became_of_it():
    suv = np.ones(SHAPE)
    suv[1, 1, 3], suv[8, 8, 8] = 9.5, 7.0
    found = compared(mask_of(SHAPE, A, FAR), mask_of(SHAPE, B), suv=suv)
    first, second, predicted = found.lesions
    assert (first.of, second.of, predicted.of) == (REFERENCE, REFERENCE, PREDICTION)
    assert (first.found, second.found, predicted.found) == (True, False, True)
    assert (first.partners, second.partners, predicted.partners) == ((1,), (), (1,))
    assert first.overlap_ml == predicted.overlap_ml == pytest.approx(4 * 0.008)
    assert second.centroid_lps_mm == pytest.approx((15.0, 15.0, 15.0))
    assert predicted.centroid_lps_mm == pytest.approx((5.0, 3.0, 3.0))
    assert (first.suv_max, second.suv_max, predicted.suv_max) == (1.0, 7.0, 9.5)


def test_centroids_follow_a_turned_grid():
    reference = image_of(mask_of(SHAPE, FAR), direction=(0, 1, 0, 1, 0, 0, 0, 0, -1), origin=(5, 6, 7))
    (lesion, _) = evaluate(reference, reference).lesions
    assert lesion.centroid_lps_mm == pytest.approx((5 + 15, 6 + 15, 7 - 15))


def test_labels_can_be_the_lesions():
    labels = mask_of(SHAPE, A, B)
    labels[B] = 7
    found = compared(labels, mask_of(SHAPE, A), options=EvaluationOptions(lesions="labels"))
    assert [lesion.number for lesion in found.lesions] == [1, 7, 1]
    assert "labels" in found.matching


def test_a_threshold_compares_only_what_is_hot_enough_in_both():
    suv = np.ones(SHAPE)
    suv[A] = 4.0 - 5e-7  # a stored 4.0
    options = EvaluationOptions(suv_threshold=4.0)
    found = compared(mask_of(SHAPE, A, FAR), mask_of(SHAPE, A, B), suv=suv, options=options)
    assert (found.dice, found.reference_ml) == (1.0, pytest.approx(8 * 0.008))
    with pytest.raises(Refusal) as refused:
        compared(mask_of(SHAPE, A), mask_of(SHAPE, A), options=options)
    assert refused.value.code == "pet-needed"


def test_a_mask_valid_above_a_threshold_only_is_refused_elsewhere():
    suv = np.ones(SHAPE)
    suv[A] = 6.0
    reference, prediction = mask_of(SHAPE, A), mask_of(SHAPE, A, FAR)
    with pytest.raises(Refusal) as refused:
        compared(reference, prediction, valid_for="suv >= 4")
    assert refused.value.code == "not-valid-for"
    assert "suv_threshold" in str(refused.value)
    with pytest.raises(Refusal) as refused:
        compared(reference, prediction, suv=suv, valid_for="suv >= 4")
    assert refused.value.code == "not-valid-for"
    options = EvaluationOptions(suv_threshold=4.0)
    assert compared(reference, prediction, suv=suv, valid_for="suv >= 4", options=options).dice == 1.0
    assert compared(reference, mask_of(SHAPE, A), suv=suv, valid_for="suv >= 4").dice == 1.0


def test_masks_on_different_grids_are_refused_with_both_grids_in_the_sentence():
    mask = mask_of(SHAPE, A)
    for other in (image_of(mask[1:]), image_of(mask, origin=(0, 0, 1)), image_of(mask, spacing_xyz=(2, 2, 2.1))):
        with pytest.raises(Refusal, match=r"grid of the prediction.*size.*reference") as refused:
            evaluate(image_of(mask), other, where="case-7")
        assert refused.value.code == "grid-differs"
        assert refused.value.where == "case-7"
    with pytest.raises(Refusal, match="grid of the PET"):
        evaluate(image_of(mask), image_of(mask), pet=image_of(np.ones((3, 3, 3), np.float32)))


def test_what_is_no_mask_is_refused():
    mask = mask_of(SHAPE, A)
    for bad, code in ((mask.astype(np.float32), "labels-not-integer"), (-mask.astype(np.int16), "label-out-of-range")):
        with pytest.raises(Refusal) as refused:
            compared(mask, bad)
        assert refused.value.code == code
    suv = np.ones(SHAPE)
    suv[0, 0, 0] = np.nan
    with pytest.raises(Refusal) as refused:
        compared(mask, mask, suv=suv)
    assert refused.value.code == "not-finite"
    with pytest.raises(Refusal) as refused:
        evaluate(*[sitk.GetImageFromArray(mask[0])] * 2)
    assert refused.value.code == "not-a-volume"
