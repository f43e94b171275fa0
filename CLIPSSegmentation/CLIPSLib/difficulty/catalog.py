"""Every measurer with its definition, direction and caveat, as data: what lists, tables and docs/difficulty.md show."""

from __future__ import annotations

from CLIPSLib.difficulty.ranking import require_known
from CLIPSLib.difficulty.types import Family, HardWhen, MeasurerDescription


def _uptake(name: str, title: str, unit: str, hard_when: HardWhen, rule: str, caveat: str) -> MeasurerDescription:
    return MeasurerDescription(
        name=name, title=title, family="uptake", rule=rule, unit=unit, hard_when=hard_when, caveat=caveat
    )


def _other(
    name: str, family: Family, title: str, unit: str, rule: str, caveat: str, *, needs_reference: bool = False
) -> MeasurerDescription:
    return MeasurerDescription(
        name=name,
        title=title,
        family=family,
        rule=rule,
        unit=unit,
        hard_when="high",
        caveat=caveat,
        needs_reference=needs_reference,
    )


_BURDEN = (
    _uptake("tmtv", "TMTV", "mL", "low", "Volume of the reference mask.", "A huge TMTV can be diffuse and hard too."),
    _uptake(
        "lesion_count",
        "Number of lesions",
        "",
        "high",
        "Components of the reference mask.",
        "Depends on the connectivity and on the SUV threshold of the mask.",
    ),
    _uptake(
        "smallest_lesion",
        "Smallest lesion",
        "mL",
        "low",
        "Volume of the smallest component.",
        "Below about 3 voxels the partial volume effect decides.",
    ),
    _uptake(
        "median_lesion",
        "Median lesion",
        "mL",
        "low",
        "Median volume of the components.",
        "Below about 3 voxels the partial volume effect decides.",
    ),
    _uptake(
        "small_lesions",
        "Share of small lesions",
        "",
        "high",
        "Components below `small_lesion_ml` over all components.",
        "Coarse with few lesions: 0 or 1 for a single one.",
    ),
    _uptake(
        "d_max",
        "Dmax",
        "mm",
        "high",
        "Largest distance between two lesion centroids.",
        "0 for one lesion; between farthest voxels it would be larger.",
    ),
    _uptake(
        "spread",
        "Spread of lesions",
        "mm",
        "high",
        "Root mean square distance of lesion centroids to the volume-weighted centroid.",
        "0 for one lesion; outliers weigh less than in Dmax.",
    ),
)
_UPTAKE = (
    _uptake(
        "suv_max", "SUVmax", "g/mL", "low", "Highest SUV of the lesions.", "Depends on scanner, noise and uptake time."
    ),
    _uptake(
        "suv_mean", "SUVmean", "g/mL", "low", "Mean SUV of the lesions' voxels.", "Depends on how tight masks are."
    ),
    _uptake(
        "suv_peak",
        "SUVpeak",
        "g/mL",
        "low",
        "Highest mean in a 1 cm3 sphere (IBSI 0F91).",
        "Depends on scanner and uptake time.",
    ),
    _uptake(
        "weakest_lesion",
        "SUVmax of the weakest lesion",
        "g/mL",
        "low",
        "Lowest SUVmax of the lesions.",
        "One stray component decides; raise `min_lesion_ml`.",
    ),
    _uptake(
        "liver_ratio",
        "Lesion to liver",
        "",
        "near 1",
        "SUVmax of a lesion over SUVmean of a 3 cm sphere in the liver.",
        "Needs a liver in the image; the sphere is found automatically.",
    ),
    _uptake(
        "liver_noise",
        "Noise in the liver",
        "",
        "high",
        "SD over mean of SUV in a 3 cm sphere in the liver.",
        "Needs a liver in the image; of the image, not of the lesions.",
    ),
)
_BORDERS = (
    _uptake(
        "tumor_to_background",
        "Tumor to background",
        "",
        "low",
        "SUVmean of a lesion over the median SUV of a ring around it.",
        "The ring may leak into bladder, heart or air.",
    ),
    _uptake(
        "contrast_to_noise",
        "Contrast to noise",
        "",
        "low",
        "(SUVmean of a lesion - mean of the ring) over the ring's standard deviation.",
        "Hot organs in the ring count as noise.",
    ),
    _uptake(
        "boundary_sharpness",
        "Boundary sharpness",
        "1/mm",
        "low",
        "Mean SUV gradient on the lesion's border voxels over SUVmax.",
        "Depends on the voxel spacing: compare scanners with care.",
    ),
    _uptake(
        "sphericity",
        "Sphericity",
        "",
        "low",
        "Surface of the sphere of equal volume over the lesion's surface.",
        "Means nothing in lesions of few voxels, which are left out.",
    ),
    _uptake(
        "surface_to_volume",
        "Surface to volume",
        "1/mm",
        "high",
        "Surface over volume of a lesion.",
        "Mostly the inverse of size.",
    ),
)
_NEIGHBORS = (
    _uptake(
        "organ_distance",
        "Distance to marked physiological uptake",
        "mm",
        "low",
        "Smallest distance from the tumor to physiological uptake that is marked, cut off at `far_mm`.",
        "Only where organs were given or segments are tagged physiological.",
    ),
    _uptake(
        "organ_share",
        "Tumor near marked physiological uptake",
        "",
        "high",
        "Share of the tumor within `near_mm` of physiological uptake that is marked.",
        "Only where organs were given or segments are tagged physiological.",
    ),
    _uptake(
        "hot_distance",
        "Distance to hot regions (SUV fallback)",
        "mm",
        "low",
        "Smallest distance from the tumor to regions of SUV >= `hot_suv` outside the reference, cut off at `far_mm`.",
        "A stand-in for organs: what the reference cuts off or misses counts as physiological.",
    ),
    _uptake(
        "hot_share",
        "Tumor near hot regions (SUV fallback)",
        "",
        "high",
        "Share of the tumor within `near_mm` of regions of SUV >= `hot_suv` outside the reference.",
        "A stand-in for organs: what the reference cuts off or misses counts as physiological.",
    ),
    _uptake(
        "rule_disagreement",
        "Disagreement with plain thresholds",
        "",
        "high",
        "1 - Dice of the reference with the best of SUV >= 2.5, SUV >= 4 and 41 % of SUVmax.",
        "Easy by construction where the reference was itself made with a threshold.",
    ),
)
_PEOPLE = (
    _other(
        "rating",
        "rating",
        "Human rating",
        "",
        "Mean over raters of the latest rating, 1 to 5, each rater centered and scaled.",
        "Look at the agreement first; severe is not hard.",
    ),
    _other(
        "effort_minutes",
        "effort",
        "Correction time",
        "min",
        "Active time of all reviews of the case.",
        "The first cases of a reader take longer.",
    ),
    _other(
        "effort_edits",
        "effort",
        "Edits",
        "",
        "Edits in all reviews of the case.",
        "One stroke or a hundred may do the same.",
    ),
    _other(
        "effort_change",
        "effort",
        "Change by correction",
        "",
        "1 - Dice of the mask that was proposed and the one the correction ended with.",
        "Small lesions among large ones hardly change it.",
    ),
    _other(
        "effort_added",
        "effort",
        "Volume added by correction",
        "mL",
        "Tumor in the corrected mask that was not proposed.",
        "Grows with the tumor.",
    ),
    _other(
        "effort_removed",
        "effort",
        "Volume removed by correction",
        "mL",
        "Tumor that was proposed and is not in the corrected mask.",
        "One bladder weighs more than ten lesions.",
    ),
)
_SAME_CASES = "Flat and too good where the model was trained on these cases; hard may only mean another scanner."
_MODELS = (
    _other(
        "teacher",
        "teacher",
        "Teacher",
        "",
        "Mean percentile of the teacher's 1 - Dice, share of missed lesions and false positive volume.",
        _SAME_CASES,
        needs_reference=True,
    ),
    _other(
        "teacher_dice",
        "teacher",
        "Teacher's 1 - Dice",
        "",
        "1 - Dice of the predicted version and the reference.",
        _SAME_CASES + " Large tumors hide missed small lesions.",
        needs_reference=True,
    ),
    _other(
        "teacher_missed",
        "teacher",
        "Lesions the teacher missed",
        "",
        "Share of the reference's lesions that the predicted version does not touch.",
        _SAME_CASES,
        needs_reference=True,
    ),
    _other(
        "teacher_false_positive",
        "teacher",
        "Teacher's false positive volume",
        "mL",
        "Volume of predicted components that do not touch the reference (autoPET).",
        _SAME_CASES,
        needs_reference=True,
    ),
    _other(
        "teacher_loss",
        "teacher",
        "Teacher's loss",
        "",
        "Soft Dice loss plus cross-entropy of the predicted probability against the reference, over the whole volume.",
        _SAME_CASES + " Only networks give probabilities; large tumors weigh more.",
        needs_reference=True,
    ),
    _other(
        "disagreement",
        "disagreement",
        "Disagreement between versions",
        "",
        "1 - mean pairwise Dice of the latest mask of each model and each author.",
        "What all miss with confidence looks easy. Two empty masks agree.",
    ),
    _other(
        "volume_variation",
        "disagreement",
        "Variation of volume between versions",
        "",
        "Standard deviation over mean of the tumor volumes of the same masks.",
        "Equal volumes may lie in different places.",
    ),
    _other(
        "entropy",
        "disagreement",
        "Entropy of the probability",
        "",
        "Mean entropy (nats) of the mean probability, within 10 mm of what any of the same masks holds.",
        "What all miss with confidence looks easy. Only networks give probabilities.",
    ),
)
MEASURERS: dict[str, MeasurerDescription] = {
    measurer.name: measurer for measurer in (*_BURDEN, *_UPTAKE, *_BORDERS, *_NEIGHBORS, *_PEOPLE, *_MODELS)
}


def list_measurers() -> tuple[MeasurerDescription, ...]:
    """All measurers that a registry can be measured with, by family."""
    return tuple(MEASURERS.values())


def describe_measurer(name: str) -> MeasurerDescription:
    """One measurer by its name.

    Raises:
        UsageError: "unknown-measurer", with the names there are.
    """
    require_known([name], list(MEASURERS), "measurer")
    return MEASURERS[name]
