"""Studies into a registry: from DICOM, results and NIfTI, many at once, again after an interruption."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import builders_phantom
import numpy as np
import pydicom
import pytest
import reference_data
import sarcoma
import SimpleITK as sitk
from builders_registry import mask, study
from builders_rtstruct import contour_of, square, write_rtstruct
from CLIPSLib.cases import Registry
from CLIPSLib.errors import Cancelled
from CLIPSLib.formats import MaskReading, write_image, write_labels
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.study import find_studies, load_study
from CLIPSLib.tasks import SegmentRequest, segment_folder
from CLIPSLib.tasks.case_sources import ImageNames, StudyChoice
from CLIPSLib.tasks.cases import AddRequest, add_studies, write_added_csv


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "registry") as made:
        yield made


def request(**choice):
    reading = choice.pop("reading", MaskReading())
    return AddRequest(author="importer", choice=StudyChoice(**choice), reading=reading)


def write_nifti_case(folder, number, *, with_mask=True, names=("SUV.nii.gz", "CT.nii.gz", "SEG.nii.gz")):
    made = study(number)
    folder.mkdir(parents=True)
    write_image(made.pet, folder / names[0])
    write_image(made.ct, folder / names[1])
    if with_mask:
        write_labels(mask(made).labels, folder / names[2])
    return folder


def structure_set_for(dicom, path, *, names=("GTV", "Skin"), **options):
    """A structure set of a small cube, drawn for the study in a DICOM folder."""
    found = find_studies(dicom).candidates[0]
    pet = load_study(dicom).pet
    contours = [contour_of(pet, k, square(20.0, 2.5)) for k in (10, 11)]
    facts = {"frame": found.pet.frame_of_reference_uid, "study_uid": found.pet.study_uid, **options}
    path.parent.mkdir(exist_ok=True)
    return write_rtstruct(path, dict.fromkeys(names, contours), **facts)


def states(outcomes):
    return [outcome.state for outcome in outcomes]


def test_a_dicom_study_comes_with_its_structure_set_as_reference(registry, small_phantom, tmp_path):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    structure_set_for(small_phantom, tmp_path / "in" / "rs.dcm")
    choice = request(structures=True, reading=MaskReading(rois=("GTV",)))
    [outcome] = add_studies(registry, [tmp_path / "in"], choice)
    assert (outcome.state, outcome.reason) == ("added", "")
    reference = registry.reference(outcome.case_id)
    assert reference.id == outcome.masks[0].mask.id
    assert reference.author == "importer"
    assert sum(record.voxel_count for record in reference.lesions) == 2 * 5 * 5
    assert reference.provenance["rois"] == ["GTV"]


def test_without_a_name_the_structures_are_asked_for_and_the_case_is_there(registry, small_phantom, tmp_path):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    structure_set_for(small_phantom, tmp_path / "in" / "rs.dcm")
    [outcome] = add_studies(registry, [tmp_path / "in"], request(structures=True))
    assert outcome.state == "added"
    assert (outcome.mask_error.kind, outcome.mask_error.key) == ("question", "roi")
    assert "'GTV', 'Skin'" in outcome.reason
    # asked again with the answer, the case gets its mask and no second case is made
    [again] = add_studies(registry, [tmp_path / "in"], request(structures=True, reading=MaskReading(rois=("GTV",))))
    assert (again.state, again.case_id, len(again.masks)) == ("duplicate", outcome.case_id, 1)
    assert len(registry.cases()) == 1


def test_of_several_structure_sets_the_one_with_the_structure_is_taken(registry, small_phantom, tmp_path):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    structure_set_for(small_phantom, tmp_path / "in" / "a.dcm")
    first = pydicom.dcmread(tmp_path / "in" / "a.dcm")
    for item in first.StructureSetROISequence:
        item.ROIName = f"{item.ROIName}_CT"
    first.save_as(tmp_path / "in" / "b.dcm")
    [outcome] = add_studies(
        registry, [tmp_path / "in"], request(structures=True, reading=MaskReading(rois=("GTV_CT",)))
    )
    assert outcome.masks[0].mask.provenance["imported_from"] == "b.dcm"
    [asked] = add_studies(registry, [tmp_path / "in"], request(structures=True))
    assert asked.mask_error.code == "several-structure-sets"
    assert set(asked.mask_error.choices) == {"GTV", "Skin", "GTV_CT", "Skin_CT"}


def test_of_equal_structure_sets_the_one_drawn_on_the_pet_is_taken_and_the_other_named(
    registry, small_phantom, tmp_path
):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    pet_uid = find_studies(small_phantom).candidates[0].pet.series_uid
    for name, series_uid in (("ct", "1.2.3"), ("pet", pet_uid)):
        structure_set_for(small_phantom, tmp_path / "in" / name / "RS.dcm", series_uid=series_uid)
    wanted = request(structures=True, reading=MaskReading(rois=("GTV.*",)))
    [outcome] = add_studies(registry, [tmp_path / "in"], wanted)
    assert outcome.masks[0].is_reference
    [caution] = [c for c in outcome.cautions if c.code == "several-structure-sets"]
    assert str(tmp_path / "in" / "ct" / "RS.dcm") in caution.what


def test_structure_sets_with_the_same_file_name_are_all_offered(registry, small_phantom, tmp_path):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    for name in ("a", "b"):
        structure_set_for(small_phantom, tmp_path / "in" / name / "RS.dcm", names=(f"GTV_{name}",))
    wanted = request(structures=True, reading=MaskReading(rois=("GTV.*",)))
    [outcome] = add_studies(registry, [tmp_path / "in"], wanted)
    assert outcome.mask_error.choices == ("GTV_a", "GTV_b")


def test_a_structure_set_of_another_study_is_not_taken(registry, small_phantom, tmp_path):
    shutil.copytree(small_phantom, tmp_path / "in" / "study")
    structure_set_for(small_phantom, tmp_path / "in" / "rs.dcm", study_uid="1.2.3")
    reporter = RecordingReporter()
    [outcome] = add_studies(registry, [tmp_path / "in"], request(structures=True), reporter=reporter)
    assert outcome.masks == ()
    assert "structures-without-study" in [caution.code for caution in reporter.cautions]


def test_nifti_images_become_cases_with_their_masks(registry, tmp_path):
    for number, name in ((1, "007"), (2, "7")):
        write_nifti_case(tmp_path / "in" / name, number)
    outcomes = add_studies(registry, [tmp_path / "in"], request())
    assert states(outcomes) == ["added", "added"]
    assert [outcome.masks[0].is_reference for outcome in outcomes] == [True, True]
    assert len({row.patient_id for row in registry.cases()}) == 2  # "007" is not "7"
    assert registry.cases()[0].reference_ml == pytest.approx(24 * 0.008)
    assert registry.read_study(outcomes[0].case_id).ct is not None


def test_a_second_run_adds_nothing(registry, tmp_path):
    write_nifti_case(tmp_path / "in" / "a", 1)
    [first] = add_studies(registry, [tmp_path / "in"], request())
    [second] = add_studies(registry, [tmp_path / "in"], request())
    assert (second.state, second.case_id, second.masks) == ("duplicate", first.case_id, ())
    assert len(registry.masks(first.case_id)) == 1


@pytest.mark.parametrize("name", ["SUV.nii.gz", "CT.nii.gz"])
def test_an_image_with_values_that_are_no_numbers_is_refused_and_not_read_as_zero(registry, tmp_path, name):
    folder = write_nifti_case(tmp_path / "in" / "a", 1)
    array = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / name)))
    array[0, 0, 0] = np.nan
    sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / name))
    [outcome] = add_studies(registry, [tmp_path / "in"], request())
    assert (outcome.state, outcome.error.code) == ("refused", "not-finite")
    assert outcome.error.where == str(folder / name)
    assert not registry.cases()


def test_other_names_of_images_are_told(registry, tmp_path):
    write_nifti_case(tmp_path / "in" / "a", 1, names=("a_0000.nii.gz", "a_0001.nii.gz", "a.nii.gz"))
    names = ImageNames(pet=("*_0000.nii.gz",), ct=("*_0001.nii.gz",), mask=("a.nii.gz",))
    [outcome] = add_studies(registry, [tmp_path / "in"], request(names=names))
    assert outcome.state == "added"
    assert outcome.masks[0].mask.volume_ml == pytest.approx(24 * 0.008)


def test_two_scans_in_one_folder_are_asked_about_before_a_split_could_leak(registry, tmp_path):
    for number, visit in ((1, "before"), (2, "after")):
        write_nifti_case(tmp_path / "in" / "PETCT_01" / visit, number)
    [asked] = add_studies(registry, [tmp_path / "in"], request())
    assert (asked.state, asked.error.key) == ("question", "patient_is")
    outcomes = add_studies(registry, [tmp_path / "in"], request(names=ImageNames(patient_is="parent")))
    assert states(outcomes) == ["added", "added"]
    assert len({row.patient_id for row in registry.cases()}) == 1


def test_a_result_becomes_a_prediction_and_no_reference(registry, small_phantom, tmp_path):
    segment_folder(small_phantom, tmp_path / "results", SegmentRequest(model="suv4", save_images=True))
    [outcome] = add_studies(registry, [tmp_path / "results"], request())
    assert outcome.state == "added"
    taken = outcome.masks[0]
    assert (taken.mask.origin, taken.mask.model, taken.is_reference) == ("predicted", "suv4", False)
    assert registry.reference(outcome.case_id) is None


def test_a_result_without_images_joins_the_case_of_its_dicom_study(registry, small_phantom, tmp_path):
    segment_folder(small_phantom, tmp_path / "results", SegmentRequest(model="suv4"))
    [refused] = add_studies(registry, [tmp_path / "results"], request())
    assert (refused.state, refused.error.code) == ("refused", "images-not-saved")
    outcomes = add_studies(registry, [small_phantom, tmp_path / "results"], request())
    assert states(outcomes) == ["added", "duplicate"]
    assert outcomes[1].masks[0].mask.case_id == outcomes[0].case_id


def test_one_bad_study_does_not_stop_the_others(registry, small_phantom, tmp_path):
    bad = builders_phantom.make(tmp_path / "in" / "bad", seed=2)
    builders_phantom.edit_pet(bad, PatientWeight=None)
    write_nifti_case(tmp_path / "in" / "good", 1)
    seen = []
    outcomes = add_studies(
        registry, [tmp_path / "in", tmp_path / "missing", small_phantom], request(), on_outcome=seen.append
    )
    assert sorted(states(outcomes)) == ["added", "added", "failed", "question"]
    assert seen == outcomes
    report = write_added_csv(tmp_path / "report.csv", outcomes)
    with report.open(encoding="utf-8", newline="") as stream:
        rows = {row["source"]: row for row in csv.DictReader(stream)}
    assert rows[str(tmp_path / "missing")]["code"] == "no-such-folder"
    assert {row["state"] for row in rows.values()} == {"added", "failed", "question"}


def test_a_bad_mask_does_not_cost_the_case(registry, tmp_path):
    folder = write_nifti_case(tmp_path / "in" / "a", 1)
    labels = mask(study(1)).labels
    write_labels(labels * 3, folder / "SEG.nii.gz", overwrite=True)
    [outcome] = add_studies(registry, [tmp_path / "in"], request())
    assert (outcome.state, outcome.mask_error.code) == ("added", "unknown-labels")
    reading = MaskReading(label_kinds={3: "tumor"})
    [again] = add_studies(registry, [tmp_path / "in"], request(reading=reading))
    assert (again.state, again.masks[0].is_reference) == ("duplicate", True)


def test_cancelling_keeps_what_was_added(registry, tmp_path):
    for number in (1, 2, 3):
        write_nifti_case(tmp_path / "in" / str(number), number)
    seen = []
    with pytest.raises(Cancelled):
        add_studies(
            registry,
            [tmp_path / "in"],
            request(),
            reporter=RecordingReporter(cancel_after=8),
            on_outcome=seen.append,
        )
    assert 0 < len(seen) < 3
    assert len(registry.cases()) == len(seen)
    assert registry.check().whole
    assert states(add_studies(registry, [tmp_path / "in"], request())).count("added") == 3 - len(seen)


@pytest.mark.slow
def test_the_sarcoma_patients_arrive_with_the_expected_voxels(registry):
    """The brief of this software: 36 patients, their RTSTRUCTs, the counts of an independent script."""
    folder = reference_data.path("sts")
    reading = MaskReading(rois=("GTV_Mass_PET",))
    outcomes = add_studies(registry, [folder], request(structures=True, reading=reading))
    assert states(outcomes) == ["added"] * 36
    refused = [outcome for outcome in outcomes if outcome.mask_error]
    assert [outcome.mask_error.code for outcome in refused] == ["other-frame-of-reference"]
    assert "STS_046" in refused[0].source
    confirmed = MaskReading(rois=("GTV_Mass_PET",), other_frame=True)
    add_studies(registry, [folder / "STS_046"], request(structures=True, reading=confirmed))
    expected = {row["patient"]: int(row["rt_vox"]) for row in sarcoma.expected_rows()}
    volume_ml = sum(float(row["gtv_ml"]) for row in sarcoma.expected_rows())
    for outcome in outcomes:
        patient = next(part for part in Path(outcome.source).parts if part in expected)
        found = registry.reference(outcome.case_id)
        assert sum(record.voxel_count for record in found.lesions) == expected[patient], patient
    assert sum(row.reference_ml for row in registry.cases()) == pytest.approx(volume_ml, abs=0.5)
