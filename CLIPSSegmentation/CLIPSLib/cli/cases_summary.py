"""`clips cases summary`: the cohort in numbers, as text, JSON, CSV and a page with charts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_case_action, open_registry
from CLIPSLib.cli.evaluate import add_language
from CLIPSLib.cli.output import print_json, print_table, reporter_for

if TYPE_CHECKING:
    from CLIPSLib.report.cohort import Cohort


def add_actions(actions: Any) -> None:
    summary = add_case_action(actions, "summary", "volumes, uptake, scanners, missing values, review states", _summary)
    summary.add_argument("--model", metavar="NAME", help="measure the masks it predicted instead of the references")
    summary.add_argument("--html", metavar="FILE.html", help="write a page with charts")
    add_language(summary)
    summary.add_argument("--csv", metavar="FILE.csv", help="write a row per case")
    summary.add_argument("--overwrite", action="store_true", help="replace files that exist")
    summary.add_argument("--quiet", action="store_true", help="no progress")


def _summary(parsed: argparse.Namespace) -> int:
    from CLIPSLib.report.cohort import write_cohort_page
    from CLIPSLib.tasks.cohort import summarize_cohort, write_cohort_csv

    with open_registry(parsed) as registry:
        cohort = summarize_cohort(registry, model=parsed.model, reporter=reporter_for(parsed))
    if parsed.html:
        write_cohort_page(parsed.html, cohort, language=parsed.language, overwrite=parsed.overwrite)
    if parsed.csv:
        write_cohort_csv(parsed.csv, cohort, overwrite=parsed.overwrite)
    if parsed.json:
        print_json(cohort)
    else:
        _print(cohort)
    return 0


def _print(cohort: Cohort) -> None:
    from CLIPSLib.report.cohort_text import cohort_language

    say = cohort_language("en")
    counts = cohort.counts
    print(f"{cohort.name}: {counts.cases} cases of {counts.patients} patients, {counts.with_reference} with reference")
    print(f"Measured: {cohort.masks}\n")
    print_table(
        ["", "Cases", "Median", "Q1", "Q3", "Lowest", "Highest", "Mean"],
        [[say[name], s.n, s.median, s.q1, s.q3, s.minimum, s.maximum, s.mean] for name, s in cohort.spreads.items()],
    )
    for title, found in (
        ("Review status", counts.by_status),
        ("Masks", counts.masks_by_origin),
        ("Models", counts.masks_by_model),
        ("Scanners", counts.by_scanner),
        ("Tracers", counts.by_tracer),
        ("Strata", counts.by_stratum),
        ("Missing", {say[name]: count for name, count in cohort.missing.items()}),
    ):
        listed = ", ".join(f"{name or 'not stated'} {count}" for name, count in found.items() if count)
        print(f"{title + ':':<15}{listed or 'none'}")
    for case in cohort.cases:
        if case.problem and case.mask_id:
            print(f"{case.case_id}: not measured: {case.problem}")
