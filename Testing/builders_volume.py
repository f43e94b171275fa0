"""Small studies and masks from arrays, for tests that calculate by hand. Arrays are `[z, y, x]`, images LPS mm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from CLIPSLib.segmentation import TUMOR, Lesion, Segmentation
from CLIPSLib.study import PetCtStudy, StudyIdentity

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def image_of(
    array: np.ndarray,
    *,
    spacing_xyz: Sequence[float] = (2.0, 2.0, 2.0),
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    direction: Sequence[float] = IDENTITY,
) -> sitk.Image:
    """An image of an array with its geometry in x, y, z order."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_xyz)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def study_of(suv: np.ndarray, *, ct: sitk.Image | None = None, identity: dict | None = None, **geometry) -> PetCtStudy:
    """A study whose PET holds these SUV."""
    known = {"pet_series_uid": "1.2.3", **(identity or {})}
    pet = image_of(np.asarray(suv, dtype=np.float32), **geometry)
    return PetCtStudy(pet=pet, ct=ct, identity=StudyIdentity(**known))


def segmentation_of(
    labels: np.ndarray, study: PetCtStudy, *, kinds: dict[int, str] | None = None, **fields
) -> Segmentation:
    """A segmentation of labels on the study's PET grid: one lesion per value, or per key of `kinds`."""
    values = list(kinds) if kinds else [int(v) for v in np.unique(labels) if v]
    image = sitk.GetImageFromArray(np.asarray(labels, dtype=np.uint16))
    image.CopyInformation(study.pet)
    lesions = tuple(
        Lesion(label=v, lesion_id=f"lesion-{v}", name=f"Lesion {v}", kind=(kinds or {}).get(v, TUMOR)) for v in values
    )
    return Segmentation(labels=image, lesions=lesions, **fields)


def box_of_suv(shape: tuple[int, int, int], suv: float, *boxes: tuple[slice, slice, slice], background: float = 1.0):
    """A float32 volume of background with boxes of one SUV."""
    volume = np.full(shape, background, dtype=np.float32)
    for box in boxes:
        volume[box] = suv
    return volume
