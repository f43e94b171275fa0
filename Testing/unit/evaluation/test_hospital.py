"""The hospital's evaluation: the numbers that its own functions return, and its rules on cases worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import reference_data
import SimpleITK as sitk
from builders_volume import image_of
from CLIPSLib.errors import Refusal
from CLIPSLib.evaluation import HospitalMetrics, HospitalOptions, evaluate_hospital_cohort, hospital_metrics, why_bad
from CLIPSLib.evaluation.hospital_cohort import lesion_precision, lesion_recall
from CLIPSLib.evaluation.lesions import dice_score, labeled_lesions, link, nsd_score, pair_scores
from scipy import ndimage

ROW = (3, 3, 40)


def golden(name: str) -> sitk.Image:
    image = sitk.ReadImage(str(reference_data.path("user_metrics_golden", f"{name}.nii.gz")))
    return image if name == "suv" else sitk.Cast(image, sitk.sitkUInt16)


@pytest.fixture(scope="module")
def expected() -> dict:
    return json.loads(reference_data.path("user_metrics_golden", "expected.json").read_text())


def row(spans, value=1.0, background=0.0, dtype=np.uint8) -> np.ndarray:
    line = np.full(ROW, background, dtype)
    for start, stop in spans:
        line[1, 1, start:stop] = value
    return line


def metrics_of(reference, prediction, suv=None, **options) -> HospitalMetrics:
    suv = np.full(ROW, 9.0) if suv is None else suv
    images = [image_of(mask) for mask in (reference, prediction)]
    return hospital_metrics(
        *images, image_of(np.asarray(suv, np.float32)), patient="0123", options=HospitalOptions(**options)
    )


def counts_of(approach) -> tuple[int, int, int]:
    return approach.true_positive, approach.false_negative, approach.false_positive


@pytest.mark.parametrize("tolerance", [1, 2, 4, 5, 10])
def test_what_the_hospitals_own_functions_return_to_the_printed_digits(expected, tolerance):
    found = hospital_metrics(
        golden("gt"), golden("pred"), golden("suv"), options=HospitalOptions(tolerance_mm=float(tolerance))
    )
    assert found.mean_distance_mm == round(expected["average_distance"][0], 3)
    assert found.hausdorff_mm == round(expected["hausdorff100"], 3)
    assert found.dice == round(expected["dice"], 3)
    assert found.nsd == round(expected[f"nsd{tolerance}"], 3)
    assert found.bji == round(expected[f"bji{tolerance}"], 3)
    assert found.tmtv_raw_ml == expected["tmtv_pred"]
    assert found.tmtv_ml == expected["tmtv_pred_thr"]
    assert found.tmtv_reference_ml == expected["tmtv_gt_thr"]
    assert found.fp_raw_ml == expected["fp_unthr"]
    assert (found.fp_ml, found.fn_ml, found.tp_ml) == (expected["fp"], expected["fn"], expected["tp"])
    assert found.undefined == {}


def test_the_hospitals_95th_percentile(expected):
    options = HospitalOptions(hausdorff_percentile=95.0)
    found = hospital_metrics(golden("gt"), golden("pred"), golden("suv"), options=options)
    assert found.hausdorff_mm == round(expected["hausdorff95"], 3)


@pytest.mark.parametrize(("matching", "key"), [("dice", "dsc"), ("nsd", "nsd")])
def test_the_hospitals_lesion_counts(expected, matching, key):
    found = hospital_metrics(golden("gt"), golden("pred"), golden("suv"), options=HospitalOptions(matching=matching))
    assert list(counts_of(found.strict)) == expected[f"strict_{key}"]
    assert list(counts_of(found.union)) == expected[f"global_{key}"]
    assert (found.strict.reference, found.strict.prediction) == (7, 6)


def test_the_hospitals_score_of_every_pair(expected):
    sets = [labeled_lesions(sitk.GetArrayFromImage(golden(name))) for name in ("gt_thr", "pred_thr")]
    links = link(*sets)
    for key, score in (("dsc", dice_score(*sets, links)), ("nsd", nsd_score(*sets, (4.0, 4.0, 4.0), 5.0))):
        theirs = {
            (int(float(i)), int(j)): value for i, pairs in expected[f"pairs_{key}"].items() for j, value in pairs if j
        }
        assert pair_scores(links, score) == pytest.approx(theirs)


def test_precision_and_recall_come_from_rounded_volumes():
    """52.03, 0.06 and 82.37 mL give 99.88 % and 38.71 %: the sample that the definitions come with."""
    reference, prediction = np.zeros((3, 60, 1000), np.uint8), np.zeros((3, 60, 1000), np.uint8)
    tp, fp, fn = 5203, 6, 8237
    reference.flat[: tp + fn] = 1
    prediction.flat[:tp] = 1
    prediction.flat[tp + fn : tp + fn + fp] = 1
    geometry = {"spacing_xyz": (1.0, 2.0, 5.0)}  # 0.01 mL
    suv = image_of(np.full(reference.shape, 9, np.float32), **geometry)
    found = hospital_metrics(image_of(reference, **geometry), image_of(prediction, **geometry), suv)
    assert (found.tp_ml, found.fp_ml, found.fn_ml) == (52.03, 0.06, 82.37)
    assert (found.precision_percent, found.recall_percent) == (99.88, 38.71)


def test_the_threshold_is_strict_and_splits_no_lesion():
    suv = row([], dtype=np.float32, background=9.0)
    suv[1, 1, 4], suv[1, 1, 20:24] = 4.0, 3.0
    lesions = row([(0, 9), (20, 24)])  # the first in two parts, the second gone
    found = metrics_of(lesions, lesions, suv)
    assert found.tmtv_reference_ml == round(8 * 0.008, 2)
    assert (found.union.reference, found.union.prediction) == (1, 1)
    assert counts_of(found.union) == (1, 0, 0)
    assert found.tmtv_raw_ml == round(13 * 0.008, 2)


def test_lesions_that_meet_at_an_edge_are_two():
    mask = np.zeros(ROW, np.uint8)
    mask[1, 1, 1] = mask[1, 2, 2] = 1
    assert metrics_of(mask, mask).union.reference == 2


def test_one_good_and_one_bad_partner_are_a_false_positive_in_approach_1_only():
    reference = row([(0, 10), (11, 13)])
    prediction = row([(0, 13)])  # 20/23 with the first, 4/15 with the second, 24/25 with both
    found = metrics_of(reference, prediction, matching="dice")
    assert counts_of(found.strict) == (1, 1, 1)
    assert counts_of(found.union) == (1, 1, 0)


def test_a_lesion_in_two_parts_is_found_by_their_union_only():
    found = metrics_of(row([(0, 12)]), row([(0, 4), (5, 9)]), matching="dice")  # 8/16 each, 16/20 both
    assert counts_of(found.strict) == (1, 0, 0)  # 8/16 reaches the threshold
    assert counts_of(found.union) == (1, 0, 0)
    found = metrics_of(row([(0, 13)]), row([(0, 4), (5, 9)]), matching="dice")
    assert counts_of(found.strict) == (0, 1, 2)
    assert counts_of(found.union) == (1, 0, 2)


def test_exactly_the_threshold_is_neither_found_nor_missed_in_approach_2():
    found = metrics_of(row([(0, 6)]), row([(0, 2)]), matching="dice")  # 4/8
    assert counts_of(found.strict) == (1, 0, 0)
    assert counts_of(found.union) == (0, 0, 0)


def test_a_lesion_without_a_partner_scores_zero_though_one_is_close_by():
    """Not compared with the background's surface, which a small distance away would find it."""
    found = metrics_of(row([(0, 5)]), row([(6, 11)]), matching="nsd", tolerance_mm=100.0)
    assert counts_of(found.strict) == counts_of(found.union) == (0, 1, 1)


