"""Masks that come back from Slicer or from elsewhere: measured, split, refused on another grid."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib import load_study, measure_lesions, segment_study, write_report, write_result
from CLIPSLib.errors import Refusal
from CLIPSLib.formats import read_result, write_labels
from CLIPSLib.segmentation import Lesion
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
    split = measure_mask(mask, small_phantom, split=True)

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


def test_overwriting_measures_leaves_every_other_file_of_the_folder(small_phantom, study, segmentation, tmp_path):
    """The folder given may be the result itself, with the corrected mask in it."""
    write_result(tmp_path / "result", study, segmentation, measure_lesions(segmentation, study))
    before = {file.name for file in (tmp_path / "result").iterdir()}
    measure_mask(tmp_path / "result" / "lesions.seg.nrrd", small_phantom, out=tmp_path / "result", overwrite=True)
    assert {file.name for file in (tmp_path / "result").iterdir()} == before


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
