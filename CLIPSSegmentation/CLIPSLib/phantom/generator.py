"""Writes a whole phantom: PET, CT and truth. Called by `clips phantom`, the demo, tests and benchmarks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from CLIPSLib.errors import Refusal
from CLIPSLib.files import atomic_folder
from CLIPSLib.phantom import rendering
from CLIPSLib.phantom.anatomy import LIVER_SPHERE_CENTER
from CLIPSLib.phantom.composition import build_parts, ct_grid, pet_grid
from CLIPSLib.phantom.dicom_ct import write_ct_series
from CLIPSLib.phantom.dicom_pet import EncodedPet, PetSpec, encode_pet, write_pet_series
from CLIPSLib.phantom.grid import Grid
from CLIPSLib.phantom.order import Order, header_facts, series_specs, understood
from CLIPSLib.phantom.presets import Preset
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
from CLIPSLib.progress import SILENT, Reporter

_CT_NOISE_HU = 10.0
_AIR_SUV = 0.1  # below it a voxel does not count as body


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
    order = understood(preset, vendor, units, orientation, seed, noise)
    target = Path(folder)
    _refuse_to_replace_other_things(target, overwrite)
    with atomic_folder(target, overwrite=overwrite) as temporary:
        return _write_into(temporary, target, order, ct, reporter)


def _write_into(temporary: Path, target: Path, order: Order, ct: bool, reporter: Reporter) -> PhantomTruth:
    reporter.progress("Building the phantom", 0.0)
    grid = pet_grid(order.preset, order.vendor, order.orientation)
    parts = build_parts(order.preset, grid, order.vendor, order.seed)
    reporter.check()
    pet_spec, ct_spec = series_specs(order)
    clean = rendering.pet_image(grid, parts, order.preset.psf_fwhm_mm)
    image = _with_noise(clean, grid, order) if order.noise else clean
    reporter.progress("Building the phantom", 1.0)
    written = write_pet_series(temporary / "pet", grid.image(image), pet_spec, reporter=reporter)
    if ct:
        reporter.progress("Writing CT", 0.0)
        hu = ct_grid(order.preset, order.orientation)
        write_ct_series(temporary / "ct", hu.image(_ct_array(hu, parts, order.seed)), ct_spec, reporter=reporter)
    reporter.progress("Writing the truth", 0.0)
    noise_free = encode_pet(grid.image(clean), pet_spec) if order.noise else written
    images = {"as-written": written, "noise-free": noise_free}
    truth, label_maps = _known_truth(target, order, grid, parts, pet_spec, images)
    write_truth(truth, temporary / "truth", grid, label_maps)
    reporter.progress("Writing the truth", 1.0)
    return truth


def _with_noise(clean: np.ndarray, grid: Grid, order: Order) -> np.ndarray:
    liver = order.preset.uptake.liver
    return rendering.add_pet_noise(clean, grid, order.seed, liver_suv=liver, liver_cov=order.preset.liver_cov)


def _ct_array(grid: Grid, parts: list[Part], seed: int) -> np.ndarray:
    hu = rendering.paint(grid, parts, lambda part: part.hu, AIR_HU)
    generator = np.random.Generator(np.random.PCG64([seed, 3]))
    return hu + np.float32(_CT_NOISE_HU) * generator.standard_normal(grid.shape, dtype=np.float32)


def _known_truth(
    folder: Path, order: Order, grid: Grid, parts: list[Part], spec: PetSpec, images: dict[str, EncodedPet]
) -> tuple[PhantomTruth, dict[str, np.ndarray]]:
    """What is true of the phantom, and its label maps by file name."""
    written, suvs = images["as-written"], {name: encoded.suv() for name, encoded in images.items()}
    psf, tumor_count = order.preset.psf_fwhm_mm, len({p.name for p in parts if p.kind == "tumor"})
    maps = {(name, t): threshold_map(suv, t, grid, parts, psf) for name, suv in suvs.items() for t in THRESHOLDS_SUV}
    thresholds = tuple(describe_threshold(owner, *key, grid, tumor_count) for key, owner in maps.items())
    objects = true_label_map(grid, parts)
    body = suvs["as-written"][suvs["as-written"] > _AIR_SUV]
    truth = PhantomTruth(
        folder=folder,
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
        header=header_facts(spec),
        mean_body_suv=float(body.mean()),
        objects=describe_objects(grid, parts, objects, maps),
        thresholds=thresholds,
    )
    return truth, {"objects.nii.gz": objects} | {t.label_map: maps[t.image, t.threshold_suv] for t in thresholds}


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
