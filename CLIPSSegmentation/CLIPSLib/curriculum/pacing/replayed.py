"""Pacing that repeats what another run did: the yoked control of a self-paced run."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, ClassVar

from CLIPSLib.curriculum.pacing.base import Growing, Progress
from CLIPSLib.schema import Range


@dataclass(frozen=True, kw_only=True)
class Replayed(Growing):
    """The pool sizes of a trace (`DrawTrace.pool_sizes`): from each step on, so many ranked cases."""

    title: ClassVar = "replayed"
    formula: ClassVar = "n(t) = the size of the pool that the other run had at step t"
    source: ClassVar = "yoked control: same sizes at the same times, another choice of cases"
    pitfall: ClassVar = "pools of a self-paced run may shrink; the replayed ones then shrink too"

    pool_sizes: Annotated[tuple[tuple[int, int], ...], Range(1), "pairs (from step, ranked cases in the pool)"]

    def __post_init__(self) -> None:
        steps = [step for step, _ in self.pool_sizes]
        if steps[0] != 0 or any(b <= a for a, b in pairwise(steps)):
            raise ValueError("'pool_sizes' must begin at step 0 and rise")

    @cached_property
    def _steps(self) -> list[int]:
        return [step for step, _ in self.pool_sizes]

    def fraction(self, at: Progress) -> float:
        _, size = self.pool_sizes[bisect_right(self._steps, at.step) - 1]
        return min(1.0, size / at.count)
