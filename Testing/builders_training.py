"""Cases to train with, written as files: small PET, CT and mask with lesions at known places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from builders_volume import image_of
from CLIPSLib.training import TrainingCase, hash_files


def write_case(
    folder: Path,
    case_id: str = "007",
    *,
    shape: tuple[int, int, int] = (20, 24, 28),
    lesions: tuple[tuple[slice, slice, slice], ...] = ((slice(8, 11), slice(10, 13), slice(15, 18)),),
    values: tuple[int, ...] = (1,),
    ct: bool = True,
    spacing_xyz: tuple[float, float, float] = (4.0, 4.0, 4.0),
    seed: int = 0,
    **fields,
) -> TrainingCase:
    """A case whose PET is noise around SUV 1 with lesions of SUV 8; CT -50 HU in the body; masks of `values`."""
    rng = np.random.default_rng(seed)
    suv = rng.normal(1, 0.1, shape).astype(np.float32)
    mask = np.zeros(shape, np.uint8)
    for number, lesion in enumerate(lesions):
        suv[lesion] += 7
        mask[lesion] = values[number % len(values)]
    images = {"pet": suv, "mask": mask}
    if ct:
        images["ct"] = rng.normal(-50, 10, shape).astype(np.float32)
    paths = {}
    for name, array in images.items():
        paths[name] = str(folder / f"{case_id}_{name}.nii.gz")
        sitk.WriteImage(image_of(array, spacing_xyz=spacing_xyz), paths[name])
    return hash_files(TrainingCase(case_id=case_id, patient_id=case_id, **paths, **fields))
