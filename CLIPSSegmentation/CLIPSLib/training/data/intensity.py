"""Random changes of values: what scanners, doses and reconstructions do (raw SUV and HU), and contrast of channels.

Called by `patches.py`; masks are not touched. All arrays [z, y, x] or [C, z, y, x], float32.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.models import Channel
from CLIPSLib.training.recipe import AugmentationRecipe


def change_images(patches: dict[str, np.ndarray], recipe: AugmentationRecipe, random: np.random.Generator) -> None:
    """Brightness of the PET, blur and lower resolution of PET and CT, each by chance and for itself; in place."""
    from scipy import ndimage

    chance = random.random(5)
    brightness = random.uniform(*recipe.brightness_range)
    widths = random.uniform(*recipe.blur_voxels, 2)
    zooms = random.uniform(*recipe.low_resolution_range, 2)
    if chance[0] < recipe.brightness_p and "suv" in patches:
        patches["suv"] = patches["suv"] * np.float32(brightness)
    for index, name in enumerate(("suv", "hu")):
        if name not in patches:
            continue
        if chance[1 + index] < recipe.blur_p:
            patches[name] = ndimage.gaussian_filter(patches[name], widths[index], mode="nearest", truncate=3.0)
        if chance[3 + index] < recipe.low_resolution_p:
            patches[name] = _coarse(patches[name], zooms[index])


def change_channels(
    images: np.ndarray, channels: tuple[Channel, ...], recipe: AugmentationRecipe, random: np.random.Generator
) -> np.ndarray:
    """Gamma per image (all channels of the PET alike, all of the CT alike), then grain per channel.

    images: [C, z, y, x]. The prior of a refiner, which follows the channels, is left as it is.
    """
    chance = random.random(3)
    exponents = random.uniform(*recipe.gamma_range, 2)
    sd = random.uniform(0, recipe.noise_sd)
    for number, channel in enumerate(channels):
        which = 0 if channel.image == "suv" else 1
        if chance[which] < recipe.gamma_p:
            images[number] = _gamma(images[number], exponents[which])
    if chance[2] < recipe.noise_p:
        count = len(channels)
        images[:count] += random.standard_normal(images[:count].shape, np.float32) * np.float32(sd)
    return images


def _gamma(values: np.ndarray, exponent: float) -> np.ndarray:
    """The values raised to a power between their own minimum and maximum, which stay."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6:
        return values
    return ((values - low) / (high - low)) ** np.float32(exponent) * (high - low) + low


def _coarse(values: np.ndarray, factor: float) -> np.ndarray:
    """Reduced to fewer voxels (nearest) and enlarged again (linear)."""
    from scipy import ndimage

    size = np.maximum(1, np.round(np.array(values.shape) * factor)).astype(int)
    if tuple(size) == values.shape:
        return values
    small = ndimage.zoom(values, size / values.shape, order=0, grid_mode=True, mode="nearest")
    return ndimage.zoom(small, np.array(values.shape) / small.shape, order=1, grid_mode=True, mode="nearest")
