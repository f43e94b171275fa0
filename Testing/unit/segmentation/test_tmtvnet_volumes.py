"""PET and CT on the grids that TMTV-Net sees: the original's way, and physical space."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

torch = pytest.importorskip("torch")

import builders_tmtvnet as tmtvnet  # noqa: E402
from CLIPSLib.imaging import same_grid  # noqa: E402
from CLIPSLib.segmentation.sliding_window.tiles import centered_grid  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.channels import WINDOWS, PetCtTiles  # noqa: E402
from CLIPSLib.segmentation.tmtvnet.volumes import (  # noqa: E402
    corrected_volumes,
    native_probability,
    on_study_grid,
    original_volumes,
)

CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0)
FLIPPED = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def image(array, spacing=(4.0, 4.0, 4.0), origin=(0.0, 0.0, 0.0), direction=None):
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(spacing)
    made.SetOrigin(origin)
    if direction is not None:
        made.SetDirection(direction)
    return made


def ramp(shape, dtype=np.float32):
    """Values that tell every axis apart: 100 z + 10 y + x."""
    z, y, x = np.indices(shape)
    return (100 * z + 10 * y + x).astype(dtype)


def test_channels_at_6_mm_are_the_original_programs():
    pet, ct = tmtvnet.read_case("small")
    volumes = original_volumes(pet, ct)
    expected = np.load(tmtvnet.golden("small", "pre_6mm_f32.npz"))
    tiles = PetCtTiles(centered_grid((75, 64, 64), (75, 64, 64)), volumes.coarse_suv, volumes.coarse_ct, rounded=False)
    for name, found in zip(WINDOWS, tiles.read((0, 0, 0)), strict=True):
        np.testing.assert_array_equal(found, expected[name])


def test_channels_at_pet_resolution_are_the_original_programs():
    """The CT is truncated to whole HU, the windows are rounded to float16."""
    pet, ct = tmtvnet.read_case("small")
    volumes = original_volumes(pet, ct)
    expected = np.load(tmtvnet.golden("small", "pre_native_f16_crop_z32_80_y24_72_x24_72.npz"))
    crop = (slice(32, 80), slice(24, 72), slice(24, 72))
    np.testing.assert_array_equal(volumes.ct[crop], expected["ct_raw_int16"])
    whole = PetCtTiles(centered_grid(volumes.suv.shape, volumes.suv.shape), volumes.suv, volumes.ct, rounded=True)
    for name, found in zip(WINDOWS, whole.read((0, 0, 0)), strict=True):
        np.testing.assert_array_equal(found[crop], expected[name].astype(np.float32))


def test_the_first_stages_probability_comes_back_to_the_pet_grid_as_in_the_original():
    pet, ct = tmtvnet.read_case("small")
    coarse = np.load(tmtvnet.golden("small", "e_prob_6mm_f16.npz"))["prob"][1]
    expected = np.load(tmtvnet.golden("small", "prob_resampled_f32.npz"))["prob"]
    np.testing.assert_array_equal(native_probability(original_volumes(pet, ct), coarse), expected)


def test_windows_are_clipped_and_zero_outside_the_volume():
    suv = np.array([[[-1.0, 3.0, 60.0]]], dtype=np.float32)
    ct = np.array([[[-2000.0, 75.0, 3000.0]]], dtype=np.float32)
    grid = centered_grid((1, 1, 3), (2, 2, 4))
    found = PetCtTiles(grid, suv, ct, np.array([[[0.25, 0.5, 0.75]]], np.float32), rounded=False).read((0, 0, 0))
    assert dict(zip((*WINDOWS, "probability"), found[:, 0, 0].tolist(), strict=True)) == {
        "ct": [0, 0.5, 1, 0],
        "suv": pytest.approx([0, 0.1, 1, 0]),
        "ct_lung": [0, 1, 1, 0],
        "ct_soft": [0, 0.875, 1, 0],
        "suv_hot": [0, 0.125, 1, 0],
        "probability": [0.25, 0.5, 0.75, 0],
    }
    assert not found[:, 1].any()


def test_a_ct_of_the_pets_size_but_elsewhere_is_misplaced_by_the_original_only():
    pet = image(ramp((6, 6, 6)))
    ct = image(ramp((6, 6, 6)), origin=(4.0, 0.0, 0.0))  # one voxel to the left
    np.testing.assert_array_equal(original_volumes(pet, ct).ct, ramp((6, 6, 6)))
    corrected = corrected_volumes(pet, ct).ct
    np.testing.assert_array_equal(corrected[:, :, 1:], ramp((6, 6, 6))[:, :, :-1])
    assert np.all(corrected[:, :, 0] == -1024)


def test_only_the_original_truncates_interpolated_hounsfield_units():
    """Between -1 and 0 HU lies -0.5, which truncates to 0; between 1 and 2 HU lies 1.5, which truncates to 1."""
    ct = image(np.array([-1, 0, 1, 2], np.int16).reshape(1, 1, 4), spacing=(4.0, 4.0, 4.0))
    pet = image(np.zeros((1, 1, 3), np.float32), origin=(2.0, 0.0, 0.0))
    assert original_volumes(pet, ct).ct.ravel().tolist() == [0, 0, 1]
    assert corrected_volumes(pet, ct).ct.ravel().tolist() == [-0.5, 0.5, 1.5]
    whole_numbers = sitk.Cast(ct, sitk.sitkFloat32)  # a reader that gives whole HU as floats means the same
    assert original_volumes(pet, whole_numbers).ct.ravel().tolist() == [0, 0, 1]


@pytest.mark.parametrize("direction", [FLIPPED, CORONAL])
def test_the_corrected_way_sees_every_acquisition_in_one_orientation(direction):
    """The same anatomy stored with other axes gives the same arrays; a mask comes back onto the stored grid."""
    straight = image(ramp((5, 6, 7)))
    code = sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(direction)
    stored = sitk.DICOMOrient(straight, code)
    assert stored.GetDirection() == pytest.approx(direction)
    volumes = corrected_volumes(stored, stored)
    np.testing.assert_array_equal(volumes.suv, ramp((5, 6, 7)))
    np.testing.assert_array_equal(volumes.coarse_suv, corrected_volumes(straight, straight).coarse_suv)
    back = on_study_grid(volumes.suv, volumes, stored)
    assert same_grid(back, stored)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(stored))


def test_the_last_slice_keeps_its_probability_in_the_corrected_way_only():
    """13 slices of 3 mm are 39 mm, 6.5 voxels of 6 mm, rounded to 6: slices from 33 mm on lie outside."""
    pet = image(np.zeros((13, 4, 4), np.float32), spacing=(6.0, 6.0, 3.0))
    coarse = np.ones((6, 4, 4), np.float32)
    lost = native_probability(original_volumes(pet, pet), coarse)[:, 0, 0]
    kept = native_probability(corrected_volumes(pet, pet), coarse)[:, 0, 0]
    assert (lost[:11].min(), lost[11:].max()) == (1.0, 0.0)
    assert kept.min() == 1.0
