"""The truth beside the series: recomputed from the DICOM files by other means, and read back as it was returned."""

import datetime

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Failure
from CLIPSLib.phantom import OTHER_LABEL, read_truth, write_phantom


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return write_phantom(tmp_path_factory.mktemp("phantom") / "clean", preset="small", noise=False, ct=False)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    return write_phantom(tmp_path_factory.mktemp("phantom") / "noisy", preset="small", ct=False)


def gdcm_suv(truth):
    """The series through ITK's own DICOM reader (slope of each slice applied), in SUV, float32."""
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(truth.folder / "pet"))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    reader.SetOutputPixelType(sitk.sitkFloat32)
    return reader.Execute() * truth.suv_factor


@pytest.mark.parametrize("threshold", [4.0, 2.5])
@pytest.mark.parametrize("which", ["clean", "noisy"])
def test_another_reader_finds_the_threshold_truth_to_the_voxel(request, which, threshold):
    truth = request.getfixturevalue(which)
    suv, known = gdcm_suv(truth), truth.threshold(threshold)
    mask = suv >= threshold - 1e-6
    labels = truth.threshold_labels(threshold)
    assert np.array_equal(sitk.GetArrayFromImage(labels) > 0, sitk.GetArrayFromImage(mask) > 0)
    assert labels.GetOrigin() == pytest.approx(suv.GetOrigin(), abs=1e-3)
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(sitk.ConnectedComponent(mask, True))  # True: 26 neighbors
    sizes = [statistics.GetNumberOfPixels(label) for label in statistics.GetLabels()]
    kept = [n for n in sizes if n * truth.voxel_volume_ml >= 3.0]
    assert (sum(sizes), len(sizes)) == (known.voxel_count, known.component_count)
    assert (sum(kept), len(kept)) == (known.preselected_voxel_count, known.preselected_component_count)


def test_object_volumes_are_those_of_solid_geometry(clean):
    # spheres of 26, 24 and 26 mm, and one of 50 mm without its core of 24 mm
    expected = {"node on the heart apex": 26.0, "hilar node": 24.0, "celiac node": 26.0}
    for name, diameter in expected.items():
        assert clean.object_named(name).object_volume_ml == pytest.approx(np.pi / 6 * diameter**3 / 1000, rel=0.02)
    ring = np.pi / 6 * (50.0**3 - 24.0**3) / 1000
    assert clean.object_named("necrotic mass").object_volume_ml == pytest.approx(ring, rel=0.02)
    assert clean.object_named("celiac node").center_lps_mm == pytest.approx((6.0, -4.0, -546.0), abs=0.2)


def test_label_map_shows_each_lesion_at_its_center(clean):
    labels = clean.object_labels()
    for name in ("node on the heart apex", "hilar node", "celiac node"):
        lesion = clean.object_named(name)
        assert labels[labels.TransformPhysicalPointToIndex(lesion.center_lps_mm)] == lesion.label


def test_counts_of_objects_add_up_to_the_threshold_mask(noisy):
    labels = sitk.GetArrayFromImage(noisy.threshold_labels(4.0))
    unexplained = int((labels == OTHER_LABEL).sum())
    attributed = sum(o.threshold_voxels["4.0"] for o in noisy.objects)
    assert attributed + unexplained == noisy.threshold(4.0).voxel_count
    assert sum(o.threshold_voxels["4.0"] for o in noisy.lesions) == noisy.threshold(4.0).tumor_voxel_count


def test_without_noise_both_images_are_one(clean, noisy):
    assert clean.threshold(4.0, "as-written").voxel_count == clean.threshold(4.0, "noise-free").voxel_count
    assert noisy.threshold(4.0, "noise-free").voxel_count == clean.threshold(4.0).voxel_count
    assert noisy.threshold(2.5).voxel_count != clean.threshold(2.5).voxel_count


def test_suv_factor_follows_from_the_header_by_hand(clean):
    facts = clean.header
    elapsed = datetime.datetime.fromisoformat(facts["series_start"]) - datetime.datetime.fromisoformat(
        facts["injected"]
    )
    left = facts["dose_bq"] * 0.5 ** (elapsed.total_seconds() / facts["half_life_s"])
    assert clean.suv_factor == pytest.approx(1000.0 * facts["weight_kg"] / left, rel=1e-12)
    assert 50.0 <= elapsed.total_seconds() / 60.0 <= 75.0
    assert facts["dose_bq"] / 1e6 / facts["weight_kg"] == pytest.approx(3.0, abs=0.01)


def test_truth_reads_back_as_it_was_returned(noisy):
    assert read_truth(noisy.folder) == noisy


def test_a_folder_without_truth_says_so(tmp_path):
    with pytest.raises(Failure, match="Cannot read"):
        read_truth(tmp_path)


def test_unknown_objects_and_thresholds_are_key_errors(clean):
    with pytest.raises(KeyError):
        clean.object_named("appendix")
    with pytest.raises(KeyError):
        clean.threshold(3.0)
