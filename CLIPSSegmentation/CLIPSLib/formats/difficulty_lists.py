"""What a hospital knows of its patients already: lists of ids, columns of spreadsheets, its metriques.txt files.

Ids are text ("007" is not "7") and nothing is dropped: who is who is decided by whoever calls (`tasks.difficulty`).
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.errors import Failure, Refusal, UsageError
from CLIPSLib.files import sha256_file

_NOTHING = ("", "na", "n/a", "nan", "none", "null", "-", "–")
_SEPARATORS = "\t;,"


@dataclass(frozen=True, kw_only=True)
class GivenValues:
    """Numbers by id, in the order of the file; None where it says nothing.

    source: file and column; sha256: of the file. repeated: ids that stand in it more than once.
    """

    values: Mapping[str, float | None]
    source: str
    sha256: str
    repeated: tuple[str, ...] = ()


def read_id_list(path: str | os.PathLike) -> GivenValues:
    """A plain list of ids, each with the value 1: one per line, or separated by commas, semicolons or tabs.

    Quotes and square brackets (a list as Python writes it) and what follows a "#" are left out.

    Raises:
        Failure: unreadable. Refusal: no id in it.
    """
    lines = [line.split("#", 1)[0] for line in _text(path).splitlines()]
    ids = [item.strip(" '\"[]()") for line in lines for item in re.split(f"[{_SEPARATORS}]", line)]
    ids = [item for item in ids if item]
    if not ids:
        raise Refusal("no-ids", "The list holds no id", str(path), "Write one id per line.")
    repeated = tuple(dict.fromkeys(item for i, item in enumerate(ids) if item in ids[:i]))
    return GivenValues(
        values=dict.fromkeys(ids, 1.0),
        source=f"list {Path(path).name}",
        sha256=sha256_file(path),
        repeated=repeated,
    )


def read_csv_values(path: str | os.PathLike, *, id_column: str, value_column: str) -> GivenValues:
    """A column of numbers from a table with a heading; the separator is found, a decimal comma understood.

    Raises:
        Failure: unreadable. UsageError: "no-column", with those there are. Refusal: a cell that is no number, or two
            values for one id.
    """
    headings, rows = _table(path)
    for column in (id_column, value_column):
        if column not in headings:
            known = ", ".join(f"'{heading}'" for heading in headings)
            raise UsageError("no-column", f"The table has no column '{column}'; it has: {known}", str(path))
    at_id, at_value = headings.index(id_column), headings.index(value_column)
    values: dict[str, float | None] = {}
    repeated: list[str] = []
    for line, row in rows:
        case, cell = _cell(row, at_id), _cell(row, at_value)
        if not case:
            continue
        value = _number(cell, f"column '{value_column}', line {line}", path)
        if case in values:
            repeated.append(case)
            if values[case] != value:
                what = f"'{case}' has two values in column '{value_column}': {values[case]} and {value} (line {line})"
                raise Refusal("two-values", what, str(path), "Keep one line per id.")
        values[case] = value
    return GivenValues(
        values=values,
        source=f"column '{value_column}' of {Path(path).name}",
        sha256=sha256_file(path),
        repeated=tuple(dict.fromkeys(repeated)),
    )


def _table(path: str | os.PathLike) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The headings, and each row with the number of its line. The separator is the one most frequent in the heading."""
    text = _text(path)
    heading = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=heading.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if not rows:
        raise Refusal("empty-table", "The table is empty", str(path), "Export it again, with a heading.")
    return [cell.strip() for cell in rows[0][1]], rows[1:]


def _cell(row: list[str], column: int) -> str:
    """A cell without blanks and without the "'" that keeps spreadsheets from reading ids as numbers or formulas."""
    return row[column].strip().removeprefix("'") if column < len(row) else ""


def _number(cell: str, place: str, path: str | os.PathLike) -> float | None:
    if cell.lower() in _NOTHING:
        return None
    try:
        value = float(cell.replace(",", ".").removesuffix("%").strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refusal("no-number", f"'{cell}' is no number ({place})", str(path), "Correct it, or leave it empty.")
    return value


def _text(path: str | os.PathLike) -> str:
    """The text of a file in UTF-8 (with or without mark) or, as older Windows programs write it, in cp1252."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise Failure("cannot-read", f"Cannot read the file: {error.strerror}", str(path)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
