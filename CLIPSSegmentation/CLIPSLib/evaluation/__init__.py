"""A mask against its reference: overlap, surfaces, lesions, volumes; one case or a cohort (docs/evaluation.md)."""

from CLIPSLib.evaluation.case import evaluate
from CLIPSLib.evaluation.cohort import evaluate_cohort, summarize
from CLIPSLib.evaluation.hospital import hospital_metrics
from CLIPSLib.evaluation.hospital_cohort import evaluate_hospital_cohort, lesion_precision, lesion_recall, why_bad
from CLIPSLib.evaluation.overlap import dice, iou
from CLIPSLib.evaluation.probabilities import probability_loss, voxel_entropy
from CLIPSLib.evaluation.types import (
    PREDICTION,
    REFERENCE,
    BlandAltman,
    CaseEvaluation,
    CohortEvaluation,
    EvaluationOptions,
    FailedCase,
    FailureRule,
    HospitalCohort,
    HospitalMetrics,
    HospitalOptions,
    LesionCounts,
    LesionEvaluation,
    Summary,
    VolumeAgreement,
)

__all__ = [
    "PREDICTION",
    "REFERENCE",
    "BlandAltman",
    "CaseEvaluation",
    "CohortEvaluation",
    "EvaluationOptions",
    "FailedCase",
    "FailureRule",
    "HospitalCohort",
    "HospitalMetrics",
    "HospitalOptions",
    "LesionCounts",
    "LesionEvaluation",
    "Summary",
    "VolumeAgreement",
    "dice",
    "evaluate",
    "evaluate_cohort",
    "evaluate_hospital_cohort",
    "hospital_metrics",
    "iou",
    "lesion_precision",
    "lesion_recall",
    "probability_loss",
    "summarize",
    "voxel_entropy",
    "why_bad",
]
