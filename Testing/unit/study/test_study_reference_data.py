"""Published and real data: IBSI-SUV reference objects, sarcoma patients, a whole-body scan. Skipped where absent."""

import csv
import json

import numpy as np
import pytest
import reference_data
import SimpleITK as sitk
from CLIPSLib.study import load_study

REFERENCE_OBJECTS = [
    *("DRO_0_0", "DRO_1_0", "DRO_2_0", "DRO_2_1", "DRO_2_2", "DRO_2_3", "DRO_2_4", "DRO_2_5", "DRO_3_0"),
    *("DRO_3_1", "DRO_3_2", "DRO_3_3", "DRO_3_4", "DRO_4_0", "DRO_4_1", "DRO_4_2", "DRO_5_0"),
]
ANSWERS = {"DRO_3_4": {"convert_undecayed": "yes"}}  # DecayCorrection NONE is refused unless asked for
PATIENTS = [1, 2, 3, *range(5, 15), 17, 18, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 36, 39, 40, 41, 42, 44, 45]
PATIENTS += [46, 50, 51]


@pytest.mark.parametrize("name", REFERENCE_OBJECTS)
def test_ibsi_suv_reference_objects(name):
    expected = json.loads(reference_data.path("ibsi_suv_dro_expected.json").read_text(encoding="utf-8"))[name]
    folder = reference_data.path("ibsi_suv", "DRO", name)
    study = load_study(folder / "PT", answers=ANSWERS.get(name))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "mask" / "DRO_mask.nii.gz"))) > 0
    values = sitk.GetArrayFromImage(study.pet)[mask]
    for statistic, measured in (("min", values.min()), ("median", np.median(values)), ("max", values.max())):
        tolerance = expected["abs_tol"][statistic]
        assert measured == pytest.approx(expected["expected"][statistic], abs=tolerance), statistic


def test_a_raw_whole_body_scan():
    expected = json.loads(reference_data.path("wholebody_pet_STS_001_expected.json").read_text(encoding="utf-8"))
    study = load_study(reference_data.path("wholebody_pet", "STS_001", "FDG_PET"))
    assert study.suv.factor == pytest.approx(expected["factor_bw"], rel=1e-12)
    assert sitk.GetArrayViewFromImage(study.pet).max() == pytest.approx(expected["suvmax_whole"], rel=1e-6)
    assert study.pet.GetSize()[2] == expected["n_slices"]
    assert study.pet.GetSpacing() == pytest.approx((4.6875, 4.6875, 3.27), abs=1e-4)
    assert [caution.code for caution in study.cautions] == ["no-ct"]


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n in (1, 2, 46) else pytest.mark.slow) for n in PATIENTS]
)
def test_sarcoma_patients(number):
    name = f"STS_{number:03d}"
    with open(reference_data.path("sts_reference.csv"), encoding="utf-8") as stream:
        expected = next(row for row in csv.DictReader(stream) if row["patient"] == name)
    study = load_study(reference_data.path("sts", name))
    suv = sitk.GetArrayViewFromImage(study.pet)
    assert suv.max() == pytest.approx(float(expected["suvmax_crop"]), abs=1e-4)
    assert suv.shape[0] == int(expected["slices"])
    assert study.pet.GetSpacing()[2] == pytest.approx(float(expected["spacing_z"]), abs=1e-3)
    assert study.ct.GetPixelID() == sitk.sitkInt16
    assert sitk.GetArrayViewFromImage(study.ct).min() >= -1024
    assert study.identity.weight_kg == float(expected["weight_kg"])
    assert not any(caution.code == "body-mean-suv" for caution in study.cautions)
