"""The written phantom: equal files for equal seeds, realistic numbers, awkward lesions that are awkward indeed."""

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Cancelled, Refusal, UsageError
from CLIPSLib.phantom import ORIENTATIONS, PRESETS, VENDORS, write_phantom
from CLIPSLib.phantom.fitted import CornerPair
from CLIPSLib.progress import RecordingReporter
from scipy import ndimage

CORNERS, EDGES_AND_CORNERS, FACES = (ndimage.generate_binary_structure(3, n) for n in (3, 2, 1))


def digests(folder):
    """SHA-256 of every file below a folder, by relative path."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_suv(truth):
    """SUV as a plain reader gets it: pixels, slope of the slice, factor from the header; sorted from feet to head."""
    slices = [pydicom.dcmread(path) for path in (truth.folder / "pet").glob("*.dcm")]
    slices.sort(key=lambda ds: ds.ImagePositionPatient[2])
    ds = slices[0]
    isotope = ds.RadiopharmaceuticalInformationSequence[0]
    clock = [
        float(t[:2]) * 3600 + float(t[2:4]) * 60 + float(t[4:])
        for t in (ds.SeriesTime, isotope.RadiopharmaceuticalStartTime)
    ]
    left = 0.5 ** ((clock[0] - clock[1]) / float(isotope.RadionuclideHalfLife))
    factor = 1000.0 * float(ds.PatientWeight) / (float(isotope.RadionuclideTotalDose) * left)
    return np.stack([s.pixel_array * float(s.RescaleSlope) * factor for s in slices])


def noise_free_mask(truth, *names):
    """Voxels at SUV >= 4.0 without noise that belong to the named objects, `[z, y, x]`."""
    labels = sitk.GetArrayFromImage(truth.threshold_labels(4.0, "noise-free"))
    return np.isin(labels, [truth.object_named(name).label for name in names])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_phantom(tmp_path_factory.mktemp("phantom") / "small", preset="small", seed=7)


@pytest.fixture(scope="module")
def whole_body(tmp_path_factory):
    return write_phantom(tmp_path_factory.mktemp("phantom") / "whole-body")


def test_equal_seeds_give_equal_files(small, tmp_path):
    again = write_phantom(tmp_path / "again", preset="small", seed=7)
    assert digests(again.folder) == digests(small.folder)


def test_another_seed_is_another_patient_study_and_noise(small, tmp_path):
    other = write_phantom(tmp_path / "other", preset="small", seed=8)
    first, second = (pydicom.dcmread(t.folder / "pet" / "0001.dcm") for t in (small, other))
    for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID"):
        assert first[keyword].value != second[keyword].value
    assert not np.array_equal(first.pixel_array, second.pixel_array)


def test_pet_and_ct_share_study_patient_and_frame_of_reference_but_no_grid(small):
    pet, ct = (pydicom.dcmread(small.folder / series / "0001.dcm") for series in ("pet", "ct"))
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert pet[keyword].value == ct[keyword].value
    assert pet.SeriesInstanceUID != ct.SeriesInstanceUID
    assert ct.Columns * ct.PixelSpacing[0] == pytest.approx(700.0)
    assert list(pet.ImagePositionPatient) != list(ct.ImagePositionPatient)
    assert str(pet.PatientName) == "Phantom^Seed7"


def test_uids_are_unique(small):
    uids = [pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in small.folder.rglob("*.dcm")]
    assert len(set(uids)) == len(uids)


def test_liver_is_2_1_with_a_cov_of_10_percent(small):
    suv, labels = read_suv(small), sitk.GetArrayFromImage(small.object_labels())
    liver = ndimage.binary_erosion(labels == small.object_named("liver").label, FACES, iterations=2)
    assert suv[liver].mean() == pytest.approx(2.1, abs=0.05)
    assert suv[liver].std() / suv[liver].mean() == pytest.approx(0.10, abs=0.01)


def test_the_body_holds_about_one_suv_and_normal_organs(whole_body):
    assert 0.7 <= whole_body.mean_body_suv <= 1.0
    # medians of real whole-body FDG PET/CT, mL; the tenth and ninetieth percentiles are the limits
    for organ, low, high in (("liver", 1187, 2138), ("spleen", 133, 389), ("kidneys", 200, 400), ("bladder", 68, 231)):
        assert low <= whole_body.object_named(organ).object_volume_ml <= high


def test_the_large_preset_has_60_lesions():
    named = sum(2 if isinstance(lesion, CornerPair) else 1 for lesion in PRESETS["large"].lesions)
    assert named + PRESETS["large"].scattered_lesions == 60


def test_lesions_meet_the_edges_they_are_made_for(whole_body):
    voxel_ml, named = whole_body.voxel_volume_ml, whole_body.object_named
    below, above = (named(f"paraspinal nodule of {v} mL").threshold_voxels_noise_free["4.0"] for v in (2.9, 3.1))
    assert 2.8 < below * voxel_ml < 3.0 <= above * voxel_ml < 3.2
    assert named("axillary node, SUV 3.9").threshold_voxels_noise_free["4.0"] == 0
    assert named("axillary node, SUV 4.1").threshold_voxels_noise_free["4.0"] > 10
    assert named("low-grade node, SUV 2.8").threshold_voxels_noise_free["4.0"] == 0


def test_lesions_lie_in_the_first_and_last_slice_and_across_two_beds(whole_body):
    assert noise_free_mask(whole_body, "thigh lesion in the lowest slice")[0].any()
    assert noise_free_mask(whole_body, "skull lesion in the highest slice")[-1].any()
    across = noise_free_mask(whole_body, "para-aortic node across two beds").any(axis=(1, 2))
    slices = [pydicom.dcmread(path, stop_before_pixels=True) for path in (whole_body.folder / "pet").glob("*.dcm")]
    slices.sort(key=lambda ds: ds.ImagePositionPatient[2])
    assert len({ds.AcquisitionTime for ds, touched in zip(slices, across, strict=True) if touched}) == 2


@pytest.mark.parametrize(
    ("lesion", "organ"),
    [
        ("node on the heart apex", "myocardium"),
        ("node on the bladder", "bladder"),
        ("node at the renal hilum", "renal pelvis"),
    ],
)
def test_lesions_on_hot_organs_are_one_component_with_them(whole_body, lesion, organ):
    mask = sitk.GetArrayFromImage(whole_body.threshold_labels(4.0, "noise-free")) > 0
    components, _ = ndimage.label(mask, CORNERS)
    of_lesion, of_organ = (set(components[noise_free_mask(whole_body, name)]) for name in (lesion, organ))
    assert of_lesion & of_organ


def test_the_ring_has_a_cold_core(whole_body):
    ring = noise_free_mask(whole_body, "necrotic mesenteric mass")
    filled = ndimage.binary_fill_holes(ring)
    assert (filled & ~ring).sum() * whole_body.voxel_volume_ml > 4.0


@pytest.mark.parametrize(
    ("vendor", "orientation"),
    [("siemens", "head-first"), *(pytest.param(v, "head-first", marks=pytest.mark.slow) for v in ("ge", "philips"))]
    + [pytest.param("siemens", o, marks=pytest.mark.slow) for o in ORIENTATIONS if o != "head-first"],
)
def test_the_gluteal_pair_touches_in_a_corner_only(tmp_path, vendor, orientation):
    truth = write_phantom(tmp_path / "p", vendor=vendor, orientation=orientation, noise=False, ct=False)
    pair = noise_free_mask(truth, "gluteal pair a", "gluteal pair b")
    assert [ndimage.label(pair, s)[1] for s in (CORNERS, EDGES_AND_CORNERS, FACES)] == [1, 2, 2]


def test_without_a_tumor_there_is_nothing_to_find(tmp_path):
    truth = write_phantom(tmp_path / "free", preset="tumor-free", ct=False)
    assert truth.lesions == ()
    assert truth.threshold(4.0).voxel_count == 0


@pytest.mark.slow
def test_physiological_uptake_alone_reaches_suv_4_without_a_lesion(tmp_path):
    truth = write_phantom(tmp_path / "normal", preset="physiological-only", ct=False)
    assert truth.lesions == ()
    assert truth.threshold(4.0).tumor_voxel_count == 0
    assert truth.threshold(4.0).preselected_volume_ml > 1000.0  # brain, heart, bladder, kidneys


@pytest.mark.slow
def test_a_diffuse_spleen_is_hotter_than_one_and_a_half_livers(tmp_path):
    truth = write_phantom(tmp_path / "spleen", preset="diffuse-spleen", ct=False)
    spleen = truth.object_named("spleen")
    assert spleen.suv > 1.5 * truth.liver_suv
    assert spleen.threshold_voxels["4.0"] * truth.voxel_volume_ml > 0.8 * spleen.object_volume_ml


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_same_patient_in_every_orientation(small, tmp_path, orientation):
    turned = write_phantom(tmp_path / "turned", preset="small", seed=7, orientation=orientation, ct=False)
    wanted = ORIENTATIONS[orientation]
    ds, last = (pydicom.dcmread(turned.folder / "pet" / name) for name in ("0001.dcm", "0048.dcm"))
    assert list(ds.ImageOrientationPatient) == pytest.approx([*wanted.row, *wanted.column])
    lowest_first = ds.ImagePositionPatient[2] < last.ImagePositionPatient[2]
    assert lowest_first == (wanted.first_image == "feet")
    for lesion in turned.lesions:
        if "slice" not in lesion.name:
            same = small.object_named(lesion.name)
            assert lesion.center_lps_mm == pytest.approx(same.center_lps_mm, abs=0.5)
            assert lesion.object_volume_ml == pytest.approx(same.object_volume_ml, rel=0.02)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_writes_its_units(tmp_path, vendor):
    truth = write_phantom(tmp_path / vendor, preset="small", vendor=vendor, ct=False)
    ds = pydicom.dcmread(truth.folder / "pet" / "0001.dcm")
    assert (ds.Manufacturer, ds.Units) == (VENDORS[vendor].manufacturer, VENDORS[vendor].units)


def test_a_folder_is_not_replaced_unasked_and_never_when_it_holds_other_things(small, tmp_path):
    with pytest.raises(Refusal, match="exists already"):
        write_phantom(small.folder, preset="small")
    (tmp_path / "patient.dcm").write_bytes(b"precious")
    with pytest.raises(Refusal, match="other than a phantom"):
        write_phantom(tmp_path, preset="small", overwrite=True)
    assert (tmp_path / "patient.dcm").read_bytes() == b"precious"


def test_a_phantom_is_replaced_when_asked(tmp_path):
    write_phantom(tmp_path / "p", preset="small", seed=1)
    write_phantom(tmp_path / "p", preset="small", seed=2, ct=False, overwrite=True)
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["pet", "truth"]


def test_cancelling_leaves_nothing(tmp_path):
    with pytest.raises(Cancelled):
        write_phantom(tmp_path / "p", preset="small", reporter=RecordingReporter(cancel_after=20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "huge"}, "no phantom preset 'huge'"),
        ({"vendor": "acme"}, "style of 'acme'"),
        ({"orientation": "sideways"}, "no orientation 'sideways'"),
        ({"units": "CPS"}, "'CPS' are not written"),
        ({"units": "CNTS"}, "Only Philips"),
        ({"seed": -1}, "-1 is negative"),
    ],
)
def test_unknown_wishes_are_named_with_what_there_is(tmp_path, wrong, message):
    with pytest.raises(UsageError, match=message):
        write_phantom(tmp_path / "p", **{"preset": "small", **wrong})
    assert not (tmp_path / "p").exists()
