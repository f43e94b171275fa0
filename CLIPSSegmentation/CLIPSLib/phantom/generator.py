"""Writes a whole phantom: PET, CT and truth. Called by `clips phantom`, the demo, tests and benchmarks."""

from __future__ import annotations

import datetime
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Refusal, UsageError
from CLIPSLib.files import atomic_folder
from CLIPSLib.phantom import rendering
from CLIPSLib.phantom.anatomy import LIVER_SPHERE_CENTER, anatomy
from CLIPSLib.phantom.dicom_ct import CtSpec, write_ct_series
from CLIPSLib.phantom.dicom_pet import EncodedPet, PetSpec, encode_pet, write_pet_series
from CLIPSLib.phantom.grid import ORIENTATIONS, Grid, Orientation
from CLIPSLib.phantom.headers import Patient, SeriesHeader, StudyHeader, make_uid
from CLIPSLib.phantom.lesions import Lesion, lesion_parts, scattered
from CLIPSLib.phantom.presets import Preset, preset_named
from CLIPSLib.phantom.rendering import Part
from CLIPSLib.phantom.truth import (
    THRESHOLDS_SUV,
    describe_objects,
    describe_threshold,
    threshold_map,
    true_label_map,
    write_truth,
)
from CLIPSLib.phantom.types import PhantomTruth
from CLIPSLib.phantom.uptake import AIR_HU
from CLIPSLib.phantom.vendors import Vendor, vendor_named
from CLIPSLib.progress import SILENT, Reporter

_CT_FOV_MM = 700.0
_CT_OFFSET_MM = (-3.2, 5.6, 1.3)  # the CT's middle against the PET's: the grids share no voxel
_CT_NOISE_HU = 10.0


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What was asked for, looked up."""

    preset: Preset
    vendor: Vendor
    units: str
    orientation_name: str
    orientation: Orientation
    seed: int
    noise: bool


def write_phantom(
    folder: str | os.PathLike,
    *,
    preset: str | Preset = "whole-body",
    vendor: str = "siemens",
    units: str | None = None,
    seed: int = 1,
    orientation: str = "head-first",
    noise: bool = True,
    ct: bool = True,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> PhantomTruth:
    """Write a synthetic FDG PET/CT study as DICOM, with what is true of it; equal arguments give equal files.

    preset: a name in `PRESETS`, or a `Preset`. vendor: "siemens", "ge" or "philips". units: "BQML", "CNTS" or "GML";
    None takes the vendor's. seed: patient, scattered lesions, noise and UIDs. orientation: a name in `ORIENTATIONS`.
    The folder gets `pet/`, `ct/` and `truth/`; it appears whole or not at all.

    Raises:
        UsageError: an unknown preset, vendor, unit or orientation.
        Refusal: the folder holds something and `overwrite` is False, or what it holds is no phantom.
        Cancelled, Failure: nothing remains.
    """
    order = _understood(preset, vendor, units, orientation, seed, noise)
    target = Path(folder)
    _refuse_to_replace_other_things(target, overwrite)
    grid = pet_grid(order.preset, order.vendor, order.orientation)
    reporter.progress("Building the phantom", 0.0)
    parts = build_parts(order.preset, grid, order.vendor, seed)
    reporter.check()
    with atomic_folder(target, overwrite=overwrite) as temporary:
        pet_spec, ct_spec = _specs(order)
        clean = rendering.pet_image(grid, parts, order.preset.psf_fwhm_mm)
        image = _with_noise(clean, grid, order) if noise else clean
        reporter.progress("Building the phantom", 1.0)
        written = write_pet_series(temporary / "pet", grid.image(image), pet_spec, reporter=reporter)
        if ct:
            hu = ct_grid(order.preset, order.orientation)
            write_ct_series(temporary / "ct", hu.image(_ct_array(hu, parts, seed)), ct_spec, reporter=reporter)
        reporter.progress("Writing the truth", 0.0)
        noise_free = encode_pet(grid.image(clean), pet_spec) if noise else written
        truth = _write_truth(temporary, target, order, grid, parts, pet_spec, written, noise_free)
        reporter.progress("Writing the truth", 1.0)
    return truth


def pet_grid(preset: Preset, vendor: Vendor, orientation: Orientation) -> Grid:
    """The PET grid of a preset as a vendor's scanner would choose it, centered on the table."""
    choice = preset.grid or vendor.grid
    slices = math.floor((preset.top_mm - preset.bottom_mm) / choice.slice_mm)
    return Grid(
        size=(choice.columns, choice.columns, slices),
        spacing_mm=(choice.pixel_mm, choice.pixel_mm, choice.slice_mm),
        center_mm=(0.0, 4.0, (preset.top_mm + preset.bottom_mm) / 2.0),
        direction=orientation.direction,
    )


