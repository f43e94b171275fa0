"""The cautions of a page as a list, each once; in French its meaning first. Called by the sections of pages."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from CLIPSLib.errors import Caution
from CLIPSLib.report.french_cautions import FRENCH
from CLIPSLib.report.text import Language


def caution_list(items: Iterable[Caution], say: Language) -> str:
    """A list in HTML; "" when there is nothing to say."""
    lines = "".join(f"<li>{_line(item, say)}</li>" for item in dict.fromkeys(items))
    return f"<ul>{lines}</ul>" if lines else ""


def _line(caution: Caution, say: Language) -> str:
    english = escape(str(caution))
    meaning = FRENCH.get(caution.code) if say.code == "fr" else None
    return f'{escape(meaning)}<br><small lang="en">{english}</small>' if meaning else english
