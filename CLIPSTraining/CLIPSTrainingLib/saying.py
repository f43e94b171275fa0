"""How the sections of the panel tell what went wrong with a disk, a file or a node, and that work takes a moment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import qt
import slicer
from slicer.i18n import tr as _


@contextlib.contextmanager
def saying(say: Callable[[str], None], *, aloud: bool = False) -> Iterator[None]:
    """Inside the block an error goes to `say(text)` and no further; programming errors pass.

    aloud: also in a dialog, where somebody might go on without having read it.
    """
    from CLIPSLib import ClipsError

    try:
        yield
    except (ClipsError, OSError, RuntimeError, ValueError) as error:
        text = _filesMissing(error) if isinstance(error, RuntimeError) else str(error)
        say(text)
        if aloud:
            slicer.util.errorDisplay(text, windowTitle=_("CLIPS Training"))


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """The cursor of work that takes a moment. That of `slicer.util` lets Slicer handle events first, and with them a
    second press of the key that began the work: it would be taken for the case that comes next.
    """
    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    try:
        yield
    finally:
        qt.QApplication.restoreOverrideCursor()


def _filesMissing(error: RuntimeError) -> str:
    """SimpleITK raises a RuntimeError of several lines when a file cannot be read or written."""
    reason = str(error).strip().splitlines()[-1]
    return _("The registry’s files cannot be read or written; is its disk there? ({reason})").format(reason=reason)
