"""The one folder for user data (models, settings) that 3D Slicer and the command share."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_folder() -> Path:
    """Where this user's data of CLIPS live; the environment variable CLIPS_HOME overrides the system's custom.

    Windows: %LOCALAPPDATA%\\CLIPS; macOS: ~/Library/Application Support/CLIPS; else $XDG_DATA_HOME/clips or
    ~/.local/share/clips (XDG Base Directory Specification). The folder may not exist yet.
    """
    if chosen := os.environ.get("CLIPS_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "CLIPS"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "CLIPS"
    shared = os.environ.get("XDG_DATA_HOME", "")
    return (Path(shared) if os.path.isabs(shared) else Path.home() / ".local" / "share") / "clips"
