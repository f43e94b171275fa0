"""Difficulty tables as one spreadsheet: a row per case, and how it was acquired. For `clips cases difficulty`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib.difficulty import DifficultyTable, acquisitions, percentiles
from CLIPSLib.formats import PLAIN, CsvStyle
from CLIPSLib.formats.tables import write_table

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry


def write_difficulty_csv(
    path: str | os.PathLike,
    registry: Registry,
    tables: Sequence[DifficultyTable],
    *,
    style: CsvStyle = PLAIN,
    overwrite: bool = False,
) -> Path:
    """Write the rows of `difficulty_rows`.

    Raises:
        Refusal: the file exists. Failure: the disk does not take it.
    """
    return write_table(path, difficulty_rows(registry, tables), style=style, overwrite=overwrite)


def difficulty_rows(registry: Registry, tables: Sequence[DifficultyTable]) -> list[dict[str, Any]]:
    """A row per case that any of the tables knows, in the order of their ids.

    Columns: the case, how it was acquired (for strata), whether it is ranked, then value and percentile (hard = 1) of
    each table, and why values are missing.
    """
    cases = sorted({case for t in tables for known in (t.scores, t.outside, t.quarantined) for case in known})
    acquired = acquisitions(registry, cases)
    ranks = [percentiles(table.scores) for table in tables]
    rows = []
    for case in cases:
        row: dict[str, Any] = {"case": case, "state": _state(case, tables), **vars(acquired[case])}
        for table, rank in zip(tables, ranks, strict=True):
            row[f"{table.measurer} ({table.unit})" if table.unit else table.measurer] = table.values.get(case)
            row[f"{table.measurer} percentile"] = rank.get(case)
        row["missing"] = " | ".join(f"{t.measurer}: {t.missing[case]}" for t in tables if case in t.missing)
        row["remarks"] = " | ".join(f"{t.measurer}: {t.remarks[case]}" for t in tables if case in t.remarks)
        rows.append(row)
    return rows


def _state(case: str, tables: Sequence[DifficultyTable]) -> str:
    """ "ranked", or why it is not."""
    for table in tables:
        if case in table.quarantined:
            return f"quarantined: {table.quarantined[case]}"
        if case in table.outside:
            return f"outside: {table.outside[case]}"
    return "ranked"
