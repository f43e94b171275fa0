"""Many cases: how every measure spreads, how volumes agree, which failed. Called by tasks, report, experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from CLIPSLib.evaluation.agreement import bland_altman, concordance, log_bland_altman, pearson
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
    *("fpv_ml", "fnv_ml", "reference_ml", "prediction_ml", "tmtv_difference_ml"),
)
_DEFAULTS = FailureRule()


def evaluate_cohort(cases: Mapping[str, CaseEvaluation], *, rule: FailureRule = _DEFAULTS) -> CohortEvaluation:
    """Summarize the evaluations of many cases, by case id. Measures that a case does not have are left out and counted.

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
        tmtv=_volume_agreement(found),
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


def _volume_agreement(cases: Sequence[CaseEvaluation]) -> VolumeAgreement:
    reference = np.array([case.reference_ml for case in cases])
    prediction = np.array([case.prediction_ml for case in cases])
    errors = np.abs(prediction - reference)
    values = {
        "pearson": pearson(reference, prediction),
        "ccc": concordance(reference, prediction),
        "difference": bland_altman(reference, prediction),
        "log_ratio": log_bland_altman(reference, prediction),
    }
    too_few = f"{len(cases)} cases; it takes at least two" if len(cases) < 2 else "the volumes do not vary"
    reasons = {name: too_few for name, value in values.items() if value is None}
    if "log_ratio" in reasons and len(cases) >= 2:
        reasons["log_ratio"] = "fewer than two cases in which both volumes are above 0"
    return VolumeAgreement(
        absolute_error_ml=summarize(errors.tolist()),
        relative_error=summarize([e / r if r > 0 else None for e, r in zip(errors, reference, strict=True)]),
        **values,
        undefined=reasons,
    )


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
        reasons.append(f"{case.lesion_recall:.0%} of {case.reference_lesions} lesions found")
    return tuple(reasons)


def _rule_in_words(rule: FailureRule) -> str:
    return (
        f"Dice < {rule.dice_below:g}, or lesion recall < {rule.lesion_recall_below:g}, or nothing predicted; "
        f"on an empty reference, more than {rule.false_positive_ml:g} mL predicted"
    )
