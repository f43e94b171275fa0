"""What an evaluation is asked for and what it says: one case, one lesion, a cohort. Definitions: docs/evaluation.md.

Read by `difficulty`, `training`, `experiments`, `report` and `formats`. A number that does not exist is None, never
0 or 1, and `undefined` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from CLIPSLib.schema import Range

REFERENCE = "reference"
PREDICTION = "prediction"
MatchingRule = Literal["any-overlap", "iou", "union-dice", "union-nsd"]


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """How a mask is compared with its reference."""

    lesions: Annotated[
        Literal["components", "labels"], "what one lesion is: a connected component, or all voxels of one label"
    ] = "components"
    connectivity: Annotated[Literal[6, 18, 26], "neighbors that connect a component"] = 26
    matching: Annotated[MatchingRule, "when a lesion counts as found"] = "any-overlap"
    matching_threshold: Annotated[float, Range(0, 1), "score from which a lesion is found; not used by any-overlap"] = (
        0.5
    )
    tolerance_mm: Annotated[float, Range(0, 100), "of the normalized surface distance"] = 5.0
    suv_threshold: Annotated[
        float | None, Range(0, 1000), "compare only voxels with SUV >= this, in both masks; needs the PET"
    ] = None


@dataclass(frozen=True, kw_only=True)
class LesionEvaluation:
    """One lesion of the reference or of the prediction, and what the other mask has in its place.

    of: `REFERENCE` or `PREDICTION`. number: its label, or the place of the component in the order of first voxels.
    found: matched by the rule of the case. score: what the rule compares (None for any-overlap). partners: numbers of
    the other mask's lesions that share a voxel with it. overlap_ml: its volume that the other mask holds.
    suv_max: None without a PET.
    """

    of: str
    number: int
    volume_ml: float
    found: bool
    score: float | None
    partners: tuple[int, ...]
    overlap_ml: float
    centroid_lps_mm: tuple[float, float, float]
    suv_max: float | None


@dataclass(frozen=True, kw_only=True)
class CaseEvaluation:
    """A prediction against its reference. Volumes in mL, distances in mm, shares from 0 to 1; None: see `undefined`.

    matching: the rule that pairs lesions, in words. fpv_ml, fnv_ml: as autoPET (18 neighbors), whatever the options.
    mean_surface_distance_mm: both ways together, weighted by area; the two ways apart in the fields after it.
    tmtv_difference_ml, d_max_difference_mm: prediction minus reference; Dmax is the largest distance between the
    centroids of two lesions, 0 for one lesion. undefined: field name -> why it is None.
    """

    dice: float | None
    iou: float | None
    reference_ml: float
    prediction_ml: float
    tmtv_difference_ml: float
    fpv_ml: float
    fnv_ml: float | None
    reference_lesions: int
    prediction_lesions: int
    lesion_recall: float | None
    lesion_precision: float | None
    lesion_f1: float | None
    matching: str
    nsd: float | None
    tolerance_mm: float
    hd95_mm: float | None
    mean_surface_distance_mm: float | None
    mean_distance_reference_to_prediction_mm: float | None
    mean_distance_prediction_to_reference_mm: float | None
    d_max_difference_mm: float | None
    options: EvaluationOptions
    lesions: tuple[LesionEvaluation, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How one measure spreads over the cases that have it. n: these; missing: cases where it is None.

    sd: of the sample (n - 1), None for one case. q1, q3: quartiles (linear between the ranks).
    """

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    q1: float | None
    q3: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, kw_only=True)
