"""The measures of the patient, from those of the lesions: TMTV, TLG, counts, Dmax, SDmax."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.body_size import bsa_m2
from CLIPSLib.imaging import largest_distance_mm
from CLIPSLib.measures.inputs import MeasurableSegmentation, MeasurableStudy
from CLIPSLib.measures.types import TUMOR, LesionMeasures, PatientMeasures

COUNTED_VOLUME_ML = 3.0  # the preselection volume of the SUV 4.0 benchmark (J Nucl Med 2024;65:1343)


def measure_patient(
    lesions: Sequence[LesionMeasures], segmentation: MeasurableSegmentation, study: MeasurableStudy
) -> PatientMeasures:
    """Totals over the lesions of kind tumor that have voxels.

    SUVmean is weighted by volume (TLG / TMTV); Dmax is the largest distance between lesion centroids
    (Cottereau 2020), 0 for a single lesion; SDmax is Dmax over the body surface (Du Bois), None without height or
    weight.
    """
    tumors = [lesion for lesion in lesions if lesion.kind == TUMOR and lesion.voxel_count > 0]
    tmtv_ml = math.fsum(lesion.volume_ml for lesion in tumors)
    tlg_g = math.fsum(lesion.tlg_g for lesion in tumors)
    d_max_mm = largest_distance_mm(np.array([lesion.centroid_lps_mm for lesion in tumors])) if tumors else None
    provenance = segmentation.provenance
    return PatientMeasures(
        tmtv_ml=tmtv_ml,
        tlg_g=tlg_g,
        lesion_count=len(tumors),
        lesion_count_3ml=sum(lesion.volume_ml >= COUNTED_VOLUME_ML - 1e-9 for lesion in tumors),
        suv_max=max((lesion.suv_max for lesion in tumors), default=None),
        suv_mean=tlg_g / tmtv_ml if tumors else None,
        suv_peak=max((lesion.suv_peak for lesion in tumors), default=None),
        d_max_mm=d_max_mm,
        sd_max_per_m=_per_body_surface(d_max_mm, study),
        connectivity=provenance.get("connectivity"),
        method=_method(lesions, provenance),
        reviewed=segmentation.reviewed,
    )


def _method(lesions: Sequence[LesionMeasures], provenance: Mapping[str, Any]) -> str:
    """What made the mask, and whether lesions have other voxels by now than it gave them: a person's corrections.

    "lesion_count" is there when a file told less than all of "lesion_voxels": a segment was deleted.
    """
    method = str(provenance.get("title") or provenance.get("model") or "not stated")
    made = provenance.get("lesion_voxels")
    now = {lesion.lesion_id: lesion.voxel_count for lesion in lesions}
    as_made = made is None or (made == now and "lesion_count" not in provenance)
    return method if as_made else f"{method}, edited"


def _per_body_surface(d_max_mm: float | None, study: MeasurableStudy) -> float | None:
    weight_kg, height_m = study.identity.weight_kg, study.identity.height_m
    if d_max_mm is None or not weight_kg or not height_m:
        return None
    return d_max_mm / 1000.0 / bsa_m2(weight_kg, height_m)
