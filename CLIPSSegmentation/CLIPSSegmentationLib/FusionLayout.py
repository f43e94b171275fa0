"""The layout of CLIPS's panels while one is open; the user's own comes back when it is left. Made by each Panel."""

from __future__ import annotations

import qt

from CLIPSSegmentationLib import Display


class FusionLayout:
    """Remembers which layout was shown before, and whether ours comes back with the panel."""

    def __init__(self) -> None:
        self._before: int | None = None
        self._comesBack = False

    def show(self, petNode, ctNode) -> None:
        """Show volumes as a fusion, with the MIP."""
        self._remember()
        Display.showFusion(petNode, ctNode)

    def showSoon(self, petNode, ctNode) -> None:
        """The same, but the MIP, which takes longest, comes when the slices are there."""
        self._remember()
        Display.showSlices(petNode, ctNode)
        qt.QTimer.singleShot(0, lambda: Display.showMip(petNode))

    def showLayout(self) -> None:
        """The layout with what its views show already."""
        if Display.currentLayout() is not None:
            self._remember()
            Display.showLayout()

    def enter(self) -> None:
        """The panel is opened again."""
        if self._comesBack:
            self._before = Display.currentLayout()
            Display.showLayout()

    def _remember(self) -> None:
        if not Display.isShown():
            self._before = Display.currentLayout()

    def exit(self) -> None:
        """The panel is left."""
        self._comesBack = Display.isShown()
        Display.restoreLayout(self._before)
        self._before = None
