"""A host that runs scripted modules of 3D Slicer without Slicer, for tests: slicer-core, PySide6, and stand-ins.

    import slicer_host
    host = slicer_host.start()                      # slicer.app, qt, ctk, slicer.modules ... exist from here on
    panel = host.open_panel("CLIPSSegmentation/CLIPSSegmentation.py")
    panel.ui.applyButton.click()
    host.wait_until(lambda: panel.ui.applyButton.enabled)

It is strict: what Slicer would only warn about, and what differs between this host and Slicer, is an error. See
README.md in this folder. Never installed.
"""

from __future__ import annotations

import importlib
import os

_host = None


class Unavailable(RuntimeError):
    """PySide6, slicer-core or a library of the system that they need cannot be loaded."""


def start():
    """The one host of this process; raises Unavailable with the reason where it cannot run."""
    global _host
    if _host is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _require("slicer", "PySide6.QtUiTools", "PySide6.QtXml", "PySide6.QtNetwork")
        from slicer_host import host

        _host = host.Host()
    return _host


def _require(*names: str) -> None:
    """Only what comes from outside may be missing: an error in the host itself must not pass as that."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise Unavailable(f"{name}: {error}; Testing/slicer_host/README.md names the packages") from error
