"""Organ masks made elsewhere (from the CT): a label map per case on its PET grid. Called by `families.uptake`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Failure, Refusal
from CLIPSLib.imaging import array_view, same_grid

if TYPE_CHECKING:
    import SimpleITK as sitk


def organ_file(folder: str, case: str) -> Path | None:
    """The organ mask of a case, `<case>.nii.gz` in the folder; None where there is none or no folder was named.

    Raises:
        Failure: the folder does not exist.
    """
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise Failure("no-folder", "There is no such folder of organ masks", folder, "Correct its path.")
    path = Path(folder) / f"{case}.nii.gz"
    return path if path.is_file() else None


def read_organs(path: Path, pet: sitk.Image) -> np.ndarray:
    """The voxels of all organs, bool `[z, y, x]` on the grid of the PET.

    Raises:
        Failure: unreadable. Refusal: on another grid ("grid-differs").
    """
    import SimpleITK as sitk

    try:
        labels = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise Failure("cannot-read", "The organ mask cannot be read", str(path), "Export it again.") from error
    if not same_grid(labels, pet, tolerance_mm=0.01):  # NIfTI keeps coordinates as float32
        remedy = "Resample the organs onto the PET (nearest neighbor)."
        raise Refusal("grid-differs", "The organ mask is not on the grid of the case's PET", str(path), remedy)
    return array_view(labels) != 0
