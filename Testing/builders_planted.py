"""Cases whose difficulty is planted: one lesion each, from large, hot and well drawn to small, faint and badly drawn.

The number of a case is its place in the true order: the last one is the hardest. Cases lie in a registry, as a
department's would, and are frozen for training from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from builders_volume import segmentation_of, study_of
from CLIPSLib.cases import Registry
from CLIPSLib.training import Recipe
from CLIPSLib.training.recipe import (
    AugmentationRecipe,
    CheckpointRecipe,
    DataRecipe,
    NetworkRecipe,
    OptimizerRecipe,
    TrainingRecipe,
    ValidationRecipe,
)

SHAPE, SPACING_MM = (28, 28, 28), 4.0
QUICK = Recipe(
    name="planted",
    data=DataRecipe(use="pet", spacing_mm=None, patch=(16, 16, 16), lesion_share=0.7, workers=0),
    augmentation=AugmentationRecipe(rotate_p=0.0, scale_p=0.0, blur_p=0.0, low_resolution_p=0.0, gamma_p=0.0),
    network=NetworkRecipe(options={"filters": 8}),
    optimizer=OptimizerRecipe(learning_rate=3e-3),
    training=TrainingRecipe(steps=100, batch=2, device="cpu"),
    validation=ValidationRecipe(every=0, overlap=0.25),
    checkpoint=CheckpointRecipe(minutes=0),
)


@dataclass(frozen=True)
class Planted:
    """How far each kind of difficulty goes, from the easiest to the hardest case.

    suv: of the lesion, over a background of 1 with a standard deviation of `noise`. radius: in voxels. shift: of the
    reference mask against the lesion, in voxels along every axis: label noise. wander: how far lesions lie from the
    middle of the image, in voxels along every axis at most; None: anywhere. A young network knows the place in a patch
    before it knows the lesion (most patches are centered on one), so that the place is a difficulty of its own.
    """

    suv: tuple[float, float] = (9.0, 1.8)
    radius: tuple[float, float] = (5.0, 2.0)
    shift: tuple[float, float] = (0.0, 1.6)
    noise: float = 0.25
    wander: float | None = None


ALL = Planted()
CONTRAST = Planted(suv=(9.0, 1.5), radius=(4.0, 4.0), shift=(0.0, 0.0), noise=2.0, wander=1.5)
SIZE = Planted(suv=(6.0, 6.0), shift=(0.0, 0.0))
LABEL_NOISE = Planted(suv=(8.0, 8.0), radius=(4.0, 4.0), shift=(0.0, 4.0))


def plant(registry: Registry, count: int, planted: Planted = ALL, *, seed: int = 0) -> dict[str, float]:
    """Add cases with references to a registry; gives case id -> true difficulty, 0 the easiest, 1 the hardest."""
    difficulty = {}
    for number in range(count):
        level = number / max(1, count - 1)
        rng = np.random.default_rng((seed, number))
        suv, mask = _draw(rng, level, planted)
        identity = {"pet_series_uid": f"1.2.{seed}.{number}", "patient_id": f"P{seed}-{number:03}"}
        study = study_of(suv, spacing_xyz=(SPACING_MM,) * 3, identity=identity)
        case = registry.add_case(study, source="phantom", stratum="AB"[number % 2]).case_id
        version = registry.add_mask(case, segmentation_of(mask, study), origin="imported", author="phantom")
        registry.set_reference(case, version.id, author="phantom")
        difficulty[case] = level
    return difficulty


def planted_registry(folder: Path, count: int, planted: Planted = ALL, *, seed: int = 0) -> tuple[Registry, dict]:
    """A new registry with planted cases, and their true difficulty."""
    registry = Registry.create(folder)
    return registry, plant(registry, count, planted, seed=seed)


def _draw(rng: np.random.Generator, level: float, planted: Planted) -> tuple[np.ndarray, np.ndarray]:
    """SUV and reference mask of one case."""

    def at(ends: tuple[float, float]) -> float:
        return ends[0] + level * (ends[1] - ends[0])

    radius = at(planted.radius)
    margin = planted.radius[0] + planted.shift[1] + 1
    middle = (np.array(SHAPE) - 1) / 2
    wander = middle - margin if planted.wander is None else planted.wander
    center = rng.uniform(middle - wander, middle + wander)
    lesion = _distance(center) <= radius
    suv = rng.normal(1.0, planted.noise, SHAPE)
    suv[lesion] += at(planted.suv) - 1.0
    toward = rng.choice([-1.0, 1.0], 3)
    mask = _distance(center + at(planted.shift) * toward) <= radius
    return suv.astype(np.float32), mask.astype(np.uint16)


def _distance(center: np.ndarray) -> np.ndarray:
    """Distance of each voxel from a point, in voxels, `[z, y, x]`."""
    grid = np.indices(SHAPE, dtype=float)
    return np.sqrt(((grid - center[:, None, None, None]) ** 2).sum(0))
