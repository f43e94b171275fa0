"""What a recipe would cost, and what stands in its way, before hours are spent: reads headers, computes a few steps.

Called by `clips train --check` and by panels.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from CLIPSLib.errors import Caution, ClipsError, Refusal
from CLIPSLib.models import ModelStore, build_described
from CLIPSLib.progress import SILENT, Reporter
from CLIPSLib.segmentation.sliding_window.device import choose_device
from CLIPSLib.training.computing import choose_precision
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.start import describe_network, find_start, make_network, start_cautions
from CLIPSLib.training.stepper import Stepper
from CLIPSLib.training.types import TRAIN, VALIDATE, Batch, CaseList, TrainingCase

_BYTES_PER_WEIGHT = {"adamw": 16, "sgd": 12}  # float32: weight, gradient, and one or two means
_GB = 1e9


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What was found. problems: what would stop the run, each with its case. Sizes in GB (10^9 bytes).

    voxels: of a case on the network's grid, the median and the largest. memory_gb: of the device, for one step;
    disk_gb: for prepared images and checkpoints. seconds_per_step: measured with random images, without reading;
    None: not measured. hours: for all steps, None of a run without limit.
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
    sizes, problems = _headers(recipe, cases, reporter)
    weights = sum(weight.numel() for weight in network.parameters())
    memory = _step_memory(recipe, build_on_meta(recipe, store), weights, choose_precision(recipe.training, device))
    timed, failed = _time_steps(recipe, network, device, seconds) if seconds > 0 else (None, None)
    voxels = sorted(sizes) or [0]
    disk = _disk(recipe, sum(voxels), weights)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free / _GB
    available = torch.cuda.get_device_properties(device).total_memory / _GB if device.type == "cuda" else None
    return CheckReport(
        train=len(cases.of_role(TRAIN)),
        validate=len(cases.of_role(VALIDATE)),
        problems=(*problems, *_too_much(disk, free, memory, available), *([failed] if failed else [])),
        cautions=(*cautions, *start_cautions(start, cases.of_role(VALIDATE)), *_without_roles(cases)),
        device=str(device),
        precision=str(choose_precision(recipe.training, device)).removeprefix("torch."),
        weights=weights,
        voxels=(voxels[len(voxels) // 2], voxels[-1]),
        memory_gb=memory,
        device_memory_gb=available,
        disk_gb=disk,
        disk_free_gb=free,
        seconds_per_step=timed,
        hours=None if timed is None or recipe.unlimited else timed * recipe.training.steps / 3600.0,
    )


def build_on_meta(recipe: Recipe, store: ModelStore) -> nn.Module:
    """The network without memory for its weights: shapes only."""
    with torch.device("meta"):
        return build_described(describe_network(recipe, find_start(recipe, store))).train()


def _headers(recipe: Recipe, cases: CaseList, reporter: Reporter) -> tuple[list[int], list[Caution]]:
    """Voxels of each case on the network's grid, and what is wrong with its files."""
    sizes, problems = [], []
    for number, case in enumerate(cases.cases):
        reporter.check()
        reporter.progress("Reading headers", number / len(cases.cases))
        try:
            sizes.append(_voxels(case, recipe))
        except ClipsError as error:
            problems.append(Caution(error.code, f"Case '{case.case_id}': {error.what}", error.where))
    reporter.progress("Reading headers", 1.0)
    return sizes, problems


def _voxels(case: TrainingCase, recipe: Recipe) -> int:
    needed = {channel.image for channel in network_inputs(recipe.data).channels}
    if "hu" in needed and case.ct is None:
        raise Refusal("ct-needed", "the recipe needs its CT, and there is none", "cases.json")
    headers = {name: _header(path) for name, path in case.files().items()}
    pet = headers["pet"]
    for name in ("mask", "prior"):
        if name in headers and not _same_grid(headers[name], pet):
            raise Refusal("grids-differ", f"the {name} is not on the grid of the PET", case.files()[name])
    size, spacing = pet[0], pet[1]
    wanted_mm = recipe.data.spacing_mm
    if wanted_mm is None:
        return math.prod(size)
    return math.prod(math.ceil(n * mm / to) for n, mm, to in zip(size, spacing, reversed(wanted_mm), strict=True))


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


