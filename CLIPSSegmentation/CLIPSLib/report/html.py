"""`write_report`: one HTML file that needs nothing else, on a screen and on A4."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from CLIPSLib import provenance
from CLIPSLib.files import write_text
from CLIPSLib.formats import anonymous_measures, anonymous_segmentation, anonymous_study
from CLIPSLib.measures.types import Measures
from CLIPSLib.report import sections
from CLIPSLib.report.text import Language
from CLIPSLib.report.text import language as get_language
from CLIPSLib.segmentation.types import Segmentation
from CLIPSLib.study.types import PetCtStudy

_STYLE = Path(__file__).resolve().parent.parent / "data" / "report.css"


def write_report(
    path: str | os.PathLike,
    study: PetCtStudy,
    segmentation: Segmentation,
    measures: Measures,
    *,
    anonymous: bool = False,
    language: str = "en",
    overwrite: bool = False,
) -> Path:
    """Write the report of one study as a single HTML file: pictures and style inside, no network.

    anonymous: no name, id, date, UID or path. language: "en" or "fr" (formulas and the details of cautions stay in
    English).

    Raises:
        Refusal: the file exists and `overwrite` is False. Failure: the disk does not take it.
        UsageError: another language.
    """
    say = get_language(language)
    if anonymous:
        segmentation = anonymous_segmentation(segmentation, study.identity)
        measures = anonymous_measures(measures, study.identity)
        study = anonymous_study(study)
    body = _body(study, segmentation, measures, say, anonymous=anonymous)
    title = say["title"] if anonymous else f"{study.identity.patient_id} {say['title']}".strip()
    page = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return write_text(path, page, overwrite=overwrite)


def _body(study: PetCtStudy, segmentation: Segmentation, measures: Measures, say: Language, *, anonymous: bool) -> str:
    """The sections from what matters most to what is looked up."""
    made = provenance.utc_now()
    software = f"CLIPS {provenance.VERSION}"
    concerns = (*study.cautions, *(study.suv.cautions if study.suv else ()), *segmentation.cautions)
    return "\n".join(
        (
            sections.header(study.identity, say, anonymous=anonymous),
            "<main>",
            sections.status(measures, say),
            sections.key_numbers(measures, say),
            sections.cautions(concerns, say),
            sections.images(study, segmentation, say),
            sections.lesion_table(measures, segmentation, say),
            sections.method(measures, segmentation, say),
            sections.suv_audit(study.suv, say),
            sections.norms(measures, say),
            sections.origin(study, segmentation, software, made, say, anonymous=anonymous),
            "</main>",
            f"<footer>{software} · {say['research_use']}</footer>",
        )
    )
