"""What the analysis of an experiment takes and gives: scores of cases, paired differences, effects.

Plain frozen data. Called by every file of this room, by `tasks` (which fills the scores) and by `report`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class CaseScore:
    """The scores of one test case by the network of one run.

    arm: name of the curriculum; fold, seed: which run; scores: metric -> value, None where it is undefined
    (Dice of an empty reference).
    """

    case_id: str
    arm: str
    fold: int
    seed: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Differences arm - control of one metric, case by case and seed by seed.

    differences: float64 [case, seed]; folds: int [case], the fold in whose test part the case is (all 0 for a
    hold-out set). A run is a (fold, seed): all cases of a fold share the networks of its runs.
    arm_scores, control_scores: what was subtracted, [case, seed].
    """

    metric: str
    arm: str
    control: str
    case_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: np.ndarray
    arm_scores: np.ndarray
    control_scores: np.ndarray

    @property
    def differences(self) -> np.ndarray:
        return self.arm_scores - self.control_scores

    @property
    def fold_count(self) -> int:
        return len(set(self.folds.tolist()))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A mean difference with its interval.

    p, df: None where the design cannot give them (one single run). method: how it was computed, in words.
    adjusted_p: after Holm's correction within the family of planned contrasts, None for descriptive effects.
    """

    mean: float
    low: float
    high: float
    se: float
    df: float | None
    p: float | None
    method: str
    case_count: int
    run_count: int
    confidence: float = 0.95
    adjusted_p: float | None = None


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Standard deviations of the paired difference: true effect of a case, shift of a run, residual."""

    case_sd: float
    run_sd: float
    residual_sd: float


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a design: test cases over all folds, folds (1 is a hold-out set), seeds."""

    cases: int
    folds: int
    seeds: int
