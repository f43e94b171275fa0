"""How `clips` prints: tables for people, one JSON document for programs, errors for both.

Results go to standard output; progress, cautions and errors go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from CLIPSLib.cli.arguments import OPTION_KEYS
from CLIPSLib.errors import ClipsError, Question
from CLIPSLib.progress import SILENT, ConsoleReporter, Reporter


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    json.dump(jsonable(document), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def jsonable(value: Any) -> Any:
    """Data classes (but for fields that are hidden from people) and errors as dicts, paths as text."""
    if isinstance(value, ClipsError):
        return jsonable(value.as_dict())
    if is_dataclass(value):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [jsonable(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def print_error(error: ClipsError, *, as_json: bool) -> int:
    """Say what went wrong (with the option that answers a question) and return the exit code."""
    if as_json:
        print_json({"error": error.as_dict()})
    else:
        sys.stderr.write(f"clips: {error.kind}: {error}\n")
        if isinstance(error, Question):
            sys.stderr.write(f"       Answer with {option_for(error)}\n")
    return error.exit_code


def option_for(question: Question) -> str:
    """The command-line option that answers a question."""
    values = "|".join(question.choices) or (question.unit.upper() or "VALUE")
    if question.key.endswith("_lps_mm"):
        values = "X,Y,Z"
    if question.key in OPTION_KEYS:
        return f"--{question.key.replace('_', '-')} {values}"
    return f"--answer {question.key}={values}"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A plain table; numbers are right-aligned, None is shown as "–"."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(len(heading), *(len(row[i]) for row in cells), 0) for i, heading in enumerate(headings)]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows)
        for i in range(len(headings))
    ]
    for line in [list(headings), ["-" * width for width in widths], *cells]:
        columns = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        print("  ".join(columns).rstrip())


def option_value(value: Any) -> str:
    """The value of an option as people write it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return ",".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)


def reporter_for(parsed: Any) -> Reporter:
    """Progress and cautions on standard error; `--quiet` leaves the cautions, `--json` has them in its document."""
    return SILENT if parsed.json else ConsoleReporter(show_progress=not getattr(parsed, "quiet", False))


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)
