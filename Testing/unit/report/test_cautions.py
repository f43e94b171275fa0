"""Cautions on a page: each once, as text; in French with their meaning, for every caution that a report can hold."""

from __future__ import annotations

import ast
from pathlib import Path

import CLIPSLib
import pytest
from CLIPSLib.errors import Caution
from CLIPSLib.report.cautions import caution_list
from CLIPSLib.report.french_cautions import FRENCH
from CLIPSLib.report.text import language

CORE = Path(CLIPSLib.__file__).parent
ROOMS = ("study", "segmentation", "measures", "imaging", "formats")
TASKS = ("segment.py", "segment_job.py", "evaluate.py", "evaluate_registry.py", "measure.py")
GROWN = ("leak", "above-max", "no-background")  # why a lesion keeps its seed: `segmentation.relative`
IN_LISTS = {"unreadable"}  # of difficulty tables, which no report shows


def codes_of(path: Path) -> set[str]:
    """The codes of the cautions that a file makes, where they are written out."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    made = [call.args[0] for call in calls if getattr(call.func, "id", "") == "Caution" and call.args]
    return {code.value for code in made if isinstance(code, ast.Constant)}


def test_every_caution_of_a_study_or_an_evaluation_has_its_meaning_in_french():
    files = [
        *(path for room in ROOMS for path in (CORE / room).rglob("*.py")),
        *(CORE / "tasks" / name for name in TASKS),
    ]
    made = set.union(*(codes_of(path) for path in files)) | {f"growth-{reason}" for reason in GROWN}
    assert len(made) > 50
    assert made - IN_LISTS == set(FRENCH)


def test_french_comes_before_the_sentence_with_the_numbers_and_english_alone():
    caution = Caution("dose-unusual", "The dose is 12 MBq", "series 4 <b>")
    french = caution_list([caution, caution], language("fr"))
    assert french.count("<li>") == 1
    assert french.index("La dose injectée est inhabituelle.") < french.index("The dose is 12 MBq (series 4 &lt;b&gt;)")
    assert '<small lang="en">' in french
    assert caution_list([caution], language("en")) == "<ul><li>The dose is 12 MBq (series 4 &lt;b&gt;)</li></ul>"


def test_a_caution_without_french_is_told_in_english():
    assert caution_list([Caution("newer", "Something new")], language("fr")) == "<ul><li>Something new</li></ul>"


@pytest.mark.parametrize("code", ["en", "fr"])
def test_where_there_is_nothing_to_say_there_is_no_list(code):
    assert caution_list([], language(code)) == ""
