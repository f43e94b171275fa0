"""Any network over any volume, tile by tile: device, batches, flips, ensembles, memory, progress, cancellation.

Called by the TMTV-Net cascade and by other network segmenters.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

from CLIPSLib.errors import Caution, Failure
from CLIPSLib.models.networks.inference import for_inference
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.sliding_window.accumulate import SlabAccumulator
from CLIPSLib.segmentation.sliding_window.device import (
    EngineSettings,
    arithmetic,
    choose_device,
    first_batch_size,
    free_cached_memory,
    is_out_of_memory,
)
from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid


class TileSource(Protocol):
    """The input of a network, cut into tiles when they are needed."""

    def to(self, device: torch.device) -> TileSource:
        """The same source with its volumes on `device`."""
        ...

    def read(self, start: Index) -> torch.Tensor:
        """The tile that begins at `start` of the padded volume: `(channels, *tile)` float32 on the device."""
        ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to compute: the networks (soft voting where there are several), their input, where, and what to keep.

    starts: the tiles to run, in the grid's order; None: all. channels: those of the output whose mean is kept.
    activation: "softmax" (classes exclude each other) or "sigmoid".
    """

    networks: Sequence[nn.Module]
    source: TileSource
    grid: TileGrid
    weight: np.ndarray
    channels: tuple[int, ...]
    stage: str
    starts: Sequence[Index] | None = None
    activation: str = "softmax"
    accumulator: Callable[..., SlabAccumulator] = SlabAccumulator


def slide(job: Job, settings: EngineSettings, reporter: Reporter) -> tuple[np.ndarray, Run]:
    """Run the tiles of a job: mean probabilities `(channels, z, y, x)` on the grid's volume, and how it went.

    Deterministic: the same input, device and settings give the same bits. Where memory runs out, batches become
    smaller, then the CPU takes over; each step is a caution.

    Raises:
        UsageError: the device is not there. Failure: out of memory on the CPU too, or in the sums. Cancelled: the
            reporter said so.
    """
    run = Run(job, settings, reporter)
    starts = list(job.grid.starts if job.starts is None else job.starts)
    done = 0
    reporter.progress(job.stage, 0.0)
    with torch.inference_mode():
        while done < len(starts):
            reporter.check()
            done += run.advance(starts[done:])
            reporter.progress(job.stage, min(done / len(starts), 0.999))
        result = run.finish()
    reporter.progress(job.stage, 1.0)
    return result, run


class Run:
    """A job under way on some device; steps down when memory runs out."""

    def __init__(self, job: Job, settings: EngineSettings, reporter: Reporter) -> None:
        self.job = job
        self.settings = settings
        self.cautions: list[Caution] = []
        self._reporter = reporter
        self._accumulator: SlabAccumulator | None = None
        self._enter(choose_device(settings.device))

    def advance(self, starts: Sequence[Index]) -> int:
        """Run the next batch of tiles; how many were done (0 when memory ran out and the next attempt is smaller)."""
        batch = list(starts[: self.batch_size])
        try:
            self._prepare()
            probabilities = self._predict(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._step_down(error)
            return 0
        with self._adding_up():
            for start, tile in zip(batch, probabilities, strict=True):
                self._accumulator.add(start, tile)
        return len(batch)

    def finish(self) -> np.ndarray:
        """The means, after the last tile. Raises `Failure` when memory runs out."""
        with self._adding_up():
            self._prepare()
            return self._accumulator.finish()

    def _enter(self, device: torch.device) -> None:
        self.device = device
        self.batch_size = first_batch_size(self.settings, device)
        self._networks: list[nn.Module] | None = None
        self._source: TileSource | None = None

    def _prepare(self) -> None:
        """Put networks, input and accumulator on the device, once; may run out of memory like a tile."""
        if self._networks is not None:
            return
        job, half = self.job, self.settings.precision == "mixed"
        self._source = job.source.to(self.device)
        if self._accumulator is None:
            self._accumulator = job.accumulator(job.grid, job.weight, len(job.channels), self.device)
        else:
            self._accumulator.to(self.device)
        self._networks = [
            for_inference(network, self.device, half=half, optimized=self.settings.optimized)
            for network in job.networks
        ]

    def _predict(self, starts: Sequence[Index]) -> torch.Tensor:
        with arithmetic(self.device, self.settings.precision):
            tiles = torch.stack([self._source.read(start) for start in starts])
            total = None
            for network in self._networks:
                for flip in self.settings.flips:
                    axes = [axis + 2 for axis in flip]
                    scores = network(tiles.flip(axes) if axes else tiles)
                    kept = self._activate(scores)[:, list(self.job.channels)]
                    kept = kept.flip(axes) if axes else kept
                    total = kept if total is None else total.add_(kept)
            votes = len(self._networks) * len(self.settings.flips)
            return total.div_(votes) if votes > 1 else total

    def _activate(self, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float()
        return torch.softmax(scores, dim=1) if self.job.activation == "softmax" else torch.sigmoid(scores)

    @contextlib.contextmanager
    def _adding_up(self) -> Iterator[None]:
        """No second attempt where memory runs out: some of a batch may be in the sums already."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise Failure(
                "out-of-memory",
                f"There is not enough memory on the device '{self.device}' to add up the tiles of a volume of "
                f"{self.job.grid.shape} voxels",
                self.job.stage,
                "Close other programs, run on the CPU if this is a graphics card, or use a machine with more memory.",
            ) from error

    def _step_down(self, error: BaseException) -> None:
        used = self.device
        if self.batch_size > 1:
            self.batch_size //= 2
            action = f"tiles are now run {self.batch_size} at a time"
        elif used.type != "cpu":
            self._enter(torch.device("cpu"))
            action = "the CPU continues, which takes longer"
        else:
            raise Failure(
                "out-of-memory",
                f"There is not enough memory for one tile of {self.job.grid.tile} voxels on the CPU",
                self.job.stage,
                "Close other programs, or use a machine with more memory.",
            ) from error
        free_cached_memory(used)
        caution = Caution("out-of-memory", f"Memory of the device '{used}' ran out; {action}", self.job.stage)
        self.cautions.append(caution)
        self._reporter.caution(caution)
