"""NIfTI: images as float32 and label maps as uint16, geometry as in memory. Used by `result` and the public API.

NIfTI counts x to the right and y to the front (RAS), this software counts to the left and to the back (LPS);
SimpleITK turns the first two axes on the way. Names, colors and units do not fit into the format (docs/formats.md).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.formats.itk_files import read_image_file, write_image_file

if TYPE_CHECKING:
    import SimpleITK as sitk


def write_image(image: sitk.Image, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Write SUV (g/mL) or HU as float32 .nii.gz, or as .nii, which is thirty times as fast and larger.

    sform and qform both hold the scanner coordinates.

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    import SimpleITK as sitk

    return write_image_file(sitk.Cast(image, sitk.sitkFloat32), path, overwrite=overwrite)


def write_labels(labels: sitk.Image, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Write a label map as uint16 .nii.gz. Raises as `write_image`."""
    import SimpleITK as sitk

    return write_image_file(sitk.Cast(labels, sitk.sitkUInt16), path, overwrite=overwrite)


def read_image(path: str | os.PathLike) -> sitk.Image:
    """Read a 3D image as float32.

    Raises:
        Failure: missing or damaged. Refusal: not one volume with one value per voxel.
    """
    import SimpleITK as sitk

    return sitk.Cast(_read_volume(path), sitk.sitkFloat32)


def read_labels(path: str | os.PathLike) -> sitk.Image:
    """Read a label map as uint16, whatever number type another program stored it in.

    Raises:
        Failure: missing or damaged. Refusal: not one volume; values that are no whole numbers from 0 to 65535.
    """
    import SimpleITK as sitk

    image = _read_volume(path)
    values = sitk.GetArrayViewFromImage(image)
    if image.GetPixelID() != sitk.sitkUInt16:
        low, high = (values.min(), values.max())
        whole = np.issubdtype(values.dtype, np.integer) or bool(np.all(values == np.rint(values)))
        if not (whole and low >= 0 and high <= 65535):
            raise Refusal(
                "not-labels",
                f"The image holds values from {low:g} to {high:g} that are no labels (whole numbers, 0 to 65535)",
                str(path),
                "Give a label map, not an image or a probability map.",
            )
    return sitk.Cast(image, sitk.sitkUInt16)


def _read_volume(path: str | os.PathLike) -> sitk.Image:
    image = read_image_file(path)
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise Refusal(
            "not-a-volume",
            f"The image has size {image.GetSize()} and {image.GetNumberOfComponentsPerPixel()} values per voxel",
            str(path),
            "Give one 3D volume with one value per voxel.",
        )
    return image
