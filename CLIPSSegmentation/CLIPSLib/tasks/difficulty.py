"""Difficulty tables of a registry: measured, imported, combined, judged. Called by `clips cases difficulty` and panels.

Tables are kept as `difficulty/<name>.json` in the registry's folder. A measured table can be made again at any time
and is replaced when its evidence changed; one that was imported or combined is replaced only when asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from CLIPSLib.difficulty import (
    DifficultyTable,
    MeasureSettings,
    Validity,
    combine,
    given_table,
    list_measurers,
    measure_difficulties,
    measure_difficulty,
    participants_of,
    read_difficulty,
    validity,
    write_difficulty,
)
from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.tasks.case_ids import MatchedIds, match_ids
from CLIPSLib.tasks.table_origin import with_origin

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry
    from CLIPSLib.difficulty.types import HardWhen
    from CLIPSLib.formats.difficulty_lists import GivenValues

FOLDER = "difficulty"
_DEFAULTS = MeasureSettings()


@dataclass(frozen=True, kw_only=True)
class ImportedDifficulty:
    """The table made from somebody else's numbers, and which ids of the file are no case of the registry."""

    table: DifficultyTable
    unknown_ids: tuple[str, ...]
    repeated_ids: tuple[str, ...]
    unlisted_cases: tuple[str, ...]


def measure_tables(
    registry: Registry,
    measurers: Sequence[str],
    *,
    settings: MeasureSettings = _DEFAULTS,
    label: str = "",
    reporter: Reporter = SILENT,
) -> dict[str, DifficultyTable]:
    """Measure and keep tables.

    label: goes into their names ("tmtv-folds-0"), so that the tables of several folds are kept side by side.
    Raises as `measure_difficulties`.
    """
    measured = measure_difficulties(registry, measurers, settings=settings, reporter=reporter)
    tables = [with_origin(registry, table, reporter) for table in measured.values()]
    if label:
        tables = [replace(t, measurer=f"{t.measurer}-{label}", title=f"{t.title} ({label})") for t in tables]
    return {table.measurer: keep_table(registry, table, overwrite=True) for table in tables}


def import_table(
    registry: Registry,
    given: GivenValues,
    *,
    name: str,
    hard_when: HardWhen,
    unlisted: float | None = None,
    unit: str = "",
    settings: MeasureSettings = _DEFAULTS,
    overwrite: bool = False,
) -> ImportedDifficulty:
    """Make and keep a table of numbers from elsewhere.

    unlisted: the value of cases that the file does not name (0 for a list of hard patients: the others are easy);
    None leaves them without a score. Ids that are no case are reported, those of a patient mean all of his cases.

    Raises:
        UsageError: the name is a measurer's or no file name. Refusal: the table exists; two values for one case; an id
            that means different cases; no id is a case.
    """
    _require_free_name(name)
    matched = match_ids(registry, list(given.values))
    if not matched.cases:
        shown = ", ".join(matched.unknown[:5])
        what = f"None of the {len(given.values)} ids is a case or patient of the registry ({shown}, ...)"
        raise Refusal("no-known-id", what, given.source, "Ids are text: leading zeros and blanks count.")
    listed = _values_of_cases(given, matched)
    participants = participants_of(registry.cases(), settings)
    unlisted_cases = tuple(case for case in participants.ranked if case not in listed)
    values = {case: listed.get(case, unlisted) for case in participants.ranked}
    table = given_table(
        name,
        f"{name} (imported)",
        values,
        hard_when=hard_when,
        unit=unit,
        source=f"{given.source} (sha256 {given.sha256})",
        missing={
            case: "the file does not name this case" if case in unlisted_cases else "the file gives no value"
            for case, value in values.items()
            if value is None
        },
        outside=participants.outside,
        quarantined=participants.quarantined,
    )
    return ImportedDifficulty(
        table=keep_table(registry, table, overwrite=overwrite),
        unknown_ids=matched.unknown,
        repeated_ids=given.repeated,
        unlisted_cases=unlisted_cases,
    )


