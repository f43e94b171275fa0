"""Runs a described sliding-window model: its channels through its networks (soft voting), classes on the PET grid.

Called by the segmenter of installed models, and by training to validate. Loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from CLIPSLib.imaging import array_view, at_least
from CLIPSLib.models import Inputs, InstalledModel, Label, Network, load_networks
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.installed.channels import ChannelTiles
from CLIPSLib.segmentation.installed.grid import WorkingGrid
from CLIPSLib.segmentation.installed.outcome import NetworkOutcome
from CLIPSLib.segmentation.sliding_window.device import ALL_FLIPS, EngineSettings
from CLIPSLib.segmentation.sliding_window.engine import Job, slide
from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid, covering_grid, gaussian_weight
from CLIPSLib.segmentation.types import TUMOR

if TYPE_CHECKING:
    import SimpleITK as sitk
    from torch import nn

    from CLIPSLib.study import PetCtStudy


def run_sliding_window(
    model: InstalledModel, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter
) -> NetworkOutcome:
    """What the model's networks find in a study. Raises as `load_networks` and `slide`."""
    described = model.description
    return predict(
        load_networks(described, model.folder)["fold"],
        Sliding(inputs=described.inputs, labels=described.labels, network=described.network),
        study,
        settings=engine_settings(options),
        stage=f"Running {described.title}",
        reporter=reporter,
        threshold=options["suv_threshold"],
    )


@dataclass(frozen=True, kw_only=True)
class Sliding:
    """What networks take and give, and how they are slid. more: images of the study beside PET and CT that channels
    name, on the PET grid (the "prior" of a network that refines)."""

    inputs: Inputs
    labels: Sequence[Label]
    network: Network
    more: Mapping[str, sitk.Image] = field(default_factory=dict)


def predict(
    networks: Sequence[nn.Module],
    sliding: Sliding,
    study: PetCtStudy,
    *,
    settings: EngineSettings,
    stage: str,
    reporter: Reporter,
    threshold: float | None = None,
) -> NetworkOutcome:
    """What networks find in a study, as installed models are run; training validates by it. Raises as `slide`."""
    inputs, network = sliding.inputs, sliding.network
    working = WorkingGrid(study, inputs)
    names = {channel.image for channel in inputs.channels}
    volumes = {
        name: working.resample(sliding.more[name]) if name in sliding.more else working.read(name) for name in names
    }
    grid = covering_grid(next(iter(volumes.values())).shape, network.patch, overlap=network.overlap)
    starts = _needed(grid, working, study, threshold)
    job = Job(
        networks=networks,
        source=ChannelTiles(grid, volumes, inputs.channels),
        grid=grid,
        weight=gaussian_weight(grid.tile) if network.blend == "gaussian" else np.ones(grid.tile),
        channels=tuple(range(len(sliding.labels))),
        stage=stage,
        starts=starts,
        activation=network.activation,
    )
    probabilities, run = slide(job, settings, reporter)
    classes, tumor = _classify(probabilities, working, sliding.labels, network.activation)
    facts = {
        "device": str(run.device),
        "folds": len(networks),
        "tiles": {"run": len(starts), "skipped": len(grid.starts) - len(starts)},
    }
    return NetworkOutcome(
        classes=classes, labels=sliding.labels, probability=tumor, facts=facts, cautions=tuple(run.cautions)
    )


def engine_settings(options: Mapping[str, Any]) -> EngineSettings:
    """Device, precision and flips as the options of an installed model say."""
    return EngineSettings(
        device=options["device"],
        precision="mixed" if options["speed"] == "fast" else "float32",
        flips=ALL_FLIPS if options["flips"] else ((),),
    )


def _needed(grid: TileGrid, working: WorkingGrid, study: PetCtStudy, threshold: float | None) -> Sequence[Index]:
    """All tiles; or those that reach a voxel which the SUV threshold will keep (the others change nothing there)."""
    if threshold is None:
        return grid.starts
    read = working.read_by(at_least(array_view(study.pet), threshold))
    return [start for start in grid.starts if read[grid.image_box(start)].any()]


def _classify(
    probabilities: np.ndarray, working: WorkingGrid, labels: Sequence[Label], activation: str
) -> tuple[np.ndarray, np.ndarray]:
    """The class of each PET voxel (0, or 1 + index of the label) and its probability of tumor, label by label.

    softmax: the most probable class; sigmoid: the most probable of those above 0.5. Ties go to the background.
    """
    exclusive = activation == "softmax"
    shape = working.pet_shape
    classes, tumor = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.float32)
    best = working.to_pet(probabilities[0], outside=1.0) if exclusive else np.full(shape, 0.5, dtype=np.float32)
    for value, label in enumerate(labels, start=1):
        if label.kind == "background":
            continue
        probability = working.to_pet(probabilities[label.channel], outside=0.0)
        if label.kind == TUMOR:
            tumor = tumor + probability if exclusive else np.maximum(tumor, probability)
        better = probability > best
        classes[better] = value
        best = np.maximum(best, probability)
    return classes, np.minimum(tumor, 1.0)
