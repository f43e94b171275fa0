"""Training runs as jobs: created from a recipe, listed, shown, resumed, forked. Called by the command and by panels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from CLIPSLib.errors import ClipsError, Failure, Refusal, UsageError
from CLIPSLib.jobs import Job, JobStatus, create_job, launch_job, let_wait, list_jobs, open_job
from CLIPSLib.jobs.status import LOST, WAITING, error_from
from CLIPSLib.models import ModelStore
from CLIPSLib.schema import load_toml
from CLIPSLib.tasks.train_job import VERB
from CLIPSLib.training import CaseList, Recipe, read_cases
from CLIPSLib.training.overrides import make_override, with_values
from CLIPSLib.training.rate import Policy
from CLIPSLib.training.recipe import SCRATCH, find_start_file
from CLIPSLib.training.run_folder import RunFolder, RunIdentity

Request = Literal["stop", "pause", "continue", "checkpoint", "cancel"]


@dataclass(frozen=True)
class RunView:
    """A run seen from outside."""

    folder: Path
    identity: RunIdentity
    recipe: Recipe
    status: JobStatus

    @property
    def state(self) -> str:
        """In the words of training: waiting, preparing, training, validating, paused, stopped, finished, or how it
        failed."""
        status = self.status
        if status.state == "done":
            return (status.result or {}).get("state", "finished")
        if status.state != "running":
            return status.state
        return {"Training": "training", "Validating": "validating"}.get(status.stage, "preparing")

    @property
    def error(self) -> str | None:
        """What ended the run badly and what to do, in a sentence or two."""
        error = self.status.error
        if error is None:
            return None
        if self.status.state == LOST:
            error = {**error, "remedy": "Go on from its last checkpoint: clips runs resume."}
        return str(error_from(error))


@dataclass(frozen=True)
class RunListing:
    """The runs of a folder. damaged: why others, which are there, cannot be read."""

    runs: tuple[RunView, ...]
    damaged: tuple[ClipsError, ...]


def read_recipe(path: str | Path, values: Mapping[str, Any]) -> tuple[Recipe, CaseList]:
    """A recipe file with changes by dotted name, and the cases it names. Its paths are those beside the file.

    Raises:
        Failure: missing or damaged. Refusal: not valid. UsageError: a change of a field that does not exist.
    """
    recipe, folder = with_values(load_toml(path, Recipe), values), Path(os.path.abspath(path)).parent
    located = {"data.cases": str(folder / recipe.data.cases)}
    if recipe.data.cache:
        located["data.cache"] = str(folder / recipe.data.cache)
    if (folder / recipe.network.start).is_file():
        located["network.start"] = str(folder / recipe.network.start)
    recipe = with_values(recipe, located)
    return recipe, read_cases(recipe.data.cases)


def create_run(folder: str | Path, recipe: Recipe, cases: CaseList, *, store: ModelStore | None = None) -> Job:
    """A new run, which waits to be launched.

    Its recipe names what lies beside it, and of an installed model to begin from the version: what is installed later
    under the same name changes nothing.

    Raises:
        UsageError: the model to begin from is not installed. Failure: the weight file to begin from is not there.
            Otherwise as `RunFolder.create`.
    """
    run, start = RunFolder(folder), {}
    values = {"data.cases": run.cases_file.name}
    if recipe.network.start != SCRATCH and find_start_file(recipe.network.start) is None:
        model = (store or ModelStore()).get(recipe.network.start)
        values["network.start"], start = model.model_id, model.weights_sha256
    run.create(with_values(recipe, values), cases, start=start)
    return create_job(run.path, VERB, {})


def resume_run(folder: str | Path, values: Mapping[str, Any], *, rate: Policy | None = None, reason: str = "") -> Job:
    """Start a run that ended, stopped or died, from its last checkpoint, with changes that are recorded.

    Raises:
        Refusal: it runs already; a change that would make it another run; nothing is left to do. UsageError: as
            `make_override`; a word on the learning rate where steps stay. Failure: no run there.
    """
    _require_meaning(rate, values)
    job = _ready_to_go_on(folder, values, rate, reason)
    launch_job(job)
    return job


def queue_run(folder: str | Path) -> Job:
    """Let a run that ended, stopped or died wait for its turn; whoever advances the queue of its folder starts it.

    Raises:
        Refusal: it runs already; nothing is left to do. Failure: no run there.
    """
    job = _ready_to_go_on(folder, {}, None, "")
    let_wait(job)
    return job


def _ready_to_go_on(folder: str | Path, values: Mapping[str, Any], rate: Policy | None, reason: str) -> Job:
    """The job of a run that can go on from its last checkpoint, with what is to change recorded."""
    job, run = _open(folder), RunFolder(folder)
    status = job.status()
    if not status.ended and status.state != "waiting":
        raise Refusal("job-running", "The run is running already", str(run.path), "Stop it first: clips runs stop.")
    if values:
        run.add_override(make_override(run.recipe(), values, rate=rate, reason=reason))
    elif status.state == "done" and (status.result or {}).get("state") == "finished":
        what = "The run is finished, and nothing about it is to change"
        raise Refusal("finished", what, str(run.path), "Give it more steps: --set training.steps=N --rate restart.")
    return job


def _require_meaning(rate: Policy | None, values: Mapping[str, Any]) -> None:
    if rate is not None and "training.steps" not in values:
        what = f"'{rate}' says what becomes of the learning rate when the number of steps changes, and it does not"
        raise UsageError("rate-without-steps", what, "", "Give --set training.steps=N too, or leave out --rate.")


def fork_run(
    source: str | Path, target: str | Path, values: Mapping[str, Any], *, cases: CaseList | None = None, **options: Any
) -> Job:
    """A new run that goes on from another's checkpoint; it waits to be launched.

    Raises:
        UsageError: a word on the learning rate where steps stay. Otherwise as `training.fork.fork_run`.
    """
    from CLIPSLib.training.fork import fork_run as fork_folder

    _require_meaning(options.get("rate"), values)
    fork_folder(source, target, values, cases=cases, **options)
    return create_job(RunFolder(target).path, VERB, {})


def view_run(folder: str | Path) -> RunView:
    """How a run stands. Raises Failure: no run there."""
    run, job = RunFolder(folder), _open(folder)
    return RunView(run.path, run.identity(), run.recipe(), job.status())


def ask_run(folder: str | Path, word: Request) -> None:
    """Ask a run for something; it answers between two steps.

    Raises:
        Refusal: no process is there to answer: the run has ended, or has not begun and is not to be cancelled.
            Failure: no run there.
    """
    job = _open(folder)
    status = job.status()
    if status.ended or (status.state == WAITING and word != "cancel"):
        how = f"has ended ({view_run(folder).state})" if status.ended else "waits to be started"
        what = f"The run {how}; no process is there to {word}"
        raise Refusal("not-running", what, str(job.folder), "Go on with it: clips runs resume.")
    asked = {
        "stop": job.ask_stop,
        "pause": job.pause,
        "continue": job.resume,
        "checkpoint": job.ask_checkpoint,
        "cancel": job.ask_cancel,
    }
    asked[word]()


def list_runs(root: str | Path) -> RunListing:
    """The runs in the folders of `root`, oldest first; those that cannot be read are told apart, and spoil no list."""
    runs, damaged = [], []
    for job in list_jobs(root):
        if job.verb == VERB and _is_run(job.folder):
            try:
                runs.append(view_run(job.folder))
            except ClipsError as error:
                damaged.append(error)
    return RunListing(tuple(runs), tuple(damaged))


def _is_run(folder: Path) -> bool:
    return RunFolder(folder).identity_file.exists()


def _open(folder: str | Path) -> Job:
    if not _is_run(Path(folder)):
        raise Failure("no-run", "There is no training run in the folder", str(folder), "See 'clips runs list'.")
    return open_job(folder)
