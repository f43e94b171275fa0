"""Runs that train a tiny network on a few small cases in seconds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from builders_training import write_case
from CLIPSLib.progress import RecordingReporter
from CLIPSLib.training import CaseList, Recipe
from CLIPSLib.training.overrides import with_values
from CLIPSLib.training.recipe import (
    CheckpointRecipe,
    DataRecipe,
    NetworkRecipe,
    TrainingRecipe,
    ValidationRecipe,
)
from CLIPSLib.training.run_folder import RunFolder

TINY = Recipe(
    name="tiny",
    data=DataRecipe(use="pet", spacing_mm=None, patch=(16, 16, 16), workers=0),
    network=NetworkRecipe(options={"filters": 8}),
    training=TrainingRecipe(steps=6, device="cpu"),
    validation=ValidationRecipe(every=0),
    checkpoint=CheckpointRecipe(minutes=0, steps=2),
)
LESION = (slice(8, 13), slice(10, 15), slice(12, 17))


class Follower(RecordingReporter):
    """A reporter of runs that asks for a checkpoint or a stop once a step is done."""

    def __init__(self, *, checkpoint_at: int = -1, stop_at: int = -1) -> None:
        super().__init__()
        self.facts, self.events = [], []
        self._asks = {"checkpoint": checkpoint_at, "stop": stop_at}

    def tell(self, facts) -> None:
        self.facts.append(dict(facts))

    def event(self, name, **fields) -> None:
        self.events.append((name, fields))

    def take_checkpoint_request(self) -> bool:
        return self._take("checkpoint")

    def take_stop_request(self) -> bool:
        return self._take("stop")

    def _take(self, what: str) -> bool:
        due = bool(self.facts) and self.facts[-1]["step"] == self._asks[what]
        if due:
            self._asks[what] = -1
        return due


def cases(folder: Path, *, train: int = 3, validate: int = 1, **fields: Any) -> CaseList:
    """Written cases, the later ones to validate with; every third has no lesion."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        write_case(folder, f"case-{n}", seed=n, **{"ct": False, "lesions": () if n % 3 == 2 else (LESION,), **fields})
        for n in range(train + validate)
    ]
    roles = ["train"] * train + ["validate"] * validate
    return CaseList(cases=tuple(replace(case, role=role) for case, role in zip(made, roles, strict=True)))


def run(folder: Path, *, case_list: CaseList | None = None, recipe: Recipe = TINY, **values: Any) -> RunFolder:
    """A new run. values: fields of the recipe by name, with '__' for the dot."""
    made = RunFolder(folder)
    changed = {name.replace("__", "."): value for name, value in values.items()}
    made.create(with_values(recipe, changed), case_list or cases(folder.parent / "images"))
    return made


def weights(made: RunFolder, step: int):
    """The network's weights in the checkpoint after `step` steps, by name."""
    import torch

    return torch.load(made.checkpoints / f"step-{step:08d}.pt", weights_only=True)["tensors"]["network"]


def one_thread() -> dict[str, str]:
    """The environment of a process that computes with one thread, so that its results repeat bit by bit."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
