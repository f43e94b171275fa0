"""MV2 and MV3: voxels that at least two or three of the methods {41 % of SUVmax, A50P, SUV 2.5, SUV 4.0} select."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.errors import Caution
from CLIPSLib.imaging import array_view, at_least, label_components, renumber
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.candidates import Regions
from CLIPSLib.segmentation.fixed import no_candidate
from CLIPSLib.segmentation.growth import Seeds, find_seeds
from CLIPSLib.segmentation.lesions import finish
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.relative import (
    A50P,
    MAX41,
    a50p_threshold,
    fraction_of_max,
    grow_lesions,
)
from CLIPSLib.segmentation.types import Segmentation, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

_OPTIONS = {name: A50P.options[name] for name in A50P.options if name != "fraction"}
_SOURCE = "Burggraaff et al., Mol Imaging Biol 2020;22:1102-1110, doi:10.1007/s11307-020-01474-z"

MV2 = SegmenterDescription(
    name="mv2",
    title="Majority vote, 2 of 4",
    rule="Voxels that at least 2 of 41 % of SUVmax, A50P, SUV >= 2.5 and SUV >= 4.0 select, connected to a seed.",
    source=_SOURCE,
    options=_OPTIONS,
)
MV3 = SegmenterDescription(
    name="mv3",
    title="Majority vote, 3 of 4",
    rule="Voxels that at least 3 of 41 % of SUVmax, A50P, SUV >= 2.5 and SUV >= 4.0 select, connected to a seed.",
    source=_SOURCE,
    options=_OPTIONS,
)


@dataclass(frozen=True)
class MajorityVote:
    """The segmenter of a vote. A lesion is a component of the voxels with enough votes that holds part of a seed."""

    description: SegmenterDescription
    votes_needed: int

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        chosen = complete_options(self.description, options)
        seeds = find_seeds(study, chosen, reporter)
        votes, leaks = _count_votes(study, seeds, chosen, reporter)
        reporter.check()
        regions = _regions_with_seeds(votes >= self.votes_needed, seeds, chosen["connectivity"])
        return finish(
            study,
            regions,
            model=self.description.name,
            title=self.description.title,
            options=chosen,
            thresholds=[{"votes_needed": self.votes_needed}] * len(regions.boxes),
            candidates=seeds.regions,
            cautions=(*no_candidate(seeds.regions, seeds.threshold, chosen["min_volume_ml"]), *leaks),
            details={
                "seed_threshold_suv": seeds.threshold,
                "voters": ["41 % of SUVmax", "A50P", "SUV >= 2.5", "SUV >= 4.0"],
            },
        )


def _count_votes(
    study: PetCtStudy, seeds: Seeds, options: Mapping[str, Any], reporter: Reporter
) -> tuple[np.ndarray, tuple[Caution, ...]]:
    """How many of the four methods select each voxel (uint8 `[z, y, x]`), and where one of them had to fall back."""
    suv = array_view(study.pet)
    votes = at_least(suv, 2.5).astype(np.uint8)
    votes += at_least(suv, 4.0)
    cautions: list[Caution] = []
    for description, rule in ((MAX41, fraction_of_max), (A50P, a50p_threshold)):
        settings = {**options, "fraction": description.options["fraction"]}
        grown = grow_lesions(study, seeds, rule, settings, reporter, f"Growing lesions by {description.title}")
        for lesion in grown:
            votes[lesion.box] += lesion.mask
        fallen_back = sum(bool(lesion.fallback) for lesion in grown)
        if fallen_back:
            cautions.append(
                Caution(
                    "growth-fallback",
                    f"{description.title} leaked or had no usable threshold at {fallen_back} of {len(grown)} lesions; "
                    f"there it votes for the region of SUV >= {seeds.threshold:.1f}",
                )
            )
    return votes, tuple(cautions)


def _regions_with_seeds(mask: np.ndarray, seeds: Seeds, connectivity: int) -> Regions:
    """The components of a mask that hold a voxel of a seed, largest first."""
    components = label_components(mask, connectivity)
    touched = np.zeros(components.count + 1, dtype=bool)
    for number, box in enumerate(seeds.regions.boxes, start=1):
        touched[components.labels[box][seeds.regions.labels[box] == number]] = True
    kept = np.flatnonzero(touched[1:]) + 1
    kept = kept[np.argsort(-components.sizes[kept - 1], kind="stable")]
    return Regions(labels=renumber(components, kept), boxes=tuple(components.boxes[n - 1] for n in kept))