def ct_grid(preset: Preset, orientation: Orientation) -> Grid:
    """The CT grid: 700 mm field of view, a little longer than the PET, with another origin."""
    pixel = _CT_FOV_MM / preset.ct_columns
    slices = math.ceil((preset.top_mm - preset.bottom_mm) / preset.ct_slice_mm) + 2
    middle = (0.0, 4.0, (preset.top_mm + preset.bottom_mm) / 2.0)
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


def _with_noise(clean: np.ndarray, grid: Grid, order: _Order) -> np.ndarray:
    liver = order.preset.uptake.liver
    return rendering.add_pet_noise(clean, grid, order.seed, liver_suv=liver, liver_cov=order.preset.liver_cov)


def _ct_array(grid: Grid, parts: list[Part], seed: int) -> np.ndarray:
    hu = rendering.paint(grid, parts, lambda part: part.hu, AIR_HU)
    generator = np.random.Generator(np.random.PCG64([seed, 3]))
    return hu + np.float32(_CT_NOISE_HU) * generator.standard_normal(grid.shape, dtype=np.float32)


def _specs(order: _Order) -> tuple[PetSpec, CtSpec]:
    """Patient, injection, times and UIDs, all from the seed."""
    vendor, generator = order.vendor, np.random.Generator(np.random.PCG64([order.seed, 1]))
    weight_kg, height_m = round(float(generator.uniform(55, 95)), 1), round(float(generator.uniform(1.66, 1.80)), 2)
    arrived = datetime.datetime(2024, 1, 8, 8, 30) + datetime.timedelta(days=order.seed % 700)
    injected = arrived + datetime.timedelta(seconds=int(generator.integers(0, 4 * 3600)))
    pet_start = injected + datetime.timedelta(seconds=int(generator.integers(52 * 60, 72 * 60)))
    ct_start = pet_start - datetime.timedelta(seconds=150)
    key = (order.preset.name, vendor.name, order.units, order.orientation_name, order.seed, order.noise)
    study = StudyHeader(
        patient=Patient(
            name=f"Phantom^Seed{order.seed}",
            patient_id=f"PHANTOM-{order.seed:04d}",
            birth_date=f"{1940 + int(generator.integers(0, 50))}0615",
            sex="M",
            weight_kg=weight_kg,
            height_m=height_m,
        ),
        study_uid=make_uid("study", *key),
        frame_of_reference_uid=make_uid("frame of reference", *key),
        started=ct_start - datetime.timedelta(seconds=90),
        patient_position=order.orientation.patient_position,
        manufacturer=vendor.manufacturer,
        model=vendor.model,
        software=vendor.software,
    )

    def series(number: int, modality: str, description: str, started: datetime.datetime) -> SeriesHeader:
        return SeriesHeader(
            study=study,
            series_uid=make_uid("series", modality, *key),
            number=number,
            description=description,
            started=started,
            first_image=order.orientation.first_image,
        )

    pet = PetSpec(
        series=series(4, "PT", vendor.description, pet_start),
        vendor=vendor,
        dose_bq=round(3.0 * weight_kg, 1) * 1e6,
        injected=injected,
        units=order.units,
        clear_of_suv=THRESHOLDS_SUV,
    )
    return pet, CtSpec(series=series(2, "CT", "CT WB 3.0", ct_start), kernel=vendor.ct_kernel)


