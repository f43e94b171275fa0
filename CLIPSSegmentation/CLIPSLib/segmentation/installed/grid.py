"""The grid a network works on, the study's images on it, and what was found back on the PET grid.

Called by the runner of sliding-window models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view, image_like, index_to_lps_mm, lps_mm_to_index, same_grid
from CLIPSLib.models import Inputs

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.study import PetCtStudy

OUTSIDE = {"suv": 0.0, "hu": -1024.0}  # where an image ends


class WorkingGrid:
    """Orientation and spacing that a model was trained with, over the field of view of PET or CT.

    Arrays that go in and out are in the order of the network's axes.
    """

    def __init__(self, study: PetCtStudy, inputs: Inputs) -> None:
        self._study = study
        self._transposed = inputs.axes == "xyz"
        own = _oriented(study.ct if inputs.grid == "ct" else study.pet, inputs.orientation)
        self._image = own if inputs.spacing_mm is None else _respaced(own, self._order(inputs.spacing_mm))
        self._orientation = inputs.orientation

    def read(self, name: str) -> np.ndarray:
        """The study's "suv" or "hu" on this grid, float32, linear between voxels."""
        return self.resample(self._study.pet if name == "suv" else self._study.ct, outside=OUTSIDE[name])

    def resample(self, image: sitk.Image, *, outside: float = 0.0) -> np.ndarray:
        """Any image of the patient on this grid, float32, linear between voxels, `outside` where it ends."""
        import SimpleITK as sitk

        image = _oriented(image, self._orientation)
        if not same_grid(image, self._image):
            image = sitk.Resample(image, self._image, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkFloat32)
        array = sitk.GetArrayFromImage(image).astype(np.float32, copy=False)
        return np.ascontiguousarray(array.transpose()) if self._transposed else array

    def to_pet(self, array: np.ndarray, *, outside: float) -> np.ndarray:
        """Values on this grid, linearly interpolated on the PET grid, `[z, y, x]`; exact where the grids agree."""
        import SimpleITK as sitk

        pet = self._study.pet
        image = image_like(np.ascontiguousarray(array.transpose()) if self._transposed else array, self._image)
        back = _oriented(image, sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(pet.GetDirection()))
        if not same_grid(back, pet):
            back = sitk.Resample(image, pet, sitk.Transform(), sitk.sitkLinear, outside, image.GetPixelID())
        return sitk.GetArrayFromImage(back)

    def read_by(self, wanted: np.ndarray) -> np.ndarray:
        """The voxels of this grid from which `to_pet` takes the values of these PET voxels (bool `[z, y, x]`)."""
        shape = array_view(self._image).shape
        index = lps_mm_to_index(self._image, index_to_lps_mm(self._study.pet, np.argwhere(wanted)))
        index = np.round(index, 4)  # voxels of equal grids meet exactly
        read = np.zeros(shape, dtype=bool)
        for corner in np.ndindex(2, 2, 2):
            neighbor = np.where(corner, np.ceil(index), np.floor(index)).astype(int)
            z, y, x = np.clip(neighbor, 0, np.array(shape) - 1).T
            read[z, y, x] = True
        return read.transpose() if self._transposed else read

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbors along the network's axes, mm."""
        return tuple(self._order(self._image.GetSpacing()))

    @property
    def pet_shape(self) -> tuple[int, int, int]:
        """The size of the PET, (z, y, x)."""
        x, y, z = self._study.pet.GetSize()
        return z, y, x

    def _order(self, triple: tuple[float, ...]) -> tuple[float, ...]:
        """From the network's order of axes to the image's x, y, z, or back."""
        return triple if self._transposed else triple[::-1]


def _oriented(image: sitk.Image, code: str) -> sitk.Image:
    """The image with axes permuted and flipped so that they point as in `code`; nothing is resampled."""
    import SimpleITK as sitk

    if sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(image.GetDirection()) == code:
        return image
    return sitk.DICOMOrient(image, code)


def _respaced(image: sitk.Image, spacing: tuple[float, ...]) -> sitk.Image:
    """An empty image of this spacing over the same field of view, or up to a voxel more."""
    import SimpleITK as sitk

    old = np.array(image.GetSpacing())
    extent = np.array(image.GetSize()) * old
    size = [max(1, math.ceil(length / step - 1e-3)) for length, step in zip(extent, spacing, strict=True)]
    first = (extent - np.array(size) * spacing) / 2 + (np.array(spacing) - old) / 2  # centers the new field of view
    direction = np.array(image.GetDirection()).reshape(3, 3)
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([float(step) for step in spacing])
    grid.SetOrigin([float(v) for v in np.array(image.GetOrigin()) + direction @ first])
    grid.SetDirection(image.GetDirection())
    return grid
