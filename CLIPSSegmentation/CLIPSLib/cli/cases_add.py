"""`clips cases create` and `clips cases add`: an empty registry, and studies into it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_answers, add_series, answers_of
from CLIPSLib.cli.cases_arguments import (
    add_author,
    add_case_action,
    add_mask_reading,
    author_of,
    mask_reading_of,
    open_registry,
)
from CLIPSLib.cli.output import option_for, print_json, print_table, reporter_for
from CLIPSLib.errors import Question

if TYPE_CHECKING:
    from CLIPSLib.tasks.cases import AddedCase

_EXIT_CODES = {"failed": 1, "refused": 3, "question": 4}  # the first that occurs decides


def add_actions(actions: Any) -> None:
    add_case_action(actions, "create", "make an empty registry", _create)
    add = add_case_action(actions, "add", "take in every study below folders, with its masks", _add)
    add.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="DICOM studies, results of 'clips segment', NIfTI images, or many"
    )
    add.add_argument("--rtstruct", action="store_true", help="take each study's structure set (RTSTRUCT) as reference")
    add.add_argument("--no-masks", action="store_true", help="take the studies alone")
    add.add_argument("--stratum", default="", metavar="NAME", help="the group that all of them belong to")
    add.add_argument("--despite-removal", action="store_true", help="take in also studies that were removed once")
    add.add_argument("--report", metavar="FILE.csv", help="write what became of each study")
    add.add_argument("--overwrite", action="store_true", help="replace an existing --report")
    add.add_argument("--quiet", action="store_true", help="no progress")
    add_author(add)
    add_mask_reading(add)
    names = add.add_argument_group("NIfTI images (file names, * and ? allowed)")
    names.add_argument("--pet-file", metavar="NAME", help="PET in SUVbw (pet_suv.nii.gz, SUV.nii.gz)")
    names.add_argument("--ct-file", metavar="NAME", help="CT in HU (ct_hu.nii.gz, CT.nii.gz, CTres.nii.gz)")
    names.add_argument("--mask-file", metavar="NAME", help="reference mask (mask.nii.gz, SEG.nii.gz, labels.nii.gz)")
    names.add_argument("--patient-is", choices=["folder", "parent"], default="", help="which folder is the patient")
    add_series(add)
    add_answers(add)


def _create(parsed: argparse.Namespace) -> int:
    from CLIPSLib.cases import Registry

    Registry.create(parsed.registry).close()
    if parsed.json:
        print_json({"registry": parsed.registry})
    else:
        print(f"Empty registry in {parsed.registry}")
    return 0


def _add(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.cases import AddRequest, add_studies, write_added_csv

    request = AddRequest(
        author=author_of(parsed),
        choice=_choice(parsed),
        reading=mask_reading_of(parsed),
        masks=not parsed.no_masks,
        stratum=parsed.stratum,
        despite_removal=parsed.despite_removal,
    )
    with open_registry(parsed) as registry:
        outcomes = add_studies(
            registry,
            parsed.folders,
            request,
            reporter=reporter_for(parsed),
            on_outcome=lambda outcome: None if parsed.json else _print_problem(outcome),
        )
    if parsed.report:
        write_added_csv(parsed.report, outcomes, overwrite=parsed.overwrite)
    if parsed.json:
        print_json({"registry": parsed.registry, "studies": [outcome.as_dict() for outcome in outcomes]})
    else:
        _print(outcomes)
    return _exit_code(outcomes)


def _choice(parsed: argparse.Namespace) -> Any:
    from CLIPSLib.tasks.case_sources import ImageNames, StudyChoice

    given = {"pet": parsed.pet_file, "ct": parsed.ct_file, "mask": parsed.mask_file}
    names = {kind: (pattern,) for kind, pattern in given.items() if pattern}
    return StudyChoice(
        answers=answers_of(parsed),
        pet_series=parsed.pet_series,
        ct_series=parsed.ct_series,
        structures=parsed.rtstruct or bool(parsed.roi),
        names=ImageNames(**names, patient_is=parsed.patient_is),
    )


def _exit_code(outcomes: list[AddedCase]) -> int:
    """0 when every study and every mask is in the registry; else 1 if any failed, 3 if refused, 4 if any asks."""
    problems = [problem for outcome in outcomes for problem in (outcome.error, outcome.mask_error) if problem]
    codes = {3 if problem.exit_code == 2 else problem.exit_code for problem in problems}
    return next((code for code in _EXIT_CODES.values() if code in codes), 0)


def _print_problem(outcome: AddedCase) -> None:
    problem = outcome.error or outcome.mask_error
    if problem is None:
        return
    what = outcome.state if outcome.error else f"{outcome.case_id} has no mask"
    sys.stderr.write(f"{outcome.source}: {what}: {problem}\n")
    if isinstance(problem, Question):
        sys.stderr.write(f"  Answer with {option_for(problem)}\n")


def _print(outcomes: list[AddedCase]) -> None:
    print_table(
        ["Case", "State", "Masks", "mL", "Lesions", "Cautions", "Seconds", "From"],
        [_row(outcome) for outcome in outcomes],
    )
    counts = Counter(outcome.state for outcome in outcomes)
    references = sum(mask.is_reference for outcome in outcomes for mask in outcome.masks)
    said = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    print(f"\n{said}; {references} reference masks")


def _row(outcome: AddedCase) -> list[object]:
    mask = outcome.masks[0].mask if outcome.masks else None
    return [
        outcome.case_id or None,
        outcome.state,
        ("reference" if outcome.masks[0].is_reference else mask.origin) if mask else None,
        mask.volume_ml if mask else None,
        mask.lesion_count if mask else None,
        len(outcome.cautions),
        outcome.seconds,
        outcome.source,
    ]
