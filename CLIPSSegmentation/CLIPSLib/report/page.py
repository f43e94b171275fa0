"""What pages of many cases have in common: frame, cards, tables, numbers. Used by `cohort`, `evaluation_page` and
`experiment`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from CLIPSLib import provenance
from CLIPSLib.evaluation.types import Summary
from CLIPSLib.files import write_text
from CLIPSLib.report.cohort_text import number
from CLIPSLib.report.text import Language
from CLIPSLib.report.text import language as text_of

_DATA = Path(__file__).resolve().parent.parent / "data"
_STYLES = ("report.css", "cohort.css")


def write_page(
    path: str | os.PathLike,
    title: str,
    subtitle: str,
    sections: Iterable[str],
    *,
    language: str = "en",
    more_style: str = "",
    overwrite: bool = False,
) -> Path:
    """Write sections (HTML) as one page: style inside, no network, no script. more_style: a style sheet of its own.

    Raises:
        Refusal: the file exists and `overwrite` is False. Failure: the disk does not take it.
    """
    names = (*_STYLES, *([more_style] if more_style else []))
    style = "\n".join((_DATA / name).read_text(encoding="utf-8") for name in names)
    header = (
        f'<header><div><p class="brand">CLIPS</p><h1>{escape(title)}</h1></div>'
        f'<p class="who">{escape(subtitle)}</p></header>'
    )
    footer = (
        f"<footer>CLIPS {provenance.VERSION} · {provenance.utc_now()} · {text_of(language)['research_use']}</footer>"
    )
    body = "\n".join((header, "<main>", *sections, "</main>", footer))
    page = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return write_text(path, page, overwrite=overwrite)


def cards(contents: Iterable[tuple[str, object, str]]) -> str:
    """A row of numbers that are seen first: what it is, the number, a remark."""
    inside = "".join(
        f'<div class="card"><p class="short">{name}</p><p class="value">{value}</p>'
        f'<p class="label">{escape(more)}</p></div>'
        for name, value, more in contents
    )
    return f'<section class="key"><div class="cards">{inside}</div></section>'


def figures(title: str, drawn: Iterable[tuple[str, str]]) -> str:
    """Charts (SVG) side by side, each with its caption."""
    inside = "".join(f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>" for name, svg in drawn)
    return f'<section><h2>{escape(title)}</h2><div class="charts">{inside}</div></section>'


def table(title: str, headings: Sequence[str], rows: str, kind: str) -> str:
    """A table with a title; rows: `<tr>` elements; kind: class in the style sheet."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return (
        f'<section><h2>{escape(title)}</h2><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></section>"
    )


def spread_table(title: str, spreads: Mapping[str, Summary], say: Language) -> str:
    """A row per measure: how many cases have it, and how it spreads over them."""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{s.n}</td><td>{s.missing}</td>"
        + "".join(
            f"<td>{number(value, say)}</td>" for value in (s.median, s.q1, s.q3, s.minimum, s.maximum, s.mean, s.sd)
        )
        + "</tr>"
        for name, s in spreads.items()
    )
    return table(title, ("", *say["spread_head"].split("|")), rows, "first")
