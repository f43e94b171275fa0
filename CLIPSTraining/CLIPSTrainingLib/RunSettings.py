"""Choices of this machine about training, in Slicer's settings under CLIPS/: runs at once, experiments opened."""

from __future__ import annotations

import json
from pathlib import Path

import qt
import slicer

_AT_ONCE, _EXPERIMENTS = "CLIPS/RunsAtOnce", "CLIPS/Experiments"
_REMEMBERED = 20


def runsAtOnce() -> int:
    """How many runs train at the same time; the others wait."""
    return slicer.util.settingsValue(_AT_ONCE, 1, converter=int)


def setRunsAtOnce(count: int) -> None:
    qt.QSettings().setValue(_AT_ONCE, count)


def experimentFolders() -> list[str]:
    """The experiments that were opened, the last one first; those that have gone are left out."""
    kept = json.loads(slicer.util.settingsValue(_EXPERIMENTS, "[]"))
    return [folder for folder in kept if Path(folder, "experiment.toml").exists()]


def rememberExperiment(folder: str) -> None:
    """Put an experiment first."""
    kept = list(dict.fromkeys([folder, *experimentFolders()]))[:_REMEMBERED]
    qt.QSettings().setValue(_EXPERIMENTS, json.dumps(kept))
