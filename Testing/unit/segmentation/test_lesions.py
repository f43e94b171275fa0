"""Lesions from any mask: what imports and networks use."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from builders_volume import image_of, study_of
from CLIPSLib.segmentation import TUMOR, lesions_from_mask


def mask_of_two() -> np.ndarray:
    mask = np.zeros((8, 8, 8), dtype=np.uint8)
    mask[1, 1, 1] = 1
    mask[4:7, 4:7, 4:7] = 255
    return mask


def test_what_a_person_drew_is_kept_however_small():
    labels, lesions = lesions_from_mask(mask_of_two(), study_of(np.ones((8, 8, 8))))
    array = sitk.GetArrayFromImage(labels)
    assert array.dtype == np.uint16
    assert [(array == lesion.label).sum() for lesion in lesions] == [27, 1]
    assert {lesion.kind for lesion in lesions} == {TUMOR}


def test_a_minimum_volume_is_applied_when_asked_for():
    _, lesions = lesions_from_mask(mask_of_two(), study_of(np.ones((8, 8, 8))), min_volume_ml=0.1)  # 27 x 0.008 mL
    assert len(lesions) == 1


def test_an_image_must_lie_on_the_pet_grid():
    study = study_of(np.ones((8, 8, 8)))
    labels, _ = lesions_from_mask(image_of(mask_of_two()), study)
    assert labels.GetSize() == study.pet.GetSize()
    with pytest.raises(ValueError, match="not on the PET grid"):
        lesions_from_mask(image_of(mask_of_two(), origin=(1.0, 0.0, 0.0)), study)


def test_the_id_follows_the_hottest_voxel():
    suv = np.ones((8, 8, 8))
    _, before = lesions_from_mask(mask_of_two(), study_of(suv))
    suv[5, 5, 5] = 9.0
    _, after = lesions_from_mask(mask_of_two(), study_of(suv))
    assert before[0].lesion_id != after[0].lesion_id
    assert before[1].lesion_id == after[1].lesion_id
