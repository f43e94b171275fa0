"""How long a reader works on a case: a clock that stops when nothing moves, and when the panel is left."""

from __future__ import annotations

import time
from collections.abc import Callable

import qt
import slicer

LOOK_EVERY_MS = 1000
IDLE_AFTER_S = 60.0


class ActiveTime:
    """Seconds of activity. activity(): anything that changes while the user works; onTick(): once a second.

    The idle minute itself does not count: after it the clock goes back to the last activity.
    """

    def __init__(
        self,
        activity: Callable[[], object],
        onTick: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._activity, self._onTick, self._clock = activity, onTick, clock
        self._counted_s = 0.0
        self._since: float | None = None  # None: stopped
        self._last_s, self._seen = 0.0, None
        self._timer = qt.QTimer()
        self._timer.interval = LOOK_EVERY_MS
        self._timer.connect("timeout()", self.look)

    @property
    def seconds(self) -> float:
        """What was counted up to the last activity, or to now while the user is active."""
        if self._since is None:
            return self._counted_s
        idle = self._clock() - self._last_s > IDLE_AFTER_S
        return self._counted_s + (self._last_s if idle else self._clock()) - self._since

    def reset(self, seconds: float = 0.0) -> None:
        """Begin another case, or one that was worked on for `seconds` before."""
        running = self._since is not None
        self.stop()
        self._counted_s = seconds
        if running:
            self.start()

    def start(self) -> None:
        """Count from now on."""
        if self._since is None:
            self._since = self._last_s = self._clock()
            self._seen = self._activity()
            self._timer.start()

    def stop(self) -> None:
        """Count no more; what was counted stays."""
        self._counted_s = self.seconds
        self._since = None
        self._timer.stop()

    def look(self) -> None:
        """Notice whether the user has done something. Called every second."""
        seen = self._activity()
        if seen != self._seen:
            if self._clock() - self._last_s > IDLE_AFTER_S:  # back from a pause, which does not count
                self._counted_s = self.seconds
                self._since = self._clock()
            self._last_s, self._seen = self._clock(), seen
        self._onTick()


def whatTheUserDoes() -> object:
    """Where the mouse is while Slicer's window is in front; the same as long as nothing happens."""
    window = slicer.util.mainWindow()
    if window is None or not window.isActiveWindow:
        return None
    position = qt.QCursor.pos()
    return position.x(), position.y()
