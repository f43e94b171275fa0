"""Where a run is: the numbers that a checkpoint carries beside tensors, JSON-ready. Called by the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from CLIPSLib.errors import Refusal
from CLIPSLib.provenance import VERSION as SOFTWARE_VERSION
from CLIPSLib.schema import from_document
from CLIPSLib.training.rate import RatePlan
from CLIPSLib.training.recipe import Recipe

_MEMORY = 0.98  # of the running mean of the loss: about 50 steps


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Read and written through `schema`. Changed by the engine only, between steps, by `dataclasses.replace`.

    step: steps that are done. loss, lowest_loss: running mean now, and its lowest. score: running mean of the
    validations' Dice; best_step, best_score: where it was highest; waited: validations since. validated: the last step
    after which was validated. finished: early stopping ended the run. seconds: spent training. curriculum, trace: their
    states, in checkpoints. recipe_sha256, cases_sha256: what the run was trained with. software: versions of Python and
    of the libraries that trained last.
    """

    step: int = 0
    loss: float | None = None
    lowest_loss: float | None = None
    score: float | None = None
    best_step: int | None = None
    best_score: float | None = None
    waited: int = 0
    validated: int | None = None
    finished: bool = False
    seconds: float = 0.0
    rate: RatePlan
    curriculum: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)
    recipe_sha256: str = ""
    cases_sha256: str = ""
    software: Mapping[str, str] = field(default_factory=dict)

    @property
    def draws(self) -> Mapping[str, int]:
        """Patches per case, of the cases that were drawn; known in checkpoints."""
        return self.trace.get("draws", {})


def state_of(document: Mapping[str, Any]) -> RunState:
    """The state that a checkpoint holds.

    Raises:
        Refusal: another version of this software wrote it.
    """
    try:
        return from_document(RunState, document)
    except Refusal as error:
        raise Refusal(
            "checkpoint-of-another-version",
            f"The checkpoint was written by another version of CLIPS than {SOFTWARE_VERSION}: {error.what}",
            f"step {document.get('step')}",
            "Go on with that version (run.json names it), or begin a new run from the run's exported model.",
        ) from error


def mean_loss(before: float | None, loss: float) -> float:
    """The running mean of the loss after one more step."""
    return loss if before is None else _MEMORY * before + (1.0 - _MEMORY) * loss


def validations_left(recipe: Recipe, step: int, validated: int | None) -> int:
    """How many are to come in a run with a limit, at their interval and at the end. validated: the step of the last."""
    every, steps = recipe.validation.every, recipe.training.steps
    if step >= steps and validated == step:
        return 0
    due_now = bool(every and step) and step % every == 0 and validated != step
    return math.ceil(steps / every) - step // every + due_now if every else 1
