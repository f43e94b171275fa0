"""Masks that come back from Slicer or from elsewhere: measured, split, refused on another grid."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib import load_study, measure_lesions, segment_study, write_report, write_result
from CLIPSLib.errors import Refusal
from CLIPSLib.formats import MaskReading, read_result, write_labels, write_seg_nrrd
from CLIPSLib.imaging import image_like
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.segmentation import Lesion, split_lesions
from CLIPSLib.tasks import measure_mask


@pytest.fixture(scope="module")
def study(small_phantom):
    return load_study(small_phantom)


@pytest.fixture(scope="module")
def segmentation(study):
    return segment_study(study, "suv4")


def test_a_binary_mask_is_one_lesion_and_split_makes_one_of_each_component(small_phantom, segmentation, tmp_path):
    mask = write_labels(sitk.Cast(segmentation.labels > 0, sitk.sitkUInt8), tmp_path / "mask.nii.gz")

    whole = measure_mask(mask, small_phantom)
    split = measure_mask(mask, small_phantom, reading=MaskReading(label_is_lesion=True, split=True))

    assert (whole.patient.lesion_count, split.patient.lesion_count) == (1, len(segmentation.lesions))
    assert whole.patient.tmtv_ml == pytest.approx(split.patient.tmtv_ml)


def test_reviewed_is_said_by_a_person_and_tables_are_written(small_phantom, segmentation, tmp_path):
    mask = write_labels(segmentation.labels, tmp_path / "mask.nii.gz")
    measures = measure_mask(mask, small_phantom, reviewed=True, out=tmp_path / "out")

    assert measures.patient.reviewed
    rows = list(csv.DictReader((tmp_path / "out" / "lesions.csv").open(encoding="utf-8-sig")))
    assert [row["lesion"] for row in rows][-1] == "TOTAL"
    with pytest.raises(Refusal, match="not overwritten unasked"):
        measure_mask(mask, small_phantom, out=tmp_path / "out")


def test_overwriting_measures_leaves_every_other_file_of_the_folder(small_phantom, segmentation, tmp_path):
    mask = write_labels(segmentation.labels, tmp_path / "mask.nii.gz")
    for overwrite in (False, True):
        measure_mask(mask, small_phantom, out=tmp_path, overwrite=overwrite)
    assert {file.name for file in tmp_path.iterdir()} == {"mask.nii.gz", "lesions.csv", "measures.json"}


def test_measures_never_go_into_a_result_whose_files_belong_together(small_phantom, study, segmentation, tmp_path):
    write_result(tmp_path, study, segmentation, measure_lesions(segmentation, study))
    with pytest.raises(Refusal, match="holds a result"):
        measure_mask(tmp_path, small_phantom, out=tmp_path, overwrite=True)


def test_segments_corrected_in_place_are_measured_as_they_are_now(small_phantom, study, segmentation, tmp_path):
    """Slicer saves over lesions.seg.nrrd by default; the result's own label map is then out of date."""
    write_result(tmp_path / "result", study, segmentation, measure_lesions(segmentation, study))
    fewer = replace(segmentation, labels=segmentation.labels * sitk.Cast(segmentation.labels != 1, sitk.sitkUInt16))
    write_seg_nrrd(fewer, tmp_path / "result" / "lesions.seg.nrrd", overwrite=True)
    reporter = RecordingReporter()

    corrected = measure_mask(tmp_path / "result", small_phantom, reporter=reporter)

    assert corrected.patient.tmtv_ml == pytest.approx(measure_lesions(fewer, study).patient.tmtv_ml)
    assert "corrected" in [caution.code for caution in reporter.cautions]
    assert measure_lesions(segmentation, study).patient.method == "SUV >= 4.0"
    assert corrected.patient.method == "SUV >= 4.0, edited"


def test_splitting_keeps_kinds_and_touching_lesions_apart(study, segmentation):
    """Lesion 1 in two parts, a physiological one that touches it: three segments, the totals of the tumor ones only."""
    labels = np.zeros(segmentation.labels.GetSize()[::-1], np.uint16)
    labels[10, 10:12, 10:14] = 1  # 8 voxels
    labels[20, 20, 20:23] = 1  # 3 voxels, apart
    labels[10, 12:14, 10:14] = 2  # 8 voxels, touching the first part
    drawn = replace(
        segmentation,
        labels=image_like(labels, study.pet),
        lesions=(
            Lesion(label=1, lesion_id="a", name="Node"),
            Lesion(label=2, lesion_id="b", name="Ureter", kind="physiological"),
        ),
    )
    measures = measure_lesions(split_lesions(drawn, study), study)
    assert [(m.name, m.kind, m.voxel_count) for m in measures.lesions] == [
        ("Node", "tumor", 8),
        ("Node, part 2", "tumor", 3),
        ("Ureter", "physiological", 8),
    ]
    assert measures.lesions[0].lesion_id == "a"
    assert measures.patient.lesion_count == 2


def test_a_mask_that_says_it_was_reviewed_stays_reviewed(small_phantom, study, segmentation, tmp_path):
    reviewed = replace(segmentation, reviewed=True)
    write_result(tmp_path / "result", study, reviewed, measure_lesions(reviewed, study))
    assert measure_mask(tmp_path / "result" / "lesions.seg.nrrd", small_phantom).patient.reviewed


def test_a_mask_on_another_grid_is_refused(small_phantom, segmentation, tmp_path):
    shifted = sitk.Image(segmentation.labels)
    shifted.SetOrigin([position + 2.0 for position in shifted.GetOrigin()])
    with pytest.raises(Refusal, match="grid"):
        measure_mask(write_labels(shifted, tmp_path / "mask.nii.gz"), small_phantom)


def test_other_file_types_are_refused_with_what_to_do(small_phantom, tmp_path):
    (tmp_path / "mask.png").write_bytes(b"a picture")
    with pytest.raises(Refusal, match=r"\.seg\.nrrd"):
        measure_mask(tmp_path / "mask.png", small_phantom)


def test_a_lesion_emptied_by_correction_keeps_its_row_in_every_format(study, segmentation, tmp_path):
    """Erasing the last voxel of a segment in Slicer leaves the segment: 0 mL, no SUV, nowhere; nothing fails."""
    emptied = replace(
        segmentation, lesions=(*segmentation.lesions, Lesion(label=99, lesion_id="erased", name="Erased"))
    )
    measures = measure_lesions(emptied, study)
    write_result(tmp_path / "result", study, emptied, measures)
    write_report(tmp_path / "report.html", study, emptied, measures)

    stored = read_result(tmp_path / "result")
    assert stored.measures == measures
    row = stored.measures.lesions[-1]
    assert (row.name, row.volume_ml, row.suv_max, row.centroid_lps_mm) == ("Erased", 0.0, None, None)
    assert np.isclose(measures.patient.tmtv_ml, measure_lesions(segmentation, study).patient.tmtv_ml)
