"""The liver reference of PERCIST: mean and SD of SUV in a 3 cm sphere, given by the user or found and checked.

Called by segmentation (PERCIST's threshold) and difficulty (lesion to liver, noise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from CLIPSLib.errors import UsageError
from CLIPSLib.imaging import (
    Box,
    array_view,
    bounding_box,
    ct_on_grid,
    index_to_lps_mm,
    lps_mm_to_index,
    spacing_zyx_mm,
    sphere_means,
    sphere_offsets,
)
from CLIPSLib.measures.inputs import MeasurableStudy
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    import SimpleITK as sitk

RADIUS_MM = 15.0
MEAN_SUV = (1.2, 3.5)
MAX_COV = 0.20
CT_HU = (40.0, 140.0)  # plain (40 to 80) and with contrast medium
GRID_MM = 8.0  # distance between the sphere centers that are tried
MIN_CENTERS_ML = 100.0  # sphere centers in a liver fill its inside; in marrow or bowel only a few fit
BODY_SUV = 0.3
MAX_BODY_AT_SIDE = 0.05  # part of a sagittal border plane


class PetCt(MeasurableStudy, Protocol):
    """A PET in SUVbw with the CT that goes with it, if any (`study.PetCtStudy`)."""

    ct: sitk.Image | None


@dataclass(frozen=True, kw_only=True)
class LiverReference:
    """A sphere of 3 cm in the liver. SUVbw in g/mL; sd is per voxel (sample SD); source: "user" or "found"."""

    center_lps_mm: tuple[float, float, float]
    mean_suv: float
    sd_suv: float
    voxel_count: int
    source: str

    @property
    def plausible(self) -> bool:
        """A liver's uptake: mean SUV 1.2 to 3.5, coefficient of variation below 20 %."""
        return MEAN_SUV[0] <= self.mean_suv <= MEAN_SUV[1] and self.sd_suv < MAX_COV * self.mean_suv


def liver_at(study: PetCt, center_lps_mm: Sequence[float], *, source: str = "user") -> LiverReference:
    """Mean and SD in the sphere around a point.

    Raises:
        UsageError: the sphere does not lie within the PET ("liver-outside"), or in air ("liver-in-air").
    """
    suv = array_view(study.pet)
    center = np.rint(lps_mm_to_index(study.pet, np.asarray(center_lps_mm))[0]).astype(int)
    voxels = center + sphere_offsets(spacing_zyx_mm(study.pet), RADIUS_MM)
    if (voxels < 0).any() or (voxels >= suv.shape).any():
        raise UsageError(
            "liver-outside",
            f"The liver sphere around {_written(center_lps_mm)} (LPS mm) does not lie within the PET",
            study.identity.pet_series_uid,
            "Give the center of a 3 cm sphere in the right lobe, in LPS mm.",
        )
    values = suv[tuple(voxels.T)].astype(np.float64)
    if values.mean() < BODY_SUV:  # a threshold near 0 would select the whole image
        raise UsageError(
            "liver-in-air",
            f"The mean SUV around {_written(center_lps_mm)} (LPS mm) is {values.mean():.2f}: this is not in the liver",
            study.identity.pet_series_uid,
            "Give the center of a 3 cm sphere in the right lobe, in LPS mm.",
        )
    return LiverReference(
        center_lps_mm=tuple(float(v) for v in index_to_lps_mm(study.pet, center)[0]),
        mean_suv=float(values.mean()),
        sd_suv=float(values.std(ddof=1)),
        voxel_count=len(values),
        source=source,
    )


def find_liver(study: PetCt, reporter: Reporter) -> LiverReference | None:
    """Look for the largest even region on the patient's right whose 3 cm spheres look like liver.

    Spheres are tried every 8 mm: mean SUV 1.2 to 3.5, coefficient of variation below 20 %, with a CT also mean
    40 to 140 HU, center to the right of the middle of the body. Their largest cluster must fill 100 mL; of its
    spheres that lie at least half as deep inside it as the deepest, the most even one is taken. None when there is no
    such region (legs, diffuse disease of the liver), and in images cropped at the sides, which do not tell left from
    right.
    """
    reporter.progress("Looking for the liver", 0.0)
    suv = array_view(study.pet)
    body = bounding_box(suv >= BODY_SUV)
    if 0 in suv[body].shape or _cropped_at_the_sides(suv):
        return None
    spacing = np.array(spacing_zyx_mm(study.pet))
    steps = np.maximum(1, np.rint(GRID_MM / spacing)).astype(int)
    centers = np.stack(np.meshgrid(*_centers(body, spacing, steps), indexing="ij"), axis=-1)
    accepted = _like_liver(study, suv, body, centers.reshape(-1, 3), reporter).reshape(centers.shape[:3])
    inside = centers[_inside_of_largest_cluster(accepted, steps * spacing)]
    reporter.progress("Looking for the liver", 1.0)
    spheres = [liver_at(study, point, source="found") for point in index_to_lps_mm(study.pet, inside)]
    return min(spheres, key=lambda sphere: sphere.sd_suv / sphere.mean_suv, default=None)


