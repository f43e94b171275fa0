"""Training runs of this user: ordered, kept in one queue, found again after a restart. Knows no scene and no widget.

A run's folder holds all it needs and is a job folder (docs/jobs.md, docs/training.md). Followed by CLIPS
Segmentation's `JobFollower`, which asks `advance`, `jobs` and `remove`.
"""

from __future__ import annotations

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CLIPSTrainingLib import RunSettings

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job, JobQueue, JobStatus
    from CLIPSLib.training import Recipe

RUNS_FOLDER = "runs"
_RUN_FILE = "run.json"  # in every run folder; the core that knows them takes longer to load than a panel may to open
_DRAFT, _CHECK, _FROZEN, _PREDICTIONS = "next-cases", "check", "frozen", "predictions"


def runsFolder() -> Path:
    """Where this user's runs are: in the folder of user data that Slicer and the command share."""
    from CLIPSLib.models import user_folder

    return user_folder() / RUNS_FOLDER


class TrainingRun:
    """A run as panels see it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.folder: Path = job.folder

    @property
    def status(self) -> JobStatus:
        return self.job.status()

    @cached_property
    def recipe(self) -> Recipe:
        """What was ordered; what a resume changed since does not matter to who looks at a list."""
        from CLIPSLib.training.run_folder import RunFolder

        return RunFolder(self.folder).recipe()

    @property
    def title(self) -> str:
        """The run in a few words."""
        return f"{self.recipe.name} · {self.recipe.curriculum.name}"

    @property
    def longTitle(self) -> str:
        """The run as it is told apart from others of the same recipe."""
        stamp = self.job.created_utc[:16].replace("T", " ")
        return f"{self.title} · {_('seed')} {self.recipe.training.seed} · {stamp}"

    @property
    def hasModel(self) -> bool:
        """Whether there is something to install."""
        return (self.folder / "model" / "model.json").exists()

    def logText(self) -> str:
        """Everything that the process said, or nothing."""
        return self.job.log_path.read_text("utf-8", errors="replace") if self.job.log_path.exists() else ""


class TrainingRuns:
    """The queue of runs under `root`, of which as many train at once as the settings say."""

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root) if root is not None else runsFolder()
        self._atOnce = RunSettings.runsAtOnce()
        self._queue = self._makeQueue()

    @property
    def draftFolder(self) -> Path:
        """Where the cases of the next run are frozen."""
        return self.root / _DRAFT

    @property
    def checkFolder(self) -> Path:
        """Of the job that checks the next run."""
        return self.root / _CHECK / "job"

    def predictionFolder(self, caseId: str) -> Path:
        """A folder for a job that predicts a case."""
        from CLIPSLib.jobs import JobQueue

        return JobQueue(self.root / _PREDICTIONS).new_folder(caseId)

    def order(self, recipe: Recipe, casesFile: Path) -> TrainingRun:
        """Put a run at the end of the queue, with its own copy of what was frozen for it. `advance` starts it.

        Raises:
            ClipsError: the list of cases is damaged, the disk is full.
        """
        from CLIPSLib.tasks.runs import create_run
        from CLIPSLib.training import read_cases

        folder = self._queue.new_folder(recipe.name)
        try:
            if casesFile.parent == self.draftFolder:
                casesFile = Path(shutil.copytree(self.draftFolder, folder / _FROZEN)) / casesFile.name
            return TrainingRun(create_run(folder, recipe, read_cases(casesFile)))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def advance(self) -> None:
        """Start what there is room for. Called by a timer, or by who waits."""
        if self._atOnce != RunSettings.runsAtOnce():
            self._atOnce = RunSettings.runsAtOnce()
            self._queue = self._makeQueue()
        self._queue.advance()

    def jobs(self) -> list[TrainingRun]:
        """All runs, oldest first."""
        return [TrainingRun(job) for job in self._queue.jobs() if (job.folder / _RUN_FILE).exists()]

    def resume(self, run: TrainingRun) -> None:
        """Go on with a run that stopped, failed or was killed, from its last checkpoint.

        Raises:
            Refusal: it is finished, or runs. Failure: it cannot be started.
        """
        from CLIPSLib.tasks.runs import resume_run

        resume_run(run.folder, {})

    def remove(self, run: TrainingRun) -> None:
        """Delete a run with everything in its folder. One that trains is ended first."""
        if not run.status.ended:
            run.job.cancel(grace_s=2.0)
        shutil.rmtree(run.folder)

    def check(self, recipe: Recipe, casesFile: Path) -> Job:
        """Start a job that says what `clips train --check` says; an earlier one is ended and forgotten."""
        from CLIPSLib.jobs import open_job, start_job
        from CLIPSLib.schema import to_document
        from CLIPSLib.tasks.check_job import VERB

        if (self.checkFolder / "job.json").exists():
            before = open_job(self.checkFolder)
            if not before.status().ended:
                before.cancel(grace_s=0.0)
            shutil.rmtree(self.checkFolder)
        self.checkFolder.mkdir(parents=True, exist_ok=True)
        arguments = {"recipe": to_document(recipe), "cases": str(casesFile), "folder": str(self.root)}
        return start_job(self.checkFolder, VERB, arguments)

    def _makeQueue(self) -> JobQueue:
        from CLIPSLib.jobs import JobQueue

        return JobQueue(self.root, concurrent=self._atOnce)
