"""The verb "segment" of background jobs: from DICOM, and from images that a panel hands over."""

from __future__ import annotations

import json

import builders_phantom
import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Cancelled, Question, Refusal, UsageError
from CLIPSLib.formats import read_result, read_saved_study
from CLIPSLib.progress import SILENT, RecordingReporter
from CLIPSLib.study import load_study
from CLIPSLib.tasks.segment_job import run_job, save_study
from CLIPSLib.tasks.verbs import VERBS


@pytest.fixture(scope="session")
def saved_phantom(small_phantom, tmp_path_factory):
    """The small phantom as a panel would hand it over."""
    return save_study(load_study(small_phantom), tmp_path_factory.mktemp("saved") / "input")


def voxels(folder) -> np.ndarray:
    return sitk.GetArrayFromImage(read_result(folder).segmentation.labels)


def test_images_and_the_dicom_they_came_from_give_the_same_result(small_phantom, saved_phantom, tmp_path):
    (from_dicom,) = run_job({"path": str(small_phantom), "out": str(tmp_path / "a")}, SILENT)["cases"]
    (from_images,) = run_job({"images": str(saved_phantom), "out": str(tmp_path / "b")}, SILENT)["cases"]

    np.testing.assert_array_equal(voxels(from_images["folder"]), voxels(from_dicom["folder"]))
    assert from_images["patient"] == pytest.approx(from_dicom["patient"])
    assert (tmp_path / "b" / "report.html").is_file()


def test_a_study_handed_over_keeps_its_voxels_place_and_suv_audit_trail(small_phantom, saved_phantom):
    study, back = load_study(small_phantom), read_saved_study(saved_phantom)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(back.pet), sitk.GetArrayViewFromImage(study.pet))
    assert back.pet.GetDirection() == pytest.approx(study.pet.GetDirection())
    assert (back.identity, back.suv, back.cautions) == (study.identity, study.suv, study.cautions)


def test_the_result_can_be_written_as_json(saved_phantom, tmp_path):
    result = VERBS["segment"]({"images": str(saved_phantom), "out": str(tmp_path / "out"), "anonymous": True}, SILENT)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_several_studies_give_a_case_each_and_one_bad_study_stops_no_other(tmp_path):
    builders_phantom.make(tmp_path / "in" / "a", seed=1)
    builders_phantom.edit_pet(builders_phantom.make(tmp_path / "in" / "b", seed=2), Units="PROPCPS")
    cases = run_job({"path": str(tmp_path / "in"), "out": str(tmp_path / "out")}, SILENT)["cases"]
    assert sorted(case["state"] for case in cases) == ["done", "refused"]
    (refused,) = (case for case in cases if case["error"])
    assert "PROPCPS" in refused["error"]["what"]


def test_the_question_of_a_single_study_is_the_question_of_the_job(tmp_path):
    folder = builders_phantom.make(tmp_path / "study")
    builders_phantom.edit_pet(folder, PatientWeight=None)
    arguments = {"path": str(folder), "out": str(tmp_path / "out")}
    with pytest.raises(Question) as question:
        run_job(arguments, SILENT)
    (case,) = run_job({**arguments, "answers": {question.value.key: 72.0}}, SILENT)["cases"]
    assert case["state"] == "done"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"out": "o"}, "needs"),
        ({"path": "p"}, "needs"),
        ({"path": "p", "images": "i", "out": "o"}, "needs"),
        ({"path": "p", "out": "o", "modle": "suv4"}, "modle"),
        ({"images": "i", "out": "o", "ct_series": "1.2"}, "ct_series"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_any_work(arguments, word):
    with pytest.raises(UsageError, match=word):
        run_job(arguments, SILENT)


def test_cancelling_leaves_nothing_and_results_are_not_overwritten_unasked(saved_phantom, tmp_path):
    arguments = {"images": str(saved_phantom), "out": str(tmp_path / "out")}
    with pytest.raises(Cancelled):
        run_job(arguments, RecordingReporter(cancel_after=3))
    assert list(tmp_path.iterdir()) == []
    run_job(arguments, SILENT)
    with pytest.raises(Refusal, match="not overwritten unasked"):
        run_job(arguments, SILENT)
    run_job({**arguments, "model": "suv2.5", "overwrite": True}, SILENT)
    assert read_result(tmp_path / "out").segmentation.provenance["model"] == "suv2.5"