def test_empty_masks_are_undefined_with_a_reason_each():
    some, none = row([(0, 5)]), row([])
    found = metrics_of(none, none)
    assert [getattr(found, n) for n in ("dice", "nsd", "bji", "mean_distance_mm", "hausdorff_mm")] == [None] * 5
    assert found.undefined["dice"] == "both thresholded masks are empty"
    assert (found.union.reference, found.union.prediction) == (None, None)
    for reference, prediction, named in ((some, none, "prediction"), (none, some, "reference")):
        found = metrics_of(reference, prediction)
        assert (found.dice, found.nsd, found.bji) == (0.0, 0.0, 0.0)
        assert found.undefined["hausdorff_mm"] == f"infinite: the thresholded {named} is empty"
    assert found.undefined["recall_percent"] == "the thresholded reference is empty"


def test_a_mask_valid_above_a_threshold_only_has_no_raw_volumes():
    suv = row([(0, 5)], 9.0, background=1.0, dtype=np.float32)
    images = [image_of(mask) for mask in (row([(0, 5)]), row([(0, 9)]))]
    pet = image_of(suv)
    found = hospital_metrics(*images, pet, valid_for="suv >= 4")
    assert (found.tmtv_raw_ml, found.fp_raw_ml) == (None, None)
    assert "suv >= 4" in found.undefined["tmtv_raw_ml"]
    assert found.dice == 1.0
    with pytest.raises(Refusal) as refused:
        hospital_metrics(*images, pet, valid_for="suv >= 4", options=HospitalOptions(suv_threshold=0.5))
    assert refused.value.code == "not-valid-for"


