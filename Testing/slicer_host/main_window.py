"""A main window for tests that need one; otherwise the host runs as with `--no-main-window`. See `host.main_window`.

It has a status bar and the module selector, so that `slicer.util.selectModule` enters one panel and leaves another.
"""

from __future__ import annotations

import contextlib

import slicer
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property


@contextlib.contextmanager
def shown():
    """Inside the block `slicer.util.mainWindow()` gives a window."""
    outer = slicer.util.mainWindow()
    window = outer or MainWindow()
    try:
        yield window
    finally:
        if outer is None:
            window.objectName = ""
            window.deleteLater()


class MainWindow(QtWidgets.QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.objectName = "qSlicerMainWindow"
        self._selector = ModuleSelector(self)

    def moduleSelector(self):
        return self._selector


class ModuleSelector(QtCore.QObject):
    def __init__(self, parent) -> None:
        super().__init__(parent)
        self._selected = ""

    selectedModule = Property(str, lambda self: self._selected)

    def selectModule(self, name: str) -> None:
        """Leave the selected module and enter the one with this name."""
        for module_name, action in ((self._selected, "exit"), (name, "enter")):
            module = slicer.app.moduleManager().module(module_name)
            widget = module.widgetRepresentation() if module else None
            if widget is not None:
                getattr(widget, action)()
        self._selected = name
