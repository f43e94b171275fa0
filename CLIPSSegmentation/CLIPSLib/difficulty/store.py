"""`difficulty.json`: one table, written whole and read back as it was. Called by tasks and panels."""

from __future__ import annotations

import os
from pathlib import Path

from CLIPSLib.difficulty.types import DifficultyTable
from CLIPSLib.files import write_json
from CLIPSLib.schema import load_json, to_document

DIFFICULTY_FORMAT = "clips-difficulty"
DIFFICULTY_VERSION = 1


def write_difficulty(path: str | os.PathLike, table: DifficultyTable, *, overwrite: bool = False) -> Path:
    """Write a table.

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    return write_json(
        path, to_document(table), format_name=DIFFICULTY_FORMAT, version=DIFFICULTY_VERSION, overwrite=overwrite
    )


def read_difficulty(path: str | os.PathLike) -> DifficultyTable:
    """Read a table.

    Raises:
        Failure: missing or not JSON. Refusal: another format, a newer version, or not a valid table.
    """
    return load_json(path, DifficultyTable, format_name=DIFFICULTY_FORMAT, version=DIFFICULTY_VERSION)
