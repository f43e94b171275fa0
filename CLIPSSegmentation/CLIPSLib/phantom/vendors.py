"""How scanners of three makers fill a PET header, after surveys of clinical series. Called by dicom_pet and generator.

Facts only: units, grids, which moment Frame Reference Time means, private elements and their creators.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CLIPSLib.errors import UsageError
from CLIPSLib.phantom.presets import PetGrid

if TYPE_CHECKING:
    from pydicom import Dataset

COUNTS_TO_BQML = 1.7354  # Philips: what one count of the phantom stands for, Bq/mL


@dataclass(frozen=True, kw_only=True)
class PrivateFacts:
    """What private elements are filled from: two moments and, for counts, the factors of the maker."""

    series_start: datetime.datetime
    injected: datetime.datetime
    suv_per_value: float


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A maker's habits.

    frame_reference: "average-activity" (Siemens, Philips) or "frame-start" (GE): what Frame Reference Time counts to.
    gives_start_datetime: whether (0018,1078) accompanies the retired Radiopharmaceutical Start Time (0018,1072).
    coding_scheme: "SCT" (SNOMED CT) or "SRT", its predecessor, which most clinical files still carry.
    add_private: puts the maker's private elements into a slice's dataset.
    """

    name: str
    manufacturer: str
    model: str
    software: str
    units: str
    grid: PetGrid
    bed_step_mm: float
    bed_duration_s: float
    frame_reference: str
    half_life_s: float
    gives_start_datetime: bool
    coding_scheme: str
    corrected_image: tuple[str, ...]
    reconstruction: str
    kernel: str
    ct_kernel: str
    description: str
    add_private: Callable[[Dataset, PrivateFacts, str], None]


def moment(value: datetime.datetime) -> str:
    """DICOM DT to a hundredth of a second."""
    return value.strftime("%Y%m%d%H%M%S.") + f"{value.microsecond // 10000:02d}"


def _siemens_private(dataset: Dataset, facts: PrivateFacts, units: str) -> None:
    block = dataset.private_block(0x0071, "SIEMENS MED PT", create=True)
    block.add_new(0x22, "DT", moment(facts.series_start))


def _ge_private(dataset: Dataset, facts: PrivateFacts, units: str) -> None:
    block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
    block.add_new(0x0D, "DT", moment(facts.series_start))
    block.add_new(0x3B, "DT", moment(facts.injected))


def _philips_private(dataset: Dataset, facts: PrivateFacts, units: str) -> None:
    if units == "CNTS":
        block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", decimal(facts.suv_per_value))
        block.add_new(0x09, "DS", decimal(COUNTS_TO_BQML))


def decimal(value: float) -> str:
    """The shortest DICOM decimal string (at most 16 characters) that is closest to `value`."""
    for digits in range(15, 5, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return text
    raise ValueError(f"{value} does not fit a decimal string")


VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            name="siemens",
            manufacturer="SIEMENS",
            model="Biograph64_mCT",
            software="VG60A",
            units="BQML",
            grid=PetGrid(columns=168, pixel_mm=4.07283, slice_mm=3.0),
            bed_step_mm=164.0,
            bed_duration_s=120.0,
            frame_reference="average-activity",
            half_life_s=6586.2,
            gives_start_datetime=True,
            coding_scheme="SCT",
            corrected_image=("NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"),
            reconstruction="PSF+TOF 2i21s",
            kernel="XYZ Gauss5.00",
            ct_kernel="B30f",
            description="PET WB (AC)",
            add_private=_siemens_private,
        ),
        Vendor(
            name="ge",
            manufacturer="GE MEDICAL SYSTEMS",
            model="Discovery 690",
            software="52.00",
            units="BQML",
            grid=PetGrid(columns=128, pixel_mm=5.46875, slice_mm=3.27),
            bed_step_mm=117.72,
            bed_duration_s=150.0,
            frame_reference="frame-start",
            half_life_s=6588.0,
            gives_start_datetime=False,
            coding_scheme="SRT",
            corrected_image=("DECY", "ATTN", "SCAT", "DTIM", "RAN", "DCAL", "NORM"),
            reconstruction="VPFX",
            kernel="Post filtered",
            ct_kernel="STANDARD",
            description="WB 3D AC",
            add_private=_ge_private,
        ),
        Vendor(
            name="philips",
            manufacturer="Philips Medical Systems",
            model="Ingenuity TF PET/CT",
            software="4.0.0",
            units="CNTS",
            grid=PetGrid(columns=144, pixel_mm=4.0, slice_mm=4.0),
            bed_step_mm=96.0,
            bed_duration_s=90.0,
            frame_reference="average-activity",
            half_life_s=6586.2,
            gives_start_datetime=True,
            coding_scheme="SRT",
            corrected_image=("DECY", "RADL", "ATTN", "SCAT", "DTIM", "RAN", "NORM"),
            reconstruction="BLOB-OS-TF",
            kernel="NONE",
            ct_kernel="B",
            description="WB_CTAC Body",
            add_private=_philips_private,
        ),
    )
}


def vendor_named(name: str) -> Vendor:
    """Look a vendor up. Raises `UsageError` naming those that exist."""
    if name not in VENDORS:
        known = ", ".join(VENDORS)
        raise UsageError("unknown-vendor", f"There are no headers in the style of '{name}'", remedy=f"Choose: {known}.")
    return VENDORS[name]
