"""What a recipe would cost, and what stands in its way, before hours are spent: reads headers, computes a few steps.

Called by `clips train --check` and by panels.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from CLIPSLib.errors import Caution, ClipsError, Refusal
from CLIPSLib.models import ModelStore
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation.sliding_window.device import choose_device
from CLIPSLib.training.computing import choose_precision
from CLIPSLib.training.cost import GB, Timed, disk_gb, step_memory_gb, tiles_of, time_steps
from CLIPSLib.training.data.inputs import network_inputs
from CLIPSLib.training.progress import validations_left
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.start import find_start, make_network, start_cautions
from CLIPSLib.training.types import TRAIN, VALIDATE, CaseList, TrainingCase

Index = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What was found. problems: what would stop the run, each with its case. Sizes in GB (10^9 bytes).

    voxels: of a case on the network's grid, the median and the largest. memory_gb: of the device, for one step,
    measured on a graphics card and estimated on a CPU; disk_gb: for prepared images, checkpoints and the model.
    seconds_per_step: measured with random images; seconds_per_validation: of all cases validated, from the measured
    time of a tile; both without reading and preparing images; None: not measured. hours: for all steps and
    validations, None of a run without limit.
    """

    train: int
    validate: int
    problems: tuple[Caution, ...]
    cautions: tuple[Caution, ...]
    device: str
    precision: str
    weights: int
    voxels: tuple[int, int]
    memory_gb: float
    device_memory_gb: float | None
    disk_gb: float
    disk_free_gb: float
    seconds_per_step: float | None
    seconds_per_validation: float | None
    hours: float | None


