"""What a score rests on, as a hash: masks, options, versions. Equal evidence, equal scores: these are cached."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from CLIPSLib.provenance import VERSION

DEFINITIONS = 2  # raise it whenever a measurer's definition changes: cached numbers are then made again


def digest(content: Any) -> str:
    """SHA-256 (hex) of JSON-ready content; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def stamped(content: Any) -> str:
    """`digest` of the content together with the versions of this software and of its definitions."""
    return digest([content, VERSION, DEFINITIONS])
