"""What a hospital knows of its patients already: lists of ids, columns of spreadsheets, its metriques.txt files.

Ids are text ("007" is not "7") and nothing is dropped: who is who is decided by whoever calls (`tasks.difficulty`).
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.errors import Caution, ClipsError, Refusal, UsageError
from CLIPSLib.evaluation.hospital_cohort import lesion_precision, lesion_recall
from CLIPSLib.evaluation.types import HospitalMetrics
from CLIPSLib.files import cannot_read, sha256_file
from CLIPSLib.formats.hospital_metrics import read_hospital_metrics

_NOTHING = ("", "na", "n/a", "nan", "none", "null", "-", "–")
_SEPARATORS = "\t;,"
HOSPITAL_FILE = "metriques.txt"
_HOSPITAL_HARD_WHEN = {  # of the values in metriques.txt, which ones mean a hard patient
    **dict.fromkeys(("dice", "nsd", "bji", "precision_percent", "recall_percent", "tmtv_reference_ml"), "low"),
    **dict.fromkeys(("mean_distance_mm", "hausdorff_mm", "fp_ml", "fp_raw_ml", "fn_ml"), "high"),
}
_HOSPITAL_LESIONS = {"lesion_recall": lesion_recall, "lesion_precision": lesion_precision}  # of approach 2
HOSPITAL_VALUES: Mapping[str, str] = {**_HOSPITAL_HARD_WHEN, **dict.fromkeys(_HOSPITAL_LESIONS, "low")}


@dataclass(frozen=True, kw_only=True)
class GivenValues:
    """Numbers by id, in the order of the file; None where it says nothing.

    source: file and column; sha256: of the file (of several: of their hashes). repeated: ids that stand in it more
    than once. cautions: files that could not be read.
    """

    values: Mapping[str, float | None]
    source: str
    sha256: str
    repeated: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


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


def read_hospital_values(folder: str | os.PathLike, value: str, *, matching: str | None = None) -> GivenValues:
    """One value of every `metriques.txt` below a folder, by the patient that the file names.

    value: of `HOSPITAL_VALUES`, which also says which values mean a hard patient. matching: as `read_hospital_metrics`.
    A file that cannot be read becomes a caution.

    Raises:
        UsageError: another value; a file does not say its matching and nobody did. Refusal: no such file.
    """
    if value not in HOSPITAL_VALUES:
        raise UsageError(
            "no-column", f"There is no '{value}' in {HOSPITAL_FILE}; there are: {', '.join(HOSPITAL_VALUES)}"
        )
    paths = sorted(Path(folder).rglob(HOSPITAL_FILE))
    values: dict[str, float | None] = {}
    cautions: list[Caution] = []
    hashes: list[str] = []
    for path in paths:
        try:
            metrics = read_hospital_metrics(path, matching=matching)
        except UsageError:
            raise
        except ClipsError as error:
            cautions.append(Caution("unreadable", f"Left out: {error.what}", str(path)))
            continue
        if metrics.patient in values:
            what = f"Two files are of patient '{metrics.patient}'"
            raise Refusal("two-values", what, str(path), "Leave one of them in the folder.")
        values[metrics.patient] = _hospital_value(metrics, value)
        hashes.append(sha256_file(path))
    if not values:
        raise Refusal("no-metrics", f"The folder holds no {HOSPITAL_FILE} that can be read", str(folder))
    return GivenValues(
        values=values,
        source=f"'{value}' of {len(values)} {HOSPITAL_FILE} in {Path(folder).name}",
        sha256=hashlib.sha256("".join(hashes).encode()).hexdigest(),
        cautions=tuple(cautions),
    )


def _hospital_value(metrics: HospitalMetrics, value: str) -> float | None:
    return _HOSPITAL_LESIONS[value](metrics) if value in _HOSPITAL_LESIONS else getattr(metrics, value)


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
        raise cannot_read(path, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
