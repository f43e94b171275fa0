"""Fixed SUV thresholds: every region at or above it that is large enough. SUV >= 4.0 is the default of CLIPS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution
from CLIPSLib.imaging import array_view, at_least, require_finite, voxel_volume_ml
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.candidates import Regions, find_candidates
from CLIPSLib.segmentation.lesions import finish
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.types import Segmentation, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

SUV4 = SegmenterDescription(
    name="suv4",
    title="SUV >= 4.0",
    rule="Every 26-connected region with SUV >= 4.0 and at least 3 mL is a candidate.",
    source="Boellaard et al., J Nucl Med 2024;65:1343-1348, doi:10.2967/jnumed.124.267789",
    options={"threshold": 4.0, "min_volume_ml": 3.0, "connectivity": 26},
)
SUV25 = SegmenterDescription(
    name="suv2.5",
    title="SUV >= 2.5",
    rule="Every 26-connected region with SUV >= 2.5 and at least 3 mL is a candidate; takes in liver and marrow.",
    source="Ilyas et al., Eur J Nucl Med Mol Imaging 2018;45:1142-1154, doi:10.1007/s00259-018-3953-z",
    options={"threshold": 2.5, "min_volume_ml": 3.0, "connectivity": 26},
)


@dataclass(frozen=True)
class FixedThreshold:
    """The segmenter of a fixed SUV threshold."""

    description: SegmenterDescription

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        chosen = complete_options(self.description, options)
        threshold = chosen["threshold"]
        regions = regions_at_least(study, threshold, chosen, reporter)
        return finish(
            study,
            regions,
            model=self.description.name,
            title=f"SUV >= {threshold:g}" if threshold % 1 else f"SUV >= {threshold:.1f}",
            options=chosen,
            thresholds=[{"threshold_suv": threshold}] * len(regions.boxes),
            cautions=no_candidate(regions, threshold, chosen["min_volume_ml"]),
        )


def regions_at_least(study: PetCtStudy, threshold: float, options: Mapping[str, Any], reporter: Reporter) -> Regions:
    """The regions of a study at or above an SUV threshold, with the options connectivity and min_volume_ml."""
    reporter.progress("Finding candidates", 0.0)
    suv = array_view(study.pet)
    require_finite(suv, "The PET", study.identity.pet_series_uid)
    reporter.check()
    mask = at_least(suv, threshold)
    reporter.check()
    regions = find_candidates(
        mask,
        voxel_volume_ml(study.pet),
        connectivity=options["connectivity"],
        min_volume_ml=options["min_volume_ml"],
    )
    reporter.progress("Finding candidates", 1.0)
    reporter.check()
    return regions


def no_candidate(regions: Regions, threshold: float, min_volume_ml: float) -> tuple[Caution, ...]:
    """The caution of an empty result, which is valid and must not look like a failure."""
    if regions.boxes:
        return ()
    found = f"; smaller ones: {regions.discarded_count} ({regions.discarded_ml:.1f} mL)"
    return (
        Caution(
            "no-candidate",
            f"No connected region of at least {min_volume_ml:g} mL reaches SUV {threshold:.3g}"
            + (found if regions.discarded_count else ""),
        ),
    )
