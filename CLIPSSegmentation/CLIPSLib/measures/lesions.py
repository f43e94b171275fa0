"""The measures of one lesion, from the voxels around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.imaging import (
    PEAK_RADIUS_MM,
    Box,
    index_to_lps_mm,
    max_diameter_mm,
    spacing_zyx_mm,
    sphere_means,
    voxel_volume_ml,
)
from CLIPSLib.measures.inputs import MeasurableLesion
from CLIPSLib.measures.types import LesionMeasures

if TYPE_CHECKING:
    import SimpleITK as sitk


def measure_lesion(
    lesion: MeasurableLesion, labels: np.ndarray, suv: np.ndarray, box: Box, pet: sitk.Image
) -> LesionMeasures:
    """Measure one lesion.

    labels, suv: whole arrays `[z, y, x]` on the grid of `pet`; box: the smallest box around the lesion's voxels.
    Volume is the voxel count times the voxel volume (IBSI YEKZ), TLG the sum of SUV times the voxel volume.
    """
    mask = labels[box] == lesion.label
    voxels = np.argwhere(mask) + [s.start for s in box]
    values = suv[box][mask].astype(np.float64)
    peak, peak_local = peaks(suv, voxels, values, spacing_zyx_mm(pet))
    centroid = index_to_lps_mm(pet, voxels.mean(axis=0))[0]
    volume_ml = len(voxels) * voxel_volume_ml(pet)
    return LesionMeasures(
        lesion_id=lesion.lesion_id,
        name=lesion.name,
        kind=lesion.kind,
        label=lesion.label,
        voxel_count=len(voxels),
        volume_ml=volume_ml,
        suv_max=float(values.max()),
        suv_mean=float(values.mean()),
        suv_peak=peak,
        suv_peak_local=peak_local,
        tlg_g=float(values.mean()) * volume_ml,
        centroid_lps_mm=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        max_diameter_mm=max_diameter_mm(mask, spacing_zyx_mm(pet)),
    )


def peaks(suv: np.ndarray, voxels: np.ndarray, values: np.ndarray, spacing_mm) -> tuple[float, float]:
    """SUVpeak of a lesion, global (IBSI 0F91) and local (VJGA): the highest mean of SUV in a 1 cm3 sphere.

    voxels: `(n, 3)` array indices of the lesion; values: their SUV. The sphere is centered on any voxel of the lesion
    (global) or on its hottest one (local; of several equally hot ones, the one with the highest mean) and takes in
    all voxels of the image whose centers lie within 6.2035 mm, also those outside the lesion.
    """
    means = sphere_means(suv, voxels, spacing_mm, PEAK_RADIUS_MM)
    return float(means.max()), float(means[values == values.max()].max())


def empty_lesion(lesion: MeasurableLesion) -> LesionMeasures:
    """The measures of a lesion that has no voxel (left): volume and TLG are 0, everything else has no value."""
    return LesionMeasures(
        lesion_id=lesion.lesion_id,
        name=lesion.name,
        kind=lesion.kind,
        label=lesion.label,
        voxel_count=0,
        volume_ml=0.0,
        suv_max=None,
        suv_mean=None,
        suv_peak=None,
        suv_peak_local=None,
        tlg_g=0.0,
        centroid_lps_mm=None,
        max_diameter_mm=None,
    )
