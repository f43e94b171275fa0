"""A picture of what the network will see: patches as they are and augmented, with the outline of their masks.

Called by `clips train --preview`; a wrong recipe is seen before hours are spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from CLIPSLib.training.data.inputs import network_inputs
from CLIPSLib.training.data.patches import Patches
from CLIPSLib.training.data.randomness import generator

if TYPE_CHECKING:
    from PIL import Image

GAP, OUTLINE = 4, (230, 40, 40)


def preview_image(
    patches: Patches, ids: Sequence[str], *, seed: int = 0, columns: int = 5, scale: int = 2
) -> Image.Image:
    """One row per case: a patch as it is, then `columns - 1` augmented ones. PET dark on white, masks outlined in red.

    The slice (axial) with the most lesion is shown, the middle one where there is none. Patches are on lesions.
    """
    from PIL import Image

    channel = next((i for i, c in enumerate(network_inputs(patches.data).channels) if c.image == "suv"), 0)
    rows = [
        [
            _tile(*source.patch(case, generator(seed, step, 0, case), 1.0), channel, scale)
            for step, source in enumerate([patches.plain(), *[patches] * (columns - 1)])
        ]
        for case in ids
    ]
    height, width = rows[0][0].shape[:2]
    sheet = np.full(((height + GAP) * len(rows) + GAP, (width + GAP) * columns + GAP, 3), 255, np.uint8)
    for row, tiles in enumerate(rows):
        for column, tile in enumerate(tiles):
            top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
            sheet[top : top + height, left : left + width] = tile
    return Image.fromarray(sheet)


def _tile(images: np.ndarray, labels: np.ndarray, channel: int, scale: int) -> np.ndarray:
    """One slice in RGB, uint8 [y, x, 3], enlarged, with the outline of the mask."""
    from scipy import ndimage

    counts = (labels > 0).sum(axis=(1, 2))
    index = int(counts.argmax()) if counts.any() else len(labels) // 2
    values = images[channel, index]
    low, high = float(values.min()), float(np.quantile(values, 0.995))
    shade = 255 - np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    shade, mask = (np.kron(a, np.ones((scale, scale))) for a in (shade, labels[index] > 0))
    tile = np.repeat(shade[..., None], 3, axis=2).astype(np.uint8)
    mask = mask > 0
    tile[mask & ~ndimage.binary_erosion(mask)] = OUTLINE
    return tile