def _inside_of_largest_cluster(accepted: np.ndarray, steps_mm: np.ndarray) -> np.ndarray:
    """Of the largest cluster of accepted centers what lies at least half as deep in it as its deepest; may be empty."""
    from scipy import ndimage

    clusters, count = ndimage.label(accepted)
    sizes = np.bincount(clusters.ravel(), minlength=2)[1:]
    if count == 0 or sizes.max() * np.prod(steps_mm) / 1000.0 < MIN_CENTERS_ML:
        return np.zeros(accepted.shape, dtype=bool)
    cluster = np.pad(clusters == 1 + sizes.argmax(), 1)
    depth = ndimage.distance_transform_edt(cluster, sampling=steps_mm)[1:-1, 1:-1, 1:-1]
    return depth >= 0.5 * depth.max()


def _cropped_at_the_sides(suv: np.ndarray) -> bool:
    """Whether the body reaches the first or last sagittal plane with more than stray noise."""
    return max(np.mean(suv[:, :, side] >= BODY_SUV) for side in (0, -1)) > MAX_BODY_AT_SIDE


def _centers(body: Box, spacing: np.ndarray, steps: np.ndarray) -> list[np.ndarray]:
    """Grid positions per axis whose spheres lie within the box around the body."""
    margins = np.floor(RADIUS_MM / spacing).astype(int)
    return [np.arange(s.start + m, s.stop - m, step) for s, m, step in zip(body, margins, steps, strict=True)]


def _like_liver(study, suv: np.ndarray, body: Box, centers: np.ndarray, reporter: Reporter) -> np.ndarray:
    """Which sphere centers `(n, 3)` pass all tests; the cheap tests come first and spare the others work."""
    passed = np.zeros(len(centers), dtype=bool)
    single = suv[tuple(centers.T)]
    kept = np.flatnonzero((single >= 0.5 * MEAN_SUV[0]) & (single <= 2.0 * MEAN_SUV[1]))
    kept = kept[index_to_lps_mm(study.pet, centers[kept])[:, 0] < _middle_x_mm(study, suv, body)]
    crop = suv[body].astype(np.float64)
    start = np.array([s.start for s in body])
    spacing = spacing_zyx_mm(study.pet)
    mean = sphere_means(crop, centers[kept] - start, spacing, RADIUS_MM)
    reporter.check()
    even = (mean >= MEAN_SUV[0]) & (mean <= MEAN_SUV[1])
    kept, mean = kept[even], mean[even]
    variance = sphere_means(crop**2, centers[kept] - start, spacing, RADIUS_MM) - mean**2
    kept = kept[variance < (MAX_COV * mean) ** 2]
    reporter.check()
    if study.ct is not None:
        hu = sphere_means(_ct_in(study, body), centers[kept] - start, spacing, RADIUS_MM)
        kept = kept[(hu >= CT_HU[0]) & (hu <= CT_HU[1])]
    passed[kept] = True
    return passed


def _middle_x_mm(study: PetCt, suv: np.ndarray, body: Box) -> float:
    """The x coordinate (LPS, grows to the patient's left) of the middle of the body."""
    voxels = np.argwhere(suv[body] >= BODY_SUV)[::50] + [s.start for s in body]  # every 50th is plenty for a mean
    return float(index_to_lps_mm(study.pet, voxels)[:, 0].mean())


def _ct_in(study: PetCt, body: Box) -> np.ndarray:
    """The CT on the PET voxels of a box."""
    z, y, x = body
    grid = study.pet[x.start : x.stop, y.start : y.stop, z.start : z.stop]
    return np.array(array_view(ct_on_grid(study.ct, grid)))  # a copy: a view would outlive its image


def _written(point: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:.1f}" for v in point) + ")"
