"""difficulty.json: read back as it was written; what is not one is refused."""

from __future__ import annotations

import json

import pytest
from builders_difficulty import table
from CLIPSLib.difficulty import read_difficulty, write_difficulty
from CLIPSLib.errors import Refusal


def test_a_table_is_read_back_as_it_was(tmp_path):
    written = table(
        "tmtv",
        {"007": 3.5, "7": None},
        hard_when="low",
        missing={"7": "no reference"},
        outside={"empty": "the reference mask is empty"},
        quarantined={"bad": "SUV wrong"},
        options={"connectivity": 18, "nested": {"a": [1, 2]}},
        weights={"a": 1.0},
    )
    write_difficulty(tmp_path / "difficulty.json", written)
    assert read_difficulty(tmp_path / "difficulty.json") == written


def test_an_existing_table_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "difficulty.json"
    write_difficulty(path, table("a", {"x": 1.0}))
    with pytest.raises(Refusal, match="exists already"):
        write_difficulty(path, table("b", {"x": 1.0}))
    write_difficulty(path, table("b", {"x": 1.0}), overwrite=True)
    assert read_difficulty(path).measurer == "b"


def test_a_score_that_is_no_number_is_refused(tmp_path):
    path = tmp_path / "difficulty.json"
    write_difficulty(path, table("a", {"x": 1.0}))
    document = json.loads(path.read_text())
    document["scores"]["x"] = "hard"
    path.write_text(json.dumps(document))
    with pytest.raises(Refusal, match=r"scores\.x.*must be a number"):
        read_difficulty(path)
