"""How the sections of the panel tell what went wrong with a disk, a file or a node."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import slicer
from slicer.i18n import tr as _


@contextlib.contextmanager
def saying(say: Callable[[str], None], *, aloud: bool = False) -> Iterator[None]:
    """Inside the block an error goes to `say(text)` and no further; programming errors pass.

    What SimpleITK cannot read or write, as on a disk that has gone, is a RuntimeError.

    aloud: also in a dialog, where somebody might go on without having read it.
    """
    from CLIPSLib import ClipsError

    try:
        yield
    except (ClipsError, OSError, RuntimeError, ValueError) as error:
        say(str(error))
        if aloud:
            slicer.util.errorDisplay(str(error), windowTitle=_("CLIPS Training"))
