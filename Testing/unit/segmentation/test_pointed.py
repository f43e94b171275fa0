"""A person points at a missed lesion: it grows by a rule with a published threshold, and takes nothing from others."""

import numpy as np
import pytest
import SimpleITK as sitk
from CLIPSLib.errors import Refusal
from CLIPSLib.imaging import array_view, index_to_lps_mm
from CLIPSLib.segmentation import lesion_at_point
from CLIPSLib.study import PetCtStudy

HOT, WARM, COLD = (10, 10, 10), (10, 10, 30), (10, 30, 20)


def ball(center, radius_voxels, shape=(20, 40, 40)):
    grid = np.indices(shape)
    return sum((axis - c) ** 2 for axis, c in zip(grid, center, strict=True)) <= radius_voxels**2


@pytest.fixture
def study():
    suv = np.ones((20, 40, 40), np.float32)
    suv[ball(HOT, 5)] = 5.0
    suv[HOT] = 10.0  # 41 %: 4.1
    suv[ball(WARM, 3)] = 3.0
    suv[WARM] = 3.5
    suv[ball(COLD, 3)] = 2.0
    pet = sitk.GetImageFromArray(suv)
    pet.SetSpacing((3.0, 3.0, 3.0))
    pet.SetOrigin((-60.0, -60.0, 100.0))
    return PetCtStudy(pet=pet)


def at(study, index):
    return index_to_lps_mm(study.pet, np.array(index))[0]


def test_the_region_above_suv_4_around_the_click(study):
    mask, cautions = lesion_at_point(study, at(study, (11, 9, 10)), "suv4")
    assert np.array_equal(array_view(mask) != 0, ball(HOT, 5)) and not cautions


def test_a_click_beside_the_lesion_finds_it(study):
    mask, _ = lesion_at_point(study, at(study, (10, 10, 17)), "suv4")  # two voxels, 6 mm, from its border
    assert np.array_equal(array_view(mask) != 0, ball(HOT, 5))


def test_faint_lesions_grow_to_41_percent_of_their_maximum(study):
    mask, _ = lesion_at_point(study, at(study, WARM), "41max")
    assert np.array_equal(array_view(mask) != 0, ball(WARM, 3))  # 0.41 x 3.5 = 1.44: all of it, none of the background


def test_what_is_too_cold_is_refused_with_its_suv(study):
    with pytest.raises(Refusal, match=r"is 3\.50; a lesion starts at SUV 4\.0"):
        lesion_at_point(study, at(study, WARM), "suv4")
    with pytest.raises(Refusal, match=r"is 2\.00; a lesion starts at SUV 2\.5"):
        lesion_at_point(study, at(study, COLD), "41max")


@pytest.mark.parametrize("method", ["suv4", "41max"])
def test_voxels_of_other_lesions_stay_theirs(study, method):
    taken = np.zeros((20, 40, 40), bool)
    taken[:, :, :9] = True
    mask, _ = lesion_at_point(study, at(study, HOT), method, taken=taken)
    assert np.array_equal(array_view(mask) != 0, ball(HOT, 5) & ~taken)


def test_a_click_on_a_lesion_or_outside_the_pet_is_refused(study):
    with pytest.raises(Refusal, match="exists already"):
        lesion_at_point(study, at(study, HOT), taken=ball(HOT, 5))
    with pytest.raises(Refusal, match="outside the PET"):
        lesion_at_point(study, (500.0, 0.0, 0.0))
