"""All uptake measurers of one case from its PET and reference mask, at once: reading the images is what takes time."""

from __future__ import annotations

from collections.abc import Callable

from CLIPSLib.difficulty.borders import contrast, shape, sharpness
from CLIPSLib.difficulty.burden import against_liver, burden, dispersion, uptake_of_tumor
from CLIPSLib.difficulty.lesions import Found, ReferenceCase
from CLIPSLib.difficulty.neighbors import near_hot_regions, near_organs, rule_disagreement

_GROUPS: tuple[Callable[[ReferenceCase], Found], ...] = (
    *(burden, dispersion, uptake_of_tumor, against_liver),
    *(contrast, sharpness, shape),
    *(near_organs, near_hot_regions, rule_disagreement),
)


def measure_uptake(case: ReferenceCase) -> Found:
    """Name of each uptake measurer -> its value in its unit, or why there is none. The tumor mask is not empty."""
    found: Found = {}
    for group in _GROUPS:
        found |= group(case)
    return found
