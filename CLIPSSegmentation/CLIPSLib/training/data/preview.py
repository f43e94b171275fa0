"""A picture of what the network will see: PET and CT of patches as they are and augmented, masks outlined on both.

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

GAP, OUTLINE, WORDS = 4, (230, 40, 40), (0, 90, 200)
_NAMES = {"suv": "PET", "hu": "CT"}


def preview_image(
    patches: Patches, ids: Sequence[str], *, seed: int = 0, columns: int = 5, scale: int = 2
) -> Image.Image:
    """A row for each image that the network sees of each case: a patch as it is, then `columns - 1` augmented ones.

    Rows of one case show the same slices, so that PET, CT and mask can be compared. PET is dark on white; masks are
    outlined in red. The slice (axial) with the most lesion is shown, the middle one where there is none. Patches are
    on lesions.
    """
    from PIL import Image, ImageDraw

    tiles, words = [], []
    for case in ids:
        drawn = [
            source.patch(case, generator(seed, step, 0, case), 1.0)
            for step, source in enumerate([patches.plain(), *[patches] * (columns - 1)])
        ]
        for name, channel in _shown(patches).items():
            tiles.append([_tile(images, labels, channel, name, scale) for images, labels in drawn])
            words.append([f"{case}: {name}, as it is", *[f"{name}, changed {n}" for n in range(1, columns)]])
    height, width = tiles[0][0].shape[:2]
    size = ((width + GAP) * columns + GAP, (height + GAP) * len(tiles) + GAP)
    sheet = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for row, (pictures, captions) in enumerate(zip(tiles, words, strict=True)):
        for column, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            left, top = GAP + column * (width + GAP), GAP + row * (height + GAP)
            sheet.paste(Image.fromarray(picture), (left, top))
            draw.text((left + 3, top + 1), caption, fill=WORDS)
    return sheet


def _shown(patches: Patches) -> dict[str, int]:
    """The first channel of each image, by the name of the image; the prior of a refiner comes last."""
    channels = network_inputs(patches.data).channels
    first = {_NAMES[c.image]: n for n, c in reversed(list(enumerate(channels)))}
    shown = {name: first[name] for name in _NAMES.values() if name in first}
    return {**shown, "prior": len(channels)} if patches.data.prior else shown


def _tile(images: np.ndarray, labels: np.ndarray, channel: int, name: str, scale: int) -> np.ndarray:
    """One slice in RGB, uint8 [y, x, 3], enlarged, with the outline of the mask."""
    from scipy import ndimage

    counts = (labels > 0).sum(axis=(1, 2))
    index = int(counts.argmax()) if counts.any() else len(labels) // 2
    values = images[channel, index]
    low, high = float(values.min()), float(np.quantile(values, 0.995))
    shade = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    if name != "CT":
        shade = 255 - shade
    shade, mask = (np.kron(a, np.ones((scale, scale))) for a in (shade, labels[index] > 0))
    tile = np.repeat(shade[..., None], 3, axis=2).astype(np.uint8)
    mask = mask > 0
    tile[mask & ~ndimage.binary_erosion(mask)] = OUTLINE
    return tile
