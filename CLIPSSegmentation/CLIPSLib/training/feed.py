"""The batches of a run in the order of its steps, prepared ahead by worker processes where asked for.

Called by the engine. What is drawn is planned in this process, step by step; workers only compute the pure function
`PatchSource.batch`. So their number changes the speed and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils import data

from CLIPSLib.curriculum import Curriculum, draw_ids
from CLIPSLib.errors import ClipsError
from CLIPSLib.training.data.workers import HUNG_S, begin_worker, next_of
from CLIPSLib.training.types import Batch, PatchSource

_AHEAD = 4  # batches that each worker prepares ahead, at most


@dataclass(frozen=True)
class Drawn:
    """What is drawn for a step. loss_weights: float64 `(N,)`."""

    step: int
    ids: tuple[str, ...]
    loss_weights: np.ndarray
    lesion_share: float | None


@dataclass(frozen=True)
class Feed:
    """How batches are made. seed: of the draws and of the patches; end: the step after the last, None: no end."""

    source: PatchSource
    curriculum: Curriculum
    seed: int
    batch: int
    workers: int
    end: int | None

    def draw(self, step: int) -> Drawn:
        """The cases of a step: a pure function of the curriculum's state, the step and the seed."""
        plan = self.curriculum.plan(step)
        ids = draw_ids(plan, step, self.seed, self.batch)
        return Drawn(step, ids, plan.loss_weights_of(ids), plan.foreground_ratio)

    def batches(self, first: int, *, pin: bool) -> Iterator[tuple[Drawn, Batch, float]]:
        """The batches from step `first` on, each with the seconds that were spent waiting for it.

        A batch must have been trained with, and its losses observed, before the next one is asked for.

        Raises:
            Failure: a worker process died. What `PatchSource.batch` raises.
        """
        workers, ahead = self._reach()
        drawn: dict[int, Drawn] = {}
        loader = data.DataLoader(
            _Steps(self.source, self.seed),
            sampler=_Sampler(self, first, drawn),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=ahead if workers else None,
            worker_init_fn=begin_worker,
            timeout=HUNG_S if workers else 0,
            pin_memory=pin,
            generator=torch.Generator(),  # its own: the run's random numbers stay untouched
        )
        batches = iter(loader)
        for step in self._steps(first):
            began = time.perf_counter()
            batch = next_of(batches)
            yield drawn.pop(step), batch, time.perf_counter() - began

    def _reach(self) -> tuple[int, int]:
        """Workers, and batches that each prepares ahead: no plan may be asked for whose losses are not observed yet."""
        most = self.curriculum.lag - 1
        workers = min(self.workers, most)
        return workers, min(_AHEAD, most // workers) if workers else 0

    def _steps(self, first: int) -> Iterator[int]:
        step = first
        while self.end is None or step < self.end:
            yield step
            step += 1


class _Sampler(data.Sampler):
    """Draws the cases of each step when the loader asks for it, ahead of the training."""

    def __init__(self, feed: Feed, first: int, drawn: dict[int, Drawn]) -> None:
        self._feed, self._first, self._drawn = feed, first, drawn

    def __iter__(self) -> Iterator[Drawn]:
        for step in self._feed._steps(self._first):
            self._drawn[step] = self._feed.draw(step)
            yield self._drawn[step]


class _Steps(data.Dataset):
    """Batches by what was drawn; this is what workers get a copy of."""

    def __init__(self, source: PatchSource, seed: int) -> None:
        self._source, self._seed = source, seed

    def __getitem__(self, drawn: Drawn) -> Batch | ClipsError:
        try:
            return self._source.batch(drawn.ids, drawn.step, self._seed, lesion_share=drawn.lesion_share)
        except ClipsError as error:
            return error  # raised by `next_of`
