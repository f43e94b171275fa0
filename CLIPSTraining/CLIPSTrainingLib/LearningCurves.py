"""The learning curves of a run, read from its tables while they grow. Knows no scene and no widget."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

_POINTS = 300  # of a curve on the screen; more steps are averaged


class GrowingTable:
    """The rows of a CSV file that a run appends to, and writes anew when it goes on from a checkpoint.

    columns: those that are read, as numbers; an empty cell is NaN.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._path, self._columns = path, columns
        self._forget()

    def read(self) -> bool:
        """Read what is new; returns whether anything was."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return False
        if found.st_ino != self._inode or found.st_size < self._offset:
            self._forget()
            self._inode = found.st_ino
        if found.st_size == self._offset:
            return False
        with open(self._path, "rb") as stream:
            stream.seek(self._offset)
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        for row in csv.reader(whole.decode("utf-8", errors="replace").replace("\0", "?").splitlines()):
            self._add(row)
        return bool(whole)

    def column(self, name: str) -> np.ndarray:
        """A column, float64, in the order of the rows."""
        return np.array(self._values[name], dtype=float)

    def _forget(self) -> None:
        self._offset, self._inode = 0, -1
        self._header: list[str] = []
        self._values: dict[str, list[float]] = {name: [] for name in self._columns}

    def _add(self, row: list[str]) -> None:
        if not self._header:
            self._header = row
            return
        cells = dict(zip(self._header, row, strict=False))
        try:
            numbers = [float(cells[name]) if cells.get(name) else float("nan") for name in self._columns]
        except ValueError:  # a machine that lost its power can leave bytes that were never written
            return
        for name, number in zip(self._columns, numbers, strict=True):
            self._values[name].append(number)


class LearningCurves:
    """Loss by step and Dice by validation of one run."""

    def __init__(self, folder: Path) -> None:
        self._steps = GrowingTable(folder / "metrics.csv", ("step", "loss"))
        self._validation = GrowingTable(folder / "validation.csv", ("step", "dice"))

    def read(self) -> bool:
        """Read what is new; returns whether anything was."""
        return any([self._steps.read(), self._validation.read()])

    @property
    def loss(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and mean losses, at most 300 points: of a longer run, means over equally many steps."""
        steps, losses = self._steps.column("step"), self._steps.column("loss")
        parts = max(1, min(_POINTS, len(steps)))
        return _means(np.array_split(steps, parts)), _means(np.array_split(losses, parts))

    @property
    def dice(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps that were validated and the mean Dice of the cases where it is defined."""
        steps, dice = self._validation.column("step"), self._validation.column("dice")
        known = np.isfinite(dice)
        at = np.unique(steps[known])
        return at, np.array([dice[known & (steps == step)].mean() for step in at])


def _means(parts: list[np.ndarray]) -> np.ndarray:
    return np.array([part.mean() for part in parts if len(part)])
