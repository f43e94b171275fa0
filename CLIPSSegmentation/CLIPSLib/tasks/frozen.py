"""What freezing from a registry and from folders has in common: the list of cases with scores, and what to know of it.

Called by `freeze_cases` and `freeze_folders`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from CLIPSLib.difficulty import DifficultyTable, require_unlearned
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.training import TRAIN, VALIDATE, CaseList, TrainingCase

CASES_FILE = "cases.json"


@dataclass(frozen=True, kw_only=True)
class AboutCases:
    """What the list should say beside its cases. difficulty: the table that scores are taken from.

    training_data, licence_of_data: for the card of models trained with them, in words.
    """

    difficulty: DifficultyTable | None = None
    training_data: str = ""
    licence_of_data: str = ""


@dataclass(frozen=True, kw_only=True)
class FrozenCases:
    """A list that was written, the folder it lies in, and what to know about it."""

    folder: Path
    cases: CaseList
    cautions: tuple[Caution, ...] = field(default=())


def case_list(
    cases: Sequence[TrainingCase],
    about: AboutCases,
    *,
    source: str,
    left_out: Mapping[str, str],
    remedy: str = "Look at the reason of each case.",
) -> CaseList:
    """The cases with their scores. remedy: what helps when none is left.

    Raises:
        Refusal: no case to train with, a case twice, a patient both trained and validated with, or a difficulty
            table whose makers learned from cases to validate with.
    """
    if not any(case.role == TRAIN for case in cases):
        raise Refusal("no-cases", f"No case is left to train with: {_reasons(left_out)}", source, remedy)
    try:
        listed = CaseList(
            cases=tuple(cases),
            source=source,
            training_data=about.training_data,
            licence_of_data=about.licence_of_data,
            left_out=dict(left_out),
        )
    except ValueError as error:
        raise Refusal("cases-overlap", str(error).capitalize(), source, "Correct the split or the folders.") from error
    return listed if about.difficulty is None else with_scores(listed, about.difficulty)


def _reasons(left_out: Mapping[str, str]) -> str:
    """ "no reference mask: C0001, C0002, C0003 and 9 more; ..." """
    by_reason: dict[str, list[str]] = {}
    for case, why in left_out.items():
        by_reason.setdefault(why, []).append(case)
    told = []
    for why, ids in list(by_reason.items())[:5]:
        more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
        told.append(f"{why}: {', '.join(ids[:3])}{more}")
    return "; ".join(told) or "none was found"


def with_scores(cases: CaseList, table: DifficultyTable) -> CaseList:
    """The cases to train with ordered by a table; those to validate with get no score.

    Raises:
        Refusal: the networks that made the table had learned from cases to validate with.
    """
    require_unlearned(table, [case.case_id for case in cases.of_role(VALIDATE)])
    return replace(
        cases,
        cases=tuple(
            replace(case, score=table.scores.get(case.case_id) if case.role == TRAIN else None) for case in cases.cases
        ),
        difficulty={"measurer": table.measurer, "evidence_sha256": table.evidence_sha256},
    )


def missing_scores(cases: CaseList) -> tuple[Caution, ...]:
    """A caution when a difficulty table was given and some cases to train with have no score."""
    without = [case.case_id for case in cases.of_role(TRAIN) if case.score is None] if cases.difficulty else []
    if not without:
        return ()
    what = f"{len(without)} case(s) to train with have no score of difficulty: {', '.join(without[:10])}"
    return (Caution("no-score", what, str(cases.difficulty["measurer"])),)


def reference_volume_ml(mask: str) -> float:
    """The volume of what a frozen mask marks, 0 for a lesion-free case. Raises Failure: it cannot be read."""
    from CLIPSLib.formats import read_labels
    from CLIPSLib.imaging import array_view, voxel_volume_ml

    image = read_labels(mask)
    return float((array_view(image) > 0).sum() * voxel_volume_ml(image))
