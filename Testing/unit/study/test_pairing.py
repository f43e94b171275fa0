"""Which CT goes with the PET, and why."""

import pytest
from builders_dicom import write_series
from CLIPSLib.errors import Question, Refusal, UsageError
from CLIPSLib.study import choose_candidate, find_studies

COVERING = {"rows": 20, "columns": 20, "slices": 12, "spacing": (2.0, 2.0, 3.0), "origin": (-20.0, -18.0, 98.0)}


def write_pet(folder):
    write_series(folder / "pet")


def write_ct(folder, series="1", **changes):
    write_series(folder / f"ct{series}", "CT", series=series, **{**COVERING, **changes})


def paired(folder, **named):
    (candidate,) = find_studies(folder, **named).candidates
    return candidate


def codes(candidate):
    return [caution.code for caution in candidate.cautions]


def test_the_ct_of_the_same_frame_of_reference_wins_with_its_reasons(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path, "1", SeriesDescription="other frame", FrameOfReferenceUID="1.2.3")
    write_ct(tmp_path, "2", SeriesDescription="hardware registered")
    candidate = paired(tmp_path)
    assert candidate.ct.description == "hardware registered"
    assert candidate.ct_alternatives[0].reasons[0] == "same frame of reference (+100.0)"
    assert codes(candidate) == []


def test_the_points_of_the_reasons_add_up_to_the_score(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path)
    (choice,) = paired(tmp_path).ct_alternatives
    points = [float(reason.rsplit("(", 1)[1].rstrip(")")) for reason in choice.reasons]
    assert sum(points) == pytest.approx(choice.score, abs=0.05 * len(points))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}),
        ({"ConvolutionKernel": "STANDARD"}, {"ConvolutionKernel": "LUNG"}),
        ({"slices": 12}, {"slices": 6}),
        ({"SeriesTime": "105500"}, {"SeriesTime": "093000"}),
        ({}, {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}),
        ({}, {"LossyImageCompression": "01"}),
    ],
)
def test_what_makes_a_ct_better(tmp_path, better, worse):
    write_pet(tmp_path)
    write_ct(tmp_path, "1", SeriesDescription="worse", **worse)
    write_ct(tmp_path, "2", SeriesDescription="better", **better)
    assert paired(tmp_path).ct.description == "better"


def test_an_unregistered_ct_of_the_same_study_is_taken_with_a_caution(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path, FrameOfReferenceUID="1.2.3")
    assert codes(paired(tmp_path)) == ["not-registered"]


@pytest.mark.parametrize(("pet_frame", "ct_frame", "whose"), [("", "", "PET and CT"), ("1.2.3", "", "the CT")])
def test_a_missing_frame_of_reference_is_called_missing_and_not_different(tmp_path, pet_frame, ct_frame, whose):
    write_series(tmp_path / "pet", FrameOfReferenceUID=pet_frame)
    write_ct(tmp_path, FrameOfReferenceUID=ct_frame)
    (caution,) = paired(tmp_path).cautions
    assert caution.code == "frame-unknown" and f"of {whose} is missing" in caution.what


def test_a_ct_of_another_study_without_frame_of_reference_is_left_out_for_what_is_missing(tmp_path):
    write_series(tmp_path / "pet", FrameOfReferenceUID="")
    write_ct(tmp_path, FrameOfReferenceUID="", StudyInstanceUID="1.2.3.4")
    assert (
        "a frame of reference (0020,0052) is missing, and it is of another study" in paired(tmp_path).cautions[0].what
    )


def test_a_ct_that_misses_part_of_the_pet_is_taken_with_a_caution(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path, slices=7)  # 98 to 116 mm of 100 to 125 mm
    assert codes(paired(tmp_path)) == ["ct-coverage"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PatientID": "P2"}, "PatientID"),
        ({"origin": (-20.0, -18.0, 600.0)}, "covers 0 %"),
        ({"FrameOfReferenceUID": "1.2.3", "slices": 7}, "another frame of reference"),
        ({"RescaleSlope": None}, "RescaleSlope"),
    ],
)
def test_a_ct_that_does_not_fit_leaves_a_pet_only_study_that_says_why(tmp_path, changes, reason):
    write_pet(tmp_path)
    write_ct(tmp_path, **changes)
    candidate = paired(tmp_path)
    assert candidate.ct is None
    assert candidate.usable
    (caution,) = candidate.cautions
    assert (caution.code, reason in caution.what) == ("no-ct", True)


def test_equal_cts_are_asked_for_and_can_be_named(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path, "1")
    write_ct(tmp_path, "2")
    candidate = paired(tmp_path)
    (question,) = candidate.questions
    assert question.key == "ct_series"
    assert len(question.choices) == 2
    named = paired(tmp_path, ct_series=question.choices[1])
    assert named.ct.series_uid == question.choices[1]
    assert named.usable


def test_the_user_can_do_without_ct(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path)
    candidate = paired(tmp_path, ct_series="none")
    assert candidate.ct is None
    assert "as the user asked" in candidate.cautions[0].what


def test_a_named_ct_of_another_patient_is_refused(tmp_path):
    write_pet(tmp_path)
    write_ct(tmp_path, PatientID="P2")
    uid = find_studies(tmp_path).skipped[0].series_uid
    with pytest.raises(Refusal, match="PatientID"):
        raise paired(tmp_path, ct_series=uid).refusals[0]


def test_a_named_series_that_is_not_there_is_a_usage_error(tmp_path):
    write_pet(tmp_path)
    with pytest.raises(UsageError, match="Volumes there: none"):
        find_studies(tmp_path, ct_series="1.2.3")


def test_two_usable_pets_are_asked_for_and_can_be_named(tmp_path):
    write_series(tmp_path / "a", series="1", SeriesDescription="PET EARL")
    write_series(tmp_path / "b", series="2", SeriesDescription="PET PSF")
    with pytest.raises(Question, match=r"PET EARL.*PET PSF") as question:
        choose_candidate(find_studies(tmp_path))
    assert question.value.key == "pet_series"
    named = find_studies(tmp_path, answers={"pet_series": question.value.choices[1]})
    assert choose_candidate(named).pet.series_uid == question.value.choices[1]


def test_the_corrected_of_two_reconstructions_needs_no_question(tmp_path):
    write_series(tmp_path / "a", series="1", SeriesDescription="PET AC")
    write_series(tmp_path / "b", series="2", SeriesDescription="PET NAC", CorrectedImage=["DECY"])
    found = find_studies(tmp_path)
    assert choose_candidate(found).pet.description == "PET AC"
    assert len(found.problems) == 1
