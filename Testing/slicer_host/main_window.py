"""A main window for tests that need one; otherwise the host runs as with `--no-main-window`. See `host.main_window`.

It has a status bar and the module selector, so that `slicer.util.selectModule` enters one panel and leaves another.
A key that Slicer's own window has is refused: of two that are the same Qt takes neither.
"""

from __future__ import annotations

import contextlib

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property

# Where Slicer sets them: qSlicerMainWindow.ui, qSlicerMainWindow.cxx, qSlicerAppMainWindow.cxx,
# qSlicerModuleSelectorToolBar.cxx (QKeySequence::Back and Forward are Alt+arrow, on a Mac Ctrl+bracket),
# qMRMLMarkupsToolBar.cxx, qMRMLSequenceBrowserPlayWidget.cxx, qSlicerSubjectHierarchyViewContextMenuPlugin.cxx.
_KEYS_OF_SLICER = (
    *(f"Ctrl+{key}" for key in "0123456BCFHOSVWXYZ`[]"),
    *("Ctrl+Left", "Ctrl+Right", "Alt+Left", "Alt+Right"),
    *(f"Ctrl+Shift+{key}" for key in ("A", "T", "Space", "Left", "Right", "Down", "Z")),
)
# qMRMLSegmentEditorWidget::installKeyboardShortcuts, also of the editor that a panel embeds
_KEYS_OF_THE_EDITOR = (
    *(f"{modifier}{digit}" for modifier in ("", "Shift+") for digit in range(10)),
    *("Esc", "Space", "Z", "Y", "Q", "W", "/", "*", ",", ".", "<", ">", "I"),
)
_taken = {QtGui.QKeySequence(key).toString() for key in (*_KEYS_OF_SLICER, *_KEYS_OF_THE_EDITOR)}
_set_key = QtGui.QShortcut.setKey


def _set_free_key(shortcut, key) -> None:
    sequence = QtGui.QKeySequence(key)
    if isinstance(shortcut.parent(), MainWindow) and sequence.toString() in _taken:
        raise ValueError(f"Slicer's window has the key {sequence.toString()} already: neither would do anything")
    _set_key(shortcut, sequence)


QtGui.QShortcut.setKey = _set_free_key


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
