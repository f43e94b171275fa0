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


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict on one curriculum and the reasons for it, one sentence each."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(contrasts: Mapping[str, Contrast], *, margin: float, exploratory: bool = False) -> Judgement:
    """The verdict from the contrasts of one family on the primary endpoint (`compare_family`).

    margin: the smallest difference that matters, on the endpoint's scale. exploratory: too few runs for a test; the
    verdict is inconclusive and says so. "No relevant effect" comes before "helps" and "harms": a difference whose
    whole interval is inside the margin does not matter, even when it is not zero.
    """
    against_vanilla = contrasts[VANILLA]
    mean, low, high = against_vanilla.benefit
    interval = (
        f"{mean:+.3f} against vanilla, {against_vanilla.effect.confidence:.0%} interval {low:+.3f} to {high:+.3f}"
    )
    if exploratory or against_vanilla.effect.p is None:
        return Judgement(
            verdict=Verdict.INCONCLUSIVE,
            reasons=(interval, "Exploratory: too few runs to tell an effect from the luck of the runs."),
        )
    if -margin < low and high < margin:
        reason = f"The whole interval is within the margin of {margin:g} that was declared to matter."
        return Judgement(verdict=Verdict.NO_RELEVANT_EFFECT, reasons=(interval, reason))
    if _significant(against_vanilla) and high < 0:
        return Judgement(verdict=Verdict.HARMS, reasons=(interval, _p(against_vanilla)))
    if _significant(against_vanilla) and low > 0:
        return _order_or_pool(contrasts, interval)
    reason = f"The interval holds both no difference and differences beyond the margin of {margin:g}."
    if not low <= 0 <= high:
        reason = f"The difference does not withstand the correction for several contrasts ({_p(against_vanilla)})."
    return Judgement(verdict=Verdict.INCONCLUSIVE, reasons=(interval, reason))


def _order_or_pool(contrasts: Mapping[str, Contrast], interval: str) -> Judgement:
    random = contrasts.get(RANDOM)
    if random is None:
        reason = "No arm had the same pacing in random order, so that the order cannot be told from the growing pool."
        return Judgement(verdict=Verdict.POOL_HELPS, reasons=(interval, _p(contrasts[VANILLA]), reason))
    mean, low, high = random.benefit
    against = f"{mean:+.3f} against random order with the same pacing, interval {low:+.3f} to {high:+.3f}, {_p(random)}"
    helps = _significant(random) and mean > 0
    verdict = Verdict.HELPS if helps else Verdict.POOL_HELPS
    return Judgement(verdict=verdict, reasons=(interval, _p(contrasts[VANILLA]), against))


def _significant(contrast: Contrast) -> bool:
    return contrast.effect.adjusted_p is not None and contrast.effect.adjusted_p < ALPHA


def _p(contrast: Contrast) -> str:
    adjusted = contrast.effect.adjusted_p
    if adjusted is None:
        return "no p value"
    return "p (Holm) < 0.001" if adjusted < 0.001 else f"p (Holm) = {adjusted:.3f}"
