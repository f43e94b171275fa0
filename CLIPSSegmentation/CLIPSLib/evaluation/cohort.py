"""Many cases: spread of every measure, agreement of volumes, failures."""

from __future__ import annotations

from collections.abc import Mapping

from CLIPSLib.evaluation.types import CaseEvaluation, CohortEvaluation, FailureRule

_DEFAULTS = FailureRule()


def evaluate_cohort(cases: Mapping[str, CaseEvaluation], *, rule: FailureRule = _DEFAULTS) -> CohortEvaluation:
    """Summarize the evaluations of many cases, by case id."""
    raise NotImplementedError
