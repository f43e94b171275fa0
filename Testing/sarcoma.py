"""The sarcoma patients of the reference data: GTV_Mass of an RTSTRUCT as a mask on the PET grid.

Written for the tests alone and independent of the project's own reading of contours.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pydicom
import reference_data
import SimpleITK as sitk


def expected_rows() -> list[dict[str, str]]:
    """The rows of `sts_reference.csv`: per patient what an independent script measured."""
    with reference_data.path("sts_reference.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def gtv_mask(structure_set: Path, pet: sitk.Image) -> np.ndarray:
    """The voxels `[z, y, x]` whose centers lie in the contours of the first ROI, even-odd, on the nearest slice."""
    dataset = pydicom.dcmread(structure_set)
    mask = np.zeros(tuple(reversed(pet.GetSize())), dtype=bool)
    columns, rows = np.meshgrid(np.arange(pet.GetWidth()), np.arange(pet.GetHeight()))
    centers = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        indices = np.array([pet.TransformPhysicalPointToContinuousIndex(p) for p in points.tolist()])
        plane = round(float(indices[:, 2].mean()))
        if 0 <= plane < mask.shape[0]:
            mask[plane] ^= _inside(centers, indices[:, :2]).reshape(mask.shape[1:])
    return mask


def _inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Whether each point lies in a polygon: an odd number of its edges crosses the ray to the right."""
    inside = np.zeros(len(points), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        spans = (y1 > points[:, 1]) != (y2 > points[:, 1])
        if y1 != y2:
            inside ^= spans & (points[:, 0] < x1 + (points[:, 1] - y1) * (x2 - x1) / (y2 - y1))
    return inside
