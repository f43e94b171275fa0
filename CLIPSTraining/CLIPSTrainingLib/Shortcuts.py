"""Keys that work in all of Slicer's window while the panel is open. Made by Panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import qt
import slicer


class Shortcuts:
    """keys: what each key does. Keys that Slicer has would do nothing: Qt takes none of two that are the same.

    Slicer has Ctrl and Alt with Left and Right (modules), Ctrl+0 to 6, Ctrl with B C F H O S V W X Y Z (menus, views),
    Ctrl+Shift with A, T, Space and arrows (markups, sequences); its views arrows and letters; its editor 0 to 9, Space
    and Escape.
    """

    def __init__(self, keys: Mapping[str, Callable[[], object]]) -> None:
        self._keys = keys
        self._installed: list = []

    def install(self) -> None:
        """The panel is entered. Without a main window there are no keys."""
        window = slicer.util.mainWindow()
        if window is None or self._installed:
            return
        for key, slot in self._keys.items():
            shortcut = qt.QShortcut(window)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.autoRepeat = False  # a key that is held must not go through the cases
            shortcut.connect("activated()", slot)
            self._installed.append(shortcut)

    def remove(self) -> None:
        """The panel is left."""
        for shortcut in self._installed:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._installed.clear()
