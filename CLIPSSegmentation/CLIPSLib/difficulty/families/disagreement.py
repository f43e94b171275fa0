"""Disagreement between mask versions of a case: of models, of readers, or of all. Needs no reference."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.cache import cached
from CLIPSLib.difficulty.evidence import stamped
from CLIPSLib.difficulty.families.each_case import Measured, each_case, family_names, nothing
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found
from CLIPSLib.difficulty.masks import mask_of
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.evaluation import dice
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    from CLIPSLib.cases import MaskVersion, Registry


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """1 - mean pairwise Dice, and the variation of volume, of the latest mask of each model and each author."""

    compared: dict[str, str] = {}

    def measure(case: str) -> Measured:
        versions = latest_versions(registry.masks(case), settings.among)
        compared[case] = f"{len(versions)} masks"
        if len(versions) < 2:
            return nothing("disagreement", f"fewer than 2 masks to compare ({settings.among})"), ""
        evidence = stamped(["disagreement", sorted(version.sha256 for version in versions)])
        return cached(cache, evidence, lambda: _measure(registry, versions)), evidence

    values, evidence = each_case(cases, "disagreement", measure, reporter)
    return Findings(
        values=values,
        evidence=evidence,
        scored_on=f"the latest masks of each model and author ({settings.among})",
        options={"among": settings.among},
        remarks=dict.fromkeys(family_names("disagreement"), compared),
    )


def latest_versions(masks: Sequence[MaskVersion], among: str) -> list[MaskVersion]:
    """The newest version of each model ("models"), of each person ("readers"), or of both ("all")."""
    newest: dict[tuple[str, str], MaskVersion] = {}
    for mask in masks:
        predicted = mask.origin == "predicted"
        if among == "all" or predicted == (among == "models"):
            newest[("model", mask.model) if predicted else ("author", mask.author)] = mask
    return list(newest.values())


def _measure(registry: Registry, versions: Sequence[MaskVersion]) -> Found:
    masks = [mask_of(registry.read_mask(version.id)) for version in versions]
    shared = [dice(a, b) for a, b in itertools.combinations(masks, 2)]
    volumes = np.array([version.volume_ml for version in versions])
    mean = float(volumes.mean())
    return {
        "disagreement": 1.0 - float(np.mean([1.0 if value is None else value for value in shared])),
        "volume_variation": float(volumes.std(ddof=1)) / mean if mean > 0.0 else 0.0,
    }
