"""Choices of this machine about training, in Slicer's settings under CLIPS/: runs at once, experiments opened,
how cases are compared."""

from __future__ import annotations

import json
from pathlib import Path

import qt
import slicer

_AT_ONCE, _EXPERIMENTS, _SIDE_BY_SIDE = "CLIPS/RunsAtOnce", "CLIPS/Experiments", "CLIPS/CompareSideBySide"
_REMEMBERED = 20


def runsAtOnce() -> int:
    """How many runs train at the same time; the others wait."""
    return slicer.util.settingsValue(_AT_ONCE, 1, converter=int)


def setRunsAtOnce(count: int) -> None:
    qt.QSettings().setValue(_AT_ONCE, count)


def sideBySide() -> bool:
    """Whether reference, A and B of a case are shown beside each other, or over each other."""
    return slicer.util.settingsValue(_SIDE_BY_SIDE, True, converter=slicer.util.toBool)


def setSideBySide(on: bool) -> None:
    qt.QSettings().setValue(_SIDE_BY_SIDE, on)


def experimentFolders() -> list[str]:
    """The experiments that were opened, the last one first; those that have gone are left out."""
    kept = json.loads(slicer.util.settingsValue(_EXPERIMENTS, "[]"))
    return [folder for folder in kept if Path(folder, "experiment.toml").exists()]


def rememberExperiment(folder: str) -> None:
    """Put an experiment first."""
    kept = list(dict.fromkeys([folder, *experimentFolders()]))[:_REMEMBERED]
    qt.QSettings().setValue(_EXPERIMENTS, json.dumps(kept))
