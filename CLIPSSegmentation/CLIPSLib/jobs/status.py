"""What is known of a job: its state, how far it is, what it warned of, how it ended. Given by `Job.status`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure, Question, Refusal, UsageError
from CLIPSLib.jobs.folder import now_utc
from CLIPSLib.jobs.processes import ProcessId

WAITING, RUNNING, PAUSED = "waiting", "running", "paused"
DONE, FAILED, CANCELLED, REFUSED, QUESTION, LOST = "done", "failed", "cancelled", "refused", "question", "lost"
ENDED = frozenset({DONE, FAILED, CANCELLED, REFUSED, QUESTION, LOST})

_STATE_OF_KIND = {Refusal.kind: REFUSED, Question.kind: QUESTION, Cancelled.kind: CANCELLED}
_TIMES = ("started_utc", "heartbeat_utc", "ended_utc")
_ERROR_OF_KIND = {error.kind: error for error in (Failure, UsageError, Refusal)}


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """A look at a job.

    state: one of the words above. stage: what it does now, or did last; fraction: 0 to 1 of that stage; seconds_left:
    of that stage, None while it cannot be told. cautions: so far. error: of a job that ended badly, the fields of
    `ClipsError.as_dict` and "details", the last lines of the log. result: of a job that is done, what its task gave.
    facts: what the task says about its own matters, such as the step of a training.
    heartbeat_utc: when the task last said anything.
    """

    state: str
    stage: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    cautions: tuple[Caution, ...] = ()
    error: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    pid: int | None = None
    started_utc: str | None = None
    heartbeat_utc: str | None = None
    ended_utc: str | None = None

    @property
    def ended(self) -> bool:
        """True when nothing more will happen in this job unless it is started again."""
        return self.state in ENDED

    def raise_for_error(self) -> None:
        """Raise the error that ended the job as if its task had been called here; nothing when there is none."""
        if self.error is not None:
            raise error_from(self.error)


def new_status(process: ProcessId, stage: str) -> dict[str, Any]:
    """The first status of a process, as the fields of `status.json`."""
    now = now_utc()
    return {
        "state": RUNNING,
        "stage": stage,
        "fraction": 0.0,
        "seconds_left": None,
        "process": asdict(process),
        "started_utc": now,
        "heartbeat_utc": now,
        "ended_utc": None,
        "cautions": [],
        "error": None,
        "result": None,
        "facts": {},
    }


def failed_status(process: ProcessId, error: ClipsError) -> dict[str, Any]:
    """The status of a job that could not even be started."""
    ended = {"state": FAILED, "ended_utc": now_utc(), "error": {**error.as_dict(), "details": []}}
    return {**new_status(process, "Starting"), **ended}


def status_from(document: Mapping[str, Any]) -> JobStatus:
    """The status that `status.json` holds. Raises `Failure` when a field is missing."""
    copied = ("state", "stage", "fraction", "seconds_left", "error", "result", *_TIMES)
    with _complete():
        return JobStatus(
            **{name: document[name] for name in copied},
            cautions=tuple(Caution(**caution) for caution in document["cautions"]),
            facts=document.get("facts", {}),
            pid=document["process"]["pid"],
        )


def process_of(document: Mapping[str, Any]) -> ProcessId:
    """The process that wrote a status, or was started to. Raises `Failure` when a field is missing."""
    with _complete():
        return ProcessId(**document["process"])


@contextlib.contextmanager
def _complete() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError) as error:
        raise Failure(
            "damaged-document", f"The status lacks a field: {error}", "status.json", "Start the job again."
        ) from error


def state_after(error: ClipsError) -> str:
    """The state in which an error leaves a job."""
    return _STATE_OF_KIND.get(error.kind, FAILED)


def error_from(document: Mapping[str, Any]) -> ClipsError:
    """The error that `ClipsError.as_dict` described."""
    sentence = (document["code"], document["what"], document.get("where", ""), document.get("remedy", ""))
    if document["kind"] == Cancelled.kind:
        return Cancelled(document["what"])
    if document["kind"] == Question.kind:
        return Question(
            *sentence,
            key=document["key"],
            unit=document.get("unit", ""),
            choices=tuple(document.get("choices", ())),
        )
    return _ERROR_OF_KIND.get(document["kind"], Failure)(*sentence)
