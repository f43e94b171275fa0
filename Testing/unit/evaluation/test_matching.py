"""When a lesion counts as found: each rule on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from builders_volume import image_of
from CLIPSLib.evaluation import CaseEvaluation, EvaluationOptions, evaluate
from CLIPSLib.evaluation.lesions import connected_lesions, iou_score, labeled_lesions, link, nsd_score, pair_scores

ROW = (3, 3, 30)


def row(*spans: tuple[int, int]) -> np.ndarray:
    """A line of voxels along x with lesions at these spans."""
    mask = np.zeros(ROW, np.uint8)
    for start, stop in spans:
        mask[1, 1, start:stop] = 1
    return mask


def matched(reference: np.ndarray, prediction: np.ndarray, **options) -> CaseEvaluation:
    return evaluate(image_of(reference), image_of(prediction), options=EvaluationOptions(**options))


def found_of(case: CaseEvaluation, of: str) -> list[bool]:
    return [lesion.found for lesion in case.lesions if lesion.of == of]


REFERENCE = row((0, 10), (15, 17), (25, 27))  # 10, 2 and 2 voxels
PREDICTION = row((0, 3), (5, 9), (16, 20), (29, 30))  # 3 + 4 in the first, 1 of 4 in the second, one in vain


def test_any_overlap_finds_a_lesion_by_one_voxel():
    case = matched(REFERENCE, PREDICTION)
    assert found_of(case, "reference") == [True, True, False]
    assert found_of(case, "prediction") == [True, True, True, False]
    assert (case.lesion_recall, case.lesion_precision) == (pytest.approx(2 / 3), 0.75)
    assert case.lesion_f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert all(lesion.score is None for lesion in case.lesions)


def test_iou_compares_lesion_with_lesion():
    case = matched(REFERENCE, PREDICTION, matching="iou", matching_threshold=0.4)
    # first: 3/10 and 4/10; second: 1/5
    assert [lesion.score for lesion in case.lesions] == pytest.approx([0.4, 0.2, 0, 0.3, 0.4, 0.2, 0])
    assert found_of(case, "reference") == [True, False, False]
    assert found_of(case, "prediction") == [False, True, False, False]


def test_union_dice_takes_all_partners_together():
    case = matched(REFERENCE, PREDICTION, matching="union-dice", matching_threshold=0.5)
    # first against 3 + 4: 14/17; predictions against the first: 6/13, 8/14; second pair: 2/6
    assert [lesion.score for lesion in case.lesions] == pytest.approx([14 / 17, 1 / 3, 0, 6 / 13, 8 / 14, 1 / 3, 0])
    assert found_of(case, "reference") == [True, False, False]
    assert found_of(case, "prediction") == [False, True, False, False]


def test_exactly_the_threshold_finds_no_reference_lesion_but_is_no_false_positive():
    """The hospital's limits: found above, in vain below."""
    case = matched(row((0, 6)), row((0, 2)), matching="union-dice", matching_threshold=0.5)
    assert [lesion.score for lesion in case.lesions] == [0.5, 0.5]
    assert [lesion.found for lesion in case.lesions] == [False, True]


def test_a_threshold_of_zero_still_needs_a_partner():
    for rule in ("iou", "union-dice", "union-nsd"):
        case = matched(row((0, 3), (10, 13)), row((1, 4), (20, 23)), matching=rule, matching_threshold=0.0)
        assert found_of(case, "reference") == [True, False], rule
        assert found_of(case, "prediction") == [True, False], rule


def test_union_nsd_forgives_a_border_within_the_tolerance():
    reference, prediction = row((0, 10)), row((0, 11))  # one end lies a voxel (2 mm) further
    near = matched(reference, prediction, matching="union-nsd", tolerance_mm=2.0)
    exact = matched(reference, prediction, matching="union-nsd", tolerance_mm=0.0)
    assert near.lesions[0].score == 1.0
    assert 0.5 < exact.lesions[0].score < 1.0


def test_the_surface_of_a_union_is_not_the_sum_of_surfaces():
    """Two lesions that touch by a face (labels, or 6-components by an edge) have no surface between them."""
    labels = row((0, 10))
    labels[1, 1, 5:] *= 2
    split, whole = labeled_lesions(labels), labeled_lesions(row((0, 10)))
    assert nsd_score(split, whole, (2.0, 2.0, 2.0), 0.0)((1, 2), (1,)) == 1.0


def test_the_rule_is_named_in_words():
    assert matched(REFERENCE, PREDICTION).matching == "lesions are 26-connected components, found by one shared voxel"
    case = matched(
        REFERENCE, PREDICTION, matching="union-nsd", tolerance_mm=3.0, matching_threshold=0.25, connectivity=6
    )
    assert "6-connected" in case.matching
    assert "NSD (3 mm)" in case.matching
    assert "0.25" in case.matching


def test_links_are_those_found_voxel_by_voxel():
    rng = np.random.default_rng(3)
    sets = [connected_lesions(rng.random((8, 9, 10)) < 0.15, 6) for _ in range(2)]
    links = link(*sets)
    expected: dict[tuple[int, int], int] = {}
    for i, j in zip(sets[0].labels.ravel(), sets[1].labels.ravel(), strict=True):
        if i and j:
            expected[int(i), int(j)] = expected.get((int(i), int(j)), 0) + 1
    assert links.voxels == expected
    assert {(i, j) for i, partners in links.of_reference.items() for j in partners} == set(expected)
    assert {(i, j) for j, partners in links.of_prediction.items() for i in partners} == set(expected)
    for (i, j), value in pair_scores(links, iou_score(*sets, links)).items():
        a, b = sets[0].labels == i, sets[1].labels == j
        assert value == pytest.approx((a & b).sum() / (a | b).sum())
