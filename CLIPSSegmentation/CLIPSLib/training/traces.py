"""`trace.json`: what a run really drew. Written with every checkpoint; read by reports and by the yoked control.

Called by `telling.py` and by `tasks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.curriculum import DrawTrace, TraceRow
from CLIPSLib.files import write_json
from CLIPSLib.schema import load_json, to_document

FORMAT, VERSION = "clips-draw-trace", 1


@dataclass(frozen=True, kw_only=True)
class RunTrace:
    """The draws of a run so far. draws: patches by case, 0 for those never drawn; pool_sizes, rows: as `DrawTrace`."""

    pool_sizes: tuple[tuple[int, int], ...]
    draws: Mapping[str, int]
    rows: tuple[TraceRow, ...]


def write_trace(path: Path, trace: DrawTrace) -> None:
    """Replace the file. Raises as `files.write_json`."""
    content = RunTrace(pool_sizes=trace.pool_sizes, draws=trace.draws_by_case, rows=trace.rows)
    write_json(path, to_document(content), format_name=FORMAT, version=VERSION, overwrite=True)


def read_trace(path: str | Path) -> RunTrace:
    """The draws of a run. Raises Failure, Refusal: there is no such file, or it is damaged."""
    return load_json(path, RunTrace, format_name=FORMAT, version=VERSION)
