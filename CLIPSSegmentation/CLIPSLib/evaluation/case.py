"""One case: a predicted mask against its reference. Called by difficulty, training, tasks and the public API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.evaluation.inputs import above_threshold, pair_of, require_validity
from CLIPSLib.evaluation.lesion_rows import lesion_rows
from CLIPSLib.evaluation.lesions import LesionSet, connected_lesions, labeled_lesions
from CLIPSLib.evaluation.matching import Matching, match, rule_in_words
from CLIPSLib.evaluation.overlap import dice, iou
from CLIPSLib.evaluation.surfaces import SurfaceDistances, surface_of
from CLIPSLib.evaluation.types import (
    PREDICTION,
    REFERENCE,
    CaseEvaluation,
    EvaluationOptions,
    LesionEvaluation,
)
from CLIPSLib.imaging import label_components, largest_distance_mm, voxel_volume_ml

if TYPE_CHECKING:
    import SimpleITK as sitk

AUTOPET_CONNECTIVITY = 18
EMPTY_REFERENCE = "the reference is empty"
EMPTY_PREDICTION = "the prediction is empty"
_DEFAULTS = EvaluationOptions()


def evaluate(
    reference: sitk.Image,
    prediction: sitk.Image,
    *,
    pet: sitk.Image | None = None,
    options: EvaluationOptions = _DEFAULTS,
    valid_for: str | None = None,
    reference_valid_for: str | None = None,
    where: str = "",
) -> CaseEvaluation:
    """Compare a prediction with its reference: two label maps or binary masks on one grid (0 is background).

    pet: SUVbw on the same grid, for the SUV threshold of the options, for `valid_for`, and for the lesions' SUVmax.
    valid_for, reference_valid_for: `Segmentation.valid_for` of the two; such a mask is compared only as far as its
        condition holds for every voxel that takes part.
    where: the case, for messages. Definitions and sources: docs/evaluation.md.

    Raises:
        Refusal: "grid-differs", "not-a-volume", "labels-not-integer", "label-out-of-range", "pet-needed", "not-finite";
            "not-valid-for": voxels do not meet the `valid_for` of their mask, or there is no PET to tell.
    """
    pair = pair_of(reference, prediction, pet, where)
    reference_labels, prediction_labels = above_threshold(pair, options.suv_threshold, where)
    first, second = reference_labels > 0, prediction_labels > 0
    remedy = "Give the PET, and compare above that threshold (suv_threshold)."
    require_validity(pair, first, reference_valid_for, where, remedy)
    require_validity(pair, second, valid_for, where, remedy)
    lesions = [_lesions(labels, options) for labels in (reference_labels, prediction_labels)]
    matching = match(*lesions, options, pair.spacing_zyx_mm)
    rows = (
        *lesion_rows(REFERENCE, *lesions, matching.reference, pair),
        *lesion_rows(PREDICTION, *reversed(lesions), matching.prediction, pair),
    )
    values = {
        **_overlap_values(first, second, voxel_volume_ml(reference)),
        **_lesion_values(*lesions, matching, rows),
        **_surface_values(first, second, pair.spacing_zyx_mm, options.tolerance_mm),
    }
    return CaseEvaluation(
        **values,
        matching=rule_in_words(options),
        tolerance_mm=options.tolerance_mm,
        options=options,
        lesions=rows,
        undefined=_reasons(values),
    )


def _lesions(labels: np.ndarray, options: EvaluationOptions) -> LesionSet:
    if options.lesions == "labels":
        return labeled_lesions(labels)
    return connected_lesions(labels > 0, options.connectivity)


def _overlap_values(reference: np.ndarray, prediction: np.ndarray, voxel_ml: float) -> dict[str, float | None]:
    reference_ml, prediction_ml = (float(np.count_nonzero(mask)) * voxel_ml for mask in (reference, prediction))
    some = reference.any()  # without a reference a share is neither 0 nor 1: there is nothing to be right about
    return {
        "dice": dice(reference, prediction) if some else None,
        "iou": iou(reference, prediction) if some else None,
        "reference_ml": reference_ml,
        "prediction_ml": prediction_ml,
        "tmtv_difference_ml": prediction_ml - reference_ml,
        "fpv_ml": _untouched(prediction, reference) * voxel_ml,
        "fnv_ml": _untouched(reference, prediction) * voxel_ml if some else None,
    }


def _untouched(mask: np.ndarray, other: np.ndarray) -> int:
    """Voxels of the 18-connected components of `mask` that share no voxel with `other` (autoPET's FPV and FNV)."""
    components = label_components(mask, AUTOPET_CONNECTIVITY)
    touched = np.unique(components.labels[mask & other])
    return int(components.sizes.sum() - components.sizes[touched - 1].sum())


def _lesion_values(
    reference: LesionSet, prediction: LesionSet, matching: Matching, rows: Sequence[LesionEvaluation]
) -> dict[str, float | None]:
    return {
        "reference_lesions": reference.count,
        "prediction_lesions": prediction.count,
        "lesion_recall": matching.reference.share(),
        "lesion_precision": matching.prediction.share(),
        "lesion_f1": matching.f1(),
        "d_max_difference_mm": _d_max_difference_mm(rows),
    }


def _surface_values(
    reference: np.ndarray, prediction: np.ndarray, spacing_zyx_mm: tuple[float, float, float], tolerance_mm: float
) -> dict[str, float | None]:
    distances = SurfaceDistances(surface_of(reference, spacing_zyx_mm), surface_of(prediction, spacing_zyx_mm))
    finite = distances.finite
    return {
        "nsd": distances.nsd(tolerance_mm) if reference.any() else None,
        "hd95_mm": distances.hausdorff_mm(95.0) if finite else None,
        "mean_surface_distance_mm": distances.mean_mm() if finite else None,
        "mean_distance_reference_to_prediction_mm": distances.mean_to_prediction_mm() if finite else None,
        "mean_distance_prediction_to_reference_mm": distances.mean_to_reference_mm() if finite else None,
    }


def _d_max_difference_mm(rows: Sequence[LesionEvaluation]) -> float | None:
    """How much farther apart the farthest two predicted lesions are; None when a mask has no lesion."""
    centroids = [[row.centroid_lps_mm for row in rows if row.of == of] for of in (REFERENCE, PREDICTION)]
    if not all(centroids):
        return None
    of_reference, of_prediction = (largest_distance_mm(np.array(points)) for points in centroids)
    return of_prediction - of_reference


def _reasons(values: dict[str, float | None]) -> dict[str, str]:
    """Why each value that is None does not exist."""
    no_reference, no_prediction = values["reference_ml"] == 0.0, values["prediction_ml"] == 0.0
    both = f"{EMPTY_REFERENCE}, and so is the prediction" if no_prediction else EMPTY_REFERENCE
    reasons = {}
    for name, value in values.items():
        if value is not None:
            continue
        if name == "lesion_precision":
            reasons[name] = EMPTY_PREDICTION
        else:
            reasons[name] = both if no_reference else EMPTY_PREDICTION
    return reasons
