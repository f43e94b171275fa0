"""`clips evaluate REFERENCE PREDICTION`: how well masks agree with their references."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_mask_reading, mask_reading_of
from CLIPSLib.cli.output import print_json, print_table, reporter_for

if TYPE_CHECKING:
    from CLIPSLib.evaluation import Summary
    from CLIPSLib.tasks.evaluate import EvaluatedCohort, EvaluationRequest

NAME = "evaluate"
SUMMARY = "Compare masks with their references: overlap, surfaces, lesions, volumes."
EXAMPLES = """examples:
  clips evaluate reference.nii.gz prediction.nii.gz --tolerance-mm 3
  clips evaluate reference.nii.gz results/p17_20240301 --pet /data/patient-17 --hospital nsd
  clips evaluate references predictions --out evaluation
  clips evaluate gt_masks pred_masks --reference-name '{case}/pet0/*.nii' --prediction-name '{case}_SEG.nii.gz' \\
      --pet analyse --pet-name '{case}/{case}suv.nii.gz' --hospital nsd --csv hospital.csv

Masks are NIfTI label maps, .seg.nrrd, structure sets or result folders, on one grid. Two folders are matched by the
case id that both names hold at {case}; a case that one of them lacks is listed as not evaluated.
See docs/evaluation.md.
"""

_EXIT_CODES = {"failed": 1, "refused": 3, "question": 4}  # the first that occurs decides
_SHOWN = {
    "dice": "Dice",
    "nsd": "NSD",
    "hd95_mm": "HD95 mm",
    "mean_surface_distance_mm": "Distance mm",
    "lesion_recall": "Recall",
    "lesion_precision": "Precision",
    "lesion_f1": "F1",
    "fpv_ml": "FPV mL",
    "fnv_ml": "FNV mL",
    "tmtv_difference_ml": "dTMTV mL",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REFERENCE", help="a mask, or a folder of masks")
    parser.add_argument("prediction", metavar="PREDICTION", help="a mask, or a folder of masks")
    parser.add_argument("--pet", metavar="PATH", help="image in SUVbw, result with images, DICOM; or folder of these")
    for what in ("reference", "prediction", "pet"):
        parser.add_argument(
            f"--{what}-name", metavar="NAME", default="{case}.nii.gz", help=f"{what} files of a folder (%(default)s)"
        )
    add_options(parser)
    add_mask_reading(parser)
    parser.add_argument("--out", metavar="DIR", help="write evaluation.json and tables there")
    add_language(parser)
    parser.add_argument("--csv", metavar="FILE", help="write the table of cases (with --hospital: its metrics) there")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")


def add_language(parser: argparse.ArgumentParser) -> None:
    """The language of a page for people; files for programs are the same in all."""
    parser.add_argument("--language", choices=["en", "fr"], default="en", help="of the page (%(default)s)")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the comparison; `request_of` reads them."""
    group = parser.add_argument_group("how masks are compared")
    group.add_argument("--lesions", choices=["components", "labels"], help="what one lesion is (components)")
    group.add_argument("--connectivity", type=int, metavar="6|18|26", help="neighbors that connect a component (26)")
    group.add_argument(
        "--matching",
        choices=["any-overlap", "iou", "union-dice", "union-nsd"],
        help="when a lesion is found (any-overlap)",
    )
    group.add_argument("--matching-threshold", type=float, metavar="SCORE", help="score that finds a lesion (0.5)")
    group.add_argument("--tolerance-mm", type=float, metavar="MM", help="of the normalized surface distance (5)")
    group.add_argument("--suv-threshold", type=float, metavar="SUV", help="compare only voxels with SUV >= this")
    group.add_argument("--cutoff-ml", type=float, metavar="ML", help="clinical limit of TMTV: do the classes agree?")
    group.add_argument(
        "--hospital", choices=["dice", "nsd"], help="the hospital's metrics too (SUV > 4), lesions matched by this"
    )


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.evaluate import require_free, write_evaluation
    from CLIPSLib.tasks.evaluate_paths import FolderNames, evaluate_paths

    if not parsed.overwrite:
        require_free(parsed.out, parsed.csv)
    names = FolderNames(reference=parsed.reference_name, prediction=parsed.prediction_name, pet=parsed.pet_name)
    evaluated = evaluate_paths(
        parsed.reference,
        parsed.prediction,
        request_of(parsed),
        pet=parsed.pet,
        reading=mask_reading_of(parsed),
        names=names,
        reporter=reporter_for(parsed),
    )
    if parsed.out:
        write_evaluation(parsed.out, evaluated, language=parsed.language, overwrite=parsed.overwrite)
    if parsed.csv:
        _write_csv(parsed, evaluated)
    if parsed.json:
        print_json(evaluated)
    else:
        print_evaluation(evaluated)
    return exit_code(evaluated)


