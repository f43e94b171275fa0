"""The tables of a run: one row per step, per validated case, per drawn case. Called by the engine.

A run that goes on from a checkpoint first removes the rows of the steps it will repeat, so that no step is told twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from CLIPSLib.files import write_text

METRICS = ("step", "loss", "learning_rate", "gradient_norm", "seconds", "waited_s", "cases", "case_losses")
VALIDATION = ("step", "case", "dice", "reference_ml", "prediction_ml", "fpv_ml", "fnv_ml", "lesion_recall")
VALIDATION += ("lesion_precision", "lesion_f1", "nsd", "hd95_mm", "loss", "seconds")


class Table:
    """A CSV file whose first column is the step, written row by row."""

    def __init__(self, path: Path, columns: Sequence[str], *, before: int) -> None:
        """before: only the rows of earlier steps are kept (a killed process may also have left half a row)."""
        self._columns = columns
        rows = [row for row in _rows(path, columns) if int(row[0]) < before] if path.exists() else []
        write_text(path, "".join(map(_line, [columns, *rows])), overwrite=True)
        self._stream = open(path, "a", encoding="utf-8", newline="", buffering=1)  # noqa: SIM115 closed by `close`

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row; None is left empty. Raises OSError."""
        self._stream.write(_line([_cell(row.get(column)) for column in self._columns]))

    def close(self) -> None:
        self._stream.close()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Replace a whole table."""
    write_text(path, "".join(_line(row) for row in [columns, *rows]), overwrite=True)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text by column; a row still being written is left out."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if None not in row.values()]


def _rows(path: Path, columns: Sequence[str]) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return [row for row in csv.reader(stream) if len(row) == len(columns) and row[0].isdigit()]


def _line(row: Sequence[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(row)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else value