def check_recipe(
    recipe: Recipe,
    cases: CaseList,
    folder: Path,
    *,
    store: ModelStore | None = None,
    seconds: float = 20.0,
    reporter: Reporter = SILENT,
) -> CheckReport:
    """Look at every header and estimate memory, disk and time; nothing is written.

    folder: where the run would be. seconds: to spend on timed steps at most (at least two are made); 0: none.

    Raises:
        UsageError, Refusal: the network or the device of the recipe cannot be had at all. Cancelled.
    """
    store = store or ModelStore()
    start = find_start(recipe, store)
    network, cautions = make_network(recipe, start)
    device = choose_device(recipe.training.device)
    shapes, problems = _headers(recipe, cases, reporter)
    weights = sum(weight.numel() for weight in network.parameters())
    memory = step_memory_gb(recipe, network, choose_precision(recipe.training, device))
    timed, failed = time_steps(recipe, network, device, seconds) if seconds > 0 else (None, None)
    if timed is not None and timed.memory_gb is not None:
        memory = timed.memory_gb
    prepared = cases.of_role(TRAIN)  # images to validate with are read as they are
    voxels = sorted(math.prod(shape) for shape in shapes.values()) or [0]
    disk = disk_gb(recipe, [shapes[case.case_id] for case in prepared if case.case_id in shapes], weights)
    validation = _validation_s(recipe, cases, shapes, timed)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free / GB
    available = torch.cuda.get_device_properties(device).total_memory / GB if device.type == "cuda" else None
    return CheckReport(
        train=len(cases.of_role(TRAIN)),
        validate=len(cases.of_role(VALIDATE)),
        problems=(
            *_without_training(cases),
            *problems,
            *_too_much(disk, free, memory, available),
            *([failed] if failed else []),
        ),
        cautions=(*cautions, *start_cautions(start, cases.of_role(VALIDATE)), *_without_validation(cases)),
        device=str(device),
        precision=str(choose_precision(recipe.training, device)).removeprefix("torch."),
        weights=weights,
        voxels=(voxels[len(voxels) // 2], voxels[-1]),
        memory_gb=memory,
        device_memory_gb=available,
        disk_gb=disk,
        disk_free_gb=free,
        seconds_per_step=None if timed is None else timed.step_s,
        seconds_per_validation=validation,
        hours=_hours(recipe, timed, validation),
    )


def _headers(recipe: Recipe, cases: CaseList, reporter: Reporter) -> tuple[dict[str, Index], list[Caution]]:
    """Size (z, y, x) of each case on the network's grid, and what is wrong with its files."""
    shapes, problems = {}, []
    for number, case in enumerate(cases.cases):
        reporter.check()
        reporter.progress("Reading headers", number / len(cases.cases))
        try:
            shapes[case.case_id] = _shape(case, recipe)
        except ClipsError as error:
            problems.append(Caution(error.code, f"Case '{case.case_id}': {error.what}", error.where))
    reporter.progress("Reading headers", 1.0)
    return shapes, problems


def _shape(case: TrainingCase, recipe: Recipe) -> Index:
    needed = {channel.image for channel in network_inputs(recipe.data).channels}
    if "hu" in needed and case.ct is None:
        raise Refusal("ct-needed", "the recipe needs its CT, and there is none", "cases.json")
    headers = {name: _header(path) for name, path in case.files().items()}
    pet = headers["pet"]
    for name in ("mask", "prior"):
        if name in headers and not _same_grid(headers[name], pet):
            raise Refusal("grids-differ", f"the {name} is not on the grid of the PET", case.files()[name])
    size, spacing = reversed(pet[0]), reversed(pet[1])
    z, y, x = (
        round(n * mm / to) for n, mm, to in zip(size, spacing, recipe.data.spacing_mm or pet[1][::-1], strict=True)
    )
    return z, y, x


def _validation_s(recipe: Recipe, cases: CaseList, shapes: Mapping[str, Index], timed: Timed | None) -> float | None:
    """Seconds of one validation; None: not measured, or nothing is validated with."""
    known = [shapes[case.case_id] for case in cases.of_role(VALIDATE) if case.case_id in shapes]
    if timed is None or not known:
        return None
    count = min(recipe.validation.cases or len(known), len(known))
    return timed.tile_s * sum(tiles_of(shape, recipe) for shape in known) * count / len(known)


def _hours(recipe: Recipe, timed: Timed | None, validation: float | None) -> float | None:
    if timed is None or recipe.unlimited:
        return None
    return (timed.step_s * recipe.training.steps + (validation or 0.0) * validations_left(recipe, 0, None)) / 3600.0


def _header(path: str) -> tuple[tuple[float, ...], ...]:
    """Size, spacing, origin and direction, x first."""
    import SimpleITK as sitk

    if not Path(path).is_file():
        raise Refusal("cannot-read", "the file does not exist", path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise Refusal("not-an-image", "the file is damaged or no image that can be read", path) from error
    if reader.GetDimension() != 3:
        raise Refusal("not-a-volume", f"the image has {reader.GetDimension()} dimensions instead of 3", path)
    return reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection()


def _same_grid(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-3)
        for mine, theirs in zip(one, other, strict=True)
        for a, b in zip(mine, theirs, strict=True)
    )


def _too_much(disk: float, free: float, memory: float, available: float | None) -> list[Caution]:
    found = []
    if disk > free:
        found.append(Caution("disk-full", f"The run needs about {disk:.1f} GB on disk, and {free:.1f} GB are free"))
    if available is not None and memory > available:
        what = f"A step needs about {memory:.1f} GB, and the graphics card has {available:.1f} GB"
        found.append(Caution("out-of-memory", f"{what}: raise training.accumulate, or make data.patch smaller"))
    return found


def _without_training(cases: CaseList) -> list[Caution]:
    return [] if cases.of_role(TRAIN) else [Caution("no-cases", "No case has the role 'train'", "data.cases")]


def _without_validation(cases: CaseList) -> list[Caution]:
    if cases.of_role(VALIDATE):
        return []
    return [Caution("no-validation", "There is no case to validate with: nothing will tell how good the model is")]
