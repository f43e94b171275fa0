"""The hospital's own statistics over many patients."""

from __future__ import annotations

from collections.abc import Sequence

from CLIPSLib.evaluation.types import HospitalCohort, HospitalMetrics


def evaluate_hospital_cohort(patients: Sequence[HospitalMetrics]) -> HospitalCohort:
    """Mean and spread over patients as the hospital's scripts compute them."""
    raise NotImplementedError


def why_bad(metrics: HospitalMetrics) -> str | None:
    """Why `flag_badsegs` calls a segmentation bad; None for a good one."""
    raise NotImplementedError
