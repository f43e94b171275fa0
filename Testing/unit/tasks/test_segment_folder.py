"""The main job on folders of DICOM files: what is written, what survives trouble, what is kept."""

from __future__ import annotations

import csv
import errno
import gzip
import json

import builders_phantom
import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError
from CLIPSLib.imaging import same_grid
from CLIPSLib.phantom import read_truth
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks import SegmentRequest, segment, segment_folder

RESULT_FILES = {
    "labels.nii.gz",
    "lesions.seg.nrrd",
    "lesions.csv",
    "measures.json",
    "report.html",
    "segmentation.json",
    "study.json",
}


def test_one_study_gives_one_folder_with_every_format_and_a_summary(small_phantom, tmp_path):
    (outcome,) = segment_folder(small_phantom, tmp_path / "out", SegmentRequest())

    assert outcome.state == "done"
    assert {file.name for file in outcome.folder.iterdir()} == RESULT_FILES
    (row,) = csv.DictReader((tmp_path / "out" / "summary.csv").open(encoding="utf-8-sig"))
    assert row["case"] == outcome.case
    assert float(row["tmtv_ml"]) == pytest.approx(outcome.measures.patient.tmtv_ml, abs=0.01)


@pytest.mark.parametrize("vendor", ["siemens", "ge", "philips"])
@pytest.mark.parametrize("orientation", ["head-first", "feet-first", "flipped"])
def test_threshold_truth_is_recovered_exactly_through_dicom_suv_and_segments(vendor, orientation, tmp_path):
    """The phantom counts its voxels at SUV >= 4 by its own arithmetic, before and apart from everything tested here."""
    folder = builders_phantom.make(tmp_path / "study", vendor=vendor, orientation=orientation, noise=False)

    (everything,) = segment_folder(folder, tmp_path / "all", SegmentRequest(options={"min_volume_ml": 0}))
    (preselected,) = segment_folder(folder, tmp_path / "default", SegmentRequest())

    truth = read_truth(folder).threshold(4.0)
    mask = sitk.ReadImage(str(everything.folder / "labels.nii.gz")) > 0
    expected = read_truth(folder).threshold_labels(4.0) > 0
    assert same_grid(mask, expected)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(mask), sitk.GetArrayViewFromImage(expected))
    assert everything.measures.patient.lesion_count == truth.component_count
    assert everything.measures.patient.tmtv_ml == pytest.approx(truth.volume_ml, rel=1e-9)
    assert preselected.measures.patient.lesion_count == truth.preselected_component_count
    assert preselected.measures.patient.tmtv_ml == pytest.approx(truth.preselected_volume_ml, rel=1e-9)


def test_a_bad_study_does_not_stop_the_others_and_junk_is_ignored(tmp_path):
    source = tmp_path / "patients"
    builders_phantom.make(source / "a", seed=1)
    refused = builders_phantom.make(source / "b", seed=2)
    builders_phantom.edit_pet(refused, Units="PROPCPS")
    asking = builders_phantom.make(source / "c", seed=3)
    builders_phantom.edit_pet(asking, PatientWeight=None)
    (source / "notes.txt").write_text("not DICOM")
    (source / "a" / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"junk")

    outcomes = segment_folder(source, tmp_path / "out", SegmentRequest())

    assert sorted(outcome.state for outcome in outcomes) == ["done", "question", "refused"]
    by_state = {outcome.state: outcome for outcome in outcomes}
    assert "PROPCPS" in str(by_state["refused"].error)
    assert by_state["question"].error.key == "weight_kg"
    rows = list(csv.DictReader((tmp_path / "out" / "summary.csv").open(encoding="utf-8-sig")))
    assert sorted(row["state"] for row in rows) == ["done", "question", "refused"]


