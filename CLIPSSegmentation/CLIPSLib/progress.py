"""How long functions tell where they are, and how they are told to stop.

Ground floor. Every long function takes a `Reporter`; whoever calls decides what becomes of the reports:
a console line, nothing at all, or a recording (tests).
"""

from __future__ import annotations

import sys
import time
from typing import Protocol, TextIO, runtime_checkable

from CLIPSLib.errors import Caution

_LINE_EVERY_S = 60.0  # of a log file, where no line can be drawn anew


@runtime_checkable
class Reporter(Protocol):
    """What a long function may call. Cheap: may be called in every iteration of a loop."""

    def progress(self, stage: str, fraction: float) -> None:
        """Say that `fraction` (0 to 1) of `stage` ("reading PET") is done; stages follow one another."""

    def caution(self, caution: Caution) -> None:
        """Pass on something that the user must know at once; results carry their cautions as well."""

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""


class SilentReporter:
    """Says nothing and is never cancelled: the default of the console API."""

    def progress(self, stage: str, fraction: float) -> None:
        pass

    def caution(self, caution: Caution) -> None:
        pass

    def check(self) -> None:
        pass


SILENT = SilentReporter()


class ConsoleReporter:
    """One line per stage on a terminal (redrawn, with time left); elsewhere one at each stage's end, and one a minute.

    show_progress: False says cautions only.
    """

    def __init__(
        self, stream: TextIO | None = None, *, min_interval_s: float = 0.2, show_progress: bool = True
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._redraw = bool(getattr(self._stream, "isatty", lambda: False)())
        self._min_interval_s = min_interval_s
        self._show_progress = show_progress
        self._stage = ""
        self._started_s = 0.0
        self._drawn_s = 0.0 if self._redraw else time.monotonic()
        self._seen: set[Caution] = set()

    def progress(self, stage: str, fraction: float) -> None:
        if not self._show_progress:
            return
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._started_s = stage, now
            if self._redraw:
                self._drawn_s = 0.0
        done = fraction >= 1.0
        if done:
            self._write(f"{stage}: done in {now - self._started_s:.1f} s", end="\n")
            self._stage, self._drawn_s = "", now
        elif now - self._drawn_s >= (self._min_interval_s if self._redraw else _LINE_EVERY_S):
            self._drawn_s = now
            told = f"{stage}: {100 * fraction:3.0f} %{self._time_left(now, fraction)}"
            self._write(told, end="" if self._redraw else "\n")

    def caution(self, caution: Caution) -> None:
        if caution not in self._seen:
            self._seen.add(caution)
            self._write(f"Caution: {caution}", end="\n")

    def check(self) -> None:
        pass  # Ctrl-C raises KeyboardInterrupt by itself; the command turns it into `Cancelled`

    def _time_left(self, now: float, fraction: float) -> str:
        elapsed = now - self._started_s
        if fraction <= 0.0 or elapsed < 2.0:
            return ""
        return f", {format_duration(elapsed * (1.0 - fraction) / fraction)} left"

    def _write(self, text: str, end: str) -> None:
        prefix = "\r\x1b[K" if self._redraw else ""
        self._stream.write(f"{prefix}{text}{end}")
        self._stream.flush()


class RecordingReporter:
    """Keeps what was said; raises `Cancelled` once `cancel_after` checks have passed. For tests and batch summaries."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self.stages: list[tuple[str, float]] = []
        self.cautions: list[Caution] = []
        self._checks_left = cancel_after

    def progress(self, stage: str, fraction: float) -> None:
        self.stages.append((stage, fraction))

    def caution(self, caution: Caution) -> None:
        self.cautions.append(caution)

    def check(self) -> None:
        if self._checks_left is None:
            return
        if self._checks_left <= 0:
            from CLIPSLib.errors import Cancelled

            raise Cancelled()
        self._checks_left -= 1


def format_duration(seconds: float) -> str:
    """A duration as people say it: "45 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
