"""The choices of this machine, in Slicer's settings under CLIPS/: who reads, which registry, going on by itself."""

from __future__ import annotations

import qt
import slicer

_READER, _REGISTRY, _GO_ON = "CLIPS/Reader", "CLIPS/Registry", "CLIPS/GoOnWhenReviewed"


def reader() -> str:
    """The name that reviews, masks and ratings are kept under; "" until somebody typed one."""
    return slicer.util.settingsValue(_READER, "")


def setReader(name: str) -> None:
    qt.QSettings().setValue(_READER, name)


def registryFolder() -> str:
    """The registry that was open last, "" for none."""
    return slicer.util.settingsValue(_REGISTRY, "")


def setRegistryFolder(path: str) -> None:
    qt.QSettings().setValue(_REGISTRY, path)


def goesOn() -> bool:
    """Whether the next case opens by itself when one is reviewed and rated."""
    return slicer.util.settingsValue(_GO_ON, True, converter=slicer.util.toBool)


def setGoesOn(goesOn: bool) -> None:
    qt.QSettings().setValue(_GO_ON, goesOn)
