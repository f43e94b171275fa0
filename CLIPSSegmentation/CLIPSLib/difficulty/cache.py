"""Numbers of a case that take seconds to make, kept by the hash of what they were made from.

One small JSON file per hash in the registry's folder: two programs may write at once, and a lost file costs seconds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.errors import ClipsError
from CLIPSLib.files import read_json, write_json

CACHE_FORMAT = "clips-difficulty-cache"
CACHE_VERSION = 1


def cached(folder: Path | None, evidence: str, make: Callable[[], Found]) -> Found:
    """What was made from this evidence before, else what `make` gives, which is kept. folder: None keeps nothing.

    A file that cannot be read is made again, a disk that takes none is no reason to stop.
    """
    if folder is None:
        return make()
    path = folder / f"{evidence}.json"
    if path.exists():
        with contextlib.suppress(ClipsError, KeyError):
            document = read_json(path, format_name=CACHE_FORMAT, version=CACHE_VERSION)
            return {**document["values"], **{name: Undefined(why) for name, why in document["undefined"].items()}}
    found = make()
    with contextlib.suppress(ClipsError):
        write_json(path, _document(found), format_name=CACHE_FORMAT, version=CACHE_VERSION, overwrite=True)
    return found


def _document(found: Found) -> dict:
    return {
        "values": {name: value for name, value in found.items() if not isinstance(value, Undefined)},
        "undefined": {name: str(value) for name, value in found.items() if isinstance(value, Undefined)},
    }