def counted_by_hand(reference: np.ndarray, prediction: np.ndarray, suv: np.ndarray) -> list[tuple[int, int, int]]:
    """Both approaches by Dice, from whole masks and the definitions alone."""
    hot = suv > 4
    first, second = (
        [m for i in range(1, count + 1) if (m := (labels == i) & hot).any()]
        for labels, count in (ndimage.label(mask) for mask in (reference, prediction))
    )

    def dice(a, b):
        return 2 * (a & b).sum() / (a.sum() + b.sum())

    def partners(lesion, others):
        return [other for other in others if (lesion & other).any()]

    def pairs(lesion, others):
        return [dice(lesion, other) for other in partners(lesion, others)] or [0.0]

    def union(lesion, others):
        touching = partners(lesion, others)
        return dice(lesion, np.any(touching, axis=0)) if touching else 0.0

    return [
        (
            sum(any(s >= 0.5 for s in pairs(lesion, second)) for lesion in first),
            sum(all(s < 0.5 for s in pairs(lesion, second)) for lesion in first),
            sum(any(s < 0.5 for s in pairs(lesion, first)) for lesion in second),
        ),
        (
            sum(union(lesion, second) > 0.5 for lesion in first),
            sum(union(lesion, second) < 0.5 for lesion in first),
            sum(union(lesion, first) < 0.5 for lesion in second),
        ),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_lesion_counts_are_those_of_the_definitions_on_random_masks(seed):
    rng = np.random.default_rng(seed)
    reference = rng.random((7, 8, 9)) < 0.25
    prediction = (reference & (rng.random(reference.shape) < 0.8)) | (rng.random(reference.shape) < 0.08)
    suv = rng.uniform(3, 12, reference.shape).astype(np.float32)
    found = metrics_of(reference.astype(np.uint8), prediction.astype(np.uint8), suv, matching="dice")
    assert [counts_of(found.strict), counts_of(found.union)] == counted_by_hand(reference, prediction, suv)


GOOD = metrics_of(row([(0, 5), (10, 15), (20, 25), (30, 35)]), row([(0, 5), (10, 15), (20, 25), (30, 35)]))


def patient(name: str, **changes) -> HospitalMetrics:
    counts = {key: changes.pop(key) for key in ("true_positive", "false_negative", "false_positive") if key in changes}
    totals = {key: changes.pop(key) for key in ("reference", "prediction") if key in changes}
    return replace(GOOD, patient=name, union=replace(GOOD.union, **counts, **totals), **changes)


def test_bad_segmentations_are_flagged_by_the_hospitals_rule():
    assert why_bad(GOOD) is None
    assert why_bad(patient("a", prediction=None)) == "no prediction"
    assert why_bad(patient("b", true_positive=3)) is None
    assert "2 of 4 lesions found" in why_bad(patient("c", true_positive=2, false_negative=2))
    assert why_bad(patient("d", false_positive=2)) is None
    assert "3 of 4 predicted" in why_bad(patient("e", false_positive=3))


def test_lesion_precision_is_what_is_left_of_the_predictions():
    metrics = patient("a", true_positive=2, false_positive=1, prediction=10)
    assert lesion_precision(metrics) == 0.9  # not 2/10
    assert lesion_recall(metrics) == 0.5
    assert lesion_precision(patient("b", prediction=None)) == 0.0


def test_cohort_statistics_by_hand():
    cohort = evaluate_hospital_cohort(
        [
            patient("01", dice=0.9, tmtv_ml=90.0, tmtv_reference_ml=100.0, nsd=0.8),
            patient("02", dice=0.5, tmtv_ml=60.0, tmtv_reference_ml=40.0, nsd=None, true_positive=1, false_negative=3),
            patient("03", dice=0.0, tmtv_ml=0.0, tmtv_reference_ml=20.0, nsd=0.0, prediction=None),
        ]
    )
    assert cohort.patients == 3
    assert cohort.dice == pytest.approx((1.4 / 3, np.std([0.9, 0.5, 0.0])))
    assert cohort.dice_without_zeros == pytest.approx((0.7, 0.2))  # population: half of 0.9 - 0.5
    assert cohort.nsd == pytest.approx((0.4, 0.4))
    assert cohort.absolute_error_ml == pytest.approx((50 / 3, np.std([10, 20, 20])))
    assert cohort.relative_error == pytest.approx((1.6 / 3, np.std([0.1, 0.5, 1.0])))
    assert cohort.pearson == pytest.approx(1.0)  # two patients with a predicted volume
    assert cohort.lesion_recall == pytest.approx(((1.0 + 0.25) / 2, 0.375))  # without the patient without a prediction
    assert cohort.bad == {"02": "1 of 4 lesions found, fewer than 75 %", "03": "no prediction"}


def test_a_cohort_of_none_has_no_numbers_and_different_options_do_not_mix():
    assert evaluate_hospital_cohort([]).dice is None
    with pytest.raises(ValueError, match="different options"):
        evaluate_hospital_cohort([GOOD, replace(GOOD, options=HospitalOptions(tolerance_mm=2.0))])
