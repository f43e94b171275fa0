"""Masks from studies: threshold methods now, networks later, all behind `Segmenter`."""

from CLIPSLib.segmentation.lesions import describe_source, lesions_from_mask, split_lesions
from CLIPSLib.segmentation.pointed import lesion_at_point
from CLIPSLib.segmentation.registry import (
    effective_options,
    get_segmenter,
    list_segmenters,
    option_rules,
    segment_study,
)
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
    "effective_options",
    "get_segmenter",
    "lesion_at_point",
    "lesions_from_mask",
    "list_segmenters",
    "option_rules",
    "segment_study",
    "split_lesions",
]
