"""Work of some seconds or minutes that a section orders and waits for: freezing cases, a check, a prediction, a model.

It runs in a process of its own, so that Slicer stays alive and needs no PyTorch. Made by the sections of the panel.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CLIPSTrainingLib.saying import saying
from CLIPSTrainingLib.TrainingRuns import workFolder

if TYPE_CHECKING:
    from CLIPSLib.jobs import Job, JobStatus

_LOOK_EVERY_MS = 300
_OLD_HOURS = 24


class BackgroundWork:
    """One piece of work at a time. bar, cancelButton: shown while it runs. say(text): what went wrong. onChanged():
    work has begun or ended.
    """

    def __init__(self, bar, cancelButton, say: Callable[[str], None], onChanged: Callable[[], None]) -> None:
        self._bar, self._cancelButton = bar, cancelButton
        self._say, self._onChanged = say, onChanged
        self._job: Job | None = None
        self._then: Callable[[JobStatus], None] | None = None
        self._timer = qt.QTimer()
        self._timer.interval = _LOOK_EVERY_MS
        self._timer.connect("timeout()", self._look)
        self._show()
        cancelButton.connect("clicked()", self.cancel)

    @property
    def running(self) -> bool:
        """Whether something is being worked at."""
        return self._job is not None

    def start(self, verb: str, arguments: Mapping[str, Any], then: Callable[[JobStatus], None]) -> None:
        """Order a job. then(status): called once when it is done; of one that failed, the error is said aloud.

        Raises:
            ClipsError: it cannot be started.
        """
        from CLIPSLib.jobs import JobQueue, start_job

        root = workFolder()
        _forgetOld(root)
        self._job = start_job(JobQueue(root).new_folder(verb), verb, arguments)
        self._then = then
        self._bar.setRange(0, 100)
        self._bar.value = 0
        self._bar.setFormat(_("Starting"))
        self._cancelButton.enabled = True
        self._show()
        self._timer.start()
        self._onChanged()

    def _show(self) -> None:
        """Show the bar and the button while there is work."""
        self._bar.visible = self._cancelButton.visible = self.running

    def cancel(self) -> None:
        """Ask the work to end; what it has made so far is thrown away."""
        if self._job is not None:
            self._cancelButton.enabled = False
            self._job.ask_cancel()

    def stop(self) -> None:
        """The panel goes; the work goes on, and nobody waits for it."""
        self._timer.stop()
        self._job = self._then = None

    def _look(self) -> None:
        status = self._job.status()
        if not status.ended:
            self._bar.value = round(100 * status.fraction)
            self._bar.setFormat(_("{stage}: %p%").format(stage=status.stage))
            return
        job, then = self._job, self._then
        self.stop()
        self._show()
        self._onChanged()
        if status.state != "cancelled":
            with saying(self._say, aloud=True):
                status.raise_for_error()
                then(status)
        shutil.rmtree(job.folder, ignore_errors=True)


def _forgetOld(root: Path) -> None:
    """Remove what a Slicer that was killed left behind; what another one waits for now is younger."""
    import datetime

    from CLIPSLib.jobs import list_jobs

    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=_OLD_HOURS)
    for job in list_jobs(root):
        if job.created_utc < before.strftime("%Y-%m-%dT%H:%M:%S") and job.status().ended:
            shutil.rmtree(job.folder, ignore_errors=True)
