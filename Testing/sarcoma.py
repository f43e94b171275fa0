"""The sarcoma patients of the reference data: what is known of them, and GTV_Mass as a mask on the PET grid."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import reference_data
import SimpleITK as sitk
from CLIPSLib.formats import read_rtstruct
from CLIPSLib.imaging import array_view


def expected_rows() -> list[dict[str, str]]:
    """The rows of `sts_reference.csv`: per patient what an independent script measured."""
    with reference_data.path("sts_reference.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def gtv_mask(structure_set: Path, pet: sitk.Image) -> np.ndarray:
    """The voxels of the only structure of a structure set; STS_046 names another frame of reference than its PET."""
    return array_view(read_rtstruct(structure_set, pet, other_frame=True).labels) > 0
