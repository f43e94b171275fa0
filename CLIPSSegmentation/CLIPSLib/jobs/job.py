"""A job seen from outside: followed, asked, ended. All of it is reading and writing files, so that any process can,
at any time: the one that started the job, or another after a crash.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Cancelled, ClipsError, Failure
from CLIPSLib.jobs.folder import CANCEL, CHECKPOINT, PAUSE, RESUME, STOP, JobFolder
from CLIPSLib.jobs.processes import end_tree, is_running
from CLIPSLib.jobs.status import CANCELLED, ENDED, LOST, WAITING, JobStatus, process_of, status_from

_LOOK_EVERY_S = 1.0  # at the process, when its files do not change
_LOG_LINES = 30
_LETTING_GO_S = 3.0


class Job:
    """A job folder. `verb`, `arguments` and `created_utc` are what was ordered; everything else is read when asked.

    Raises:
        Failure: no job there, or a damaged one. Refusal: written by a newer version.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._files = JobFolder(folder)
        order = self._files.read_job()
        self.folder = self._files.path
        self.log_path = self._files.log
        self.verb: str = order["verb"]
        self.arguments: Mapping[str, Any] = order["arguments"]
        self.created_utc: str = order.get("created_utc", "")
        self._seen: tuple[tuple[int, ...], JobStatus] | None = None
        self._looked_s = -float("inf")

    def status(self) -> JobStatus:
        """How the job stands now. Cheap: files that did not change are not read again."""
        fingerprint = self._fingerprint()
        now = time.monotonic()
        if self._seen and self._seen[0] == fingerprint:
            status = self._seen[1]
            if status.ended or now - self._looked_s < _LOOK_EVERY_S:
                return status
        status = self._read()
        self._seen, self._looked_s = (fingerprint, status), now
        return status

    def events(self, since: int = 0) -> tuple[list[dict[str, Any]], int]:
        """What happened (states, stages, cautions) after position `since`, and the position to go on from."""
        return self._files.read_events(since)

    def log_tail(self, lines: int = _LOG_LINES) -> list[str]:
        """The last lines that the process wrote."""
        return self._files.log_tail(lines)

    def pause(self) -> None:
        """Ask the job to wait where it is; its memory stays taken."""
        self._files.append_control(PAUSE)

    def resume(self) -> None:
        """Ask a paused job to go on."""
        self._files.append_control(RESUME)

    def ask_checkpoint(self) -> None:
        """Ask the job to write a checkpoint, if its task knows how."""
        self._files.append_control(CHECKPOINT)

    def ask_stop(self) -> None:
        """Ask the job to save what it has and end in good order, if its task knows how (training does)."""
        self._files.append_control(STOP)

    def ask_cancel(self) -> None:
        """Ask the job to end, and return at once. A waiting job is cancelled by that; `end` is for those that go on."""
        self._files.append_control(CANCEL)

    def end(self) -> None:
        """End the process at once, with all it started or, when it has ended already, with all it left behind."""
        document = self._files.read_status()
        if document is not None:
            end_tree(process_of(document))
            self._looked_s = -float("inf")

    def cancel(self, *, grace_s: float = 10.0) -> JobStatus:
        """Ask the job to end, give it `grace_s`, then end its whole process tree. Returns how it stands after that."""
        self.ask_cancel()
        self.wait(grace_s)
        self.end()
        return self.wait(2 * _LOOK_EVERY_S)

    def delete(self, *, grace_s: float = 2.0) -> None:
        """Delete the folder with everything in it. A job that runs is cancelled first. Raises OSError."""
        if not self.status().ended:
            self.cancel(grace_s=grace_s)
        give_up = time.monotonic() + _LETTING_GO_S
        while True:
            try:
                shutil.rmtree(self.folder)
                return
            except PermissionError:  # Windows: until the process, and the launcher around Slicer's Python, are gone
                if time.monotonic() >= give_up:
                    raise
                time.sleep(0.05)

    def wait(self, timeout_s: float | None = None) -> JobStatus:
        """Wait until the job has ended, at most `timeout_s`. Returns how it stands then; does not raise its error."""
        give_up = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        pause_s = 0.02
        while not (status := self.status()).ended and (left := give_up - time.monotonic()) > 0:
            time.sleep(min(pause_s, left))
            pause_s = min(2 * pause_s, 0.5)
        return status

    def _read(self) -> JobStatus:
        try:
            document = self._files.read_status()
        except ClipsError as error:  # one damaged folder must not stop a queue, or who looks at all jobs
            return JobStatus(state=LOST, error=error.as_dict())
        if document is None:
            return self._without_end(JobStatus(state=WAITING))
        if document.get("state") in ENDED or is_running(process_of(document)):
            return status_from(document)
        document = self._files.read_status() or document  # it may have ended in good order since
        status = status_from(document)
        return status if status.ended or is_running(process_of(document)) else self._without_end(status)

    def _without_end(self, status: JobStatus) -> JobStatus:
        """What a job is that no process works on, and that never said how it ended."""
        words, _ = self._files.read_control()
        if CANCEL in words:
            return replace(status, state=CANCELLED, seconds_left=None, error=Cancelled().as_dict())
        if status.state == WAITING:
            return status
        error = Failure(
            "job-lost",
            f"The process ended without a word while it was at: {status.stage}. It was killed, ran out of memory, or "
            "the machine stopped",
            str(self.log_path),
            "Start the job again.",
        )
        details = {"details": self.log_tail(_LOG_LINES)}
        return replace(status, state=LOST, seconds_left=None, error={**error.as_dict(), **details})

    def _fingerprint(self) -> tuple[int, ...]:
        """Changes whenever the status or what was asked of the job does."""
        return tuple(number for path in (self._files.status, self._files.control) for number in _version(path))


def open_job(folder: str | os.PathLike) -> Job:
    """The job of a folder, whoever started it. Raises as `Job`."""
    return Job(folder)


def list_jobs(root: str | os.PathLike, *, known: Iterable[Job] = ()) -> list[Job]:
    """The jobs in the folders of `root`, oldest first; folders that `open_job` refuses are left out.

    known: jobs of an earlier call, not read again.
    """
    opened = {job.folder: job for job in known}
    jobs = []
    for path in Path(root).absolute().glob("*/job.json"):
        with contextlib.suppress(ClipsError):
            jobs.append(opened.get(path.parent) or Job(path.parent))
    return sorted(jobs, key=lambda job: (job.created_utc, job.folder.name))


def _version(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
