"""`trace.json`: in which order a run was to draw, and what it really drew. Written with every checkpoint; read by
reports and by the yoked control.

Called by `run.py`, `telling.py` and `tasks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.curriculum import Description, DrawTrace, TraceRow
from CLIPSLib.files import write_json
from CLIPSLib.schema import load_json, to_document
from CLIPSLib.training.types import RunReporter

FORMAT, VERSION = "clips-draw-trace", 1
_SHOWN = 5  # ids at each end of an order


@dataclass(frozen=True, kw_only=True)
class RunTrace:
    """The draws of a run so far. draws: patches by case, 0 for those never drawn; pool_sizes, rows: as `DrawTrace`.
    curriculum, fingerprint, order, quarantined: what was planned, as `Description`."""

    pool_sizes: tuple[tuple[int, int], ...]
    draws: Mapping[str, int]
    rows: tuple[TraceRow, ...]
    curriculum: str = ""
    fingerprint: str = ""
    order: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()


def write_trace(path: Path, trace: DrawTrace) -> None:
    """Replace the file. Raises as `files.write_json`."""
    planned = trace.description
    content = RunTrace(
        pool_sizes=trace.pool_sizes,
        draws=trace.draws_by_case,
        rows=trace.rows,
        curriculum=planned.name,
        fingerprint=planned.fingerprint,
        order=planned.order,
        quarantined=planned.quarantined,
    )
    write_json(path, to_document(content), format_name=FORMAT, version=VERSION, overwrite=True)


def read_trace(path: str | Path) -> RunTrace:
    """The draws of a run. Raises Failure, Refusal: there is no such file, or it is damaged."""
    return load_json(path, RunTrace, format_name=FORMAT, version=VERSION)


def tell_plan(planned: Description, reporter: RunReporter) -> None:
    """Say before the first step what is about to be drawn: the order by its ends and its hash; what to beware of."""
    for caution in planned.cautions:
        reporter.caution(caution)
    reporter.event(
        "curriculum",
        curriculum=planned.name,
        fingerprint=planned.fingerprint,
        seed=planned.seed,
        ranked=len(planned.order),
        first=list(planned.order[:_SHOWN]),
        last=list(planned.order[-_SHOWN:]),
        quarantined=list(planned.quarantined),
    )
