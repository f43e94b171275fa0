"""The sentence that an experiment ends with: helps, the growing pool helps, harms, no relevant effect, inconclusive.

A curriculum "helps" only when it beats vanilla *and* a random order with the same pacing: without the second, what
helped may be that the pool of cases grew, whatever the order. Called by `tasks`; put in words by `report`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from CLIPSLib.experiments.contrasts import RANDOM, VANILLA, Contrast

ALPHA = 0.05


class Verdict(StrEnum):
    HELPS = "helps"
    POOL_HELPS = "the growing pool helps, the order was not shown to"
    HARMS = "harms"
    NO_RELEVANT_EFFECT = "no relevant effect"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """Why; `report` has the sentences."""

    TOO_FEW_RUNS = "too few runs for a test"
    NOT_FINISHED = "looked at before the end"
    WITHIN_MARGIN = "the whole interval is within the margin"
    WORSE = "worse than vanilla"
    BEATS_BOTH = "beats vanilla and random order"
    NO_RANDOM_CONTROL = "beats vanilla; no random order with the same pacing was run"
    RANDOM_NOT_BEATEN = "beats vanilla, not random order"
    TOO_WIDE = "the interval holds no difference and differences that matter"
    LOST_IN_CORRECTION = "the difference does not withstand the correction for several contrasts"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict on one curriculum and why."""

    verdict: Verdict
    reason: Reason


def judge(
    contrasts: Mapping[str, Contrast], *, margin: float, exploratory: bool = False, finished: bool = True
) -> Judgement:
    """The verdict from the contrasts of one family on the primary endpoint (`compare_family`).

    margin: the smallest difference that matters, on the endpoint's scale. exploratory: too few runs for a test; not
    finished: runs are still to come, and who looks until something is significant will find something. Both are
    inconclusive. "No relevant effect" (two one-sided tests at 2.5 %) comes before "helps" and "harms": a difference
    whose whole interval is inside the margin does not matter, even when it is not zero.
    """
    against_vanilla = contrasts[VANILLA]
    _, low, high = against_vanilla.benefit
    if not finished:
        return Judgement(verdict=Verdict.INCONCLUSIVE, reason=Reason.NOT_FINISHED)
    if exploratory or against_vanilla.effect.p is None:
        return Judgement(verdict=Verdict.INCONCLUSIVE, reason=Reason.TOO_FEW_RUNS)
    if -margin < low and high < margin:
        return Judgement(verdict=Verdict.NO_RELEVANT_EFFECT, reason=Reason.WITHIN_MARGIN)
    if _significant(against_vanilla) and high < 0:
        return Judgement(verdict=Verdict.HARMS, reason=Reason.WORSE)
    if _significant(against_vanilla) and low > 0:
        return _order_or_pool(contrasts.get(RANDOM))
    reason = Reason.TOO_WIDE if low <= 0 <= high else Reason.LOST_IN_CORRECTION
    return Judgement(verdict=Verdict.INCONCLUSIVE, reason=reason)


def _order_or_pool(random: Contrast | None) -> Judgement:
    if random is None:
        return Judgement(verdict=Verdict.POOL_HELPS, reason=Reason.NO_RANDOM_CONTROL)
    if _significant(random) and random.benefit[0] > 0:
        return Judgement(verdict=Verdict.HELPS, reason=Reason.BEATS_BOTH)
    return Judgement(verdict=Verdict.POOL_HELPS, reason=Reason.RANDOM_NOT_BEATEN)


def _significant(contrast: Contrast) -> bool:
    return contrast.effect.adjusted_p is not None and contrast.effect.adjusted_p < ALPHA
