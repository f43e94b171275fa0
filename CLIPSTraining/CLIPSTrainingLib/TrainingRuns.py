"""Training runs of this user: ordered, kept in one queue, found again after a restart. Knows no scene and no widget.

A run's folder holds all it needs and is a job folder (docs/jobs.md, docs/training.md). Followed by CLIPS
Segmentation's `JobFollower`, which asks `advance`, `jobs` and `remove`.
"""

from __future__ import annotations

import contextlib
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
_KEPT, _WORK, _QUEUE, _FROZEN = "kept-cases", "work", "queue", "frozen"  # beside the runs, but the last: in a run


def runsFolder() -> Path:
    """Where this user's runs are: in the folder of user data that Slicer and the command share."""
    from CLIPSLib.models import user_folder

    return user_folder() / RUNS_FOLDER


def workFolder() -> Path:
    """Where jobs are that a panel orders and waits for."""
    return runsFolder() / _WORK


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

    @cached_property
    def title(self) -> str:
        """The run in a few words: its folder's name when the recipe cannot be read, so that others are still shown."""
        from CLIPSLib import ClipsError

        try:
            recipe = self.recipe
        except ClipsError:
            return self.folder.name
        return _("{name} · {curriculum} · seed {seed}").format(
            name=recipe.name, curriculum=recipe.curriculum.name, seed=recipe.training.seed
        )

    @property
    def ordered(self) -> str:
        """When it was ordered (UTC), to the minute."""
        return self.job.created_utc[:16].replace("T", " ")

    @property
    def longTitle(self) -> str:
        """The run as it is told apart from others of the same recipe."""
        return f"{self.title} · {self.ordered}"

    @property
    def hasModel(self) -> bool:
        """Whether there is something to install."""
        return (self.folder / "model" / "model.json").exists()

    @property
    def changed_ns(self) -> int:
        """Another number whenever the run has said something new."""
        status = self.folder / "status.json"
        return status.stat().st_mtime_ns if status.exists() else 0

    def logText(self) -> str:
        """Everything that the process said, or nothing."""
        return self.job.log_path.read_text("utf-8", errors="replace") if self.job.log_path.exists() else ""


class TrainingRuns:
    """The queue of runs under `root`, of which as many train at once as the settings say."""

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root) if root is not None else runsFolder()
        self._atOnce = RunSettings.runsAtOnce()
        self._queue = self._makeQueue()
        self._keeper: Job | None = None  # starts what waits when Slicer is closed

    @property
    def keptFolder(self) -> Path:
        """Where lists of cases are frozen, and kept while they may be needed again."""
        return self.root / _KEPT

    def order(self, recipe: Recipe, casesFile: Path) -> TrainingRun:
        """Put a run at the end of the queue, with its own copy of what was frozen for it. `advance` starts it.

        Raises:
            ClipsError: the list of cases is damaged, the disk is full.
        """
        from CLIPSLib.tasks.runs import create_run
        from CLIPSLib.training import read_cases

        folder = self._queue.new_folder(recipe.name)
        try:
            if casesFile.parent.parent == self.keptFolder:
                casesFile = Path(shutil.copytree(casesFile.parent, folder / _FROZEN)) / casesFile.name
            return TrainingRun(create_run(folder, recipe, read_cases(casesFile)))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def advance(self) -> None:
        """Start what there is room for; a process sees to what still waits. Called by a timer, or by who waits."""
        if self._atOnce != RunSettings.runsAtOnce():
            self._atOnce = RunSettings.runsAtOnce()
            self._queue = self._makeQueue()
        self._queue.advance()
        if any(job.status().state == "waiting" for job in self._queue.jobs()):
            self._keepGoing()

    def _keepGoing(self) -> None:
        """One process, whichever Slicer started it; one that lets another number train at once is asked to end."""
        from CLIPSLib import ClipsError, Refusal
        from CLIPSLib.jobs import open_job, start_job
        from CLIPSLib.tasks.advance_job import VERB

        folder, arguments = self.root / _QUEUE / "job", {"root": str(self.root), "at_once": self._atOnce}
        if self._keeper is None and (folder / "job.json").exists():
            with contextlib.suppress(ClipsError):  # a damaged one is made anew: nobody must stop following for it
                self._keeper = open_job(folder)
        if self._keeper is not None and not self._keeper.status().ended:
            if dict(self._keeper.arguments) != arguments:
                self._keeper.ask_cancel()
            return
        shutil.rmtree(folder, ignore_errors=True)
        self._keeper = None
        with contextlib.suppress(Refusal):  # another Slicer was faster
            self._keeper = start_job(folder, VERB, arguments)

    def jobs(self) -> list[TrainingRun]:
        """All runs, oldest first."""
        return [TrainingRun(job) for job in self._queue.jobs() if (job.folder / _RUN_FILE).exists()]

    def resume(self, run: TrainingRun) -> None:
        """Let a run that stopped, failed or was killed go on from its last checkpoint, when its turn comes.

        Raises:
            Refusal: it is finished, or runs.
        """
        from CLIPSLib.tasks.runs import queue_run

        queue_run(run.folder)
        self.advance()

    def remove(self, run: TrainingRun) -> None:
        """Delete a run with everything in its folder. One that trains is ended first."""
        run.job.delete()

    def _makeQueue(self) -> JobQueue:
        from CLIPSLib.jobs import JobQueue

        return JobQueue(self.root, concurrent=self._atOnce)
