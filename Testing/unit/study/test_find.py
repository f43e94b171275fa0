"""Folders to studies: what is offered, refused, asked, and what answers do."""

import pytest
from builders_dicom import write_series
from CLIPSLib.errors import Failure, Question, Refusal, UsageError
from CLIPSLib.study import find_studies, find_studies_in_steps, load_study


def test_a_typed_weight_is_marked_wherever_it_goes(tmp_path):
    write_series(tmp_path, PatientWeight=None)
    with pytest.raises(Question) as question:
        load_study(tmp_path)
    assert question.value.key == "weight_kg"
    assert "PET WB AC" in question.value.where
    study = load_study(tmp_path, answers={"weight_kg": 70})
    assert study.identity.user_entered == ("weight_kg",)
    assert study.identity.weight_kg == 70.0
    assert next(used for used in study.suv.inputs if used.name == "PatientWeight").source == "user-entered"
    assert study.suv.factor == pytest.approx(70000 / (370e6 * 2 ** (-3600 / 6586.2)))


@pytest.mark.parametrize("units", ["GML", "BQML"])
def test_typed_body_sizes_that_overrule_the_header_are_said_also_where_suv_needs_none(tmp_path, units):
    write_series(tmp_path, Units=units, PatientWeight="99", PatientSize="1.74", PatientSex="M")
    study = load_study(tmp_path, answers={"weight_kg": 72, "height_m": 1.6, "sex": "F"})
    assert (study.identity.weight_kg, study.identity.height_m, study.identity.sex) == (72.0, 1.6, "F")
    overruled = [caution for caution in study.cautions if caution.code == "header-overruled"]
    assert [caution.what.split(" = ")[0] for caution in overruled] == [
        "PatientWeight (0010,1030)",
        "PatientSize (0010,1020)",
        "PatientSex (0010,0040)",
    ]
    assert all("PET WB AC" in caution.where for caution in overruled)


def test_slices_that_contradict_each_other_are_refused_with_both_values(tmp_path):
    write_series(tmp_path, PatientWeight=lambda i: "70" if i else "17")
    with pytest.raises(Refusal, match=r"PatientWeight \(0010,1030\) is '17' in 0000\.dcm and '70' in 0001\.dcm"):
        load_study(tmp_path)


def test_no_pet_lists_what_was_found_instead(tmp_path):
    write_series(tmp_path / "mip", ImageType=["DERIVED", "SECONDARY", "MIP"], SeriesDescription="PET MIP")
    write_series(tmp_path / "a", series="2", CorrectedImage=["DECY"], SeriesDescription="PET NAC")
    write_series(tmp_path / "b", series="3", Units="CPS", SeriesDescription="PET raw")
    with pytest.raises(Refusal) as refusal:
        load_study(tmp_path)
    for part in ("'PET NAC': The series is not attenuation-corrected", "'CPS'", "'PET MIP' (6 files)"):
        assert part in refusal.value.what


def test_one_refused_series_is_refused_in_its_own_words(tmp_path):
    write_series(tmp_path, Units="CPS")
    with pytest.raises(Refusal, match=r"Units \(0054,1001\) is 'CPS'") as refusal:
        load_study(tmp_path)
    assert "PET WB AC" in refusal.value.where


def test_a_single_slice_is_left_out_with_the_reason(tmp_path):
    path = write_series(tmp_path)[0]
    found = find_studies([path])
    assert found.candidates == ()
    assert "only 1 slice of this orientation and size" in found.skipped[0].reason
    with pytest.raises(Refusal, match="only 1 slice of this orientation"):
        load_study(path)


def test_an_empty_folder_is_refused_and_a_missing_one_fails(tmp_path):
    with pytest.raises(Refusal, match="0 files, none of them a PET image"):
        load_study(tmp_path)
    with pytest.raises(Failure, match="does not exist"):
        load_study(tmp_path / "missing")


