"""RTSTRUCT files: which structure, which frame of reference, and the voxel counts of 36 real patients."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import reference_data
import sarcoma
from builders_rtstruct import FRAME, contour_of, square, write_rtstruct
from builders_volume import image_of
from CLIPSLib.errors import Failure, Question, Refusal, UsageError
from CLIPSLib.formats import choose_rois, is_structure_set, read_rtstruct, read_structure_set
from CLIPSLib.imaging import array_view
from CLIPSLib.study import load_study

PET = image_of(np.zeros((5, 12, 12), np.float32), spacing_xyz=(4.0, 4.0, 3.0), origin=(-20.0, 11.0, 500.0))


def drawn(slices=(1, 2), center=4.0, half=1.5):
    return [contour_of(PET, k, square(center, half)) for k in slices]


def codes(segmentation):
    return [caution.code for caution in segmentation.cautions]


def test_each_structure_becomes_a_lesion_with_its_name(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV 1": drawn(), "GTV 2": drawn((3,), 8.0)})
    found = read_rtstruct(path, PET, rois=["GTV.*"], frame_of_reference_uid=FRAME)
    assert [(lesion.label, lesion.lesion_id, lesion.name, lesion.kind) for lesion in found.lesions] == [
        (1, "roi-1", "GTV 1", "tumor"),
        (2, "roi-2", "GTV 2", "tumor"),
    ]
    labels = array_view(found.labels)
    assert (np.count_nonzero(labels == 1), np.count_nonzero(labels == 2)) == (18, 9)
    assert found.labels.GetOrigin() == PET.GetOrigin()
    assert found.cautions == ()
    assert found.provenance["rois"] == ["GTV 1", "GTV 2"]


def test_the_only_structure_with_contours_needs_no_name(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"empty": [], "GTV": drawn()})
    assert [lesion.name for lesion in read_rtstruct(path, PET).lesions] == ["GTV"]


def test_of_several_structures_the_names_are_asked_for(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"Liver": drawn(), "GTV": drawn((3,))})
    with pytest.raises(Question) as question:
        read_rtstruct(path, PET)
    assert question.value.key == "roi"
    assert question.value.choices == ("Liver", "GTV")
    assert "'Liver', 'GTV'" in question.value.what


@pytest.mark.parametrize(("wanted", "chosen"), [("GTV+", ["GTV+"]), ("GTV.", ["GTV+", "GTV1"]), ("(?i)gtv1", ["GTV1"])])
def test_an_exact_name_comes_before_a_regular_expression(wanted, chosen, tmp_path):
    structures = read_structure_set(write_rtstruct(tmp_path / "rs.dcm", {"GTV+": drawn(), "GTV1": drawn((3,))}))
    assert [roi.name for roi in choose_rois(structures, [wanted])] == chosen


@pytest.mark.parametrize("wanted", ["gtv", "GTV(", "T"])
def test_an_unknown_name_lists_those_there_are(wanted, tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn(), "Liver": drawn((3,))})
    with pytest.raises(UsageError, match="'GTV', 'Liver'") as error:
        read_rtstruct(path, PET, rois=[wanted])
    assert error.value.code == "no-such-roi"


def test_a_named_structure_without_contours_is_refused(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn(), "PTV": []})
    with pytest.raises(Refusal, match="PTV"):
        read_rtstruct(path, PET, rois=["PTV"])


def test_another_frame_of_reference_is_refused_until_confirmed(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn()}, frame="1.2.3.4")
    with pytest.raises(Refusal, match=r"1\.2\.3\.4.*confirm") as refusal:
        read_rtstruct(path, PET, frame_of_reference_uid=FRAME)
    assert refusal.value.code == "other-frame-of-reference"
    confirmed = read_rtstruct(path, PET, frame_of_reference_uid=FRAME, other_frame=True)
    assert codes(confirmed) == ["other-frame-of-reference"]
    assert np.count_nonzero(array_view(confirmed.labels)) == 18


@pytest.mark.parametrize(("frame", "pet_frame"), [("", FRAME), (FRAME, "")])
def test_a_frame_of_reference_that_nobody_names_is_a_caution(frame, pet_frame, tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn()}, frame=frame)
    assert codes(read_rtstruct(path, PET, frame_of_reference_uid=pet_frame)) == ["frame-unknown"]


def test_points_and_open_lines_enclose_nothing(tmp_path):
    rois = {"GTV": drawn(), "isocenter": drawn((3,))}
    path = write_rtstruct(tmp_path / "rs.dcm", rois, kinds={"isocenter": "POINT"})
    assert read_structure_set(path).names == ("GTV",)
    with pytest.raises(Refusal, match="no closed contours"):
        read_rtstruct(path, PET, rois=["isocenter"])


def test_voxels_of_two_structures_count_once_for_the_first(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn((1,)), "Node": drawn((1,), 5.0)})
    found = read_rtstruct(path, PET, rois=["GTV", "Node"], frame_of_reference_uid=FRAME)
    labels = array_view(found.labels)
    assert (np.count_nonzero(labels == 1), np.count_nonzero(labels == 2)) == (9, 5)
    assert codes(found) == ["overlapping-structures"]
    assert "4 voxels" in found.cautions[0].what


def test_a_structure_smaller_than_a_voxel_is_said_to_be_empty(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn((1,), 4.5, 0.3)})
    assert codes(read_rtstruct(path, PET, frame_of_reference_uid=FRAME)) == ["no-voxel"]


def test_a_structure_set_is_told_from_other_files(tmp_path, small_phantom):
    path = write_rtstruct(tmp_path / "rs", {"GTV": drawn()})
    other = next(small_phantom.rglob("*.dcm"))
    (tmp_path / "text").write_text("no DICOM")
    assert is_structure_set(path)
    assert not any(map(is_structure_set, (other, tmp_path / "text", tmp_path / "missing")))
    with pytest.raises(Refusal, match="no structure set"):
        read_structure_set(other)


def test_damaged_files_are_failures_that_name_them(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": drawn()})
    dataset = pydicom.dcmread(path)
    del dataset.StructureSetROISequence
    dataset.save_as(tmp_path / "no-rois.dcm")
    dataset = pydicom.dcmread(path)
    dataset.ROIContourSequence[0].ContourSequence[0].ContourData = ["1", "2", "3", "4"]
    dataset.save_as(tmp_path / "no-triples.dcm")
    (tmp_path / "text.dcm").write_text("no DICOM")
    for name in ("no-rois.dcm", "no-triples.dcm", "text.dcm", "missing.dcm"):
        with pytest.raises(Failure, match=name):
            read_structure_set(tmp_path / name)


@pytest.mark.parametrize("patient", ["STS_001", "STS_035"])
def test_real_contours_fill_the_expected_voxels(patient):
    _compare(patient, other_frame=False)


def test_a_real_mismatch_of_frames_is_refused_until_confirmed():
    with pytest.raises(Refusal, match="frame of reference"):
        _compare("STS_046", other_frame=False)
    _compare("STS_046", other_frame=True)


def _compare(patient: str, *, other_frame: bool) -> None:
    folder = reference_data.path("sts", patient) / "PET"
    row = next(row for row in sarcoma.expected_rows() if row["patient"] == patient)
    study = load_study(folder / "image")
    found = read_rtstruct(
        next((folder / "mask").iterdir()),
        study.pet,
        rois=["GTV_Mass_PET"],
        frame_of_reference_uid=study.identity.frame_of_reference_uid,
        other_frame=other_frame,
    )
    assert np.count_nonzero(array_view(found.labels)) == int(row["rt_vox"]), patient
    assert codes(found) == (["other-frame-of-reference"] if other_frame else [])
