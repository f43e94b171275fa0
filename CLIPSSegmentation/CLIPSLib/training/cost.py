"""What training costs on this machine: memory and time of a step, time of a validation, space on the disk.

Steps and tiles are really computed, with random images; what cannot be measured is counted from shapes. Called by
`check`.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from CLIPSLib.errors import Caution, ClipsError
from CLIPSLib.segmentation.sliding_window.device import EngineSettings, first_batch_size
from CLIPSLib.segmentation.sliding_window.device import arithmetic as inference_arithmetic
from CLIPSLib.segmentation.sliding_window.tiles import Index, covering_grid
from CLIPSLib.training.computing import arithmetic
from CLIPSLib.training.data.inputs import network_inputs, network_labels
from CLIPSLib.training.recipe import Recipe
from CLIPSLib.training.stepper import Stepper
from CLIPSLib.training.types import Batch

GB = 1e9
_BYTES_PER_WEIGHT = {"adamw": 16, "sgd": 12}  # float32: weight, gradient, and one or two means
_LIBRARIES_GB = 0.15  # what PyTorch takes for itself on a CPU once it computes (measured)
_CUDA_GB = 0.5  # and beside what it counts on a graphics card
_STEPS = 20


@dataclass(frozen=True)
class Timed:
    """step_s: of one step; tile_s: of one tile of a validation; memory_gb: of the graphics card, None on a CPU."""

    step_s: float
    tile_s: float
    memory_gb: float | None


def time_steps(
    recipe: Recipe, network: nn.Module, device: torch.device, seconds: float
) -> tuple[Timed | None, Caution | None]:
    """Some steps after a first one that is not counted, and a tile; or what went wrong. seconds: to spend at most."""
    stepper, batch = Stepper(network, recipe, device), _random_batch(recipe)
    took: list[float] = []
    began = time.perf_counter()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        with arithmetic(recipe.training, device):
            while len(took) < 2 or (time.perf_counter() - began < seconds and len(took) < _STEPS):
                at = time.perf_counter()
                stepper.step(len(took), recipe.optimizer.learning_rate, batch, [1.0] * len(batch.case_ids))
                took.append(time.perf_counter() - at)
        memory = torch.cuda.max_memory_reserved(device) / GB + _CUDA_GB if device.type == "cuda" else None
        return Timed(sorted(took[1:])[len(took[1:]) // 2], _time_tile(stepper, batch), memory), None
    except ClipsError as error:
        return None, Caution(error.code, f"{error.what}. {error.remedy}", error.where)


def step_memory_gb(recipe: Recipe, network: nn.Module, precision: torch.dtype) -> float:
    """What a step takes by the shapes of the network: weights with gradients and means, all that layers keep for the
    way back, and there the gradients of the largest layer.
    """
    network = copy.deepcopy(network).to("meta").train()
    weights = sum(weight.numel() for weight in network.parameters())
    own = {tensor.untyped_storage()._cdata for tensor in network.state_dict().values()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return tensor

    pieces = math.ceil(recipe.training.batch / recipe.training.accumulate)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.empty((pieces, _channels(recipe), *recipe.data.patch), device="meta"))
    sizes = [storage.nbytes() for storage in kept.values()]
    layers = (sum(sizes) + 2 * max(sizes)) * (1.0 if precision == torch.float32 else 0.5)
    each = _BYTES_PER_WEIGHT[recipe.optimizer.name] + (4 if recipe.training.ema else 0)
    return (weights * each + layers) / GB + _LIBRARIES_GB


def tiles_of(shape: Index, recipe: Recipe) -> int:
    """How many tiles an image of that many voxels (z, y, x) takes in a validation."""
    return len(covering_grid(shape, recipe.data.patch, overlap=recipe.validation.overlap).starts)


def disk_gb(recipe: Recipe, shapes: Sequence[Index], weights: int) -> float:
    """Prepared images (two bytes a voxel and image, one of labels), checkpoints, the model.

    Of the whole checkpoints and of the best weights two stay, and one more is there while it is written.
    """
    images = len({channel.image for channel in network_inputs(recipe.data).channels}) + recipe.data.prior
    state = _BYTES_PER_WEIGHT[recipe.optimizer.name] - 4 + (4 if recipe.training.ema else 0)
    keep = recipe.checkpoint.keep_every
    for_good = recipe.training.steps // keep if keep and not recipe.unlimited else 0
    voxels = sum(math.prod(shape) for shape in shapes)
    return (voxels * (2 * images + 1) + weights * ((3 + for_good) * state + 4 * 4)) / GB


def _time_tile(stepper: Stepper, batch: Batch) -> float:
    """Seconds of one tile, computed as the inference engine does."""
    device, network = stepper.device, stepper.network.eval()
    count = first_batch_size(EngineSettings(), device)
    tiles = batch.images[:1].expand(count, *batch.images.shape[1:]).to(device)
    took = []
    half = stepper.precision != torch.float32
    with torch.inference_mode(), inference_arithmetic(device, "mixed" if half else "float32"):
        for _ in range(3):
            at = time.perf_counter()
            network(tiles)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            took.append(time.perf_counter() - at)
    return min(took) / count


def _random_batch(recipe: Recipe) -> Batch:
    random, count = torch.Generator().manual_seed(0), recipe.training.batch
    classes = len(network_labels(recipe.data))
    return Batch(
        images=torch.rand((count, _channels(recipe), *recipe.data.patch), generator=random),
        labels=torch.randint(classes, (count, 1, *recipe.data.patch), generator=random).to(torch.uint8),
        case_ids=("random images",) * count,
    )


def _channels(recipe: Recipe) -> int:
    return len(network_inputs(recipe.data).channels) + recipe.data.prior
