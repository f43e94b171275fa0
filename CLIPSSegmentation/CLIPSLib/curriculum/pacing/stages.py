"""Pacing in stages: baby step (stages add up) and one-pass (each stage alone)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

from CLIPSLib.curriculum.pacing.base import Growing, Progress
from CLIPSLib.schema import Range

_BENGIO = "Bengio et al., Curriculum learning, ICML 2009"


@dataclass(frozen=True, kw_only=True)
class Stages:
    """How the ordered list is cut: in equal parts, or at `boundaries` (see `jenks_boundaries`)."""

    stages: Annotated[int, Range(2, 1000), "k: number of buckets of equal size"] = 5
    boundaries: Annotated[
        tuple[Annotated[float, Range(0.0001, 1.0)], ...],
        "instead of equal parts: the share of the list at which each bucket ends, the last 1.0",
    ] = ()

    def __post_init__(self) -> None:
        ends = self.boundaries
        if ends and (ends[-1] != 1.0 or any(b <= a for a, b in pairwise(ends))):
            raise ValueError("'boundaries' must rise and end with 1.0")

    @property
    def ends(self) -> tuple[float, ...]:
        """Shares of the list at which the buckets end."""
        return self.boundaries or tuple((j + 1) / self.stages for j in range(self.stages))


@dataclass(frozen=True, kw_only=True)
class BabyStep(Stages, Growing):
    """Stage j draws from the buckets B1 to Bj; the last stage, with everything, begins at the share a of the run."""

    title: ClassVar = "baby step"
    formula: ClassVar = "stage j of k draws from B1 + ... + Bj; j = 1 + floor(s (k - 1)), s = min(1, t / (a T))"
    source: ClassVar = f"{_BENGIO}; Spitkovsky et al., From baby steps to leapfrog, NAACL 2010"
    pitfall: ClassVar = "jumps: a bucket of hard cases arrives at once"

    full_at: Annotated[float, Range(0.001, 10.0), "a: share of the run after which everything is available"] = 0.4

    def fraction(self, at: Progress) -> float:
        s = min(1.0, at.step / (self.full_at * at.total_steps))
        return self.ends[math.floor(s * (len(self.ends) - 1))]


@dataclass(frozen=True, kw_only=True)
class OnePass(Stages):
    """Stage j of k draws from the bucket Bj only; all stages are equally long."""

    title: ClassVar = "one-pass"
    formula: ClassVar = "stage j of k draws from Bj only; j = 1 + floor(k t / T)"
    source: ClassVar = _BENGIO
    pitfall: ClassVar = "forgets the easy cases and ends on the hardest bucket alone: weaker in all comparisons read"

    def window(self, at: Progress) -> tuple[float, float]:
        ends = self.ends
        stage = min(len(ends) - 1, at.step * len(ends) // at.total_steps)
        return (ends[stage - 1] if stage else 0.0), ends[stage]
