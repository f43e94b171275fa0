"""A registry and a split become the cases of a run: who takes part, with which mask, and who is left out and why."""

from dataclasses import replace

import numpy as np
import pytest
from builders_registry import SHAPE, mask, registry, study
from builders_volume import image_of
from CLIPSLib.cases import Fold, Split
from CLIPSLib.difficulty import given_table
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.files import sha256_file
from CLIPSLib.formats import read_labels
from CLIPSLib.imaging import array_view
from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases
from CLIPSLib.tasks.frozen import AboutCases
from CLIPSLib.tasks.pseudo_labels import PseudoOptions, probability_confidence
from CLIPSLib.training import read_cases

HOT = (slice(2, 4), slice(2, 5), slice(2, 6))


def reviewed(made, case_id, number, status="accepted", **fields):
    """Give a case a reference and a review."""
    version = made.add_mask(case_id, mask(study(number), **fields), origin="imported", author="GW")
    made.set_reference(case_id, version.id, author="GW")
    if status:
        made.review(case_id, status=status, reader="GW", mask_id=version.id)
    return version


def predicted(made, case_id, number, probability, *boxes, model="net@1"):
    """A predicted mask with a probability of tumor of `probability` inside and 0.05 outside."""
    found = mask(study(number), *boxes, model=model)
    inside = array_view(found.labels) > 0
    image = image_of(np.where(inside, probability, 0.05).astype(np.float32))
    return made.add_mask(case_id, replace(found, probability=image), origin="predicted", author="GW")


@pytest.fixture
def made(tmp_path):
    """Six cases, of which 1 to 4 are in the split "main" (the fourth is validated with)."""
    made, _ = registry(tmp_path / "registry", cases=6)
    for number in (1, 2, 3, 4):
        reviewed(made, f"C000{number}", number)
    made.save_split("main", Split(folds=(Fold(train=("C0001", "C0002", "C0003"), validation=("C0004",)),)))
    yield made
    made.close()


def test_the_cases_of_a_split_are_written_with_masks_and_the_hash_of_every_file(made, tmp_path):
    frozen = freeze_cases(made, tmp_path / "out", split="main")
    listed = read_cases(tmp_path / "out" / "cases.json")
    assert [(case.case_id, case.role) for case in listed.cases] == [
        ("C0001", "train"),
        ("C0002", "train"),
        ("C0003", "train"),
        ("C0004", "validate"),
    ]
    first = listed.cases[0]
    assert first.sha256 == {name: sha256_file(path) for name, path in first.files().items()}
    assert set(first.sha256) == {"pet", "ct", "mask"}
    assert "split main" in frozen.cases.source
    assert (array_view(read_labels(first.mask)) > 0).sum() == 2 * 3 * 4


def test_a_list_that_moves_alone_finds_its_masks_where_they_were_frozen(made, tmp_path):
    freeze_cases(made, tmp_path / "out", split="main")
    (tmp_path / "else" / "where").mkdir(parents=True)
    moved = (tmp_path / "out" / "cases.json").rename(tmp_path / "else" / "where" / "cases.json")
    assert read_cases(moved).cases[0].mask == str(tmp_path / "out" / "masks" / "C0001.nii.gz")
    assert ".writing" not in moved.read_text()


def test_unusable_unreviewed_and_flagged_cases_are_left_out_and_named(made, tmp_path):
    made.review("C0001", status="unusable", reader="GW")
    made.review("C0002", status="flagged", reader="GW")
    listed = freeze_cases(made, tmp_path / "out", split="main").cases
    assert [case.case_id for case in listed.cases] == ["C0003", "C0004"]
    assert listed.left_out == {"C0001": "reviewed as unusable", "C0002": "its last review says 'flagged'"}


def test_a_skipped_case_keeps_the_verdict_it_had(made, tmp_path):
    made.review("C0001", status="skipped", reader="GW")
    assert not freeze_cases(made, tmp_path / "out", split="main").cases.left_out


def test_references_that_nobody_reviewed_take_part_only_when_asked(made, tmp_path):
    reviewed(made, "C0005", 5, status=None)
    made.save_split("five", Split(folds=(Fold(train=("C0001", "C0005"), validation=("C0004",)),)))
    left_out = freeze_cases(made, tmp_path / "a", split="five").cases.left_out
    assert left_out == {"C0005": "nobody reviewed its reference"}
    options = FreezeOptions(unreviewed=True)
    assert not freeze_cases(made, tmp_path / "b", split="five", options=options).cases.left_out
    # "unusable" is a verdict on the images: never overruled
    made.review("C0005", status="unusable", reader="GW")
    assert "C0005" in freeze_cases(made, tmp_path / "c", split="five", options=options).cases.left_out


