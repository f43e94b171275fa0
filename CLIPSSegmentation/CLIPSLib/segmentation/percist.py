"""PERCIST's liver threshold: SUV >= 1.5 times the liver's mean plus 2 of its standard deviations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from CLIPSLib.errors import Caution, Question
from CLIPSLib.imaging import array_view, require_finite
from CLIPSLib.measures import LiverReference, find_liver, liver_at
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.fixed import no_candidate, regions_at_least
from CLIPSLib.segmentation.lesions import finish
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.types import Segmentation, SegmenterDescription

if TYPE_CHECKING:
    from CLIPSLib.study import PetCtStudy

PERCIST = SegmenterDescription(
    name="percist",
    title="PERCIST liver threshold",
    rule="Every region with SUV >= 1.5 x liver mean + 2 SD (3 cm sphere in the right lobe) and at least 3 mL.",
    source="Wahl et al., J Nucl Med 2009;50 Suppl 1:122S-150S, doi:10.2967/jnumed.108.057307",
    options={
        "liver_center_lps_mm": None,
        "liver_factor": 1.5,
        "liver_sd_factor": 2.0,
        "min_volume_ml": 3.0,
        "connectivity": 26,
    },
)


@dataclass(frozen=True)
class LiverThreshold:
    """The segmenter of a threshold relative to the liver.

    PERCIST is defined in SUL. SUL is SUVbw times one number per patient (lean mass over weight), and so are the
    liver's mean, its SD and the threshold: the voxels selected are the same in both, so SUVbw is used throughout.
    """

    description: SegmenterDescription

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        chosen = complete_options(self.description, options)
        require_finite(array_view(study.pet), "The PET", study.identity.pet_series_uid)
        liver = _reference(study, chosen["liver_center_lps_mm"], reporter)
        threshold = chosen["liver_factor"] * liver.mean_suv + chosen["liver_sd_factor"] * liver.sd_suv
        regions = regions_at_least(study, threshold, chosen, reporter)
        return finish(
            study,
            regions,
            model=self.description.name,
            title=f"SUV >= {chosen['liver_factor']:g} x liver mean + {chosen['liver_sd_factor']:g} SD",
            options=chosen,
            thresholds=[{"threshold_suv": threshold}] * len(regions.boxes),
            cautions=(*_liver_cautions(liver), *no_candidate(regions, threshold, chosen["min_volume_ml"])),
            details={"liver": asdict(liver), "threshold_suv": threshold},
        )


def _reference(study: PetCtStudy, center_lps_mm, reporter: Reporter) -> LiverReference:
    if center_lps_mm is not None:
        return liver_at(study, center_lps_mm)
    found = find_liver(study, reporter)
    if found is None:
        raise Question(
            "liver-not-found",
            "No region of this PET looks like the liver (even uptake of SUV 1.2 to 3.5 on the patient's right)",
            study.identity.pet_series_uid,
            "Give the center of a 3 cm sphere in healthy liver, right lobe, in LPS mm.",
            key="liver_center_lps_mm",
            unit="mm",
        )
    return found


def _liver_cautions(liver: LiverReference) -> tuple[Caution, ...]:
    x, y, z = liver.center_lps_mm
    numbers = f"mean SUV {liver.mean_suv:.2f}, SD {liver.sd_suv:.2f} at LPS ({x:.0f}, {y:.0f}, {z:.0f}) mm"
    if liver.source == "found":
        what = f"The liver sphere was placed automatically ({numbers}); check that it lies in healthy liver"
        return (Caution("liver-found", what),)
    if not liver.plausible:
        return (Caution("liver-implausible", f"The liver sphere given does not look like healthy liver ({numbers})"),)
    return ()
