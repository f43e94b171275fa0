"""The hospital's own statistics over many patients, from their `HospitalMetrics`. Called by tasks and report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from CLIPSLib.evaluation.agreement import pearson
from CLIPSLib.evaluation.types import HospitalCohort, HospitalMetrics


def evaluate_hospital_cohort(patients: Sequence[HospitalMetrics]) -> HospitalCohort:
    """Mean and population sd of every measure, over the patients that have it.

    Lesion recall is TP / reference lesions of approach 2, lesion precision (predicted - FP) / predicted (not TP /
    predicted); patients without predicted lesions, or without a precision, are left out of both, as the hospital does.
    Correlation of TMTV: patients with a predicted volume.

    Raises:
        ValueError: patients evaluated with different options.
    """
    if any(patient.options != patients[0].options for patient in patients):
        raise ValueError("the patients were evaluated with different options")
    counted = [p for p in patients if p.union.prediction and p.precision_percent is not None]
    predicted = [p for p in patients if p.tmtv_ml > 0]
    errors = [(abs(p.tmtv_reference_ml - p.tmtv_ml), p.tmtv_reference_ml) for p in patients]
    dices = [p.dice for p in patients]
    return HospitalCohort(
        patients=len(patients),
        dice=_mean_sd(dices),
        dice_without_zeros=_mean_sd(dice for dice in dices if dice != 0.0),
        hausdorff_mm=_mean_sd(p.hausdorff_mm for p in patients),
        nsd=_mean_sd(p.nsd for p in patients),
        precision_percent=_mean_sd(p.precision_percent for p in patients),
        recall_percent=_mean_sd(p.recall_percent for p in patients),
        lesion_recall=_mean_sd(lesion_recall(p) for p in counted),
        lesion_precision=_mean_sd(lesion_precision(p) for p in counted),
        absolute_error_ml=_mean_sd(error for error, _ in errors),
        relative_error=_mean_sd(error / volume for error, volume in errors if volume > 0),
        pearson=pearson([p.tmtv_reference_ml for p in predicted], [p.tmtv_ml for p in predicted]),
        bad={p.patient: reason for p in patients if (reason := why_bad(p)) is not None},
    )


def lesion_recall(metrics: HospitalMetrics) -> float | None:
    """Found lesions of the reference / its lesions, approach 2; None without any; 0 when nothing was predicted."""
    counts = metrics.union
    return counts.true_positive / counts.reference if counts.reference else None


def lesion_precision(metrics: HospitalMetrics) -> float:
    """(Predicted lesions - false positives) / predicted lesions, approach 2; 0 when nothing was predicted."""
    counts = metrics.union
    return (counts.prediction - counts.false_positive) / counts.prediction if counts.prediction else 0.0


def why_bad(metrics: HospitalMetrics) -> str | None:
    """Why the hospital's `flag_badsegs` calls a segmentation bad (approach 2); None for a good one.

    Bad: no prediction, fewer than 75 % of the lesions found, more than 50 % missed, or more than 50 % of the predicted
    lesions in vain.
    """
    counts = metrics.union
    if not counts.prediction:
        return "no prediction"
    if counts.reference and counts.true_positive / counts.reference < 0.75:
        return f"{counts.true_positive} of {counts.reference} lesions found, fewer than 75 %"
    if counts.reference and counts.false_negative / counts.reference > 0.5:
        return f"{counts.false_negative} of {counts.reference} lesions missed, more than 50 %"
    if counts.false_positive / counts.prediction > 0.5:
        return f"{counts.false_positive} of {counts.prediction} predicted lesions in vain, more than 50 %"
    return None


def _mean_sd(values: Iterable[float | None]) -> tuple[float, float] | None:
    there = np.array([value for value in values if value is not None], dtype=float)
    return (float(there.mean()), float(there.std())) if len(there) else None
