"""Curricula by case pool: cases are ordered once, and a pacing function says how much of the list may be drawn.

Vanilla, curriculum, anti-curriculum, random order with the same pacing, baby step, competence: they differ in order
and pacing only. Built by `catalog`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.curriculum.cohort import Cohort
from CLIPSLib.curriculum.identity import FORMAT, VERSION, check_identity
from CLIPSLib.curriculum.pacing.base import Pacing, Progress, pool_size
from CLIPSLib.curriculum.types import Description, Draw
from CLIPSLib.errors import UsageError


class PoolCurriculum:
    """Draws uniformly from the part of the ordered list that the pacing function opens; all loss weights are 1."""

    def __init__(
        self,
        cohort: Cohort,
        pacing: Pacing,
        description: Description,
        identity: Mapping[str, Any],
        *,
        minimum_pool: int,
        lag: int,
    ) -> None:
        self.description = description
        self.lag = lag
        self._cohort = cohort
        self._pacing = pacing
        self._identity = identity
        self._minimum_pool = minimum_pool
        self._last: tuple[tuple[int, int], Draw] | None = None

    def plan(self, step: int) -> Draw:
        check_step(step, self.description.total_steps)
        low, high = self._pacing.window(Progress(step, self.description.total_steps))
        count = len(self.description.order)
        last = pool_size(high, count, self._minimum_pool)
        first = min(int(low * count + 1e-9), last - self._minimum_pool)
        pool = (max(0, first), last)
        if self._last is None or self._last[0] != pool:
            self._last = (pool, self._draw(*pool))
        return self._last[1]

    def _draw(self, first: int, last: int) -> Draw:
        ones = np.ones(last - first)
        return self._cohort.draw(self.description.order[first:last], ones, ones)

    def observe(self, step: int, ids: Sequence[str], losses: Sequence[float]) -> None:
        """Losses do not act on a fixed order."""

    def observe_performance(self, step: int, performance: float) -> None:
        """Performance does not act on this pacing."""

    def state_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, "version": VERSION, "identity": dict(self._identity)}

    def load_state_dict(self, state: Mapping[str, Any], *, override: bool = False) -> None:
        check_identity(self._identity, state, override=override)


def check_step(step: int, total_steps: int) -> None:
    """Raise UsageError for a step outside the run."""
    if not 0 <= step < total_steps:
        what = f"Step {step} is not in this run of {total_steps} steps, which are counted from 0"
        raise UsageError("step-outside", what, "", "Build the curriculum for as many steps as will be trained.")
