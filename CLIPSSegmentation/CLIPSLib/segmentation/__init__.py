"""Masks from studies: threshold methods now, networks later, all behind `Segmenter`."""

from CLIPSLib.segmentation.types import (
    PHYSIOLOGICAL,
    TUMOR,
    Lesion,
    Segmentation,
    Segmenter,
    SegmenterDescription,
)

__all__ = [
    "PHYSIOLOGICAL",
    "TUMOR",
    "Lesion",
    "Segmentation",
    "Segmenter",
    "SegmenterDescription",
]
