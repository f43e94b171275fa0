"""Names of readers, raters and authors, and the numbers they bring along, checked. Used by what they write."""

from __future__ import annotations

import math

from CLIPSLib.errors import UsageError


def require_name(name: str, role: str) -> str:
    """The name without blanks around it. Raises `UsageError` when nothing is left."""
    if not isinstance(name, str) or not name.strip():
        raise UsageError("no-name", f"The {role} needs a name, not {name!r}", remedy="Initials are enough.")
    return name.strip()


def require_effort(active_s: float, edit_count: int = 0) -> None:
    """Raises `UsageError` unless seconds and edits are numbers from 0 up."""
    if not (math.isfinite(active_s) and active_s >= 0 and edit_count >= 0):
        raise UsageError("effort", f"Active seconds {active_s!r} and edits {edit_count!r} must be numbers from 0 up")
