"""How each case was acquired: for strata, never for ranking, since a scanner is a domain and not a difficulty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CLIPSLib.cases import Registry


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """The PET of one case. stratum: what the registry was told ("center A"); "" where unknown."""

    voxel_ml: float
    slice_mm: float
    scanner: str
    tracer: str
    stratum: str


def acquisitions(registry: Registry, cases: Sequence[str]) -> dict[str, Acquisition]:
    """Voxel volume, slice distance, scanner and tracer of each case, from headers alone."""
    import SimpleITK as sitk

    found = {}
    for case in cases:
        record = registry.case(case)
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(registry.files(case).pet))
        reader.ReadImageInformation()
        x, y, z = reader.GetSpacing()
        found[case] = Acquisition(
            voxel_ml=x * y * z / 1000.0,
            slice_mm=z,
            scanner=record.scanner,
            tracer=record.tracer,
            stratum=record.stratum,
        )
    return found
