"""Puts a phantom together: the grids of its scans, and body and lesions in painting order. Called by the generator."""

from __future__ import annotations

import math

import numpy as np

from CLIPSLib.phantom.anatomy import anatomy
from CLIPSLib.phantom.grid import Grid, Orientation
from CLIPSLib.phantom.lesions import Lesion, lesion_parts, scattered
from CLIPSLib.phantom.presets import Preset
from CLIPSLib.phantom.rendering import Part
from CLIPSLib.phantom.vendors import Vendor

_BODY_Y_MM = 4.0  # the middle of the body, front to back
_CT_FOV_MM = 700.0
_CT_OFFSET_MM = (-3.2, 5.6, 1.3)  # the CT's middle against the PET's: the grids share no voxel


def pet_grid(preset: Preset, vendor: Vendor, orientation: Orientation) -> Grid:
    """The PET grid of a preset as a vendor's scanner would choose it, centered on the table."""
    choice = preset.grid or vendor.grid
    slices = math.floor((preset.top_mm - preset.bottom_mm) / choice.slice_mm)
    return Grid(
        size=(choice.columns, choice.columns, slices),
        spacing_mm=(choice.pixel_mm, choice.pixel_mm, choice.slice_mm),
        center_mm=(0.0, _BODY_Y_MM, (preset.top_mm + preset.bottom_mm) / 2.0),
        direction=orientation.direction,
    )


def ct_grid(preset: Preset, orientation: Orientation) -> Grid:
    """The CT grid: 700 mm field of view, a little longer than the PET, with another origin."""
    pixel = _CT_FOV_MM / preset.ct_columns
    slices = math.ceil((preset.top_mm - preset.bottom_mm) / preset.ct_slice_mm) + 2
    middle = (0.0, _BODY_Y_MM, (preset.top_mm + preset.bottom_mm) / 2.0)
    return Grid(
        size=(preset.ct_columns, preset.ct_columns, slices),
        spacing_mm=(pixel, pixel, preset.ct_slice_mm),
        center_mm=tuple(a + b for a, b in zip(middle, _CT_OFFSET_MM, strict=True)),
        direction=orientation.direction,
    )


def build_parts(preset: Preset, grid: Grid, vendor: Vendor, seed: int) -> list[Part]:
    """Body and lesions in painting order; lesions that the seed scatters come last."""
    body = anatomy(preset.uptake)
    lesions: list[Part] = []
    for lesion in preset.lesions:
        if isinstance(lesion, Lesion):
            shift = _z_shift_mm(lesion, grid, vendor)
            lesions += lesion_parts(lesion, shift, necrosis_suv=preset.uptake.necrosis)
        else:
            lesions += lesion.parts(grid, preset.psf_fwhm_mm, preset.uptake.muscle)
    hot = [p.shape for p in body if p.kind == "physiological" and p.suv >= 2.5]
    for lesion in scattered(preset.scattered_lesions, seed, [*hot, *(p.shape for p in lesions)]):
        lesions += lesion_parts(lesion)
    return [*body, *lesions]


def _z_shift_mm(lesion: Lesion, grid: Grid, vendor: Vendor) -> float:
    """How far a lesion moves along z to lie where its anchor says."""
    heights = grid.origin_mm[2] + grid.axes_mm[2, 2] * np.arange(grid.size[2])
    lowest, highest = float(heights.min()), float(heights.max())
    if lesion.z_anchor == "lowest-slice":
        return lowest - lesion.center_mm[2]
    if lesion.z_anchor == "highest-slice":
        return highest - lesion.center_mm[2]
    if lesion.z_anchor == "bed-boundary":
        boundaries = np.arange(lowest, highest, vendor.bed_step_mm) - grid.spacing_mm[2] / 2.0
        return float(boundaries[np.argmin(np.abs(boundaries - lesion.center_mm[2]))]) - lesion.center_mm[2]
    return 0.0
