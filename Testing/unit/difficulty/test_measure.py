"""A registry measured: who is ranked, what each family finds in it, what is cached and when it is made again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from builders_difficulty import add_prediction, box_case
from builders_volume import segmentation_of, study_of
from CLIPSLib.cases import Registry
from CLIPSLib.difficulty import (
    AUTOPET,
    MeasureSettings,
    UptakeOptions,
    acquisitions,
    list_measurers,
    measure_difficulties,
    measure_difficulty,
)
from CLIPSLib.difficulty.families import uptake
from CLIPSLib.errors import Cancelled, Question, UsageError
from CLIPSLib.imaging import array_view, image_like
from CLIPSLib.progress import RecordingReporter


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "cases") as made:
        yield made


@pytest.fixture
def four(registry):
    """A large lesion, a small one, two lesions, and a case without any."""
    return (
        box_case(registry, 1, (8, 8.0)),  # 64 mL
        box_case(registry, 2, (2, 3.0)),  # 1 mL
        box_case(registry, 3, (4, 8.0), (2, 5.0)),  # 9 mL
        box_case(registry, 4),
    )


def test_a_table_says_what_is_hard_and_what_it_rests_on(registry, four):
    large, small, two, empty = four
    table = measure_difficulty(registry, "tmtv")
    assert table.values == pytest.approx({large: 64.0, small: 1.0, two: 9.0})
    assert sorted(table.scores, key=table.scores.get) == [large, two, small]
    assert table.outside == {empty: "the reference mask is empty"}
    assert (table.unit, table.hard_when, table.scored_on) == ("mL", "low", "current reference masks on their PET")
    assert set(table.evidence) == {large, small, two}
    assert table.options["connectivity"] == 18


def test_every_measurer_measures_a_registry_or_says_why_not(registry, four):
    add_prediction(registry, four[0], 4.0)
    names = [measurer.name for measurer in list_measurers()]
    tables = measure_difficulties(registry, names)
    assert list(tables) == names
    for table in tables.values():
        assert set(table.scores) == set(four[:3])
        assert set(table.missing) == {case for case, score in table.scores.items() if score is None}


def test_a_case_without_reference_is_missing_and_one_called_unusable_is_quarantined(registry, four):

    suv = array_view(registry.read_study(four[0]).pet) + 0.01
    bare = registry.add_case(
        study_of(suv, spacing_xyz=(5, 5, 5), identity={"pet_series_uid": "9"}), source="test"
    ).case_id
    registry.review(four[1], status="unusable", reader="Bob")
    table = measure_difficulty(registry, "tmtv", settings=MeasureSettings(quarantine={four[2]: "SUV wrong"}))
    assert table.missing == {bare: "the case has no reference mask"}
    assert table.quarantined == {four[1]: "reviewed as unusable", four[2]: "SUV wrong"}
    assert set(table.scores) == {four[0], bare}


def test_only_the_cases_of_a_fold_are_measured(registry, four):
    table = measure_difficulty(registry, "tmtv", settings=MeasureSettings(cases=(four[0], four[3])))
    assert (set(table.scores), set(table.outside)) == ({four[0]}, {four[3]})
    with pytest.raises(UsageError, match="There is no case 'nobody'"):
        measure_difficulty(registry, "tmtv", settings=MeasureSettings(cases=("nobody",)))


def test_the_same_evidence_is_not_measured_again(registry, four, monkeypatch):
    first = measure_difficulty(registry, "suv_max")
    monkeypatch.setattr(uptake, "_measure", lambda *_: pytest.fail("measured again"))
    again = measure_difficulty(registry, "suv_max")
    assert replace(again, created_utc=first.created_utc) == first


def test_another_reference_or_another_option_is_other_evidence(registry, four):
    first = measure_difficulty(registry, "tmtv")
    other = measure_difficulty(registry, "tmtv", settings=MeasureSettings(uptake=UptakeOptions(min_lesion_ml=2.0)))
    assert other.evidence_sha256 != first.evidence_sha256
    mask = add_prediction(registry, four[0], 0.9)
    registry.set_reference(four[0], mask, author="Ann")
    changed = measure_difficulty(registry, "tmtv")
    assert changed.evidence[four[0]] != first.evidence[four[0]]
    assert changed.evidence[four[1]] == first.evidence[four[1]]
    assert changed.values[four[0]] > first.values[four[0]]


def test_cancelling_stops_between_cases(registry, four):
    with pytest.raises(Cancelled):
        measure_difficulty(registry, "tmtv", reporter=RecordingReporter(cancel_after=1))


def test_a_case_that_cannot_be_read_is_missing_and_the_others_are_measured(registry, four):
    registry.files(four[0]).pet.unlink()
    reporter = RecordingReporter()
    table = measure_difficulty(registry, "suv_max", reporter=reporter)
    assert table.scores[four[0]] is None
    assert table.missing[four[0]]
    assert table.scores[four[1]] is not None
    assert [caution.code for caution in reporter.cautions] == ["not-measured"]


def test_physiological_segments_of_the_reference_are_the_organs(registry):
    case = box_case(registry, 1, (4, 8.0), (4, 6.0))
    study = registry.read_study(case)
    labels = array_view(registry.read_mask(registry.reference(case).id).labels)
    tagged = segmentation_of(labels, study, kinds={1: "tumor", 2: "physiological"})
    mask = registry.add_mask(case, tagged, origin="corrected", author="Ann", parent=registry.reference(case).id)
    registry.set_reference(case, mask.id, author="Ann")
    tables = measure_difficulties(registry, ["organ_distance", "lesion_count"])
    assert tables["organ_distance"].values[case] == pytest.approx(12 * 5.0)  # from z index 5 to 17
    assert tables["lesion_count"].values[case] == 1


def test_organ_masks_from_elsewhere_are_used_where_they_fit(registry, four, tmp_path):
    large, small, *_ = four
    pet = registry.read_study(large).pet
    organ = np.zeros(array_view(pet).shape, dtype=np.uint8)
    organ[14, 4:12, 4:12] = 3  # 5 slices of 5 mm above the last of the lesion, z = 9
    sitk.WriteImage(image_like(organ, pet), str(tmp_path / f"{large}.nii.gz"))
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkUInt8), str(tmp_path / f"{small}.nii.gz"))
    with_organs = MeasureSettings(organs=str(tmp_path))
    table = measure_difficulty(registry, "organ_distance", settings=with_organs)
    assert table.values[large] == pytest.approx(25.0)
    assert table.missing[small] == "The organ mask is not on the grid of the case's PET"
    assert measure_difficulty(registry, "organ_distance").scores[large] is None
    absent = measure_difficulty(registry, "organ_distance", settings=MeasureSettings(organs=str(tmp_path / "no")))
    assert absent.missing[large] == "There is no such folder of organ masks"


def test_a_reference_that_holds_only_above_a_threshold_is_measured_only_there(registry, four):
    case = four[1]  # a lesion of SUV 3
    study = registry.read_study(case)
    labels = array_view(registry.read_mask(registry.reference(case).id).labels)
    mask = registry.add_mask(
        case, segmentation_of(labels, study, valid_for="suv >= 4"), origin="imported", author="program"
    )
    registry.set_reference(case, mask.id, author="Ann")
    assert "may be measured only where suv >= 4" in measure_difficulty(registry, "tmtv").missing[case]


def test_the_teacher_is_judged_against_the_reference(registry, four):
    large, small, two, _ = four
    for case in (large, small, two):
        add_prediction(registry, case, 4.0)  # finds all but the faint small lesion
    tables = measure_difficulties(registry, ["teacher", "teacher_dice", "teacher_missed", "teacher_false_positive"])
    assert tables["teacher_dice"].values == pytest.approx({large: 0.0, small: 1.0, two: 0.0})
    assert tables["teacher_missed"].values == pytest.approx({large: 0.0, small: 1.0, two: 0.0})
    assert tables["teacher_false_positive"].values == pytest.approx({large: 0.0, small: 0.0, two: 0.0})
    # percentiles of (0, 1, 0): 1/2, 1, 1/2; of (0, 0, 0): 2/3 each
    assert tables["teacher"].values == pytest.approx({large: 5 / 9, small: 8 / 9, two: 5 / 9})
    assert tables["teacher"].scored_on == "masks predicted by 'suv' against the current reference masks"


def test_a_reference_made_from_the_teachers_own_mask_is_remarked(registry, four):
    large, small, two, _ = four
    for case in (large, small, two):
        add_prediction(registry, case, 4.0)
    registry.set_reference(large, registry.masks(large)[-1].id, author="Ann")  # accepted as it was
    tables = measure_difficulties(registry, ["teacher", "teacher_dice"])
    for table in tables.values():
        assert set(table.remarks) == {large} and "made from a mask of this model" in table.remarks[large]


def test_a_part_that_the_teacher_lacks_is_named(registry, four):
    for case in four[:3]:
        add_prediction(registry, case, 4.0)
    above = MeasureSettings(evaluation=replace(AUTOPET, suv_threshold=4.0))  # the faint lesion is not compared
    tables = measure_difficulties(registry, ["teacher", "teacher_dice"], settings=above)
    assert tables["teacher_dice"].missing == {four[1]: "the reference is empty, and so is the prediction"}
    assert tables["teacher"].values[four[1]] == pytest.approx(2 / 3)  # all three have no false positive volume
    assert tables["teacher"].remarks == {four[1]: "mean of the others, without teacher_dice, teacher_missed"}


def test_the_latest_mask_of_the_named_teacher_counts(registry, four):
    with pytest.raises(UsageError, match="no model has predicted any mask"):
        measure_difficulty(registry, "teacher")
    add_prediction(registry, four[0], 100.0)
    add_prediction(registry, four[0], 4.0)
    add_prediction(registry, four[0], 0.9, model="other")
    with pytest.raises(Question, match="other, suv"):
        measure_difficulty(registry, "teacher_dice")
    table = measure_difficulty(registry, "teacher_dice", settings=MeasureSettings(teacher="suv"))
    assert table.values[four[0]] == pytest.approx(0.0)
    assert table.missing[four[1]] == "the case has no mask predicted by 'suv'"


def test_disagreement_of_versions_needs_no_reference_and_takes_the_latest_of_each(registry, four):
    large = four[0]
    add_prediction(registry, large, 4.0, model="a")
    add_prediction(registry, large, 100.0, model="b")
    settings = MeasureSettings(among="models")
    tables = measure_difficulties(registry, ["disagreement", "volume_variation"], settings=settings)
    assert tables["disagreement"].values[large] == pytest.approx(1.0)
    assert tables["disagreement"].missing[four[1]] == "fewer than 2 masks to compare (models)"
    assert tables["volume_variation"].values[large] == pytest.approx(2**0.5)  # 64 and 0 mL: SD 45.25, mean 32
    everybody = measure_difficulty(registry, "disagreement")
    assert everybody.values[large] == pytest.approx(1 - (1 + 0 + 0) / 3)  # a agrees with Ann
    assert everybody.remarks[large] == "3 masks"
    add_prediction(registry, large, 4.0, model="b")
    assert measure_difficulty(registry, "disagreement", settings=settings).values[large] == pytest.approx(0.0)


def test_effort_of_a_correction_against_what_was_proposed(registry, four):
    large = four[0]
    proposed = add_prediction(registry, large, 0.9)  # the whole image: 24000 voxels of 0.125 mL
    once = registry.add_mask(
        large, registry.read_mask(registry.masks(large)[0].id), origin="corrected", author="Bob", parent=proposed
    )
    registry.review(large, status="corrected", reader="Bob", mask_id=once.id, active_s=240, edit_count=12)
    registry.review(large, status="accepted", reader="Bob", mask_id=once.id, active_s=60)
    registry.review(large, status="accepted", reader="Eve", mask_id=once.id, active_s=60)
    registry.review(four[1], status="accepted", reader="Bob", active_s=30)
    names = ["effort_minutes", "effort_edits", "effort_change", "effort_added", "effort_removed"]
    tables = measure_difficulties(registry, names)
    assert tables["effort_minutes"].values[large] == pytest.approx((5 + 1) / 2)
    assert tables["effort_edits"].values[large] == pytest.approx(6.0)
    assert tables["effort_change"].values[large] == pytest.approx(1 - 2 * 512 / (512 + 23999), abs=1e-3)
    assert tables["effort_added"].values[large] == 0.0
    assert tables["effort_removed"].values[large] > 2900
    assert tables["effort_change"].values[four[1]] == 0.0
    assert tables["effort_minutes"].missing[four[2]] == "nobody has reviewed the case"


def test_a_single_rating_counts_as_it_is(registry, four):
    registry.rate(four[0], rater="Ann", score=2)
    registry.rate(four[0], rater="Ann", score=4)
    table = measure_difficulty(registry, "rating")
    assert (table.values[four[0]], table.remarks[four[0]]) == (4.0, "1 rater")
    assert table.missing[four[1]] == "nobody has rated the case"


def test_raters_who_do_not_agree_are_a_caution(registry, four):
    for case, first, second in zip(four[:3], (1, 3, 5), (5, 3, 1), strict=True):
        registry.rate(case, rater="Ann", score=first)
        registry.rate(case, rater="Bob", score=second)
    reporter = RecordingReporter()
    measure_difficulty(registry, "rating", reporter=reporter)
    assert [caution.code for caution in reporter.cautions] == ["raters-disagree"]


def test_a_damaged_cache_is_made_again(registry, four):
    first = measure_difficulty(registry, "suv_max")
    for path in (registry.folder / "difficulty-cache").iterdir():
        path.write_text("{")
    assert measure_difficulty(registry, "suv_max").values == first.values


def test_how_a_case_was_acquired_is_for_strata_only(registry, four):
    found = acquisitions(registry, [four[0]])[four[0]]
    assert (found.voxel_ml, found.slice_mm) == (pytest.approx(0.125), pytest.approx(5.0))
    assert "acquisition" not in {measurer.name for measurer in list_measurers()}


def test_an_unknown_measurer_is_named_with_those_there_are(registry):
    with pytest.raises(UsageError, match="There is no measurer 'size'; there are: tmtv, lesion_count"):
        measure_difficulty(registry, "size")
