"""Carries out the runs of an experiment: each a background job of its own, started when what it needs is finished.

Called by the job "experiment" and, in their own loop, by those who follow. Everything is in the run folders: whoever
calls next goes on from what is there, after any interruption.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.errors import UsageError
from CLIPSLib.experiments import PlannedRun, depends_on, planned_runs
from CLIPSLib.jobs import Job, JobStatus, launch_job, open_job
from CLIPSLib.locks import only_one
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.experiment import Experiment, freeze_experiment
from CLIPSLib.tasks.experiment_inputs import inputs_of
from CLIPSLib.tasks.experiment_ledger import record_finished
from CLIPSLib.tasks.runs import create_run
from CLIPSLib.training.run_folder import RunFolder

NOT_MADE, WAITING, RUNNING, STOPPED, FINISHED, FAILED = (
    *("not started", "waiting", "running", "stopped"),
    *("finished", "failed"),
)
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class RunState:
    """A planned run and how it stands: one of the words above. lost: its process died without a word."""

    run: PlannedRun
    folder: Path
    state: str
    status: JobStatus | None = None

    @property
    def lost(self) -> bool:
        return self.status is not None and self.status.state == "lost"

    @property
    def share_done(self) -> float:
        """From 0 to 1, which only a finished run is: after its last step a run still validates and writes its model."""
        if self.state == FINISHED:
            return 1.0
        facts = self.status.facts if self.status is not None else {}
        return min(facts.get("step", 0) / facts["steps"], 0.999) if facts.get("steps") else 0.0


def run_states(experiment: Experiment) -> list[RunState]:
    """All planned runs, those that others depend on first."""
    return [_state(run, experiment) for run in planned_runs(experiment.design)]


def all_ended(states: Iterable[RunState], experiment: Experiment) -> bool:
    """Whether no run is still to come: the others failed, or wait for one that failed."""
    word = {state.run: state.state for state in states}
    return all(
        state in (FINISHED, FAILED) or any(word[each] == FAILED for each in depends_on(run, experiment.design))
        for run, state in word.items()
    )


def run_experiment(
    experiment: Experiment,
    reporter: Reporter = SILENT,
    *,
    at_once: int | None = None,
    retry_failed: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> list[RunState]:
    """Start and watch the runs until none is left to do; freezes the design first. What is finished is not repeated.

    Runs that were stopped, or whose process was lost, go on from their last checkpoint; with `retry_failed` those that
    failed too. When the reporter cancels or `stopping` says so, running ones are asked to save and stop.

    Raises:
        Refusal: another process runs it; unfair, or changed since it was frozen. UsageError: at_once below 1.
        Cancelled.
    """
    at_once = experiment.design.at_once if at_once is None else at_once
    if at_once < 1:
        raise UsageError("at-once", f"{at_once} runs at a time would never end", "at_once", "Give 1 or more.")
    with only_one(experiment.folder / ".lock"):
        freeze_experiment(experiment)
        return _carry_out(experiment, reporter, at_once, retry_failed, stopping)


def _carry_out(
    experiment: Experiment, reporter: Reporter, at_once: int, retry_failed: bool, stopping: Callable[[], bool]
) -> list[RunState]:
    again = {
        state.run
        for state in run_states(experiment)
        if state.state == STOPPED or state.lost or (retry_failed and state.state == FAILED)
    }
    try:
        while not stopping():
            reporter.check()
            states = _advance(experiment, at_once, again)
            record_finished(experiment, [state.folder for state in states if state.state == FINISHED])
            _tell(states, reporter)
            if not any(state.state == RUNNING or _can_start(state, states, experiment, again) for state in states):
                return states
            time.sleep(_LOOK_EVERY_S)
    except BaseException:
        _stop_running(experiment)
        raise
    _stop_running(experiment)
    return run_states(experiment)


def _advance(experiment: Experiment, at_once: int, again: set[PlannedRun]) -> list[RunState]:
    """Start what can be started, at most `at_once` runs at a time; gives how all stand then."""
    states = run_states(experiment)
    room = at_once - sum(state.state == RUNNING for state in states)
    ready = [state for state in states if _can_start(state, states, experiment, again)]
    for state in ready[: max(room, 0)]:
        again.discard(state.run)
        job = _create(state, experiment) if state.state == NOT_MADE else open_job(state.folder)
        launch_job(job, environment=_threads(at_once))
    return run_states(experiment) if ready else states


def _create(state: RunState, experiment: Experiment) -> Job:
    """A new run; what a creation that was interrupted left is no run, since none of it ever started."""
    left = RunFolder(state.folder)
    for file in (left.recipe_file, left.cases_file, left.identity_file):
        file.unlink(missing_ok=True)
    return create_run(state.folder, *inputs_of(state.run, experiment))


def _can_start(
    state: RunState, states: Iterable[RunState], experiment: Experiment, again: Iterable[PlannedRun]
) -> bool:
    finished = {each.run for each in states if each.state == FINISHED}
    wanted = state.state in (NOT_MADE, WAITING) or (state.run in again and state.state in (STOPPED, FAILED))
    return wanted and finished.issuperset(depends_on(state.run, experiment.design))


def _threads(at_once: int) -> dict[str, str]:
    """Runs side by side share the processors; each with threads for all of them would slow all down."""
    if at_once == 1 or "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // at_once))}


def _tell(states: list[RunState], reporter: Reporter) -> None:
    finished = sum(state.state == FINISHED for state in states)
    running = ", ".join(state.run.name for state in states if state.state == RUNNING)
    stage = f"{finished} of {len(states)} runs" + (f", now {running}" if running else "")
    reporter.progress(stage, sum(state.share_done for state in states) / len(states))


def _stop_running(experiment: Experiment) -> None:
    for state in run_states(experiment):
        if state.state == RUNNING:
            open_job(state.folder).ask_stop()


def _state(run: PlannedRun, experiment: Experiment) -> RunState:
    folder = experiment.runs / run.name
    if not (folder / "job.json").exists():
        return RunState(run=run, folder=folder, state=NOT_MADE)
    status = open_job(folder).status()
    return RunState(run=run, folder=folder, state=_word(status), status=status)


def _word(status: JobStatus) -> str:
    if status.state == "done":
        return (status.result or {}).get("state", FINISHED)
    if not status.ended:
        return WAITING if status.state == "waiting" else RUNNING
    return STOPPED if status.state == "cancelled" else FAILED