def test_a_reference_chosen_after_the_review_counts_as_unreviewed(made, tmp_path):
    reviewed(made, "C0001", 1, status=None)
    left_out = freeze_cases(made, tmp_path / "out", split="main").cases.left_out
    assert left_out == {"C0001": "its last review is of another mask than its reference"}


def test_a_flagged_case_takes_no_part_even_when_unreviewed_ones_do(made, tmp_path):
    made.review("C0001", status="flagged", reader="GW")
    options = FreezeOptions(unreviewed=True)
    assert "C0001" in freeze_cases(made, tmp_path / "out", split="main", options=options).cases.left_out


def test_physiological_uptake_is_background_or_a_class_of_its_own(made, tmp_path):
    boxes = (HOT, (slice(5, 6), slice(0, 2), slice(0, 2)))
    both = mask(study(1), *boxes, kinds={1: "tumor", 2: "physiological"})
    version = made.add_mask("C0001", both, origin="corrected", author="GW")
    made.set_reference("C0001", version.id, author="GW")
    made.review("C0001", status="corrected", reader="GW", mask_id=version.id)

    def values(folder, **options):
        listed = freeze_cases(made, tmp_path / folder, split="main", options=FreezeOptions(**options))
        path = tmp_path / folder / listed.cases.cases[0].mask
        return dict(zip(*np.unique(array_view(read_labels(path)), return_counts=True), strict=True))

    whole = int(np.prod(SHAPE))
    assert values("a") == {0: whole - 24, 1: 24}
    assert values("b", physiological=True) == {0: whole - 28, 1: 24, 2: 4}


def test_scores_come_from_a_difficulty_table_and_missing_ones_are_said(made, tmp_path):
    scores = {"C0001": 0.25, "C0002": 3.0}
    table = given_table(
        "hard", "Hard", scores, hard_when="high", source="a list", missing={}, outside={}, quarantined={}
    )
    options = FreezeOptions(about=AboutCases(difficulty=table, training_data="six phantoms"))
    frozen = freeze_cases(made, tmp_path / "out", split="main", options=options)
    assert [case.score for case in frozen.cases.cases] == [0.25, 3.0, None, None]
    assert frozen.cases.difficulty == {"measurer": "hard", "evidence_sha256": table.evidence_sha256}
    assert ["C0003" in caution.what for caution in frozen.cautions] == [True]
    assert frozen.cases.training_data == "six phantoms"


def test_masks_of_voxels_above_a_threshold_are_a_caution(made, tmp_path):
    partial = replace(mask(study(1)), valid_for="suv >= 4")
    version = made.add_mask("C0001", partial, origin="imported", author="GW")
    made.set_reference("C0001", version.id, author="GW")
    made.review("C0001", status="accepted", reader="GW", mask_id=version.id)
    (caution,) = freeze_cases(made, tmp_path / "out", split="main").cautions
    assert (caution.code, caution.where) == ("masks-above-threshold", "C0001")


def test_an_unknown_fold_and_a_split_without_cases_to_train_with_are_refused(made, tmp_path):
    with pytest.raises(UsageError, match="fold 1"):
        freeze_cases(made, tmp_path / "out", split="main", fold=1)
    for case in ("C0001", "C0002", "C0003"):
        made.review(case, status="unusable", reader="GW")
    with pytest.raises(Refusal, match="reviewed as unusable: C0001"):
        freeze_cases(made, tmp_path / "out", split="main")
    assert not (tmp_path / "out").exists()


def test_a_cohort_that_nobody_reviewed_is_refused_with_both_ways_out(made, tmp_path):
    for number in (5, 6):
        reviewed(made, f"C000{number}", number, status=None)
    made.save_split("new", Split(folds=(Fold(train=("C0005", "C0006"), validation=("C0004",)),)))
    with pytest.raises(Refusal, match="nobody reviewed its reference: C0005, C0006") as refused:
        freeze_cases(made, tmp_path / "out", split="new")
    assert "review-status" in refused.value.remedy and "--unreviewed" in refused.value.remedy


