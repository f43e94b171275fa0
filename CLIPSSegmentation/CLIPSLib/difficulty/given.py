"""A table from numbers that somebody else made: a list of hard patients, a column of a spreadsheet. Called by tasks."""

from __future__ import annotations

from collections.abc import Mapping

from CLIPSLib.difficulty.evidence import digest
from CLIPSLib.difficulty.ranking import oriented
from CLIPSLib.difficulty.types import DifficultyTable, HardWhen
from CLIPSLib.provenance import software, utc_now


def given_table(
    name: str,
    title: str,
    values: Mapping[str, float | None],
    *,
    hard_when: HardWhen,
    unit: str = "",
    source: str,
    missing: Mapping[str, str],
    outside: Mapping[str, str],
    quarantined: Mapping[str, str],
) -> DifficultyTable:
    """values: of the ranked cases, None where the source says nothing (then with a reason in `missing`).

    source: file and column in words, with the file's hash.
    """
    return DifficultyTable(
        measurer=name,
        title=title,
        hard_when=hard_when,
        unit=unit,
        caveat="Made elsewhere: what it measures is known only to its source.",
        scores={case: None if value is None else oriented(value, hard_when) for case, value in values.items()},
        values=values,
        scored_on=source,
        evidence_sha256=digest([name, source, hard_when, dict(values), dict(outside), dict(quarantined)]),
        missing=missing,
        outside=outside,
        quarantined=quarantined,
        created_utc=utc_now(),
        software=software(),
    )
