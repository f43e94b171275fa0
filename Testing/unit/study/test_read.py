"""Studies with pixels: each slice by its own slope, grids with their own cosines, types that never wrap."""

import numpy as np
import pytest
import SimpleITK as sitk
from builders_dicom import default_values, write_series
from CLIPSLib.errors import Question, Refusal
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.study import find_studies, load_study, read_study

FACTOR = 70000 / (370e6 * 2 ** (-3600 / 6586.2))  # of the builder's default patient


def suv_of(study):
    return sitk.GetArrayFromImage(study.pet)


def test_each_slice_has_its_own_slope(tmp_path):
    values = default_values("PT", 6, 8, 9)
    write_series(tmp_path, values=values, slope=lambda i: 0.1 + 0.05 * i)
    study = load_study(tmp_path)
    assert study.pet.GetPixelID() == sitk.sitkFloat32
    assert np.abs(suv_of(study) - values * FACTOR).max() < 0.5 * 0.35 * FACTOR * 1.001  # half a stored unit


def test_a_first_slice_with_slope_one_does_not_wrap_the_others(tmp_path):
    # A reader that takes the first slice's pixel type (int16) turns 32000 * 5.92 into -7168.
    stored = np.full((6, 8, 9), 32000.0)
    slopes = [1.0, 5.92, 5.92, 5.92, 5.92, 1.0]
    values = stored * np.array(slopes)[:, None, None]
    write_series(tmp_path, values=values, slope=lambda i: slopes[i])
    assert np.allclose(suv_of(load_study(tmp_path)), values * FACTOR, rtol=1e-6)


def test_the_intercept_of_a_slice_is_applied(tmp_path):
    values = default_values("PT", 6, 8, 9)
    write_series(tmp_path, values=values, RescaleIntercept=lambda i: str(10 * i))
    assert np.allclose(suv_of(load_study(tmp_path)), values * FACTOR, rtol=1e-6)


def test_frames_without_decay_correction_use_their_own_factor(tmp_path):
    values = np.full((6, 8, 9), 4000.0)
    write_series(
        tmp_path,
        values=values,
        DecayCorrection="NONE",
        CorrectedImage=["ATTN"],
        AcquisitionTime=lambda i: "110000" if i < 3 else "110500",
    )
    study = load_study(tmp_path, answers={"convert_undecayed": "yes"})
    suv = suv_of(study)
    # 300 s later the same activity concentration stands for more of the dose: 2^(300/6586.2)
    assert suv[5, 0, 0] / suv[0, 0, 0] == pytest.approx(2 ** (300 / 6586.2), rel=1e-6)
    assert study.identity.user_entered == ("convert_undecayed",)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, 1, 0), (0.8, 0.6, 0, 0, 0, -1)])
@pytest.mark.parametrize("reverse", [False, True])
def test_every_voxel_lies_where_its_file_says(tmp_path, orientation, reverse):
    values = default_values("PT", 6, 8, 9)
    origin = np.array([-16.0, -14.0, 100.0])
    normal = np.cross(orientation[:3], orientation[3:]) * (-5 if reverse else 5)
    write_series(tmp_path, values=values, orientation=orientation, step=normal, spacing=(2.0, 3.0, 5.0))
    study = load_study(tmp_path)
    for z, y, x in ((0, 0, 0), (5, 7, 8), (3, 2, 6)):
        point = origin + z * normal + 2 * x * np.array(orientation[:3]) + 3 * y * np.array(orientation[3:])
        index = study.pet.TransformPhysicalPointToIndex(point.tolist())
        assert study.pet[index] == pytest.approx(values[z, y, x] * FACTOR, rel=1e-6)


def read_ct(folder, **options):
    write_series(folder / "pet")
    size = {"rows": 20, "columns": 20, "slices": 12} if "values" not in options else {}
    write_series(folder / "ct", "CT", spacing=(2.0, 2.0, 3.0), origin=(-20.0, -18.0, 98.0), **size, **options)
    return load_study(folder).ct