def _write_truth(
    temporary: Path,
    target: Path,
    order: _Order,
    grid: Grid,
    parts: list[Part],
    spec: PetSpec,
    written: EncodedPet,
    noise_free: EncodedPet,
) -> PhantomTruth:
    psf, tumors = order.preset.psf_fwhm_mm, len({p.name for p in parts if p.kind == "tumor"})
    suv = written.suv()
    maps = {("as-written", t): threshold_map(suv, t, grid, parts, psf) for t in THRESHOLDS_SUV}
    clean = noise_free.suv()
    maps |= {("noise-free", t): threshold_map(clean, t, grid, parts, psf) for t in THRESHOLDS_SUV}
    labels = true_label_map(grid, parts)
    thresholds = tuple(describe_threshold(owner, image, t, grid, tumors) for (image, t), owner in maps.items())
    truth = PhantomTruth(
        folder=target,
        preset=order.preset.name,
        vendor=order.vendor.name,
        units=order.units,
        orientation=order.orientation_name,
        seed=order.seed,
        noise=order.noise,
        psf_fwhm_mm=psf,
        liver_suv=order.preset.uptake.liver,
        liver_center_lps_mm=LIVER_SPHERE_CENTER,
        voxel_volume_ml=grid.voxel_ml,
        pet_size=grid.size,
        suv_factor=float(written.suv_per_value[0]),
        header=_header_facts(spec),
        mean_body_suv=float(suv[suv > 0.1].mean()),
        objects=describe_objects(grid, parts, labels, maps),
        thresholds=thresholds,
    )
    files = {t.label_map: maps[t.image, t.threshold_suv] for t in thresholds}
    write_truth(truth, temporary / "truth", grid, {"objects.nii.gz": labels, **files})
    return truth


def _header_facts(spec: PetSpec) -> dict[str, object]:
    patient, study = spec.series.study.patient, spec.series.study
    return {
        "weight_kg": patient.weight_kg,
        "height_m": patient.height_m,
        "sex": patient.sex,
        "dose_bq": spec.dose_bq,
        "half_life_s": spec.vendor.half_life_s,
        "injected": spec.injected.isoformat(),
        "series_start": spec.series.started.isoformat(),
        "study_uid": study.study_uid,
        "pet_series_uid": spec.series.series_uid,
        "frame_of_reference_uid": study.frame_of_reference_uid,
    }


def _understood(
    preset: str | Preset, vendor: str, units: str | None, orientation: str, seed: int, noise: bool
) -> _Order:
    maker = vendor_named(vendor)
    if orientation not in ORIENTATIONS:
        known = ", ".join(ORIENTATIONS)
        raise UsageError("unknown-orientation", f"There is no orientation '{orientation}'", remedy=f"Choose: {known}.")
    if units not in (None, "BQML", "CNTS", "GML"):
        raise UsageError("unknown-units", f"PET units '{units}' are not written", remedy="Choose: BQML, CNTS, GML.")
    if units == "CNTS" and vendor != "philips":
        raise UsageError("units-of-another-vendor", "Only Philips writes CNTS", remedy="Ask for vendor philips.")
    if seed < 0:
        raise UsageError("negative-seed", f"The seed {seed} is negative", remedy="Use 0 or a positive number.")
    return _Order(
        preset=preset if isinstance(preset, Preset) else preset_named(preset),
        vendor=maker,
        units=units or maker.units,
        orientation_name=orientation,
        orientation=ORIENTATIONS[orientation],
        seed=seed,
        noise=noise,
    )


def _refuse_to_replace_other_things(target: Path, overwrite: bool) -> None:
    """Overwriting is for phantoms: a slip of the keyboard must not replace a folder of patients."""
    holds_something = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if overwrite and holds_something and not (target / "truth" / "truth.json").is_file():
        raise Refusal(
            "not-a-phantom",
            "The folder holds something other than a phantom and is not replaced",
            str(target),
            "Choose another folder.",
        )
