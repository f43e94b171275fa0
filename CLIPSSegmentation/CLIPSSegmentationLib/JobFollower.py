"""Follows the jobs of this user by looking at their folders from a timer, and tells what changed. Made by JobsPanel.

Nothing is lost when nobody follows: a job goes on, and whoever follows next finds it as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import qt

if TYPE_CHECKING:
    from CLIPSLib.jobs import JobStatus

    from CLIPSSegmentationLib.Jobs import SegmentationJob, SegmentationJobs

LOOK_EVERY_MS = 300
CANCEL_PATIENCE_S = 10.0  # then the process is ended, with all it started


class JobFollower:
    """onChanged(): after every look at which something was new. onEnded(job, status): once per job that ended."""

    def __init__(
        self,
        jobs: SegmentationJobs,
        onChanged: Callable[[], None],
        onEnded: Callable[[SegmentationJob, JobStatus], None],
    ) -> None:
        self.jobs = jobs
        self._onChanged, self._onEnded = onChanged, onEnded
        self._statuses: dict[SegmentationJob, JobStatus] = {}
        self._byFolder: dict = {}
        self._asked: dict = {}
        self._timer = qt.QTimer()
        self._timer.interval = LOOK_EVERY_MS
        self._timer.connect("timeout()", self.look)

    def start(self) -> None:
        """Look at what there is: jobs that ended while nobody followed are known, and not told as ended."""
        self._statuses = self._read()
        self._onChanged()
        self._timer.start()

    def stop(self) -> None:
        """Follow no more; the jobs go on."""
        self._timer.stop()

    @property
    def statuses(self) -> dict[SegmentationJob, JobStatus]:
        """All jobs, oldest first, as they were at the last look."""
        return self._statuses

    @property
    def running(self) -> SegmentationJob | None:
        """The job that works now."""
        return next((job for job, status in self._statuses.items() if status.state in ("running", "paused")), None)

    def look(self) -> None:
        """Look at all jobs now, and start those that wait if there is room; where none can be started (the disk is
        full), those that work are followed all the same.
        """
        try:
            if any(status.state == "waiting" for status in self._statuses.values()):
                self.jobs.advance()
        finally:
            self._look()

    def _look(self) -> None:
        before, self._statuses = self._statuses, self._read()
        self._endWhatWasAsked()
        if before != self._statuses:
            self._onChanged()
        known = {job for job, status in before.items() if not status.ended}
        self._tellEnded([(job, status) for job, status in self._statuses.items() if status.ended and job in known])

    def added(self, job: SegmentationJob) -> None:
        """A job was ordered: start it if there is room."""
        self._byFolder[job.folder] = job
        self._statuses[job] = job.status
        self.look()

    def removed(self, job: SegmentationJob) -> None:
        """Delete a job."""
        self.jobs.remove(job)
        self._byFolder.pop(job.folder, None)
        self.look()

    def cancel(self, job: SegmentationJob) -> None:
        """Ask a job to end; when it does not within some seconds, end it."""
        job.job.ask_cancel()
        self._asked.setdefault(job.folder, time.monotonic())
        self.look()

    def _read(self) -> dict[SegmentationJob, JobStatus]:
        found = [self._byFolder.setdefault(job.folder, job) for job in self.jobs.jobs()]
        return {job: job.status for job in found}

    def _tellEnded(self, ended: list) -> None:
        """Every job is told, although the result of one before it cannot be shown."""
        if ended:
            try:
                self._onEnded(*ended[0])
            finally:
                self._tellEnded(ended[1:])

    def _endWhatWasAsked(self) -> None:
        for job, status in self._statuses.items():
            asked = self._asked.get(job.folder)
            if asked is None:
                continue
            if status.ended:
                del self._asked[job.folder]
            elif time.monotonic() - asked > CANCEL_PATIENCE_S:
                job.job.end()
