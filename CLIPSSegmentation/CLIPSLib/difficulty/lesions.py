"""The case as the uptake measurers see it: SUV, reference mask, its lesions. Called by `uptake` and its neighbors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.difficulty.options import UptakeOptions
from CLIPSLib.imaging import (
    Box,
    array_view,
    grow_box,
    index_to_lps_mm,
    label_components,
    spacing_zyx_mm,
    voxel_volume_ml,
)
from CLIPSLib.measures import LiverReference

if TYPE_CHECKING:
    import SimpleITK as sitk


class Undefined(str):
    """Stands where a number would, and says why there is none."""


Found = dict[str, float | Undefined]  # what a measurer's functions give: name -> value in its unit


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One component of the reference. box: around it; mask: its voxels in the box, bool `[z, y, x]`."""

    box: Box
    mask: np.ndarray
    volume_ml: float
    centroid_lps_mm: np.ndarray
    suv: np.ndarray  # of its voxels, float64 (n,)

    @property
    def voxel_count(self) -> int:
        return len(self.suv)


@dataclass(frozen=True, kw_only=True)
class ReferenceCase:
    """A PET in SUVbw with its reference mask. Arrays `[z, y, x]` on the PET grid.

    organs: physiological uptake that a person or an organ model marked, None where nobody did. liver: None where
    none was found. lesions: components of the tumor mask that are large enough.
    """

    pet: sitk.Image
    suv: np.ndarray
    tumor: np.ndarray
    organs: np.ndarray | None
    liver: LiverReference | None
    lesions: tuple[Lesion, ...]
    options: UptakeOptions

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return spacing_zyx_mm(self.pet)

    @property
    def voxel_ml(self) -> float:
        return voxel_volume_ml(self.pet)

    def around(self, lesion: Lesion, margin_mm: float) -> tuple[Box, np.ndarray]:
        """The lesion's box widened by a margin, within the image; and the lesion's voxels in it."""
        margins = [int(np.ceil(margin_mm / spacing)) for spacing in self.spacing_mm]
        box = grow_box(lesion.box, margins, self.suv.shape)
        own = np.zeros([s.stop - s.start for s in box], dtype=bool)
        inner = tuple(slice(s.start - b.start, s.stop - b.start) for s, b in zip(lesion.box, box, strict=True))
        own[inner] = lesion.mask
        return box, own

    def of_lesions(
        self, measured: Callable[[Lesion], float | Undefined], hardest: Callable[[list[float]], float]
    ) -> float | Undefined:
        """One value for the patient from one per lesion, as `across_lesions` says; lesions without one do not count."""
        found = [measured(lesion) for lesion in self.lesions]
        values = [value for value in found if not isinstance(value, Undefined)]
        if not values:
            return next((value for value in found if isinstance(value, Undefined)), self.no_lesion)
        return hardest(values) if self.options.across_lesions == "hardest" else float(np.median(values))

    @property
    def no_lesion(self) -> Undefined:
        return Undefined(f"no component of the reference reaches {self.options.min_lesion_ml:g} mL")


def reference_case(
    pet: sitk.Image,
    tumor: np.ndarray,
    *,
    organs: np.ndarray | None = None,
    liver: LiverReference | None = None,
    options: UptakeOptions,
) -> ReferenceCase:
    """The case with its lesions counted. tumor, organs: bool `[z, y, x]` on the grid of `pet` (SUVbw, g/mL)."""
    suv = array_view(pet)
    return ReferenceCase(
        pet=pet,
        suv=suv,
        tumor=tumor,
        organs=None if organs is None else organs & ~tumor,
        liver=liver,
        lesions=_lesions(pet, suv, tumor, options),
        options=options,
    )


def _lesions(pet: sitk.Image, suv: np.ndarray, tumor: np.ndarray, options: UptakeOptions) -> tuple[Lesion, ...]:
    components = label_components(tumor, options.connectivity)
    voxel_ml = voxel_volume_ml(pet)
    lesions = []
    for number, (box, size) in enumerate(zip(components.boxes, components.sizes, strict=True), start=1):
        volume_ml = float(size) * voxel_ml
        if volume_ml < options.min_lesion_ml - 1e-9 or size < options.min_lesion_voxels:
            continue
        mask = components.labels[box] == number
        centroid = np.argwhere(mask).mean(axis=0) + [s.start for s in box]
        lesions.append(
            Lesion(
                box=box,
                mask=mask,
                volume_ml=volume_ml,
                centroid_lps_mm=index_to_lps_mm(pet, centroid)[0],
                suv=suv[box][mask].astype(np.float64),
            )
        )
    return tuple(lesions)
