"""Several jobs, a few at a time, in the order they came. The queue is nothing but the job folders: it survives a
restart, and two programs may look after the same one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import ClipsError, Refusal
from CLIPSLib.files import safe_name
from CLIPSLib.jobs.folder import now_utc
from CLIPSLib.jobs.job import Job, list_jobs
from CLIPSLib.jobs.launch import create_job, launch_job
from CLIPSLib.jobs.status import WAITING
from CLIPSLib.locks import only_one


class JobQueue:
    """The jobs in the folders of `root`, of which at most `concurrent` run at a time.

    It has no thread: call `advance` from a timer or a loop. Nothing starts while nobody does. A waiting job is
    cancelled like any other (`Job.ask_cancel`). launch: how a job is started, for settings of one's own.
    """

    def __init__(
        self, root: str | os.PathLike, *, concurrent: int = 1, launch: Callable[[Job], None] = launch_job
    ) -> None:
        self.root = Path(root).absolute()
        self.root.mkdir(parents=True, exist_ok=True)
        self._concurrent = concurrent
        self._launch = launch
        self._jobs: list[Job] = []

    def new_folder(self, name: str) -> Path:
        """A path for the next job's folder, to put its input there before `add`; a folder without an order waits."""
        stamp = re.sub(r"\D", "", now_utc())
        return self.root / f"{stamp}-{safe_name(name)}"

    def add(self, verb: str, arguments: Mapping[str, Any], *, folder: Path | None = None) -> Job:
        """Put a job at the end. Raises as `create_job`."""
        return create_job(folder or self.new_folder(verb), verb, arguments)

    def jobs(self) -> list[Job]:
        """All jobs, ended ones too, oldest first."""
        self._jobs = list_jobs(self.root, known=self._jobs)
        return list(self._jobs)

    def advance(self) -> list[Job]:
        """Start the next jobs if there is room; returns those started.

        One that cannot be started has failed, which its own status says; the next one is taken. While another program
        advances the same queue, nothing is done.

        Raises:
            Failure: the folders cannot be written to.
        """
        started = []
        with contextlib.suppress(Refusal), only_one(self.root / "queue.lock"):
            jobs = [(job, job.status()) for job in self.jobs()]
            room = self._concurrent - sum(status.state != WAITING and not status.ended for _, status in jobs)
            for job in (job for job, status in jobs if status.state == WAITING):
                if len(started) >= room:
                    break
                if self._start(job):
                    started.append(job)
        return started

    def _start(self, job: Job) -> bool:
        try:
            self._launch(job)
        except ClipsError:
            if job.status().state == WAITING:
                raise
            return False
        return True
