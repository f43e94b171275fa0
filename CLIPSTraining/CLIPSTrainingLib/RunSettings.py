"""Choices of this machine about training, in Slicer's settings under CLIPS/: runs at once, experiments opened,
how cases are compared, the recipe of last time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qt
import slicer

_AT_ONCE, _EXPERIMENTS, _SIDE_BY_SIDE = "CLIPS/RunsAtOnce", "CLIPS/Experiments", "CLIPS/CompareSideBySide"
_RECIPE = "CLIPS/LastRecipe"
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


def lastRecipe() -> dict[str, Any]:
    """What was set when a run was checked or started last, as it was given to `setLastRecipe`; {} before that."""
    return json.loads(slicer.util.settingsValue(_RECIPE, "{}"))


def setLastRecipe(recipe: Mapping[str, Any]) -> None:
    qt.QSettings().setValue(_RECIPE, json.dumps(recipe))


def experimentFolders() -> list[str]:
    """The experiments that were opened, the last one first; those that have gone are left out."""
    kept = json.loads(slicer.util.settingsValue(_EXPERIMENTS, "[]"))
    return [folder for folder in kept if Path(folder, "experiment.toml").exists()]


def rememberExperiment(folder: str) -> None:
    """Put an experiment first."""
    kept = list(dict.fromkeys([folder, *experimentFolders()]))[:_REMEMBERED]
    qt.QSettings().setValue(_EXPERIMENTS, json.dumps(kept))
