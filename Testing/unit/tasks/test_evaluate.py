"""Many predictions evaluated: from memory, from files, from folders matched by name; what is missing is listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of, segmentation_of, study_of
from CLIPSLib.errors import Cancelled, Failure, Refusal, UsageError
from CLIPSLib.evaluation import EvaluationOptions, HospitalOptions
from CLIPSLib.formats import read_evaluation_json, write_image, write_labels, write_seg_nrrd
from CLIPSLib.measures import PHYSIOLOGICAL, TUMOR
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.tasks.evaluate import EvaluationRequest, MaskPair, evaluate_cases, require_free, write_evaluation
from CLIPSLib.tasks.evaluate_paths import FolderNames, evaluate_paths, find_cases

SHAPE = (6, 7, 12)
REQUEST = EvaluationRequest()


def mask(*spans: tuple[int, int]) -> sitk.Image:
    array = np.zeros(SHAPE, np.uint8)
    for start, stop in spans:
        array[2:4, 2:4, start:stop] = 1
    return image_of(array)


def pet() -> sitk.Image:
    return image_of(np.full(SHAPE, 8, np.float32))


def save(image: sitk.Image, path: Path) -> Path:
    return write_labels(image, path)


def test_masks_in_memory_are_read_one_after_the_other_when_their_turn_comes():
    alive: list[str] = []

    def pair(name: str):
        def read() -> MaskPair:
            alive.append(name)
            return MaskPair(reference=mask((1, 5)), prediction=mask((1, 5)))

        return read

    seen: list[list[str]] = []
    found = evaluate_cases({"a": pair("a"), "b": pair("b")}, REQUEST, on_case=lambda case: seen.append(list(alive)))
    assert seen == [["a"], ["a", "b"]]
    assert found.cohort.summaries["dice"].mean == 1.0
    assert list(found.evaluations) == ["a", "b"]


def test_one_bad_case_does_not_stop_the_others_and_says_what_is_wrong():
    def unreadable() -> MaskPair:
        raise Failure("cannot-read", "The image file does not exist", "b.nii.gz")

    found = evaluate_cases(
        {
            "a": unreadable,
            "b": lambda: MaskPair(reference=mask((1, 5)), prediction=image_of(np.zeros((2, 2, 2), np.uint8))),
            "c": lambda: MaskPair(reference=mask((1, 5)), prediction=mask((2, 5))),
        },
        REQUEST,
    )
    assert [case.state for case in found.cases] == ["failed", "refused", "done"]
    assert found.cases[1].error.code == "grid-differs"
    assert found.cohort.cases == 1


def test_cancelling_stops_between_cases():
    cases = {str(i): lambda: MaskPair(reference=mask((1, 5)), prediction=mask((1, 5))) for i in range(5)}
    with pytest.raises(Cancelled):
        evaluate_cases(cases, REQUEST, reporter=RecordingReporter(cancel_after=2))


def test_the_hospitals_metrics_need_the_pet():
    request = EvaluationRequest(hospital=HospitalOptions())
    masks = {"reference": mask((1, 5)), "prediction": mask((1, 4))}
    found = evaluate_cases({"01": lambda: MaskPair(**masks, pet=pet()), "02": lambda: MaskPair(**masks)}, request)
    assert found.cases[0].hospital.patient == "01"
    assert found.hospital.patients == 1
    assert found.cases[1].error.code == "pet-needed"


def test_files_of_an_evaluation_appear_together_and_are_never_overwritten_unasked(tmp_path):
    request = EvaluationRequest(hospital=HospitalOptions())

    def missing() -> MaskPair:
        raise Refusal("no-prediction", "There is no prediction of this case", "p/2")

    pair = MaskPair(reference=mask((1, 5)), prediction=mask((1, 4)), pet=pet())
    found = evaluate_cases({"p/1": lambda: pair, "p/2": missing}, request)
    write_evaluation(tmp_path / "out", found)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("cases.csv", "evaluation.html", "evaluation.json", "hospital.csv", "lesions.csv", "metriques-p_1.txt")
    ]
    stored = read_evaluation_json(tmp_path / "out" / "evaluation.json")
    assert stored.cases == found.evaluations
    assert stored.hospital == found.hospital
    assert "no prediction" in stored.not_evaluated["p/2"]
    for check in (lambda: write_evaluation(tmp_path / "out", found), lambda: require_free(tmp_path / "out", None)):
        with pytest.raises(Refusal) as refused:
            check()
        assert refused.value.code == "exists"
    write_evaluation(tmp_path / "out", found, overwrite=True)


def test_two_masks_from_files(tmp_path):
    first, second = save(mask((1, 5)), tmp_path / "gt.nii.gz"), save(mask((1, 4)), tmp_path / "p7_SEG.nii.gz")
    found = evaluate_paths(first, second, REQUEST)
    assert [case.case_id for case in found.cases] == ["p7_SEG"]
    assert found.cases[0].evaluation.dice == pytest.approx(2 * 3 / 7)


def test_physiological_uptake_of_a_segmentation_does_not_count(tmp_path):
    study = study_of(np.full(SHAPE, 8.0))
    labels = np.zeros(SHAPE, np.uint16)
    labels[2:4, 2:4, 1:5], labels[2:4, 2:4, 8:11] = 1, 2
    segments = segmentation_of(labels, study, kinds={1: TUMOR, 2: PHYSIOLOGICAL})
    prediction = write_seg_nrrd(segments, tmp_path / "corrected.seg.nrrd")
    reference = save(mask((1, 5)), tmp_path / "gt.nii.gz")
    assert evaluate_paths(reference, prediction, REQUEST).cases[0].evaluation.dice == 1.0


def test_what_a_segmentation_is_valid_for_is_kept(tmp_path):
    study = study_of(np.full(SHAPE, 2.0))
    segments = segmentation_of(sitk.GetArrayFromImage(mask((1, 5))), study, valid_for="suv >= 4")
    prediction = write_seg_nrrd(segments, tmp_path / "network.seg.nrrd")
    reference = save(mask((1, 5)), tmp_path / "gt.nii.gz")
    for given in (None, write_image(study.pet, tmp_path / "suv.nii.gz")):
        (case,) = evaluate_paths(reference, prediction, REQUEST, pet=given).cases
        assert case.error.code == "not-valid-for"


def test_two_segmentations_of_slicer_need_the_pet_for_their_grid(tmp_path):
    study = study_of(np.full(SHAPE, 8.0))
    segments = segmentation_of(sitk.GetArrayFromImage(mask((1, 5))), study)
    paths = [write_seg_nrrd(segments, tmp_path / name) for name in ("a.seg.nrrd", "b.seg.nrrd")]
    assert evaluate_paths(*paths, REQUEST).cases[0].error.code == "pet-needed"
    image = write_image(study.pet, tmp_path / "suv.nii.gz")
    options = EvaluationRequest(options=EvaluationOptions(suv_threshold=4.0))
    (case,) = evaluate_paths(*paths, options, pet=image).cases
    assert case.evaluation.dice == 1.0
    assert case.evaluation.lesions[0].suv_max == 8.0


def test_two_folders_are_matched_by_the_case_id_in_their_names(tmp_path):
    for case_id in ("007", "7", "8"):
        save(mask((1, 5)), tmp_path / "gt" / case_id / "pet0" / "suv3.0_mask.nii.gz")
    for case_id in ("7", "007", "9"):
        save(mask((1, 5) if case_id == "007" else (1, 3)), tmp_path / "seg" / f"{case_id}_SEG.nii.gz")
    names = FolderNames(reference="{case}/pet0/*.nii.gz", prediction="{case}_SEG.nii.gz")
    found = evaluate_paths(tmp_path / "gt", tmp_path / "seg", REQUEST, names=names)
    assert {case.case_id: case.state for case in found.cases} == {
        "007": "done",
        "7": "done",
        "8": "refused",
        "9": "refused",
    }
    assert found.evaluations["007"].dice == 1.0
    assert found.evaluations["7"].dice < 1.0
    assert {case.case_id: case.error.code for case in found.cases if case.error} == {
        "8": "no-prediction",
        "9": "no-reference",
    }


def test_names_that_fit_twice_or_hold_no_case_are_refused(tmp_path):
    for name in ("7_a.nii.gz", "7_b.nii.gz"):
        save(mask((1, 5)), tmp_path / name)
    with pytest.raises(Refusal, match=r"7_a.*7_b"):
        find_cases(tmp_path, "{case}_*.nii.gz")
    with pytest.raises(UsageError, match="does not say where the case id is"):
        find_cases(tmp_path, "*.nii.gz")
    assert list(find_cases(tmp_path, "{case}_a.nii.gz")) == ["7"]
    assert find_cases(tmp_path, "{case}/{case}.nii.gz") == {}
    with pytest.raises(Refusal, match="No case is in both folders"):
        evaluate_paths(tmp_path, tmp_path, REQUEST, names=FolderNames(reference="{case}.mha"))


def test_a_mask_is_not_compared_with_a_folder(tmp_path):
    path = save(mask((1, 5)), tmp_path / "gt.nii.gz")
    with pytest.raises(UsageError, match="a folder with a folder"):
        evaluate_paths(path, tmp_path, REQUEST)
