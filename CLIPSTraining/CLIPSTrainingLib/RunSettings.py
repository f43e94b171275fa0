"""The choices of this machine about training, in Slicer's settings under CLIPS/: runs at once, the last experiment."""

from __future__ import annotations

import qt
import slicer

_AT_ONCE, _EXPERIMENT = "CLIPS/RunsAtOnce", "CLIPS/Experiment"


def runsAtOnce() -> int:
    """How many runs train at the same time; the others wait."""
    return slicer.util.settingsValue(_AT_ONCE, 1, converter=int)


def setRunsAtOnce(count: int) -> None:
    qt.QSettings().setValue(_AT_ONCE, count)


def experimentFolder() -> str:
    """The experiment that was looked at last, "" for none."""
    return slicer.util.settingsValue(_EXPERIMENT, "")


def setExperimentFolder(path: str) -> None:
    qt.QSettings().setValue(_EXPERIMENT, path)
