"""Where lists were frozen to from a registry, so that whoever removes a case can be told who still holds it.

A small file per list in `frozen/` of the registry's folder: no program waits for another, and a lost one costs a hint.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.errors import ClipsError
from CLIPSLib.files import read_json, write_json
from CLIPSLib.provenance import utc_now

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry

FOLDER = "frozen"
_FORMAT, _VERSION = "clips-frozen-place", 1


def remember_place(registry: Registry, path: Path) -> None:
    """Note that a list was written; a folder that takes nothing is no reason to fail."""
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    note = {"path": str(path.absolute()), "frozen_utc": utc_now()}
    with contextlib.suppress(ClipsError):
        write_json(
            registry.folder / FOLDER / f"{name}.json", note, format_name=_FORMAT, version=_VERSION, overwrite=True
        )


def frozen_places(registry: Registry) -> list[Path]:
    """Where lists were written, whether they are there still or not."""
    places = []
    for note in sorted((registry.folder / FOLDER).glob("*.json")):
        with contextlib.suppress(ClipsError, KeyError):
            places.append(Path(read_json(note, format_name=_FORMAT, version=_VERSION)["path"]))
    return places
