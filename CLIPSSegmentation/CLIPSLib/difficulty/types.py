"""What the room `difficulty` hands to the others: descriptions of measurers and the table of one of them.

Plain frozen data, read and written as JSON by `store`; curricula take `DifficultyTable.scores`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

HardWhen = Literal["high", "low", "near 1"]
Family = Literal["uptake", "rating", "effort", "teacher", "disagreement", "imported", "combined"]

LESION_FREE = "the reference mask is empty"


@dataclass(frozen=True, kw_only=True)
class MeasurerDescription:
    """What a person needs to choose a measurer.

    rule: the definition in one sentence. unit: of its values ("" for ratios and counts). hard_when: which values mean
    a hard case. caveat: when not to believe it. needs_reference: cases without a reference mask get no value, cases
    with an empty one stay outside the ranking.
    """

    name: str
    title: str
    family: Family
    rule: str
    unit: str
    hard_when: HardWhen
    caveat: str
    needs_reference: bool = True


@dataclass(frozen=True, kw_only=True)
class DifficultyTable:
    """How hard each case is by one measurer, and what that rests on.

    scores: higher is harder; None where there is no score, for the reason in `missing`. values: the same in the unit
    and direction people know. outside: lesion-free cases, which are not on this axis and are in neither mapping.
    quarantined: cases that take part in nothing, with the reason. remarks: per case what its score lacks or rests on.
    scored_on: in words what was scored ("current reference masks"); evidence: per case a SHA-256 of what its score
    was made from (masks, options, versions); evidence_sha256: of the whole table, equal when it is measured again
    on the same evidence. weights: of a combination, its parts.
    """

    measurer: str
    title: str
    hard_when: HardWhen
    unit: str
    caveat: str
    scores: Mapping[str, float | None]
    values: Mapping[str, float | None]
    scored_on: str
    evidence_sha256: str
    missing: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    created_utc: str = ""
    software: Mapping[str, str] = field(default_factory=dict)

    @property
    def ranked(self) -> dict[str, float]:
        """The scores that are there."""
        return {case: score for case, score in self.scores.items() if score is not None}


@dataclass(frozen=True, kw_only=True)
class Validity:
    """Whether a table orders cases as their out-of-fold Dice does: Spearman's rho and its 95 % interval.

    A good measurer has a negative rho: the harder, the lower the Dice. low, high: Fisher z with the standard error of
    Bonett and Wright; bootstrap_low, bootstrap_high: percentiles of seeded resamples of cases; None below 4 cases
    or where one of the two does not vary. n: cases with both numbers. unscored: those with a Dice alone.
    """

    rho: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None
    unscored: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far raters agree on the same cases. None where it cannot be computed, for the reason in `undefined`.

    krippendorff_alpha: ordinal, with missing ratings (the default to look at). weighted_kappa: quadratic weights, per
    pair of raters "A, B" on the cases that both rated. icc_single, icc_mean: ICC(2,1) and ICC(2,k) over the
    `complete_cases` that all raters rated. cases: with two ratings or more.
    """

    raters: tuple[str, ...]
    cases: int
    complete_cases: int
    krippendorff_alpha: float | None
    weighted_kappa: Mapping[str, float]
    icc_single: float | None
    icc_mean: float | None
    repeated_kappa: Mapping[str, float] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
