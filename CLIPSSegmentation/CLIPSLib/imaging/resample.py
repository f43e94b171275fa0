"""Images onto another grid: CT onto the PET grid, masks onto the PET grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import SimpleITK as sitk

AIR_HU = -1000.0


def ct_on_grid(ct: sitk.Image, grid: sitk.Image) -> sitk.Image:
    """The CT (HU) on the grid of another image, float32, linear between voxels, air (-1000 HU) where there is none."""
    import SimpleITK as sitk

    return sitk.Resample(ct, grid, sitk.Transform(), sitk.sitkLinear, AIR_HU, sitk.sitkFloat32)


def labels_on_grid(labels: sitk.Image, grid: sitk.Image) -> sitk.Image:
    """Labels on the grid of another image: the nearest voxel's label, 0 outside; the pixel type is kept."""
    import SimpleITK as sitk

    return sitk.Resample(labels, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, labels.GetPixelID())
