"""Disagreement between mask versions of a case: of models, of readers, of all, of the members of one ensemble.

Needs no reference, so that cases that nobody has drawn can be ranked too, and reviewed in that order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.cache import cached
from CLIPSLib.difficulty.evidence import digest, stamped
from CLIPSLib.difficulty.families.each_case import Measured, each_case, family_names, nothing
from CLIPSLib.difficulty.findings import Findings
from CLIPSLib.difficulty.lesions import Found, Undefined
from CLIPSLib.difficulty.masks import made_of, mask_of, member_of
from CLIPSLib.difficulty.settings import MeasureSettings
from CLIPSLib.errors import Question, UsageError
from CLIPSLib.evaluation import dice, voxel_entropy
from CLIPSLib.imaging import array_view, bounding_box, grow_box, spacing_zyx_mm
from CLIPSLib.progress import Reporter

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CLIPSLib.cases import MaskVersion, Registry

NEAR_MM = 10.0


def find(
    registry: Registry, cases: Sequence[str], settings: MeasureSettings, cache: Path | None, reporter: Reporter
) -> Findings:
    """1 - mean pairwise Dice, variation of volume and entropy, of the latest mask of each model and each author.

    Raises:
        UsageError: `among` is "members", and none of the ensemble's has predicted masks. Question: which ensemble.
    """
    ensemble = _ensemble(registry, settings.teacher) if settings.among == "members" else ""
    who = f"members of '{ensemble}'" if ensemble else settings.among
    compared: dict[str, str] = {}
    networks: set[str] = set()

    def measure(case: str) -> Measured:
        versions = latest_versions(registry.masks(case), settings.among, ensemble)
        compared[case] = f"{len(versions)} masks"
        networks.update(version.model for version in versions if version.origin == "predicted" and version.model)
        if len(versions) < 2:
            return nothing("disagreement", f"fewer than 2 masks to compare ({who})"), ""
        evidence = stamped(["disagreement", sorted(map(made_of, versions), key=digest)])
        return cached(cache, evidence, lambda: _measure(registry, versions)), evidence

    values, evidence = each_case(cases, "disagreement", measure, reporter)
    return Findings(
        values=values,
        evidence=evidence,
        scored_on=f"the latest masks of each model and author ({who})",
        options={"among": settings.among, **({"teacher": ensemble} if ensemble else {"networks": sorted(networks)})},
        remarks=dict.fromkeys(family_names("disagreement"), compared),
    )


def latest_versions(masks: Sequence[MaskVersion], among: str, ensemble: str = "") -> list[MaskVersion]:
    """The newest version of each model ("models"), of each person ("readers"), of both ("all"), or of each member of
    an ensemble ("members"), which speaks with one voice otherwise."""
    newest: dict[tuple[str, str], MaskVersion] = {}
    for mask in masks:
        predicted, whole = mask.origin == "predicted", member_of(mask.model)
        wanted = whole == ensemble if among == "members" else whole is None
        if wanted and (among in ("all", "members") or predicted == (among == "models")):
            newest[("model", mask.model) if predicted else ("author", mask.author)] = mask
    return list(newest.values())


def _ensemble(registry: Registry, named: str) -> str:
    """The ensemble whose members are compared. Raises as `find`."""
    known = sorted({whole for model in registry.counts().masks_by_model if (whole := member_of(model or ""))})
    if not known or (named and named not in known):
        there_are = f"there are masks of the members of: {', '.join(known)}" if known else "no member has made any mask"
        what = f"No mask of a member of '{named}'" if named else "No members to compare"
        remedy = "Run the members first: clips cases difficulty members MODEL."
        raise UsageError("no-members", f"{what}; {there_are}", str(registry.folder), remedy)
    if not named and len(known) > 1:
        what = f"Masks of the members of several models are in the registry: {', '.join(known)}"
        raise Question("which-ensemble", what, str(registry.folder), key="teacher", choices=tuple(known))
    return named or known[0]


def _measure(registry: Registry, versions: Sequence[MaskVersion]) -> Found:
    read = [registry.read_mask(version.id) for version in versions]
    masks = [mask_of(segmentation) for segmentation in read]
    shared = [dice(a, b) for a, b in itertools.combinations(masks, 2)]
    volumes = np.array([version.volume_ml for version in versions])
    mean = float(volumes.mean())
    return {
        "disagreement": 1.0 - float(np.mean([1.0 if value is None else value for value in shared])),
        "volume_variation": float(volumes.std(ddof=1)) / mean if mean > 0.0 else 0.0,
        "entropy": _entropy([segmentation.probability for segmentation in read], masks),
    }


def _entropy(probabilities: Sequence[sitk.Image | None], masks: Sequence[np.ndarray]) -> float | Undefined:
    """Mean entropy of the mean probability near what was found; over the whole body it would be about 0 for all."""
    from scipy import ndimage

    told = [image for image in probabilities if image is not None]
    if not told:
        return Undefined("no mask has probabilities")
    found = np.logical_or.reduce(masks)
    if not found.any():
        return Undefined("nothing was found")
    spacing = spacing_zyx_mm(told[0])
    box = grow_box(bounding_box(found), [math.ceil(NEAR_MM / step) for step in spacing], found.shape)
    near = ndimage.distance_transform_edt(~found[box], sampling=spacing) <= NEAR_MM
    mean = np.mean([array_view(image)[box] for image in told], axis=0)
    return float(voxel_entropy(mean)[near].mean())
