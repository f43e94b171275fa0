"""A `Reporter` for work that the panel itself does (reading a study): a bar moves, Cancel works, Slicer stays alive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from CLIPSLib import Caution

_BETWEEN_LOOKS_S = 0.05


class PanelReporter:
    """Shows progress in a bar and lets Slicer handle events. `cancel()` makes the work stop at its next `check`."""

    def __init__(self, bar) -> None:
        self._bar, self._cancelled, self._looked = bar, False, 0.0
        bar.setRange(0, 100)

    def cancel(self) -> None:
        self._cancelled = True

    def progress(self, stage: str, fraction: float) -> None:
        if time.monotonic() - self._looked < _BETWEEN_LOOKS_S and fraction < 1.0:
            return
        self._bar.setFormat(_("{stage}: %p%").format(stage=stage))
        self._bar.value = round(100 * fraction)
        self._look()

    def caution(self, caution: Caution) -> None:
        """The study tells its cautions itself."""

    def check(self) -> None:
        from CLIPSLib import Cancelled

        if time.monotonic() - self._looked >= _BETWEEN_LOOKS_S:
            self._look()
        if self._cancelled:
            raise Cancelled

    def _look(self) -> None:
        self._looked = time.monotonic()
        slicer.app.processEvents()
