"""docs/curriculum.md says what the code says, and its Python runs."""

from __future__ import annotations

import re

import document_curricula
from CLIPSLib.curriculum import PACINGS, REGULARIZERS, list_curricula

PAGE = document_curricula.PAGE.read_text(encoding="utf-8")


def test_the_reference_is_up_to_date():
    assert document_curricula.new_page() == PAGE, "out of date: run 'python tools/document_curricula.py'"


def test_every_name_is_explained_and_every_schedule_is_plotted():
    for name in (*(method.name for method in list_curricula()), *PACINGS, *REGULARIZERS):
        assert f"`{name}`" in PAGE
    plotted = {name for names in document_curricula.PLOTS.values() for name in names}
    assert set(PACINGS) - plotted == {"none", "one-pass", "performance-gated", "replayed"} - plotted


def test_every_picture_of_the_page_is_there():
    pictures = re.findall(r"\]\((curriculum-[a-z-]+\.svg)\)", PAGE)
    assert len(set(pictures)) == len(document_curricula.PLOTS) + 1  # and the regularizers
    assert all((document_curricula.DOCS / picture).is_file() for picture in pictures)


def test_the_example_of_the_page_runs(capsys):
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "build_curriculum" in block)
    exec(compile(code, "docs/curriculum.md", "exec"), {})
    assert "times as often" in capsys.readouterr().out
