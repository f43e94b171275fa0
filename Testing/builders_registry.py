"""Small registries: studies of a few voxels with UIDs, patients and masks, all different unless asked otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from builders_volume import image_of, segmentation_of
from CLIPSLib.cases import CaseRecord, Registry
from CLIPSLib.segmentation import Segmentation
from CLIPSLib.study import PetCtStudy, StudyIdentity

SHAPE = (6, 8, 10)
VOXEL_ML = 0.008  # 2 x 2 x 2 mm


def study(number: int = 1, *, patient: str | None = None, with_ct: bool = True, **identity) -> PetCtStudy:
    """Study number n of patient "PAT-n" (or `patient`), with its own UIDs and pixels."""
    suv = np.full(SHAPE, 1.0, np.float32)
    suv[2:4, 2:5, 2:6] = 5.0 + number / 1000
    known = StudyIdentity(
        patient_id=f"PAT-{number:05d}" if patient is None else patient,
        patient_name=f"MARTIN{number}^ANNE",
        study_date="20240229",
        study_uid=f"1.2.826.0.1.3680043.8.498.{number}.1",
        pet_series_uid=f"1.2.826.0.1.3680043.8.498.{number}.2",
        ct_series_uid=f"1.2.826.0.1.3680043.8.498.{number}.3",
        scanner="Vendor Model",
        tracer="FDG F-18",
    )
    ct = image_of(np.full((3, 4, 5), -1000.0, np.float32)) if with_ct else None
    return PetCtStudy(pet=image_of(suv), ct=ct, identity=replace(known, **identity))


def mask(study_: PetCtStudy, *boxes: tuple[slice, slice, slice], model: str = "suv4", **fields) -> Segmentation:
    """One lesion per box; without boxes, the hot box of `study`, which holds 2 x 3 x 4 voxels."""
    labels = np.zeros(SHAPE, np.uint16)
    for label, box in enumerate(boxes or ((slice(2, 4), slice(2, 5), slice(2, 6)),), start=1):
        labels[box] = label
    return segmentation_of(labels, study_, provenance={"model": model, "parameters": {}}, **fields)


def registry(folder: Path, cases: int = 1) -> tuple[Registry, list[CaseRecord]]:
    """A new registry with a number of cases, each of its own patient."""
    made = Registry.create(folder)
    return made, [made.add_case(study(number + 1), source="test") for number in range(cases)]
