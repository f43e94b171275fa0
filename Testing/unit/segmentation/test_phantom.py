"""A synthetic study with known truth, through DICOM: fixed thresholds recover it voxel by voxel."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.measures import measure_lesions
from CLIPSLib.segmentation import segment_study
from CLIPSLib.study import load_study


@pytest.fixture(scope="module")
def study(small_phantom):
    return load_study(small_phantom)


@pytest.fixture(scope="module")
def truth(small_phantom):
    return json.loads((small_phantom / "truth" / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("model", "threshold"), [("suv4", 4.0), ("suv2.5", 2.5)])
def test_threshold_truth_is_recovered_voxel_by_voxel(study, truth, small_phantom, model, threshold):
    entry = next(t for t in truth["thresholds"] if t["image"] == "as-written" and t["threshold_suv"] == threshold)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(small_phantom / "truth" / entry["label_map"]))) > 0
    everything = segment_study(study, model, options={"min_volume_ml": 0.0})
    assert ((sitk.GetArrayFromImage(everything.labels) > 0) == expected).all()
    assert len(everything.lesions) == entry["component_count"]
    preselected = measure_lesions(segment_study(study, model), study).patient
    assert preselected.lesion_count == entry["preselected_component_count"]
    assert preselected.tmtv_ml == pytest.approx(entry["preselected_volume_ml"])


def test_the_liver_is_found_with_its_ct(study, truth):
    liver = segment_study(study, "percist").provenance["liver"]
    assert liver["mean_suv"] == pytest.approx(truth["liver_suv"], rel=0.05)
    assert np.linalg.norm(np.subtract(liver["center_lps_mm"], truth["liver_center_lps_mm"])) < 50
