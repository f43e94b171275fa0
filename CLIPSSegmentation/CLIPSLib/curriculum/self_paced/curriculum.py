"""Self-paced learning: which cases are drawn, or weigh how much, by the losses of the network that is being trained.

Built by `catalog`. Weights come from a regularizer, the age from a quantile that a pacing function moves, the losses
from what the trainer observes (better: probe crops in evaluation mode; training patches are noisy and favor size).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from CLIPSLib.curriculum.options import SelfPacedOptions
from CLIPSLib.curriculum.pacing import pool_size
from CLIPSLib.curriculum.planner import Plan, Planner
from CLIPSLib.curriculum.self_paced.age import in_units_of_the_largest, quantile_age, within
from CLIPSLib.curriculum.self_paced.diversity import diverse_thresholds
from CLIPSLib.curriculum.self_paced.memory import LossMemory
from CLIPSLib.curriculum.self_paced.priors import never_rising, prefer
from CLIPSLib.curriculum.self_paced.regularizers import Regularizer
from CLIPSLib.curriculum.types import Draw
from CLIPSLib.errors import Refusal


class SelfPacedCurriculum(Planner):
    """Chooses anew every `update_every` steps; in between, the same object is given.

    Cases without a loss yet are drawn with weight 1: nothing is known against them. When the pacing function reaches
    the full list, every case has weight 1.
    """

    def __init__(self, plan: Plan, regularizer: Regularizer, *, scored: bool) -> None:
        """scored: the order of the plan is one of difficulty, and priors may use it."""
        super().__init__(plan)
        order, options = plan.description.order, plan.options
        strata = {case.case_id: case.stratum for case in plan.cohort.ranked}
        self._options: SelfPacedOptions = options
        self._regularizer = regularizer
        self._every = options.update_every or max(1, self._pace // 200)
        self._memory = LossMemory(order, ignored=plan.cohort.lesion_free, momentum=options.momentum, lag=options.lag)
        self._ids = np.array(order, dtype=object)
        self._strata = np.array([strata[case_id] for case_id in order])
        self._preference = 1.0 - 2.0 * np.arange(len(order)) / max(1, len(order) - 1) if scored else None
        self._forced = np.isin(order, options.must_include)
        self._last: tuple[tuple, Draw] | None = None

    def plan(self, step: int) -> Draw:
        """See `Curriculum.plan`."""
        self._check_step(step)
        chosen_at = self._choice(step)
        key = (chosen_at, self._foreground(chosen_at))
        if self._last is None or self._last[0] != key:
            self._last = (key, self._draw(*key))
        return self._last[1]

    def observe(self, step: int, ids: Sequence[str], losses: Sequence[float]) -> None:
        """The losses of a step: raw, of the samples as drawn, not multiplied by weights. Several cases may be told of
        at one step (probe crops).

        Raises:
            UsageError: an unknown case, a step before the last. Failure: a loss that is not a number >= 0.
        """
        following = min(step + 1, self.description.total_steps - 1)  # the plan of the last step can be asked for ever
        self._memory.observe(step, ids, losses, needed_from=self._choice(following))

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "memory": self._memory.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any], *, override: bool = False) -> None:
        super().load_state_dict(state, override=override)
        if not isinstance(state.get("memory"), Mapping):
            raise Refusal("damaged-state", "The state of the curriculum holds no losses", "", "Use another checkpoint.")
        self._memory.load_state_dict(state["memory"])
        self._last = None

    def weights(self, step: int) -> np.ndarray:
        """v in [0, 1] of the choice that holds at `step`, float64 [ranked cases] in the order of the description."""
        chosen_at = self._choice(step)
        weights = np.ones(len(self.description.order))
        losses = self._memory.losses_at(chosen_at)
        seen = ~np.isnan(losses)
        if chosen_at >= self._options.warm_up * self._pace and seen.any():
            weights[seen] = self._weights_of(losses[seen], seen, chosen_at)
        if self._options.pairwise_prior:
            weights = never_rising(weights)
        weights[self._forced] = 1.0
        return weights

    def _weights_of(self, losses: np.ndarray, seen: np.ndarray, step: int) -> np.ndarray:
        losses = in_units_of_the_largest(losses)
        if strength := self._prior_strength(step):
            losses = prefer(losses, self._preference[seen], strength)
        _, share = self._made_of.pacing.window(self._progress(step, len(losses)))
        age = quantile_age(losses, pool_size(share, len(losses), self._minimum_pool))
        if age is None:
            return np.ones(len(losses))
        if self._options.diversity:
            return (losses <= diverse_thresholds(losses, self._strata[seen], age, self._options.diversity * age)) * 1.0
        return self._regularizer.weights(*within(losses, age, self._regularizer.highest))

    def _prior_strength(self, step: int) -> float:
        left = 1.0 - step / (self._options.prior_until * self._pace)
        return self._options.prior_strength * max(0.0, left)

    def _choice(self, step: int) -> int:
        """The step at which the choice that holds at `step` was made."""
        return step - step % self._every

    def _draw(self, chosen_at: int, foreground: float | None) -> Draw:
        weights = self.weights(chosen_at)
        chosen = np.flatnonzero(weights > 0.0)
        ids, weights = self._ids[chosen].tolist(), weights[chosen]
        ones = np.ones(len(ids))
        if self._options.apply == "probability":
            return self._made_of.cohort.draw(ids, weights, ones, foreground)
        if self._options.normalize:
            weights = weights / weights.mean()
        return self._made_of.cohort.draw(ids, ones, weights, foreground)
