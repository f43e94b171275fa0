"""What can be made: named phantoms as data, and the patient that a seed stands for. Called by the generator."""

from __future__ import annotations

from dataclasses import dataclass, replace

from CLIPSLib.errors import UsageError
from CLIPSLib.phantom.fitted import CornerPair, FilterEdge
from CLIPSLib.phantom.lesions import AWKWARD, ORDINARY, Lesion, ball
from CLIPSLib.phantom.uptake import TYPICAL, Uptake


@dataclass(frozen=True, kw_only=True)
class PetGrid:
    """Columns (= rows), pixel size and slice distance of a PET series, mm."""

    columns: int
    pixel_mm: float
    slice_mm: float


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One phantom. top_mm and bottom_mm: the scanned range below the vertex (LPS z).

    grid None takes the vendor's own. psf_fwhm_mm: resolution (6 to 7 mm is EARL-2-like). liver_cov: noise.
    """

    name: str
    description: str
    top_mm: float = -14.0
    bottom_mm: float = -992.0
    grid: PetGrid | None = None
    ct_columns: int = 256
    ct_slice_mm: float = 3.0
    uptake: Uptake = TYPICAL
    lesions: tuple[Lesion | CornerPair | FilterEdge, ...] = ()
    scattered_lesions: int = 0
    psf_fwhm_mm: float = 6.0
    liver_cov: float = 0.10


_PATIENT = Preset(
    name="whole-body",
    description="Diffuse large B-cell lymphoma, vertex to thigh, with lesions that are hard to get right.",
    lesions=(*AWKWARD, *ORDINARY),
    scattered_lesions=6,
)
_NO_LESIONS = {"lesions": (), "scattered_lesions": 0}

PRESETS = {
    preset.name: preset
    for preset in (
        _PATIENT,
        replace(
            _PATIENT,
            name="diffuse-spleen",
            description="As whole-body, with a spleen that takes up three times as much as the liver.",
            uptake=Uptake(spleen=6.5),
        ),
        replace(
            _PATIENT,
            name="physiological-only",
            description="No lesion, but hot brain, heart, urinary tract: everything above SUV 4 is normal.",
            **_NO_LESIONS,
        ),
        replace(
            _PATIENT,
            name="tumor-free",
            description="Complete response, neck to thigh, fasted and voided: nothing reaches SUV 4.",
            top_mm=-190.0,
            uptake=Uptake(myocardium=1.5, kidney=2.2, renal_pelvis=2.8, ureter=2.0, bladder=3.0, tonsil=2.5),
            liver_cov=0.07,
            **_NO_LESIONS,
        ),
        Preset(
            name="small",
            description="Chest and upper abdomen on a coarse grid, for quick tests.",
            top_mm=-370.0,
            bottom_mm=-610.0,
            grid=PetGrid(columns=84, pixel_mm=6.0, slice_mm=5.0),
            ct_columns=96,
            ct_slice_mm=6.0,
            lesions=(
                ball("node on the heart apex", 9.0, (81.0, -70.0, -452.0), 26.0),
                ball("hilar node", 12.0, (-44.0, 0.0, -400.0), 24.0),
                ball("celiac node", 15.0, (6.0, -4.0, -546.0), 26.0),
                ball("necrotic mass", 14.0, (-20.0, -40.0, -579.0), 50.0, core_mm=24.0),
                ball("node in the highest slice", 11.0, (60.0, -40.0, 0.0), 22.0, z_anchor="highest-slice"),
            ),
        ),
        replace(
            _PATIENT,
            name="large",
            description="400 x 400 x 326 voxels and 60 lesions, to measure time and memory.",
            grid=PetGrid(columns=400, pixel_mm=2.036, slice_mm=3.0),
            ct_columns=512,
            scattered_lesions=60 - len(AWKWARD) - 1 - len(ORDINARY),
        ),
    )
}


def preset_named(name: str) -> Preset:
    """Look a preset up. Raises `UsageError` naming those that exist."""
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise UsageError("unknown-preset", f"There is no phantom preset '{name}'", remedy=f"Choose one of: {known}.")
    return PRESETS[name]
