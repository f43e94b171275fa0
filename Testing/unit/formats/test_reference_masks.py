"""The one door for masks from elsewhere: what is taken, what is asked, what is refused."""

from __future__ import annotations

import builders_result
import numpy as np
import pytest
import SimpleITK as sitk
from builders_rtstruct import contour_of, square, write_rtstruct
from builders_volume import image_of, segmentation_of, study_of
from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.formats import MaskReading, read_reference_mask, write_labels, write_result, write_seg_nrrd
from CLIPSLib.imaging import array_view
from CLIPSLib.measures import measure_lesions

SHAPE = (5, 8, 9)
GEOMETRY = {"spacing_xyz": (4.0, 4.0, 3.0), "origin": (-30.0, 12.5, 400.0)}


def study(**identity):
    suv = np.random.default_rng(1).uniform(0.5, 9.0, SHAPE)
    return study_of(suv, identity=identity, **GEOMETRY)


def labels_of(*boxes, **geometry):
    """A label map whose box n has the value n (or the value given with the box)."""
    values = np.zeros(SHAPE, np.uint8)
    for value, box in boxes:
        values[box] = value
    return image_of(values, **{**GEOMETRY, **geometry})


TWO_PARTS = labels_of((1, np.s_[0:2, 0:2, 0:2]), (1, np.s_[3:5, 5:7, 5:8]))
TWO_VALUES = labels_of((1, np.s_[0:2, 0:2, 0:2]), (2, np.s_[3:5, 5:7, 5:8]))


def written(image, folder, name="mask.nii.gz"):
    sitk.WriteImage(image, str(folder / name))
    return folder / name


def read(path, **reading):
    return read_reference_mask(path, study(), MaskReading(**reading))


def test_each_component_of_a_binary_mask_is_a_lesion_the_largest_first(tmp_path):
    found = read(written(TWO_PARTS, tmp_path))
    assert [(lesion.label, lesion.name, lesion.kind) for lesion in found.lesions] == [
        (1, "Lesion 1", "tumor"),
        (2, "Lesion 2", "tumor"),
    ]
    counts = np.bincount(array_view(found.labels).ravel())
    assert counts[1:].tolist() == [12, 8]
    assert found.labels.GetOrigin() == study().pet.GetOrigin()
    assert found.provenance["connectivity"] == 26
    assert len(found.provenance["source_sha256"]) == 64
    assert found.cautions == ()


def test_an_empty_mask_is_a_patient_without_tumor(tmp_path):
    assert read(written(labels_of(), tmp_path)).lesions == ()


def test_values_without_a_meaning_are_refused(tmp_path):
    with pytest.raises(Refusal, match="meaning nobody said: 2") as refusal:
        read(written(TWO_VALUES, tmp_path))
    assert refusal.value.code == "unknown-labels"
    with pytest.raises(Refusal, match="nobody said: 255"):
        read(written(labels_of((255, np.s_[1, 1, 1])), tmp_path, "scaled.nii.gz"))


def test_a_table_says_which_values_are_tumor_and_which_physiological(tmp_path):
    found = read(written(TWO_VALUES, tmp_path), label_kinds={2: "tumor", 1: "physiological"})
    assert [(lesion.name, lesion.kind) for lesion in found.lesions] == [
        ("Lesion 1", "tumor"),
        ("Physiological 1", "physiological"),
    ]
    assert np.count_nonzero(array_view(found.labels) == 1) == 12
    assert measure_lesions(found, study()).patient.lesion_count == 1


def test_a_table_may_leave_a_value_out_on_purpose_but_not_by_silence(tmp_path):
    path = written(TWO_VALUES, tmp_path)
    with pytest.raises(Refusal, match="nobody said: 2"):
        read(path, label_kinds={1: "tumor"})
    assert len(read(path, label_kinds={1: "tumor", 2: "ignore"}).lesions) == 1


@pytest.mark.parametrize("table", [{0: "tumor"}, {1: "tumour"}, {70000: "tumor"}])
def test_a_table_with_a_wrong_entry_is_a_usage_error(table):
    with pytest.raises(UsageError, match="table of labels"):
        MaskReading(label_kinds=table)


def test_each_value_can_be_a_lesion_of_its_own(tmp_path):
    touching = labels_of((3, np.s_[0:2, 0:2, 0:2]), (7, np.s_[2:4, 0:2, 0:2]))
    found = read(written(touching, tmp_path), label_is_lesion=True, label_kinds={3: "tumor", 7: "physiological"})
    assert [(lesion.label, lesion.kind) for lesion in found.lesions] == [(3, "tumor"), (7, "physiological")]


def test_values_of_one_kind_that_touch_are_one_lesion(tmp_path):
    touching = labels_of((1, np.s_[0:2, 0:2, 0:2]), (2, np.s_[2:4, 0:2, 0:2]))
    assert len(read(written(touching, tmp_path), label_kinds={1: "tumor", 2: "tumor"}).lesions) == 1


@pytest.mark.parametrize("axes", [(True, False, False), (False, True, True)])
def test_a_mask_whose_axes_run_the_other_way_is_the_same_mask(axes, tmp_path):
    flipped = sitk.Flip(TWO_PARTS, axes)  # as some converters store slices; the voxels lie where they lay
    assert flipped.GetDirection() != TWO_PARTS.GetDirection()
    found = read(written(flipped, tmp_path, "mask.nrrd"))
    assert np.array_equal(array_view(found.labels) > 0, array_view(TWO_PARTS) > 0)
    assert found.cautions == ()


