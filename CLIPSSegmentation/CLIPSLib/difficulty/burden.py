"""How much tumor, in how many pieces, how far apart, how hot. Called by `uptake`."""

from __future__ import annotations

import numpy as np

from CLIPSLib.difficulty.lesions import Found, Lesion, ReferenceCase, Undefined
from CLIPSLib.imaging import largest_distance_mm
from CLIPSLib.measures import peaks


def burden(case: ReferenceCase) -> Found:
    """Volume, count and sizes of lesions."""
    found: Found = {"tmtv": float(np.count_nonzero(case.tumor)) * case.voxel_ml, "lesion_count": len(case.lesions)}
    volumes = np.array([lesion.volume_ml for lesion in case.lesions])
    if volumes.size == 0:
        return found | dict.fromkeys(("smallest_lesion", "median_lesion", "small_lesions"), case.no_lesion)
    return found | {
        "smallest_lesion": float(volumes.min()),
        "median_lesion": float(np.median(volumes)),
        "small_lesions": float((volumes < case.options.small_lesion_ml).mean()),
    }


def dispersion(case: ReferenceCase) -> Found:
    """Dmax, and the root mean square distance of lesion centroids to the centroid of the whole tumor volume."""
    if not case.lesions:
        return {"d_max": case.no_lesion, "spread": case.no_lesion}
    if len(case.lesions) == 1:
        return {"d_max": 0.0, "spread": 0.0}  # exactly, whatever rounding makes of a centroid minus itself
    centroids = np.array([lesion.centroid_lps_mm for lesion in case.lesions])
    middle = np.average(centroids, axis=0, weights=[lesion.volume_ml for lesion in case.lesions])
    squared = ((centroids - middle) ** 2).sum(axis=1)
    return {"d_max": largest_distance_mm(centroids), "spread": float(np.sqrt(squared.mean()))}


def uptake_of_tumor(case: ReferenceCase) -> Found:
    """SUVmax, SUVmean and SUVpeak of the tumor, and SUVmax of its weakest lesion."""
    if not case.lesions:
        return dict.fromkeys(("suv_max", "suv_mean", "suv_peak", "weakest_lesion"), case.no_lesion)
    maxima = [float(lesion.suv.max()) for lesion in case.lesions]
    return {
        "suv_max": max(maxima),
        "suv_mean": float(np.concatenate([lesion.suv for lesion in case.lesions]).mean()),
        "suv_peak": max(_peak(case, lesion) for lesion in case.lesions),
        "weakest_lesion": min(maxima),
    }


def _peak(case: ReferenceCase, lesion: Lesion) -> float:
    voxels = np.argwhere(lesion.mask) + [s.start for s in lesion.box]
    return peaks(case.suv, voxels, lesion.suv, case.spacing_mm)[0]


def against_liver(case: ReferenceCase) -> Found:
    """SUVmax of lesions over the liver's mean (the hardest is the one closest to 1), and the noise in the liver."""
    if case.liver is None:
        return dict.fromkeys(("liver_ratio", "liver_noise"), Undefined("no liver was found in the PET"))
    mean, sd = case.liver.mean_suv, case.liver.sd_suv

    def ratio(lesion: Lesion) -> float:
        return float(lesion.suv.max()) / mean

    def closest(ratios: list[float]) -> float:
        return min(ratios, key=lambda ratio: abs(np.log(ratio)) if ratio > 0.0 else np.inf)

    return {"liver_ratio": case.of_lesions(ratio, closest), "liver_noise": sd / mean}
