"""A real whole-body PET, as the scanner wrote it, against `wholebody_pet_STS_001_expected.json`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import reference_data
import SimpleITK as sitk
from CLIPSLib.measures import measure_lesions
from CLIPSLib.segmentation import list_segmenters, segment_study
from CLIPSLib.study import load_study


@pytest.fixture(scope="module")
def study():
    return load_study(reference_data.path("wholebody_pet", "STS_001"))


@pytest.fixture(scope="module")
def expected():
    return json.loads(reference_data.path("wholebody_pet_STS_001_expected.json").read_text(encoding="utf-8"))


def test_volume_and_count_of_the_default_method(study, expected):
    patient = measure_lesions(segment_study(study), study).patient
    assert patient.lesion_count == expected["n_components_ge4_ge3ml_26conn"]
    assert patient.tmtv_ml == pytest.approx(expected["volume_ge4_ge3ml_ml"], rel=5e-4)  # slices 3.19 to 3.29 mm apart
    assert patient.suv_max == pytest.approx(expected["suvmax_whole"], rel=1e-4)


@pytest.mark.parametrize(("connectivity", "components"), [(6, 116), (18, 67), (26, 60)])
def test_components_by_connectivity(study, connectivity, components):
    options = {"connectivity": connectivity, "min_volume_ml": 0.0}
    assert len(segment_study(study, options=options).lesions) == components
    assert len(segment_study(study, options={"connectivity": connectivity}).lesions) == 14


def test_the_liver_is_found(study):
    liver = segment_study(study, "percist").provenance["liver"]
    assert liver["mean_suv"] == pytest.approx(2.04, rel=0.1)  # measured independently: 2.04, COV 13.5 %
    assert liver["sd_suv"] / liver["mean_suv"] == pytest.approx(0.135, rel=0.15)


@pytest.mark.parametrize("model", [description.name for description in list_segmenters()])
def test_every_method_gives_lesions_that_are_disjoint_and_connected(study, model):
    segmentation = segment_study(study, model)
    labels = sitk.GetArrayFromImage(segmentation.labels)
    assert sorted(np.unique(labels[labels > 0])) == [lesion.label for lesion in segmentation.lesions]
    volumes = [lesion.volume_ml for lesion in measure_lesions(segmentation, study).lesions]
    assert volumes == sorted(volumes, reverse=True)
    assert len(volumes) >= 9


def test_majorities_are_nested_between_their_voters(study):
    mask = {model: sitk.GetArrayFromImage(segment_study(study, model).labels) > 0 for model in ("mv2", "mv3", "suv4")}
    assert not (mask["mv3"] & ~mask["mv2"]).any()
    assert not (mask["suv4"] & ~mask["mv2"]).any()  # 4.0 and 2.5 are two votes already