def test_a_cropped_mask_is_taken_and_what_lies_outside_is_told(tmp_path):
    cropped = TWO_PARTS[:, :, 3:]
    found = read(written(cropped, tmp_path))
    assert np.count_nonzero(array_view(found.labels)) == 12
    larger = sitk.ConstantPad(TWO_PARTS, (0, 0, 1), (0, 0, 0), 1)  # one slice more, all tumor
    found = read(written(larger, tmp_path, "larger.nii.gz"))
    assert [caution.code for caution in found.cautions] == ["outside-pet"]


def test_another_grid_is_refused_with_both_grids_in_words(tmp_path):
    finer = sitk.Resample(TWO_PARTS, (18, 16, 5), sitk.Transform(), sitk.sitkNearestNeighbor,
                          TWO_PARTS.GetOrigin(), (2.0, 2.0, 3.0), TWO_PARTS.GetDirection())  # fmt: skip
    path = written(finer, tmp_path)
    with pytest.raises(Refusal) as refusal:
        read(path)
    assert refusal.value.code == "mask-grid"
    assert "18 x 16 x 5 voxels of 2 x 2 x 3 mm" in refusal.value.what
    assert "9 x 8 x 5 voxels of 4 x 4 x 3 mm" in refusal.value.what
    found = read(path, resample=True)
    assert np.array_equal(array_view(found.labels) > 0, array_view(TWO_PARTS) > 0)
    assert [caution.code for caution in found.cautions] == ["resampled"]
    assert "0.96 mL" in found.cautions[0].what  # 20 voxels of 48 cubic mm


def test_a_mask_wholly_beside_the_pet_is_refused_even_when_resampled(tmp_path):
    elsewhere = image_of(array_view(TWO_PARTS).copy(), spacing_xyz=(4.0, 4.0, 3.0), origin=(900.0, 0.5, 0.0))
    with pytest.raises(Refusal, match="lie outside the PET"):
        read(written(elsewhere, tmp_path), resample=True)


def test_a_segmentation_of_slicer_keeps_names_ids_and_kinds(tmp_path):
    drawn = segmentation_of(array_view(TWO_VALUES), study(), kinds={1: "tumor", 2: "physiological"})
    found = read(write_seg_nrrd(drawn, tmp_path / "mask.seg.nrrd"))
    assert [(lesion.lesion_id, lesion.kind) for lesion in found.lesions] == [
        ("lesion-1", "tumor"),
        ("lesion-2", "physiological"),
    ]


def test_a_segmentation_of_slicer_on_another_grid_is_resampled_only_on_request(tmp_path):
    shifted = study_of(np.ones(SHAPE), spacing_xyz=(4.0, 4.0, 3.0), origin=(-28.5, 12.5, 400.0))
    path = write_seg_nrrd(segmentation_of(array_view(TWO_VALUES), shifted), tmp_path / "mask.seg.nrrd")
    with pytest.raises(Refusal) as refusal:
        read(path)
    assert refusal.value.code == "mask-grid"
    assert any(caution.code == "resampled-segments" for caution in read(path, resample=True).cautions)


def test_structures_can_be_split_into_their_components(tmp_path):
    contours = [contour_of(study().pet, k, square(2.0, 1.2)) for k in (0, 4)]
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": contours})
    assert [lesion.name for lesion in read(path).lesions] == ["GTV"]
    assert [lesion.name for lesion in read(path, split=True).lesions] == ["GTV", "GTV, part 2"]


def test_a_result_of_another_pet_is_refused(tmp_path):
    made, segmentation, measures = _result()
    write_result(tmp_path / "result", made, segmentation, measures)
    assert read_reference_mask(tmp_path / "result", made).lesions == segmentation.lesions
    other = study_of(array_view(made.pet), identity={"pet_series_uid": "9.9.9"})
    other.pet.CopyInformation(made.pet)
    with pytest.raises(Refusal, match=r"9\.9\.9"):
        read_reference_mask(tmp_path / "result", other)


def test_a_result_that_was_corrected_in_slicer_is_taken_as_it_is_now(tmp_path):
    made, segmentation, measures = _result()
    write_result(tmp_path / "result", made, segmentation, measures)
    labels = array_view(segmentation.labels).copy()
    labels[labels == segmentation.lesions[0].label] = 0
    edited = segmentation_of(labels, made, provenance=segmentation.provenance)
    write_seg_nrrd(edited, tmp_path / "result" / "lesions.seg.nrrd", overwrite=True)
    found = read_reference_mask(tmp_path / "result", made)
    assert np.array_equal(array_view(found.labels) > 0, labels > 0)
    assert "corrected" in [caution.code for caution in found.cautions]


def test_a_dicom_file_that_is_no_structure_set_and_other_files_are_refused(tmp_path, small_phantom):
    with pytest.raises(Refusal, match="no structure set"):
        read(next(small_phantom.rglob("*.dcm")))
    (tmp_path / "notes.txt").write_text("left lung")
    with pytest.raises(Refusal, match=r"RTSTRUCT, \.seg\.nrrd"):
        read(tmp_path / "notes.txt")
    with pytest.raises(Failure):
        read(tmp_path / "missing.nii.gz")


@pytest.mark.parametrize("name", ["RS.dcm", "mask.nii.gz", "lesions.seg.nrrd", "results"])
def test_a_mask_that_is_not_there_is_said_to_be_missing(tmp_path, name):
    with pytest.raises(Failure, match=r"no such mask file or folder.*Check the path"):
        read_reference_mask(tmp_path / name, study())


def test_values_that_are_no_labels_are_refused(tmp_path):
    path = write_labels(TWO_PARTS, tmp_path / "mask.nii.gz")
    sitk.WriteImage(sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkFloat32) * 0.5, str(tmp_path / "half.nii.gz"))
    with pytest.raises(Refusal, match="no labels"):
        read(tmp_path / "half.nii.gz")


def _result():
    return builders_result.study(), builders_result.segmentation(), builders_result.measures()
