"""Real tumors (36 patients) against what an independent script measured: `sts_reference.csv`."""

from __future__ import annotations

import numpy as np
import pytest
import reference_data
import sarcoma
from builders_volume import segmentation_of
from CLIPSLib.imaging import largest_distance_mm, spacing_zyx_mm
from CLIPSLib.measures import measure_lesions
from CLIPSLib.study import load_study


def measured(patient: str):
    """The expected row of one patient, the PET, the mask of GTV_Mass on it, and its measures."""
    folder = reference_data.path("sts", patient)
    row = next(row for row in sarcoma.expected_rows() if row["patient"] == patient)
    study = load_study(folder / "PET" / "image")
    mask = sarcoma.gtv_mask(next((folder / "PET" / "mask").iterdir()), study.pet)
    return row, study.pet, mask, measure_lesions(segmentation_of(mask, study), study).lesions[0]


def compare(patient: str) -> None:
    row, pet, mask, lesion = measured(patient)
    expected = {name: float(value) for name, value in row.items() if name[:3] in ("rt_", "gtv", "suv", "tlg", "max")}
    assert lesion.voxel_count == expected["rt_vox"]
    assert lesion.volume_ml == pytest.approx(expected["gtv_ml"], abs=0.01)
    assert lesion.suv_max == pytest.approx(expected["suvmax_gtv"], abs=1e-3)
    assert lesion.suv_mean == pytest.approx(expected["suvmean_gtv"], abs=1e-3)
    assert lesion.tlg_g == pytest.approx(expected["tlg_gtv"], rel=1e-4, abs=0.01)
    assert lesion.suv_peak == pytest.approx(expected["suvpeak_global"], abs=1e-3)
    assert lesion.suv_peak_local == pytest.approx(expected["suvpeak_local"], abs=1e-3)
    # The reference column is between voxel centers; IBSI's diameter is between mesh vertices half a voxel farther out.
    centers_mm = np.argwhere(mask) * spacing_zyx_mm(pet)
    assert largest_distance_mm(centers_mm) == pytest.approx(expected["max_diam_mm"], abs=0.06)
    assert 0 < lesion.max_diameter_mm - expected["max_diam_mm"] <= max(pet.GetSpacing()) + 0.06


@pytest.mark.parametrize("patient", ["STS_001", "STS_003", "STS_046"])
def test_measures_of_a_real_tumor(patient):
    compare(patient)


@pytest.mark.slow
def test_measures_of_all_real_tumors():
    for row in sarcoma.expected_rows():
        compare(row["patient"])