def _step_memory(recipe: Recipe, network: nn.Module, weights: int, precision: torch.dtype) -> float:
    """What one step takes, GB: weights with gradients and means, and what every layer gives, kept for the way back."""
    given = 0

    def count(module: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal given
        if not any(module.children()) and isinstance(output, torch.Tensor):
            given += output.numel()

    hooks = [module.register_forward_hook(count) for module in network.modules()]
    pieces = math.ceil(recipe.training.batch / recipe.training.accumulate)
    channels = len(network_inputs(recipe.data).channels) + recipe.data.prior
    with torch.no_grad():
        network(torch.empty((pieces, channels, *recipe.data.patch), device="meta"))
    for hook in hooks:
        hook.remove()
    each = 4 if precision == torch.float32 else 2
    mean = 4 if recipe.training.ema else 0
    return (weights * (_BYTES_PER_WEIGHT[recipe.optimizer.name] + mean) + given * each) / _GB


def _time_steps(
    recipe: Recipe, network: nn.Module, device: torch.device, seconds: float
) -> tuple[float | None, Caution | None]:
    """Seconds per step on random images, after a first step that is not counted; or what went wrong."""
    stepper = Stepper(network, recipe, device)
    channels = len(network_inputs(recipe.data).channels) + recipe.data.prior
    count, patch = recipe.training.batch, recipe.data.patch
    random = torch.Generator().manual_seed(0)
    batch = Batch(
        images=torch.rand((count, channels, *patch), generator=random),
        labels=torch.randint(len(network_labels(recipe.data)), (count, 1, *patch), generator=random).to(torch.uint8),
        case_ids=("random images",) * count,
    )
    took: list[float] = []
    began = time.perf_counter()
    try:
        while len(took) < 2 or (time.perf_counter() - began < seconds and len(took) < 20):
            at = time.perf_counter()
            stepper.step(len(took), recipe.optimizer.learning_rate, batch, [1.0] * count)
            took.append(time.perf_counter() - at)
    except ClipsError as error:
        return None, Caution(error.code, f"{error.what}. {error.remedy}", error.where)
    return sorted(took[1:])[len(took[1:]) // 2], None


def _disk(recipe: Recipe, voxels: int, weights: int) -> float:
    """Prepared images (two bytes a voxel and image, one of labels), and checkpoints: two whole ones, two of weights."""
    images = len({channel.image for channel in network_inputs(recipe.data).channels}) + recipe.data.prior
    state = _BYTES_PER_WEIGHT[recipe.optimizer.name] - 4 + (4 if recipe.training.ema else 0)
    keep, steps = recipe.checkpoint.keep_every, recipe.training.steps
    kept = steps // keep if keep and not recipe.unlimited else 0
    return (voxels * (2 * images + 1) + weights * ((2 + kept) * state + 2 * 4)) / _GB


def _too_much(disk: float, free: float, memory: float, available: float | None) -> list[Caution]:
    found = []
    if disk > free:
        found.append(Caution("disk-full", f"The run needs about {disk:.1f} GB on disk, and {free:.1f} GB are free"))
    if available is not None and memory > available:
        what = f"A step needs about {memory:.1f} GB, and the graphics card has {available:.1f} GB"
        found.append(Caution("out-of-memory", f"{what}: raise training.accumulate, or make data.patch smaller"))
    return found


def _without_roles(cases: CaseList) -> list[Caution]:
    if cases.of_role(VALIDATE):
        return []
    return [Caution("no-validation", "There is no case to validate with: nothing will tell how good the model is")]
