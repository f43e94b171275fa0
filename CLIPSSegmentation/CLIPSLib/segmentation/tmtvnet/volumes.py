"""PET and CT as TMTV-Net wants them: on the PET grid and on a 6 mm grid; and its results back on the study's grid.

Two ways, same type: `original_volumes` repeats what the published program does with images, `corrected_volumes`
keeps to physical space. Called by the segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import array_view, image_like, same_grid

if TYPE_CHECKING:
    import SimpleITK as sitk

COARSE_MM = 6.0
OUTSIDE_HU = -1024.0
# The published program reads axial DICOM in this orientation; training flipped all axes at random.
ORIENTATION = "LPS"


@dataclass(frozen=True)
class Volumes:
    """SUV (g/mL) and CT (HU) as float32 `[z, y, x]`, native (on `grid`) and coarse (6 mm, same origin and axes).

    grid: the PET in the orientation the network sees. physical: coarse results come back through physical space with
    their last plane continued, not in the original's way.
    """

    grid: sitk.Image
    suv: np.ndarray
    ct: np.ndarray
    coarse_suv: np.ndarray
    coarse_ct: np.ndarray
    physical: bool

    @property
    def coarse_per_native(self) -> tuple[float, float, float]:
        """Coarse voxels per native voxel along (z, y, x)."""
        x, y, z = (spacing / COARSE_MM for spacing in self.grid.GetSpacing())
        return z, y, x


def corrected_volumes(pet: sitk.Image, ct: sitk.Image) -> Volumes:
    """Both images in the orientation `ORIENTATION`, the CT brought onto the PET grid by its geometry, in float32.

    The 6 mm CT is interpolated from the CT on the PET grid, as in the images that the network was trained with.
    """
    import SimpleITK as sitk

    grid = oriented(pet, ORIENTATION)
    if not same_grid(ct, grid):
        ct = sitk.Resample(ct, grid, sitk.Transform(), sitk.sitkLinear, OUTSIDE_HU, sitk.sitkFloat32)
    return _volumes(grid, ct, physical=True)


def original_volumes(pet: sitk.Image, ct: sitk.Image) -> Volumes:
    """As the published program does it: a CT of the PET's size is taken to lie on its grid, whatever its geometry;
    another one is resampled with HU truncated toward zero."""
    import SimpleITK as sitk

    ct = _whole_numbers(ct)
    if ct.GetSize() != pet.GetSize():
        ct = sitk.Resample(ct, pet, sitk.Transform(), sitk.sitkLinear, OUTSIDE_HU, ct.GetPixelID())
    return _volumes(pet, ct, physical=False)


def native_probability(volumes: Volumes, coarse: np.ndarray) -> np.ndarray:
    """A probability on the 6 mm grid, linearly interpolated on the native one; float32 `[z, y, x]`."""
    import SimpleITK as sitk

    if volumes.physical:
        # The 6 mm grid ends up to half a voxel before the PET does: its last plane goes on.
        coarse = np.pad(coarse, ((0, 1),) * 3, mode="edge")
    image = sitk.GetImageFromArray(np.asarray(coarse, dtype=np.float32))
    image.SetSpacing((COARSE_MM,) * 3)
    # Origin and axes are the same on both grids, so they cancel out.
    return sitk.GetArrayFromImage(
        sitk.Resample(
            image,
            volumes.grid.GetSize(),
            sitk.Transform(),
            sitk.sitkLinear,
            (0.0, 0.0, 0.0),
            volumes.grid.GetSpacing(),
            (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
            0.0,
            sitk.sitkFloat32,
        )
    )


def on_study_grid(array: np.ndarray, volumes: Volumes, pet: sitk.Image) -> sitk.Image:
    """An array `[z, y, x]` on the volumes' native grid as an image on the grid of the study's PET."""
    import SimpleITK as sitk

    code = sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(pet.GetDirection())
    return oriented(image_like(array, volumes.grid), code)


def oriented(image: sitk.Image, code: str) -> sitk.Image:
    """The image with its axes permuted and flipped to come nearest to `code` ("LPS"); nothing is resampled."""
    import SimpleITK as sitk

    if sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(image.GetDirection()) == code:
        return image
    return sitk.DICOMOrient(image, code)


def _volumes(grid: sitk.Image, ct: sitk.Image, *, physical: bool) -> Volumes:
    # `ct` lies on the grid, or is taken to; its geometry is the one it came with.
    return Volumes(
        grid=grid,
        suv=_float_array(grid),
        ct=_float_array(ct),
        coarse_suv=_float_array(_coarse(grid, grid, 0.0)),
        coarse_ct=_float_array(_coarse(ct, grid, OUTSIDE_HU)),
        physical=physical,
    )


def _coarse(image: sitk.Image, grid: sitk.Image, outside: float) -> sitk.Image:
    import SimpleITK as sitk

    size = [int(n) for n in np.round(np.array(grid.GetSize()) * np.array(grid.GetSpacing()) / COARSE_MM)]
    return sitk.Resample(
        image,
        [max(1, n) for n in size],
        sitk.Transform(),
        sitk.sitkLinear,
        grid.GetOrigin(),
        (COARSE_MM,) * 3,
        grid.GetDirection(),
        outside,
        sitk.sitkFloat32,
    )


def _whole_numbers(ct: sitk.Image) -> sitk.Image:
    """The CT with the integer pixel type that the original reads from DICOM, if it holds whole numbers only."""
    import SimpleITK as sitk

    if "integer" in ct.GetPixelIDTypeAsString():
        return ct
    values = array_view(ct)
    return sitk.Cast(ct, sitk.sitkInt32) if np.array_equal(values, np.rint(values)) else ct


def _float_array(image: sitk.Image) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(image).astype(np.float32, copy=False)
