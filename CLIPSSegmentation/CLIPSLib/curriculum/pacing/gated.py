"""Pacing that waits for the network: the pool grows with validation performance, or when it stops to rise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from CLIPSLib.curriculum.pacing.base import Growing, Progress
from CLIPSLib.schema import Range


@dataclass(frozen=True, kw_only=True)
class PerformanceGated(Growing):
    """Each validation opens the pool further; everything is available at `full_at` of the run whatever happened."""

    title: ClassVar = "performance-gated"
    formula: ClassVar = "growth: g += rate x performance; plateau: g += rate when the best is `patience` reports old"
    source: ClassVar = (
        "growth: after the age of Lin et al., Active self-paced learning, IEEE TPAMI 2018, as the survey of Wang et "
        "al. 2022 tells it; plateau: the next stage of baby step at convergence"
    )
    pitfall: ClassVar = "noise of validation becomes noise of the schedule: arms of an experiment see different pools"

    start: Annotated[float, Range(0.0001, 1.0), "b: share of the list available at the first step"] = 0.25
    rule: Annotated[Literal["growth", "plateau"], "what a validation does"] = "growth"
    rate: Annotated[float, Range(0.0001, 1.0), "alpha: how much of the list a report can add"] = 0.1
    patience: Annotated[int, Range(1), "plateau: reports without a new best before the pool grows"] = 2
    least_gain: Annotated[float, Range(0.0), "plateau: what counts as a new best"] = 0.005
    full_at: Annotated[float, Range(0.001, 10.0), "share of the run after which everything is available anyway"] = 0.6

    def fraction(self, at: Progress) -> float:
        if at.step >= self.full_at * at.total_steps:
            return 1.0
        grown = sum(at.performances) if self.rule == "growth" else self._plateaus(at.performances)
        return min(1.0, self.start + self.rate * grown)

    def _plateaus(self, performances: tuple[float, ...]) -> int:
        plateaus, waited, best = 0, 0, float("-inf")
        for performance in performances:
            if performance > best + self.least_gain:
                best, waited = performance, 0
                continue
            waited += 1
            if waited == self.patience:
                plateaus, waited, best = plateaus + 1, 0, float("-inf")  # harder cases: the old best does not count
        return plateaus
