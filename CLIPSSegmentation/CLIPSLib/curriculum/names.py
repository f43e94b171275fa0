"""Choosing by name, and reading options: an unknown word is an error that names its neighbors, never a fallback.

Called by `catalog` (curricula, pacing functions, orderings, regularizers) and by the hook.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from CLIPSLib import schema
from CLIPSLib.errors import Refusal, UsageError

T = TypeVar("T")


def choose(name: str, table: Mapping[str, T], what: str) -> T:
    """The entry `name` of a table. what: its kind, for the message ("pacing function").

    Raises:
        UsageError: there is none; the message gives the names that are near, or all.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    raise UsageError("unknown-name", f"There is no {what} '{name}'", "", suggestion(str(name), table))


def read_options(kind: type[T], given: Mapping[str, Any], where: str) -> T:
    """The options dataclass `kind` from what a user gave, types and ranges checked. where: the method, for the message.

    Raises:
        UsageError: an unknown option, a wrong type, a value out of range.
    """
    known = [field.name for field in dataclasses.fields(kind)]
    for name in given:
        if name not in known:
            raise UsageError("unknown-option", f"There is no option '{name}'", where, suggestion(name, known))
    try:
        return schema.from_document(kind, dict(given), where=where)
    except Refusal as refusal:  # what a file does wrong is a refusal; what a caller does wrong is usage
        raise UsageError("invalid-option", refusal.what, where) from refusal


def suggestion(name: str, known: Iterable[str]) -> str:
    """ "Did you mean ...?" or the whole list."""
    names = list(known)
    near = [other for other in names if name and (name in other or other in name)]
    near += [other for other in difflib.get_close_matches(name, names, n=3, cutoff=0.6) if other not in near]
    return f"Did you mean {' or '.join(near)}?" if near else f"Choose one of: {', '.join(names)}."
