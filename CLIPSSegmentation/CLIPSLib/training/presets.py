"""Ready-made recipes: quick, standard, complete. Called by the command, panels and experiments."""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.errors import UsageError
from CLIPSLib.training.recipe import (
    AugmentationRecipe,
    DataRecipe,
    NetworkRecipe,
    Recipe,
    TrainingRecipe,
    ValidationRecipe,
)

PRESETS = {
    "quick": "Minutes: small pieces, a narrow network, 1 000 steps. To see that everything works.",
    "standard": "A day or less on one graphics card of 12 GB: a good first model.",
    "complete": "Several days on a card of 24 GB or more: finer voxels, wider network, all augmentation.",
}


def preset(name: str) -> Recipe:
    """The recipe of that name; its cases are those of `cases.json` beside it.

    Raises:
        UsageError: no such preset.
    """
    standard = Recipe(data=DataRecipe(spacing_mm=(4.0, 4.0, 4.0)))
    if name == "standard":
        return standard
    if name == "quick":
        return replace(
            standard,
            data=DataRecipe(spacing_mm=(6.0, 6.0, 6.0), patch=(64, 64, 64)),
            network=NetworkRecipe(options={"filters": 8}),
            training=TrainingRecipe(steps=1000),
            validation=ValidationRecipe(every=250, cases=5),
        )
    if name == "complete":
        return replace(
            standard,
            data=DataRecipe(spacing_mm=(3.0, 3.0, 3.0), patch=(128, 128, 128), workers=6),
            augmentation=AugmentationRecipe(elastic_p=0.1, misalign_p=0.1),
            network=NetworkRecipe(options={"filters": 32}),
            training=TrainingRecipe(steps=100_000, ema=0.999),
            validation=ValidationRecipe(every=2500),
        )
    raise UsageError("unknown-preset", f"There is no recipe '{name}'", "", f"Choose one of: {', '.join(PRESETS)}.")