class BlandAltman:
    """Agreement of two measurements of the same cases: prediction minus reference, with 95 % confidence intervals.

    bias: mean difference; lower, upper: limits of agreement (bias -+ 1.96 sd). Each `_ci` is (low, high).
    unit: "mL", or "ratio" when logarithms were compared and everything is a factor (sd then is that of ln ratios).
    excluded: cases left out (those without a logarithm).
    """

    unit: str
    n: int
    excluded: int
    bias: float
    bias_ci: tuple[float, float]
    sd: float
    lower: float
    lower_ci: tuple[float, float]
    upper: float
    upper_ci: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class VolumeAgreement:
    """TMTV predicted against TMTV of the reference over a cohort; None where there are too few cases.

    absolute_error_ml: |difference|. relative_error: |difference| / reference, where that is not 0.
    pearson: linear correlation (no agreement); ccc: Lin's concordance. log_ratio: spread that grows with volume.
    cutoff_ml: where one was given, same_class is the share of cases that both volumes put on one side of it (>= is
    high), kappa (Cohen) what is left of that beyond chance.
    """

    absolute_error_ml: Summary
    relative_error: Summary
    pearson: float | None
    ccc: float | None
    difference: BlandAltman | None
    log_ratio: BlandAltman | None
    cutoff_ml: float | None
    same_class: float | None
    kappa: float | None
    undefined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FailureRule:
    """When a case counts as failed."""

    dice_below: Annotated[float, Range(0, 1), "Dice under which a case failed"] = 0.5
    lesion_recall_below: Annotated[float, Range(0, 1), "share of lesions found under which a case failed"] = 0.5
    false_positive_ml: Annotated[float, Range(0), "volume predicted on an empty reference that is still tolerated"] = (
        0.0
    )


@dataclass(frozen=True, kw_only=True)
class FailedCase:
    """A case that failed, and why, in words."""

    case_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CohortEvaluation:
    """Many cases: how every measure spreads, how volumes agree, which cases failed.

    summaries: field of `CaseEvaluation` -> its spread. rule: of `failures`, in words.
    """

    cases: int
    summaries: Mapping[str, Summary]
    tmtv: VolumeAgreement
    failures: tuple[FailedCase, ...]
    rule: str


@dataclass(frozen=True, kw_only=True)
class HospitalOptions:
    """The hospital's evaluation; the defaults are what its scripts pass."""

    matching: Annotated[Literal["dice", "nsd"], "what is compared lesion by lesion"] = "nsd"
    tolerance_mm: Annotated[float, Range(0, 100), "of NSD and BJI"] = 5.0
    suv_threshold: Annotated[float, Range(0, 1000), "voxels count where SUV > this (strictly)"] = 4.0
    hausdorff_percentile: Annotated[float, Range(0, 100), "of the distances, weighted by area"] = 100.0
    lesion_threshold: Annotated[float, Range(0, 1), "score from which a lesion counts as found"] = 0.5


@dataclass(frozen=True, kw_only=True)
class LesionCounts:
    """One approach of the hospital's lesion matching: lesions found, missed, predicted in vain, and of how many.

    reference, prediction: lesions that the SUV threshold leaves; None for none (the hospital's NaN).
    """

    true_positive: int
    false_negative: int
    false_positive: int
    reference: int | None
    prediction: int | None


@dataclass(frozen=True, kw_only=True)
class HospitalMetrics:
    """What the hospital's `metriques.txt` holds. Masks are thresholded (SUV > 4) but for the two raw volumes.

    Rounded as there: volumes to 0.01 mL, shares and distances to 3 decimals, percentages to 2 decimals.
    mean_distance_mm: from the reference to the prediction only. strict: approach 1, lesion against lesion;
    union: approach 2, lesion against all that touch it (the one the hospital uses). None: see `undefined`.
    """

    patient: str
    options: HospitalOptions
    max_suv: float
    mean_distance_mm: float | None
    hausdorff_mm: float | None
    dice: float | None
    nsd: float | None
    bji: float | None
    tmtv_raw_ml: float | None
    tmtv_ml: float
    tmtv_reference_ml: float
    fp_raw_ml: float | None
    fp_ml: float
    fn_ml: float
    tp_ml: float
    precision_percent: float | None
    recall_percent: float | None
    strict: LesionCounts
    union: LesionCounts
    undefined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HospitalCohort:
    """The hospital's statistics over many patients; every sd is of the population (n), as numpy's.

    Each pair is (mean, sd) or None without a case. bad: patient -> why `flag_badsegs` calls its segmentation bad.
    pearson: TMTV of patients with a predicted volume.
    """

    patients: int
    dice: tuple[float, float] | None
    dice_without_zeros: tuple[float, float] | None
    hausdorff_mm: tuple[float, float] | None
    nsd: tuple[float, float] | None
    precision_percent: tuple[float, float] | None
    recall_percent: tuple[float, float] | None
    lesion_recall: tuple[float, float] | None
    lesion_precision: tuple[float, float] | None
    absolute_error_ml: tuple[float, float] | None
    relative_error: tuple[float, float] | None
    pearson: float | None
    bad: Mapping[str, str]
