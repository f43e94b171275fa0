"""What the sarcoma networks are compared with: thresholds as an independent script has them, the crop's secret."""

from __future__ import annotations

import numpy as np
import pytest
import reference_data
import sarcoma
from CLIPSLib.imaging import array_view, spacing_zyx_mm
from CLIPSLib.study import load_study
from sarcoma_baselines import (
    THRESHOLDS,
    Tumor,
    baselines,
    chosen_threshold,
    cut,
    dice_by_threshold,
    ellipsoid_dice,
    uneven_cut,
)


def ball(shape=(30, 30, 30), spacing_mm=(5.0, 5.0, 5.0), *, suv=5.0) -> Tumor:
    """A ball that ends exactly 5 cm before the image does, in a cold body."""
    axes = [(np.arange(n) + 0.5) * s - n * s / 2 for n, s in zip(shape, spacing_mm, strict=True)]
    radii = [n * s / 2 - 50.0 for n, s in zip(shape, spacing_mm, strict=True)]
    inside = sum((axis / radius) ** 2 for axis, radius in zip(np.ix_(*axes), radii, strict=True)) <= 1
    return Tumor(np.where(inside, suv, 1.0).astype(np.float32), inside, spacing_mm)


@pytest.mark.parametrize("patient", ["STS_001", "STS_003", "STS_046"])
def test_thresholds_are_those_of_an_independent_script(patient):
    row = next(row for row in sarcoma.expected_rows() if row["patient"] == patient)
    folder = reference_data.path("sts", patient, "PET")
    pet = load_study(folder / "image").pet
    mask = sarcoma.gtv_mask(next((folder / "mask").iterdir()), pet)
    tumor = Tumor(array_view(pet), mask, spacing_zyx_mm(pet))
    found = baselines(tumor, {"other": np.zeros(len(THRESHOLDS))})
    assert found["suv_4"] == pytest.approx(float(row["dice_ge4.0_crop"]), abs=5.1e-5)
    assert found["suv_2.5"] == pytest.approx(float(row["dice_ge2.5_crop"]), abs=5.1e-5)
    assert found["41_percent"] == pytest.approx(float(row["dice_41pct_seeded"]), abs=5.1e-5)
    assert found["best_threshold"] >= max(found["suv_4"], found["suv_2.5"])


def test_the_size_of_the_image_gives_a_cropped_tumor_away():
    assert ellipsoid_dice(ball()) == 1.0
    assert ellipsoid_dice(ball((60, 40, 30), (3.0, 4.0, 5.0))) == 1.0


def test_an_uneven_cut_keeps_the_tumor_and_misleads_who_goes_by_the_edges():
    tumor = ball()
    for seed in range(8):
        part = cut(tumor, uneven_cut(tumor, seed))
        assert part.mask.sum() == tumor.mask.sum()
        assert part.mask.shape == (22, 22, 22)  # 10 voxels of margin on one side, 2 on the other
        assert ellipsoid_dice(part) < 0.5
    assert len({str(uneven_cut(tumor, seed)) for seed in range(8)}) > 3


def test_the_threshold_is_chosen_by_the_mean_of_other_patients():
    dim, bright = ball(suv=2.0), ball(suv=6.0)
    assert 1.0 < chosen_threshold([dice_by_threshold(dim), dice_by_threshold(bright)]) <= 2.0
    assert 1.0 < chosen_threshold([dice_by_threshold(bright)]) <= 6.0
