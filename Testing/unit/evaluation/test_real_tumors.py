"""Real tumors (36 patients): Dice of threshold masks as an independent script found it, NSD as MONAI finds it."""

from __future__ import annotations

import numpy as np
import pytest
import reference_data
import sarcoma
import SimpleITK as sitk
from CLIPSLib.evaluation import EvaluationOptions, evaluate
from CLIPSLib.imaging import array_view, image_like, spacing_zyx_mm
from CLIPSLib.study import load_study


def tumor_and_pet(patient: str) -> tuple[sitk.Image, sitk.Image]:
    folder = reference_data.path("sts", patient)
    pet = load_study(folder / "PET" / "image").pet
    return image_like(sarcoma.gtv_mask(next((folder / "PET" / "mask").iterdir()), pet), pet), pet


def compare(row: dict[str, str]) -> None:
    reference, pet = tumor_and_pet(row["patient"])
    for threshold in (4.0, 2.5):
        mask = image_like(array_view(pet) >= threshold - 1e-6, pet)
        found = evaluate(reference, mask, pet=pet)
        assert found.dice == pytest.approx(float(row[f"dice_ge{threshold}_crop"]), abs=5.1e-5), row["patient"]
        assert found.reference_ml == pytest.approx(float(row["gtv_ml"]), abs=0.01)
        hottest = max(lesion.suv_max for lesion in found.lesions if lesion.of == "reference")
        assert hottest == pytest.approx(float(row["suvmax_gtv"]), abs=1e-3)


@pytest.mark.parametrize("patient", ["STS_001", "STS_044"])
def test_dice_of_thresholds_on_a_real_tumor(patient):
    compare(next(row for row in sarcoma.expected_rows() if row["patient"] == patient))


@pytest.mark.slow
def test_dice_of_thresholds_on_all_real_tumors():
    for row in sarcoma.expected_rows():
        compare(row)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # inside MONAI
def test_nsd_of_a_real_tumor_is_that_of_monai():
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("monai.metrics")
    reference, pet = tumor_and_pet("STS_003")
    prediction = array_view(pet) >= 2.5
    theirs = metrics.compute_surface_dice(
        *(torch.from_numpy(np.array(m, np.uint8)[None, None]) for m in (prediction, array_view(reference))),
        class_thresholds=[4.0],
        include_background=True,
        spacing=spacing_zyx_mm(pet),
        use_subvoxels=True,
    )
    options = EvaluationOptions(tolerance_mm=4.0)
    found = evaluate(reference, image_like(prediction, pet), options=options)
    assert found.nsd == pytest.approx(float(theirs), abs=1e-4)
