"""What the uptake measurers may be asked for; every value ends up in the table's `options` and in its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from CLIPSLib.schema import Range


@dataclass(frozen=True, kw_only=True)
class UptakeOptions:
    """How lesions are counted and what lies around them is looked at."""

    connectivity: Annotated[Literal[6, 18, 26], "neighbors that connect the voxels of a lesion (autoPET: 18)"] = 18
    min_lesion_ml: Annotated[float, Range(0), "smaller components are no lesions"] = 0.1
    min_lesion_voxels: Annotated[int, Range(1), "neither are components of fewer voxels"] = 1
    small_lesion_ml: Annotated[float, Range(0), "lesions below this volume are small"] = 2.0
    min_shape_voxels: Annotated[int, Range(1), "smaller lesions have no shape and no border"] = 8
    across_lesions: Annotated[
        Literal["median", "hardest"], "which of the lesions' values stands for the patient, where each lesion has one"
    ] = "median"
    ring_inner_mm: Annotated[float, Range(0), "the background ring begins at this distance from the lesion"] = 5.0
    ring_outer_mm: Annotated[float, Range(0), "and ends here"] = 15.0
    near_mm: Annotated[float, Range(0), "tumor within this distance is near physiological uptake"] = 10.0
    far_mm: Annotated[float, Range(0), "distances to physiological uptake are cut off here"] = 100.0
    hot_suv: Annotated[float, Range(0), "uptake outside the reference from here on counts as physiological"] = 4.0
    hot_min_ml: Annotated[float, Range(0), "in regions of at least this volume"] = 3.0
    rule_regions: Annotated[
        Literal["touching", "everywhere"],
        "what a threshold rule selects: the regions that touch the reference (a perfect click), or all",
    ] = "touching"

    def __post_init__(self) -> None:
        if self.ring_outer_mm <= self.ring_inner_mm:
            raise ValueError("'ring_outer_mm' must be larger than 'ring_inner_mm'")
        if self.far_mm < self.near_mm:
            raise ValueError("'far_mm' must not be smaller than 'near_mm'")
