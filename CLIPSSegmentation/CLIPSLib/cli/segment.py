"""`clips segment PATH`: the main job on one study or on a folder of patients."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from CLIPSLib.cli.arguments import add_answers, add_series, answers_of, key_values
from CLIPSLib.cli.output import option_for, print_json, print_table, reporter_for
from CLIPSLib.errors import Question

if TYPE_CHECKING:
    from CLIPSLib.tasks import CaseOutcome

NAME = "segment"
SUMMARY = "Segment every PET/CT study of a folder; write masks, tables and a report for each."
EXAMPLES = """examples:
  clips segment /data/patient-17 --out results
  clips segment /data/all-patients --model 41max --out results-41
  clips segment /data/patient-17 --option min_volume_ml=1 --anonymous
  clips segment /data/patient-17 --weight-kg 72
  clips segment /data/patient-17 --model percist --answer liver_center_lps_mm=-60,-110,-640

Each study gets a folder DIR/<patient>_<date>/ with report.html, labels.nii.gz, lesions.seg.nrrd, lesions.csv and
JSON files; DIR/summary.csv has a row per study. A result that exists is kept (--overwrite replaces it), so that an
interrupted run over many patients goes on where it stopped.
"""

_EXIT_CODES = {"failed": 1, "refused": 3, "question": 4}  # the first that occurs decides


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a folder with one study or many (searched with all subfolders)")
    parser.add_argument("--model", default="suv4", help="segmentation method, see 'clips models' (%(default)s)")
    parser.add_argument("--out", metavar="DIR", default="clips-results", help="where results go (%(default)s)")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the method (repeatable)"
    )
    parser.add_argument("--save-images", action="store_true", help="also write pet_suv.nii.gz and ct_hu.nii.gz")
    parser.add_argument(
        "--anonymous", action="store_true", help="no names, ids and dates in any file (the console shows them)"
    )
    parser.add_argument("--language", choices=["en", "fr"], default="en", help="of the report (%(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress, only cautions and the table")
    add_series(parser)
    add_answers(parser)


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks import SegmentRequest, segment_folder

    request = SegmentRequest(
        model=parsed.model,
        options=key_values(parsed.option, "--option"),
        answers=answers_of(parsed),
        pet_series=parsed.pet_series,
        ct_series=parsed.ct_series,
        anonymous=parsed.anonymous,
        language=parsed.language,
        save_images=parsed.save_images,
        overwrite=parsed.overwrite,
    )
    outcomes = segment_folder(
        parsed.path,
        parsed.out,
        request,
        reporter=reporter_for(parsed),
        on_outcome=lambda outcome: None if parsed.json else _print_problem(outcome),
    )
    if parsed.json:
        print_json({"out": parsed.out, "cases": [outcome.as_dict() for outcome in outcomes]})
    else:
        _print(outcomes, parsed.out)
    return exit_code(outcomes)


def exit_code(outcomes: list[CaseOutcome]) -> int:
    """0 when every study has a result; else 1 if any failed, 3 if any was refused, 4 if any asks."""
    states = {outcome.state for outcome in outcomes}
    return next((code for state, code in _EXIT_CODES.items() if state in states), 0)


def _print_problem(outcome: CaseOutcome) -> None:
    if outcome.error is None:
        return
    sys.stderr.write(f"{outcome.case}: {outcome.state}: {outcome.error}\n")
    if isinstance(outcome.error, Question):
        sys.stderr.write(f"  Answer with {option_for(outcome.error)}\n")


def _print(outcomes: list[CaseOutcome], out: str) -> None:
    print_table(
        ["Study", "State", "TMTV mL", "Lesions", "TLG g", "SUVmax", "Dmax mm", "Seconds"],
        [_row(outcome) for outcome in outcomes],
    )
    finished = [outcome for outcome in outcomes if outcome.folder]
    print()
    if finished:
        print("Candidate volumes, unreviewed: look at each report and remove physiological uptake before using them.")
    if len(finished) == 1:
        print(f"Report: {finished[0].folder / 'report.html'}")
    print(f"{len(finished)} of {len(outcomes)} studies have a result in {out}; table: {out}/summary.csv")


def _row(outcome: CaseOutcome) -> list[object]:
    if outcome.measures is None:
        return [outcome.case, outcome.state, None, None, None, None, None, None]
    patient = outcome.measures.patient
    return [
        outcome.case,
        outcome.state,
        patient.tmtv_ml,
        patient.lesion_count,
        patient.tlg_g,
        patient.suv_max,
        patient.d_max_mm,
        outcome.seconds,
    ]
