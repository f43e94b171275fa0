"""Names of readers, raters and authors, and the numbers they bring along, checked. Used by what they write."""

from __future__ import annotations

import math
from numbers import Real

from CLIPSLib.errors import UsageError


def require_name(name: str, role: str) -> str:
    """The name without blanks around it. Raises `UsageError` when nothing is left, or it is no line of text."""
    if not isinstance(name, str) or not name.strip() or not name.strip().isprintable():
        raise UsageError("no-name", f"The {role} needs a name of one line, not {name!r}", remedy="Initials are enough.")
    return name.strip()


def require_text(value: str, name: str, where: str) -> None:
    """Raises `UsageError` unless it is text; "" is."""
    if not isinstance(value, str):
        raise UsageError(
            "no-text", f"The {name} is text, not {value!r}", where, 'Leave it empty ("") if there is none.'
        )


def require_effort(active_s: float, edit_count: int = 0) -> None:
    """Raises `UsageError` unless seconds and edits are numbers from 0 up."""
    numbers = all(isinstance(value, Real) for value in (active_s, edit_count))
    if not (numbers and math.isfinite(active_s) and active_s >= 0 and edit_count >= 0):
        raise UsageError("effort", f"Active seconds {active_s!r} and edits {edit_count!r} must be numbers from 0 up")
