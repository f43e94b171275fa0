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

import os

_host = None


def start():
    """The one host of this process. Raises ImportError where PySide6 or slicer-core cannot be loaded."""
    global _host
    if _host is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from slicer_host import host

        _host = host.Host()
    return _host
