"""The choices of this machine, kept in Slicer's settings under CLIPS/: device, folder of data, folder of wheels."""

from __future__ import annotations

import os

import qt
import slicer

_DEVICE, _DATA_FOLDER = "CLIPS/Device", "CLIPS/DataFolder"
_WHEEL_FOLDER, _LAST_FOLDER = "CLIPS/WheelFolder", "CLIPS/LastFolder"
_DATA_FOLDER_VARIABLE = "CLIPS_HOME"  # read by the core, here and in background jobs


def device() -> str:
    """Where networks run: "auto", "cuda", "cpu" or "mps"."""
    return slicer.util.settingsValue(_DEVICE, "auto")


def setDevice(name: str) -> None:
    qt.QSettings().setValue(_DEVICE, name)


def wheelFolder() -> str:
    """A folder with Python packages to install from without a network, "" to install from the internet."""
    return slicer.util.settingsValue(_WHEEL_FOLDER, "")


def setWheelFolder(path: str) -> None:
    qt.QSettings().setValue(_WHEEL_FOLDER, path)


def lastFolder() -> str:
    """The folder that a study was last loaded from, or something saved to."""
    return slicer.util.settingsValue(_LAST_FOLDER, "")


def setLastFolder(path: str) -> None:
    qt.QSettings().setValue(_LAST_FOLDER, path)


def dataFolder() -> str:
    """Where models and jobs are kept."""
    from CLIPSLib.models import user_folder

    return str(user_folder())


def setDataFolder(path: str) -> None:
    """Keep models and jobs in another folder, now and after a restart; "": in the system's usual place."""
    qt.QSettings().setValue(_DATA_FOLDER, path)
    if path:
        os.environ[_DATA_FOLDER_VARIABLE] = path
    else:
        os.environ.pop(_DATA_FOLDER_VARIABLE, None)


def applyDataFolder() -> None:
    """Tell the core and the jobs what was chosen in an earlier session. What the environment says goes first."""
    chosen = slicer.util.settingsValue(_DATA_FOLDER, "")
    if chosen:
        os.environ.setdefault(_DATA_FOLDER_VARIABLE, chosen)
