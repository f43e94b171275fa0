"""Ready-made recipes: quick, standard, complete, and TMTV-Net's two parts to be trained further.

Called by the command, panels and experiments.
"""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.errors import UsageError
from CLIPSLib.training.recipe import (
    AugmentationRecipe,
    DataRecipe,
    LossRecipe,
    NetworkRecipe,
    OptimizerRecipe,
    Recipe,
    TrainingRecipe,
    ValidationRecipe,
)

PRESETS = {
    "quick": "Minutes: small pieces, a narrow network, 1 000 steps. To see that everything works.",
    "standard": "A day or less on one graphics card of 12 GB: a good first model.",
    "complete": "Several days on a card of 24 GB or more: finer voxels, wider network, all augmentation.",
    "tmtvnet-unet": "Hours on a graphics card: one of TMTV-Net's four U-Nets learns from your cases; the rest stays.",
    "tmtvnet-refiner": "Hours on a graphics card: TMTV-Net's refiner learns from your cases, after the first stage.",
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
    if name == "tmtvnet-unet":
        return _tmtvnet_unet()
    if name == "tmtvnet-refiner":
        return _tmtvnet_refiner()
    raise UsageError("unknown-preset", f"There is no recipe '{name}'", "", f"Choose one of: {', '.join(PRESETS)}.")


def _tmtvnet_unet() -> Recipe:
    """As its authors trained it (patch, loss, augmentation, clipping), at a tenth of their rate for fewer steps."""
    return Recipe(
        name="tmtvnet-ours",
        data=DataRecipe(spacing_mm=(6.0, 6.0, 6.0), patch=(128, 96, 96)),
        augmentation=AugmentationRecipe(rotate_p=0.5, rotate_degrees=17.0, scale_p=0.5, gamma_p=0.2),
        network=NetworkRecipe(name="tmtvnet-unet", start="tmtvnet"),
        loss=LossRecipe(name="tmtvnet", sensitivity=2.0),
        optimizer=OptimizerRecipe(learning_rate=1e-4, weight_decay=1e-6, clip_norm=1.0),
        training=TrainingRecipe(steps=5000, batch=8, accumulate=4),
        validation=ValidationRecipe(every=500),
    )


def _tmtvnet_refiner() -> Recipe:
    """The same for the refiner, at the voxels of each PET, where the cascade runs it."""
    return Recipe(
        name="tmtvnet-ours",
        data=DataRecipe(prior=True, patch=(96, 96, 96)),
        augmentation=AugmentationRecipe(rotate_p=0.0, scale_p=0.0, gamma_p=0.2),
        network=NetworkRecipe(name="tmtvnet-refiner", start="tmtvnet"),
        loss=LossRecipe(name="tmtvnet", sensitivity=0.5),
        optimizer=OptimizerRecipe(learning_rate=5e-5, weight_decay=1e-4, clip_norm=1.0),
        training=TrainingRecipe(steps=5000, batch=8, accumulate=4),
        validation=ValidationRecipe(every=500),
    )