# Self-training


def test_a_sure_prediction_of_an_unreviewed_case_is_admitted_with_its_weight(made, tmp_path):
    predicted(made, "C0005", 5, 0.95)
    predicted(made, "C0006", 6, 0.6)
    options = FreezeOptions(pseudo=PseudoOptions(model="net@1", weight=0.3))
    listed = freeze_cases(made, tmp_path / "out", split="main", options=options).cases
    (pseudo,) = [case for case in listed.cases if case.origin == "pseudo"]
    assert (pseudo.case_id, pseudo.role, pseudo.weight) == ("C0005", "train", 0.3)
    assert pseudo.confidence == pytest.approx(0.95)
    assert listed.left_out == {"C0006": "confidence 0.60 of the mask by net@1, below 0.8"}


def test_a_reviewed_case_is_never_trained_with_a_predicted_mask(made, tmp_path):
    predicted(made, "C0001", 1, 0.99, (slice(0, 1), slice(0, 1), slice(0, 1)))
    made.review("C0001", status="flagged", reader="GW")
    options = FreezeOptions(pseudo=PseudoOptions(model="net@1"))
    listed = freeze_cases(made, tmp_path / "out", split="main", options=options).cases
    assert "C0001" in listed.left_out


def test_patients_who_are_validated_with_give_no_pseudo_labels(made, tmp_path):
    second = made.add_case(study(7, patient="PAT-00004"), source="test", pseudonym="later")
    assert second.patient_id == made.case("C0004").patient_id
    predicted(made, "later", 7, 0.99)
    options = FreezeOptions(pseudo=PseudoOptions(model="net@1"))
    listed = freeze_cases(made, tmp_path / "out", split="main", options=options).cases
    assert "later" not in {case.case_id for case in listed.cases}


def test_agreement_with_another_model_is_dice(made, tmp_path):
    predicted(made, "C0005", 5, 0.2)
    shifted = (slice(2, 4), slice(2, 5), slice(3, 7))  # 18 of 24 voxels in common: Dice 2 * 18 / 48
    predicted(made, "C0005", 5, 0.2, shifted, model="other@1")
    options = PseudoOptions(model="net@1", compared_with="other@1", min_confidence=0.7)
    listed = freeze_cases(made, tmp_path / "out", split="main", options=FreezeOptions(pseudo=options)).cases
    (pseudo,) = [case for case in listed.cases if case.origin == "pseudo"]
    assert pseudo.confidence == pytest.approx(0.75)


def test_a_mask_without_probabilities_is_not_weighed_by_them(made, tmp_path):
    made.add_mask("C0005", mask(study(5), model="suv4"), origin="predicted", author="GW")
    options = FreezeOptions(pseudo=PseudoOptions(model="suv4"))
    left_out = freeze_cases(made, tmp_path / "out", split="main", options=options).cases.left_out
    assert left_out["C0005"] == "suv4 gives no probabilities; compare with another model"
    with pytest.raises(UsageError, match="net@2"):
        freeze_cases(made, tmp_path / "b", split="main", options=FreezeOptions(pseudo=PseudoOptions(model="net@2")))


def test_confidence_is_the_lower_of_inside_and_around_within_the_margin():
    found = mask(study(1))
    probability = np.full(SHAPE, 0.9, np.float32)  # far away: must not count
    probability[1:5, 1:6, 1:7] = 0.4  # one voxel (2 mm) around the box
    probability[HOT] = 0.8
    weighed = replace(found, probability=image_of(probability))
    assert probability_confidence(weighed, 2.0) == pytest.approx(0.6)
    probability[1:5, 1:6, 1:7] = 0.1
    probability[HOT] = 0.8
    assert probability_confidence(weighed, 2.0) == pytest.approx(0.6)  # the image is a copy
    weighed = replace(found, probability=image_of(probability))
    assert probability_confidence(weighed, 2.0) == pytest.approx(0.8)


def test_an_empty_mask_is_as_sure_as_the_largest_probability_is_low():
    nothing = mask(study(1), (slice(0, 0),) * 3, kinds={})
    weighed = replace(nothing, lesions=(), probability=image_of(np.full(SHAPE, 0.3, np.float32)))
    assert probability_confidence(weighed, 10.0) == pytest.approx(0.7)
