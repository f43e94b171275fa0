"""The learning rate as a function of the global step, also where a run was made longer. Plain arithmetic.

Called by the engine; part of a checkpoint (`RatePlan` is JSON-ready through `schema.to_document`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from CLIPSLib.training.recipe import OptimizerRecipe

Policy = Literal["keep", "rescale", "restart"]
_POLY = 0.9  # exponent of nnU-Net


@dataclass(frozen=True, kw_only=True)
class RatePhase:
    """From step `begin` on: the schedule over the steps `origin` to `end`, or (share not None) always the same share
    of the full rate."""

    begin: int
    origin: int
    end: int
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class RatePlan:
    """The phases of a run, one unless it was extended."""

    phases: tuple[RatePhase, ...]

    def rate(self, step: int, recipe: OptimizerRecipe) -> float:
        """The learning rate of a step (counted from 0)."""
        phase = next(phase for phase in reversed(self.phases) if phase.begin <= step)
        return recipe.learning_rate * _share(phase, step, recipe)

    def extended(self, step: int, steps: int, policy: Policy, recipe: OptimizerRecipe) -> RatePlan:
        """The plan of a run that goes on at `step` to `steps` in all.

        policy: "keep": the rate stays what it was in the step before; "rescale": the schedule is stretched over all
        steps; "restart": it begins anew, warm-up included, for the steps that are left.
        """
        share = self.rate(max(0, step - 1), recipe) / recipe.learning_rate if policy == "keep" else None
        origin = step if policy == "restart" else 0
        return replace(self, phases=(*self.phases, RatePhase(begin=step, origin=origin, end=steps, share=share)))


def first_plan(steps: int) -> RatePlan:
    """The plan of a new run; steps: 0 of one without limit."""
    return RatePlan(phases=(RatePhase(begin=0, origin=0, end=steps),))


def _share(phase: RatePhase, step: int, recipe: OptimizerRecipe) -> float:
    if phase.share is not None:
        return phase.share
    return _factor(step - phase.origin, phase.end - phase.origin, recipe)


def _factor(step: int, steps: int, recipe: OptimizerRecipe) -> float:
    """What the full rate is multiplied by: a linear rise, then the fall of the schedule."""
    warm = round(recipe.warmup * steps)
    if step < warm:
        return (step + 1) / (warm + 1)
    if recipe.schedule == "constant":
        return 1.0
    progress = min(1.0, (step - warm) / max(1, steps - warm))
    if recipe.schedule == "poly":
        return (1.0 - progress) ** _POLY
    return 0.5 * (1.0 + math.cos(math.pi * progress))
