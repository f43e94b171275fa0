"""What one family of measurers found in the cases of a registry, and how that becomes tables. Called by `measure`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from CLIPSLib.difficulty.evidence import stamped
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.ranking import oriented, significant
from CLIPSLib.difficulty.types import DifficultyTable, MeasurerDescription
from CLIPSLib.provenance import software, utc_now


@dataclass(frozen=True, kw_only=True)
class Findings:
    """values: case -> measurer -> value or why there is none. evidence: case -> hash of what they were made from.

    remarks: measurer -> case -> what a value rests on or lacks.
    """

    values: Mapping[str, Found]
    evidence: Mapping[str, str]
    scored_on: str
    options: Mapping[str, Any] = field(default_factory=dict)
    remarks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Participants:
    """Who is ranked: case ids in order of their text; outside and quarantined: case -> reason."""

    ranked: tuple[str, ...]
    outside: Mapping[str, str]
    quarantined: Mapping[str, str]


def table_of(measurer: MeasurerDescription, findings: Findings, participants: Participants) -> DifficultyTable:
    """The table of one measurer."""
    found = {case: findings.values[case][measurer.name] for case in participants.ranked}
    values = {case: None if isinstance(value, Undefined) else significant(value) for case, value in found.items()}
    evidence = {case: findings.evidence[case] for case in participants.ranked}
    options = dict(findings.options)
    remarks = findings.remarks.get(measurer.name, {})
    rests_on = [measurer.name, options, evidence, dict(participants.outside), dict(participants.quarantined)]
    return DifficultyTable(
        measurer=measurer.name,
        title=measurer.title,
        hard_when=measurer.hard_when,
        unit=measurer.unit,
        caveat=measurer.caveat,
        scores={c: None if value is None else oriented(value, measurer.hard_when) for c, value in values.items()},
        values=values,
        scored_on=findings.scored_on,
        evidence_sha256=stamped(rests_on),
        missing={case: str(value) for case, value in found.items() if isinstance(value, Undefined)},
        outside=participants.outside,
        quarantined=participants.quarantined,
        remarks={case: why for case, why in remarks.items() if values.get(case) is not None},
        evidence=evidence,
        options=options,
        created_utc=utc_now(),
        software=software(),
    )
