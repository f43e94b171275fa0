"""`clips cases review-status` and `clips cases rate`: what readers say about cases, without the panel."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.cases_arguments import add_case_action, case_of, open_registry
from CLIPSLib.cli.output import print_json, print_table
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from CLIPSLib.difficulty import Agreement

_STATUSES = ("accepted", "corrected", "flagged", "skipped", "unusable")


def add_actions(actions: Any) -> None:
    review = add_case_action(actions, "review-status", "show or set the review status of a case", _review)
    review.add_argument("case", nargs="?", metavar="CASE", help="without it: how many cases have which status")
    review.add_argument("status", nargs="?", choices=_STATUSES, metavar="STATUS", help=", ".join(_STATUSES))
    review.add_argument("--reader", metavar="NAME", help="who reviewed")
    review.add_argument("--mask", metavar="MASK", help="the mask that was looked at")
    review.add_argument("--comment", default="")
    rate = add_case_action(actions, "rate", "rate how hard a case is to delineate, 1 to 5; show ratings", _rate)
    rate.add_argument("case", nargs="?", metavar="CASE", help="without it: the question, and how raters agree")
    rate.add_argument("score", nargs="?", type=int, metavar="SCORE", help="1 (very easy) to 5 (very hard)")
    rate.add_argument("--rater", metavar="NAME", help="who rates; others' ratings stay hidden until NAME has rated")
    rate.add_argument("--tag", action="append", default=[], metavar="REASON", help="reason (repeatable)")
    rate.add_argument("--comment", default="")


def _review(parsed: argparse.Namespace) -> int:
    if parsed.case is None:
        with open_registry(parsed, read_only=True) as registry:
            counts = registry.counts().by_status
        if parsed.json:
            print_json(counts)
        else:
            print_table(["Status", "Cases"], list(counts.items()))
        return 0
    if parsed.status and not parsed.reader:
        raise UsageError("no-reader", "A review needs its reader", parsed.case, "Give --reader NAME.")
    with open_registry(parsed, read_only=not parsed.status) as registry:
        case_id = case_of(registry, parsed.case)
        if parsed.status:
            registry.review(
                case_id,
                status=parsed.status,
                reader=parsed.reader,
                mask_id=parsed.mask,
                comment=parsed.comment,
            )
        reviews = registry.reviews(case_id)
    if parsed.json:
        print_json(reviews)
        return 0
    print_table(
        ["Time", "Status", "Reader", "Mask", "Comment"],
        [[r.reviewed_utc, r.status, r.reader, r.mask_id, r.comment] for r in reviews],
    )
    print(f"\n{case_id}: {reviews[-1].status if reviews else 'to review'}")
    return 0


def _rate(parsed: argparse.Namespace) -> int:
    if parsed.score is not None and not parsed.rater:
        raise UsageError("no-rater", "A rating needs its rater", parsed.case, "Give --rater NAME.")
    if parsed.case is None:
        return _show_all(parsed)
    with open_registry(parsed, read_only=parsed.score is None) as registry:
        case_id = case_of(registry, parsed.case)
        if parsed.score is not None:
            registry.rate(case_id, rater=parsed.rater, score=parsed.score, tags=parsed.tag, comment=parsed.comment)
        ratings = registry.ratings(case_id, viewer=parsed.rater)
    if parsed.json:
        print_json(ratings)
        return 0
    print_table(
        ["Score", "Rater", "Time", "Reasons", "Comment"],
        [[r.score, r.rater, r.rated_utc, ", ".join(r.tags), r.comment] for r in ratings],
    )
    return 0


def _show_all(parsed: argparse.Namespace) -> int:
    """The question as it is asked, and how far the raters agree, before anybody uses their ratings."""
    from CLIPSLib.difficulty import RATING_FORMS, agreement

    with open_registry(parsed, read_only=True) as registry:
        found = agreement(registry.ratings(viewer=parsed.rater, history=True))
        counts = registry.counts()
    form = RATING_FORMS["en"]
    if parsed.json:
        print_json({"form": form, "ratings_by_rater": counts.ratings_by_rater, "agreement": found})
        return 0
    print(form.question)
    for line in (form.hint, *(f"{score}  {text}" for score, text in form.anchors.items())):
        print(textwrap.fill(line, 110, initial_indent="  ", subsequent_indent="     "))
    print(f"  Reasons (--tag): {', '.join(form.tags)}\n")
    print_table(["Rater", "Ratings"], list(counts.ratings_by_rater.items()))
    _print_agreement(found)
    return 0


def _print_agreement(found: Agreement) -> None:
    print(f"\nCases with two ratings or more: {found.cases}; rated by all: {found.complete_cases}")
    for title, name in (
        ("Krippendorff's alpha (ordinal)", "krippendorff_alpha"),
        ("ICC(2,1)", "icc_single"),
        ("ICC(2,k)", "icc_mean"),
    ):
        value = getattr(found, name)
        why = found.undefined.get(name, "for want of ratings")
        print(f"{title}: {f'undefined, {why}' if value is None else f'{value:.3f}'}")
    for pair, kappa in found.weighted_kappa.items():
        print(f"Weighted kappa (quadratic), {pair}: {kappa:.3f}")
    for rater, kappa in found.repeated_kappa.items():
        print(f"Weighted kappa of {rater} with earlier ratings: {kappa:.3f}")
