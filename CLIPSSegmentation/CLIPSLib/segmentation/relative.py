"""Thresholds relative to each lesion: 41 % and 50 % of SUVmax, and A50P (half of SUVpeak plus background).

Each lesion grows from one seed (growth.py). Where growth leaks, or A50P finds no background, the lesion is its seed
and a caution names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from CLIPSLib.errors import Caution
from CLIPSLib.imaging import Box, at_least, bounding_box, shift_box
from CLIPSLib.measures import peaks
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.candidates import paint_regions
from CLIPSLib.segmentation.fixed import no_candidate
from CLIPSLib.segmentation.growth import Seeds, Surroundings, find_seeds
from CLIPSLib.segmentation.lesions import finish
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.types import Segmentation, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

MIN_BACKGROUND_VOXELS = 10
_SEED_OPTIONS = {"min_volume_ml": 3.0, "connectivity": 26, "max_growth_mm": 15.0}
BACKGROUND_OPTIONS = {"background_gap_mm": 10.0, "background_thickness_mm": 10.0}

MAX41 = SegmenterDescription(
    name="41max",
    title="41 % of SUVmax",
    rule="Per lesion: SUV >= 0.41 SUVmax, grown from its hottest voxel; lesions start at SUV >= 4.0 (else 2.5), 3 mL.",
    source="Meignan et al., Eur J Nucl Med Mol Imaging 2014;41:1113-1122, doi:10.1007/s00259-014-2705-y",
    options={"fraction": 0.41, **_SEED_OPTIONS},
)
MAX50 = SegmenterDescription(
    name="50max",
    title="50 % of SUVmax",
    rule="Per lesion: SUV >= 0.50 SUVmax, grown from its hottest voxel; lesions start at SUV >= 4.0 (else 2.5), 3 mL.",
    source="Boellaard et al. (EANM guideline 2.0), Eur J Nucl Med Mol Imaging 2015;42:328-354, "
    "doi:10.1007/s00259-014-2961-x",
    options={"fraction": 0.50, **_SEED_OPTIONS},
)
A50P = SegmenterDescription(
    name="a50p",
    title="A50P",
    rule="Per lesion: SUV >= 0.5 (SUVpeak + background), background from a shell 10 to 20 mm around the lesion.",
    source="Burggraaff et al., Mol Imaging Biol 2020;22:1102-1110, doi:10.1007/s11307-020-01474-z",
    options={"fraction": 0.50, **_SEED_OPTIONS, **BACKGROUND_OPTIONS},
)


class ThresholdRule(Protocol):
    """The SUV threshold of one lesion, and the numbers it was made from; None when it cannot be made."""

    def __call__(self, around: Surroundings, options: Mapping[str, Any]) -> tuple[float | None, dict[str, float]]: ...


def fraction_of_max(around: Surroundings, options: Mapping[str, Any]) -> tuple[float | None, dict[str, float]]:
    """`fraction` times SUVmax."""
    suv_max = float(around.values.max())
    return options["fraction"] * suv_max, {"suv_max": suv_max}


def a50p_threshold(around: Surroundings, options: Mapping[str, Any]) -> tuple[float | None, dict[str, float]]:
    """`fraction` times (SUVpeak + background); None with fewer than 10 background voxels.

    Background: mean SUV of the voxels whose distance from the seed is more than the gap and at most gap + thickness,
    without voxels at or above the seed threshold and without those within the gap of another seed.
    """
    gap, thickness = options["background_gap_mm"], options["background_thickness_mm"]
    shell = (around.distance_mm > gap) & (around.distance_mm <= gap + thickness)
    shell &= (around.distance_to_others_mm > gap) & ~at_least(around.suv, around.seed_threshold)
    suv_peak, _ = peaks(around.suv, around.voxels, around.values, around.spacing_mm)
    if np.count_nonzero(shell) < MIN_BACKGROUND_VOXELS:
        return None, {"suv_peak": suv_peak}
    background = float(around.suv[shell].mean(dtype=np.float64))
    return options["fraction"] * (suv_peak + background), {"suv_peak": suv_peak, "background_suv": background}


@dataclass(frozen=True)
class GrownLesion:
    """One lesion of a relative method: where it is, its threshold, the numbers behind it, why it is only its seed."""

    box: Box
    mask: np.ndarray
    threshold_suv: float
    numbers: Mapping[str, float]
    fallback: str = ""  # "", "leak", "above-max" or "no-background"

    @property
    def explanation(self) -> dict[str, Any]:
        """Its threshold and where that came from, for the provenance."""
        return {"threshold_suv": self.threshold_suv, **self.numbers, "fallback": self.fallback}


def grow_lesion(
    study: PetCtStudy, seeds: Seeds, number: int, rule: ThresholdRule, options: Mapping[str, Any]
) -> GrownLesion:
    """Grow seed 1, 2, ... by a rule; the seed itself where that is impossible."""
    cap = options["max_growth_mm"]
    gap, thickness = options.get("background_gap_mm", 0.0), options.get("background_thickness_mm", 0.0)
    around = Surroundings.of(study, seeds, number, reach_mm=max(2 * cap, 2 * gap + thickness))
    threshold, numbers = rule(around, options)
    grown, fallback = None, ""
    if threshold is None:
        fallback = "no-background"
    elif threshold > around.values.max():
        fallback = "above-max"
    else:
        grown = around.grow(threshold, max_growth_mm=cap, connectivity=options["connectivity"])
        fallback = "leak" if grown is None else ""
    mask = around.seed if grown is None else grown
    tight = bounding_box(mask)
    return GrownLesion(
        box=shift_box(tight, around.box),
        mask=mask[tight],
        threshold_suv=seeds.threshold if grown is None else threshold,
        numbers=numbers if threshold is None else {**numbers, "computed_threshold_suv": threshold},
        fallback=fallback,
    )


def grow_lesions(
    study: PetCtStudy, seeds: Seeds, rule: ThresholdRule, options: Mapping[str, Any], reporter: Reporter, stage: str
) -> list[GrownLesion]:
    """Grow all seeds, in their order."""
    lesions = []
    count = len(seeds.regions.boxes)
    for number in range(1, count + 1):
        reporter.progress(stage, (number - 1) / count)
        reporter.check()
        lesions.append(grow_lesion(study, seeds, number, rule, options))
    reporter.progress(stage, 1.0)
    return lesions


@dataclass(frozen=True)
class RelativeThreshold:
    """The segmenter of a threshold that depends on the lesion. One lesion per seed, also where two of them touch."""

    description: SegmenterDescription
    rule: ThresholdRule

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        chosen = complete_options(self.description, options)
        seeds = find_seeds(study, chosen, reporter)
        grown = grow_lesions(study, seeds, self.rule, chosen, reporter, "Growing lesions")
        regions, order = paint_regions([(g.box, g.mask) for g in grown], seeds.regions.labels.shape)
        ordered = [grown[i] for i in order]
        return finish(
            study,
            regions,
            model=self.description.name,
            title=_title(self.description, chosen),
            options=chosen,
            thresholds=[g.explanation for g in ordered],
            candidates=seeds.regions,
            cautions=(
                *no_candidate(seeds.regions, seeds.threshold, chosen["min_volume_ml"]),
                *fallback_cautions(ordered, seeds.threshold, chosen["max_growth_mm"]),
            ),
            details={"seed_threshold_suv": seeds.threshold},
        )


def fallback_cautions(lesions: Sequence[GrownLesion], seed_threshold: float, cap_mm: float) -> tuple[Caution, ...]:
    """One caution per lesion that could not be grown; lesions are in their final order ("Lesion 1" first)."""
    seed = f"the region of SUV >= {seed_threshold:.1f}"
    reasons = {
        "leak": f"growth leaked farther than {cap_mm:g} mm from {seed}",
        "above-max": "hotter uptake beside it lifts its threshold above its SUVmax",
        "no-background": "there are too few background voxels around it",
    }
    return tuple(
        Caution(
            f"growth-{lesion.fallback}",
            f"Lesion {number}: {reasons[lesion.fallback]}{_at_threshold(lesion)}; its volume is that of {seed}",
        )
        for number, lesion in enumerate(lesions, start=1)
        if lesion.fallback
    )


def _at_threshold(lesion: GrownLesion) -> str:
    threshold = lesion.numbers.get("computed_threshold_suv")
    return "" if threshold is None else f" (threshold SUV {threshold:.2f})"


def _title(description: SegmenterDescription, options: Mapping[str, Any]) -> str:
    percent = f"{100 * options['fraction']:g} %"
    if options["fraction"] == description.options["fraction"]:
        return description.title
    return f"{percent} of SUVmax" if "background_gap_mm" not in options else f"A50P with {percent}"
