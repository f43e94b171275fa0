"""PET headers: times, factors and slopes as a reader with a pocket calculator would check them."""

import datetime
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from CLIPSLib.phantom import VENDORS, Patient, PetSpec, SeriesHeader, StudyHeader, make_uid, write_pet_series
from CLIPSLib.phantom.dicom_ct import CtSpec, write_ct_series

PATIENT = Patient(name="Test^One", patient_id="1", birth_date="19600101", sex="F", weight_kg=70.0, height_m=1.70)
SERIES_START = datetime.datetime(2024, 3, 1, 10, 0, 0)
STUDY = StudyHeader(
    patient=PATIENT,
    study_uid=make_uid("study"),
    frame_of_reference_uid=make_uid("frame"),
    started=SERIES_START - datetime.timedelta(minutes=5),
)


def series(**changes):
    header = SeriesHeader(
        study=STUDY, series_uid=make_uid("pet"), number=4, description="PET WB (AC)", started=SERIES_START
    )
    return replace(header, **changes)


def spec(vendor="siemens", **changes):
    """70 kg, 350 MBq one hour before the series starts."""
    values = {
        "series": series(),
        "vendor": VENDORS[vendor],
        "dose_bq": 350e6,
        "injected": SERIES_START - datetime.timedelta(hours=1),
        **changes,
    }
    return PetSpec(**values)


def suv_image():
    """Six slices of 100 mm, so that Siemens beds (164 mm) hold slices 0-1, 2-3 and 4, 5 from the feet."""
    values = np.random.default_rng(0).uniform(0.0, 2.0, (6, 8, 8))
    values *= np.array([1, 3, 9, 2, 20, 1])[:, None, None]
    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing((4.0, 4.0, 100.0))
    image.SetOrigin((-14.0, -14.0, -700.0))
    return image


def written(folder, pet_spec):
    encoded = write_pet_series(folder, suv_image(), pet_spec)
    files = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    return encoded, sorted(files, key=lambda ds: ds.ImagePositionPatient[2])


def test_bqml_start_is_weight_over_the_dose_left_at_series_start(tmp_path):
    encoded, slices = written(tmp_path, spec())
    # 350 MBq * 0.684633 left after 3600 s = 239.6216 MBq; 1000 * 70 / 239.6216e6 = 2.921273e-4
    assert encoded.suv_per_value == pytest.approx([2.921273e-4] * 6, rel=1e-6)
    truth = sitk.GetArrayFromImage(suv_image())
    for ds, plane in zip(slices, truth, strict=True):
        read = ds.pixel_array * float(ds.RescaleSlope) * 2.921273e-4
        assert read == pytest.approx(plane, abs=1.7e-5 * float(plane.max()))  # half a step, and rounding
    assert {(ds.Units, ds.DecayCorrection) for ds in slices} == {("BQML", "START")}


def test_every_slice_has_its_own_slope_and_no_intercept(tmp_path):
    encoded, slices = written(tmp_path, spec())
    assert len({str(ds.RescaleSlope) for ds in slices}) == 6
    assert {float(ds.RescaleIntercept) for ds in slices} == {0.0}
    assert [float(ds.RescaleSlope) for ds in slices] == encoded.slopes.tolist()
    assert np.array_equal(np.stack([ds.pixel_array for ds in slices]), encoded.stored)


def test_beds_are_timed_from_the_feet_up(tmp_path):
    _, slices = written(tmp_path, spec())
    # Siemens: 120 s a bed and 4 s to move; image 1 is the head and lies in the last bed
    times = ["100000.000", "100000.000", "100204.000", "100204.000", "100408.000", "100612.000"]
    assert [ds.AcquisitionTime for ds in slices] == times
    assert [int(ds.InstanceNumber) for ds in slices] == [6, 5, 4, 3, 2, 1]
    assert {ds.SeriesTime for ds in slices} == {"100000.000"}
    assert {int(ds.ActualFrameDuration) for ds in slices} == {120000}


@pytest.mark.parametrize(("vendor", "to_reference_ms"), [("siemens", 59936.85), ("ge", 0.0), ("philips", 44964.5)])
def test_frame_reference_time_follows_the_vendor(tmp_path, vendor, to_reference_ms):
    # GE counts to the frame start, the others to its average activity: T/2 - lambda T^2 / 24 after the start
    encoded, slices = written(tmp_path, spec(vendor))
    expected = [bed.offset_s * 1000.0 + to_reference_ms for bed in encoded.beds]
    assert [float(ds.FrameReferenceTime) for ds in slices] == pytest.approx(expected, abs=0.2)


def test_decay_factor_corrects_each_bed_to_the_series_start(tmp_path):
    _, slices = written(tmp_path, spec())
    # third bed: 248 s + 59.93685 s after the start: exp(1.052424e-4 * 307.93685) = 1.0329389
    assert float(slices[4].DecayFactor) == pytest.approx(1.0329389, abs=1e-6)


def test_correction_to_the_injection_uses_the_full_dose(tmp_path):
    encoded, slices = written(tmp_path, spec(decay_correction="ADMIN"))
    assert encoded.suv_per_value == pytest.approx([70000.0 / 350e6] * 6, rel=1e-12)
    assert slices[0].DecayCorrection == "ADMIN"


