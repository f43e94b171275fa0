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
from CLIPSLib.report.page import cards, figures, number, spread_table, table, write_page


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
    """All cases. masks: which were measured, in words; spreads: measure -> how it spreads; missing: value -> cases
    that lack it; counts: of everything in the registry."""

    name: str
    masks: str
    cases: tuple[CohortCase, ...]
    spreads: Mapping[str, Summary]
    missing: Mapping[str, int]
    counts: CaseCounts


TITLES = {
    "tmtv_ml": "TMTV, mL",
    "tlg_g": "TLG, g",
    "lesion_count": "Lesions",
    "suv_max": "SUVmax, g/mL",
    "suv_mean": "SUVmean, g/mL",
    "suv_peak": "SUVpeak, g/mL",
    "d_max_mm": "Dmax, mm",
    "sd_max_per_m": "SDmax, 1/m",
    "weight_kg": "Weight, kg",
    "height_m": "Height, m",
    "injected_dose_mbq": "Injected dose, MBq",
    "uptake_min": "Uptake time, min",
    "sex": "Sex",
    "scanner": "Scanner",
    "tracer": "Tracer",
    "ct": "CT",
    "reference": "Reference mask",
    "stratum": "Stratum",
    "measures": "Measures",
}
_LOGARITHMIC = ("tmtv_ml", "tlg_g")
_HISTOGRAMS = ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "uptake_min", "weight_kg")
_COLUMNS = ("tmtv_ml", "tlg_g", "lesion_count", "suv_max", "suv_mean", "suv_peak", "d_max_mm")


def write_cohort_page(path: str | os.PathLike, cohort: Cohort, *, overwrite: bool = False) -> Path:
    """Write the page: pictures and style inside, no network, no script.

    Raises:
        Refusal: the file exists and `overwrite` is False. Failure: the disk does not take it.
    """
    sections = (
        _cards(cohort),
        _charts(cohort),
        spread_table("How it spreads", {TITLES[name]: spread for name, spread in cohort.spreads.items()}),
        _missing_table(cohort),
        _case_table(cohort.cases),
    )
    title = f"Cohort {cohort.name}"
    return write_page(path, title, f"Measured: {cohort.masks}", sections, overwrite=overwrite)


def _cards(cohort: Cohort) -> str:
    counts = cohort.counts
    return cards(
        (
            ("Cases", counts.cases, f"of {counts.patients} patients"),
            ("With reference", counts.with_reference, f"of {counts.cases} cases"),
            ("To review", counts.by_status.get("to review", 0), f"{counts.reviews} reviews so far"),
            ("Masks", counts.masks, _listed(counts.masks_by_origin)),
            ("Ratings", counts.ratings, f"by {len(counts.ratings_by_rater)} raters"),
        )
    )


def _charts(cohort: Cohort) -> str:
    def values(name: str) -> list[float]:
        return [value for case in cohort.cases if (value := getattr(case, name)) is not None]

    pairs = {
        case.case_id: (case.tmtv_ml, case.suv_max)
        for case in cohort.cases
        if case.tmtv_ml is not None and case.suv_max is not None
    }
    histograms = (
        (TITLES[name], charts.histogram(values(name), TITLES[name], log=name in _LOGARITHMIC)) for name in _HISTOGRAMS
    )
    drawn = [
        *histograms,
        (
            "TMTV and SUVmax",
            charts.points(pairs, TITLES["tmtv_ml"], TITLES["suv_max"], title="TMTV and SUVmax", log=True),
        ),
        ("Review status", charts.bars(_present(cohort.counts.by_status), "Review status")),
        ("Scanners", charts.bars(cohort.counts.by_scanner, "Scanners")),
        ("Tracers", charts.bars(cohort.counts.by_tracer, "Tracers")),
        ("Strata", charts.bars(cohort.counts.by_stratum, "Strata")),
        ("Sex", charts.bars(Counter(case.sex for case in cohort.cases), "Sex")),
    ]
    return figures("The cohort at a glance", drawn)


def _missing_table(cohort: Cohort) -> str:
    total = len(cohort.cases)
    rows = "".join(
        f'<tr><th>{escape(TITLES[name])}</th><td>{count}</td><td class="share">'
        f'<i style="width:{100 * count / max(total, 1):.1f}%"></i></td></tr>'
        for name, count in cohort.missing.items()
        if count
    )
    if not rows:
        return "<section><h2>Missing values</h2><p>Nothing is missing.</p></section>"
    return table("Missing values", ("", "Cases without", f"of {total}"), rows, "first missing")


def _case_table(cases: Sequence[CohortCase]) -> str:
    rows = "".join(
        f"<tr><td>{escape(case.case_id)}</td><td>{escape(case.patient_id)}</td><td>{escape(case.status)}</td>"
        f"<td>{escape(case.mask_origin or '')}</td>"
        + "".join(f"<td>{number(getattr(case, name))}</td>" for name in _COLUMNS)
        + f'<td class="problem">{escape(case.problem)}</td></tr>'
        for case in cases
    )
    headings = ("Case", "Patient", "Status", "Mask", *(TITLES[name] for name in _COLUMNS), "")
    return table("Cases", headings, rows, "cases")


def _present(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"
