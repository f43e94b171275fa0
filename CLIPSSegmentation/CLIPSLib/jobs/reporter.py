"""What a task in a job tells the outside, and is told: the `Reporter` of job folders. Used by `run`."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure
from CLIPSLib.jobs.folder import CANCEL, CHECKPOINT, PAUSE, RESUME, STOP, JobFolder, now_utc
from CLIPSLib.jobs.processes import this_process
from CLIPSLib.jobs.status import DONE, PAUSED, RUNNING, new_status, state_after

_FIRST_GUESS_S = 2.0  # before that a guess of the time left is noise
_LOOK_EVERY_S = 0.2
_GONE_S = 5.0  # a folder on a network can be out of reach for a moment


class JobReporter:
    """Writes status and events of the job whose folder this process has locked; reads what is asked of it.

    A new stage is written at once, within a stage at most one status every `min_interval_s`. A status that cannot be
    written is left out: work does not end because it cannot be told. The last one is written by every means.
    """

    def __init__(
        self,
        folder: JobFolder,
        *,
        min_interval_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._min_interval_s = min_interval_s
        self._clock = clock
        self._sleep = sleep
        self._cautions: list[Caution] = []
        self._checkpoint_asked = self._pause_asked = self._cancel_asked = self._stop_asked = False
        self._control_read = 0
        self._looked_s = self._written_s = self._stage_started_s = -float("inf")
        self._gone_since_s: float | None = None
        self._status: dict[str, Any] = new_status(this_process(), "Starting")

    def begin(self) -> None:
        """Say that the work begins."""
        self._enter(RUNNING)

    def progress(self, stage: str, fraction: float) -> None:
        """See `Reporter`."""
        now = self._clock()
        is_new = stage != self._status["stage"]
        if is_new:
            self._stage_started_s = now
            self.event("stage", stage=stage)
        fraction = min(max(float(fraction), 0.0), 1.0)
        self._status.update(stage=stage, fraction=fraction, seconds_left=self._seconds_left(now, fraction))
        if is_new or now - self._written_s >= self._min_interval_s:
            self._write()

    def caution(self, caution: Caution) -> None:
        """See `Reporter`. The same one is passed on once."""
        if caution not in self._cautions:
            self._cautions.append(caution)
            self._status["cautions"] = [known.as_dict() for known in self._cautions]
            self.event("caution", **caution.as_dict())
            self._write()

    def check(self) -> None:
        """Wait while a pause is asked for; raise `Cancelled` when cancelling is. Cheap: may be called in any loop.

        Raises:
            Failure: the job's folder was deleted or moved; nobody could follow, stop or find what goes on.
        """
        if self._clock() - self._looked_s < _LOOK_EVERY_S:
            return
        self._look()
        if self._pause_asked and not self._end_asked:
            self._pause()
        if self._cancel_asked:
            raise Cancelled()

    def take_checkpoint_request(self) -> bool:
        """True once after each time somebody asked for a checkpoint; noticed in `check`. For tasks that can resume."""
        asked, self._checkpoint_asked = self._checkpoint_asked, False
        return asked

    def take_stop_request(self) -> bool:
        """True once after somebody asked for an end in good order; noticed in `check`, ends a pause too."""
        asked, self._stop_asked = self._stop_asked, False
        return asked

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Replace what the status says about the task's own matters (a step, a loss), JSON-ready."""
        self._status["facts"] = dict(facts)
        if self._clock() - self._written_s >= self._min_interval_s:
            self._write()

    def event(self, name: str, **fields: Any) -> None:
        """Add something that happened to the events. One that cannot be written is left out."""
        with contextlib.suppress(OSError):
            self._folder.append_event(name, **fields)

    def done(self, result: Mapping[str, Any]) -> None:
        """End the job with the result of its task.

        Raises:
            TypeError, ValueError: the result is no JSON; the job has not ended.
        """
        json.dumps(result, allow_nan=False)
        self._end(DONE, fraction=1.0, result=dict(result))

    def fail(self, error: ClipsError, details: Sequence[str] = ()) -> None:
        """End the job with an error. details: the last lines of a traceback."""
        self._end(state_after(error), error={**error.as_dict(), "details": list(details)})

    @property
    def _end_asked(self) -> bool:
        return self._cancel_asked or self._stop_asked

    def _require_folder(self) -> None:
        try:
            self._folder.job.stat()
            self._gone_since_s = None
        except FileNotFoundError as error:
            if self._gone_since_s is None:
                self._gone_since_s = self._looked_s
            elif self._looked_s - self._gone_since_s >= _GONE_S:
                what = "The folder of the job was deleted or moved while it ran"
                where = str(self._folder.path)
                raise Failure("folder-gone", what, where, "If it was moved, start it again there.") from error
        except OSError:  # its disk does not answer: nobody knows
            self._gone_since_s = None

    def _look(self) -> None:
        self._looked_s = self._clock()
        self._require_folder()
        with contextlib.suppress(OSError):  # the folder may be out of reach for a moment (network)
            words, self._control_read = self._folder.read_control(self._control_read)
            for word in words:
                self._cancel_asked = self._cancel_asked or word == CANCEL
                self._checkpoint_asked = self._checkpoint_asked or word == CHECKPOINT
                self._stop_asked = self._stop_asked or word == STOP
                if word in (PAUSE, RESUME):
                    self._pause_asked = word == PAUSE

    def _pause(self) -> None:
        began = self._clock()
        self._enter(PAUSED)
        while self._pause_asked and not self._end_asked:
            self._sleep(_LOOK_EVERY_S)
            self._look()
        self._stage_started_s += self._clock() - began  # a pause is no work: it must not slow the guess of what is left
        if not self._cancel_asked:
            self._enter(RUNNING)

    def _enter(self, state: str) -> None:
        self._status["state"] = state
        self.event("state", state=state)
        self._write()

    def _end(self, state: str, **fields: Any) -> None:
        self.event("state", state=state)  # before the status: whoever sees the end finds all events
        self._status.update(state=state, seconds_left=None, ended_utc=now_utc(), **fields)
        self._folder.write_status(self._status, last=True)

    def _seconds_left(self, now: float, fraction: float) -> float | None:
        elapsed = now - self._stage_started_s
        if fraction <= 0.0 or elapsed < _FIRST_GUESS_S:
            return None
        return round(elapsed * (1.0 - fraction) / fraction, 1)

    def _write(self) -> None:
        self._written_s = self._clock()
        self._status["heartbeat_utc"] = now_utc()
        with contextlib.suppress(OSError):
            self._folder.write_status(self._status)
