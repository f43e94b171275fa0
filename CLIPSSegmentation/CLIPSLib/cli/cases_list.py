"""`clips cases list | show | check | rescue`: what is in a registry, and whether it is whole."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_case_action, case_of, open_registry
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.cases import CaseQuery, CaseRow, MaskVersion

_STATUSES = ("to review", "accepted", "corrected", "flagged", "skipped", "unusable")


def add_actions(actions: Any) -> None:
    listed = add_case_action(actions, "list", "list cases", _list)
    listed.add_argument("--text", default="", help="part of an id, stratum, scanner, tracer or comment")
    listed.add_argument("--status", action="append", default=[], choices=_STATUSES, help="repeatable")
    listed.add_argument("--flagged", action="store_true", help="only cases that a reader flags")
    listed.add_argument("--reader", metavar="NAME", help="reviewed by")
    listed.add_argument("--model", metavar="NAME", help="with a mask predicted by")
    listed.add_argument("--stratum", metavar="NAME")
    listed.add_argument("--difficulty", metavar="LOW:HIGH", help="mean rating, as 3: or 2:4")
    listed.add_argument("--no-reference", action="store_true", help="only cases without a reference mask")
    listed.add_argument("--rater", metavar="NAME", help="hide others' ratings of cases that NAME has not rated")
    show = add_case_action(actions, "show", "everything about one case", _show)
    show.add_argument("case", metavar="CASE", help="case id, UID, pseudonym or the hospital's patient number")
    show.add_argument("--rater", metavar="NAME", help="hide others' ratings until NAME has rated")
    check = add_case_action(actions, "check", "compare all files with the database", _check)
    check.add_argument("--remove-orphans", action="store_true", help="delete what interrupted work left over")
    check.add_argument("--fast", action="store_true", help="do not read the files through")
    add_case_action(actions, "rescue", "build a damaged database anew from what can be read and its backup", _rescue)


def _list(parsed: argparse.Namespace) -> int:
    with open_registry(parsed, read_only=True) as registry:
        rows = registry.cases(_query(parsed))
    if parsed.json:
        print_json(rows)
        return 0
    print_table(
        ["Case", "Patient", "Status", "Reference mL", "Lesions", "Masks", "Models", "Difficulty", "Stratum", "Scanner"],
        [_row(row) for row in rows],
    )
    print(f"\n{len(rows)} cases")
    return 0


def _query(parsed: argparse.Namespace) -> CaseQuery:
    from CLIPSLib.cases import CaseQuery

    return CaseQuery(
        text=parsed.text,
        status=tuple(parsed.status),
        flagged=True if parsed.flagged else None,
        reader=parsed.reader,
        model=parsed.model,
        stratum=parsed.stratum,
        difficulty=_limits(parsed.difficulty) if parsed.difficulty else None,
        has_reference=False if parsed.no_reference else None,
        viewer=parsed.rater,
    )


def _limits(text: str) -> tuple[float | None, float | None]:
    low, colon, high = text.partition(":")
    try:
        limits = (float(low) if low else None, float(high) if high else None)
    except ValueError:
        colon = ""
    if not colon:
        raise UsageError("difficulty-range", f"--difficulty takes LOW:HIGH, not '{text}'", "", "Leave one end open: 3:")
    return limits


def _row(row: CaseRow) -> list[object]:
    return [
        row.case_id,
        row.patient_id,
        f"{row.status}{', flagged' if row.flagged and row.status != 'flagged' else ''}",
        row.reference_ml,
        row.reference_lesions,
        row.mask_count,
        " ".join(row.models),
        row.difficulty,
        row.stratum,
        row.scanner,
    ]


def _show(parsed: argparse.Namespace) -> int:
    with open_registry(parsed, read_only=True) as registry:
        case_id = case_of(registry, parsed.case)
        reference = registry.reference(case_id)
        found = {
            "case": registry.case(case_id),
            "files": registry.files(case_id),
            "reference": reference and reference.id,
            "reference_history": registry.reference_history(case_id),
            "masks": registry.masks(case_id),
            "reviews": registry.reviews(case_id, viewer=parsed.rater),
            "ratings": registry.ratings(case_id, viewer=parsed.rater, history=True),
        }
    if parsed.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    case = found["case"]
    facts = [
        ("Patient", case.patient_id),
        ("PET series", case.pet_series_uid),
        ("CT", case.ct_series_uid or ("yes" if case.has_ct else "none")),
        ("Scanner", case.scanner),
        ("Tracer", case.tracer),
        ("Stratum", case.stratum),
        ("From", case.source),
        ("Added", case.added_utc),
        ("Images", found["files"].pet.parent),
        *(("Caution", caution) for caution in case.cautions),
    ]
    print(f"Case {case.case_id}")
    for name, value in facts:
        if value:
            print(f"  {name + ':':<12}{value}")
    _print_section(
        "Masks",
        ["Mask", "Reference", "Origin", "Model", "Author", "Made", "mL", "Lesions", "Parent"],
        [_mask_row(mask, found["reference"]) for mask in found["masks"]],
    )
    _print_section(
        "Reviews",
        ["Status", "Reader", "Time", "Mask", "Active s", "Edits", "Comment"],
        [
            [r.status, r.reader, r.reviewed_utc, r.mask_id, r.active_s, r.edit_count, r.comment]
            for r in found["reviews"]
        ],
    )
    _print_section(
        "Difficulty ratings",
        ["Score", "Rater", "Time", "Reasons", "Comment"],
        [[r.score, r.rater, r.rated_utc, ", ".join(r.tags), r.comment] for r in found["ratings"]],
    )


def _mask_row(mask: MaskVersion, reference_id: str | None) -> list[object]:
    return [
        mask.id,
        "*" if mask.id == reference_id else "",
        mask.origin,
        mask.model,
        mask.author,
        mask.created_utc,
        mask.volume_ml,
        mask.lesion_count,
        mask.parent,
    ]


def _print_section(title: str, headings: list[str], rows: list[list[object]]) -> None:
    if rows:
        print(f"\n{title}")
        print_table(headings, rows)


def _check(parsed: argparse.Namespace) -> int:
    with open_registry(parsed) as registry:
        found = registry.check(
            remove_orphans=parsed.remove_orphans, hashes=not parsed.fast, reporter=reporter_for(parsed)
        )
    if parsed.json:
        print_json(found)
    else:
        for title, paths in (
            ("Missing", found.missing),
            ("Changed", found.changed),
            ("Left over", found.orphans),
            ("Removed", found.removed),
            ("Caution", found.cautions),
        ):
            for path in paths:
                print(f"{title}: {path}")
        print("Everything is there and as it was written" if found.whole else "The registry is not whole")
    return 0 if found.whole else 1


def _rescue(parsed: argparse.Namespace) -> int:
    from CLIPSLib.cases import rescue_registry

    rescue = rescue_registry(parsed.registry)
    if parsed.json:
        print_json(rescue)
    else:
        print(f"Saved {rescue}; {rescue.dropped} rows had to go, as their case is lost.")
        if rescue.backup:
            print(f"The newest backup: {rescue.backup.name}. What was added later and could not be read is lost.")
        print(f"The damaged database is kept: {rescue.damaged}" if rescue.damaged else "There was no database file.")
        print("Look at 'clips cases check' before removing anything.")
    return 0
