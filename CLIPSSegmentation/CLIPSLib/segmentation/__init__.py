"""Masks from studies: threshold methods now, networks later, all behind `Segmenter`."""

from CLIPSLib.segmentation.lesions import describe_source, lesions_from_mask
from CLIPSLib.segmentation.registry import get_segmenter, list_segmenters, segment_study
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
    "describe_source",
    "get_segmenter",
    "lesions_from_mask",
    "list_segmenters",
    "segment_study",
]
