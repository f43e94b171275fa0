"""Arrays and their geometry, kept together: every room converts between images and arrays here.

Images are `SimpleITK.Image` (x, y, z order, LPS millimetres); arrays are numpy `[z, y, x]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk


def array_view(image: sitk.Image) -> np.ndarray:
    """The voxels as a read-only `[z, y, x]` view, which keeps the image alive. Do not change the image meanwhile."""
    import SimpleITK as sitk

    return np.asarray(_ImageMemory(image, sitk.GetArrayViewFromImage(image)))


class _ImageMemory:
    """What a view's `base` refers to: SimpleITK's own views do not hold on to the image whose memory they show."""

    def __init__(self, image: sitk.Image, view: np.ndarray) -> None:
        self._image = image
        self.__array_interface__ = view.__array_interface__


def image_like(array: np.ndarray, reference: sitk.Image) -> sitk.Image:
    """An image of `array` (`[z, y, x]`) on the grid of `reference`.

    Raises:
        ValueError: the shapes differ.
    """
    import SimpleITK as sitk

    if tuple(array.shape) != tuple(reversed(reference.GetSize())):
        raise ValueError(f"array {array.shape} does not fit the grid {tuple(reversed(reference.GetSize()))}")
    if array.dtype == bool:
        array = array.astype(np.uint8)
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(reference)
    return image


def voxel_volume_ml(image: sitk.Image) -> float:
    """The volume of one voxel in mL (mm3 / 1000)."""
    x, y, z = image.GetSpacing()
    return x * y * z / 1000.0


def spacing_zyx_mm(image: sitk.Image) -> tuple[float, float, float]:
    """Voxel spacing in array order `(z, y, x)`, mm."""
    x, y, z = image.GetSpacing()
    return z, y, x


def index_to_lps_mm(image: sitk.Image, indices_zyx: np.ndarray) -> np.ndarray:
    """Patient coordinates (LPS mm, shape `(n, 3)`) of continuous array indices `(n, 3)` in `(z, y, x)` order."""
    indices_xyz = np.atleast_2d(np.asarray(indices_zyx, dtype=float))[:, ::-1]
    direction = np.array(image.GetDirection()).reshape(3, 3)
    scaled = indices_xyz * np.array(image.GetSpacing())
    return scaled @ direction.T + np.array(image.GetOrigin())


def lps_mm_to_index(image: sitk.Image, points_lps_mm: np.ndarray) -> np.ndarray:
    """Continuous array indices `(n, 3)` in `(z, y, x)` order of patient coordinates (LPS mm, `(n, 3)`)."""
    points = np.atleast_2d(np.asarray(points_lps_mm, dtype=float))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    indices_xyz = (points - np.array(image.GetOrigin())) @ np.linalg.inv(direction).T / np.array(image.GetSpacing())
    return indices_xyz[:, ::-1]


def same_grid(first: sitk.Image, second: sitk.Image, *, tolerance_mm: float = 1e-3) -> bool:
    """True when both images have the same size, and all corners of their grids coincide within `tolerance_mm`."""
    if first.GetSize() != second.GetSize():
        return False
    shape = np.array(first.GetSize())[::-1] - 1
    corners = np.array(np.meshgrid(*[(0, n) for n in shape])).reshape(3, -1).T
    distance = index_to_lps_mm(first, corners) - index_to_lps_mm(second, corners)
    return bool(np.abs(distance).max() <= tolerance_mm)


def same_voxels(layer: sitk.Image, reference: sitk.Image, *, tolerance_voxels: float = 1e-3) -> bool:
    """True when each voxel of the layer is one of the reference's, or lies a whole number of voxels outside it.

    The axes may be flipped or exchanged, and the layer cropped: nothing is lost on the way from one to the other.
    """
    last = np.array(array_view(layer).shape) - 1
    corners = np.vstack([np.zeros(3), np.eye(3), np.diag(last)])  # the origin, a step along each axis, its end
    placed = lps_mm_to_index(reference, index_to_lps_mm(layer, corners))
    whole = np.abs(placed - np.rint(placed)).max() <= tolerance_voxels
    steps = np.rint(placed[1:4] - placed[0])
    return bool(whole and abs(np.linalg.det(steps)) == 1.0 and np.abs(steps).sum() == 3.0)
