"""The hospital's own evaluation of one patient, number for number, with the roundings of its `metriques.txt`.

Lesions are 6-connected components made before the SUV threshold: one that the threshold splits stays one lesion, and
one that it removes no longer counts. Definitions and where they differ from `evaluate`: docs/evaluation.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.evaluation.inputs import Pair, pair_of, require_validity
from CLIPSLib.evaluation.lesions import (
    LesionSet,
    Links,
    connected_lesions,
    dice_score,
    labeled_lesions,
    link,
    nsd_score,
    pair_scores,
    union_scores,
)
from CLIPSLib.evaluation.overlap import dice
from CLIPSLib.evaluation.surfaces import SurfaceDistances, surface_of
from CLIPSLib.evaluation.types import HospitalMetrics, HospitalOptions, LesionCounts
from CLIPSLib.imaging import array_view, voxel_volume_ml

if TYPE_CHECKING:
    import SimpleITK as sitk

CONNECTIVITY = 6
_DEFAULTS = HospitalOptions()
_SURFACE_FIELDS = ("mean_distance_mm", "hausdorff_mm", "dice", "nsd", "bji")


def hospital_metrics(
    reference: sitk.Image,
    prediction: sitk.Image,
    pet: sitk.Image,
    *,
    patient: str = "",
    options: HospitalOptions = _DEFAULTS,
    valid_for: str | None = None,
    reference_valid_for: str | None = None,
) -> HospitalMetrics:
    """The numbers of the hospital's metriques.txt for one patient; masks and `pet` (SUVbw) on one grid.

    valid_for, reference_valid_for: `Segmentation.valid_for` of the two. Where that of the prediction does not hold for
        all of its mask, the two volumes of the mask as it is (not thresholded) are None.

    Raises:
        Refusal: as `evaluate`; "not-valid-for": voxels above the threshold do not meet it.
    """
    pair = pair_of(reference, prediction, pet, patient)
    kept = pair.suv > options.suv_threshold
    lesions = [_thresholded(labels, kept) for labels in (pair.reference, pair.prediction)]
    first, second = (found.labels > 0 for found in lesions)
    require_validity(pair, first, reference_valid_for, patient, "")
    require_validity(pair, second, valid_for, patient, "")
    values, undefined = _masks(first, second, pair.spacing_zyx_mm, options)
    volumes, missing = _volumes(pair, first, second, valid_for, voxel_volume_ml(reference))
    strict, union = _approaches(*lesions, pair.spacing_zyx_mm, options)
    return HospitalMetrics(
        patient=patient,
        options=options,
        max_suv=round(float(array_view(pet).max()), 3),
        **values,
        **volumes,
        strict=strict,
        union=union,
        undefined={**undefined, **missing},
    )


def _thresholded(labels: np.ndarray, kept: np.ndarray) -> LesionSet:
    whole = connected_lesions(labels > 0, CONNECTIVITY)
    return labeled_lesions(np.where(kept, whole.labels, 0))


def _masks(
    first: np.ndarray, second: np.ndarray, spacing_zyx_mm: tuple[float, float, float], options: HospitalOptions
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Dice and the four surface measures, rounded to 3 decimals; and why some do not exist."""
    distances = SurfaceDistances(surface_of(first, spacing_zyx_mm), surface_of(second, spacing_zyx_mm))
    values: dict[str, float | None] = dict.fromkeys(_SURFACE_FIELDS)
    values["dice"] = _rounded(dice(first, second), 3)
    values["nsd"] = _rounded(distances.nsd(options.tolerance_mm), 3)
    values["bji"] = _rounded(distances.border_jaccard(options.tolerance_mm), 3)
    if distances.finite:
        values["mean_distance_mm"] = round(distances.mean_to_prediction_mm(), 3)
        values["hausdorff_mm"] = round(distances.hausdorff_mm(options.hausdorff_percentile), 3)
    empty = "both thresholded masks are empty" if not first.any() else "infinite: the thresholded prediction is empty"
    if second.any():
        empty = "infinite: the thresholded reference is empty"
    return values, {name: empty for name, value in values.items() if value is None}


def _volumes(
    pair: Pair, first: np.ndarray, second: np.ndarray, valid_for: str | None, voxel_ml: float
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Volumes rounded to 0.01 mL, precision and recall made from the rounded ones; and why some do not exist."""
    raw = pair.prediction > 0
    undefined = _why_not_raw(pair, raw, valid_for)
    counts = {
        "tmtv_raw_ml": raw,
        "tmtv_ml": second,
        "tmtv_reference_ml": first,
        "fp_raw_ml": raw & ~first,
        "fp_ml": second & ~first,
        "fn_ml": first & ~second,
        "tp_ml": first & second,
    }
    values: dict[str, float | None] = {
        name: None if name in undefined else round(voxel_ml * int(np.count_nonzero(mask)), 2)
        for name, mask in counts.items()
    }
    for name, other, reason in (
        ("precision_percent", "fp_ml", "the thresholded prediction is empty"),
        ("recall_percent", "fn_ml", "the thresholded reference is empty"),
    ):
        total = values["tp_ml"] + values[other]
        values[name] = round(100.0 * round(values["tp_ml"] / total, 4), 2) if total else None
        if total == 0:
            undefined[name] = reason
    return values, undefined


def _why_not_raw(pair: Pair, raw: np.ndarray, valid_for: str | None) -> dict[str, str]:
    try:
        require_validity(pair, raw, valid_for, "", "")
    except Refusal as error:
        return dict.fromkeys(("tmtv_raw_ml", "fp_raw_ml"), error.what)
    return {}


def _approaches(
    reference: LesionSet, prediction: LesionSet, spacing_zyx_mm: tuple[float, float, float], options: HospitalOptions
) -> tuple[LesionCounts, LesionCounts]:
    links = link(reference, prediction)
    score = (
        dice_score(reference, prediction, links)
        if options.matching == "dice"
        else nsd_score(reference, prediction, spacing_zyx_mm, options.tolerance_mm)
    )
    of = {"reference": reference.count or None, "prediction": prediction.count or None}
    strict = _strict(links, pair_scores(links, score), options.lesion_threshold)
    union = _union(*union_scores(links, score), options.lesion_threshold)
    return LesionCounts(**strict, **of), LesionCounts(**union, **of)


def _strict(links: Links, scores: dict[tuple[int, int], float], threshold: float) -> dict[str, int]:
    """Approach 1, pair by pair: a prediction with one good and one bad partner is still a false positive."""
    reference = [[scores[i, j] for j in partners] or [0.0] for i, partners in links.of_reference.items()]
    prediction = [[scores[i, j] for i in partners] or [0.0] for j, partners in links.of_prediction.items()]
    found = sum(max(reached) >= threshold for reached in reference)
    return {
        "true_positive": found,
        "false_negative": len(reference) - found,
        "false_positive": sum(min(reached) < threshold for reached in prediction),
    }


def _union(reference: dict[int, float], prediction: dict[int, float], threshold: float) -> dict[str, int]:
    """Approach 2, each lesion against the union of all that touch it: exactly the threshold is neither TP nor FN."""
    return {
        "true_positive": sum(score > threshold for score in reference.values()),
        "false_negative": sum(score < threshold for score in reference.values()),
        "false_positive": sum(score < threshold for score in prediction.values()),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
