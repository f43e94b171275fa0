"""What a run tells while it trains: tables, events, the facts of its status, and TensorBoard where it is installed.

Called by the engine.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from CLIPSLib.curriculum import DrawTrace
from CLIPSLib.errors import Caution
from CLIPSLib.progress import Reporter
from CLIPSLib.provenance import library_versions
from CLIPSLib.training.feed import Drawn
from CLIPSLib.training.progress import RunState, validations_left
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.run_folder import RunFolder
from CLIPSLib.training.stepper import StepResult
from CLIPSLib.training.tables import METRICS, VALIDATION, Table, write_table
from CLIPSLib.training.traces import write_trace
from CLIPSLib.training.types import RunReporter
from CLIPSLib.training.validate import CaseScore

_SPEED_MEMORY = 0.95


class QuietRun:
    """A `RunReporter` around any reporter: what only followers of a run understand is left out."""

    def __init__(self, reporter: Reporter) -> None:
        self.progress, self.caution, self.check = reporter.progress, reporter.caution, reporter.check

    def tell(self, facts: Mapping[str, Any]) -> None:
        """See `RunReporter`."""

    def event(self, name: str, **fields: Any) -> None:
        """See `RunReporter`."""

    def take_checkpoint_request(self) -> bool:
        return False

    def take_stop_request(self) -> bool:
        return False


def run_reporter(reporter: Reporter) -> RunReporter:
    """The reporter itself if it follows runs, else one around it."""
    return reporter if isinstance(reporter, RunReporter) else QuietRun(reporter)


class Teller:
    """Tables and status of one run."""

    def __init__(self, folder: RunFolder, reporter: RunReporter, state: RunState, recipe: Recipe) -> None:
        """state: from which the run goes on."""
        self._folder, self._reporter, self._recipe = folder, reporter, recipe
        self._steps = max(0, recipe.training.steps)
        first = state.step
        self._metrics = Table(folder.metrics, METRICS, before=first)
        self._validation = Table(folder.validation, VALIDATION, before=first + (state.validated == first))
        self._board = _board(folder, first, reporter)
        self._seconds = self._waited = 0.0  # running means per step
        self._validation_s = 0.0  # of the last one, unknown before
        self._dice: float | None = None
        reporter.event("environment", step=first, **_environment())

    def step(
        self, state: RunState, drawn: Drawn, rate: float, result: StepResult, seconds: float, waited: float
    ) -> None:
        """A step is done; `state` counts it already. seconds: it took, `waited` of them for its batch."""
        row = {
            "step": drawn.step,
            "loss": result.loss,
            "learning_rate": rate,
            "gradient_norm": result.gradient_norm,
            "seconds": seconds,
            "waited_s": waited,
            "cases": shlex.join(drawn.ids),  # an id may hold a blank
            "case_losses": " ".join(f"{loss:.5g}" for loss in result.losses),
        }
        self._metrics.add(row)
        first = self._seconds == 0.0
        self._seconds = seconds if first else _SPEED_MEMORY * self._seconds + (1 - _SPEED_MEMORY) * seconds
        self._waited = waited if first else _SPEED_MEMORY * self._waited + (1 - _SPEED_MEMORY) * waited
        self._reporter.tell(self._facts(state, rate))
        self._reporter.progress("Training", state.step / self._steps if self._steps > 0 else 0.0)
        if self._board:
            self._board.add_scalar("loss", result.loss, drawn.step)
            self._board.add_scalar("learning_rate", rate, drawn.step)

    def validation(self, state: RunState, scores: Sequence[CaseScore], dice: float | None) -> None:
        """A validation is done."""
        for score in scores:
            self._validation.add(score.row(state.step))
        self._dice, self._validation_s = dice, sum(score.seconds for score in scores)
        self._reporter.tell(self._facts(state, None))
        best = {"best_step": state.best_step, "best_score": state.best_score}
        self._reporter.event("validation", step=state.step, dice=dice, score=state.score, cases=len(scores), **best)
        if self._board and dice is not None:
            self._board.add_scalar("dice", dice, state.step)

    def checkpoint(self, state: RunState, trace: DrawTrace, seconds: float) -> None:
        """A checkpoint is written."""
        self._reporter.event("checkpoint", step=state.step, seconds=round(seconds, 3))
        write_table(self._folder.draws, ("case", "patches"), sorted(state.draws.items()))
        write_trace(self._folder.trace, trace)

    def flush_to_disk(self) -> None:
        """Have all rows on the disk, before a checkpoint counts them."""
        self._metrics.flush_to_disk()
        self._validation.flush_to_disk()

    def close(self) -> None:
        self._metrics.close()
        self._validation.close()
        if self._board:
            self._board.close()

    def _facts(self, state: RunState, rate: float | None) -> dict[str, Any]:
        return {
            "step": state.step,
            "steps": self._steps if self._steps > 0 else None,
            "loss": state.loss,
            "learning_rate": rate,
            "steps_per_s": 1.0 / self._seconds if self._seconds else None,
            "data_wait_share": self._waited / self._seconds if self._seconds else None,
            "seconds_left": self._seconds_left(state) if self._steps > 0 else None,
            "dice": self._dice,
            "best_step": state.best_step,
            "best_score": state.best_score,
        }

    def _seconds_left(self, state: RunState) -> float:
        """Of the steps, and of the validations between and after them."""
        validations = validations_left(self._recipe, state.step, state.validated)
        return (self._steps - state.step) * self._seconds + validations * self._validation_s


@contextlib.contextmanager
def timed() -> Iterator[list[float]]:
    """Gives a list that holds the seconds of the block when it ends."""
    seconds: list[float] = []
    began = time.perf_counter()
    try:
        yield seconds
    finally:
        seconds.append(time.perf_counter() - began)


def without_validation(reporter: Reporter) -> None:
    """Say that nothing judges this run."""
    what = "There is no case to validate with: nothing tells how good the model is, and the last weights are the result"
    reporter.caution(Caution("no-validation", what, "cases.json"))


def _environment() -> dict[str, Any]:
    """What computes from here on: each process of a run can have another."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"libraries": library_versions(), "threads": torch.get_num_threads(), "graphics_card": card}


def _board(folder: RunFolder, first: int, reporter: Reporter) -> Any:
    """A TensorBoard writer where TensorBoard is installed, else None."""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except (ImportError, AttributeError, TypeError) as error:  # what versions that do not fit together raise
        what = f"TensorBoard is installed and cannot be used ({error}); the tables of the run hold the same"
        reporter.caution(Caution("no-tensorboard", what, str(folder.path)))
        return None
    return SummaryWriter(str(folder.path / "tensorboard"), purge_step=first)
