"""The tables of a run: one row per step, per validated case, per drawn case. Called by the engine.

A run that goes on from a checkpoint first removes the rows of the steps it will repeat, so that no step is told twice.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from CLIPSLib.errors import Failure
from CLIPSLib.files import write_text

METRICS = ("step", "loss", "learning_rate", "gradient_norm", "seconds", "waited_s", "cases", "case_losses")
VALIDATION = ("step", "case", "dice", "reference_ml", "prediction_ml", "fpv_ml", "fnv_ml", "lesion_recall")
VALIDATION += ("lesion_precision", "lesion_f1", "nsd", "hd95_mm", "loss", "seconds")


class Table:
    """A CSV file whose first column is the step, written row by row."""

    def __init__(self, path: Path, columns: Sequence[str], *, before: int) -> None:
        """before: only the rows of earlier steps are kept (a killed process may also have left half a row)."""
        self._path, self._columns = path, columns
        rows = [row for row in _rows(path, columns) if int(row[0]) < before] if path.exists() else []
        write_text(path, "".join(map(_line, [columns, *rows])), overwrite=True)
        self._stream = open(path, "a", encoding="utf-8", newline="", buffering=1)  # noqa: SIM115 closed by `close`

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row; None is left empty. Raises Failure: the disk is full or cannot be written to."""
        with self._writing():
            self._stream.write(_line([_cell(row.get(column)) for column in self._columns]))

    def flush_to_disk(self) -> None:
        """A checkpoint counts these rows: a power cut may not take them. Raises as `add`."""
        with self._writing():
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written was told when it was added
            self._stream.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno == errno.ENOSPC
            what = "The disk is full" if full else f"Cannot write: {error.strerror}"
            remedy = "Free space, and resume the run."
            raise Failure("disk-full" if full else "cannot-write", what, str(self._path), remedy) from error


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
