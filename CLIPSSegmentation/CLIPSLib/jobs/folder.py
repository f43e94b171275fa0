"""The files of a job folder, and nothing about what they mean: who writes which is said in docs/jobs.md.

Called by every other file of this room.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Failure, UsageError
from CLIPSLib.files import read_json, write_json
from CLIPSLib.provenance import software

JOB_FORMAT, JOB_VERSION = "clips-job", 1
STATUS_FORMAT, STATUS_VERSION = "clips-job-status", 1
CANCEL, PAUSE, RESUME, CHECKPOINT, STOP = "cancel", "pause", "resume", "checkpoint", "stop"
_LOG_TAIL_BYTES = 64 * 1024
_PATIENCE_S = 0.5  # Windows lets nobody replace a file that is being read, nor read one that is being replaced


class JobFolder:
    """A job folder as files."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path).absolute()
        self.job = self.path / "job.json"
        self.status = self.path / "status.json"
        self.events = self.path / "events.jsonl"
        self.log = self.path / "log.txt"
        self.control = self.path / "control"
        self.lock = self.path / "lock"

    def write_job(self, verb: str, arguments: Mapping[str, Any]) -> None:
        """Say what is to be done. Raises `UsageError` (arguments are no JSON), and as `files.write_json`."""
        content = {"verb": verb, "arguments": dict(arguments), "created_utc": now_utc(), "software": software()}
        try:
            write_json(self.job, content, format_name=JOB_FORMAT, version=JOB_VERSION)
        except (TypeError, ValueError) as error:
            raise UsageError("arguments-not-json", f"The arguments of '{verb}' are not JSON: {error}") from error

    def read_job(self) -> dict[str, Any]:
        """verb, arguments, created_utc. Raises as `files.read_json`."""
        document = read_json(self.job, format_name=JOB_FORMAT, version=JOB_VERSION)
        if not isinstance(document.get("verb"), str) or not isinstance(document.get("arguments"), dict):
            raise Failure("damaged-document", "The file lacks the verb or its arguments", str(self.job))
        return document

    def write_first_status(self, content: Mapping[str, Any]) -> None:
        """Write the status unless there is one. Raises as `files.write_json`."""
        write_json(self.status, dict(content), format_name=STATUS_FORMAT, version=STATUS_VERSION)

    def write_status(self, content: Mapping[str, Any], *, last: bool = False) -> None:
        """Replace the status whole. last: no other will follow, so on a full disk write over the old one in place.

        Raises:
            OSError: not written; the old one stands.
        """
        document = {"format": STATUS_FORMAT, "format_version": STATUS_VERSION, **content}
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        temporary = self.path / ".writing-status.json"
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            _replace(temporary, self.status, patient=last)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            if not last:
                raise
            with open(self.status, "r+", encoding="utf-8", newline="\n") as stream:  # takes no more blocks of the disk
                stream.write(text)
                stream.truncate()

    def read_status(self) -> dict[str, Any] | None:
        """The status as last written; None before the first. Raises as `files.read_json`."""
        give_up = time.monotonic() + _PATIENCE_S
        while self.status.exists():
            try:
                return read_json(self.status, format_name=STATUS_FORMAT, version=STATUS_VERSION)
            except Failure:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
        return None

    def append_event(self, name: str, **fields: Any) -> None:
        """Add a line to the events, in one piece. Raises `OSError`."""
        line = json.dumps({"time_utc": now_utc(), "event": name, **fields}, ensure_ascii=False) + "\n"
        start = "" if _ends_with_newline(self.events) else "\n"  # a killed process can leave half a line
        with open(self.events, "a", encoding="utf-8", newline="\n") as stream:
            stream.write(start + line)

    def read_events(self, since: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events after byte `since`, and where to read on. A line still being written is left for later."""
        content = _bytes_after(self.events, since)
        whole = content[: content.rfind(b"\n") + 1]
        return [event for line in whole.splitlines() if (event := _event(line))], since + len(whole)

    def append_control(self, word: str) -> None:
        """Ask the runner for something: `CANCEL`, `PAUSE`, `RESUME`, `CHECKPOINT`, `STOP`."""
        with open(self.control, "a", encoding="ascii", newline="\n") as stream:
            stream.write(word + "\n")

    def read_control(self, since: int = 0) -> tuple[list[str], int]:
        """The words after byte `since`, and where to read on. A file that got shorter was written anew."""
        size = _size(self.control)
        since = since if size >= since else 0
        words = _bytes_after(self.control, since).decode("ascii", errors="replace").split() if size > since else []
        return words, size

    def log_tail(self, lines: int) -> list[str]:
        """The last lines of the log."""
        content = _bytes_after(self.log, max(0, _size(self.log) - _LOG_TAIL_BYTES))
        return content.decode("utf-8", errors="replace").splitlines()[-lines:] if lines > 0 else []

    def forget_last_run(self) -> None:
        """Remove what the last run said and was told, so that the job waits again. Events and log stay."""
        for path in (self.control, self.status):
            path.unlink(missing_ok=True)


def now_utc() -> str:
    """The time now as ISO 8601 in UTC, fine enough to keep the order of jobs and events."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _replace(source: Path, target: Path, *, patient: bool) -> None:
    give_up = time.monotonic() + (_PATIENCE_S if patient else 0.0)
    while True:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if time.monotonic() >= give_up:
                raise
            time.sleep(0.02)


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None where a killed process left half of one."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _bytes_after(path: Path, start: int) -> bytes:
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            return stream.read()
    except FileNotFoundError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _ends_with_newline(path: Path) -> bool:
    return _bytes_after(path, max(0, _size(path) - 1)) in (b"", b"\n")