def test_without_decay_correction_each_bed_has_its_own_factor(tmp_path):
    encoded, slices = written(tmp_path, spec(decay_correction="NONE"))
    # first bed: dose left 3600 + 59.93685 s after injection: 350e6 * exp(-1.052424e-4 * 3659.93685) = 238.1149e6
    assert encoded.suv_per_value[0] == pytest.approx(70000.0 / 238.1149e6, rel=2e-6)
    assert encoded.suv_per_value[4] / encoded.suv_per_value[0] == pytest.approx(np.exp(1.052424e-4 * 248.0), rel=1e-6)
    assert "DECY" not in slices[0].CorrectedImage


def test_philips_counts_carry_both_factors(tmp_path):
    encoded, slices = written(tmp_path, spec("philips", units="CNTS"))
    ds = slices[2]
    assert ds[0x7053, 0x0010].value == "Philips PET Private Group"
    assert float(ds[0x7053, 0x1000].value) == encoded.suv_per_value[2]
    # counts -> Bq/mL -> SUV gives what counts -> SUV gives
    assert float(ds[0x7053, 0x1009].value) * 2.921273e-4 == pytest.approx(encoded.suv_per_value[2], rel=1e-6)


def test_gml_is_suv_already(tmp_path):
    encoded, slices = written(tmp_path, spec(units="GML"))
    assert encoded.suv_per_value.tolist() == [1.0] * 6
    assert slices[0].SUVType == "BW"
    hottest = slices[4].pixel_array.max() * float(slices[4].RescaleSlope)
    assert hottest == pytest.approx(sitk.GetArrayFromImage(suv_image())[4].max(), rel=1e-4)


def test_private_moments_of_ge_and_siemens(tmp_path):
    _, ge = written(tmp_path / "ge", spec("ge"))
    assert ge[0][0x0009, 0x0010].value == "GEMS_PETD_01"
    assert ge[0][0x0009, 0x100D].value == "20240301100000.00"
    assert ge[0][0x0009, 0x103B].value == "20240301090000.00"
    assert "RadiopharmaceuticalStartDateTime" not in ge[0].RadiopharmaceuticalInformationSequence[0]
    _, siemens = written(tmp_path / "siemens", spec())
    assert siemens[0][0x0071, 0x1022].value == "20240301100000.00"


def test_voxels_stay_clear_of_the_thresholds_asked_for(tmp_path):
    image = suv_image()
    at_threshold = sitk.GetArrayFromImage(image)
    at_threshold[2] = np.linspace(3.9999, 4.0001, 64, dtype=np.float32).reshape(8, 8)
    at_threshold[2, 0, 0] = 32766 * 4.0 / 32000  # makes stored 32000 land on SUV 4 but for rounding
    clear = sitk.GetImageFromArray(at_threshold)
    clear.CopyInformation(image)
    suv = write_pet_series(tmp_path, clear, spec(clear_of_suv=(4.0,))).suv()
    assert np.abs(suv - 4.0).min() >= 1e-5


def test_overrides_change_delete_and_reach_into_sequences(tmp_path):
    overrides = {
        "PatientWeight": None,
        "SeriesTime": "120000",
        "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose": "350",
        "(7053,1000)": ("DS", "0.5"),
    }
    _, slices = written(tmp_path, spec(series=series(overrides=overrides)))
    for ds in slices:
        assert "PatientWeight" not in ds
        assert ds.SeriesTime == "120000"
        assert ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose == 350
        assert ds[0x7053, 0x1000].value == 0.5


def test_oblique_images_keep_their_positions(tmp_path):
    image = suv_image()
    image.SetDirection((0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0))
    write_pet_series(tmp_path, image, spec())
    ds = pydicom.dcmread(tmp_path / "0003.dcm")  # third from the head: index 3
    assert list(ds.ImageOrientationPatient) == pytest.approx([0.6, 0.8, 0.0, -0.8, 0.6, 0.0])
    assert list(ds.ImagePositionPatient) == pytest.approx(image.TransformIndexToPhysicalPoint((0, 0, 3)))


def test_ct_holds_hounsfield_units(tmp_path):
    hu = np.linspace(-1100.0, 3200.0, 3 * 8 * 8).reshape(3, 8, 8).astype(np.float32)
    image = sitk.GetImageFromArray(hu)
    write_ct_series(tmp_path, image, CtSpec(series=series(series_uid=make_uid("ct"))))
    read = sitk.GetArrayFromImage(sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))))
    assert np.abs(read - np.clip(hu, -1024, 3071)).max() <= 0.5
    assert pydicom.dcmread(tmp_path / "0001.dcm").PatientPosition == "HFS"


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
@pytest.mark.parametrize("vendor", VENDORS)
def test_an_independent_validator_finds_no_error(tmp_path, vendor):
    write_pet_series(tmp_path / "pet", suv_image(), spec(vendor, units=VENDORS[vendor].units))
    write_ct_series(tmp_path / "ct", suv_image(), CtSpec(series=series(series_uid=make_uid("ct"))))
    for path in sorted(tmp_path.rglob("*.dcm")):
        report = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        errors = [line for line in report.stderr.splitlines() if line.startswith(("Error", "Abort"))]
        assert errors == [], path.name
