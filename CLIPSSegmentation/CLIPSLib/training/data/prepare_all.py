"""The cases of a run prepared, several at a time where the cache lacks several. Called by `patches.py`.

A whole body takes seconds of one core: the first start with hundreds of them is shorter by the number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from CLIPSLib.errors import Caution, ClipsError
from CLIPSLib.models import Inputs
from CLIPSLib.progress import RecordingReporter, Reporter
from CLIPSLib.training.case_list import hash_files
from CLIPSLib.training.data.prepare import entry_key, prepare_case
from CLIPSLib.training.data.prepared import CASE_FILE, PreparedCase
from CLIPSLib.training.data.workers import begin_worker, next_of
from CLIPSLib.training.recipe import ClassRecipe
from CLIPSLib.training.types import TrainingCase


def prepare_all(
    cases: Sequence[TrainingCase],
    inputs: Inputs,
    classes: tuple[ClassRecipe, ...],
    cache: Path,
    *,
    workers: int,
    reporter: Reporter,
) -> Iterator[PreparedCase]:
    """The cases in their order, from the cache or prepared and put there, by up to `workers` processes.

    Raises:
        As `prepare_case`, by the first case in order that fails; what others prepared meanwhile stays. Failure: a
            worker died.
    """
    cases = [case if case.sha256 else hash_files(case) for case in cases]
    missing = sum(not (cache / entry_key(case, inputs, classes) / CASE_FILE).exists() for case in cases)
    workers = min(workers, missing, os.cpu_count() or 1)
    if workers < 2:  # nothing to do side by side
        yield from (prepare_case(case, inputs, classes, cache, reporter=reporter) for case in cases)
        return
    import torch
    from torch.utils import data

    loader = data.DataLoader(
        _Preparation(cases, inputs, classes, cache),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=1,
        worker_init_fn=begin_worker,
        generator=torch.Generator(),  # its own: the run's random numbers stay untouched
    )
    results = iter(loader)
    for _ in cases:
        prepared, cautions = next_of(results)
        for caution in cautions:
            reporter.caution(caution)
        yield prepared


@dataclass(frozen=True)
class _Preparation:
    """The cases by number, as a loader asks for them; this is what workers get a copy of."""

    cases: Sequence[TrainingCase]
    inputs: Inputs
    classes: tuple[ClassRecipe, ...]
    cache: Path

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, number: int) -> tuple[PreparedCase, list[Caution]] | ClipsError:
        reporter = RecordingReporter()
        try:
            made = prepare_case(self.cases[number], self.inputs, self.classes, self.cache, reporter=reporter)
        except ClipsError as error:
            return error
        return made, reporter.cautions