def test_a_second_run_keeps_what_is_there_and_overwrite_replaces_it(small_phantom, tmp_path):
    (first,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    note = first.folder / "my-notes.txt"
    note.write_text("reviewed by Dr. A")

    (kept,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    assert (kept.state, note.exists()) == ("kept", True)
    assert kept.measures == first.measures  # also in summary.csv, which is written anew

    (again,) = segment_folder(small_phantom, tmp_path, SegmentRequest(model="suv2.5", overwrite=True))
    assert again.state == "done"
    assert again.measures.patient.tmtv_ml > first.measures.patient.tmtv_ml


@pytest.mark.parametrize(
    "other", [{"model": "suv2.5"}, {"options": {"min_volume_ml": 1}}, {"ct_series": "none"}, {"answers": {"sex": "F"}}]
)
@pytest.mark.parametrize("order", ["default first", "default second"])
def test_a_result_of_another_request_is_not_passed_off_as_this_one(order, other, small_phantom, tmp_path):
    first, second = (SegmentRequest(), SegmentRequest(**other))
    if order == "default second":
        first, second = second, first
    segment_folder(small_phantom, tmp_path, first)
    (outcome,) = segment_folder(small_phantom, tmp_path, second)
    assert (outcome.state, outcome.error.code) == ("refused", "other-result")


@pytest.mark.parametrize("options", [{"threshold": "abc"}, {"threshold": -1}, {"nope": 1}])
def test_a_wrong_option_is_an_error_before_any_work(options, tmp_path):
    with pytest.raises(UsageError):
        segment_folder(tmp_path / "absent", tmp_path, SegmentRequest(options=options))


def test_overwriting_leaves_other_files_of_the_case_and_refuses_over_corrected_segments(small_phantom, tmp_path):
    (first,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    (first.folder / "my-notes.txt").write_text("reviewed by Dr. A")
    segment_folder(small_phantom, tmp_path, SegmentRequest(overwrite=True))
    assert (first.folder / "my-notes.txt").exists()

    segments = first.folder / "lesions.seg.nrrd"  # where Slicer saves by default
    segments.write_bytes(segments.read_bytes() + b"corrected")
    (refused,) = segment_folder(small_phantom, tmp_path, SegmentRequest(overwrite=True))
    assert (refused.state, refused.error.code) == ("refused", "corrected")
    (kept,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    assert [caution.code for caution in kept.cautions] == ["corrected"]
    assert segments.read_bytes().endswith(b"corrected")


def test_named_and_anonymous_results_never_share_a_folder(small_phantom, tmp_path):
    """Equal volumes in neighboring rows of the summary would tell who is who."""
    segment_folder(small_phantom, tmp_path, SegmentRequest())
    with pytest.raises(Refusal, match="who is who"):
        segment_folder(small_phantom, tmp_path, SegmentRequest(anonymous=True))


def test_measures_edited_by_hand_are_not_taken_for_the_result(small_phantom, tmp_path):
    (first,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    measures = first.folder / "measures.json"
    measures.write_text(measures.read_text().replace('"tmtv_ml": ', '"tmtv_ml": 9'))
    (outcome,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    assert (outcome.state, outcome.error.code) == ("failed", "damaged-result")


def test_a_missing_report_is_written_again(small_phantom, tmp_path):
    (first,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    (first.folder / "report.html").unlink()
    (kept,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    assert (kept.state, (first.folder / "report.html").exists()) == ("kept", True)


def test_two_runs_over_different_patients_share_one_summary(tmp_path):
    for seed in (1, 2):
        segment_folder(builders_phantom.make(tmp_path / f"p{seed}", seed=seed), tmp_path / "out", SegmentRequest())
    rows = list(csv.DictReader((tmp_path / "out" / "summary.csv").open(encoding="utf-8-sig")))
    assert [row["state"] for row in rows] == ["done", "done"]


def test_a_run_that_comes_second_to_a_finished_study_keeps_it(small_phantom, tmp_path, monkeypatch):
    """Two instances at once: while this one segments, the other one has written the result."""
    real = segment.make_result

    def after_the_other(study, folder, request, reporter):
        monkeypatch.setattr(segment, "make_result", real)
        segment_folder(small_phantom, tmp_path, SegmentRequest())
        return real(study, folder, request, reporter)

    monkeypatch.setattr(segment, "make_result", after_the_other)
    (outcome,) = segment_folder(small_phantom, tmp_path, SegmentRequest())
    assert outcome.state == "kept"


def test_a_folder_that_cannot_be_written_to_is_said_before_any_work(small_phantom, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Failure, match="Cannot write"):
        segment_folder(small_phantom, tmp_path / "file", SegmentRequest())


def test_a_cancelled_run_leaves_no_half_result(small_phantom, tmp_path):
    checks = 0
    while True:  # cancel at the first check, the second, ... until the run has no more checks
        try:
            segment_folder(small_phantom, tmp_path, SegmentRequest(), reporter=RecordingReporter(cancel_after=checks))
            break
        except Cancelled:
            assert _left_in(tmp_path) in (set(), {"summary.csv"})
            checks += 1
    assert checks > 3


def test_a_full_disk_fails_with_its_sentence_and_leaves_nothing(small_phantom, tmp_path, monkeypatch):
    def no_space(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("CLIPSLib.tasks.study_result.write_report", no_space)
    (outcome,) = segment_folder(small_phantom, tmp_path, SegmentRequest())

    assert (outcome.state, outcome.error.code) == ("failed", "disk-full")
    assert _left_in(tmp_path) == {"summary.csv"}


def test_anonymous_results_hold_no_name_id_date_or_uid(small_phantom, tmp_path):
    (outcome,) = segment_folder(small_phantom, tmp_path, SegmentRequest(anonymous=True, save_images=True))

    identity = outcome.identity
    personal = [
        identity.patient_id,
        identity.patient_name,
        identity.patient_name.split("^")[0],
        identity.birth_date,
        identity.study_date,
        identity.study_uid,
        identity.pet_series_uid,
        identity.frame_of_reference_uid,
        str(small_phantom),
    ]
    assert all(personal)
    for file in tmp_path.rglob("*"):
        content = _readable(file) if file.is_file() else b""
        found = [text for text in personal if text.encode() in content or text in file.name]
        assert not found, f"{file.name} holds {found}"


def test_an_anonymous_summary_does_not_tell_the_patient_by_the_reason_of_a_refusal(tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None, SeriesDescription="PET of Jane Doe")
    segment_folder(folder, tmp_path / "out", SegmentRequest(anonymous=True))
    text = (tmp_path / "out" / "summary.csv").read_text()
    assert "weight-missing" in text
    assert "Jane" not in text


def test_a_folder_without_pet_is_refused_with_what_was_seen(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(Refusal, match="No PET series"):
        segment_folder(tmp_path, tmp_path / "out", SegmentRequest())


def test_an_unknown_model_is_refused_before_any_work(tmp_path):
    with pytest.raises(UsageError, match="suv4"):
        segment_folder(tmp_path / "absent", tmp_path, SegmentRequest(model="no-such-model"))


def test_typed_answers_are_marked_in_the_result(tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None)
    (outcome,) = segment_folder(folder, tmp_path / "out", SegmentRequest(answers={"weight_kg": 72.0}))

    document = json.loads((outcome.folder / "study.json").read_text())
    assert document["identity"]["user_entered"] == ["weight_kg"]
    assert "entered by the user" in (outcome.folder / "report.html").read_text()


def test_the_liver_sphere_is_an_answer_for_the_segmenter_and_not_for_the_reader(small_phantom, tmp_path):
    center = read_truth(small_phantom).liver_center_lps_mm
    request = SegmentRequest(model="percist", answers={"liver_center_lps_mm": list(center)})
    (outcome,) = segment_folder(small_phantom, tmp_path, request)
    assert outcome.state == "done"
    facts = json.loads((outcome.folder / "segmentation.json").read_text())["provenance"]
    assert facts["user_entered"] == ["liver_center_lps_mm"]


def _left_in(folder) -> set[str]:
    """What a run left, but for the lock file of the summary."""
    return {path.name for path in folder.iterdir()} - {".summary.lock"}


def _readable(file) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.name.endswith(".gz") else content
