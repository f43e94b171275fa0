"""The IBSI digital phantom against the published consensus values (IBSI reference manual, chapter 5)."""

from __future__ import annotations

import pytest
import reference_data
import SimpleITK as sitk
from builders_volume import segmentation_of
from CLIPSLib.measures import measure_lesions
from CLIPSLib.study import PetCtStudy, StudyIdentity


@pytest.fixture(scope="module")
def lesion():
    folder = reference_data.path("ibsi_digital_phantom")
    image = sitk.Cast(sitk.ReadImage(str(folder / "phantom.nii.gz")), sitk.sitkFloat32)
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "mask.nii.gz")))
    study = PetCtStudy(pet=image, identity=StudyIdentity())
    return measure_lesions(segmentation_of(mask != 0, study), study).lesions[0]


@pytest.mark.parametrize(
    ("measure", "published", "tolerance"),
    [
        ("volume_ml", 0.592, 0.004),  # YEKZ 592 mm3
        ("suv_mean", 2.15, 0.005),  # Q4LE
        ("suv_max", 6.0, 0.0),  # 84IY
        ("suv_peak_local", 2.6, 0.05),  # VJGA
        ("suv_peak", 3.1, 0.05),  # 0F91
        ("max_diameter_mm", 13.1, 0.1),  # L0JK
    ],
)
def test_published_value_is_reproduced(lesion, measure, published, tolerance):
    assert getattr(lesion, measure) == pytest.approx(published, abs=tolerance)


def test_voxels_of_the_mask(lesion):
    assert lesion.voxel_count == 74
