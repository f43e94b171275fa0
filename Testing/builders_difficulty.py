"""Difficulty tables from a few numbers, for tests that calculate by hand."""

from __future__ import annotations

from collections.abc import Mapping

from CLIPSLib.difficulty import DifficultyTable
from CLIPSLib.difficulty.ranking import oriented


def table(measurer: str, values: Mapping[str, float | None], *, hard_when="high", **fields) -> DifficultyTable:
    """A table of these values."""
    return DifficultyTable(
        measurer=measurer,
        title=measurer,
        hard_when=hard_when,
        unit="",
        caveat="",
        scores={case: None if value is None else oriented(value, hard_when) for case, value in values.items()},
        values=values,
        scored_on="numbers of a test",
        evidence_sha256=measurer,
        **fields,
    )
