"""`measure_difficulty`: a registry and the name of a measurer to a table. Called by tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty.catalog import describe_measurer
from CLIPSLib.difficulty.families import disagreement, effort, rating, teacher, uptake
from CLIPSLib.difficulty.findings import Findings, Participants, table_of
from CLIPSLib.difficulty.ranking import require_known
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.difficulty.types import LESION_FREE, DifficultyTable, Family
from CLIPSLib.progress import SILENT, Reporter

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseRow, Registry

CACHE_FOLDER = "difficulty-cache"
_DEFAULTS = MeasureSettings()
_FAMILIES: dict[Family, Callable[..., Findings]] = {
    "uptake": uptake.find,
    "rating": rating.find,
    "effort": effort.find,
    "teacher": teacher.find,
    "disagreement": disagreement.find,
}


def measure_difficulty(
    registry: Registry, measurer: str, *, settings: MeasureSettings = _DEFAULTS, reporter: Reporter = SILENT
) -> DifficultyTable:
    """The table of one measurer over the cases of a registry. Raises as `measure_difficulties`."""
    return measure_difficulties(registry, [measurer], settings=settings, reporter=reporter)[measurer]


def measure_difficulties(
    registry: Registry,
    measurers: Sequence[str],
    *,
    settings: MeasureSettings = _DEFAULTS,
    reporter: Reporter = SILENT,
) -> dict[str, DifficultyTable]:
    """The tables of several measurers; images are read once per family, and not at all where nothing changed.

    Cases whose reference is empty stay outside; those of `settings.quarantine` and those whose latest review says
    "unusable" are quarantined. A case that a measurer cannot score has a reason in `missing`.

    Raises:
        UsageError: an unknown measurer or case; no predicted mask for a teacher. Question: which teacher.
        Cancelled: the reporter said so; what was measured is cached.
    """
    wanted = {name: describe_measurer(name) for name in measurers}
    participants = participants_of(registry.cases(), settings)
    cache = None if registry.read_only else Path(registry.folder) / CACHE_FOLDER
    findings = {
        family: _FAMILIES[family](registry, participants.ranked, settings, cache, reporter)
        for family in dict.fromkeys(measurer.family for measurer in wanted.values())
    }
    return {name: table_of(measurer, findings[measurer.family], participants) for name, measurer in wanted.items()}


def participants_of(rows: Sequence[CaseRow], settings: MeasureSettings) -> Participants:
    """Who is ranked, who stays outside and who is quarantined.

    Raises:
        UsageError: `settings` names a case that is not there.
    """
    known = {row.case_id: row for row in rows}
    require_known([*(settings.cases or ()), *settings.quarantine], list(known), "case")
    chosen = sorted(known if settings.cases is None else set(settings.cases))
    quarantined = {case: why for case, why in settings.quarantine.items() if case in chosen}
    for case in chosen:
        if known[case].status == "unusable":
            quarantined.setdefault(case, "reviewed as unusable")
    outside = {c: LESION_FREE for c in chosen if known[c].reference_ml == 0.0 and c not in quarantined}
    ranked = tuple(case for case in chosen if case not in quarantined and case not in outside)
    return Participants(ranked=ranked, outside=outside, quarantined=quarantined)
