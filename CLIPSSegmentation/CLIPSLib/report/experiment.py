"""`write_experiment_page`: did the curriculum help? One HTML file, the verdict first. Called by `tasks`."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from CLIPSLib.experiments import Analysis, CaseScore, Curve, Design, Deviation, FamilyResult, Frozen
from CLIPSLib.experiments.contrasts import VANILLA
from CLIPSLib.report import experiment_figures as draw
from CLIPSLib.report.experiment_parts import arms_table, changed_table, contrasts_table, environment_table
from CLIPSLib.report.experiment_patients import PatientPictures, patients_html
from CLIPSLib.report.experiment_subgroups import CaseFacts
from CLIPSLib.report.experiment_text import deviation_text, experiment_language
from CLIPSLib.report.experiment_verdict import headline, in_patients, reasons, verdict_key
from CLIPSLib.report.page import write_page
from CLIPSLib.report.text import Language
from CLIPSLib.training.traces import RunTrace

_WARNINGS = 3  # deviations on the first screen; all of them are below


@dataclass(frozen=True, kw_only=True)
class ExperimentPage:
    """All that the page shows. traces: (arm, fold, seed) -> draws; facts: of every tested case; patients: pictures of
    hard ones; tables: file name -> CSV, to be saved from the page; source: of the cases; environment:
    programs and processor of the runs, with versions; deviations: of design and runs."""

    design: Design
    frozen: Frozen
    analysis: Analysis
    scores: Sequence[CaseScore]
    curves: Sequence[Curve]
    traces: Mapping[tuple[str, int, int], RunTrace]
    facts: Mapping[str, CaseFacts]
    patients: Sequence[PatientPictures]
    tables: Mapping[str, str]
    source: str
    environment: Mapping[str, str]
    deviations: Sequence[Deviation] = ()


def write_experiment_page(
    path: str | os.PathLike, page: ExperimentPage, *, language: str = "en", overwrite: bool = False
) -> Path:
    """Write the page in a language.

    Raises:
        UsageError: neither "en" nor "fr". Refusal: the file exists. Failure: the disk does not take it.
    """
    say = experiment_language(language)
    sections = (*_first_screen(page, say), *_pictures(page, say), *_tables(page, say))
    return write_page(
        path,
        say["title"],
        page.design.name,
        sections,
        language=language,
        more_style="experiment.css",
        overwrite=overwrite,
    )


def _first_screen(page: ExperimentPage, say: Language) -> list[str]:
    analysis = page.analysis
    banners = "".join(_banner(family, analysis, page.design.vanilla.name, say) for family in analysis.families)
    several = " several" if len(analysis.families) > 1 else ""
    effect = analysis.families[0].primary[VANILLA].effect
    size = say["size"].format(
        cases=effect.case_count,
        runs=effect.run_count,
        folds=effect.run_count // len(analysis.seeds),
        seeds=len(analysis.seeds),
        steps=say.number(page.design.steps, 0),
    )
    title = say["effects"].format(endpoint=say[analysis.primary.name])
    return [
        f'<section class="verdicts{several}">{banners}</section>',
        f'<p class="size">{escape(size)}</p>',
        _warning(page, say),
        _picture(title, draw.effects_svg(analysis, say)),
    ]


def _banner(family: FamilyResult, analysis: Analysis, vanilla: str, say: Language) -> str:
    by_name = {arm.arm: arm for arm in analysis.arms}
    *effects, why = reasons(family, analysis, say)
    shown = "".join(f'<p class="effect">{escape(effect)}</p>' for effect in effects)
    bedside = in_patients(by_name[family.arm], by_name[vanilla], say)
    return (
        f'<div class="verdict {verdict_key(family)}"><h2>{escape(headline(family, say))}</h2>{shown}'
        f'<p class="why">{escape(why)}</p><p class="why">{escape(bedside)}</p></div>'
    )


def _warning(page: ExperimentPage, say: Language) -> str:
    """What weakens the verdict belongs beside it."""
    listed = _deviations(page, say)
    if not listed:
        return ""
    more = [say["warning_more"].format(count=len(listed) - _WARNINGS)] if len(listed) > _WARNINGS else []
    items = "".join(f"<li>{escape(text)}</li>" for text in (*listed[:_WARNINGS], *more))
    return f'<div class="warning"><strong>{escape(say["warning"])}</strong><ul class="deviations">{items}</ul></div>'


def _deviations(page: ExperimentPage, say: Language) -> list[str]:
    listed = [deviation_text(say, deviation) for deviation in page.deviations]
    if page.analysis.incomplete:
        listed.append(say["incomplete"].format(seeds=", ".join(map(str, page.analysis.incomplete))))
    return listed


def _pictures(page: ExperimentPage, say: Language) -> list[str]:
    analysis, design = page.analysis, page.design
    colors = draw.arm_colors([arm.name for arm in design.arms], design.vanilla.name)
    curves = [curve for curve in page.curves if curve.seed in analysis.seeds]
    sections = [
        _section(say, "patients", draw.patients_svg(analysis.families, frozenset(page.frozen.hard_cases), say)),
        *(
            [_section(say, "curves", draw.curves_svg(curves, colors, analysis.target, say))]
            if len(curves[0].steps) > 1
            else []
        ),
        _section(say, "difficulty", draw.gain_svg(analysis.families, page.facts, analysis.primary.name, say)),
        _section(say, "subgroups", draw.subgroups_svg(analysis.families, page.facts, say)),
    ]
    if page.patients:
        more = escape(say["hard_more"].format(seed=page.patients[0].seed))
        body = f'<p class="caption">{more}</p>{patients_html(page.patients, say)}'
        sections.append(f"<section><h2>{escape(say['hard_title'])}</h2>{body}</section>")
    sections.append(_section(say, "draws", draw.draws_svg(page.traces, page.facts, colors, design.steps, say)))
    return sections


def _tables(page: ExperimentPage, say: Language) -> list[str]:
    listed = "".join(f"<li>{escape(what)}</li>" for what in _deviations(page, say)) or f"<li>{escape(say['none'])}</li>"
    links = "".join(
        f'<a download="{escape(name)}" href="data:text/csv;charset=utf-8;base64,'
        f'{base64.b64encode(text.encode()).decode("ascii")}">{escape(name)}</a>'
        for name, text in page.tables.items()
    )
    return [
        arms_table(page.analysis, say),
        f'<section><h2>{escape(say["deviations_title"])}</h2><ul class="deviations">{listed}</ul></section>',
        contrasts_table(page.analysis, say),
        changed_table(page.analysis, say),
        environment_table(page.design, page.frozen, page.source, page.environment, say),
        f'<section class="downloads"><h2>{escape(say["downloads"])}</h2>{links}</section>',
    ]


def _section(say: Language, key: str, svg: str) -> str:
    more = escape(say[f"{key}_more"])
    return (
        f'<section><h2>{escape(say[f"{key}_title"])}</h2><figure class="picture">{_inline(svg)}</figure>'
        f'<p class="caption">{more}</p></section>'
    )


def _picture(title: str, svg: str) -> str:
    return f'<figure class="picture"><figcaption>{escape(title)}</figcaption>{_inline(svg)}</figure>'


def _inline(svg: str) -> str:
    """The SVG element without what only a file of its own needs."""
    return svg[svg.index("<svg") :]
