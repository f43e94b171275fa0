"""`write_cohort_page`: a registry as one HTML file, and the facts that it shows (gathered by `tasks.cohort`)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from CLIPSLib.cases.types import CaseCounts
from CLIPSLib.evaluation.types import Summary
from CLIPSLib.report import charts
from CLIPSLib.report.cohort_text import cohort_language, number
from CLIPSLib.report.page import cards, figures, spread_table, table, write_page
from CLIPSLib.report.text import Language


@dataclass(frozen=True, kw_only=True)
class CohortCase:
    """One case: how it was acquired, where its review stands, and the measures of one of its masks (tumor only).

    Units are in the names, SUV in g/mL; None where a value is missing. problem: why there are no measures.
    """

    case_id: str
    patient_id: str
    stratum: str
    status: str
    scanner: str
    tracer: str
    has_ct: bool
    sex: str
    weight_kg: float | None
    height_m: float | None
    injected_dose_mbq: float | None
    uptake_min: float | None
    mask_id: str | None = None
    mask_origin: str | None = None
    tmtv_ml: float | None = None
    tlg_g: float | None = None
    lesion_count: int | None = None
    suv_max: float | None = None
    suv_mean: float | None = None
    suv_peak: float | None = None
    d_max_mm: float | None = None
    sd_max_per_m: float | None = None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """All cases. masks: which were measured, in words; model: who predicted them, "" for the references; spreads:
    measure -> how it spreads; missing: value -> cases that lack it; counts: of everything in the registry."""

    name: str
    masks: str
    cases: tuple[CohortCase, ...]
    spreads: Mapping[str, Summary]
    missing: Mapping[str, int]
    counts: CaseCounts
    model: str = ""


NO_MASK = "no mask"
_LOGARITHMIC = ("tmtv_ml", "tlg_g")
_HISTOGRAMS = ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "uptake_min", "weight_kg")
_COLUMNS = ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "suv_mean", "suv_peak", "d_max_mm")


def write_cohort_page(
    path: str | os.PathLike, cohort: Cohort, *, language: str = "en", overwrite: bool = False
) -> Path:
    """Write the page in English or French ("fr"): pictures and style inside, no network, no script.

    Raises:
        UsageError: another language. Refusal: the file exists and `overwrite` is False.
        Failure: the disk does not take it.
    """
    say = cohort_language(language)
    sections = (
        _cards(cohort, say),
        _charts(cohort, say),
        spread_table(say["spread"], {say[name]: spread for name, spread in cohort.spreads.items()}, say),
        _missing_table(cohort, say),
        _case_table(cohort.cases, say),
    )
    measured = say["measured_model"].format(model=cohort.model) if cohort.model else say["measured_references"]
    title = say["cohort"].format(name=cohort.name)
    return write_page(path, title, measured, sections, language=language, overwrite=overwrite)


def _cards(cohort: Cohort, say: Language) -> str:
    counts = cohort.counts
    of_cases = say["of_cases"].format(count=counts.cases)
    reviews = say["reviews"].format(count=counts.reviews)
    return cards(
        (
            (say["cases"], counts.cases, say["of_patients"].format(count=counts.patients)),
            (say["with_reference"], counts.with_reference, of_cases),
            (say["to_review"], counts.by_status.get("to review", 0), reviews),
            (say["masks"], counts.masks, _origins(counts.masks_by_origin, say)),
            (say["ratings"], counts.ratings, say["by_raters"].format(count=len(counts.ratings_by_rater))),
        )
    )


def _charts(cohort: Cohort, say: Language) -> str:
    def values(name: str) -> list[float]:
        return [value for case in cohort.cases if (value := getattr(case, name)) is not None]

    pairs = {
        case.case_id: (case.tmtv_ml, case.suv_max)
        for case in cohort.cases
        if case.tmtv_ml is not None and case.suv_max is not None
    }
    statuses = {say[f"status_{name}"]: count for name, count in _present(cohort.counts.by_status).items()}
    axes = say["tmtv_ml"], say["suv_max"]
    counted = {
        "review_status": statuses,
        "scanners": cohort.counts.by_scanner,
        "tracers": cohort.counts.by_tracer,
        "strata": cohort.counts.by_stratum,
        "sex": Counter(case.sex for case in cohort.cases),
    }
    drawn = [
        *((say[n], charts.histogram(values(n), say[n], log=n in _LOGARITHMIC, say=say)) for n in _HISTOGRAMS),
        (say["tmtv_suv"], charts.points(pairs, *axes, title=say["tmtv_suv"], log=True, say=say)),
        *((say[name], charts.bars(counts, say[name], say=say)) for name, counts in counted.items()),
    ]
    return figures(say["glance"], drawn)


def _missing_table(cohort: Cohort, say: Language) -> str:
    total = len(cohort.cases)
    rows = "".join(
        f'<tr><th>{escape(say[name])}</th><td>{count}</td><td class="share">'
        f'<i style="width:{100 * count / max(total, 1):.1f}%"></i></td></tr>'
        for name, count in cohort.missing.items()
        if count
    )
    if not rows:
        return f"<section><h2>{say['missing']}</h2><p>{say['nothing_missing']}</p></section>"
    headings = ("", say["cases_without"], say["of_total"].format(count=total))
    return table(say["missing"], headings, rows, "first missing")


def _case_table(cases: Sequence[CohortCase], say: Language) -> str:
    rows = "".join(
        f"<tr><td>{escape(case.case_id)}</td><td>{escape(case.patient_id)}</td>"
        f"<td>{escape(say['status_' + case.status])}</td>"
        f"<td>{escape(say['origin_' + case.mask_origin]) if case.mask_origin else ''}</td>"
        + "".join(f"<td>{number(getattr(case, name), say)}</td>" for name in _COLUMNS)
        + f'<td class="problem">{escape(say["no_mask"] if case.problem == NO_MASK else case.problem)}</td></tr>'
        for case in cases
    )
    headings = (*say["case_head"].split("|"), *(say[name] for name in _COLUMNS), "")
    return table(say["cases"], headings, rows, "cases")


def _present(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _origins(counts: Mapping[str, int], say: Language) -> str:
    listed = (say[f"origins_{name}"].format(count=count) for name, count in counts.items() if count)
    return ", ".join(listed) or say["none"]
