"""What all curricula do alike: description, steps, performance reports, and states that know their plan.

Base of `PoolCurriculum` and `SelfPacedCurriculum`. To add a method that learns from losses (DIHCL, a bandit over
difficulty buckets): a class like `SelfPacedCurriculum` with `LossMemory`, and an entry in `methods`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from CLIPSLib.curriculum.cohort import Cohort
from CLIPSLib.curriculum.foreground import foreground_ratio
from CLIPSLib.curriculum.identity import FORMAT, VERSION, check_identity
from CLIPSLib.curriculum.options import SharedOptions
from CLIPSLib.curriculum.pacing import Pacing, Progress
from CLIPSLib.curriculum.types import Description
from CLIPSLib.errors import Failure, Refusal, UsageError


@dataclass(frozen=True)
class Plan:
    """What a curriculum is built from. identity: what checkpoints are compared by."""

    cohort: Cohort
    pacing: Pacing
    options: SharedOptions
    description: Description
    identity: Mapping[str, Any]


class Planner:
    """The parts of a curriculum that do not depend on its method."""

    def __init__(self, plan: Plan) -> None:
        self.description = plan.description
        self.lag = plan.options.lag
        self._made_of = plan
        self._pace = plan.options.spread_over or plan.description.total_steps
        self._performances: list[tuple[int, float]] = []
        self._minimum_pool = plan.options.smallest_pool(len(plan.cohort.ranked))

    def observe(self, step: int, ids: Sequence[str], losses: Sequence[float]) -> None:
        """Losses do not act on an order that is fixed beforehand."""

    def observe_performance(self, step: int, performance: float) -> None:
        """A validation metric in [0, 1]; only the pacing function performance-gated uses it.

        Raises:
            UsageError: steps that do not rise. Failure: not a number in [0, 1].
        """
        if self._performances and step <= self._performances[-1][0]:
            what = f"The validation of step {step} came after that of step {self._performances[-1][0]}"
            raise UsageError("performance-late", what)
        if not (math.isfinite(performance) and 0.0 <= performance <= 1.0):
            what = f"The validation of step {step} gave {performance:g}; it must be between 0 and 1"
            raise Failure("performance-not-usable", what)
        self._performances.append((step, float(performance)))

    def state_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "identity": dict(self._made_of.identity),
            "performances": [list(report) for report in self._performances],
        }

    def load_state_dict(self, state: Mapping[str, Any], *, override: bool = False) -> None:
        check_identity(self._made_of.identity, state, override=override)
        try:
            self._performances = [(int(step), float(value)) for step, value in state["performances"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Refusal("damaged-state", f"The state of the curriculum cannot be read: {error!r}") from error

    def _progress(self, step: int, count: int) -> Progress:
        acting = tuple(value for seen, value in self._performances if seen <= step - self.lag)
        return Progress(step, self._pace, count, acting)

    def _foreground(self, step: int) -> float | None:
        return foreground_ratio(self._made_of.options, step, self._pace)

    def _check_step(self, step: int) -> None:
        total = self.description.total_steps
        if not 0 <= step < total:
            what = f"Step {step} is not in this run of {total} steps, which are counted from 0"
            raise UsageError("step-outside", what, "", "Build the curriculum for as many steps as will be trained.")
