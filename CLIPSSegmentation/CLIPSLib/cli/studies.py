"""`clips studies PATH`: what a folder holds, what pairs with what, what is refused and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from CLIPSLib.cli.arguments import add_answers, add_series, answers_of
from CLIPSLib.cli.output import option_for, print_json, print_table, reporter_for
from CLIPSLib.errors import Question

if TYPE_CHECKING:
    from CLIPSLib.study import FoundStudies, StudyCandidate

NAME = "studies"
SUMMARY = "List the PET/CT studies of a folder, how they pair, and what stands in the way."
EXAMPLES = """examples:
  clips studies /data/patient-17
  clips studies /data --all             also the series that were left out, and why
  clips studies /data --explain         every SUV factor with its numbers and sources
  clips studies /data --weight-kg 72    answer a question
  clips studies /data --json | jq .     for programs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a folder (searched with all its subfolders) or one DICOM file")
    parser.add_argument("--all", action="store_true", help="also list what was left out, and why")
    parser.add_argument("--explain", action="store_true", help="show each SUV factor with its formula and sources")
    add_series(parser)
    add_answers(parser)


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.study import find_studies

    found = find_studies(
        parsed.path,
        answers=answers_of(parsed),
        pet_series=parsed.pet_series,
        ct_series=parsed.ct_series,
        reporter=reporter_for(parsed),
    )
    if parsed.json:
        print_json(found)
    else:
        _print(found, show_all=parsed.all, explain=parsed.explain)
    return 0


def _print(found: FoundStudies, *, show_all: bool, explain: bool) -> None:
    usable = sum(candidate.usable for candidate in found.candidates)
    print(f"{found.file_count} files in {found.root}: {len(found.candidates)} PET, {usable} ready to segment\n")
    if found.candidates:
        print_table(
            ["Patient", "Date", "PET", "Slices", "CT", "SUV factor", "State"],
            [_row(candidate) for candidate in found.candidates],
        )
    for candidate in found.candidates:
        _print_remarks(candidate, explain=explain)
    _print_choices(found)
    if show_all:
        _print_left_out(found)
    elif found.skipped or found.unreadable:
        print(f"\n{len(found.skipped)} other series and {len(found.unreadable)} unreadable files (--all lists them)")


def _print_choices(found: FoundStudies) -> None:
    """Studies with several PET series that could be meant: what `clips segment` would ask."""
    from CLIPSLib.study import choose_candidate, group_by_study

    for study in group_by_study(found):
        if sum(not candidate.refusals for candidate in study.candidates) < 2:
            continue
        try:
            choose_candidate(study)
        except Question as question:
            print(f"\n{study.candidates[0].pet.patient_id or 'unnamed'}\n  Question: {question.what}")
            for candidate in study.candidates:
                if not candidate.refusals:
                    print(f"    --pet-series {candidate.pet.details['key']}   {_title(candidate.pet)}")


def _row(candidate: StudyCandidate) -> list[object]:
    suv = candidate.suv
    factor = "" if suv is None else "per slice" if suv.factor is None else f"{suv.factor:.6g}"
    return [
        candidate.identity.patient_id or candidate.pet.patient_id,
        candidate.identity.study_date,
        _title(candidate.pet),
        candidate.pet.slice_count,
        _title(candidate.ct) if candidate.ct else "none",
        factor,
        _state(candidate),
    ]


def _title(series) -> str:
    number = f"{series.series_number}: " if series.series_number is not None else ""
    return f"{number}{series.description or series.modality}"


def _state(candidate: StudyCandidate) -> str:
    if candidate.refusals:
        return "refused"
    if candidate.questions:
        return "question"
    return "ready, with cautions" if candidate.cautions else "ready"


def _print_remarks(candidate: StudyCandidate, *, explain: bool) -> None:
    remarks = [
        *(f"  Refused: {refusal}" for refusal in candidate.refusals),
        *(f"  Question: {question}\n    answer with {option_for(question)}" for question in candidate.questions),
        *(f"  Caution: {caution}" for caution in candidate.cautions),
    ]
    if explain:
        remarks += _explanation(candidate)
    if remarks:
        print(f"\n{candidate.pet.patient_id or 'unnamed'}, PET {_title(candidate.pet)} ({candidate.pet.series_uid})")
        print("\n".join(remarks))


def _explanation(candidate: StudyCandidate) -> list[str]:
    from CLIPSLib.study import explain_suv

    lines = list(explain_suv(candidate.suv)) if candidate.suv else []
    for choice in candidate.ct_alternatives:
        used = "CT used" if candidate.ct and choice.series == candidate.ct else "CT considered"
        lines.append(f"{used}: {_title(choice.series)}, score {choice.score:.2f}: {'; '.join(choice.reasons)}")
    return [f"  {line}" for line in lines]


def _print_left_out(found: FoundStudies) -> None:
    if found.skipped:
        print("\nLeft out:")
        print_table(
            ["Modality", "Series", "Files", "Reason"],
            [[s.modality, s.description, s.file_count, s.reason] for s in found.skipped],
        )
    for path, reason in found.unreadable:
        print(f"Unreadable: {path}: {reason}")
