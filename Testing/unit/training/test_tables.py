"""Tables of a run: no step told twice, no half rows, a full disk told as such."""

from __future__ import annotations

import errno

import pytest
from CLIPSLib.errors import Failure
from CLIPSLib.training.tables import Table, read_table

COLUMNS = ("step", "loss")


def filled(path, steps: int) -> None:
    table = Table(path, COLUMNS, before=0)
    for step in range(steps):
        table.add({"step": step, "loss": 0.5})
    table.close()


def test_rows_of_steps_that_are_repeated_are_removed_first(tmp_path):
    filled(tmp_path / "t.csv", 5)
    table = Table(tmp_path / "t.csv", COLUMNS, before=3)
    table.add({"step": 3, "loss": None})
    table.close()
    assert [row["step"] for row in read_table(tmp_path / "t.csv")] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("torn", ["5", "5,", "5,0.", "\x00\x00\x00"])
def test_half_a_row_of_a_killed_process_is_no_row(tmp_path, torn):
    path = tmp_path / "t.csv"
    filled(path, 5)
    with open(path, "a") as stream:
        stream.write(torn)
    Table(path, COLUMNS, before=5).close()
    assert path.read_text() == "step,loss\n" + "".join(f"{step},0.5\n" for step in range(5))


def test_a_full_disk_is_a_sentence_and_ends_in_whole_rows(tmp_path):
    path = tmp_path / "t.csv"
    table = Table(path, COLUMNS, before=0)
    table.add({"step": 0, "loss": 0.5})
    table._stream = _Full(table._stream)
    for write in (lambda: table.add({"step": 1, "loss": 0.5}), table.flush_to_disk):
        with pytest.raises(Failure, match="The disk is full"):
            write()
    table.close()
    Table(path, COLUMNS, before=1).close()
    assert [row["step"] for row in read_table(path)] == ["0"]


class _Full:
    """A stream onto a full disk."""

    def __init__(self, stream) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._stream.close()
