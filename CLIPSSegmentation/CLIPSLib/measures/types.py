"""The numbers that CLIPS reports, per lesion and per patient, with their units in their names."""

from __future__ import annotations

from dataclasses import dataclass

TUMOR = "tumor"
PHYSIOLOGICAL = "physiological"


@dataclass(frozen=True, kw_only=True)
class LesionMeasures:
    """One lesion. SUV in g/mL (SUVbw); `None` where a measure has no value, as in a lesion without voxels.

    suv_peak is IBSI's global peak (0F91): the highest mean in a 1 cm3 sphere centered on a voxel of the lesion;
    suv_peak_local (VJGA) is centered on the hottest voxel. Definitions: docs/measures.md.
    """

    lesion_id: str
    name: str
    kind: str
    label: int
    voxel_count: int
    volume_ml: float
    suv_max: float | None
    suv_mean: float | None
    suv_peak: float | None
    suv_peak_local: float | None
    tlg_g: float
    centroid_lps_mm: tuple[float, float, float] | None
    max_diameter_mm: float | None


@dataclass(frozen=True, kw_only=True)
class PatientMeasures:
    """The patient: lesions of kind tumor only. Empty: volume, TLG and count 0; SUV and Dmax None.

    d_max_mm: largest distance between lesion centroids, 0 for one lesion; sd_max_per_m: Dmax / Du Bois BSA.
    connectivity: 6, 18 or 26 neighbors made the lesions; None where a person drew them or nobody said.
    """

    tmtv_ml: float
    tlg_g: float
    lesion_count: int
    lesion_count_3ml: int
    suv_max: float | None
    suv_mean: float | None
    suv_peak: float | None
    d_max_mm: float | None
    sd_max_per_m: float | None
    connectivity: int | None
    method: str
    reviewed: bool


@dataclass(frozen=True, kw_only=True)
class SuvNorm:
    """SUV by another norm than body weight: `SUVbw * factor`, in `unit`.

    formula: with the numbers put in; where `factor` is None, what the norm would need.
    """

    name: str
    factor: float | None
    unit: str
    formula: str


@dataclass(frozen=True, kw_only=True)
class Measures:
    """All measures of one segmentation. norms: how its SUV reads as SUL or SUVbsa."""

    lesions: tuple[LesionMeasures, ...]
    patient: PatientMeasures
    norms: tuple[SuvNorm, ...] = ()
