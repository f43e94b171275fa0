"""The loop of a run: draw, step, observe; validate, save, stop; all of it in the order of the global step.

`train` in `run.py` sets it up. Between two steps a run is a value (`RunState`, tensors, the curriculum's state); that
is what a checkpoint holds, and all that resuming needs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from CLIPSLib.curriculum import Curriculum, DrawTrace
from CLIPSLib.errors import Failure
from CLIPSLib.schema import to_document
from CLIPSLib.training.checkpoints import BEST, Checkpoints, Saved
from CLIPSLib.training.feed import Drawn, Feed
from CLIPSLib.training.probe import Probe
from CLIPSLib.training.progress import RunState, mean_loss, state_of
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.stepper import Stepper, StepResult
from CLIPSLib.training.telling import Teller, timed
from CLIPSLib.training.types import Batch, RunReporter
from CLIPSLib.training.validate import Validation, mean_dice

FINISHED, STOPPED = "finished", "stopped"


@dataclass
class Engine:
    """One run in this process. weights: of the loss, by case. validation: None when there are no cases for it.
    probe: what the curriculum hears instead of the losses of training; None: it hears these.

    trace: what was really drawn, which is saved with the run and shown beside what the curriculum planned.
    """

    recipe: Recipe
    state: RunState
    stepper: Stepper
    curriculum: Curriculum
    trace: DrawTrace
    feed: Feed
    validation: Validation | None
    probe: Probe | None
    checkpoints: Checkpoints
    teller: Teller
    reporter: RunReporter
    weights: Mapping[str, float]
    _saved: RunState | None = field(default=None, init=False)
    _saved_at: float = field(default_factory=time.monotonic, init=False)

    def run(self) -> str:
        """Train until the last step, or until somebody asks for a stop. Returns `FINISHED` or `STOPPED`.

        Raises:
            Failure: numbers that are none, divergence, out of memory, disk full, an image that is gone; all named.
            Cancelled: at once; what was not saved is lost, what was saved stays.
        """
        self._validate_if(self._validation_is_due())  # of the step before, where that was interrupted
        if not self._ended():
            pin = self.stepper.device.type == "cuda"
            began = time.perf_counter()
            for drawn, batch, waited in self.feed.batches(self.state.step, pin=pin):
                self._step(drawn, batch, waited, began)
                if self.reporter.take_stop_request():
                    self.save()
                    return STOPPED
                if self._ended():
                    break
                began = time.perf_counter()
        self._validate_if(self.state.validated != self.state.step)
        self.save()
        return FINISHED

    def save(self) -> None:
        """Write a checkpoint of now, unless this was done already."""
        if self._saved == self.state:
            return
        state = replace(self.state, curriculum=self.curriculum.state_dict(), trace=self.trace.state_dict())
        every = self.recipe.checkpoint.keep_every
        keep = bool(every) and state.step % every == 0
        with timed() as seconds:
            self.teller.flush_to_disk()
            self.checkpoints.save(state.step, self.stepper.tensors(), to_document(state), keep=keep)
        self._saved_at, self._saved = time.monotonic(), self.state
        self.teller.checkpoint(state, self.trace, seconds[0])

    def _step(self, drawn: Drawn, batch: Batch, waited: float, began: float) -> None:
        self.reporter.check()
        rate = self.state.rate.rate(drawn.step, self.recipe.optimizer)
        weights = drawn.loss_weights * np.array([self.weights[case] for case in drawn.ids])
        result = self.stepper.step(drawn.step, rate, batch, weights.tolist())
        self.trace.record(drawn.step, self.curriculum.plan(drawn.step), drawn.ids)
        self._observe(drawn, result)
        seconds = time.perf_counter() - began
        self._count(drawn, result, seconds)
        self.teller.step(self.state, drawn, rate, result, seconds, waited)
        self._check_divergence(drawn)
        self._validate_if(self._validation_is_due())
        if self._save_is_due():
            self.save()

    def _observe(self, drawn: Drawn, result: StepResult) -> None:
        """Tell the curriculum the losses of training, or with probes only these: the two are not comparable."""
        if self.probe is None:
            self.curriculum.observe(drawn.step, drawn.ids, result.losses)
        elif (drawn.step + 1) % self.recipe.curriculum.probe_every:
            self.curriculum.observe(drawn.step, (), ())
        else:
            with timed() as seconds:
                losses = self.probe.losses(self.stepper, self.reporter)
            self.curriculum.observe(drawn.step, self.probe.cases, losses)
            facts = {"cases": len(losses), "loss": float(np.mean(losses)), "seconds": round(seconds[0], 3)}
            self.reporter.event("probe", step=drawn.step, **facts)

    def _count(self, drawn: Drawn, result: StepResult, seconds: float) -> None:
        before = self.state
        loss = mean_loss(before.loss, result.loss)
        self.state = replace(
            before,
            step=drawn.step + 1,
            loss=loss,
            lowest_loss=loss if before.lowest_loss is None else min(loss, before.lowest_loss),
            seconds=before.seconds + seconds,
        )

    def _validate_if(self, due: bool) -> None:
        if not due or self.validation is None:
            return
        self.save()  # a validation takes long, and fails where an image is gone
        weights = {name: tensor.cpu() for name, tensor in self.stepper.weights_to_use().items()}
        scores = self.validation.run(weights, self.reporter)
        dice = mean_dice(scores)
        self.state = self._judged(dice)
        if dice is not None:
            self.curriculum.observe_performance(self.state.step - 1, dice)
        if self.state.best_step == self.state.step:
            score = {"score": self.state.best_score, "dice": dice}
            self.checkpoints.save(self.state.step, {"network": weights}, score, kind=BEST)
        self.teller.validation(self.state, scores, dice)

    def _judged(self, dice: float | None) -> RunState:
        """The state after a validation: the best step is that of the best running mean."""
        state, recipe = replace(self.state, validated=self.state.step), self.recipe.validation
        if dice is None:
            return state
        stays = recipe.smoothing
        score = dice if state.score is None else stays * state.score + (1.0 - stays) * dice
        gained = state.best_score is None or score >= state.best_score + recipe.min_gain
        better = state.best_score is None or score > state.best_score
        waited = 0 if gained else state.waited + self._all_drawn()
        best = {"best_step": state.step, "best_score": score} if better else {}
        patient = not recipe.patience or waited < recipe.patience
        return replace(state, score=score, waited=waited, finished=not patient, **best)

    def _all_drawn(self) -> bool:
        """False while a curriculum still withholds cases: standing still then is no reason to stop."""
        described = self.curriculum.description
        step = min(self.state.step, described.total_steps - 1)
        return len(self.curriculum.plan(step).ids) >= len(self.weights) - len(described.quarantined)

    def _check_divergence(self, drawn: Drawn) -> None:
        factor, state = self.recipe.training.divergence, self.state
        if factor and state.loss > factor * max(state.lowest_loss, 1e-3):
            raise Failure(
                "diverged",
                f"The mean loss rose to {state.loss:.3g} at step {drawn.step}, from {state.lowest_loss:.3g}; the last "
                f"cases were {', '.join(drawn.ids)}",
                f"step {drawn.step}",
                "Resume from the last checkpoint with a smaller optimizer.learning_rate.",
            )

    def _validation_is_due(self) -> bool:
        every, state = self.recipe.validation.every, self.state
        return bool(every) and state.step > 0 and state.step % every == 0 and state.validated != state.step

    def _save_is_due(self) -> bool:
        asked = self.reporter.take_checkpoint_request()
        recipe, step = self.recipe.checkpoint, self.state.step
        by_step = any(every and step % every == 0 for every in (recipe.steps, recipe.keep_every))
        by_time = recipe.minutes and time.monotonic() - self._saved_at >= 60.0 * recipe.minutes
        new_best = self.state.best_step == step
        return bool(asked or by_step or by_time or new_best)

    def _ended(self) -> bool:
        end = math.inf if self.recipe.unlimited else self.recipe.training.steps
        return self.state.finished or self.state.step >= end


def restore(saved: Saved, stepper: Stepper, curriculum: Curriculum, trace: DrawTrace, *, override: bool) -> RunState:
    """Put a checkpoint back into the parts of an engine. override: the curriculum may have other steps or cases.

    Raises:
        Refusal: the state belongs to another curriculum, or another version of this software wrote it.
    """
    state = state_of(saved.state)
    stepper.load(saved.tensors)
    if state.curriculum:
        curriculum.load_state_dict(state.curriculum, override=override)
    else:  # a fork that follows another curriculum from here on
        curriculum.observe(state.step - 1, (), ())
    trace.load_state_dict(state.trace, override=override)
    return state
