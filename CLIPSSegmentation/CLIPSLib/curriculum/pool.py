"""Curricula by case pool: cases are ordered once, and a pacing function says how much of the list may be drawn.

Vanilla, curriculum, anti-curriculum, random order with the same pacing, baby step, competence: they differ in order
and pacing only. Built by `catalog`.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.curriculum.pacing import pool_size
from CLIPSLib.curriculum.planner import Plan, Planner
from CLIPSLib.curriculum.types import Draw


class PoolCurriculum(Planner):
    """Draws from the part of the ordered list that the pacing function opens; all loss weights are 1.

    shares: in which proportions cases of the pool are drawn, float64 [ranked cases] in the order of the list.
    """

    def __init__(self, plan: Plan, shares: np.ndarray) -> None:
        super().__init__(plan)
        self._shares = shares
        self._last: tuple[tuple, Draw] | None = None

    def plan(self, step: int) -> Draw:
        """See `Curriculum.plan`; the same object is given while nothing changes."""
        self._check_step(step)
        key = (*self._pool(step), self._foreground(step))
        if self._last is None or self._last[0] != key:
            self._last = (key, self._draw(*key))
        return self._last[1]

    def _pool(self, step: int) -> tuple[int, int]:
        """Which part of the order: [first, last)."""
        count = len(self.description.order)
        low, high = self._made_of.pacing.window(self._progress(step, count))
        last = pool_size(high, count, self._minimum_pool)
        first = pool_size(low, count, 0)
        return max(0, min(first, last - self._minimum_pool)), last

    def _draw(self, first: int, last: int, foreground: float | None) -> Draw:
        ids = self.description.order[first:last]
        return self._made_of.cohort.draw(ids, self._shares[first:last], np.ones(last - first), foreground)