def print_evaluation(evaluated: EvaluatedCohort) -> None:
    """Tables of cases and of the cohort, what failed, what could not be compared."""
    done = list(evaluated.evaluations.items())
    if done:
        headings = [
            "Case",
            "Dice",
            "NSD",
            "HD95 mm",
            "Distance mm",
            "Recall",
            "Precision",
            "F1",
            "FPV mL",
            "FNV mL",
            "dTMTV mL",
        ]
        print_table(headings, [[case_id, *(getattr(case, name) for name in _SHOWN)] for case_id, case in done])
        print(f"\n{done[0][1].matching}; NSD within {done[0][1].tolerance_mm:g} mm; FPV and FNV as autoPET")
    if len(done) > 1:
        _print_cohort(evaluated)
    for caution in evaluated.cautions:
        print(f"Caution: {caution}")
    for case in evaluated.cases:
        if case.error is not None:
            print(f"not evaluated: {case.case_id}: {case.error}")


def exit_code(evaluated: EvaluatedCohort) -> int:
    """0 when every case was compared; else 1 if any failed, 3 if any was refused, 4 if any asks."""
    states = {case.state for case in evaluated.cases}
    return next((code for state, code in _EXIT_CODES.items() if state in states), 0)


def request_of(parsed: argparse.Namespace) -> EvaluationRequest:
    """What the options of `add_options` ask for. Raises Refusal where a value is out of range."""
    from CLIPSLib.evaluation import EvaluationOptions, HospitalOptions
    from CLIPSLib.schema import from_document
    from CLIPSLib.tasks.evaluate import EvaluationRequest

    names = ("lesions", "connectivity", "matching", "matching_threshold", "tolerance_mm", "suv_threshold")
    given = {name: getattr(parsed, name) for name in names if getattr(parsed, name) is not None}
    hospital = None
    if parsed.hospital:
        shared = {"tolerance_mm": given["tolerance_mm"]} if "tolerance_mm" in given else {}
        hospital = from_document(HospitalOptions, {"matching": parsed.hospital, **shared}, where="command line")
    options = from_document(EvaluationOptions, given, where="command line")
    return EvaluationRequest(options=options, cutoff_ml=parsed.cutoff_ml, hospital=hospital)


def _write_csv(parsed: argparse.Namespace, evaluated: EvaluatedCohort) -> None:
    from CLIPSLib.formats import write_evaluation_csv, write_hospital_csv

    if parsed.hospital:
        patients = [case.hospital for case in evaluated.cases if case.hospital is not None]
        write_hospital_csv(parsed.csv, patients, overwrite=parsed.overwrite)
    else:
        write_evaluation_csv(parsed.csv, evaluated.evaluations, overwrite=parsed.overwrite)


def _print_cohort(evaluated: EvaluatedCohort) -> None:
    cohort = evaluated.cohort
    print()
    print_table(
        ["Measure", "Cases", "Missing", "Mean", "SD", "Median", "Q1", "Q3"],
        [[title, *_summary_cells(cohort.summaries[name])] for name, title in _SHOWN.items()],
    )
    difference = cohort.tmtv.difference
    if difference is not None:
        print(
            f"\nTMTV, prediction minus reference: bias {difference.bias:.1f} mL, limits of agreement "
            f"{difference.lower:.1f} to {difference.upper:.1f} mL"
        )
    if cohort.tmtv.kappa is not None:
        print(
            f"TMTV >= {cohort.tmtv.cutoff_ml:g} mL: {cohort.tmtv.same_class:.0%} of the cases in the same class, "
            f"kappa {cohort.tmtv.kappa:.2f}"
        )
    for failed in cohort.failures:
        print(f"failed: {failed.case_id}: {', '.join(failed.reasons)}")
    if cohort.failures:
        print(f"({cohort.rule})")


def _summary_cells(summary: Summary) -> list[Any]:
    return [summary.n, summary.missing, summary.mean, summary.sd, summary.median, summary.q1, summary.q3]