def combine_tables(
    registry: Registry, weights: Mapping[str, float], *, name: str, overwrite: bool = False
) -> DifficultyTable:
    """Combine tables that are kept in the registry, and keep the result. Raises as `combine`, `stored_table`."""
    _require_free_name(name)
    table = combine([stored_table(registry, part) for part in weights], weights, name=name)
    return keep_table(registry, table, overwrite=overwrite)


def table_validity(
    table: DifficultyTable, out_of_fold_dice: Mapping[str, float | None], *, model: str = ""
) -> Validity:
    """`validity`, which also says when it is circular: a teacher's own Dice against the teacher's score.

    model: whose Dice it is, "" for numbers from a file.
    """
    found = validity(table, out_of_fold_dice)
    if model and table.options.get("teacher") == model:
        return replace(found, warning=f"Circular: the score and the Dice are both made from the masks of '{model}'.")
    return found


def dice_of_model(
    registry: Registry, model: str = "", *, reporter: Reporter = SILENT
) -> tuple[dict[str, float | None], str]:
    """Dice by case of the masks that a model predicted, against the references; and the model's name.

    The model must not have been trained on these cases: a network remembers them. model: "" where there is only one.

    Raises:
        UsageError, Question: as `measure_difficulty` for a teacher.
    """
    settings = MeasureSettings(teacher=model)
    lost = measure_difficulty(registry, "teacher_dice", settings=settings, reporter=reporter)
    dice = {case: None if value is None else 1.0 - value for case, value in lost.values.items()}
    return dice, lost.options["teacher"]


def dice_of_cases(registry: Registry, given: GivenValues) -> tuple[dict[str, float | None], tuple[str, ...]]:
    """Dice by case from a file, and the ids in it that are no case. Raises as `import_table`."""
    matched = match_ids(registry, list(given.values))
    return _values_of_cases(given, matched), matched.unknown


def keep_table(registry: Registry, table: DifficultyTable, *, overwrite: bool = False) -> DifficultyTable:
    """Write a table into the registry's folder; one of equal evidence stays as it is and is given back.

    Raises:
        Refusal: there is another of this name and `overwrite` is False. Failure: the disk does not take it.
    """
    path = table_path(registry, table.measurer)
    if path.exists():
        stored = read_difficulty(path)
        if stored.evidence_sha256 == table.evidence_sha256:
            return stored
    write_difficulty(path, table, overwrite=overwrite)
    return table


def stored_table(registry: Registry, name: str) -> DifficultyTable:
    """A table of the registry by its name.

    Raises:
        UsageError: there is none. Failure, Refusal: as `read_difficulty`.
    """
    names = stored_names(registry)
    if name not in names:
        there = f"there are: {', '.join(names)}" if names else "none has been made yet"
        what = f"The registry has no difficulty table '{name}'; {there}"
        raise UsageError("no-table", what, str(registry.folder), "Measure, import or combine it first.")
    return read_difficulty(table_path(registry, name))


def stored_names(registry: Registry) -> list[str]:
    """The tables that are kept, by name."""
    return sorted(path.stem for path in (registry.folder / FOLDER).glob("*.json"))


def table_path(registry: Registry, name: str) -> Path:
    """Where a table lies."""
    return registry.folder / FOLDER / f"{name}.json"


def _values_of_cases(given: GivenValues, matched: MatchedIds) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    named_by: dict[str, str] = {}
    for given_id, cases in matched.cases.items():
        for case in cases:
            value = given.values[given_id]
            if case in values and values[case] != value:
                what = f"'{given_id}' and '{named_by[case]}' are both case {case}, with different values"
                raise Refusal("two-values", what, given.source, "Keep one of them.")
            values[case], named_by[case] = value, given_id
    return values


def _require_free_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", name):
        raise UsageError("table-name", f"'{name}' is no name of a table; use letters, digits, '-' and '_'")
    if name in {measurer.name for measurer in list_measurers()}:
        raise UsageError("table-name", f"'{name}' is the name of a measurer", "", "Choose another name.")
