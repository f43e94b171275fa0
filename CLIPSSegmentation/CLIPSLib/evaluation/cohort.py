"""Many cases: how every measure spreads, how volumes agree, which failed. Called by tasks, report, experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from CLIPSLib.evaluation.agreement import bland_altman, class_agreement, concordance, log_bland_altman, pearson
from CLIPSLib.evaluation.types import (
    CaseEvaluation,
    CohortEvaluation,
    FailedCase,
    FailureRule,
    Summary,
    VolumeAgreement,
)

MEASURES = (
    *("dice", "iou", "nsd", "hd95_mm", "mean_surface_distance_mm"),
    *("mean_distance_reference_to_prediction_mm", "mean_distance_prediction_to_reference_mm"),
    *("lesion_recall", "lesion_precision", "lesion_f1"),
    *("fpv_ml", "fnv_ml", "reference_ml", "prediction_ml", "tmtv_difference_ml", "d_max_difference_mm"),
)
_DEFAULTS = FailureRule()


def evaluate_cohort(
    cases: Mapping[str, CaseEvaluation], *, rule: FailureRule = _DEFAULTS, cutoff_ml: float | None = None
) -> CohortEvaluation:
    """Summarize the evaluations of many cases, by case id. Measures that a case does not have are left out and counted.

    cutoff_ml: a clinical limit of TMTV (its value depends on the segmentation method), for the agreement of classes.

    Raises:
        ValueError: cases that were compared with different options: their numbers do not belong together.
    """
    found = list(cases.values())
    if any(case.options != found[0].options for case in found):
        raise ValueError("the cases were evaluated with different options")
    failures = ((case_id, _why_failed(case, rule)) for case_id, case in cases.items())
    return CohortEvaluation(
        cases=len(found),
        summaries={name: summarize([getattr(case, name) for case in found]) for name in MEASURES},
        tmtv=_volume_agreement(found, cutoff_ml),
        failures=tuple(FailedCase(case_id=case_id, reasons=reasons) for case_id, reasons in failures if reasons),
        rule=_rule_in_words(rule),
    )


def summarize(values: Sequence[float | None]) -> Summary:
    """Mean, spread and quartiles of the values that exist; `missing` says how many do not."""
    there = np.array([value for value in values if value is not None], dtype=float)
    n = len(there)
    q1, median, q3 = np.percentile(there, [25, 50, 75]).tolist() if n else (None, None, None)
    return Summary(
        n=n,
        missing=len(values) - n,
        mean=float(there.mean()) if n else None,
        sd=float(there.std(ddof=1)) if n > 1 else None,
        median=median,
        q1=q1,
        q3=q3,
        minimum=float(there.min()) if n else None,
        maximum=float(there.max()) if n else None,
    )


def _volume_agreement(cases: Sequence[CaseEvaluation], cutoff_ml: float | None) -> VolumeAgreement:
    reference = np.array([case.reference_ml for case in cases])
    prediction = np.array([case.prediction_ml for case in cases])
    errors = np.abs(prediction - reference)
    same_class, kappa = None, None
    if cutoff_ml is not None:
        same_class, kappa = class_agreement(reference >= cutoff_ml, prediction >= cutoff_ml)
    values = {
        "pearson": pearson(reference, prediction),
        "ccc": concordance(reference, prediction),
        "difference": bland_altman(reference, prediction),
        "log_ratio": log_bland_altman(reference, prediction),
        "same_class": same_class,
        "kappa": kappa,
    }
    reasons = _why_undefined(len(cases), cutoff_ml)
    return VolumeAgreement(
        absolute_error_ml=summarize(errors.tolist()),
        relative_error=summarize([e / r if r > 0 else None for e, r in zip(errors, reference, strict=True)]),
        **values,
        cutoff_ml=cutoff_ml,
        undefined={name: reasons[name] for name, value in values.items() if value is None},
    )


def _why_undefined(n: int, cutoff_ml: float | None) -> dict[str, str]:
    """The only reason for which each measure of agreement can be missing."""
    few = f"{n} cases; it takes at least two" if n < 2 else ""
    unset = "no cutoff was given" if cutoff_ml is None else ""
    return {
        "pearson": few or "the volumes do not vary",
        "ccc": few or "the volumes do not vary",
        "difference": few,
        "log_ratio": few or "fewer than two cases in which both volumes are above 0",
        "same_class": unset or few,
        "kappa": unset or "both put all cases on one side",
    }


def _why_failed(case: CaseEvaluation, rule: FailureRule) -> tuple[str, ...]:
    if case.reference_lesions == 0:
        in_vain = case.prediction_ml > rule.false_positive_ml
        return (f"{case.prediction_ml:.1f} mL predicted on an empty reference",) if in_vain else ()
    if case.prediction_lesions == 0:
        return (f"nothing predicted of {case.reference_ml:.1f} mL",)
    reasons = []
    if case.dice < rule.dice_below:
        reasons.append(f"Dice {case.dice:.2f}")
    if case.lesion_recall < rule.lesion_recall_below:
        found = round(case.lesion_recall * case.reference_lesions)
        reasons.append(f"{found} of {case.reference_lesions} lesions found")
    return tuple(reasons)


def _rule_in_words(rule: FailureRule) -> str:
    return (
        f"Dice < {rule.dice_below:g}, or lesion recall < {rule.lesion_recall_below:g}, or nothing predicted; "
        f"on an empty reference, more than {rule.false_positive_ml:g} mL predicted"
    )
