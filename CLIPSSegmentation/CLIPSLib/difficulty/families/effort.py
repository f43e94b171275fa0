"""What a correction cost: active minutes, edits, and how much the mask changed. Read from reviews and mask versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.evidence import stamped
from CLIPSLib.difficulty.families.each_case import Measured, each_case, nothing
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskVersion, Registry, Review


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """Time and edits as the mean over readers of what each of them spent; the change made by the latest correction.

    options: "networks", whose masks were corrected or accepted: how well they know the cases is part of the effort.
    """
    networks: set[str] = set()

    def measure(case: str) -> Measured:
        reviews = registry.reviews(case)
        if not reviews:
            return nothing("effort", "nobody has reviewed the case"), ""
        masks = registry.masks(case)
        before_and_after = corrected_from(masks)
        networks.update(proposed_by(masks, reviews))
        facts = [[review.reader, review.active_s, review.edit_count, review.status] for review in reviews]
        evidence = stamped(["effort", facts, [mask.sha256 for mask in before_and_after or ()]])
        return _spent(reviews) | _changed(registry, reviews, before_and_after), evidence

    values, evidence = each_case(cases, "effort", measure, reporter)
    options = {"networks": sorted(networks)}
    return Findings(values=values, evidence=evidence, scored_on="reviews and corrected masks", options=options)


def proposed_by(masks: Sequence[MaskVersion], reviews: Sequence[Review]) -> set[str]:
    """The models whose masks were reviewed: those that a review is of, and those that a correction began from."""
    by_id = {mask.id: mask for mask in masks}
    seen = {review.mask_id for review in reviews} | {mask.parent for mask in masks if mask.origin == "corrected"}
    found = [by_id[mask_id] for mask_id in seen if mask_id in by_id]
    return {mask.model for mask in found if mask.origin == "predicted" and mask.model}


def corrected_from(masks: Sequence[MaskVersion]) -> tuple[MaskVersion, MaskVersion] | None:
    """The mask that was proposed and the newest correction made from it, through however many steps."""
    by_id = {mask.id: mask for mask in masks}
    corrected = [mask for mask in masks if mask.origin == "corrected"]
    if not corrected:
        return None
    proposed = corrected[-1]
    while proposed.origin == "corrected" and proposed.parent in by_id:
        proposed = by_id[proposed.parent]
    return None if proposed.origin == "corrected" else (proposed, corrected[-1])


def _spent(reviews: Sequence[Review]) -> Found:
    by_reader: dict[str, list[Review]] = {}
    for review in reviews:
        by_reader.setdefault(review.reader, []).append(review)
    seconds = [sum(review.active_s or 0.0 for review in own) for own in by_reader.values()]
    edits = [sum(review.edit_count or 0 for review in own) for own in by_reader.values()]
    if not any(seconds):
        why = Undefined("no active time was recorded")
        return {"effort_minutes": why, "effort_edits": float(np.mean(edits)) if any(edits) else why}
    return {"effort_minutes": float(np.mean(seconds)) / 60.0, "effort_edits": float(np.mean(edits))}


def _changed(
    registry: Registry, reviews: Sequence[Review], before_and_after: tuple[MaskVersion, MaskVersion] | None
) -> Found:
    names = ("effort_change", "effort_added", "effort_removed")
    if before_and_after is None:
        if reviews[-1].status == "accepted":
            return dict.fromkeys(names, 0.0)
        return dict.fromkeys(names, Undefined("no correction was made from a proposed mask, nor was it accepted"))
    diff = registry.diff(before_and_after[0].id, before_and_after[1].id)
    change = 0.0 if diff.dice is None else 1.0 - diff.dice
    return {"effort_change": change, "effort_added": diff.added_ml, "effort_removed": diff.removed_ml}
