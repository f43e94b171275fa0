"""`clips cases masks` and `clips cases reference`: versions of masks, and which of them stands for the truth."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action, key_values
from CLIPSLib.cli.cases_arguments import (
    add_author,
    add_case_action,
    add_mask_reading,
    author_of,
    case_of,
    mask_reading_of,
    open_registry,
)
from CLIPSLib.cli.output import print_json, print_table, reporter_for
from CLIPSLib.errors import Question

if TYPE_CHECKING:
    from CLIPSLib.tasks.case_masks import PredictedCase


def add_actions(actions: Any) -> None:
    masks = add_action(actions, "masks", "add, predict, compare mask versions", None)
    inner = masks.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_import(inner)
    _add_predict(inner)
    compare = add_case_action(inner, "diff", "what turns the tumor of one mask into that of another", _diff)
    compare.add_argument("masks", nargs=2, metavar="MASK", help="mask ids, as 'clips cases show' lists them")
    reference = add_case_action(actions, "reference", "show or choose the reference mask of a case", _reference)
    reference.add_argument("case", metavar="CASE")
    reference.add_argument("mask", nargs="?", metavar="MASK", help="the mask that becomes the reference")
    reference.add_argument("--comment", default="")
    add_author(reference)


def _add_import(actions: Any) -> None:
    parser = add_case_action(actions, "add", "keep a mask file as a version of a case", _import)
    parser.add_argument("case", metavar="CASE")
    parser.add_argument("mask", metavar="FILE", help="RTSTRUCT, .seg.nrrd, NIfTI label map or result folder")
    parser.add_argument("--prediction", action="store_true", help="a model made it")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--reference", action="store_true", default=None, help="make it the reference")
    choice.add_argument("--no-reference", dest="reference", action="store_false", help="never make it the reference")
    parser.add_argument("--comment", default="")
    add_author(parser)
    add_mask_reading(parser)


def _add_predict(actions: Any) -> None:
    parser = add_case_action(actions, "predict", "segment cases and keep the masks as predicted versions", _predict)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="(all)")
    parser.add_argument("--model", required=True, metavar="NAME", help="segmentation method, see 'clips models'")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the method (repeatable)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_author(parser)


def _import(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.case_masks import import_mask

    with open_registry(parsed) as registry:
        imported = import_mask(
            registry,
            case_of(registry, parsed.case),
            [parsed.mask],
            author=author_of(parsed),
            reading=mask_reading_of(parsed),
            prediction=parsed.prediction,
            make_reference=parsed.reference,
            comment=parsed.comment,
        )
    if parsed.json:
        print_json({"imported": imported})
    elif imported is None:
        print(f"Case {parsed.case} has this mask already")
    else:
        mask = imported.mask
        role = "the reference" if imported.is_reference else "not the reference"
        print(f"{mask.id}: {mask.lesion_count} lesions, {mask.volume_ml:.2f} mL, {mask.origin}, {role}")
        for caution in imported.cautions:
            print(f"Caution: {caution}")
    return 0


def _predict(parsed: argparse.Namespace) -> int:
    from CLIPSLib.tasks.case_masks import predict_masks

    with open_registry(parsed) as registry:
        outcomes = predict_masks(
            registry,
            parsed.model,
            author=author_of(parsed),
            case_ids=parsed.cases or None,
            options=key_values(parsed.option, "--option"),
            reporter=reporter_for(parsed),
            on_outcome=lambda outcome: None if parsed.json else print_problem(outcome),
        )
    return print_predicted(outcomes, as_json=parsed.json)


def print_predicted(outcomes: Sequence[PredictedCase], *, as_json: bool) -> int:
    """Say what was predicted for each case; the exit code of the gravest problem."""
    if as_json:
        print_json(outcomes)
    else:
        print_table(
            ["Case", "State", "Mask", "mL", "Lesions", "Seconds"],
            [_predicted_row(outcome) for outcome in outcomes],
        )
        counts = Counter(outcome.state for outcome in outcomes)
        print(f"\n{', '.join(f'{count} {state}' for state, count in counts.most_common())}; candidates, unreviewed")
    codes = {outcome.error.exit_code for outcome in outcomes if outcome.error}
    return next((code for code in (1, 2, 3, 4) if code in codes), 0)


def _predicted_row(outcome: PredictedCase) -> list[object]:
    mask = outcome.mask
    made = [mask.id, mask.volume_ml, mask.lesion_count] if mask else [None, None, None]
    return [outcome.case_id, outcome.state, *made, outcome.seconds]


def print_problem(outcome: PredictedCase) -> None:
    """Say at once why a case could not be segmented; nothing where it could."""
    if outcome.error is None:
        return
    sys.stderr.write(f"{outcome.case_id}: {outcome.state}: {outcome.error}\n")
    if isinstance(outcome.error, Question):
        sys.stderr.write(f"  Answer with 'predict {outcome.case_id} --option {outcome.error.key}=...'\n")


def _diff(parsed: argparse.Namespace) -> int:
    with open_registry(parsed, read_only=True) as registry:
        difference = registry.diff(*parsed.masks)
    if parsed.json:
        print_json(difference)
        return 0
    dice = "undefined (both are empty)" if difference.dice is None else f"{difference.dice:.4f}"
    before, after = parsed.masks
    print(f"From {before} to {after}: {difference.added_ml:.2f} mL added, {difference.removed_ml:.2f} mL removed")
    print(f"Dice {dice}")
    return 0


def _reference(parsed: argparse.Namespace) -> int:
    with open_registry(parsed, read_only=not parsed.mask) as registry:
        case_id = case_of(registry, parsed.case)
        if parsed.mask:
            registry.set_reference(case_id, parsed.mask, author=author_of(parsed), comment=parsed.comment)
        history = registry.reference_history(case_id)
    if parsed.json:
        print_json(history)
        return 0
    if not history:
        print(f"Case {case_id} has no reference mask")
        return 0
    print_table(
        ["Chosen", "Mask", "By", "Comment"],
        [[choice.chosen_utc, choice.mask_id, choice.author, choice.comment] for choice in history],
    )
    print(f"\nThe reference of {case_id} is {history[-1].mask_id}")
    return 0
