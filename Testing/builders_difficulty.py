"""Difficulty tables from a few numbers, and registries of small cases, for tests that calculate by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from builders_volume import segmentation_of, study_of
from CLIPSLib.cases import Registry
from CLIPSLib.difficulty import DifficultyTable
from CLIPSLib.difficulty.ranking import oriented
from CLIPSLib.imaging import array_view


def table(measurer: str, values: Mapping[str, float | None], *, hard_when="high", **fields) -> DifficultyTable:
    """A table of these values."""
    return DifficultyTable(
        measurer=measurer,
        title=measurer,
        hard_when=hard_when,
        unit="",
        caveat="",
        scores={case: None if value is None else oriented(value, hard_when) for case, value in values.items()},
        values=values,
        scored_on="numbers of a test",
        evidence_sha256=measurer,
        **fields,
    )


def box_case(registry: Registry, number: int, *boxes: tuple[int, float], patient: str = "") -> str:
    """A case of the registry whose PET (60 x 20 x 20 voxels of 5 mm, SUV 1) holds cubes of these edges and SUVs.

    Each `(edge, suv)` is one lesion of the reference; no box leaves the reference empty. Returns the case id.
    """
    suv = np.full((60, 20, 20), 1.0, dtype=np.float32)
    suv[0, 0, number % 20] = 0.5 + number / 100  # no two cases hold the same pixels
    labels = np.zeros(suv.shape, dtype=np.uint16)
    for i, (edge, value) in enumerate(boxes):
        cube = np.s_[15 * i + 2 : 15 * i + 2 + edge, 4 : 4 + edge, 4 : 4 + edge]
        suv[cube], labels[cube] = value, i + 1
    identity = {"pet_series_uid": f"1.2.{number}", "patient_id": patient or f"P{number:03}"}
    study = study_of(suv, spacing_xyz=(5.0, 5.0, 5.0), identity=identity)
    case = registry.add_case(study, source="test").case_id
    mask = registry.add_mask(case, segmentation_of(labels, study), origin="imported", author="Ann")
    registry.set_reference(case, mask.id, author="Ann")
    return case


def add_prediction(registry: Registry, case: str, threshold: float, *, model: str = "suv") -> str:
    """A predicted mask: all voxels with at least this SUV, one lesion. Returns the mask id."""
    study = registry.read_study(case)
    labels = (array_view(study.pet) >= threshold).astype(np.uint16)
    made = segmentation_of(labels, study, provenance={"model": model})
    return registry.add_mask(case, made, origin="predicted", author="program").id