def test_ct_is_hounsfield_as_int16_on_its_own_grid(tmp_path):
    ct = read_ct(tmp_path)
    assert ct.GetPixelID() == sitk.sitkInt16
    assert ct.GetSize() == (20, 20, 12)
    assert ct.GetSpacing() == pytest.approx((2.0, 2.0, 3.0))
    assert np.array_equal(sitk.GetArrayFromImage(ct), default_values("CT", 12, 20, 20))


def test_ct_with_a_fractional_slope_is_float32(tmp_path):
    ct = read_ct(tmp_path, slope=0.5)
    assert ct.GetPixelID() == sitk.sitkFloat32
    assert np.allclose(sitk.GetArrayFromImage(ct), default_values("CT", 12, 20, 20))


def test_ct_that_does_not_fit_int16_is_float32(tmp_path):
    values = default_values("CT", 12, 20, 20)
    values[3, 4, 5] = 40000.0  # metal in an extended scale
    ct = read_ct(tmp_path, values=values, dtype="uint16")
    assert ct.GetPixelID() == sitk.sitkFloat32
    assert ct.GetPixel(5, 4, 3) == 40000.0


def test_a_tilted_ct_is_straightened(tmp_path):
    # A bar at one place in the patient: in slice k it is stored k columns to the left, as each slice starts 2 mm later.
    straight = np.full((12, 20, 20), -1000.0)
    straight[:, 5:9, 13:16] = 500.0
    tilted = np.stack([np.roll(plane, -k // 1, axis=1) for k, plane in enumerate(straight)])
    write_series(tmp_path / "pet")
    origin = (-20.0, -18.0, 98.0)
    write_series(tmp_path / "ct", "CT", values=tilted, spacing=(2.0, 2.0, 3.0), origin=origin, step=(2.0, 0.0, 3.0))
    study = load_study(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(study.ct)[:, 5:9, 13:16], straight[:, 5:9, 13:16])
    assert "gantry-tilt" in [caution.code for caution in study.cautions]


def test_a_series_of_zeros_is_refused(tmp_path):
    write_series(tmp_path, values=np.zeros((6, 8, 9)))
    with pytest.raises(Refusal, match="All 6 slices hold only zeros"):
        load_study(tmp_path)


def test_an_empty_slice_between_others_is_said_and_one_at_the_end_is_usual(tmp_path):
    values = default_values("PT", 6, 8, 9)
    values[0] = 0
    write_series(tmp_path / "end", values=values)
    assert [caution.code for caution in load_study(tmp_path / "end").cautions] == ["no-ct"]
    values[3] = 0
    write_series(tmp_path / "middle", values=values)
    (caution,) = (c for c in load_study(tmp_path / "middle").cautions if c.code == "slices-all-zero")
    assert "0003.dcm" in caution.what


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 10.0, 1e3])
def test_a_wrong_scale_shows_in_the_mean_of_the_body(tmp_path, scale):
    write_series(tmp_path, values=default_values("PT", 6, 8, 9) * scale, slope=0.1 * scale)
    reporter = RecordingReporter()
    study = load_study(tmp_path, reporter=reporter)
    assert "body-mean-suv" in [caution.code for caution in study.cautions]
    assert "body-mean-suv" in [caution.code for caution in reporter.cautions]


def test_identity_holds_what_reports_need(tmp_path):
    write_series(tmp_path, PatientBirthDate="19641001", StudyDescription="FDG WB")
    identity = load_study(tmp_path).identity
    assert (identity.patient_id, identity.sex, identity.age_years, identity.study_date) == ("P1", "F", 59.0, "20240305")
    assert (identity.weight_kg, identity.height_m, identity.injected_dose_bq) == (70.0, 1.75, 370e6)
    assert (identity.uptake_min, identity.tracer, identity.scanner) == (60.0, "F-18 FDG", "SIEMENS Biograph 64")
    assert (identity.pet_description, identity.user_entered) == ("PET WB AC", ())


def test_reading_a_candidate_with_an_open_question_asks_it(tmp_path):
    write_series(tmp_path, PatientWeight=None)
    (candidate,) = find_studies(tmp_path).candidates
    assert not candidate.usable
    with pytest.raises(Question, match="PatientWeight"):
        read_study(candidate)