def test_several_patients_in_one_folder_are_several_candidates(tmp_path):
    for number in "123":
        patient = f"P{number}"
        write_series(tmp_path / patient / "pet", PatientID=patient, series=number)
        ct = {"slices": 12, "spacing": (2.0, 2.0, 3.0), "origin": (-20.0, -18.0, 98.0)}
        write_series(tmp_path / patient / "ct", "CT", PatientID=patient, series=number, **ct)
    found = find_studies(tmp_path)
    pairs = [(c.pet.patient_id, c.ct.patient_id) for c in found.candidates]
    assert pairs == [("P1", "P1"), ("P2", "P2"), ("P3", "P3")]


def test_an_answer_for_one_patient_never_reaches_another(tmp_path):
    for number in "12":
        write_series(tmp_path / number, PatientID=f"P{number}", series=number, PatientWeight=None)
    with pytest.raises(UsageError, match="weight_kg belongs to one patient"):
        find_studies(tmp_path, answers={"weight_kg": 70})
    assert len(find_studies(tmp_path, answers={"convert_undecayed": "yes"}).candidates) == 2


@pytest.mark.parametrize(
    "answer", [{"weight_kg": 70}, {"dose_bq": 2e8}, {"injection_time": "1000"}, {"half_life_s": 6588}]
)
def test_an_answer_for_one_scan_never_reaches_the_next_of_the_same_patient(tmp_path, answer):
    write_series(tmp_path / "baseline", StudyInstanceUID="1.2.1", series="1", RadiopharmaceuticalStartTime=None)
    write_series(tmp_path / "follow-up", StudyInstanceUID="1.2.2", series="2")
    with pytest.raises(UsageError, match=f"{next(iter(answer))} belongs to one study"):
        find_studies(tmp_path, answers=answer)
    assert len(find_studies(tmp_path, answers={"height_m": 1.8}).candidates) == 2  # of the patient
    follow_up = next(c for c in find_studies(tmp_path).candidates if c.usable).pet.series_uid
    assert find_studies(tmp_path, answers=answer, pet_series=follow_up).candidates[0].usable


def test_damaged_files_beside_the_series_are_said(tmp_path):
    last = write_series(tmp_path)[-1]
    last.write_bytes(last.read_bytes()[:300])
    (candidate,) = find_studies(tmp_path).candidates
    assert {caution.code for caution in candidate.cautions} >= {"damaged-files", "slices-missing"}


def test_what_is_neither_pet_nor_ct_is_listed_with_its_reason(tmp_path):
    write_series(tmp_path / "pet")
    write_series(tmp_path / "mr", "MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4", SeriesDescription="T2")
    (skipped,) = find_studies(tmp_path).skipped
    assert (skipped.description, skipped.file_count, skipped.reason) == ("T2", 6, "modality MR is neither PT nor CT")


def test_cautions_of_the_factor_name_their_series(tmp_path):
    write_series(tmp_path, RadionuclideTotalDose="370")
    (candidate,) = find_studies(tmp_path).candidates
    caution = next(c for c in candidate.cautions if c.code == "dose-in-mbq")
    assert "370 was taken as MBq" in caution.what
    assert "PET WB AC" in caution.where


def test_single_files_are_a_study_like_their_folder(tmp_path):
    write_series(tmp_path / "pet")
    write_series(tmp_path / "other", series="9", SeriesDescription="Another")
    files = sorted((tmp_path / "pet").glob("*.dcm"))
    found = find_studies(files)
    assert [candidate.pet.series_uid for candidate in found.candidates] == [
        find_studies(tmp_path / "pet").candidates[0].pet.series_uid
    ]
    assert found.root == tmp_path / "pet" and found.file_count == len(files)


def test_step_by_step_finds_the_same_and_pauses_between_batches(tmp_path):
    files = [*write_series(tmp_path / "pet", series="1"), *write_series(tmp_path / "ct", "CT", series="2")]
    files[0].write_bytes(files[0].read_bytes()[:300])
    *pauses, found = find_studies_in_steps(files, batch=5)
    assert pauses == [None, None, None]  # 12 files
    assert found == find_studies(files)
